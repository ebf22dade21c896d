-- What stands on each line of one file of users: a profile that is new, or changed, on this day.
create or replace temp table profiles as
with versions as (
    select u, true as is_new,
    from range($first_own + 1, $end_own + 1) as users (u)
    union all
    select u, false,
    from changes
    where day = $day and rank >= $first_extra and rank < $end_extra
),

changed as (
    select
        *,
        upgrade_day(u) as upgraded,
        move_day(u) as moved,
        coalesce(upgraded <= $day, false) as has_upgraded,
        coalesce(moved <= $day, false) as has_moved,
        greatest(coalesce(upgraded, 0), coalesce(moved, 0)) <= $day as is_last,
        $start_ms + $day::bigint * 86400000 as today,
        case
            when u > $old_users
                then $start_ms + sign_up_day(u) * 86400000 + sign_up_clock(u)
            -- two years of sign-ups before the first day
            else $start_ms
                - floor(63072000000.0 * ($old_users - u + unit(u, 'sign-up')) / $old_users)::bigint
                - 1
        end as signed_up_at,
        case
            when is_new then signed_up_at
            else greatest(
                case
                    when upgraded = $day then today + below(u, 'upgrade time', 86400000) else 0
                end,
                case when moved = $day then today + below(u, 'move time', 86400000) else 0 end
            )
        end as updated_at,
    from versions
),

named as (
    select
        *,
        home(u) as location,
        first_plan(u) + has_upgraded::bigint as plan,
        floor($countries * unit(u, 'country') * unit(u, 'country'))::bigint as first_country,
        case
            when has_moved
                then (first_country + 1 + below(u, 'new country', $countries - 1)) % $countries
            else first_country
        end as country,
    from changed
),

final as (
    select
        is_new,
        is_last,
        getvariable('country')[1 + location * $countries + country] as country,
        ['free', 'pro', 'business'][1 + plan] as plan,
        updated_at,
        u,
        concat(
            '{"user_id":',
            u,
            ',"name":"',
            getvariable('given_name')[1 + location * $names + below(u, 'given name', $names)],
            ' ',
            getvariable('family_name')[1 + location * $names + below(u, 'family name', $names)],
            '","email":"',
            getvariable('handle')[1 + below(u, 'handle', $handles)],
            '.',
            u,
            '@example.',
            ['com', 'net', 'org'][1 + below(u, 'domain', 3)],
            '","country":"',
            getvariable('country')[1 + location * $countries + country],
            '","plan":"',
            ['free', 'pro', 'business'][1 + plan],
            strftime(make_timestamp_ms(signed_up_at), '","signed_up_at":"%Y-%m-%dT%H:%M:%S.%gZ'),
            strftime(make_timestamp_ms(updated_at), '","updated_at":"%Y-%m-%dT%H:%M:%S.%gZ"}')
        ) as line,
    from named
)

select * from final order by updated_at, u;
