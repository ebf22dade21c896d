-- What stands on each line of one landed file, top down. Grain: one row per line.
create temp table slots as
with events as (
    select i as position, 0 as tie, i, $day as day, 'event' as kind,
    from range($first_event, $end_event) as events (i)
),

extra_lines as (
    -- extra lines at the place of an event stand before it
    select position, tie - $extras - 1 as tie, i, day, kind,
    from extras
    where landing = $day and line_number >= $first_line and line_number < $end_line
),

final as (
    select i, day, kind,
    from (from events union all from extra_lines)
    order by position, tie
)

select * from final;

-- The slots filled in: the text of the line, and what the ground truth counts.
create temp view lines as
with ranked as (
    select
        *,
        unit(i, 'user') as user_rank,
        unit(i, 'action') as action_rank,
        unit(i, 'delay') as delay,
        unit(i, 'clock') + unit(i, 'clock again') as clock,
        kind in ('event', 'duplicate')
        and i >= first_of_day(1)
        and is_picked(
            greatest(i - first_of_day(1), 0), $late, $events - first_of_day(1), 'late'
        ) as is_late,
    from slots
),

actors as (
    select
        *,
        -- cubed: the most active 1 % of the users make about a fifth of the events
        1 + floor($users * user_rank * user_rank * user_rank)::bigint as user_id,
        case
            when action_rank < 0.60 then 'view'
            when action_rank < 0.78 then 'login'
            when action_rank < 0.90 then 'logout'
            else 'purchase'
        end as action,
        day - case when is_late then 1 + floor(day * delay * delay)::bigint else 0 end as event_day,
    from ranked
),

profiled as (
    select
        *,
        1 + below(user_id, 'profile', $profiles) as profile,
        1 + below(i, 'page', $pages) as page,
        1 + below(i, 'basket', $baskets) as basket,
        -- the mean of two draws: more events at noon than at midnight
        make_timestamp_ms(
            $start_ms + event_day * 86400000 + floor(43200000 * clock)::bigint
        ) as event_at,
    from actors
),

located as (
    select
        *,
        -- a few events are sent while travelling, or from another device
        case below(i, 'travel', 50)
            when 0 then ['US', 'EU', 'ASIA'][1 + below(i, 'destination', 3)]
            else getvariable('profile_location')[profile]
        end as location,
        case below(i, 'other device', 10)
            when 0 then ['mobile', 'desktop', 'tablet'][1 + below(i, 'device', 3)]
            else getvariable('profile_device')[profile]
        end as device,
    from profiled
),

fields as (
    select
        *,
        concat('"event_id":"', event_uuid(i), '"') as event_id_field,
        concat('"user_id":', case kind when 'bad_type' then '"abc"' else user_id::varchar end)
        as user_id_field,
        concat('"action":"', action, '"') as action_field,
        concat(
            '"timestamp":"',
            case kind
                when 'bad_timestamp'
                    then [
                        'yesterday', 'T10:00', '2025-02-30T10:00:00.000Z', '2025-01-01T25:00:00.000Z'
                    ][1 + below(i, 'timestamp', 4)]
                else strftime(event_at, '%Y-%m-%dT%H:%M:%S.%gZ')
            end,
            '"'
        ) as timestamp_field,
        concat(
            '"metadata":{"device":"',
            device,
            '","location":"',
            location,
            '"',
            getvariable('profile_version')[profile],
            case action
                when 'view' then concat(',"page":', getvariable('page')[page])
                when 'purchase'
                    then concat(
                        ',"purchase":{"order_id":"',
                        to_hex(draw(i, 'order')),
                        '","currency":"',
                        case location when 'US' then 'USD' when 'EU' then 'EUR' else 'SGD' end,
                        '",',
                        getvariable('basket_json')[basket],
                        '}'
                    )
            end,
            '}'
        ) as metadata_field,
    from located
),

documents as (
    select
        *,
        concat(
            '{',
            concat_ws(
                ',', event_id_field, user_id_field, action_field, timestamp_field, metadata_field
            ),
            '}'
        ) as document,
    from fields
),

final as (
    select
        kind,
        is_late,
        location,
        action,
        event_day,
        case when action = 'purchase' then getvariable('basket_size')[basket] else 0 end
        as item_count,
        case kind
            when 'truncated' then left(document, 1 + below(i, 'cut', len(document) - 1))
            when 'not_json' then concat(event_at, ' ERROR upstream timed out')
            when 'missing_field' then '{' || concat_ws(
                ',',
                case when below(i, 'missing', 5) != 0 then event_id_field end,
                case when below(i, 'missing', 5) != 1 then user_id_field end,
                case when below(i, 'missing', 5) != 2 then action_field end,
                case when below(i, 'missing', 5) != 3 then timestamp_field end,
                case when below(i, 'missing', 5) != 4 then metadata_field end
            ) || '}'
            else document
        end as line,
    from documents
)

select * from final;
