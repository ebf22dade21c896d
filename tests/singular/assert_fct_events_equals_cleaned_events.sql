-- The incremental load keeps step with the cleaned zone: as many events for every day and ingest
-- date. Reads two narrow columns of each.
{{ config(tags=['whole_history']) }}

with

events as (

    select
        event_date,
        ingest_date,
        1 as in_cleaned,
        0 as in_fct_events
    from {{ ref('stg_cleaned__events') }}

    union all

    select
        event_date,
        ingest_date,
        0 as in_cleaned,
        1 as in_fct_events
    from {{ ref('fct_events') }}

)

select
    event_date,
    ingest_date,
    sum(in_cleaned) as cleaned_count,
    sum(in_fct_events) as fct_events_count
from events
group by event_date, ingest_date
having sum(in_cleaned) <> sum(in_fct_events)
