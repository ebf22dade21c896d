{{
    config(
        unique_key=['user_id', 'activity_date'],
        partitioned_by=['activity_date'],
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
        session_event_number,
        event_at,
        event_date
    from {{ ref('fct_events') }}
    where {{ in_days('event_date', days, after=2) }}

),

rebuilt as (

    select
        user_id,
        count(*) as event_count,
        count_if(action = 'view') as view_count,
        count_if(action = 'purchase') as purchase_count,
        count_if(session_event_number = 1) as session_count,
        min(event_at) as first_event_at,
        max(event_at) as last_event_at,
        event_date as activity_date
    from events
    group by user_id, event_date

),

final as (

    {{ changes('rebuilt', 'activity_date', days, after=2) }}

)

select * from final
