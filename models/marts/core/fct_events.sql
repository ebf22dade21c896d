{{
    config(
        unique_key='event_id',
        partitioned_by=['event_date'],
        incremental_predicates=[],
        delete_condition='src.event_at is null',
        insert_condition='src.event_at is not null'
    )
}}

{%- do require_same_columns() %}
{%- set days = touched_days(ref('stg_cleaned__events')) %}
{%- do merge_only_where('target.event_date in (' ~ days ~ ')') %}

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
    {%- if is_incremental() %}
    where event_date in ({{ days }})
    {%- endif %}

),

{% if is_incremental() -%}
-- From here on: what the touched days hold against what is already loaded.
loaded as (

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
    from {{ this }}
    where event_date in ({{ days }})

),

changed as (

    select * from events
    except
    select * from loaded

),

-- An event without its time tells the merge to delete it: the cleaned zone no longer has it.
removed as (

    select
        loaded.event_id,
        loaded.order_id,
        loaded.user_id,
        loaded.action,
        loaded.device,
        loaded.location,
        loaded.app_version,
        loaded.page,
        loaded.currency,
        loaded.extra,
        loaded.purchase_total,
        loaded.item_count,
        cast(null as timestamp(6)) as event_at,
        loaded.ingest_date,
        loaded.event_date
    from loaded
    left join events on loaded.event_id = events.event_id
    where events.event_id is null

),

final as (

    select * from changed
    union all
    select * from removed

)
{%- else -%}
final as (

    select * from events

)
{%- endif %}

select * from final
