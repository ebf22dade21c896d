-- Warns of fields that senders have ceased to send in the seven days up to the newest ingest date:
-- a column goes empty, and no other test sees it. New fields do no harm; schema_drift has both.
{{ config(severity='warn') }}

with

drift as (

    select
        field,
        drift,
        event_count,
        previous_share,
        event_date
    from {{ ref('schema_drift') }}

),

newest as (

    select max(ingest_date) as ingest_date
    from {{ ref('int_events__daily') }}

)

select
    drift.field,
    drift.event_count,
    drift.previous_share,
    drift.event_date
from drift
inner join newest
    on drift.event_date
    between date_add('day', -6, newest.ingest_date) and newest.ingest_date
where drift.drift = 'disappeared'
