-- Instants and local times. A zone is a region's name here; fixed offsets are plain arithmetic
-- (localaws/sql/time_zones.py). Source of the rules: Joda-Time's convertLocalToUTC (not strict).

create macro tr_guessed_instant(local_time, zone, near) as
    timezone('UTC', local_time - (timezone(zone, near) - timezone('UTC', near)));

create macro tr_instant_of_guess(local_time, zone, guess) as
    case
        when timezone(zone, tr_guessed_instant(local_time, zone, guess)) = local_time
            then tr_guessed_instant(local_time, zone, guess)
        -- Clocks skip this time.
        else greatest(guess, tr_guessed_instant(local_time, zone, guess))
    end;

create macro tr_instant(local_time, zone) as
    tr_instant_of_guess(
        local_time, zone, tr_guessed_instant(local_time, zone, timezone('UTC', local_time))
    );

create macro tr_instant_near(local_time, zone, near) as
    case
        when timezone(zone, tr_guessed_instant(local_time, zone, near)) = local_time
            then tr_guessed_instant(local_time, zone, near)
        else tr_instant(local_time, zone)
    end;

-- Arguments that stand several times are bound by a lambda: a macro would compute each again.

-- Minutes of a fixed zone's id: UTC, +hh:mm or -hh:mm.
create macro tr_offset_minutes(zone) as
    list_transform(
        [zone],
        lambda z: case
            when z = 'UTC' then 0
            else
                (case when z[1] = '-' then -1 else 1 end)
                * (60 * cast(substr(z, 2, 2) as integer) + cast(substr(z, 5, 2) as integer))
        end
    )[1];

-- The id of an offset as it is written in data: Z, +hh, +hhmm or +hh:mm; '' is UTC.
create macro tr_offset_id(written) as
    list_transform(
        [written],
        lambda w: case
            when w in ('', 'Z', 'z', '+00', '+0000', '+00:00', '-00', '-0000', '-00:00') then 'UTC'
            else w[:3] || ':' || rpad(right(replace(substr(w, 4), ':', ''), 2), 2, '0')
        end
    )[1];

create macro tr_local_at(instant, zone) as
    timezone('UTC', instant) + to_minutes(tr_offset_minutes(zone));

create macro tr_instant_at(local_time, zone) as
    timezone('UTC', local_time - to_minutes(tr_offset_minutes(zone)));

-- The engine keeps no zone beside an instant, so one that only the data tells must be UTC.
create macro tr_in_utc(instant, zone) as
    case
        when coalesce(zone, 'UTC') = 'UTC' then instant
        else
            tr_fail(
                'NOT_SUPPORTED',
                'the time zone ' || zone || ', which only the data tells, is not supported locally: '
                || 'say which zone you want, e.g. at_timezone(x, ''UTC'')'
            )::varchar::timestamptz
    end;
