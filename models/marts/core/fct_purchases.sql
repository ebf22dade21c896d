{{
    config(
        unique_key=['event_id', 'event_date'],
        partitioned_by=['event_date'],
        incremental_predicates=[],
        delete_condition='src.event_at is null',
        insert_condition='src.event_at is not null'
    )
}}
{%- set days = touched_days() %}

with

purchases as (

    select
        event_id,
        order_id,
        session_id,
        user_id,
        device,
        location,
        currency,
        purchase_total,
        item_count,
        event_at,
        event_date
    from {{ ref('fct_events') }}
    where action = 'purchase'
        and {{ in_days('event_date', days, after=2) }}

),

items as (

    select
        event_id,
        cast(sum(line_total) as decimal(38, 2)) as items_total,
        cast(sum(quantity) as bigint) as unit_count,
        event_date
    from {{ ref('fct_purchase_items') }}
    where {{ in_days('event_date', days, after=2) }}
    group by event_id, event_date

),

rebuilt as (

    select
        purchases.event_id,
        purchases.order_id,
        purchases.session_id,
        purchases.user_id,
        purchases.device,
        purchases.location,
        purchases.currency,
        purchases.purchase_total,
        items.items_total,
        purchases.item_count,
        items.unit_count,
        purchases.event_at,
        purchases.event_date
    from purchases
    left join items
        on purchases.event_id = items.event_id
        and purchases.event_date = items.event_date

),

final as (

    {{ changes('rebuilt', 'event_date', days, after=2) }}

)

select * from final
