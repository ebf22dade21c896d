{{
    config(
        unique_key=['session_id', 'session_date'],
        partitioned_by=['session_date'],
        incremental_predicates=[],
        delete_condition='src.started_at is null',
        insert_condition='src.started_at is not null'
    )
}}
{%- set days = touched_days() %}

with

-- A session that a touched day changes may have begun the day before, and last a day longer than
-- the last that is rebuilt.
events as (

    select
        session_id,
        user_id,
        action,
        device,
        location,
        page,
        session_event_number,
        event_at
    from {{ ref('fct_events') }}
    where {{ in_days('event_date', days, before=1, after=3) }}

),

sessions as (

    select
        session_id,
        min(user_id) as user_id,
        min(device) filter (where session_event_number = 1) as device,
        min(location) filter (where session_event_number = 1) as location,
        min_by(page, session_event_number) filter (where page is not null) as entry_page,
        max_by(page, session_event_number) filter (where page is not null) as exit_page,
        count(*) as event_count,
        count_if(action = 'view') as view_count,
        count_if(action = 'purchase') as purchase_count,
        min(event_at) as started_at,
        max(event_at) as ended_at
    from events
    group by session_id
    -- of one that began earlier only the end was read
    having min(session_event_number) = 1

),

rebuilt as (

    select
        session_id,
        user_id,
        device,
        location,
        entry_page,
        exit_page,
        event_count,
        view_count,
        purchase_count,
        date_diff('second', started_at, ended_at) as duration_seconds,
        event_count = 1 as is_bounce,
        started_at,
        ended_at,
        cast(started_at as date) as session_date
    from sessions
    where {{ in_days('cast(started_at as date)', days, before=1, after=2) }}

),

final as (

    {{ changes('rebuilt', 'session_date', days, before=1, after=2) }}

)

select * from final
