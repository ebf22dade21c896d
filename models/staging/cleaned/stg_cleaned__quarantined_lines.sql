with

quarantine as (

    select
        source_object,
        line_number,
        reason,
        raw_line,
        ingest_date
    from {{ source('user_activity_cleaned', 'quarantine') }}

),

final as (

    select
        source_object,
        line_number,
        reason,
        -- by pattern: the line need not be JSON; 36 characters are a UUID's
        regexp_extract(raw_line, '"event_id"\s*:\s*"([^"]{36})"', 1) as event_id,
        raw_line,
        ingest_date
    from quarantine

)

select * from final
