{{
    config(
        materialized='incremental',
        table_type='iceberg',
        unique_key=['funnel', 'attempt_id', 'entry_date'],
        partitioned_by=['entry_date'],
        incremental_predicates=[],
        delete_condition='src.entered_at is null',
        insert_condition='src.entered_at is not null'
    )
}}
{%- set days = touched_days() %}

with

steps as (

    select
        funnel,
        action,
        page,
        step_number,
        max(step_number) over (partition by funnel) as step_count,
        window_minutes
    from {{ ref('funnels') }}

),

-- No window is longer than a day: an attempt of one day ends on the next at the latest.
events as (

    select
        event_id,
        user_id,
        action,
        device,
        location,
        page,
        event_at
    from {{ ref('fct_events') }}
    where {{ in_days('event_date', days, before=1, after=1) }}

),

-- An event is one step of a funnel at most, see the tests of the seed. At step 1 the user enters
-- the funnel, which ends the attempt begun there before: a step belongs to the latest entry.
step_events as (

    select
        events.*,
        steps.funnel,
        steps.step_number,
        steps.step_count,
        steps.window_minutes,
        count_if(steps.step_number = 1) over so_far as attempt_number,
        max(case when steps.step_number = 1 then events.event_at end) over so_far as entered_at
    from events
    inner join steps
        on events.action = steps.action
        and (steps.page is null or events.page = steps.page)
    window so_far as (partition by funnel, user_id order by event_at, event_id)

),

-- `reduce` walks through the events of an attempt in their order and holds the step reached so far,
-- with when it was done. An event at the very next step takes its place, any other is passed over.
attempts as (

    select
        max(event_id) filter (where step_number = 1) as attempt_id,
        funnel,
        user_id,
        max(device) filter (where step_number = 1) as device,
        max(location) filter (where step_number = 1) as location,
        step_count,
        reduce(
            array_agg(
                cast(row(step_number, event_at) as row (step bigint, done_at timestamp(6)))
                order by event_at, event_id
            ),
            cast(row(0, null) as row (step bigint, done_at timestamp(6))),
            (reached, event) -> if(event.step = reached.step + 1, event, reached),
            reached -> reached
        ) as reached,
        entered_at
    from step_events
    -- a step at the very end of the window still counts
    where event_at <= date_add('minute', window_minutes, entered_at)
    group by funnel, user_id, attempt_number, step_count, entered_at

),

rebuilt as (

    select
        attempt_id,
        funnel,
        user_id,
        device,
        location,
        reached.step as steps_completed,
        step_count,
        if(reached.step = step_count, date_diff('second', entered_at, reached.done_at))
            as seconds_to_convert,
        reached.step = step_count as is_converted,
        entered_at,
        reached.done_at as last_step_at,
        cast(entered_at as date) as entry_date
    from attempts
    where {{ in_days('cast(entered_at as date)', days, before=1, after=0) }}

),

final as (

    {{ changes('rebuilt', 'entry_date', days, before=1, after=0) }}

)

select * from final
