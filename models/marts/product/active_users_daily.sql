{{
    config(
        materialized='incremental',
        table_type='iceberg',
        unique_key='activity_date',
        partitioned_by=['month(activity_date)'],
        incremental_predicates=[],
        delete_condition='src.daily_active_users is null',
        insert_condition='src.daily_active_users is not null'
    )
}}
{%- set days = touched_days() %}

with

-- The days to rebuild, and the 27 before each of them that its figures look back on.
user_days as (

    select
        user_id,
        activity_date
    from {{ ref('fct_user_days') }}
    where {{ in_days('activity_date', days, before=27, after=27) }}

),

-- Bit 0 stands for the day itself, bit 1 for the day before, and so on up to bit 27: 1, 2, 4, ...
bits as (

    select
        offsets.days_ago,
        bitwise_left_shift(bigint '1', cast(offsets.days_ago as integer)) as bit
    from unnest(sequence(0, 27)) as offsets (days_ago)

),

-- An active day is seen from 28 days: itself and the 27 that follow.
seen as (

    select
        user_days.user_id,
        bits.bit,
        date_add('day', bits.days_ago, user_days.activity_date) as activity_date
    from user_days
    cross join bits

),

-- A user's last 28 days in one number: bit k is set when the user was active k days ago.
patterns as (

    select
        user_id,
        bitwise_or_agg(bit) as active_bits,
        activity_date
    from seen
    where {{ in_days('activity_date', days, after=27) }}
    group by user_id, activity_date

),

counted as (

    select
        count_if(bitwise_and(active_bits, 1) <> 0) as daily_active_users,
        -- the lowest seven bits: 1 + 2 + 4 + 8 + 16 + 32 + 64
        count_if(bitwise_and(active_bits, 127) <> 0) as weekly_active_users,
        count(*) as monthly_active_users,
        sum(bit_count(active_bits, 64)) as active_days,
        activity_date
    from patterns
    group by activity_date

),

rebuilt as (

    select
        daily_active_users,
        weekly_active_users,
        monthly_active_users,
        cast(daily_active_users as double) / monthly_active_users as stickiness,
        cast(active_days as double) / monthly_active_users as mean_active_days,
        activity_date
    from counted
    where daily_active_users > 0

),

final as (

    {{ changes('rebuilt', 'activity_date', days, after=27) }}

)

select * from final
