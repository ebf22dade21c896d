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
