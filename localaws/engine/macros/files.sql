-- Values of JSON and text files, from the text of the value.

-- The engine finds the structure of a document to 126 levels; one more takes the engine down.
create macro tr_json_shallow(document) as
    case
        when strlen(document) - strlen(replace(replace(document, '{', ''), '[', '')) <= 100
            then document
        else py_json_shallow(document)
    end;

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

-- DuckDB reads a JSON number as a double (or an integer of 64 bits) and writes it anew. Numbers that
-- this would change become texts here, behind a mark that no text begins with.
create macro tr_serde_exact(document) as
    case
        when regexp_full_match(
            document,
            '(?s)(?:"(?:[^"\\]|\\.)*"|[^"0-9.+-]|(?:-?[1-9]\d{0,17}|0|-?(?:0|[1-9]\d{0,7})\.0|'
            || '-?[1-9]\d{0,7}\.\d{0,6}[1-9]|-?0\.0{0,2}[1-9](?:\d{0,6}[1-9])?)[\s,\]}])*'
        )
            then document
        else
            -- The last match is the end of the document, which gets a mark too much.
            left(
                regexp_replace(
                    document,
                    '(?s)((?:"(?:[^"\\]|\\.)*"|[^"0-9-])*)(-?\d[0-9.eE+-]*|$)',
                    '\1"\\u001d\\u001f\2"',
                    'g'
                ),
                -14
            )
    end;

create macro tr_serde_number_text(value) as
    case when starts_with(value, chr(29) || chr(31)) then substr(value, 3) else value end;

-- How Athena writes a number with an exponent into a text column is not known; nor does a text of a
-- whole object keep its numbers here.
create macro tr_serde_text(value) as
    case
        when
            value is null
            or (not contains(value, chr(29) || chr(31)) and not contains(value, '\u001d\u001f'))
            then value
        when regexp_full_match(value, chr(29) || chr(31) || '[0-9.-]+') then substr(value, 3)
        else tr_fail('NOT_SUPPORTED', 'a JSON number of many digits or with an exponent in a text column')::varchar
    end;

create macro tr_serde_whole(value, column_name) as
    case
        when value is null or regexp_full_match(value, '[+-]?\d+') then value
        else tr_serde_bad(value, column_name)::varchar
    end;

create macro tr_serde_decimal(value, column_name) as
    case
        when value is null
            or regexp_full_match(value, '[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?')
            then value
        else tr_serde_bad(value, column_name)::varchar
    end;

create macro tr_serde_integer(marked, column_name) as
    tr_serde_whole(tr_serde_number_text(marked), column_name);

create macro tr_serde_number(marked, column_name) as
    tr_serde_decimal(tr_serde_number_text(marked), column_name);

create macro tr_serde_double(value, column_name) as
    case
        when regexp_full_match(value, '[+-]?(NaN|Infinity)') then value
        else tr_serde_number(value, column_name)
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

-- `zone`: the pattern of what may follow, UTC's own letter or nothing.
create macro tr_serde_timestamp(value, column_name, zone) as
    case
        when value is null then null
        when regexp_full_match(
            value, '\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d{1,6})?' || zone
        )
            and try_cast(rtrim(value, 'Z') as timestamp) is not null
            then tr_round_timestamp(try_cast(rtrim(value, 'Z') as timestamp), 1000)
        else tr_serde_bad(value, column_name)::varchar::timestamp
    end;

-- Whether OpenX's SerDe keeps the case of a map's keys on Athena is not known.
create macro tr_serde_lower_key(value) as
    case
        when value = lower(value) then value
        else tr_fail('NOT_SUPPORTED', 'an upper-case key of a map: ' || value)::varchar
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

-- Fields of text tables (LazySimple): what does not fit is NULL.
-- Source: Trino's text encodings, made to read what Hive reads.

-- The whole digits of a number, as text: what stands behind a point must be digits and is dropped.
create macro tr_text_integer(value) as
    case
        when regexp_full_match(value, '[+-]?(\d+\.?\d*|\.\d*)')
            then regexp_extract(value, '^-?') || '0' || regexp_extract(value, '^[+-]?(\d*)', 1)
    end;

-- As Java's Long.parseLong.
create macro tr_text_whole(value) as
    case when regexp_full_match(value, '[+-]?\d+') then ltrim(value, '+') end;

-- As Java's Double.parseDouble; its hexadecimal numbers are refused.
create macro tr_text_double(value) as
    case
        when regexp_full_match(trim(value, ' '), '[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[fFdD]?')
            then rtrim(trim(value, ' '), 'fFdD')
        when regexp_full_match(trim(value, ' '), '[+-]?(NaN|Infinity)') then trim(value, ' ')
        when regexp_full_match(trim(value, ' '), '[+-]?0[xX].*')
            then tr_fail('NOT_SUPPORTED', 'the hexadecimal number ' || value)::varchar
    end;

create macro tr_text_decimal(value) as
    case
        when regexp_full_match(value, '[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?') then value
    end;

create macro tr_text_boolean(value) as
    case lower(value) when 'true' then true when 'false' then false end;

-- Days and months beyond their range run over into the next month and year.
create macro tr_text_day(parts) as
    case
        when len(parts[1]) <= 4 and parts[1]::integer between 1 and 9999 and len(parts[2]) <= 2 and len(parts[3]) <= 2
            then
                (
                    make_date(parts[1]::integer, 1, 1)
                    + to_months(parts[2]::integer - 1)
                    + to_days(parts[3]::integer - 1)
                )::timestamp
        else tr_fail('NOT_SUPPORTED', 'a date with the year ' || parts[1])::varchar::timestamp
    end;

create macro tr_text_date(value) as
    case
        when regexp_matches(trim(value), '^\d+-\d+-\d+( |$)')
            then
                tr_text_day(
                    regexp_extract_all(regexp_extract(trim(value), '^[^ ]*'), '\d+')
                )::date
    end;

create macro tr_text_time(parts, fraction) as
    to_hours(parts[4]::integer)
    + to_minutes(parts[5]::integer)
    + to_seconds(coalesce(parts[6], '0')::integer)
    -- Rounded to milliseconds, the precision of Hive's timestamps on Athena.
    + to_milliseconds(
        case
            when fraction = '' then 0
            else (substr(rpad(fraction, 9, '0'), 1, 9)::bigint + 500000) // 1000000
        end
    );

create macro tr_text_timestamp(value) as
    case
        when len(value) < 8 then null
        when regexp_full_match(
            trim(value),
            '\d+-\d+-\d+( \d{1,2}:\d{1,2}:\d{1,2}(\.\d{1,9})?|[Tt]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)'
        )
            then
                tr_text_day(regexp_extract_all(trim(value), '\d+'))
                + tr_text_time(
                    regexp_extract_all(trim(value), '\d+'),
                    regexp_extract(trim(value), '\.(\d+)$', 1)
                )
    end;

create macro tr_text_binary(value) as
    case
        when value is null then null
        when regexp_full_match(
            value, '([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?'
        )
            then from_base64(value)
        else from_base64(tr_fail('NOT_SUPPORTED', 'binary text that is not Base64')::varchar)
    end;

-- Of equal keys the first counts; an entry without a key does not.
create macro tr_text_map(entries) as
    map_from_entries(
        list_filter(
            entries,
            lambda e, i: e.k is not null
            and list_position(list_transform(entries, lambda o: o.k), e.k) = i
        )
    );
