with

user_days as (

    select
        user_id,
        activity_date
    from {{ ref('fct_user_days') }}

),

-- The day after which nothing is known yet.
newest as (

    select max(activity_date) as newest_date
    from user_days

),

distances as (

    select
        activity_date,
        date_diff('day', lag(activity_date) over user_history, activity_date) as days_since_last,
        date_diff('day', activity_date, lead(activity_date) over user_history) as days_to_next
    from user_days
    window user_history as (partition by user_id order by activity_date)

),

active as (

    select
        case
            when days_since_last is null then 'new'
            when days_since_last > {{ var('dormant_after_days') }} then 'resurrected'
            else 'returning'
        end as lifecycle_status,
        activity_date
    from distances

),

-- Silent on every one of the days that follow, up to and with the last of them.
dormant as (

    select
        'dormant' as lifecycle_status,
        date_add('day', {{ var('dormant_after_days') }}, distances.activity_date) as activity_date
    from distances
    cross join newest
    where
        distances.days_to_next > {{ var('dormant_after_days') }}
        or (
            distances.days_to_next is null
            and date_add('day', {{ var('dormant_after_days') }}, distances.activity_date)
            <= newest.newest_date
        )

),

changed as (

    select
        lifecycle_status,
        activity_date
    from active

    union all

    select
        lifecycle_status,
        activity_date
    from dormant

),

final as (

    select
        lifecycle_status,
        count(*) as user_count,
        activity_date
    from changed
    group by lifecycle_status, activity_date

)

select * from final
