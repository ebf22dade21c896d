with

daily as (

    select
        event_count,
        ingest_date,
        event_date
    from {{ ref('int_events__daily') }}

),

by_delay as (

    select
        date_diff('day', event_date, ingest_date) as days_late,
        sum(event_count) as event_count,
        ingest_date
    from daily
    group by ingest_date, date_diff('day', event_date, ingest_date)

),

final as (

    select
        days_late,
        event_count,
        cast(event_count as double)
        / sum(event_count) over (partition by ingest_date) as share_of_ingest_date,
        ingest_date
    from by_delay

)

select * from final
