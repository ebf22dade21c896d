-- now() is fixed for a statement. Trino's current_timestamp(p) has p digits of a second.
create macro tr_now(digits) as
    timezone(
        'UTC',
        make_timestamp(epoch_us(now()) - epoch_us(now()) % cast(pow(10, 6 - digits) as bigint))
    );

create macro tr_floor_quotient(dividend, divisor) as
    (dividend - ((dividend % divisor) + divisor) % divisor) // divisor;

-- Java's division of integers: towards zero.
create macro tr_truncated_quotient(dividend, divisor) as
    cast((dividend - dividend % divisor) // divisor as bigint);

-- Trino's date functions cut off what is finer than milliseconds.
create macro tr_epoch_millis(value) as tr_floor_quotient(epoch_us(value), 1000);

-- Rounds half up to `unit` microseconds.
create macro tr_round_timestamp(value, unit) as
    time_bucket(to_microseconds(unit), value + to_microseconds(unit // 2));

create macro tr_int_amount(amount) as
    case
        when amount not between -2147483648 and 2147483647
            then tr_fail('INVALID_FUNCTION_ARGUMENT', 'integer overflow')
        else amount
    end;

create macro tr_elapsed_in_month(value) as
    epoch_us(value) - epoch_us(cast(date_trunc('month', value) as timestamp));

-- From January 31 to February 29 it is a month: the 31st counts as the last day of February.
create macro tr_months_forward(earlier, later) as
    12 * (year(later) - year(earlier)) + month(later) - month(earlier)
    - case
        when
            tr_elapsed_in_month(later)
            < tr_elapsed_in_month(earlier)
            - 86400000000
            * case
                when cast(later as date) = last_day(later)
                    then greatest(0, day(earlier) - day(later))
                else 0
            end
            then 1
        else 0
    end;

create macro tr_whole_months(start, stop) as
    case
        when stop < start
            then
                -tr_months_forward(
                    date_trunc('millisecond', stop), date_trunc('millisecond', start)
                )
        else tr_months_forward(date_trunc('millisecond', start), date_trunc('millisecond', stop))
    end;

-- A DATE takes intervals of whole days only.
create macro tr_date_plus(value, milliseconds, failure) as
    case
        when milliseconds % 86400000 = 0
            then cast(value + cast(milliseconds // 86400000 as integer) as date)
        else tr_fail('INVALID_FUNCTION_ARGUMENT', failure)::varchar::date
    end;

create macro tr_varchar_to_date(text) as
    case
        when text is null then null
        when regexp_full_match(text, '\s*[+-]?\d{4,}-\d{1,2}-\d{1,2}\s*')
            and try_cast(trim(text) as date) is not null
            then try_cast(trim(text) as date)
        else tr_fail('INVALID_CAST_ARGUMENT', 'Value cannot be cast to date: ' || text)::varchar::date
    end;

-- Digits after the seventh do not change a value that is rounded to six.
create macro tr_six_digits(text) as
    try_cast(
        regexp_extract(text, '^\s*([^.]*(?:\.\d{1,6})?)', 1) as timestamp
    ) + to_microseconds(case when regexp_matches(text, '\.\d{6}[5-9]') then 1 else 0 end);

create macro tr_text_moment(text, digits) as
    case
        when digits = 6 then tr_six_digits(text)
        else try_cast(regexp_extract(text, '^\s*([^.]*(?:\.\d{1,6})?)', 1) as timestamp)
    end;

-- What most data look like; '' for the rest.
create macro tr_plain_moment(text) as
    regexp_extract(
        text, '^\d{4}-\d{2}-\d{2} (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?$'
    );

-- The caller rounds what has more digits than `digits`, which is 6 where all count.
create macro tr_text_to_timestamp(text, digits) as
    case
        when text is null then null
        when try_cast(tr_plain_moment(text) as timestamp) is not null
            then try_cast(tr_plain_moment(text) as timestamp)
        when regexp_full_match(
            text, '\s*\d{4,}-\d{1,2}-\d{1,2}( (\d{1,2}:\d{1,2}(:\d{1,2}(\.\d+)?)?)?)?\s*'
        )
            and tr_text_moment(rtrim(text), digits) is not null
            then tr_text_moment(rtrim(text), digits)
        else tr_fail('INVALID_CAST_ARGUMENT', 'Value cannot be cast to timestamp: ' || text)::varchar::timestamp
    end;

create macro tr_zoned_text_part(text, part) as
    regexp_extract(
        text, '^\s*(\S+(?: \d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d+)?)?)?)\s*(.*?)\s*$', part
    );

-- CAST to a timestamp without zone reads a zone behind the moment and forgets it.
create macro tr_is_zone(text) as
    regexp_full_match(text, 'Z|Zulu|UCT|(UTC|GMT|UT)([+-]\d{1,2})?|[+-](0\d|1[0-3])(:?[0-5]\d)?|[+-]14(:?00)?')
    or (regexp_full_match(text, '[A-Z][A-Za-z]+(/[A-Z][A-Za-z_-]+)+')
        and timezone(text, TIMESTAMP '2020-01-01') is not null);

create macro tr_varchar_to_timestamp(text, digits := 6) as
    case
        when tr_is_zone(tr_zoned_text_part(text, 2))
            then tr_text_to_timestamp(tr_zoned_text_part(text, 1), digits)
        else tr_text_to_timestamp(text, digits)
    end;

create macro tr_zoned_text_local(text) as
    case when text is not null then tr_zoned_text_part(text, 1) end;

create macro tr_zoned_text_zone(text) as
    case
        when text is null then null
        when tr_zoned_text_part(text, 2) in ('', 'Z', 'UTC', 'GMT', 'Etc/UTC', 'Zulu') then 'UTC'
        when regexp_full_match(
            tr_zoned_text_part(text, 2), '[+-](0\d|1[0-3])(:?[0-5]\d)?|[+-]14(:?00)?'
        )
            then tr_offset_id(tr_zoned_text_part(text, 2))
        else tr_fail('NOT_SUPPORTED', 'the time zone of ''' || text || ''' is not supported locally')::varchar
    end;

create macro tr_from_unixtime(seconds) as
    timezone(
        'UTC',
        make_timestamp(
            1000
            * cast(
                floor(seconds * 1000)
                + case when seconds * 1000 - floor(seconds * 1000) >= 0.5 then 1 else 0 end
                as bigint
            )
        )
    );

-- Milliseconds between two moments in microseconds, rounded as Trino does it for timestamps ...
create macro tr_apart(stop, start) as tr_floor_quotient(stop - start + 500, 1000);

-- ... and for timestamps with time zone, whose milliseconds are subtracted first.
create macro tr_zoned_apart(stop, start) as
    tr_floor_quotient(stop, 1000)
    - tr_floor_quotient(start, 1000)
    + case
        when stop - 1000 * tr_floor_quotient(stop, 1000) - (start - 1000 * tr_floor_quotient(start, 1000)) >= 500
            then 1
        when stop - 1000 * tr_floor_quotient(stop, 1000) - (start - 1000 * tr_floor_quotient(start, 1000)) <= -500
            then -1
        else 0
    end;

create macro tr_interval_times(amount, factor) as
    case
        when isnan(factor)
            then tr_fail('INVALID_FUNCTION_ARGUMENT', 'Cannot multiply by double NaN')
        else cast(trunc(amount * factor) as bigint)
    end;

create macro tr_interval_over(amount, divisor) as
    case
        when isnan(divisor) or divisor = 0
            then
                tr_fail(
                    'INVALID_FUNCTION_ARGUMENT',
                    'Cannot divide by double ' || case when divisor = 0 then '0.0' else 'NaN' end
                )
        else cast(trunc(amount / divisor) as bigint)
    end;
