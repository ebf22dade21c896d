with

user_activity_items as (

    select
        event_id,
        order_id,
        item_number,
        sku,
        quantity,
        unit_price,
        event_at,
        event_date
    from {{ source('user_activity_cleaned', 'user_activity_items') }}

)

select * from user_activity_items
