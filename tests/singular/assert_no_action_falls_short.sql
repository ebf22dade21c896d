-- Warns of actions with far fewer events than expected in the seven days up to the newest ingest
-- date: a sender may have broken. More than expected does no harm; volume_anomalies has both.
{{ config(severity='warn') }}

with

anomalies as (

    select
        action,
        event_count,
        expected_count,
        deviation,
        is_anomaly,
        event_date
    from {{ ref('volume_anomalies') }}

),

newest as (

    select max(ingest_date) as ingest_date
    from {{ ref('int_events__daily') }}

)

select
    anomalies.action,
    anomalies.event_count,
    anomalies.expected_count,
    anomalies.event_date
from anomalies
inner join newest
    on anomalies.event_date
    between date_add('day', -6, newest.ingest_date) and newest.ingest_date
where anomalies.is_anomaly
    and anomalies.deviation < 0
