"""Array functions.

Expected values: Trino documentation, "Array functions and operators", and Trino's own tests
(TestArrayOperators, TestArrayFunctions, TestArrayCombinationsFunction, TestArrayNgramsFunction,
TestArraySortFunction, TestZipFunction, TestSequenceFunction).
"""

from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAN = "(0e0 / 0e0)"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        # Elements that equal a value: NULL is unknown, NaN equals nothing.
        ("contains(ARRAY[1, 2], 2)", "true"),
        ("contains(ARRAY[1, 2], 3)", "false"),
        ("contains(ARRAY[1, NULL], 2)", None),
        ("contains(ARRAY[1, NULL], 1)", "true"),
        ("contains(ARRAY[1], NULL)", None),
        ("contains(ARRAY[1, 2], BIGINT '2')", "true"),
        ("contains(ARRAY[1, 2], 2e0)", "true"),
        (f"contains(ARRAY[{NAN}], {NAN})", "false"),
        (f"contains(ARRAY[{NAN}, NULL], {NAN})", None),
        ("array_position(ARRAY[10, 20, 30, 20], 20)", "2"),
        ("array_position(ARRAY[10, NULL], 20)", "0"),
        ("array_position(ARRAY[10], NULL)", None),
        (f"array_position(ARRAY[{NAN}], {NAN})", "0"),
        ("array_remove(ARRAY[1, NULL, 2, 1], 1)", "[null, 2]"),
        ("array_remove(ARRAY[1], NULL)", None),
        (f"array_remove(ARRAY[{NAN}, 1e0], {NAN})", "[NaN, 1.0]"),
        # Sets: NULL and NaN are values like others.
        ("array_distinct(ARRAY[1, NULL, 1, NULL, 3])", "[1, null, 3]"),
        ("array_distinct(ARRAY[ROW(1, NULL), ROW(1, NULL)])", "[{1, null}]"),
        (f"array_distinct(ARRAY[{NAN}, {NAN}])", "[NaN]"),
        ("array_distinct(ARRAY[0e0, -0e0])", "[0.0]"),
        ("array_union(ARRAY[10, NULL], ARRAY[NULL, 20, 10])", "[10, null, 20]"),
        ("array_union(ARRAY[1], ARRAY[2e0])", "[1.0, 2.0]"),
        ("array_union(ARRAY[1], NULL)", None),
        ("array_intersect(ARRAY[5], ARRAY[5, 5])", "[5]"),
        ("array_intersect(ARRAY[5, 1, 2], ARRAY[2, 5, 7, 5])", "[2, 5]"),
        ("array_intersect(ARRAY[1, NULL], ARRAY[NULL, 2])", "[null]"),
        ("array_intersect(ARRAY[], ARRAY[1])", "[]"),
        ("array_except(ARRAY[1, 1, NULL, 3], ARRAY[3])", "[1, null]"),
        ("array_except(ARRAY[1, NULL], ARRAY[NULL])", "[1]"),
        ("arrays_overlap(ARRAY[1, 2], ARRAY[3, 2])", "true"),
        ("arrays_overlap(ARRAY[1, 2], ARRAY[3])", "false"),
        ("arrays_overlap(ARRAY[1, NULL], ARRAY[2])", None),
        ("arrays_overlap(ARRAY[1, NULL], ARRAY[1])", "true"),
        ("arrays_overlap(ARRAY[NULL], ARRAY[NULL])", None),
        ("arrays_overlap(ARRAY[], ARRAY[NULL])", "false"),
        ("contains_sequence(ARRAY[1, 2, 3], ARRAY[2, 3])", "true"),
        ("contains_sequence(ARRAY[1, 2, 3], ARRAY[1, 3])", "false"),
        ("contains_sequence(ARRAY[1, 2, NULL], ARRAY[2, NULL])", "true"),
        ("contains_sequence(ARRAY[1], ARRAY[])", "true"),
        ("contains_sequence(ARRAY[1], ARRAY[1, 2])", "false"),
        # Order: a NULL makes the extreme NULL, NaN wins only alone.
        ("array_max(ARRAY[5, 3, 8])", "8"),
        ("array_max(ARRAY[5, NULL])", None),
        ("array_max(ARRAY[])", None),
        (f"array_max(ARRAY[1e0, {NAN}, 3e0])", "3.0"),
        (f"array_max(ARRAY[{NAN}, {NAN}])", "NaN"),
        (f"array_max(ARRAY[{NAN}, NULL])", None),
        ("array_min(ARRAY['b', 'a'])", "a"),
        ("array_min(ARRAY[5, NULL])", None),
        (f"array_min(ARRAY[{NAN}, 2e0])", "2.0"),
        (f"array_min(ARRAY[{NAN}])", "NaN"),
        ("array_sort(ARRAY[2, 3, NULL, 1])", "[1, 2, 3, null]"),
        (f"array_sort(ARRAY[{NAN}, NULL, 1e0])", "[1.0, NaN, null]"),
        # Text.
        ("array_join(ARRAY[1, NULL, 2], ',')", "1,2"),
        ("array_join(ARRAY[1, NULL, 2], ',', 'x')", "1,x,2"),
        ("array_join(ARRAY['', ''], ',')", ","),
        ("array_join(ARRAY[], ',')", ""),
        ("array_join(ARRAY[NULL], ',')", ""),
        ("array_join(ARRAY['a', 'b'], '')", "ab"),
        ("array_join(ARRAY['a', 'b'], NULL)", None),
        ("array_join(ARRAY['a'], ',', NULL)", None),
        ("array_join(ARRAY[true, false], ' ')", "true false"),
        ("array_join(ARRAY[12345678e0, 1.5e0], '|')", "1.2345678E7|1.5E0"),
        ("array_join(ARRAY[DATE '2020-01-02'], ',')", "2020-01-02"),
        # Put together and taken apart.
        ("concat(ARRAY[1], ARRAY[2], ARRAY[3, NULL])", "[1, 2, 3, null]"),
        ("concat(ARRAY[1], 2)", "[1, 2]"),
        ("concat('a', 'b')", "ab"),
        ("ARRAY[1] || ARRAY[2]", "[1, 2]"),
        ("ARRAY[1] || 2", "[1, 2]"),
        ("2 || ARRAY[1]", "[2, 1]"),
        ("ARRAY[1] || 2e0", "[1.0, 2.0]"),
        ("ARRAY[ARRAY[1]] || ARRAY[2]", "[[1], [2]]"),
        ("ARRAY[NULL] || ARRAY[NULL]", "[null, null]"),
        ("ARRAY[NULL] || 1", "[null, 1]"),
        ("concat(ARRAY[1], ARRAY[2], ARRAY[NULL])", "[1, 2, null]"),
        ("ARRAY[1] || CAST(NULL AS integer)", None),
        ("ARRAY[1] || CAST(NULL AS array(integer))", None),
        ("ARRAY[] || 1", "[1]"),
        ("flatten(ARRAY[ARRAY[1], NULL, ARRAY[2, NULL]])", "[1, 2, null]"),
        ("reverse(ARRAY[1, NULL, 2])", "[2, null, 1]"),
        ("reverse('abc')", "cba"),
        ("slice(ARRAY[1, 2, 3, 4, 5], 2, 2)", "[2, 3]"),
        ("slice(ARRAY[1, 2, 3, 4, 5], -3, 2)", "[3, 4]"),
        ("slice(ARRAY[1, 2], 1, 9)", "[1, 2]"),
        ("slice(ARRAY[1, 2], 3, 1)", "[]"),
        ("slice(ARRAY[1, 2], -3, 1)", "[]"),
        ("slice(ARRAY[1, 2], 1, 0)", "[]"),
        ("slice(NULL, 1, 1)", None),
        ("trim_array(ARRAY[1, 2, 3, 4], 1)", "[1, 2, 3]"),
        ("trim_array(ARRAY[1, 2], 2)", "[]"),
        ("trim_array(ARRAY[1], NULL)", None),
        ("repeat('ab', 3)", "[ab, ab, ab]"),
        ("repeat(NULL, 2)", "[null, null]"),
        ("repeat(1, BIGINT '2')", "[1, 1]"),
        ("repeat(1, 0)", "[]"),
        ("repeat(ARRAY[1], 2)", "[[1], [1]]"),
        ("combinations(ARRAY['foo', 'bar', 'baz'], 2)", "[[foo, bar], [foo, baz], [bar, baz]]"),
        ("combinations(ARRAY[1, 2, 3, 4], 2)", "[[1, 2], [1, 3], [2, 3], [1, 4], [2, 4], [3, 4]]"),
        ("combinations(ARRAY[1, 2], 0)", "[[]]"),
        ("combinations(ARRAY[1, 2], 3)", "[]"),
        ("ngrams(ARRAY['foo', 'bar', 'baz', 'foo'], 2)", "[[foo, bar], [bar, baz], [baz, foo]]"),
        ("ngrams(ARRAY['foo', 'bar'], 5)", "[[foo, bar]]"),
        ("ngrams(ARRAY[1, NULL], 1)", "[[1], [null]]"),
        (
            "zip(ARRAY[1, 2], ARRAY['1b', NULL, '3b'])",
            "[{1, 1b}, {2, null}, {null, 3b}]",
        ),
        ("zip(ARRAY[1], ARRAY[2], ARRAY[3])", "[{1, 2, 3}]"),
        ("zip(ARRAY[1], NULL)", None),
        # Single elements.
        ("ARRAY[1, 2][2]", "2"),
        ("ARRAY[ARRAY[1, 2]][1][2]", "2"),
        ("ARRAY[1][CAST(NULL AS integer)]", None),
        ("element_at(ARRAY[1, 2], 3)", None),
        ("element_at(ARRAY[1, 2], -1)", "2"),
        ("element_at(ARRAY[1, 2], -3)", None),
        ("cardinality(ARRAY[1, NULL])", "2"),
        ("cardinality(shuffle(ARRAY[1, 2, 3]))", "3"),
        ("array_sort(shuffle(ARRAY[3, 1, NULL, 2]))", "[1, 2, 3, null]"),
        # Sequences.
        ("sequence(1, 3)", "[1, 2, 3]"),
        ("sequence(3, 1)", "[3, 2, 1]"),
        ("sequence(1, 10, 3)", "[1, 4, 7, 10]"),
        ("sequence(5, 1, -3)", "[5, 2]"),
        ("sequence(2, 2)", "[2]"),
        ("cardinality(sequence(1, 10000))", "10000"),
        ("sequence(DATE '2020-01-02', DATE '2020-01-01')", "[2020-01-02, 2020-01-01]"),
        (
            "sequence(DATE '2020-01-01', DATE '2020-01-06', INTERVAL '2' DAY)",
            "[2020-01-01, 2020-01-03, 2020-01-05]",
        ),
        (
            "sequence(DATE '2020-01-31', DATE '2020-04-30', INTERVAL '1' MONTH)",
            "[2020-01-31, 2020-02-29, 2020-03-31, 2020-04-30]",
        ),
        (
            "sequence(TIMESTAMP '2020-01-01 00:00:00', TIMESTAMP '2020-01-01 20:00:00', INTERVAL '9' HOUR)",
            "[2020-01-01 00:00:00, 2020-01-01 09:00:00, 2020-01-01 18:00:00]",
        ),
        (
            "sequence(TIMESTAMP '2020-03-01 10:00:00', TIMESTAMP '2020-01-01 00:00:00', INTERVAL '-1' MONTH)",
            "[2020-03-01 10:00:00, 2020-02-01 10:00:00, 2020-01-01 10:00:00]",
        ),
    ],
)  # fmt: skip
def test_value(evaluate, expression, value) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    ("expression", "type_"),
    [
        ("array_union(ARRAY[1], ARRAY[2e0])", "array(double)"),
        ("cardinality(ARRAY[1])", "bigint"),
        ("array_position(ARRAY[1], 1)", "bigint"),
        ("zip(ARRAY[1], ARRAY['a'])", "array(row(integer, varchar(1)))"),
        ("sequence(1, 2)", "array(bigint)"),
        ("combinations(ARRAY[1], 1)", "array(array(integer))"),
        ("repeat('a', 2)", "array(varchar(1))"),
    ],
)
def test_type(query, expression, type_) -> None:
    assert query(f"SELECT {expression}")[1] == [type_]


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("ARRAY[1][2]", "INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: 2 > 1"),
        ("ARRAY[1][0]", "INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1"),
        ("ARRAY[1][-1]", "INVALID_FUNCTION_ARGUMENT: Array subscript is negative: -1"),
        ("element_at(ARRAY[1], 0)", "INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1"),
        ("slice(ARRAY[1], 0, 1)", "INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1"),
        ("slice(ARRAY[1], 1, -1)", "INVALID_FUNCTION_ARGUMENT: length must be greater than or equal to 0"),
        ("trim_array(ARRAY[1], 2)", "INVALID_FUNCTION_ARGUMENT: size must not exceed array cardinality 1: 2"),
        ("trim_array(ARRAY[1], -1)", "INVALID_FUNCTION_ARGUMENT: size must not be negative: -1"),
        ("repeat(1, -1)", "INVALID_FUNCTION_ARGUMENT: count argument of repeat function must be greater"),
        ("repeat(1, 10001)", "INVALID_FUNCTION_ARGUMENT: count argument of repeat function must be less"),
        ("combinations(ARRAY[1], -1)", "INVALID_FUNCTION_ARGUMENT: combination size must not be negative: -1"),
        ("combinations(ARRAY[1], 6)", "INVALID_FUNCTION_ARGUMENT: combination size must not exceed 5: 6"),
        ("combinations(sequence(1, 100), 5)", "INVALID_FUNCTION_ARGUMENT: combinations exceed max size"),
        ("ngrams(ARRAY[1], 0)", "INVALID_FUNCTION_ARGUMENT: N must be positive"),
        ("ngrams(ARRAY[1], BIGINT '1')", "FUNCTION_NOT_FOUND"),
        # An array of NULLs may be an element as well.
        ("ARRAY[1] || ARRAY[NULL]", "AMBIGUOUS_FUNCTION_CALL"),
        ("ARRAY[] || ARRAY['a']", "AMBIGUOUS_FUNCTION_CALL"),
        ("concat(ARRAY[1], ARRAY[])", "AMBIGUOUS_FUNCTION_CALL"),
        ("sequence(1, 5, -1)", "INVALID_FUNCTION_ARGUMENT: sequence stop value"),
        ("sequence(1, 5, 0)", "INVALID_FUNCTION_ARGUMENT: step must not be zero"),
        ("sequence(1, 10001)", "INVALID_FUNCTION_ARGUMENT: result of sequence function"),
        (
            "sequence(DATE '2020-01-01', DATE '2020-01-02', INTERVAL '1' HOUR)",
            "INVALID_FUNCTION_ARGUMENT: sequence step must be a day interval",
        ),
        ("sequence(DATE '2020-02-01', DATE '2020-01-01', INTERVAL '1' MONTH)", "INVALID_FUNCTION_ARGUMENT: sequence stop"),
        ("ARRAY[1, 'a']", "TYPE_MISMATCH"),
        ("ARRAY[1] || 'a'", "TYPE_MISMATCH"),
        ("cardinality(1)", "FUNCTION_NOT_FOUND"),
        ("flatten(ARRAY[1])", "FUNCTION_NOT_FOUND"),
        ("array_max(1)", "FUNCTION_NOT_FOUND"),
        # NULLs inside compare by other rules in the engine.
        ("contains(ARRAY[ARRAY[1]], ARRAY[1])", "NOT_SUPPORTED"),
        ("array_sort(ARRAY[ROW(1)])", "NOT_SUPPORTED"),
        ("array_distinct(ARRAY[map(ARRAY[1], ARRAY[2])])", "NOT_SUPPORTED"),
    ],
)  # fmt: skip
def test_failure(failure, expression, error) -> None:
    assert failure(f"SELECT {expression}").startswith(error)


def test_try_makes_null_of_a_failure_inside(query) -> None:
    _, _, rows = query(
        "SELECT TRY(a[3]), TRY(slice(a, 0, 1)), TRY(trim_array(a, 2)) FROM (VALUES (ARRAY[1])) t(a)"
    )
    assert rows == [(None, None, None)]


def test_arguments_may_be_aggregates_windows_and_subqueries(query) -> None:
    _, _, rows = query(
        "SELECT contains(ARRAY[2], max(x)), array_join(array_agg(x ORDER BY x), '-'),"
        " array_max(array_agg(x)), array_distinct(ARRAY[(SELECT 7), 7]) FROM (VALUES 1, 2) t(x)"
    )
    assert rows == [("true", "1-2", "2", "[7]")]
    _, _, rows = query(
        "SELECT x, contains(ARRAY[3], sum(x) OVER (ORDER BY x)) FROM (VALUES 1, 2) t(x) ORDER BY x"
    )
    assert rows == [("1", "false"), ("2", "true")]


# ---- against the same functions written in Python

elements = st.lists(st.one_of(st.none(), st.integers(0, 4)), max_size=6)
one_element = st.one_of(st.none(), st.integers(0, 4))


def _sql(values: list | int | None) -> str:
    if isinstance(values, list):
        return f"CAST(ARRAY[{', '.join(map(_sql, values))}] AS array(integer))"
    return "NULL" if values is None else str(values)


def _text(value: object) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return str(value).lower()
        case list():
            return f"[{', '.join(_text(each) or 'null' for each in value)}]"
    return str(value)


def _distinct(values: list) -> list:
    return list(dict.fromkeys(values))


def _contains(a: list, x: int | None) -> bool | None:
    if x is None:
        return None
    return True if x in a else None if None in a else False


def _overlap(a: list, b: list) -> bool | None:
    if not a or not b:
        return False
    if (set(a) & set(b)) - {None}:
        return True
    return None if None in a or None in b else False


def _intersect(a: list, b: list) -> list:
    longer, shorter = (b, a) if len(a) < len(b) else (a, b)
    return [x for x in _distinct(longer) if x in shorter]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(a=elements, b=elements, x=one_element)  # fmt: skip
def test_agrees_with_python(query, a, b, x) -> None:
    known = sorted(v for v in a if v is not None)
    expected = {
        "array_distinct({a})": _distinct(a),
        "array_union({a}, {b})": _distinct(a + b),
        "array_intersect({a}, {b})": _intersect(a, b),
        "array_except({a}, {b})": [v for v in _distinct(a) if v not in b] if b else a,
        "arrays_overlap({a}, {b})": _overlap(a, b),
        "contains({a}, {x})": _contains(a, x),
        "array_position({a}, {x})": None if x is None else (a.index(x) + 1 if x in a else 0),
        "array_remove({a}, {x})": None if x is None else [v for v in a if v != x],
        "array_max({a})": known[-1] if known and None not in a else None,
        "array_min({a})": known[0] if known and None not in a else None,
        "array_sort({a})": known + [None] * (len(a) - len(known)),
        "contains_sequence({a}, {b})": any(
            a[i : i + len(b)] == b for i in range(len(a) - len(b) + 1)
        ),
        "reverse({a})": a[::-1],
        "any_match({a}, v -> v = 2)": _contains(a, 2),
    }
    calls = [each.format(a=_sql(a), b=_sql(b), x=_sql(x)) for each in expected]
    _, _, (row,) = query(f"SELECT {', '.join(calls)}")
    assert dict(zip(expected, row, strict=True)) == {
        call: _text(value) for call, value in expected.items()
    }


@pytest.mark.parametrize("size", range(6))
def test_combinations_are_all_and_each_once(evaluate, size) -> None:
    found = evaluate(f"combinations(sequence(1, 7), {size})")
    expected = sorted(combinations(range(1, 8), size), key=lambda each: each[::-1])
    assert found == _text([list(each) for each in expected])


def test_shuffle_comes_to_every_order(evaluate) -> None:
    orders = {evaluate("array_join(shuffle(ARRAY['a', 'b', 'c']), '')") for _ in range(80)}
    assert len(orders) == 6
