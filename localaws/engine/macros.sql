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

-- `digits` of a positive number written as `whole`.`fraction`e`exponent`, the point moved.
create macro tr_scientific(digits, whole, exponent) as
    substr(ltrim(digits, '0'), 1, 1)
    || '.'
    || case
        when length(trim(digits, '0')) > 1 then substr(trim(digits, '0'), 2)
        else '0'
    end
    || 'E'
    || (length(whole) - 1 + exponent - (length(digits) - length(ltrim(digits, '0'))));

create macro tr_scientific_text(text) as
    tr_scientific(
        replace(regexp_extract(text, '^[0-9.]+'), '.', ''),
        regexp_extract(text, '^[0-9]+'),
        coalesce(try_cast(regexp_extract(text, 'e([+-]?[0-9]+)$', 1) as integer), 0)
    );

-- Trino writes every real and double with an exponent: 37.7E0 is 3.77E1.
create macro tr_float_to_varchar(value) as
    case
        when value is null then null
        when isnan(value) then 'NaN'
        when isinf(value) then (case when value > 0 then 'Infinity' else '-Infinity' end)
        when value = 0 then (case when starts_with(cast(value as varchar), '-') then '-0E0' else '0E0' end)
        else (case when value < 0 then '-' else '' end) || tr_scientific_text(cast(abs(value) as varchar))
    end;

create macro tr_varchar_to_boolean(text) as
    case
        when text is null then null
        when lower(text) in ('t', 'true', '1') then true
        when lower(text) in ('f', 'false', '0') then false
        else
            tr_fail('INVALID_CAST_ARGUMENT', 'Cannot cast ''' || text || ''' to BOOLEAN')::boolean
    end;

create macro tr_stored_text(text, size) as
    case
        when rtrim(substr(text, size + 1)) <> ''
            then
                tr_fail(
                    'INVALID_CAST_ARGUMENT', 'Cannot truncate non-space characters on INSERT'
                )::varchar
        else substr(text, 1, size)
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

-- What Java's Character.isWhitespace holds for whitespace: no no-break spaces.
create macro tr_spaces() as
    chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(28) || chr(29) || chr(30) || chr(31)
    || chr(32) || chr(5760) || chr(8192) || chr(8193) || chr(8194) || chr(8195) || chr(8196)
    || chr(8197) || chr(8198) || chr(8200) || chr(8201) || chr(8202) || chr(8232) || chr(8233)
    || chr(8287) || chr(12288);

-- Code points, where the engine keeps combining characters behind their letter.
create macro tr_reverse(text) as array_to_string(list_reverse(regexp_extract_all(text, '(?s).')), '');

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

create macro tr_regexp_extract(text, pattern, place, groups) as
    case
        when place < 0 or place > groups
            then
                tr_fail(
                    'INVALID_FUNCTION_ARGUMENT',
                    'Pattern has ' || groups || ' groups. Cannot access group ' || place
                )::varchar
        when not regexp_matches(text, pattern) then null
        when regexp_matches(text, pattern) then regexp_extract(text, pattern, cast(place as integer))
    end;

-- The engine gives '' for a group that took no part in the match, Trino NULL: refused for
-- patterns with groups that may not take part.
create macro tr_regexp_extract_unsure(text, pattern, place, groups) as
    case
        when tr_regexp_extract(text, pattern, place, groups) = ''
            then
                tr_fail(
                    'NOT_SUPPORTED',
                    'whether an optional group of the regular expression is empty or missing is not supported locally'
                )::varchar
        else tr_regexp_extract(text, pattern, place, groups)
    end;

-- ---- JSON

create macro tr_json_parse(text) as
    case
        when text is null then null
        when json_valid(text) then json_extract(text, '$')
        else
            tr_fail('INVALID_FUNCTION_ARGUMENT', 'Cannot convert value to JSON: ''' || text || '''')::varchar::json
    end;

-- Trino gives a number as it is written, the engine as it prints it (1.50 as 1.5): the spelling
-- is looked for in the document.
create macro tr_json_spellings(document, value) as
    list_distinct(
        list_filter(
            regexp_extract_all(document, '-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?'),
            lambda spelling: try_cast(spelling as double) = try_cast(value as double)
        )
    );

create macro tr_json_number(document, value) as
    case
        when len(tr_json_spellings(document, value)) = 1 then tr_json_spellings(document, value)[1]
        else
            tr_fail(
                'NOT_SUPPORTED',
                'a JSON document that spells the number ' || value || ' in several ways is not supported locally'
            )::varchar
    end;

create macro tr_json_scalar_of(document, path) as
    case
        when json_type(document, path) in ('ARRAY', 'OBJECT', 'NULL') then null
        when json_type(document, path) = 'DOUBLE'
            then tr_json_number(cast(document as varchar), json_extract_string(document, path))
        else json_extract_string(document, path)
    end;

-- NULL for what is no JSON and for arrays and objects, as Trino has it.
create macro tr_json_scalar(document, path) as
    tr_json_scalar_of(try_cast(cast(document as varchar) as json), path);

-- json_parse sorts the keys of objects on Trino, the engine keeps their order.
create macro tr_json_format(document) as
    case
        when document is null then null
        when not contains(cast(document as varchar), '{') then cast(document as varchar)
        when json_type(document) = 'OBJECT'
            and not contains(substr(cast(document as varchar), 2), '{')
            and json_keys(document) = list_sort(json_keys(document))
            then cast(document as varchar)
        else
            tr_fail(
                'NOT_SUPPORTED',
                'the order of keys in the text of a parsed JSON object is not supported locally: '
                || 'keep the text that was parsed'
            )::varchar
    end;

create macro tr_json_extract(document, path) as
    case when json_valid(cast(document as varchar)) then json_extract(document, path) end;

create macro tr_json_extract_parsed(document, path) as json_extract(document, path);

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

create macro tr_sequence(start, stop, step) as
    case
        when step = 0
            then [tr_fail('INVALID_FUNCTION_ARGUMENT', 'step must not be zero')::bigint]
        when (step > 0 and stop < start) or (step < 0 and stop > start)
            then
                [
                    tr_fail(
                        'INVALID_FUNCTION_ARGUMENT',
                        'sequence stop value should be greater than or equal to start value if '
                        || 'step is greater than zero otherwise stop should be less than or equal to start'
                    )::bigint
                ]
        when (stop - start) // step >= 10000
            then
                [
                    tr_fail(
                        'INVALID_FUNCTION_ARGUMENT',
                        'result of sequence function must not have more than 10000 entries'
                    )::bigint
                ]
        else generate_series(start, stop, step)
    end;

create macro tr_towards(start, stop) as case when start <= stop then 1 else -1 end;

create macro tr_date_sequence(start, stop, days) as
    list_transform(
        tr_sequence(0::bigint, date_diff('day', start, stop), days),
        lambda i: cast(start + to_days(cast(i as integer)) as date)
    );

create macro tr_days(amount) as
    (epoch_us(timestamp '2000-01-01' + tr_whole_days(amount)) - epoch_us(timestamp '2000-01-01'))
    // 86400000000;

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

-- Source of the error: the Athena user guide, "OpenX JSON SerDe".
create macro tr_serde_one(spellings, column_name) as
    case
        when len(list_filter(spellings, lambda x: x is not null)) > 1
            then
                spellings[
                    tr_fail(
                        'HIVE_CURSOR_ERROR',
                        'Row is not a valid JSON Object - JSONException: Duplicate key "' || column_name || '"'
                    )
                ]
        else list_filter(spellings, lambda x: x is not null)[1]
    end;

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
