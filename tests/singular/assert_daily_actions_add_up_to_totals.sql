-- The days of actions_by_location_daily add up to actions_by_location.
with

days as (

    select
        location,
        action,
        sum(event_count) as event_count
    from {{ ref('actions_by_location_daily') }}
    group by location, action

),

totals as (

    select
        location,
        action,
        event_count
    from {{ ref('actions_by_location') }}

)

select
    coalesce(days.location, totals.location) as location,
    coalesce(days.action, totals.action) as action,
    days.event_count as sum_of_days,
    totals.event_count as total
from days
full outer join totals
    on days.location = totals.location
    and days.action = totals.action
where coalesce(days.event_count, 0) <> coalesce(totals.event_count, 0)
