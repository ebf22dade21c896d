with

calendar as (

    select date_day
    from {{ ref('dim_dates') }}

),

daily as (

    select
        action,
        event_count,
        ingest_date,
        event_date
    from {{ ref('int_events__daily') }}

),

actions as (

    select distinct action
    from daily

),

-- A day later than the newest arrival is of a clock that is fast, and expects nothing yet.
observed as (

    select
        min(event_date) as first_date,
        least(max(event_date), max(ingest_date)) as last_date,
        max(ingest_date) as newest_ingest_date
    from daily

),

counted as (

    select
        action,
        sum(event_count) as event_count,
        event_date
    from daily
    group by action, event_date

),

-- Every day for every action. None is a number too, but for an outage: a day without any event.
action_days as (

    select
        actions.action,
        coalesce(counted.event_count, 0) as event_count,
        case
            when count(counted.action) over (partition by calendar.date_day) > 0
                then coalesce(counted.event_count, 0)
        end as usual_count,
        calendar.date_day < observed.newest_ingest_date as is_over,
        calendar.date_day as event_date
    from calendar
    inner join observed
        on calendar.date_day between observed.first_date and observed.last_date
    cross join actions
    left join counted
        on actions.action = counted.action
        and calendar.date_day = counted.event_date

),

-- The counts of the same weekday in the four weeks before, the smallest first.
with_weeks as (

    select
        *,
        array_sort(
            filter(
                array[
                    lag(usual_count, 7) over action_dates, lag(usual_count, 14) over action_dates,
                    lag(usual_count, 21) over action_dates, lag(usual_count, 28) over action_dates
                ],
                n -> n is not null
            )
        ) as weeks
    from action_days
    window action_dates as (partition by action order by event_date)

),

-- Their median, which one odd week does not move.
with_expected as (

    select
        *,
        case cardinality(weeks)
            when 4 then cast(weeks[2] + weeks[3] as double) / 2
            when 3 then cast(weeks[2] as double)
        end as expected_count
    from with_weeks

),

final as (

    select
        action,
        event_count,
        expected_count,
        event_count - expected_count as deviation,
        is_over
        and abs(event_count - expected_count)
        > greatest(expected_count / 4, 4 * sqrt(greatest(expected_count, 1))) as is_anomaly,
        event_date
    from with_expected
    where event_count > 0 or expected_count > 0

)

select * from final
