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

create macro tr_codepoint(text) as
    case
        when text = ''
            then tr_fail('INVALID_FUNCTION_ARGUMENT', 'Input string must be a single character string')
        else unicode(text)
    end;

-- NULLs in the array are left out, if they are all.
create macro tr_concat_ws(separator, parts) as
    case
        when separator is not null and parts is not null
            then coalesce(array_to_string(list_filter(parts, lambda part: part is not null), separator), '')
    end;

-- LIKE ... ESCAPE where only the data tells the pattern. Each escape character must stand before one
-- that means something: without such pairs, none is left.
create macro tr_like(text, pattern, mark) as
    case
        when text is null or pattern is null or mark is null then null
        when length(mark) <> 1
            then tr_fail('INVALID_FUNCTION_ARGUMENT', 'Escape string must be a single character')::boolean
        when contains(
            replace(replace(replace(pattern, mark || mark, ''), mark || '%', ''), mark || '_', ''), mark
        )
            then
                tr_fail(
                    'INVALID_FUNCTION_ARGUMENT',
                    'Escape character must be followed by ''%'', ''_'' or the escape character itself'
                )::boolean
        else like_escape(text, pattern, mark)
    end;
