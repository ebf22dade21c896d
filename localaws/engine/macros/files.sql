-- Values of JSON and text files, from the text of the value.

-- The engine finds the structure of a document to 126 levels; one more takes the engine down.
create macro tr_json_shallow(document) as
    case
        when strlen(document) - strlen(replace(replace(document, '{', ''), '[', '')) <= 100
            then document
        else py_json_shallow(document)
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
