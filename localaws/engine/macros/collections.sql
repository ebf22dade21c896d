-- Arrays. list_transform([x], lambda p: ...)[1] binds an argument: text that stands in several
-- places of a macro is computed, and written out, as often. Fields are read as p['a']: in HAVING
-- the engine takes p.a for a column.

create macro tr_subscript(elements, place) as
    case
        when place between 1 and len(elements) then list_extract(elements, place)
        when elements is null or place is null then null
        when place = 0
            then list_extract(elements, tr_fail('INVALID_FUNCTION_ARGUMENT', 'SQL array indices start at 1'))
        when place < 0
            then list_extract(elements, tr_fail('INVALID_FUNCTION_ARGUMENT', 'Array subscript is negative: ' || place))
        else
            list_extract(
                elements,
                tr_fail(
                    'INVALID_FUNCTION_ARGUMENT',
                    'Array subscript must be less than or equal to array length: ' || place || ' > ' || len(elements)
                )
            )
    end;

create macro tr_element_at(elements, place) as
    case
        when place = 0
            then list_extract(elements, tr_fail('INVALID_FUNCTION_ARGUMENT', 'SQL array indices start at 1'))
        else list_extract(elements, place)
    end;

-- NULL when the value is not found but an element is NULL.
create macro tr_contains(elements, value) as
    list_transform(
        [{a: elements, v: value}],
        lambda p: case
            when list_contains(p['a'], p['v']) then true
            when p['a'] is null or p['v'] is null or list_position(p['a'], null) > 0 then null
            else false
        end
    )[1];

create macro tr_contains_nan(elements) as
    case when list_position(elements, null) is null and elements is not null then false end;

create macro tr_array_position(elements, value) as
    list_transform(
        [{a: elements, v: value}],
        lambda p: case
            when p['a'] is not null and p['v'] is not null then coalesce(cast(list_position(p['a'], p['v']) as bigint), 0)
        end
    )[1];

create macro tr_array_remove(elements, value) as
    list_transform(
        [{a: elements, v: value}],
        lambda p: case when p['v'] is not null then list_filter(p['a'], lambda e: e is null or e <> p['v']) end
    )[1];

create macro tr_contains_sequence(elements, sought) as
    list_transform(
        [{a: elements, s: sought}],
        lambda p: case
            when p['a'] is null or p['s'] is null then null
            else
                len(p['s']) = 0
                or len(
                    list_filter(
                        range(len(p['a']) - len(p['s']) + 1), lambda i: p['a'][i + 1:i + len(p['s'])] is not distinct from p['s']
                    )
                )
                > 0
        end
    )[1];

create macro tr_arrays_overlap(one, other) as
    list_transform(
        [{a: one, b: other}],
        lambda p: case
            when p['a'] is null or p['b'] is null then null
            when len(p['a']) = 0 or len(p['b']) = 0 then false
            when list_has_any(list_filter(p['a'], lambda e: e is not null), p['b']) then true
            when list_position(p['a'], null) > 0 or list_position(p['b'], null) > 0 then null
            else false
        end
    )[1];

-- In the order of the first occurrence; NULL is a value like another.
create macro tr_array_distinct(elements) as
    list_transform([elements], lambda p: list_filter(p, lambda e, i: list_position(p, e) = i))[1];

-- In the order of the longer array, as Trino goes through it.
create macro tr_array_intersect(one, other) as
    list_transform(
        [{a: one, b: other}],
        lambda p: case
            when p['a'] is null or p['b'] is null then null
            when len(p['a']) < len(p['b'])
                then tr_array_distinct(list_filter(p['b'], lambda e: list_position(p['a'], e) is not null))
            else tr_array_distinct(list_filter(p['a'], lambda e: list_position(p['b'], e) is not null))
        end
    )[1];

create macro tr_array_except(one, other) as
    list_transform(
        [{a: one, b: other}],
        lambda p: case
            -- Trino gives the first array back as it is when nothing is taken away.
            when len(p['b']) = 0 then p['a']
            when p['b'] is not null
                then tr_array_distinct(list_filter(p['a'], lambda e: list_position(p['b'], e) is null))
        end
    )[1];

create macro tr_array_max(elements) as
    list_transform([elements], lambda p: case when list_position(p, null) is null then list_max(p) end)[1];

create macro tr_array_min(elements) as
    list_transform([elements], lambda p: case when list_position(p, null) is null then list_min(p) end)[1];

-- The engine takes NaN for the greatest: it must not win unless nothing else is there.
create macro tr_array_max_float(elements) as
    list_transform(
        [elements],
        lambda p: case
            when list_position(p, null) is null then coalesce(list_max(list_filter(p, lambda e: not isnan(e))), p[1])
        end
    )[1];

create macro tr_array_min_float(elements) as tr_array_min(elements);

create macro tr_array_join(texts, delimiter) as
    list_transform(
        [{a: texts, d: delimiter}],
        lambda p: case
            when p['a'] is not null and p['d'] is not null
                then
                    coalesce(
                        substr(
                            list_aggregate(
                                list_transform(list_filter(p['a'], lambda e: e is not null), lambda e: p['d'] || e),
                                'string_agg', ''
                            ),
                            length(p['d']) + 1
                        ),
                        ''
                    )
        end
    )[1];

create macro tr_array_join_nulls(texts, delimiter, replacement) as
    list_transform(
        [{a: texts, d: delimiter, r: replacement}],
        lambda p: case
            when p['r'] is not null then tr_array_join(list_transform(p['a'], lambda e: coalesce(e, p['r'])), p['d'])
        end
    )[1];

create macro tr_slice(elements, start, size) as
    list_transform(
        [{a: elements, s: start, n: size}],
        lambda p: case
            when p['s'] = 0
                then
                    list_extract(
                        [p['a']], tr_fail('INVALID_FUNCTION_ARGUMENT', 'SQL array indices start at 1')
                    )
            when p['n'] < 0
                then
                    list_extract(
                        [p['a']],
                        tr_fail('INVALID_FUNCTION_ARGUMENT', 'length must be greater than or equal to 0')
                    )
            when p['n'] = 0 or abs(p['s']) > len(p['a']) then list_slice(p['a'], 1, 0)
            when p['s'] > 0 then list_slice(p['a'], p['s'], p['s'] + p['n'] - 1)
            else list_slice(p['a'], len(p['a']) + p['s'] + 1, len(p['a']) + p['s'] + p['n'])
        end
    )[1];

create macro tr_trim_array(elements, size) as
    list_transform(
        [{a: elements, n: size}],
        lambda p: case
            when p['n'] < 0
                then
                    list_extract(
                        [p['a']], tr_fail('INVALID_FUNCTION_ARGUMENT', 'size must not be negative: ' || p['n'])
                    )
            when p['n'] > len(p['a'])
                then
                    list_extract(
                        [p['a']],
                        tr_fail(
                            'INVALID_FUNCTION_ARGUMENT',
                            'size must not exceed array cardinality ' || len(p['a']) || ': ' || p['n']
                        )
                    )
            when p['n'] is not null then list_slice(p['a'], 1, len(p['a']) - p['n'])
        end
    )[1];

create macro tr_repeat(element, times) as
    list_transform(
        [{e: element, n: times}],
        lambda p: list_transform(
            range(
                case
                    when p['n'] < 0
                        then
                            tr_fail(
                                'INVALID_FUNCTION_ARGUMENT',
                                'count argument of repeat function must be greater than or equal to 0'
                            )
                    when p['n'] > 10000
                        then
                            tr_fail(
                                'INVALID_FUNCTION_ARGUMENT',
                                'count argument of repeat function must be less than or equal to 10000'
                            )
                    else p['n']
                end
            ),
            lambda i: p['e']
        )
    )[1];

create macro tr_shuffle(elements) as
    list_transform(list_sort(list_transform(elements, lambda e: {k: random(), e: e})), lambda p: p['e']);

-- How many sub-groups of k elements n elements have, k from 0 to 5.
create macro tr_choose(n, k) as
    list_reduce(range(k), lambda product, i: product * (n - i) / (i + 1), 1.0::double);

-- Sub-groups in Trino's order: by their last element's place, then the one before it ...
create macro tr_combinations(elements, size) as
    list_transform(
        [{a: elements, n: size}],
        lambda p: case
            when p['a'] is null or p['n'] is null then null
            else
                list_transform(
                    list_reduce(
                        range(
                            1,
                            1
                            + case
                                when p['n'] < 0
                                    then
                                        tr_fail(
                                            'INVALID_FUNCTION_ARGUMENT',
                                            'combination size must not be negative: ' || p['n']
                                        )
                                when p['n'] > 5
                                    then
                                        tr_fail(
                                            'INVALID_FUNCTION_ARGUMENT',
                                            'combination size must not exceed 5: ' || p['n']
                                        )
                                when tr_choose(len(p['a']), p['n']) * p['n'] > 100000
                                    then tr_fail('INVALID_FUNCTION_ARGUMENT', 'combinations exceed max size')
                                else p['n']
                            end
                        ),
                        lambda groups, k: flatten(
                            list_transform(
                                range(k, len(p['a']) + 1),
                                lambda last: list_transform(
                                    list_filter(groups, lambda g: coalesce(g[-1], 0) < last), lambda g: g || [last]
                                )
                            )
                        ),
                        [[]]::bigint[][]
                    ),
                    lambda g: list_transform(g, lambda i: p['a'][i])
                )
        end
    )[1];

create macro tr_ngrams(elements, size) as
    list_transform(
        [{a: elements, n: size}],
        lambda p: case
            when p['n'] <= 0 then [[list_extract(p['a'], tr_fail('INVALID_FUNCTION_ARGUMENT', 'N must be positive'))]]
            when p['n'] is not null and p['a'] is not null
                then
                    list_transform(
                        range(len(p['a']) - least(len(p['a']), p['n']) + 1),
                        lambda i: list_slice(p['a'], i + 1, i + least(len(p['a']), p['n']))
                    )
        end
    )[1];

-- Intervals are milliseconds, or months.
create macro tr_microseconds(amount) as 1000 * amount;

create macro tr_months(amount) as amount;

create macro tr_days(amount) as
    case
        when tr_microseconds(amount) % 86400000000 <> 0
            then
                tr_fail(
                    'INVALID_FUNCTION_ARGUMENT',
                    'sequence step must be a day interval if start and end values are dates'
                )
        else tr_microseconds(amount) // 86400000000
    end;

-- sequence(): `steps`, the number of entries that follow the first one, or the failure Trino gives.
create macro tr_sequence_steps(start, stop, step, steps) as
    case
        when step = 0 then tr_fail('INVALID_FUNCTION_ARGUMENT', 'step must not be zero')
        when (step > 0 and stop < start) or (step < 0 and stop > start)
            then
                tr_fail(
                    'INVALID_FUNCTION_ARGUMENT',
                    'sequence stop value should be greater than or equal to start value if '
                    || 'step is greater than zero otherwise stop should be less than or equal to start'
                )
        when steps >= 10000
            then
                tr_fail(
                    'INVALID_FUNCTION_ARGUMENT',
                    'result of sequence function must not have more than 10000 entries'
                )
        else steps::bigint
    end;

create macro tr_sequence(start, stop, step) as
    list_transform(
        [{start: start, stop: stop, step: step}],
        lambda p: list_transform(
            generate_series(
                0, tr_sequence_steps(p['start'], p['stop'], p['step'], (p['stop']::hugeint - p['start']) // p['step'])
            ),
            lambda i: p['start'] + i * p['step']
        )
    )[1];

create macro tr_towards(start, stop) as case when start <= stop then 1 else -1 end;

create macro tr_date_sequence(start, stop, days) as
    list_transform(
        tr_sequence(0::bigint, date_diff('day', start, stop), days),
        lambda i: cast(start + to_days(cast(i as integer)) as date)
    );

create macro tr_timestamp_day_sequence(start, stop, step) as
    list_transform(tr_sequence(epoch_us(start), epoch_us(stop), tr_microseconds(step)), lambda i: make_timestamp(i));

create macro tr_timestamp_month_sequence(start, stop, step) as
    list_transform(
        [{start: start, stop: stop, step: tr_months(step)}],
        lambda p: list_transform(
            generate_series(
                0, tr_sequence_steps(p['start'], p['stop'], p['step'], date_sub('month', p['start'], p['stop']) // p['step'])
            ),
            lambda i: p['start'] + to_months(cast(i * p['step'] as integer))
        )
    )[1];

create macro tr_month_sequence(start, stop, step) as
    list_transform(
        tr_timestamp_month_sequence(start::timestamp, stop::timestamp, step), lambda i: cast(i as date)
    );

-- any_match, all_match: over the predicate's answers.
create macro tr_any(flags) as
    list_transform(
        [flags],
        lambda p: case
            when p is null then null
            when list_contains(p, true) then true
            when list_position(p, null) is null then false
        end
    )[1];

create macro tr_all(flags) as
    list_transform(
        [flags],
        lambda p: case
            when p is null then null
            when list_contains(p, false) then false
            when list_position(p, null) is null then true
        end
    )[1];

create macro tr_zip(one, other) as case when one is not null and other is not null then list_zip(one, other) end;

create macro tr_compared(answer) as
    case
        when answer in (-1, 0, 1) then answer
        else tr_fail('INVALID_FUNCTION_ARGUMENT', 'Lambda comparator must return either -1, 0, or 1')
    end;

-- array_sort(elements, comparator): answers[i][j] compares element i with element j. An element's
-- rank is the number of those before it; ranks explain every answer, or there is no such order.
create macro tr_sorted_by(elements, answers) as
    list_transform(
        [{a: elements, m: answers, r: list_transform(answers, lambda row: len(list_filter(row, lambda c: c = 1)))}],
        lambda p: list_transform(
            list_sort(list_transform(p['r'], lambda rank, i: {rank: rank, place: i})),
            lambda e: case
                when len(
                        list_filter(p['r'], lambda other, j: sign(e['rank'] - other) <> p['m'][e['place']][j])
                    )
                    > 0
                    then
                        list_extract(
                            p['a'],
                            tr_refuse('array_sort: the comparator contradicts itself')::integer
                        )
                else p['a'][e['place']]
            end
        )
    )[1];
