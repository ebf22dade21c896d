{{
    config(
        materialized='incremental',
        table_type='iceberg',
        unique_key=['funnel', 'step_number', 'entry_date'],
        partitioned_by=['month(entry_date)'],
        incremental_predicates=[],
        delete_condition='src.entered_count is null',
        insert_condition='src.entered_count is not null'
    )
}}
{%- set days = touched_days() %}

with

steps as (

    select
        funnel,
        step_name,
        step_number
    from {{ ref('funnels') }}

),

attempts as (

    select
        funnel,
        steps_completed,
        step_count,
        seconds_to_convert,
        entry_date
    from {{ ref('funnel_attempts') }}
    where {{ in_days('entry_date', days, before=1, after=0) }}

),

-- Every attempt beside every step of its funnel: steps that nobody reached have a row as well.
counted as (

    select
        attempts.funnel,
        steps.step_name,
        steps.step_number,
        count(*) as entered_count,
        count_if(attempts.steps_completed >= steps.step_number) as attempt_count,
        sum(
            case when steps.step_number = attempts.step_count then attempts.seconds_to_convert end
        ) as total_seconds_to_convert,
        attempts.entry_date
    from attempts
    inner join steps on attempts.funnel = steps.funnel
    group by attempts.funnel, steps.step_name, steps.step_number, attempts.entry_date

),

compared as (

    select
        *,
        lag(attempt_count) over (
            partition by funnel, entry_date order by step_number
        ) as previous_attempt_count
    from counted

),

rebuilt as (

    select
        funnel,
        step_name,
        step_number,
        entered_count,
        attempt_count,
        total_seconds_to_convert,
        cast(attempt_count as double) / entered_count as conversion_rate,
        -- null where nobody was left who could go on
        cast(attempt_count as double) / nullif(previous_attempt_count, 0) as step_conversion_rate,
        cast(total_seconds_to_convert as double)
        / nullif(attempt_count, 0) as mean_seconds_to_convert,
        entry_date
    from compared

),

final as (

    {{ changes('rebuilt', 'entry_date', days, before=1, after=0) }}

)

select * from final
