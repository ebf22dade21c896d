with

daily as (

    select
        device,
        event_count,
        first_event_at,
        last_event_at
    from {{ ref('int_events__daily') }}

),

final as (

    select
        device,
        sum(event_count) as event_count,
        cast(min(first_event_at) as timestamp(3)) as first_event_at,
        cast(max(last_event_at) as timestamp(3)) as last_event_at
    from daily
    group by device

)

select * from final
