with

daily as (

    select
        ingest_date,
        event_date
    from {{ ref('int_events__daily') }}

),

user_days as (

    select
        user_id,
        activity_date
    from {{ ref('fct_user_days') }}

),

-- The day after which nothing is known yet. One clock that is fast must not move it.
newest as (

    select least(max(event_date), max(ingest_date)) as newest_date
    from daily

),

distances as (

    select
        user_days.activity_date,
        date_diff(
            'day', lag(user_days.activity_date) over user_history, user_days.activity_date
        ) as days_since_last,
        -- of who did not come back it is known up to the newest day
        date_diff(
            'day',
            user_days.activity_date,
            coalesce(
                lead(user_days.activity_date) over user_history,
                date_add('day', 1, newest.newest_date)
            )
        ) as days_to_next
    from user_days
    cross join newest
    where user_days.activity_date <= newest.newest_date
    window user_history as (partition by user_days.user_id order by user_days.activity_date)

),

-- Silent on every one of the days that follow an active one, up to and with the last of them, makes
-- dormant on that last day.
statuses as (

    select
        case
            when days_since_last is null then 'new'
            when days_since_last > {{ var('dormant_after_days') }} then 'resurrected'
            else 'returning'
        end as active_status,
        case when days_to_next > {{ var('dormant_after_days') }} then 'dormant' end
            as silent_status,
        activity_date,
        date_add('day', {{ var('dormant_after_days') }}, activity_date) as silent_date
    from distances

),

-- Both of a row at once: a union would read the user days twice.
changed as (

    select
        changes.lifecycle_status,
        changes.activity_date
    from statuses
    cross join
        unnest(
            array[statuses.active_status, statuses.silent_status],
            array[statuses.activity_date, statuses.silent_date]
        ) as changes (lifecycle_status, activity_date)
    where changes.lifecycle_status is not null

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
