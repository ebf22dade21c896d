-- Java's Double.toString: plain from 0.001 to 10,000,000, else with an exponent.
create macro tr_java_float(value) as
    case
        when value = 0 or (abs(value) >= 1e-3 and abs(value) < 1e7) then cast(value as varchar)
        else tr_float_to_varchar(value)
    end;

create macro tr_json_float(value) as
    case
        when isnan(value) or isinf(value) then '"' || tr_float_to_varchar(value) || '"'
        else tr_java_float(value)
    end;

create macro tr_json_string(text) as
    case
        when regexp_matches(text, '[\x{10000}-\x{10FFFF}]') then py_json_string(text)
        else cast(to_json(text) as varchar)
    end;

create macro tr_json_kind(document) as
    case coalesce(json_type(document), 'NULL')
        when 'NULL' then 'null'
        when 'VARCHAR' then 'string'
        when 'BOOLEAN' then 'boolean'
        when 'ARRAY' then 'array'
        when 'OBJECT' then 'object'
        else case when regexp_matches(cast(document as varchar), '[.eE]') then 'float' else 'integer' end
    end;

create macro tr_json_misfit(document, type) as
    tr_fail('INVALID_CAST_ARGUMENT', 'Cannot cast ''' || cast(document as varchar) || ''' to ' || type);

-- What Java makes of a double that is beyond all reals; the engine fails.
create macro tr_double_to_real(value) as
    case
        when abs(value) >= 3.4028235677973366e38 and not isnan(value)
            then cast(case when value > 0 then 'Infinity' else '-Infinity' end as float)
        else cast(value as float)
    end;

create macro tr_uuid_text(text) as
    case
        when text is null then null
        when regexp_full_match(text, '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}') then text
        else tr_fail('INVALID_CAST_ARGUMENT', 'Cannot cast value to UUID: ' || text)::varchar
    end;

create macro tr_char(text, size) as rpad(substr(text, 1, size), size, ' ');

create macro tr_time_text(text, digits) as
    case
        when text is null then null
        when not regexp_full_match(text, '([01]?\d|2[0-3]):[0-5]?\d(:[0-5]?\d(\.\d{1,12})?)?')
            then tr_fail('INVALID_CAST_ARGUMENT', 'Value cannot be cast to time: ' || text)::varchar
        when length(regexp_extract(text, '\.(\d+)', 1)) > digits
            then
                tr_refuse('shortening the time ' || text || ' is not supported locally')
        else text
    end;

-- Whether all are true, NULL being unknown.
create macro tr_all_true(flags) as
    case
        when list_contains(flags, false) then false
        when len(list_filter(flags, lambda flag: flag is null)) > 0 then null
        else true
    end;
