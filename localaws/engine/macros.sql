-- Trino's semantics where DuckDB's differ. Each macro is used by localaws/sql; the tests in
-- tests/localaws/sql hold them against Trino's documentation.

-- Fails with a Trino error. A cast is used because error() is volatile, which TRY rejects; the
-- engine finds code and message in the text that does not convert.
create macro tr_fail(code, message) as cast('@' || code || '@' || message || '@' as integer);

-- ---- time

-- now() is fixed for a statement and has millisecond precision on Athena.
create macro tr_now() as date_trunc('millisecond', now());

-- Rounds half up to `unit` microseconds.
create macro tr_round_timestamp(value, unit) as
    value - to_microseconds(((epoch_us(value) % unit) + unit) % unit)
    + to_microseconds(
        case when ((epoch_us(value) % unit) + unit) % unit * 2 >= unit then unit else 0 end
    );

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

create macro tr_date_parse(text, pattern) as
    case
        when text is null then null
        when try_strptime(text, pattern) is not null
            then date_trunc('millisecond', try_strptime(text, pattern))
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

-- ---- numbers

create macro tr_integer_divide(a, b) as
    case when b = 0 then tr_fail('DIVISION_BY_ZERO', 'Division by zero') else a // b end;

create macro tr_integer_mod(a, b) as
    case when b = 0 then tr_fail('DIVISION_BY_ZERO', 'Division by zero') else a % b end;

create macro tr_decimal_mod(a, b) as
    case when b = 0 then tr_fail('DIVISION_BY_ZERO', 'Division by zero') else a % b end;

create macro tr_float_mod(a, b) as
    case when b = 0 then 'nan'::double else a % b end;

-- Whole numbers divided, ties away from zero.
create macro tr_divide_half_up(a, b) as
    case
        when b = 0 then tr_fail('DIVISION_BY_ZERO', 'Division by zero')
        else
            a // b
            + case
                when 2 * abs(a % b) >= abs(b) then (case when (a < 0) = (b < 0) then 1 else -1 end)
                else 0
            end
    end;

create macro tr_sqrt(x) as case when x < 0 then 'nan'::double else sqrt(x) end;

create macro tr_integer_text(text, type) as
    case
        when text is null then null
        when regexp_full_match(text, '[+-]?\d+') then text
        else tr_fail('INVALID_CAST_ARGUMENT', 'Cannot cast ''' || text || ''' to ' || upper(type))::varchar
    end;

create macro tr_decimal_text(text, type) as
    case
        when text is null then null
        when regexp_full_match(text, '[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?') then text
        else
            tr_fail(
                'INVALID_CAST_ARGUMENT',
                'Cannot cast VARCHAR ''' || text || ''' to ' || type || '. Value is not a number.'
            )::varchar
    end;

create macro tr_float_text(text, type) as
    case
        when text is null then null
        when regexp_full_match(text, '\s*[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|NaN|Infinity)\s*')
            then trim(text)
        else tr_fail('INVALID_CAST_ARGUMENT', 'Cannot cast ''' || text || ''' to ' || upper(type))::varchar
    end;

create macro tr_float_to_varchar(value) as
    case
        when value is null then null
        when isnan(value) then 'NaN'
        when isinf(value) then (case when value > 0 then 'Infinity' else '-Infinity' end)
        when value = 0 or (abs(value) >= 0.001 and abs(value) < 10000000)
            then cast(value as varchar)
        else
            tr_fail(
                'NOT_SUPPORTED',
                'the text of a number below 0.001 or from 10000000 is not supported locally: '
                || 'cast ' || cast(value as varchar) || ' to a decimal first'
            )::varchar
    end;

create macro tr_varchar_to_boolean(text) as
    case
        when text is null then null
        when lower(text) in ('t', 'true', '1') then true
        when lower(text) in ('f', 'false', '0') then false
        else
            tr_fail('INVALID_CAST_ARGUMENT', 'Cannot cast ''' || text || ''' to BOOLEAN')::boolean
    end;

-- A number or date that does not fit a varchar(n) fails; only text is cut.
create macro tr_fitting(text, size, type) as
    case
        when length(text) > size
            then
                tr_fail(
                    'INVALID_CAST_ARGUMENT',
                    'Value ' || text || ' cannot be represented as varchar(' || size || ')'
                )::varchar
        else text
    end;

-- ---- text

-- Trino maps code point by code point, and Unicode has no upper case of one for ß.
create macro tr_upper(text) as
    case
        when contains(text, 'ß')
            then array_to_string([upper(part) for part in string_split(text, 'ß')], 'ß')
        else upper(text)
    end;

-- An empty search text matches between all characters.
create macro tr_replace(text, what, new) as
    case
        when what = '' then regexp_replace(text, '', replace(new, '\', '\\'), 'g')
        else replace(text, what, new)
    end;

-- Positions count from 1, negative ones from the end; 0 and positions outside give ''.
create macro tr_substr(text, start, size := 9223372036854775807) as
    case
        when text is null or start is null or size is null then null
        when start = 0 or size <= 0 or abs(start) > length(text) then ''
        when start < 0
            then substring(text, length(text) + start + 1, least(size, 2147483647))
        else substring(text, start, least(size, 2147483647))
    end;

create macro tr_split(text, delimiter) as
    case
        when delimiter = ''
            then
                [tr_fail('INVALID_FUNCTION_ARGUMENT', 'The delimiter may not be the empty string')::varchar]
        else string_split(text, delimiter)
    end;

create macro tr_split_part(text, delimiter, place) as
    case
        when place <= 0
            then
                tr_fail('INVALID_FUNCTION_ARGUMENT', 'Index must be greater than zero')::varchar
        else list_extract(tr_split(text, delimiter), place)
    end;

create macro tr_lpad(text, size, pad) as
    case
        when pad = '' or size < 0
            then tr_fail('INVALID_FUNCTION_ARGUMENT', 'Padding string must not be empty')::varchar
        else lpad(text, cast(size as integer), pad)
    end;

create macro tr_rpad(text, size, pad) as
    case
        when pad = '' or size < 0
            then tr_fail('INVALID_FUNCTION_ARGUMENT', 'Padding string must not be empty')::varchar
        else rpad(text, cast(size as integer), pad)
    end;

create macro tr_regexp_extract(text, pattern, place) as
    case
        when regexp_matches(text, pattern)
            then regexp_extract(text, pattern, cast(place as integer))
    end;

-- ---- JSON

create macro tr_json_parse(text) as
    case
        when text is null then null
        when json_valid(text) then cast(text as json)
        else
            tr_fail('INVALID_FUNCTION_ARGUMENT', 'Cannot convert value to JSON: ''' || text || '''')::varchar::json
    end;

-- NULL for what is no JSON and for arrays and objects, as Trino has it.
create macro tr_json_scalar(document, path) as
    case
        when json_valid(cast(document as varchar))
            and json_type(document, path) not in ('ARRAY', 'OBJECT', 'NULL')
            then json_extract_string(document, path)
    end;

create macro tr_json_extract(document, path) as
    case when json_valid(cast(document as varchar)) then json_extract(document, path) end;

create macro tr_json_array_length(document) as
    case
        when json_valid(cast(document as varchar)) and json_type(document) = 'ARRAY'
            then cast(json_array_length(document) as bigint)
    end;

-- ---- arrays and maps

create macro tr_subscript(elements, place) as
    case
        when elements is null or place is null then null
        when place = 0
            then list_extract(elements, tr_fail('INVALID_FUNCTION_ARGUMENT', 'SQL array indices start at 1'))
        when place < 0
            then list_extract(elements, tr_fail('INVALID_FUNCTION_ARGUMENT', 'Array subscript is negative: ' || place))
        when place > len(elements)
            then list_extract(elements, tr_fail('INVALID_FUNCTION_ARGUMENT', 'Array subscript must be less than or equal to array length: ' || place || ' > ' || len(elements)))
        else list_extract(elements, place)
    end;

create macro tr_map_subscript(entries, key) as
    case
        when entries is null or key is null then null
        when not list_contains(map_keys(entries), key)
            then list_extract(map_values(entries), tr_fail('INVALID_FUNCTION_ARGUMENT', 'Key not present in map'))
        else map_extract_value(entries, key)
    end;

create macro tr_element_at(elements, place) as
    case
        when place = 0
            then list_extract(elements, tr_fail('INVALID_FUNCTION_ARGUMENT', 'SQL array indices start at 1'))
        else list_extract(elements, place)
    end;

-- NULL when the value is not found but an element is NULL.
create macro tr_contains(elements, value) as
    case
        when elements is null or value is null then null
        when list_contains(elements, value) then true
        when len(list_filter(elements, lambda x: x is null)) > 0 then null
        else false
    end;

create macro tr_slice(elements, start, size) as
    case
        when start = 0
            then
                list_extract(
                    [elements], tr_fail('INVALID_FUNCTION_ARGUMENT', 'SQL array indices start at 1')
                )
        when size < 0
            then
                list_extract(
                    [elements],
                    tr_fail('INVALID_FUNCTION_ARGUMENT', 'length must be greater than or equal to 0')
                )
        when size = 0 or abs(start) > len(elements) then list_slice(elements, 1, 0)
        when start > 0 then list_slice(elements, start, start + size - 1)
        else list_slice(elements, len(elements) + start + 1, len(elements) + start + size)
    end;

create macro tr_sequence(start, stop) as
    case when start <= stop then generate_series(start, stop) else generate_series(start, stop, -1) end;

create macro tr_any(flags) as
    case
        when flags is null then null
        when list_contains(flags, true) then true
        when len(list_filter(flags, lambda x: x is null)) > 0 then null
        else false
    end;

create macro tr_all(flags) as
    case
        when flags is null then null
        when list_contains(flags, false) then false
        when len(list_filter(flags, lambda x: x is null)) > 0 then null
        else true
    end;

-- ---- values of JSON and text files, from the text of the value

create macro tr_serde_bad(value, column_name) as
    tr_fail(
        'HIVE_BAD_DATA',
        'Error Parsing a column in the table: column ' || column_name || ' cannot hold ' || value
    );

create macro tr_serde_integer(value, column_name) as
    case
        when value is null or regexp_full_match(value, '[+-]?\d+') then value
        else tr_serde_bad(value, column_name)::varchar
    end;

create macro tr_serde_number(value, column_name) as
    case
        when value is null
            or regexp_full_match(value, '[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?')
            then value
        else tr_serde_bad(value, column_name)::varchar
    end;

create macro tr_serde_boolean(value, column_name) as
    case
        when value is null then null
        when lower(value) = 'true' then true
        when lower(value) = 'false' then false
        else tr_serde_bad(value, column_name)::boolean
    end;

create macro tr_serde_date(value, column_name) as
    case
        when value is null then null
        when regexp_full_match(value, '\d{4}-\d{2}-\d{2}') and try_cast(value as date) is not null
            then try_cast(value as date)
        else tr_serde_bad(value, column_name)::varchar::date
    end;

create macro tr_serde_timestamp(value, column_name) as
    case
        when value is null then null
        when regexp_full_match(value, '\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,6})?')
            and try_cast(value as timestamp) is not null
            then date_trunc('millisecond', try_cast(value as timestamp))
        else tr_serde_bad(value, column_name)::varchar::timestamp
    end;

create macro tr_serde_object(value) as
    case
        when value is null then false
        when starts_with(value, '{') then true
        else tr_serde_bad(value, '(a struct)')::varchar::boolean
    end;

create macro tr_serde_array(value) as
    case
        when value is null then false
        when starts_with(value, '[') then true
        else tr_serde_bad(value, '(an array)')::varchar::boolean
    end;
