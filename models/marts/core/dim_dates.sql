with

-- Athena's sequence gives 10,000 entries at most, which are 27 years.
days as (

    select calendar.date_day
    from
        unnest(
            sequence(date '{{ var("calendar_from") }}', date '{{ var("calendar_to") }}')
        ) as calendar (date_day)

),

final as (

    select
        date_day,
        date_format(date_day, '%W') as day_name,
        cast(day_of_week(date_day) as integer) as day_of_week,
        cast(week(date_day) as integer) as iso_week,
        cast(year_of_week(date_day) as integer) as iso_year,
        cast(month(date_day) as integer) as month_number,
        cast(quarter(date_day) as integer) as quarter_number,
        cast(year(date_day) as integer) as year_number,
        day_of_week(date_day) in (6, 7) as is_weekend,
        cast(date_trunc('week', date_day) as date) as week_start,
        cast(date_trunc('month', date_day) as date) as month_start
    from days

)

select * from final
