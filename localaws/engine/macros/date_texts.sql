-- Texts of moments, intervals and durations.

create macro tr_invalid_format(text) as
    tr_fail('INVALID_FUNCTION_ARGUMENT', 'Invalid format: "' || text || '"')::varchar::timestamp;

-- A date that is read together with its weekday; Joda-Time moves it to that day of its week.
create macro tr_on_weekday(day, weekday) as
    case
        when isodow(day) = weekday then day
        else
            tr_fail(
                'NOT_SUPPORTED', 'a date whose weekday is another one is not supported locally'
            )::varchar::date
    end;

create macro tr_offset_text(local_time, in_utc, colon) as
    (case when local_time < in_utc then '-' else '+' end)
    || format('{:02d}', abs(epoch_us(local_time) - epoch_us(in_utc)) // 3600000000)
    || colon
    || format('{:02d}', abs(epoch_us(local_time) - epoch_us(in_utc)) // 60000000 % 60);

create macro tr_iso8601_zone(local_time, in_utc) as
    case
        when local_time = in_utc then 'Z'
        when (epoch_us(local_time) - epoch_us(in_utc)) % 60000000 <> 0
            then
                tr_fail(
                    'INVALID_ARGUMENTS',
                    'Timezone with non-zero seconds offset cannot be rendered as ISO8601'
                )::varchar
        else tr_offset_text(local_time, in_utc, ':')
    end;

create macro tr_iso8601_offset(text) as
    case
        when suffix(text, 'Z') then 'Z'
        else regexp_extract(text, '[Tt].*?([Zz]|[+-]\d{2}(?::?\d{2})?)$', 1)
    end;

-- `y` year, `m` month, `d` day, `n` day of the year, `w` week, `e` day of the week; '' is absent.
create macro tr_iso8601_day(p) as
    case
        when p.y = '' then date '1970-01-01'
        when p.w <> ''
            then tr_week_date(p.y::integer, p.w::integer, coalesce(try_cast(p.e as integer), 1))
        when p.n <> '' then tr_ordinal_date(p.y::integer, p.n::integer)
        else
            try_cast(
                lpad(p.y, 4, '0') || '-' || coalesce(nullif(p.m, ''), '1')
                || '-' || coalesce(nullif(p.d, ''), '1') as date
            )
    end;

create macro tr_week_monday(year, week) as
    cast(
        make_date(year, 1, 4) - cast(isodow(make_date(year, 1, 4)) - 1 - 7 * (week - 1) as integer)
        as date
    );

create macro tr_week_date(year, week, weekday) as
    case
        when week between 1 and 53 and weekday between 1 and 7 and isoyear(tr_week_monday(year, week)) = year
            then cast(tr_week_monday(year, week) + cast(weekday - 1 as integer) as date)
    end;

create macro tr_ordinal_date(year, number) as
    case
        when number between 1 and 366 and year(cast(make_date(year, 1, 1) + cast(number - 1 as integer) as date)) = year
            then cast(make_date(year, 1, 1) + cast(number - 1 as integer) as date)
    end;

create macro tr_iso8601_time(p) as
    case
        when coalesce(try_cast(p.h as integer), 0) <= 23
            and coalesce(try_cast(p.i as integer), 0) <= 59
            and coalesce(try_cast(p.s as integer), 0) <= 59
            then
                to_microseconds(
                    coalesce(try_cast(p.h as bigint), 0) * 3600000000
                    + coalesce(try_cast(p.i as bigint), 0) * 60000000
                    + coalesce(try_cast(p.s as bigint), 0) * 1000000
                    + coalesce(try_cast(rpad(nullif(p.f, ''), 3, '0') as bigint), 0) * 1000
                )
    end;

create macro tr_iso8601_read(text, shape) as
    list_transform(
        [text],
        lambda t: case
            when t is not null
                then
                    coalesce(
                        case
                            when t <> '' and regexp_full_match(t, shape)
                                then
                                    list_transform(
                                        [
                                            regexp_extract(
                                                t,
                                                '^(?:' || shape || ')$',
                                                ['y', 'm', 'd', 'w', 'e', 'n', 'h', 'i', 's', 'f']
                                            )
                                        ],
                                        lambda p: tr_iso8601_day(p) + tr_iso8601_time(p)
                                    )[1]
                        end,
                        tr_invalid_format(t)
                    )
        end
    )[1];

-- The local time of a moment, of whole milliseconds; its offset is tr_iso8601_offset. What most
-- data look like is read by the engine's own cast, which is several times faster.
create macro tr_iso8601_local(text) as
    coalesce(
        date_trunc(
            'millisecond',
            try_cast(
                regexp_extract(
                    text,
                    '^(\d{4}-\d{2}-\d{2}T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?)(?:Z|[+-]\d{2}(?::?\d{2})?)?$',
                    1
                ) as timestamp
            )
        ),
        tr_iso8601_read(
            text,
            '(?:(\d{1,4})(?:-(\d{1,2})(?:-(\d{1,2}))?|-[Ww](\d{1,2})(?:-(\d))?|-(\d{3}))?)?'
            || '(?:[Tt](?:(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,9}))?)?)?)?(?:[Zz]|[+-]\d{2}(?::?\d{2})?)?)?'
        )
    );

create macro tr_iso8601_date(text) as
    tr_iso8601_read(
        text,
        '(\d{1,4})(?:-(\d{1,2})(?:-(\d{1,2}))?|-[Ww](\d{1,2})(?:-(\d))?|-(\d{3}))?()()()()'
    );

create macro tr_day_to_second_text(amount) as
    (case when amount < 0 then '-' else '' end)
    || (abs(amount) // 86400000)::varchar
    || ' '
    || format('{:02d}', abs(amount) // 3600000 % 24)
    || ':'
    || format('{:02d}', abs(amount) // 60000 % 60)
    || ':'
    || format('{:02d}', abs(amount) // 1000 % 60)
    || '.'
    || format('{:03d}', abs(amount) % 1000);

create macro tr_year_to_month_text(amount) as
    (case when amount < 0 then '-' else '' end)
    || (abs(amount) // 12)::varchar || '-' || (abs(amount) % 12)::varchar;

create macro tr_period(amount, unit) as
    case
        when amount = 1 then '1 ' || unit
        when amount > 1 then amount::bigint::varchar || ' ' || unit || 's'
    end;

create macro tr_whole_seconds(seconds) as cast(floor(abs(seconds) + 0.5) as bigint);

create macro tr_human_readable_seconds(seconds) as
    case
        when seconds is null then null
        when isnan(seconds) or isinf(seconds)
            then
                tr_fail(
                    'INVALID_FUNCTION_ARGUMENT', 'Invalid argument found: ' || tr_float_to_varchar(seconds)
                )::varchar
        when tr_whole_seconds(seconds) = 0 then '0 seconds'
        else
            concat_ws(
                ', ',
                tr_period(tr_whole_seconds(seconds) // 604800, 'week'),
                tr_period(tr_whole_seconds(seconds) // 86400 % 7, 'day'),
                tr_period(tr_whole_seconds(seconds) // 3600 % 24, 'hour'),
                tr_period(tr_whole_seconds(seconds) // 60 % 60, 'minute'),
                tr_period(tr_whole_seconds(seconds) % 60, 'second')
            )
    end;

-- Airlift's Duration: rounded half up to milliseconds.
create macro tr_parse_duration(text) as
    case
        when text is null then null
        when regexp_full_match(text, '\s*\d+(\.\d+)?\s*(ns|us|ms|s|m|h|d)\s*')
            then
                cast(
                    floor(
                        regexp_extract(text, '\d+(?:\.\d+)?')::double
                        * case regexp_extract(text, '[a-z]+')
                            when 'ns' then 1e-6
                            when 'us' then 1e-3
                            when 'ms' then 1e0
                            when 's' then 1e3
                            when 'm' then 60e3
                            when 'h' then 3600e3
                            else 86400e3
                        end
                        + 0.5
                    ) as bigint
                )
        else
            tr_fail(
                'INVALID_FUNCTION_ARGUMENT',
                case
                    when text = '' then 'duration is empty'
                    when regexp_full_match(text, '\s*\d+(\.\d+)?\s*[a-zA-Z]+\s*')
                        then 'Unknown time unit: ' || regexp_extract(text, '[a-zA-Z]+')
                    else 'duration is not a valid data duration string: ' || text
                end
            )::varchar::bigint
    end;
