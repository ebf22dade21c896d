with

locations as (

    select
        location,
        location_name
    from {{ ref('locations') }}

),

daily as (

    select
        location,
        event_count,
        first_event_at,
        last_event_at
    from {{ ref('int_events__daily') }}

),

observed as (

    select
        location,
        sum(event_count) as event_count,
        min(first_event_at) as first_event_at,
        max(last_event_at) as last_event_at
    from daily
    group by location

),

final as (

    select
        coalesce(locations.location, observed.location) as location,
        coalesce(locations.location_name, observed.location) as location_name,
        coalesce(observed.event_count, 0) as event_count,
        cast(observed.first_event_at as timestamp(3)) as first_event_at,
        cast(observed.last_event_at as timestamp(3)) as last_event_at
    from locations
    full outer join observed on locations.location = observed.location

)

select * from final
