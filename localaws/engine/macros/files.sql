-- Values of JSON and text files, from the text of the value.

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
