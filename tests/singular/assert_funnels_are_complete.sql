-- The steps of a funnel are numbered 1, 2, 3, ... and it has one window, of a day at most:
-- funnel_attempts looks no further than the day after the entry.
with

funnels as (

    select
        funnel,
        step_number,
        window_minutes
    from {{ ref('funnels') }}

)

select
    funnel,
    count(*) as step_count,
    min(step_number) as first_step,
    max(step_number) as last_step,
    min(window_minutes) as shortest_window,
    max(window_minutes) as longest_window
from funnels
group by funnel
having
    min(step_number) <> 1
    or max(step_number) <> count(*)
    or count(window_minutes) <> count(*)
    or min(window_minutes) <> max(window_minutes)
    or min(window_minutes) < 1
    or max(window_minutes) > 1440
