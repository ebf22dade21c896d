with

objects as (

    select
        quarantined,
        ingest_date
    from {{ ref('stg_cleaned__objects') }}

),

reasons as (

    select
        reasons.reason,
        reasons.line_count,
        objects.ingest_date
    from objects
    cross join unnest(objects.quarantined) as reasons (reason, line_count)
    where reasons.line_count > 0

),

final as (

    select
        reason,
        sum(line_count) as line_count,
        count(*) as object_count,
        ingest_date
    from reasons
    group by ingest_date, reason

)

select * from final
