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

events as (

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
        cast(event_at as timestamp(6)) as event_at,
        ingest_date,
        event_date
    from {{ ref('stg_cleaned__events') }}
    where {{ in_days('event_date', days) }}

),

-- The flatten job keeps the first copy of an event and sets the others aside.
copies as (

    select
        event_id,
        event_date,
        count(*) as duplicate_count,
        max(ingest_date) as last_ingest_date
    from {{ ref('stg_cleaned__excluded_events') }}
    where reason = 'duplicate'
        and {{ in_days('event_date', days) }}
    group by event_id, event_date

),

rebuilt as (

    select
        events.event_id,
        events.order_id,
        events.user_id,
        events.action,
        events.device,
        events.location,
        events.app_version,
        events.page,
        events.currency,
        events.extra,
        events.purchase_total,
        events.item_count,
        coalesce(copies.duplicate_count, 0) as duplicate_count,
        events.event_at,
        events.ingest_date,
        coalesce(copies.last_ingest_date, events.ingest_date) as last_ingest_date,
        events.event_date
    from events
    left join copies
        on events.event_id = copies.event_id
        and events.event_date = copies.event_date

),

final as (

    {{ changes('rebuilt', 'event_date', days) }}

)

select * from final
