{{
    config(
        unique_key=['event_id', 'item_number', 'event_date'],
        partitioned_by=['event_date'],
        incremental_predicates=[],
        delete_condition='src.event_at is null',
        insert_condition='src.event_at is not null'
    )
}}
{%- set days = touched_days() %}

with

items as (

    select
        event_id,
        order_id,
        item_number,
        sku,
        quantity,
        unit_price,
        cast(event_at as timestamp(6)) as event_at,
        event_date
    from {{ ref('stg_cleaned__purchase_items') }}
    where {{ in_days('event_date', days) }}

),

events as (

    select
        event_id,
        user_id,
        currency,
        event_date
    from {{ ref('int_events__deduplicated') }}
    where {{ in_days('event_date', days) }}

),

rebuilt as (

    select
        items.event_id,
        items.item_number,
        items.order_id,
        events.user_id,
        items.sku,
        events.currency,
        items.quantity,
        items.unit_price,
        cast(items.quantity * items.unit_price as decimal(22, 2)) as line_total,
        items.event_at,
        items.event_date
    from items
    left join events
        on items.event_id = events.event_id
        and items.event_date = events.event_date

),

final as (

    {{ changes('rebuilt', 'event_date', days) }}

)

select * from final
