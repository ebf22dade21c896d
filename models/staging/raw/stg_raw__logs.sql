with

logs as (

    select
        event_id,
        user_id,
        action,
        "timestamp",
        metadata,
        ingest_date
    from {{ source('user_activity_raw', 'logs') }}

),

final as (

    select
        event_id,
        -- the crawler calls it text as soon as one line holds text
        try_cast(user_id as bigint) as user_id,
        action,
        -- one unreadable time must not fail the query
        cast(
            try(from_iso8601_timestamp("timestamp")) at time zone 'UTC' as timestamp
        ) as event_at,
        metadata.device as device,
        metadata.location as location,
        metadata.app_version as app_version,
        metadata.page as page,
        try_cast(ingest_date as date) as ingest_date
    from logs
    -- a line that is not JSON is a row of nulls
    where event_id is not null

)

select * from final
