{{
    config(
        materialized='incremental',
        table_type='iceberg',
        unique_key=['location', 'currency', 'event_date'],
        partitioned_by=['month(event_date)'],
        incremental_predicates=[],
        delete_condition='src.purchase_count is null',
        insert_condition='src.purchase_count is not null'
    )
}}
{%- set days = touched_days() %}

with

purchases as (

    select
        user_id,
        location,
        coalesce(currency, 'unknown') as currency,
        coalesce(purchase_total, 0) as purchase_total,
        coalesce(unit_count, 0) as unit_count,
        event_date
    from {{ ref('fct_purchases') }}
    where {{ in_days('event_date', days) }}

),

rebuilt as (

    select
        location,
        currency,
        count(*) as purchase_count,
        count(distinct user_id) as buyer_count,
        sum(unit_count) as unit_count,
        sum(purchase_total) as revenue,
        event_date
    from purchases
    group by location, currency, event_date

),

final as (

    {{ changes('rebuilt', 'event_date', days) }}

)

select * from final
