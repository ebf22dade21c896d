{{
    config(
        materialized='incremental',
        table_type='iceberg',
        unique_key=['event_hour', 'location', 'device', 'action'],
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
        -- a key must not be null, or the merge would never find its row again
        coalesce(device, 'unknown') as device,
        location,
        cast(date_trunc('hour', event_at) as timestamp(6)) as event_hour,
        event_date
    from {{ ref('fct_events') }}
    where {{ in_days('event_date', days) }}

),

rebuilt as (

    select
        location,
        device,
        action,
        count(*) as event_count,
        count(distinct user_id) as user_count,
        event_hour,
        event_date
    from events
    group by location, device, action, event_hour, event_date

),

final as (

    {{ changes('rebuilt', 'event_date', days) }}

)

select * from final
