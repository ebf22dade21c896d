{{
    config(
        unique_key=['event_date', 'ingest_date', 'action', 'device', 'location'],
        partitioned_by=['event_date'],
        incremental_predicates=[],
        delete_condition='src.event_count is null',
        insert_condition='src.event_count is not null'
    )
}}
{%- set days = touched_days() %}

with

events as (

    select
        order_id,
        action,
        -- part of the key, and no merge finds a null
        coalesce(device, 'unknown') as device,
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
    from {{ ref('int_events__deduplicated') }}
    where {{ in_days('event_date', days) }}

),

rebuilt as (

    select
        action,
        device,
        location,
        count(*) as event_count,
        count(order_id) as order_id_count,
        count(app_version) as app_version_count,
        count(page) as page_count,
        count(currency) as currency_count,
        count(purchase_total) as purchase_total_count,
        count(item_count) as item_count_count,
        count(extra) as extra_count,
        min(event_at) as first_event_at,
        max(event_at) as last_event_at,
        ingest_date,
        event_date
    from events
    group by event_date, ingest_date, action, device, location

),

final as (

    {{ changes('rebuilt', 'event_date', days) }}

)

select * from final
