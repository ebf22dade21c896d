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
