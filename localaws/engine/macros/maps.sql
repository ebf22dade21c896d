-- Maps. An argument is bound once, as in collections.sql.

-- 1, or the failure that Trino gives for keys that no map can have.
create macro tr_check_keys(keys) as
    case
        when list_position(keys, null) > 0 then tr_fail('INVALID_FUNCTION_ARGUMENT', 'map key cannot be null')
        when list_unique(keys) < len(keys)
            then
                tr_fail(
                    'INVALID_FUNCTION_ARGUMENT',
                    'Duplicate map keys ('
                    || list_filter(keys, lambda e, i: list_position(keys, e) < i)[1]::varchar
                    || ') are not allowed'
                )
        else 1
    end;

create macro tr_map(keys, vals) as
    list_transform(
        [{k: keys, v: vals}],
        lambda p: case
            when p['k'] is null or p['v'] is null then null
            when case
                    when len(p['k']) <> len(p['v'])
                        then tr_fail('INVALID_FUNCTION_ARGUMENT', 'Key and value arrays must be the same length')
                    else tr_check_keys(p['k'])
                end
                = 1
                then map(p['k'], p['v'])
        end
    )[1];

create macro tr_map_subscript(entries, key, described) as
    list_transform(
        [{m: entries, k: key}],
        lambda p: case
            when map_contains(p['m'], p['k']) then map_extract_value(p['m'], p['k'])
            when p['m'] is not null and p['k'] is not null
                then
                    list_extract(
                        map_values(p['m']), tr_fail('INVALID_FUNCTION_ARGUMENT', 'Key not present in map' || described)
                    )
        end
    )[1];

-- The places of `keys`, equal ones together: {k, place} by key, then by place.
create macro tr_by_key(keys) as list_sort(list_transform(keys, lambda k, place: {k: k, place: place}));

-- Of entries with the same key the first one counts.
create macro tr_map_of_first(entries) as
    list_transform(
        [{e: entries, s: tr_by_key(list_transform(entries, lambda e: e['key']))}],
        lambda p: map_from_entries(
            list_transform(
                list_sort(
                    list_transform(
                        list_filter(p['s'], lambda e, i: i = 1 or e['k'] is distinct from p['s'][i - 1].k),
                        lambda e: e['place']
                    )
                ),
                lambda place: p['e'][place]
            )
        )
    )[1];

-- Each key, in the order of the first occurrence, with all its values.
create macro tr_multimap(entries) as
    list_transform(
        [{e: entries, k: tr_array_distinct(list_transform(entries, lambda e: e['key']))}],
        lambda p: case
            when p['k'] is not null
                then
                    map(
                        p['k'],
                        list_transform(
                            p['k'],
                            lambda k: list_transform(
                                list_filter(p['e'], lambda e: e['key'] is not distinct from k), lambda e: e['value']
                            )
                        )
                    )
        end
    )[1];

-- Rows of two fields as the engine's entries.
create macro tr_entries(pairs) as
    list_transform(
        [pairs],
        lambda p: case
            when list_position(p, null) > 0
                then
                    list_extract(
                        [list_transform(p, lambda e: {key: e['field0'], value: e['field1']})],
                        tr_fail('INVALID_FUNCTION_ARGUMENT', 'map entry cannot be null')
                    )
            when list_position(list_transform(p, lambda e: e['field0']), null) > 0
                then
                    list_extract(
                        [list_transform(p, lambda e: {key: e['field0'], value: e['field1']})],
                        tr_fail('INVALID_FUNCTION_ARGUMENT', 'map key cannot be null')
                    )
            else list_transform(p, lambda e: {key: e['field0'], value: e['field1']})
        end
    )[1];

create macro tr_map_of_entries(entries) as
    list_transform(
        [entries], lambda p: tr_map(list_transform(p, lambda e: e['key']), list_transform(p, lambda e: e['value']))
    )[1];

create macro tr_map_from_entries(pairs) as tr_map_of_entries(tr_entries(pairs));

create macro tr_multimap_from_entries(pairs) as tr_multimap(tr_entries(pairs));

create macro tr_entry(text, delimiter) as
    case
        when len(split(text, delimiter)) = 2
            then {key: split(text, delimiter)[1], value: split(text, delimiter)[2]}
        else
            list_extract(
                [{key: text, value: text}],
                tr_fail(
                    'INVALID_FUNCTION_ARGUMENT',
                    'Key-value delimiter must appear exactly once in each entry. Bad input: ''' || text || ''''
                )
            )
    end;

-- The entries of text like a=1,b=2; one delimiter may end it.
create macro tr_split_entries(text, entry_delimiter, value_delimiter) as
    list_transform(
        [{t: text, e: entry_delimiter, v: value_delimiter}],
        lambda p: case
            when p['t'] is null or p['e'] is null or p['v'] is null then null
            when p['t'] = '' and p['e'] <> '' and p['v'] <> '' and p['e'] <> p['v'] then []
            when case
                    when p['e'] = '' then tr_fail('INVALID_FUNCTION_ARGUMENT', 'entryDelimiter is empty')
                    when p['v'] = '' then tr_fail('INVALID_FUNCTION_ARGUMENT', 'keyValueDelimiter is empty')
                    when p['e'] = p['v']
                        then
                            tr_fail(
                                'INVALID_FUNCTION_ARGUMENT',
                                'entryDelimiter and keyValueDelimiter must not be the same'
                            )
                    else 1
                end
                = 1
                then
                    list_transform(
                        split(case when ends_with(p['t'], p['e']) then left(p['t'], -length(p['e'])) else p['t'] end, p['e']),
                        lambda s: tr_entry(s, p['v'])
                    )
        end
    )[1];

create macro tr_split_to_map(text, entry_delimiter, value_delimiter) as
    list_transform(
        [tr_split_entries(text, entry_delimiter, value_delimiter)],
        lambda p: list_transform(
            [list_transform(p, lambda e: e['key'])],
            lambda k: case
                when list_unique(k) < len(k)
                    then
                        list_extract(
                            [tr_map_of_first(p)],
                            tr_fail(
                                'INVALID_FUNCTION_ARGUMENT',
                                'Duplicate keys ('
                                || list_filter(k, lambda e, i: list_position(k, e) < i)[1]
                                || ') are not allowed'
                            )
                        )
                else tr_map_of_first(p)
            end
        )[1]
    )[1];

create macro tr_split_to_multimap(text, entry_delimiter, value_delimiter) as
    tr_multimap(tr_split_entries(text, entry_delimiter, value_delimiter));

-- The keys of both maps with the value of either, in their order.
create macro tr_map_zip(one, other) as
    list_transform(
        [{a: one, b: other}],
        lambda p: list_transform(
            map_entries(p['a']), lambda e: {key: e['key'], v: e['value'], w: map_extract_value(p['b'], e['key'])}
        )
        || list_transform(
            list_filter(map_entries(p['b']), lambda e: not map_contains(p['a'], e['key'])),
            lambda e: {key: e['key'], v: list_extract(map_values(p['a']), 0), w: e['value']}
        )
    )[1];
