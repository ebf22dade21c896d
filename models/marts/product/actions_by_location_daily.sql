with

events as (

    select
        user_id,
        action,
        location,
        event_date
    from {{ ref('fct_events') }}

),

final as (

    select
        event_date,
        location,
        action,
        count(*) as event_count,
        count(distinct user_id) as user_count
    from events
    group by event_date, location, action

)

select * from final
