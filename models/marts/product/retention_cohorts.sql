with

calendar as (

    select
        date_day,
        week_start
    from {{ ref('dim_dates') }}

),

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

-- A week begins on Monday.
known_days as (

    select
        calendar.date_day,
        calendar.week_start,
        date_add('day', 6, calendar.week_start) <= newest.newest_date as is_complete
    from calendar
    inner join newest on calendar.date_day <= newest.newest_date

),

weeks as (

    select distinct
        week_start,
        is_complete
    from known_days

),

user_weeks as (

    select distinct
        user_days.user_id,
        known_days.week_start
    from user_days
    inner join known_days on user_days.activity_date = known_days.date_day

),

with_cohorts as (

    select
        week_start,
        min(week_start) over (partition by user_id) as cohort_week
    from user_weeks

),

retained as (

    select
        cohort_week,
        week_start,
        count(*) as retained_users
    from with_cohorts
    group by cohort_week, week_start

),

-- A row for every week up to the newest, also when nobody of the cohort came back in it.
cohort_weeks as (

    select
        retained.cohort_week,
        retained.retained_users as cohort_size,
        weeks.week_start,
        weeks.is_complete
    from retained
    inner join weeks on retained.cohort_week <= weeks.week_start
    where retained.week_start = retained.cohort_week

),

final as (

    select
        date_diff('week', cohort_weeks.cohort_week, cohort_weeks.week_start) as week_number,
        cohort_weeks.cohort_size,
        coalesce(retained.retained_users, 0) as retained_users,
        cast(coalesce(retained.retained_users, 0) as double)
        / cohort_weeks.cohort_size as retention_rate,
        cohort_weeks.is_complete,
        cohort_weeks.cohort_week
    from cohort_weeks
    left join retained
        on cohort_weeks.cohort_week = retained.cohort_week
        and cohort_weeks.week_start = retained.week_start

)

select * from final
