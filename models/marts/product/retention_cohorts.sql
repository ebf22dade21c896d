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

-- A week begins on Monday.
user_weeks as (

    select distinct
        user_id,
        date_trunc('week', activity_date) as activity_week
    from user_days

),

users as (

    select
        user_id,
        min(activity_week) as cohort_week
    from user_weeks
    group by user_id

),

cohorts as (

    select
        cohort_week,
        count(*) as cohort_size
    from users
    group by cohort_week

),

-- A row for every week up to the newest, also when nobody of the cohort came back in it.
cohort_weeks as (

    select
        cohorts.cohort_week,
        weeks.activity_week,
        cohorts.cohort_size,
        date_add('day', 6, weeks.activity_week) <= newest.newest_date as is_complete
    from cohorts
    cross join newest
    cross join unnest(
        sequence(cohorts.cohort_week, newest.newest_date, interval '7' day)
    ) as weeks (activity_week)

),

retained as (

    select
        users.cohort_week,
        user_weeks.activity_week,
        count(*) as retained_users
    from user_weeks
    inner join users on user_weeks.user_id = users.user_id
    group by users.cohort_week, user_weeks.activity_week

),

joined as (

    select
        date_diff('week', cohort_weeks.cohort_week, cohort_weeks.activity_week) as week_number,
        cohort_weeks.cohort_size,
        coalesce(retained.retained_users, 0) as retained_users,
        cohort_weeks.is_complete,
        cohort_weeks.cohort_week
    from cohort_weeks
    left join retained
        on cohort_weeks.cohort_week = retained.cohort_week
        and cohort_weeks.activity_week = retained.activity_week

),

final as (

    select
        week_number,
        cohort_size,
        retained_users,
        cast(retained_users as double) / cohort_size as retention_rate,
        is_complete,
        cohort_week
    from joined

)

select * from final
