{{
    config(
        materialized='incremental',
        table_type='iceberg',
        unique_key=['conversion', 'event_id', 'event_date'],
        partitioned_by=['event_date'],
        incremental_predicates=[],
        delete_condition='src.event_at is null',
        insert_condition='src.event_at is not null'
    )
}}
{%- set days = touched_days() %}

with

definitions as (

    select
        conversion,
        action,
        page,
        has_value
    from {{ ref('conversion_definitions') }}

),

-- The sessions of the two days after a touched one can begin elsewhere now.
events as (

    select
        event_id,
        session_id,
        user_id,
        action,
        device,
        location,
        page,
        currency,
        purchase_total,
        event_at,
        event_date
    from {{ ref('fct_events') }}
    where {{ in_days('event_date', days, before=0, after=2) }}

),

rebuilt as (

    select
        definitions.conversion,
        events.event_id,
        events.session_id,
        events.user_id,
        events.device,
        events.location,
        case when definitions.has_value then events.currency end as currency,
        case when definitions.has_value then events.purchase_total end as value,
        events.event_at,
        events.event_date
    from events
    inner join definitions
        on events.action = definitions.action
        and (definitions.page is null or events.page = definitions.page)

),

final as (

    {{ changes('rebuilt', 'event_date', days, before=0, after=2) }}

)

select * from final
