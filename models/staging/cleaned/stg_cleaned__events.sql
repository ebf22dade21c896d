with

user_activity as (

    select
        event_id,
        order_id,
        user_id,
        action,
        device,
        location,
        app_version,
        page,
        currency,
        extra,
        purchase_total,
        item_count,
        event_at,
        ingest_date,
        event_date
    from {{ source('user_activity_cleaned', 'user_activity') }}

)

select * from user_activity
