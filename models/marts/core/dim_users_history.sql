with

users as (

    select
        user_id,
        email_hash,
        country,
        plan,
        cast(signed_up_at as timestamp(3)) as signed_up_at,
        cast(updated_at as timestamp(3)) as updated_at,
        ingest_date
    from {{ ref('stg_raw__users') }}
    -- what cannot be read belongs to nobody, or to no time
    where user_id is not null
        and updated_at is not null

),

-- Sent twice, or corrected under the same time: what was received last counts. The columns after
-- it decide between two of one day, so that the answer is the same on every run.
numbered as (

    select
        user_id,
        email_hash,
        country,
        plan,
        signed_up_at,
        updated_at,
        row_number() over (
            partition by user_id, updated_at
            order by ingest_date desc, email_hash asc, country asc, plan asc, signed_up_at asc
        ) as received_number
    from users

),

with_previous as (

    select
        user_id,
        email_hash,
        country,
        plan,
        signed_up_at,
        updated_at,
        row_number() over user_updates as update_number,
        lag(email_hash) over user_updates as previous_email_hash,
        lag(country) over user_updates as previous_country,
        lag(plan) over user_updates as previous_plan,
        lag(signed_up_at) over user_updates as previous_signed_up_at
    from numbered
    where received_number = 1
    window user_updates as (partition by user_id order by updated_at)

),

changed as (

    select
        user_id,
        email_hash,
        country,
        plan,
        signed_up_at,
        updated_at
    from with_previous
    where update_number = 1
        or email_hash is distinct from previous_email_hash
        or country is distinct from previous_country
        or plan is distinct from previous_plan
        or signed_up_at is distinct from previous_signed_up_at

),

final as (

    select
        user_id,
        row_number() over user_versions as version_number,
        email_hash,
        country,
        plan,
        lead(updated_at) over user_versions is null as is_current,
        signed_up_at,
        updated_at as valid_from,
        lead(updated_at) over user_versions as valid_to
    from changed
    window user_versions as (partition by user_id order by updated_at)

)

select * from final
