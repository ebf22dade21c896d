with

published_days as (

    select
        publication,
        published_at,
        event_date
    from {{ source('user_activity_cleaned', 'published_days') }}

)

select * from published_days
