"""Functions that take a lambda.

Expected values: Trino documentation, "Lambda expressions", "Array functions and operators", "Map
functions and operators", and Trino's own tests (TestLambdaExpression, TestReduceFunction,
TestArraySortComparatorFunction, TestMapTransformKeysFunction, TestZipWithFunction).
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

DESCENDING = "(x, y) -> IF(x < y, 1, IF(x = y, 0, -1))"
BY_LENGTH = "(x, y) -> IF(length(x) < length(y), -1, IF(length(x) = length(y), 0, 1))"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("transform(ARRAY[5, 6], x -> x + 1)", "[6, 7]"),
        ("transform(ARRAY[], x -> x + 1)", "[]"),
        ("transform(NULL, x -> x + 1)", None),
        ("transform(ARRAY[5, NULL, 6], x -> coalesce(x, 0) + 1)", "[6, 1, 7]"),
        ("transform(ARRAY['x', 'abc', 'z'], x -> x || '0')", "[x0, abc0, z0]"),
        ("transform(ARRAY[1, NULL], x -> x IS NULL)", "[false, true]"),
        ("transform(ARRAY[1], x -> NULL)", "[null]"),
        ("transform(ARRAY[ARRAY[1, NULL, 2], ARRAY[3, NULL]], a -> filter(a, x -> x IS NOT NULL))", "[[1, 2], [3]]"),
        ("transform(ARRAY[1, 2], x -> transform(ARRAY[10, 20], y -> x + y))", "[[11, 21], [12, 22]]"),
        ("transform(ARRAY[1], x -> transform(ARRAY[2], x -> x))", "[[2]]"),
        ("transform(ARRAY[CAST(ROW(1, 'a') AS ROW(n integer, s varchar))], r -> r.s)", "[a]"),
        ("transform(ARRAY[ROW(1, 'a')], r -> r[2])", "[a]"),
        ("transform(ARRAY[map(ARRAY['k'], ARRAY[1])], m -> m['k'])", "[1]"),
        ('transform(ARRAY[1], "X" -> "X" + 1)', "[2]"),
        ("transform(ARRAY[1, 0], x -> TRY(1 / x))", "[1, null]"),
        ("filter(ARRAY[], x -> true)", "[]"),
        ("filter(ARRAY[5, -6, NULL, 7], x -> x > 0)", "[5, 7]"),
        ("filter(ARRAY[5, NULL, 7, NULL], x -> x IS NOT NULL)", "[5, 7]"),
        ("any_match(ARRAY[1, 2], x -> x = 2)", "true"),
        ("any_match(ARRAY[1, NULL], x -> x = 2)", None),
        ("any_match(ARRAY[], x -> x = 2)", "false"),
        ("all_match(ARRAY[2, NULL], x -> x = 2)", None),
        ("all_match(ARRAY[1, NULL], x -> x = 2)", "false"),
        ("all_match(ARRAY[], x -> x = 2)", "true"),
        ("none_match(ARRAY[1, 2], x -> x = 3)", "true"),
        ("none_match(ARRAY[1, NULL], x -> x = 3)", None),
        ("none_match(ARRAY[], x -> x = 3)", "true"),
        ("none_match(CAST(NULL AS array(integer)), x -> x = 3)", None),
        ("reduce(ARRAY[], 0, (s, x) -> s + x, s -> s)", "0"),
        ("reduce(ARRAY[5, 20, 50], 0, (s, x) -> s + x, s -> s)", "75"),
        ("reduce(ARRAY[5, 20, NULL, 50], 0, (s, x) -> s + x, s -> s)", None),
        ("reduce(ARRAY[5, 20, NULL, 50], 0, (s, x) -> s + coalesce(x, 0), s -> s)", "75"),
        ("reduce(ARRAY[5, 20, NULL, 50], 0, (s, x) -> IF(x IS NULL, s, s + x), s -> s)", "75"),
        ("reduce(ARRAY[2147483647, 1], BIGINT '0', (s, x) -> s + x, s -> s)", "2147483648"),
        (
            "reduce(ARRAY[5, 6, 10, 20], CAST(ROW(0.0, 0) AS ROW(sum DOUBLE, count INTEGER)),"
            " (s, x) -> CAST(ROW(x + s.sum, s.count + 1) AS ROW(sum DOUBLE, count INTEGER)),"
            " s -> IF(s.count = 0, NULL, s.sum / s.count))",
            "10.25",
        ),
        ("reduce(ARRAY['a', 'b'], '', (s, x) -> s || x, s -> s || '.')", "ab."),
        ("reduce(ARRAY[1.5e0], 0, (s, x) -> s + x, s -> s)", "1.5"),
        ("reduce(ARRAY[1, 2], CAST(NULL AS integer), (s, x) -> coalesce(s, 0) + x, s -> s)", "3"),
        ("reduce(ARRAY[1, 2], ARRAY[0], (s, x) -> s || x, s -> s)", "[0, 1, 2]"),
        ("reduce(NULL, 0, (s, x) -> s, s -> s)", None),
        ("zip_with(ARRAY[1, 3], ARRAY['a', 'b'], (x, y) -> (y, x))", "[{a, 1}, {b, 3}]"),
        ("zip_with(ARRAY[1, 2], ARRAY[3, 4], (x, y) -> x + y)", "[4, 6]"),
        ("zip_with(ARRAY['a', 'b', 'c'], ARRAY['d', 'e', 'f'], (x, y) -> concat(x, y))", "[ad, be, cf]"),
        ("zip_with(ARRAY['a'], ARRAY['d', NULL, 'f'], (x, y) -> coalesce(x, y))", "[a, null, f]"),
        ("zip_with(ARRAY[1], NULL, (x, y) -> x)", None),
        (f"array_sort(ARRAY[3, 2, 5, 1, 2], {DESCENDING})", "[5, 3, 2, 2, 1]"),
        (f"array_sort(ARRAY['bc', 'ab', 'dc'], {DESCENDING})", "[dc, bc, ab]"),
        ("array_sort(ARRAY[3, 2, 5, 1, 2], (x, y) -> IF(x < y, 1, -1))", "[5, 3, 2, 2, 1]"),
        (
            "array_sort(ARRAY[3, 2, NULL, 5, NULL, 1, 2], (x, y) -> CASE WHEN x IS NULL THEN -1"
            " WHEN y IS NULL THEN 1 WHEN x < y THEN 1 WHEN x = y THEN 0 ELSE -1 END)",
            "[null, null, 5, 3, 2, 2, 1]",
        ),
        (f"array_sort(ARRAY['a', 'abcd', 'abc'], {BY_LENGTH})", "[a, abc, abcd]"),
        (f"array_sort(ARRAY['bb', 'aa', 'c'], {BY_LENGTH})", "[c, bb, aa]"),
        (
            "array_sort(ARRAY[ARRAY[2, 3, 1], ARRAY[4, 2, 1, 4], ARRAY[1, 2]], (x, y) -> IF(cardinality(x)"
            " < cardinality(y), -1, IF(cardinality(x) = cardinality(y), 0, 1)))",
            "[[1, 2], [2, 3, 1], [4, 2, 1, 4]]",
        ),
        ("array_sort(CAST(NULL AS array(integer)), (x, y) -> 0)", None),
        ("array_sort(ARRAY[], (x, y) -> 0)", "[]"),
        ("map_filter(map(ARRAY[], ARRAY[]), (k, v) -> true)", "{}"),
        ("map_filter(map(ARRAY[10, 20, 30], ARRAY['a', NULL, 'c']), (k, v) -> v IS NOT NULL)", "{10=a, 30=c}"),
        ("map_filter(map(ARRAY['k1', 'k2', 'k3'], ARRAY[20, 3, 15]), (k, v) -> v > 10)", "{k1=20, k3=15}"),
        ("map_filter(NULL, (k, v) -> true)", None),
        ("transform_keys(map(ARRAY[], ARRAY[]), (k, v) -> k + 1)", "{}"),
        ("transform_keys(map(ARRAY[1, 2, 3], ARRAY['a', 'b', 'c']), (k, v) -> k + 1)", "{2=a, 3=b, 4=c}"),
        ("transform_keys(map(ARRAY['a', 'b', 'c'], ARRAY[1, 2, 3]), (k, v) -> v * v)", "{1=1, 4=2, 9=3}"),
        ("transform_keys(map(ARRAY['a', 'b'], ARRAY[1, 2]), (k, v) -> k || CAST(v AS VARCHAR))", "{a1=1, b2=2}"),
        ("transform_values(map(ARRAY[], ARRAY[]), (k, v) -> v + 1)", "{}"),
        ("transform_values(map(ARRAY[1, 2, 3], ARRAY[10, 20, 30]), (k, v) -> v + k)", "{1=11, 2=22, 3=33}"),
        ("transform_values(map(ARRAY['a', 'b'], ARRAY[1, 2]), (k, v) -> k || CAST(v AS VARCHAR))", "{a=a1, b=b2}"),
        (
            "map_zip_with(map(ARRAY['k1', 'k2'], ARRAY[1, 2]), map(ARRAY['k2', 'k3'], ARRAY[4, 9]), (k, v1, v2) -> (v1, v2))",
            "{k1={1, null}, k2={2, 4}, k3={null, 9}}",
        ),
        (
            "map_zip_with(map(ARRAY['a', 'b'], ARRAY[1, 8]), map(ARRAY['a', 'b'], ARRAY[1, 2]),"
            " (k, v1, v2) -> k || CAST(v1 / v2 AS VARCHAR))",
            "{a=a1, b=b4}",
        ),
    ],
)  # fmt: skip
def test_value(evaluate, expression, value) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("transform(ARRAY[1], (x, y) -> x)", "TYPE_MISMATCH"),
        ("transform(ARRAY[1], 5)", "TYPE_MISMATCH"),
        ("transform(5, x -> x)", "FUNCTION_NOT_FOUND"),
        ("transform(ARRAY[1])", "FUNCTION_NOT_FOUND"),
        ("transform(ARRAY[1], x -> y)", "COLUMN_NOT_FOUND"),
        ("transform(ARRAY['a'], x -> x + 1)", "TYPE_MISMATCH"),
        ("transform(ARRAY[1], x -> (SELECT 1))", "NOT_SUPPORTED"),
        ("transform(ARRAY[1], x -> max(x))", "EXPRESSION_NOT_SCALAR"),
        ("transform(ARRAY[1], x -> sum(x) OVER ())", "EXPRESSION_NOT_SCALAR"),
        ("transform(ARRAY[1, 0], x -> 1 / x)", "DIVISION_BY_ZERO"),
        ("filter(ARRAY[1], x -> x)", "TYPE_MISMATCH"),
        ("reduce(ARRAY[1], '', (s, x) -> x, s -> s)", "TYPE_MISMATCH"),
        ("reduce(ARRAY[2147483647, 1], 0, (s, x) -> s + x, s -> s)", "NUMERIC_VALUE_OUT_OF_RANGE"),
        ("transform_keys(map(ARRAY[1, 2], ARRAY[1, 2]), (k, v) -> 5)", "INVALID_FUNCTION_ARGUMENT: Duplicate map keys (5)"),
        ("transform_keys(map(ARRAY[1], ARRAY[1]), (k, v) -> NULL)", "INVALID_FUNCTION_ARGUMENT: map key cannot be null"),
        ("array_sort(ARRAY[2, 3, 1], (x, y) -> NULL)", "INVALID_FUNCTION_ARGUMENT: Lambda comparator must return"),
        ("array_sort(ARRAY[2, 3, 1], (x, y) -> 2)", "INVALID_FUNCTION_ARGUMENT: Lambda comparator must return"),
        ("array_sort(ARRAY[2, 3], (x, y) -> 'a')", "TYPE_MISMATCH"),
        ("array_sort(ARRAY[2, 3], 5)", "FUNCTION_NOT_FOUND"),
        # No order: what Trino's sort makes of it is its own affair.
        ("array_sort(ARRAY[1, 2, 3], (x, y) -> IF(x - y IN (1, -2), 1, -1))", "NOT_SUPPORTED"),
        ("array_sort(ARRAY['bb', 'aa'], (x, y) -> IF(length(x) < length(y), -1, 1))", "NOT_SUPPORTED"),
    ],
)  # fmt: skip
def test_failure(failure, expression, error) -> None:
    assert failure(f"SELECT {expression}").startswith(error)


def test_columns_are_seen_and_shadowed(query) -> None:
    _, _, rows = query(
        "SELECT transform(ARRAY[1, 2], e -> e + x), transform(ARRAY[x], x -> x * 10), t.x"
        " FROM (VALUES 1, 2) t(x) ORDER BY x"
    )
    assert rows == [("[2, 3]", "[10]", "1"), ("[3, 4]", "[20]", "2")]


def test_with_groups(query) -> None:
    _, _, rows = query(
        "SELECT g, transform(array_agg(v ORDER BY v), e -> e * g),"
        " reduce(array_agg(v), 0, (s, e) -> s + e + g, s -> s)"
        " FROM (VALUES (1, 2), (1, 3), (2, 4)) t(g, v) GROUP BY g ORDER BY g"
    )
    assert rows == [("1", "[2, 3]", "7"), ("2", "[8]", "6")]
    _, _, rows = query(
        "SELECT filter(array_agg(x) OVER (), e -> e > x) FROM (VALUES 1, 2) t(x) ORDER BY x"
    )
    assert rows == [("[2]",), ("[]",)]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.text("abc", max_size=3), max_size=8))  # fmt: skip
def test_a_comparator_sorts_stably(evaluate, words) -> None:
    array = ", ".join(f"'{word}'" for word in words)
    found = evaluate(
        f"array_join(array_sort(CAST(ARRAY[{array}] AS array(varchar)), {BY_LENGTH}), '|')"
    )
    assert found == "|".join(sorted(words, key=len))


def test_in_having_and_order_by(query) -> None:
    _, _, rows = query(
        "SELECT g FROM (VALUES (1, 2), (1, 3), (2, 4)) t(g, v) GROUP BY g"
        " HAVING contains(array_agg(v), 3) AND cardinality(map_filter(map_agg(v, g), (k, w) -> k > w)) = 2"
        " ORDER BY reduce(array_agg(v), 0, (s, e) -> s + e, s -> s)"
    )
    assert rows == [("1",)]
