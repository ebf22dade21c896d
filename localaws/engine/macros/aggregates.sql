-- What becomes of a group's values once an aggregate has collected them, and what is made of each
-- value before. A collected value is bound once, as in collections.sql.

create macro tr_count(n) as coalesce(n::bigint, 0);

create macro tr_bigint(total) as
    list_transform(
        [total],
        lambda t: case
            when t between -9223372036854775808 and 9223372036854775807 then t::bigint
            when t is not null
                then tr_fail('NUMERIC_VALUE_OUT_OF_RANGE', 'bigint addition overflow: the sum is ' || t)::bigint
        end
    )[1];

-- total / n with `scale` decimals, as text; ties away from zero.
create macro tr_average(total, n, scale) as
    list_transform(
        [{t: cast(replace(cast(total as varchar), '.', '') as hugeint), n: n::hugeint}],
        lambda p: case when p['t'] is not null then tr_divide_half_up(p['t'], p['n'])::varchar || 'e-' || scale end
    )[1];

-- How many values max(x, n) and its like give.
create macro tr_how_many(n, what) as
    case
        when n <= 0
            then tr_fail('INVALID_FUNCTION_ARGUMENT', what || ' must be a positive integer; found ' || n)::bigint
        when n > 10000
            then
                tr_fail(
                    'INVALID_FUNCTION_ARGUMENT', what || ' must be less than or equal to 10000; found ' || n
                )::bigint
        else n
    end;

create macro tr_checked_error(n, standard_error) as
    case
        when standard_error < 0.0040625::double or standard_error > 0.26::double
            then
                tr_fail(
                    'INVALID_FUNCTION_ARGUMENT', 'Standard error must be in [0.0040625, 0.26]: ' || standard_error
                )
        else n
    end;

-- Trino's digest holds doubles only, and finite ones.
create macro tr_sorted_bigint(numbers) as
    list_transform(
        [list_filter(numbers, lambda e: e is not null)],
        lambda p: list_sort(
            list_transform(
                p,
                lambda e: case
                    when e::double::hugeint <> e
                        then tr_fail('INVALID_FUNCTION_ARGUMENT', 'no exact double representation for long: ' || e)
                    else e
                end
            )
        )
    )[1];

create macro tr_sorted_float(numbers) as
    list_transform(
        [list_filter(numbers, lambda e: e is not null)],
        lambda p: list_sort(
            list_transform(
                p,
                lambda e: case
                    when not isfinite(e)
                        then
                            tr_fail(
                                'INVALID_FUNCTION_ARGUMENT',
                                'value must be finite; was '
                                || case when isnan(e) then 'NaN' when e > 0 then 'Infinity' else '-Infinity' end
                            )
                    else e
                end
            )
        )
    )[1];

create macro tr_rank(share, n) as
    case
        when share >= 0 and share <= 1 then least(floor(share * n)::bigint, n - 1) + 1
        when share is not null
            then tr_fail('INVALID_FUNCTION_ARGUMENT', 'Percentile must be between 0 and 1')
    end;

create macro tr_percentile(numbers, share) as
    list_transform(
        [{a: numbers, s: share}], lambda p: case when len(p['a']) > 0 then p['a'][tr_rank(p['s'], len(p['a']))] end
    )[1];

create macro tr_percentiles(numbers, shares) as
    list_transform(
        [{a: numbers, s: shares}],
        lambda p: case
            when len(p['a']) > 0 then list_transform(p['s'], lambda s: p['a'][tr_rank(s, len(p['a']))])
        end
    )[1];

create macro tr_map_agg(entries) as
    list_transform(
        [list_filter(entries, lambda e: e['key'] is not null)],
        lambda p: case when len(p) > 0 then tr_map_of_first(p) end
    )[1];

create macro tr_multimap_agg(entries) as
    list_transform(
        [list_filter(entries, lambda e: e['key'] is not null)],
        lambda p: case when len(p) > 0 then tr_multimap(p) end
    )[1];

create macro tr_map_union(maps) as
    list_transform(
        [list_filter(maps, lambda m: m is not null)],
        lambda p: case
            when len(p) > 0 then tr_map_of_first(flatten(list_transform(p, lambda m: map_entries(m))))
        end
    )[1];

create macro tr_finite(x) as case when isfinite(x) then x end;

-- How far the values are from their mean: bound before it is used, a lambda would compute the mean
-- again for each element.
create macro tr_deviations(numbers) as
    list_transform(
        [list_filter(numbers, lambda x: x is not null)],
        lambda v: list_transform(
            [{v: v, mean: list_avg(v)}], lambda p: list_transform(p['v'], lambda x: x - p['mean'])
        )[1]
    )[1];

create macro tr_moment(deviations, n) as list_sum(list_transform(deviations, lambda d: pow(d, n)));

create macro tr_skewness(numbers) as
    list_transform(
        [tr_deviations(numbers)],
        lambda v: case
            when len(v) >= 3 then sqrt(len(v)) * tr_moment(v, 3) / pow(tr_moment(v, 2), 1.5)
        end
    )[1];

create macro tr_kurtosis(numbers) as
    list_transform(
        list_transform([tr_deviations(numbers)], lambda d: {d: d, n: len(d)::double}),
        lambda p: case
            when p['n'] >= 4
                then
                    (p['n'] - 1) * p['n'] * (p['n'] + 1) / ((p['n'] - 2) * (p['n'] - 3)) * tr_moment(p['d'], 4) / pow(tr_moment(p['d'], 2), 2)
                    - 3 * (p['n'] - 1) * (p['n'] - 1) / ((p['n'] - 2) * (p['n'] - 3))
        end
    )[1];

-- At most 1 MiB, as in Trino without ON OVERFLOW TRUNCATE.
create macro tr_listagg(joined) as
    case
        when strlen(joined) > 1048576
            then
                tr_fail(
                    'EXCEEDED_FUNCTION_MEMORY_LIMIT',
                    'Concatenated string has the length in bytes larger than the maximum output length 1048576'
                )::varchar
        else joined
    end;
