with

daily as (

    select
        action,
        location,
        event_count,
        first_event_at,
        last_event_at
    from {{ ref('int_events__daily') }}

),

events as (

    select
        user_id,
        action,
        location
    from {{ ref('fct_events') }}

),

-- What the days add up to, which takes no look at the events.
counted as (

    select
        location,
        action,
        sum(event_count) as event_count,
        min(first_event_at) as first_event_at,
        max(last_event_at) as last_event_at
    from daily
    group by location, action

),

-- A user of two days is one user.
users as (

    select
        location,
        action,
        count(distinct user_id) as user_count
    from events
    group by location, action

),

final as (

    select
        counted.location,
        counted.action,
        counted.event_count,
        users.user_count,
        -- a Parquet table holds milliseconds, which is what events carry
        cast(counted.first_event_at as timestamp(3)) as first_event_at,
        cast(counted.last_event_at as timestamp(3)) as last_event_at
    from counted
    inner join users
        on counted.location = users.location
        and counted.action = users.action

)

select * from final
