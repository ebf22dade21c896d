with

user_activity_excluded as (

    select
        event_id,
        user_id,
        reason,
        action,
        event_at,
        ingest_date,
        event_date
    from {{ source('user_activity_cleaned', 'user_activity_excluded') }}

)

select * from user_activity_excluded
