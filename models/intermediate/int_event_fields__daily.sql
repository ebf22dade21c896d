{{
    config(
        unique_key=['event_date', 'field'],
        partitioned_by=['event_date'],
        incremental_predicates=[],
        delete_condition='src.event_count is null',
        insert_condition='src.event_count is not null'
    )
}}
{%- set days = touched_days() %}

with

daily as (

    select
        order_id_count,
        app_version_count,
        page_count,
        currency_count,
        purchase_total_count,
        item_count_count,
        event_date
    from {{ ref('int_events__daily') }}
    where {{ in_days('event_date', days) }}

),

-- The only columns of the events that are read: two of seventeen.
extras as (

    select
        cast(json_parse(extra) as map (varchar, json)) as extra,
        cast(json_extract(extra, '$.metadata') as map (varchar, json)) as metadata,
        event_date
    from {{ ref('int_events__deduplicated') }}
    where extra is not null
        and {{ in_days('event_date', days) }}

),

known_fields as (

    select
        fields.field,
        fields.event_count,
        daily.event_date
    from daily
    cross join
        unnest(
            array[
                'order_id', 'app_version', 'page', 'currency', 'purchase_total', 'item_count'
            ],
            array[
                daily.order_id_count, daily.app_version_count, daily.page_count,
                daily.currency_count, daily.purchase_total_count, daily.item_count_count
            ]
        ) as fields (field, event_count)
    where fields.event_count > 0

),

extra_fields as (

    select
        'extra.' || extra_keys.extra_key as field,
        1 as event_count,
        extras.event_date
    from extras
    cross join unnest(map_keys(extras.extra)) as extra_keys (extra_key)
    where extra_keys.extra_key <> 'metadata'

),

-- Where documents have most of their keys, and so most of those that the contract does not know.
metadata_fields as (

    select
        'extra.metadata.' || metadata_keys.metadata_key as field,
        1 as event_count,
        extras.event_date
    from extras
    cross join unnest(map_keys(extras.metadata)) as metadata_keys (metadata_key)

),

fields as (

    select * from known_fields
    union all
    select * from extra_fields
    union all
    select * from metadata_fields

),

rebuilt as (

    select
        field,
        sum(event_count) as event_count,
        event_date
    from fields
    group by field, event_date

),

final as (

    {{ changes('rebuilt', 'event_date', days) }}

)

select * from final
