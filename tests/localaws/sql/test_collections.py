"""Arrays, maps, rows, lambdas, UNNEST.

Expected values: Trino documentation, "Array functions and operators", "Map functions and
operators", "Lambda expressions", "SELECT" (UNNEST).
"""

import pytest


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("sequence(5, 1, -2)", "[5, 3, 1]"),
        ("cardinality(sequence(1, 10000))", "10000"),
        ("sequence(DATE '2020-01-02', DATE '2020-01-01')", "[2020-01-02, 2020-01-01]"),
        ("slice(NULL, 1, 1)", None),
        ("ARRAY[1, 2, NULL]", "[1, 2, null]"),
        ("ARRAY[1, 2][2]", "2"),
        ("element_at(ARRAY[1, 2], 3)", None),
        ("element_at(ARRAY[1, 2], -1)", "2"),
        ("cardinality(ARRAY[1, 2])", "2"),
        ("contains(ARRAY[1, 2], 2)", "true"),
        ("contains(ARRAY[1, NULL], 2)", None),
        ("slice(ARRAY[1, 2, 3, 4], 2, 2)", "[2, 3]"),
        ("slice(ARRAY[1, 2, 3, 4], -2, 2)", "[3, 4]"),
        ("sequence(1, 3)", "[1, 2, 3]"),
        ("sequence(3, 1)", "[3, 2, 1]"),
        ("ARRAY[1] || 2", "[1, 2]"),
        ("ARRAY[1] || ARRAY[2]", "[1, 2]"),
        ("array_join(ARRAY['a', 'b'], '-')", "a-b"),
        ("MAP(ARRAY['a'], ARRAY[1])", "{a=1}"),
        ("MAP(ARRAY['a'], ARRAY[1])['a']", "1"),
        ("element_at(MAP(ARRAY['a'], ARRAY[1]), 'b')", None),
        ("ROW(1, 'x')", "{field0=1, field1=x}"),
        ("CAST(ROW(1, 'x') AS ROW(a bigint, b varchar)).b", "x"),
        ("transform(ARRAY[5, 6], x -> x + 1)", "[6, 7]"),
        ("filter(ARRAY[5, -6, NULL, 7], x -> x > 0)", "[5, 7]"),
        ("reduce(ARRAY[5, 20, 50], 0, (s, x) -> s + x, s -> s)", "75"),
        ("any_match(ARRAY[1, 2], x -> x = 2)", "true"),
        ("all_match(ARRAY[1, NULL], x -> x = 1)", None),
        ("none_match(ARRAY[1, 2], x -> x = 3)", "true"),
    ],
)
def test_value(evaluate, expression, value) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("sequence(1, 5, -1)", "INVALID_FUNCTION_ARGUMENT: sequence stop value"),
        ("sequence(1, 5, 0)", "INVALID_FUNCTION_ARGUMENT: step must not be zero"),
        ("sequence(1, 10001)", "INVALID_FUNCTION_ARGUMENT: result of sequence function"),
        ("ARRAY[1][2]", "INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal"),
        ("ARRAY[1][0]", "INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1"),
        ("MAP(ARRAY['a'], ARRAY[1])['b']", "INVALID_FUNCTION_ARGUMENT: Key not present in map"),
        ("ARRAY[1, 'a']", "TYPE_MISMATCH"),
        ("cardinality(1)", "FUNCTION_NOT_FOUND"),
    ],
)
def test_failure(failure, expression, error) -> None:
    assert failure(f"SELECT {expression}").startswith(error)


def test_unnest_side_by_side_pads_with_null(query) -> None:
    names, types, rows = query(
        "SELECT n, x, y FROM UNNEST(ARRAY[1, 2], ARRAY['a']) WITH ORDINALITY AS t(x, y, n) ORDER BY n"
    )
    assert names == ["n", "x", "y"]
    assert types == ["bigint", "integer", "varchar(1)"]
    assert rows == [("1", "1", "a"), ("2", "2", None)]


def test_unnest_of_rows_gives_columns(query) -> None:
    _, _, rows = query(
        "WITH t AS (SELECT 1 AS id, ARRAY[CAST(ROW(7, 'p') AS ROW(q integer, s varchar))] AS items)"
        " SELECT id, q, s FROM t CROSS JOIN UNNEST(items)"
    )
    assert rows == [("1", "7", "p")]


def test_unnest_of_a_map_and_left_join_of_nothing(query) -> None:
    _, _, rows = query("SELECT k, v FROM UNNEST(MAP(ARRAY['a'], ARRAY[1])) AS t(k, v)")
    assert rows == [("a", "1")]
    _, _, rows = query(
        "WITH t AS (SELECT 1 AS id, filter(ARRAY[1], x -> x > 1) AS none)"
        " SELECT id, x FROM t LEFT JOIN UNNEST(none) AS u(x) ON TRUE"
    )
    assert rows == [("1", None)]
