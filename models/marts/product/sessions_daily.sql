{{
    config(
        materialized='incremental',
        table_type='iceberg',
        unique_key=['location', 'device', 'session_date'],
        partitioned_by=['month(session_date)'],
        incremental_predicates=[],
        delete_condition='src.session_count is null',
        insert_condition='src.session_count is not null'
    )
}}
{%- set days = touched_days() %}

with

-- A touched day can change the sessions of the day before, and of the two after it.
sessions as (

    select
        user_id,
        location,
        coalesce(device, 'unknown') as device,
        event_count,
        purchase_count,
        duration_seconds,
        is_bounce,
        session_date
    from {{ ref('fct_sessions') }}
    where {{ in_days('session_date', days, before=1, after=2) }}

),

rebuilt as (

    select
        location,
        device,
        count(*) as session_count,
        count(distinct user_id) as user_count,
        count_if(is_bounce) as bounce_count,
        count_if(purchase_count > 0) as purchase_session_count,
        sum(event_count) as event_count,
        sum(duration_seconds) as total_duration_seconds,
        cast(sum(duration_seconds) as double) / count(*) as mean_duration_seconds,
        session_date
    from sessions
    group by location, device, session_date

),

final as (

    {{ changes('rebuilt', 'session_date', days, before=1, after=2) }}

)

select * from final
