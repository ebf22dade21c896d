-- What stands on each line of one file of logs, in the order in which the lines arrived.
-- `role`: 0 an event, 1 a duplicate, 2 malformed.
create or replace temp table arrivals as
with slots as (
    select 0 as kind, i as id, i, $day as day, null::integer as breakage,
    from range($first_own, $end_own) as events (i)
    where i not in (select i from late where i >= $first_own and i < $end_own)
    union all
    select kind, id, i, day, breakage,
    from extras
    where landing = $day and rank >= $first_extra and rank < $end_extra
),

roles as (
    select
        slots.*,
        -- of two copies the first one in the order of files is the event
        case
            when kind = 2 then 2
            when (kind = 1) = (displaced.i is null) then 1
            else 0
        end as role,
    from slots
    left join (from displaced where landing = $day) as displaced on slots.i = displaced.i
),

-- The day's events are the steps of one session after another.
steps as (
    select
        *,
        getvariable('step')[1 + (i - first_of_day(day)) % $steps] as code,
        code & 15 as action,
        (code >> 12) & 16777215 as since_start,
        code >> 36 as duration,
        -- numbered by its first event
        i - ((code >> 4) & 255) as session,
    from roles
),

users as (
    select
        *,
        users_before(day) as users_there,
        users_before(day + 1) - users_there as newcomers,
        newcomers > 0 and draw(session, 'who') & 15 = 0 as is_new,
        case
            when is_new then 1 + users_there + below(session, 'newcomer', newcomers)
            -- cubed: the most active 1 % of the users have about a fifth of the sessions
            else 1 + floor(
                users_there * unit(session, 'user') * unit(session, 'user') * unit(session, 'user')
            )::bigint
        end as user_id,
    from steps
),

clients as (
    select
        *,
        draw(user_id, 'client') as client,
        -- some sessions are on another device or on a journey
        case
            when draw(session, 'device') % 10 = 0 then (draw(session, 'device') >> 8) % 3
            when client % 10 < 6 then 0
            when client % 10 < 9 then 1
            else 2
        end::bigint as device,
        case
            when draw(session, 'journey') % 50 = 0
                then ((draw(session, 'journey') >> 8) % 3)::bigint
            else home(user_id)
        end as location,
        day >= $drift_day and unit(user_id, 'release') < $drift as is_new_release,
        case when is_new_release then (client >> 8) % 3 end as conversion,
        case
            when conversion = 2 then 14 + (client >> 16) % 2
            when (client >> 16) % 10 = 0 then 12
            when (client >> 24) % 50 = 0 then 13
            else (client >> 32) % $versions
        end::bigint as version,
    from users
),

clocked as (
    select
        *,
        0.5 + unit(session, 'pace') as pace,
        draw(session, 'start') as start,
        case
            when is_new then 1000 + sign_up_clock(user_id) + (start % 9000000)::bigint
            else
                getvariable('hour')[
                    1 + location * $hours + (start % $hours)::bigint
                ] * 3600000 + ((start >> 16) % 3600000)::bigint
        end as start_clock,
        floor(pace * since_start)::bigint as delay,
        floor(pace * duration)::bigint + 1 as length,
        -- no session goes on after midnight, which decides between on time and late
        start_clock + delay - case when start_clock + length > 86400000 then length else 0 end
        as clock,
        case
            when unit(user_id, 'clock is wrong') < $skew
                then (60000 + floor(
                    21600000 * unit(user_id, 'skew') * unit(user_id, 'skew')
                )::bigint) * (1 - 2 * (client >> 48) % 2)::bigint
            else 0
        end as skew,
    from clients
),

final as (
    select
        role::tinyint as role,
        id,
        i,
        breakage::tinyint as breakage,
        case
            when action = 1 and $drift > 0 and day >= $share_day and draw(i, 'share') % 200 = 0
                then 4
            else action
        end::tinyint as action,
        user_id,
        location::tinyint as location,
        ((version * 3 + device) * 3 + location)::smallint as client,
        conversion::tinyint as conversion,
        $drift > 0 and day >= $drift_day and draw(session, 'experiment') & 3 = 0 as is_experiment,
        make_timestamp_ms($start_ms + day::bigint * 86400000 + clock + skew) as event_at,
        -- of its arrival, in milliseconds; late lines and second copies come at any time
        case when kind in (0, 2) then clock else below(id, 'arrival ' || kind, 86400000) end
        * 4294967296 + id as rank,
    from clocked
)

-- two of one rank are copies
select * exclude (rank) from final order by rank;

-- The lines themselves.
create or replace temp view lines as
with documents as (
    select
        *,
        concat(
            '{"event_id":"',
            event_uuid(id),
            case when conversion = 0 then '","user_id":"' else '","user_id":' end,
            user_id,
            case when conversion = 0 then '"' end,
            case action
                when 0 then ',"action":"login'
                when 1 then ',"action":"view'
                when 2 then ',"action":"purchase'
                when 3 then ',"action":"logout'
                else ',"action":"share'
            end,
            strftime(event_at, '","timestamp":"%Y-%m-%dT%H:%M:%S.%gZ","metadata":{'),
            getvariable('client_text')[1 + client],
            case when is_experiment then ',"experiment":"short-checkout"' end,
            case when conversion is not null then ',"app_build":4711' end,
            case
                when action in (1, 4)
                    then concat(',"page":', getvariable('page')[1 + below(i, 'page', $pages)], '}}')
                when action = 2
                    then concat(
                        ',"purchase":{"order_id":"',
                        to_hex(draw(i, 'order')),
                        case location
                            when 0 then '","currency":"USD",'
                            when 1 then '","currency":"EUR",'
                            else '","currency":"SGD",'
                        end,
                        case
                            when conversion = 1
                                then getvariable('basket_as_strings')[basket_of(i)]
                            else getvariable('basket_text')[basket_of(i)]
                        end,
                        '}}}'
                    )
                else '}}'
            end
        ) as document,
    from arrivals
),

broken as (
    select
        *,
        case
            when breakage is null then document
            else $broken_document
        end as text,
    from documents
),

final as (
    select
        -- lines that are odd and yet as good as others
        case draw(id, 'oddity') & 1023
            when 0 then text || chr(13)
            when 1 then text || chr(13)
            when 2 then chr(10) || text
            when 3 then ' ' || chr(9) || chr(13) || chr(10) || text
            when 4 then '  ' || text || chr(9)
            else text
        end as line,
    from broken
)

select * from final;
