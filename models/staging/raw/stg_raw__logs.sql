with

logs as (

    select
        event_id,
        user_id,
        action,
        "timestamp",
        cast(metadata as json) as metadata,
        ingest_date
    from {{ source('user_activity_raw', 'logs') }}
    -- a line that is not JSON is a row of nulls
    where event_id is not null

),

documents as (

    select
        event_id,
        user_id,
        action,
        "timestamp",
        -- a nested object to the crawler, until one line has something else there: then it is the
        -- text of one, as it always is where the table is declared
        coalesce(try(json_parse(json_extract_scalar(metadata, '$'))), metadata) as metadata,
        ingest_date
    from logs

),

final as (

    select
        event_id,
        -- the crawler calls it text as soon as one line holds text
        try_cast(user_id as bigint) as user_id,
        action,
        -- one unreadable time must not fail the query
        cast(
            try(from_iso8601_timestamp(cast("timestamp" as varchar))) at time zone 'UTC'
            as timestamp
        ) as event_at,
        json_extract_scalar(metadata, '$.device') as device,
        json_extract_scalar(metadata, '$.location') as location,
        json_extract_scalar(metadata, '$.app_version') as app_version,
        json_extract_scalar(metadata, '$.page') as page,
        try_cast(ingest_date as date) as ingest_date
    from documents

)

select * from final
