with

events as (

    select
        user_id,
        action,
        location,
        event_at
    from {{ ref('fct_events') }}

),

final as (

    select
        location,
        action,
        count(*) as event_count,
        count(distinct user_id) as user_count,
        -- a Parquet table holds milliseconds, which is what events carry
        cast(min(event_at) as timestamp(3)) as first_event_at,
        cast(max(event_at) as timestamp(3)) as last_event_at
    from events
    group by location, action

)

select * from final
