with

versions as (

    select
        user_id,
        email_hash,
        country,
        plan,
        signed_up_at,
        valid_from,
        is_current
    from {{ ref('dim_users_history') }}

),

user_days as (

    select
        user_id,
        event_count,
        activity_date
    from {{ ref('fct_user_days') }}

),

profiles as (

    select
        user_id,
        email_hash,
        country,
        plan,
        signed_up_at,
        valid_from as updated_at
    from versions
    where is_current

),

activity as (

    select
        user_id,
        sum(event_count) as event_count,
        count(*) as active_days,
        min(activity_date) as first_active_on,
        max(activity_date) as last_active_on
    from user_days
    group by user_id

),

final as (

    select
        coalesce(profiles.user_id, activity.user_id) as user_id,
        profiles.email_hash,
        profiles.country,
        profiles.plan,
        coalesce(activity.event_count, 0) as event_count,
        coalesce(activity.active_days, 0) as active_days,
        profiles.user_id is not null as has_profile,
        profiles.signed_up_at,
        profiles.updated_at,
        activity.first_active_on,
        activity.last_active_on
    from profiles
    full outer join activity on profiles.user_id = activity.user_id

)

select * from final
