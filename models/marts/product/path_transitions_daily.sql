{{
    config(
        materialized='incremental',
        table_type='iceberg',
        unique_key=['from_page', 'to_page', 'event_date'],
        partitioned_by=['event_date'],
        incremental_predicates=[],
        delete_condition='src.transition_count is null',
        insert_condition='src.transition_count is not null'
    )
}}
{%- set days = touched_days() %}

with

-- A session touches two days at most, so the neighbours of a page event are found a day further on
-- either side of the days rebuilt.
page_events as (

    select
        session_id,
        page,
        lag(page) over (
            partition by session_id order by session_event_number
        ) as previous_page,
        lead(page) over (
            partition by session_id order by session_event_number
        ) as next_page,
        event_date
    from {{ ref('fct_events') }}
    where page is not null
        and {{ in_days('event_date', days, before=2, after=3) }}

),

-- Each of them ends a transition; the last one of a session begins another.
transitions as (

    select
        page_events.session_id,
        steps.from_page,
        steps.to_page,
        page_events.event_date
    from page_events
    cross join
        unnest(
            array[coalesce(page_events.previous_page, '(entry)'), page_events.page],
            array[page_events.page, '(exit)']
        ) as steps (from_page, to_page)
    where steps.to_page <> '(exit)' or page_events.next_page is null

),

-- A touched day decides whether the session of the day before goes on, and which session the events
-- of the two days after belong to.
rebuilt as (

    select
        from_page,
        to_page,
        count(*) as transition_count,
        count(distinct session_id) as session_count,
        event_date
    from transitions
    where {{ in_days('event_date', days, before=1, after=2) }}
    group by from_page, to_page, event_date

),

final as (

    {{ changes('rebuilt', 'event_date', days, before=1, after=2) }}

)

select * from final
