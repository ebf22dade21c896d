with

objects as (

    select
        source_object,
        lines,
        cleaned,
        dropped,
        duplicates,
        quarantined,
        ingest_date
    from {{ ref('stg_cleaned__objects') }}

),

counted as (

    select
        source_object,
        lines as line_count,
        cleaned as cleaned_count,
        dropped as dropped_count,
        duplicates as duplicate_count,
        reduce(map_values(quarantined), bigint '0', (total, n) -> total + n, total -> total)
            as quarantined_count,
        ingest_date
    from objects

),

final as (

    select
        source_object,
        line_count,
        cleaned_count,
        dropped_count,
        duplicate_count,
        quarantined_count,
        line_count - cleaned_count - dropped_count - duplicate_count - quarantined_count
            as difference,
        line_count - cleaned_count - dropped_count - duplicate_count - quarantined_count = 0
            as is_balanced,
        ingest_date
    from counted

)

select * from final
