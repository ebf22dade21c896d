with

flatten_ledger as (

    select
        source_object,
        lines,
        cleaned,
        dropped,
        duplicates,
        quarantined,
        conversions,
        ingest_date
    from {{ source('user_activity_cleaned', 'flatten_ledger') }}

)

select * from flatten_ledger
