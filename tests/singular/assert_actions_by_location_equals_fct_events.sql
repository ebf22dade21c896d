-- Every event is counted in the mart, once, where it belongs.
{{ config(tags=['whole_history']) }}

with

events as (

    select
        location,
        action,
        count(*) as event_count
    from {{ ref('fct_events') }}
    group by location, action

),

mart as (

    select
        location,
        action,
        event_count
    from {{ ref('actions_by_location') }}

)

select
    coalesce(events.location, mart.location) as location,
    coalesce(events.action, mart.action) as action,
    events.event_count as expected_count,
    mart.event_count as mart_count
from events
full outer join mart
    on events.location = mart.location
    and events.action = mart.action
where coalesce(events.event_count, 0) <> coalesce(mart.event_count, 0)
