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
        duplicate_count,
        event_at,
        ingest_date,
        event_date
    from {{ ref('int_events__deduplicated') }}
    where {{ in_days('event_date', days, after=2) }}

),

sessionized as (

    select
        event_id,
        session_id,
        session_event_number,
        event_date
    from {{ ref('int_events__sessionized') }}
    where {{ in_days('event_date', days, after=2) }}

),

rebuilt as (

    select
        events.event_id,
        sessionized.session_id,
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
        sessionized.session_event_number,
        events.duplicate_count,
        events.event_at,
        events.ingest_date,
        events.event_date
    from events
    -- by day as well: a backfill may leave an event on two of them until the next run
    left join sessionized
        on events.event_id = sessionized.event_id
        and events.event_date = sessionized.event_date

),

final as (

    {{ changes('rebuilt', 'event_date', days, after=2) }}

)

select * from final
