{{
    config(
        unique_key=['event_id', 'event_date'],
        partitioned_by=['event_date'],
        incremental_predicates=[],
        delete_condition='src.event_at is null',
        insert_condition='src.event_at is not null'
    )
}}
{%- set days = touched_days() %}

with

-- A change moves session ids on its day and the two after; to tell them takes the two days before.
events as (

    select
        event_id,
        user_id,
        action,
        event_at,
        event_date
    from {{ ref('int_events__deduplicated') }}
    where {{ in_days('event_date', days, before=2, after=2) }}

),

with_previous as (

    select
        *,
        lag(action) over user_events as previous_action,
        lag(event_at) over user_events as previous_event_at,
        lag(event_date) over user_events as previous_event_date
    from events
    window user_events as (partition by user_id order by event_at, event_id)

),

with_breaks as (

    select
        *,
        previous_event_at is null
        or event_at > previous_event_at + interval '{{ var("session_gap_minutes") }}' minute
        or action in ('{{ var("session_start_actions") | join("', '") }}')
        or previous_action in ('{{ var("session_end_actions") | join("', '") }}') as is_break
    from with_previous

),

with_days as (

    select
        *,
        bool_or(is_break) over (partition by user_id, event_date) as day_has_break
    from with_breaks

),

-- Without a break all day long a session ends with the day: so none touches more than two days.
with_starts as (

    select
        *,
        is_break
        or (event_date > previous_event_date and not lag(day_has_break) over user_events)
            as is_start
    from with_days
    window user_events as (partition by user_id order by event_at, event_id)

),

numbered as (

    select
        *,
        count_if(is_start) over user_events as session_number
    from with_starts
    window user_events as (partition by user_id order by event_at, event_id)

),

sessionized as (

    select
        event_id,
        first_value(event_id) over session_events as session_id,
        user_id,
        row_number() over session_events as session_event_number,
        event_at,
        event_date
    from numbered
    window session_events as (partition by user_id, session_number order by event_at, event_id)

),

-- The days before were only read to tell sessions.
rebuilt as (

    select *
    from sessionized
    where {{ in_days('event_date', days, after=2) }}

),

final as (

    {{ changes('rebuilt', 'event_date', days, after=2) }}

)

select * from final
