{{
    config(
        materialized='incremental',
        table_type='iceberg',
        unique_key=['event_date', 'location', 'action'],
        partitioned_by=['month(event_date)'],
        incremental_predicates=[],
        delete_condition='src.event_count is null',
        insert_condition='src.event_count is not null'
    )
}}
{%- set days = touched_days() %}

with

events as (

    select
        user_id,
        action,
        location,
        event_date
    from {{ ref('fct_events') }}
    where {{ in_days('event_date', days) }}

),

rebuilt as (

    select
        location,
        action,
        count(*) as event_count,
        count(distinct user_id) as user_count,
        event_date
    from events
    group by event_date, location, action

),

final as (

    {{ changes('rebuilt', 'event_date', days) }}

)

select * from final
