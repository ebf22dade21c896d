-- now() is fixed for a statement and has millisecond precision on Athena.
create macro tr_now() as date_trunc('millisecond', now());

-- Rounds half up to `unit` microseconds.
create macro tr_round_timestamp(value, unit) as
    time_bucket(to_microseconds(unit), value + to_microseconds(unit // 2));

create macro tr_varchar_to_date(text) as
    case
        when text is null then null
        when regexp_full_match(text, '\s*[+-]?\d{4,}-\d{1,2}-\d{1,2}\s*')
            and try_cast(trim(text) as date) is not null
            then try_cast(trim(text) as date)
        else tr_fail('INVALID_CAST_ARGUMENT', 'Value cannot be cast to date: ' || text)::varchar::date
    end;

create macro tr_varchar_to_timestamp(text) as
    case
        when text is null then null
        when regexp_full_match(
            text, '\s*\d{4,}-\d{1,2}-\d{1,2}( \d{1,2}:\d{1,2}(:\d{1,2}(\.\d{1,6})?)?)?\s*'
        )
            and try_cast(trim(text) as timestamp) is not null
            then try_cast(trim(text) as timestamp)
        else tr_fail('INVALID_CAST_ARGUMENT', 'Value cannot be cast to timestamp: ' || text)::varchar::timestamp
    end;

create macro tr_from_iso8601_date(text) as
    case
        when text is null then null
        when regexp_full_match(text, '\d{4}-\d{2}-\d{2}')
            and try_cast(text as date) is not null
            then try_cast(text as date)
        else tr_fail('INVALID_FUNCTION_ARGUMENT', 'Invalid format: "' || text || '"')::varchar::date
    end;

create macro tr_iso8601_time(text) as
    case
        when text = '' then to_seconds(0)
        when try_cast(substr(text, 1, 2) as integer) > 23
            or try_cast(substr(text, 4, 2) as integer) > 59
            or try_cast(substr(text, 7, 2) as integer) > 59
            then null
        else
            to_hours(cast(substr(text, 1, 2) as integer))
            + to_minutes(coalesce(try_cast(substr(text, 4, 2) as integer), 0))
            + to_seconds(coalesce(try_cast(substr(text, 7, 2) as integer), 0))
            + to_microseconds(coalesce(try_cast(rpad(substr(text, 10), 6, '0') as integer), 0))
    end;

create macro tr_iso8601_offset(text) as
    case
        when text = '' then to_minutes(0)
        else
            to_minutes(
                (case when text[1] = '-' then -1 else 1 end)
                * (
                    60 * cast(substr(text, 2, 2) as integer)
                    + coalesce(try_cast(right(replace(substr(text, 4), ':', ''), 2) as integer), 0)
                )
            )
    end;

create macro tr_iso8601_parsed(text) as
    date_trunc(
        'millisecond',
        timezone(
            'UTC',
            try_cast(regexp_extract(text, '^\d{4}-\d{2}-\d{2}') as timestamp)
        )
        + tr_iso8601_time(regexp_extract(text, 'T(\d{2}(:\d{2}(:\d{2}([.,]\d{1,6})?)?)?)', 1))
        - tr_iso8601_offset(regexp_extract(text, 'T.*([+-]\d{2}(:?\d{2})?)$', 1))
    );

-- A text without zone is in the session's zone, which is UTC on Athena.
create macro tr_from_iso8601_timestamp(text) as
    case
        when text is null then null
        when regexp_full_match(
            text,
            '\d{4}-\d{2}-\d{2}(T\d{2}(:\d{2}(:\d{2}([.,]\d{1,9})?)?)?(Z|[+-]\d{2}(:?\d{2})?)?)?'
        )
            and tr_iso8601_parsed(text) is not null
            then tr_iso8601_parsed(text)
        else tr_fail('INVALID_FUNCTION_ARGUMENT', 'Invalid format: "' || text || '"')::varchar::timestamptz
    end;

create macro tr_from_unixtime(seconds) as
    timezone('UTC', make_timestamp(cast(round(seconds * 1000) as bigint) * 1000));

-- `shape` is the pattern as a regular expression: strptime overlooks spaces. `prefix` is
-- 1970-01-01 (in `pattern` too) where the pattern has no year: strptime would take 1900.
create macro tr_date_parse(text, pattern, shape, prefix) as
    case
        when text is null then null
        when regexp_full_match(text, shape) and try_strptime(prefix || text, pattern) is not null
            then date_trunc('millisecond', try_strptime(prefix || text, pattern))
        else tr_fail('INVALID_FUNCTION_ARGUMENT', 'Invalid format: "' || text || '"')::varchar::timestamp
    end;

-- A DATE takes intervals of whole days only.
create macro tr_whole_days(amount) as
    case
        when epoch_us(timestamp '2000-01-01' + amount) % 86400000000 = 0 then amount
        else
            to_days(
                tr_fail(
                    'INVALID_FUNCTION_ARGUMENT',
                    'Cannot add hour, minutes or seconds to a date'
                )
            )
    end;
