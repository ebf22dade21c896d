with

users as (

    select
        user_id,
        email,
        country,
        plan,
        signed_up_at,
        updated_at,
        ingest_date
    from {{ source('user_activity_raw', 'users') }}
    -- a line that is not JSON is a row of nulls
    where user_id is not null

),

final as (

    select
        -- the crawler calls it text as soon as one line holds text
        try_cast(user_id as bigint) as user_id,
        -- the rule for personal data is in the model's description
        lower(to_hex(sha256(to_utf8({{ pii_salt() }} || lower(trim(email)))))) as email_hash,
        country,
        plan,
        -- one unreadable time must not fail the query
        cast(
            try(from_iso8601_timestamp(cast(signed_up_at as varchar))) at time zone 'UTC'
            as timestamp
        ) as signed_up_at,
        cast(
            try(from_iso8601_timestamp(cast(updated_at as varchar))) at time zone 'UTC'
            as timestamp
        ) as updated_at,
        try_cast(ingest_date as date) as ingest_date
    from users

)

select * from final
