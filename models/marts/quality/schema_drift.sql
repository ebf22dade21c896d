with

daily as (

    select
        event_count,
        event_date
    from {{ ref('int_events__daily') }}

),

carried as (

    select
        field,
        event_count,
        event_date
    from {{ ref('int_event_fields__daily') }}

),

days as (

    select
        sum(event_count) as event_count,
        event_date
    from daily
    group by event_date

),

fields as (

    select
        field,
        min(event_date) as first_date
    from carried
    group by field

),

-- Every observed day for every field, so that a day without it is seen too.
field_days as (

    select
        fields.field,
        fields.first_date,
        days.event_count,
        coalesce(carried.event_count, 0) as carrying_count,
        days.event_date
    from fields
    cross join days
    left join carried
        on fields.field = carried.field
        and days.event_date = carried.event_date

),

with_previous as (

    select
        field,
        first_date,
        event_count,
        carrying_count,
        sum(event_count) over previous_days as previous_event_count,
        sum(carrying_count) over previous_days as previous_carrying_count,
        lag(carrying_count) over (partition by field order by event_date) as last_carrying_count,
        event_date
    from field_days
    window previous_days as (
        partition by field
        order by event_date
        rows between 7 preceding and 1 preceding
    )

),

final as (

    select
        field,
        case
            when carrying_count > 0 and previous_carrying_count = 0 then 'appeared'
            when carrying_count = 0
                and last_carrying_count > 0
                -- none, though ten would be expected: hardly by chance
                and previous_carrying_count * event_count >= 10 * previous_event_count
                then 'disappeared'
        end as drift,
        event_count,
        carrying_count,
        cast(carrying_count as double) / event_count as share,
        cast(previous_carrying_count as double) / previous_event_count as previous_share,
        event_date
    from with_previous
    where event_date >= first_date
        and (carrying_count > 0 or previous_carrying_count > 0)

)

select * from final
