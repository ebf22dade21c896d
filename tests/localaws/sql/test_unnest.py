"""UNNEST, LATERAL and table functions.

Expected results: Trino documentation, "SELECT" and "Table functions", and Trino's TestUnnest,
TestLateral and io.trino.operator.table.Sequence.
"""

import pytest

NAMED = "CAST(ARRAY[ROW(1, 'a'), ROW(2, 'b')] AS array(row(x integer, y varchar)))"


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT * FROM UNNEST(ARRAY[2, 5])", [("2",), ("5",)]),
        ("SELECT * FROM UNNEST(ARRAY[ROW(1, 1.1), ROW(3, 3.3)], ARRAY[ROW('a', true), ROW('b', false)])", [("1", "1.1", "a", "true"), ("3", "3.3", "b", "false")]),
        ("SELECT animals, n FROM (VALUES MAP(ARRAY['dog', 'cat'], ARRAY[1, 2])) AS t(m) CROSS JOIN UNNEST(m) AS u(animals, n)", [("dog", "1"), ("cat", "2")]),
        ("SELECT n, a FROM UNNEST(ARRAY[2, 5], ARRAY['x']) WITH ORDINALITY AS t(n, s, a)", [("2", "1"), ("5", "2")]),
        ("SELECT * FROM UNNEST(ARRAY[2, 5], ARRAY['x', 'y', 'z']) AS t(n, s)", [("2", "x"), ("5", "y"), (None, "z")]),
        # A row that is NULL is a line of NULLs, as is what an array is too short for.
        ("SELECT * FROM UNNEST(ARRAY[ROW(1, 2), NULL], ARRAY[7, 8, 9]) AS t(a, b, c)", [("1", "2", "7"), (None, None, "8"), (None, None, "9")]),
        ("SELECT * FROM UNNEST(CAST(NULL AS array(integer))) AS t(x)", []),
        ("SELECT * FROM (VALUES 'a') AS t(x) LEFT JOIN UNNEST(ARRAY[]) ON TRUE", [("a", None)]),
        ("SELECT id, e FROM (VALUES (1, ARRAY[3, 4]), (2, NULL), (3, ARRAY[]), (4, ARRAY[7])) AS x(id, a) LEFT JOIN UNNEST(a) AS y(e) ON true", [("1", "3"), ("1", "4"), ("2", None), ("3", None), ("4", "7")]),
        ("SELECT id, e FROM (VALUES (1, ARRAY[3, 4]), (2, NULL)) AS x(id, a), UNNEST(a) AS y(e)", [("1", "3"), ("1", "4")]),
        ("SELECT * FROM (VALUES ARRAY[1, NULL]) AS a(x) INNER JOIN UNNEST(x) WITH ORDINALITY ON true", [("[1, null]", "1", "1"), ("[1, null]", None, "2")]),
        ("SELECT * FROM (VALUES ARRAY[]) AS a(x) FULL JOIN UNNEST(ARRAY[2, NULL]) WITH ORDINALITY ON true", [("[]", "2", "1"), ("[]", None, "2")]),
        ("SELECT * FROM (VALUES 1) AS t(x) RIGHT JOIN UNNEST(ARRAY[2, 3]) AS u(y) ON true", [("1", "2"), ("1", "3")]),
        ("SELECT * FROM (VALUES 1) LEFT JOIN UNNEST(MAP(ARRAY[1, 2], ARRAY['a', 'b']), ARRAY[ROW(3, 'c')]) WITH ORDINALITY ON TRUE", [("1", "1", "a", "3", "c", "1"), ("1", "2", "b", None, None, "2")]),
        ("SELECT x, y, z FROM (VALUES (ARRAY[ROW(1, 2), ROW(3, 4)])) AS t(a) CROSS JOIN (VALUES (1), (2)) AS s(z) CROSS JOIN UNNEST(a) AS u(x, y)", [("1", "2", "1"), ("1", "2", "2"), ("3", "4", "1"), ("3", "4", "2")]),
        # The fields of the rows name the columns.
        (f"SELECT t.x, u.x FROM (VALUES 3) AS t(x) CROSS JOIN UNNEST({NAMED}) AS u", [("3", "1"), ("3", "2")]),
        ("SELECT y FROM (VALUES ARRAY[ARRAY[1, 2], ARRAY[3]]) AS t(a) CROSS JOIN UNNEST(a) AS u(x) CROSS JOIN UNNEST(x) AS v(y)", [("1",), ("2",), ("3",)]),
        ("SELECT (SELECT sum(x) FROM UNNEST(a) AS u(x)) FROM (VALUES ARRAY[1, 2], ARRAY[4], ARRAY[]) AS t(a)", [(None,), ("3",), ("4",)]),
        ("SELECT * FROM LATERAL (VALUES 1, 2)", [("1",), ("2",)]),
        ("SELECT * FROM (VALUES 1) AS t(a), LATERAL (SELECT * FROM LATERAL (SELECT a))", [("1", "1")]),
        ("SELECT * FROM (VALUES 1, 2) AS t(a) CROSS JOIN LATERAL (SELECT a + 1 AS b) AS u", [("1", "2"), ("2", "3")]),
        ("SELECT * FROM (VALUES 1, 2) AS t(a) LEFT JOIN LATERAL (SELECT b FROM (VALUES 2) AS v(b) WHERE b = a) AS u(c) ON true", [("1", None), ("2", "2")]),
        ("SELECT * FROM TABLE(sequence(start => 0, stop => 3))", [("0",), ("1",), ("2",), ("3",)]),
        ("SELECT x FROM TABLE(sequence(0, 8, 3)) AS t(x)", [("0",), ("3",), ("6",)]),
        ("SELECT * FROM TABLE(sequence(stop => -5, step => -2))", [("-2",), ("-4",), ("0",)]),
        ("SELECT * FROM TABLE(sequence(4, 4))", [("4",)]),
        ("SELECT * FROM TABLE(sequence(9223372036854775800, 9223372036854775807, 5))", [("9223372036854775800",), ("9223372036854775805",)]),
        ("SELECT count(*) FROM TABLE(system.builtin.sequence(1, 1000000))", [("1000000",)]),
    ],
)  # fmt: skip
def test_rows(query, sql, rows) -> None:
    def order(row: tuple) -> tuple:
        return tuple("" if value is None else value for value in row)

    assert sorted(query(sql)[2], key=order) == sorted(rows, key=order)


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SELECT * FROM TABLE(sequence(1, 2))", [("sequential_number", "bigint")]),
        (f"SELECT * FROM UNNEST({NAMED}) WITH ORDINALITY", [("x", "integer"), ("y", "varchar"), ("_col2", "bigint")]),
        ("SELECT * FROM UNNEST(ARRAY[1], MAP(ARRAY['a'], ARRAY[true]))", [("_col0", "integer"), ("_col1", "varchar(1)"), ("_col2", "boolean")]),
    ],
)  # fmt: skip
def test_columns(query, sql, columns) -> None:
    names, types, _ = query(sql)
    assert list(zip(names, types, strict=True)) == columns


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT not_a_column FROM TABLE(sequence(start => 0, stop => 1000))", "COLUMN_NOT_FOUND: line 1:8: Column 'not_a_column' cannot be resolved"),
        ("SELECT * FROM TABLE(sequence(5, 1))", "INVALID_FUNCTION_ARGUMENT: line 1:15: Step must be negative for sequence [5, 1]"),
        ("SELECT * FROM TABLE(sequence(1, 5, 0))", "INVALID_FUNCTION_ARGUMENT: line 1:15: Step must be positive for sequence [1, 5]"),
        ("SELECT * FROM TABLE(sequence(start => 1))", "MISSING_ARGUMENT"),
        ("SELECT * FROM TABLE(exclude_columns(input => TABLE(o), columns => DESCRIPTOR(c)))", "NOT_SUPPORTED: line 1:15: the table function exclude_columns"),
        (f"SELECT x FROM (VALUES (3)) AS t(x) CROSS JOIN UNNEST({NAMED})", "AMBIGUOUS_NAME: line 1:8: Column 'x' is ambiguous"),
        ("SELECT * FROM UNNEST(1)", "INVALID_FUNCTION_ARGUMENT: line 1:22: Cannot unnest type: integer"),
        ("SELECT * FROM UNNEST(ARRAY[1]) AS t(a, b)", "MISMATCHED_COLUMN_ALIASES"),
        ("SELECT * FROM (VALUES ARRAY[1]) AS a(x) LEFT JOIN UNNEST(x) AS b(y) ON b.y = 1", "NOT_SUPPORTED: line 1:72: LEFT JOIN involving UNNEST is only supported with condition ON TRUE"),
        ("SELECT * FROM (VALUES ARRAY[1]) AS a(x) RIGHT JOIN UNNEST(x) ON true", "INVALID_COLUMN_REFERENCE: line 1:59: LATERAL reference not allowed in RIGHT JOIN"),
        ("SELECT * FROM (VALUES 1) AS t(a), (SELECT * FROM LATERAL (SELECT a))", "COLUMN_NOT_FOUND: line 1:66: Column 'a' cannot be resolved"),
        ("SELECT * FROM (VALUES ARRAY[1]) AS t(a), (VALUES 1) AS u(b) CROSS JOIN UNNEST(a)", "COLUMN_NOT_FOUND"),
    ],
)  # fmt: skip
def test_failure(failure, sql, error) -> None:
    assert failure(sql).startswith(error)


def test_elements_keep_their_order(query) -> None:
    """SQL promises none, but on Athena nobody sees another."""
    numbers = ", ".join(map(str, range(50)))
    _, _, rows = query(
        f"SELECT x, n FROM (VALUES ARRAY[{numbers}]) t(a)"
        " CROSS JOIN UNNEST(transform(a, e -> e * 2)) WITH ORDINALITY u(x, n)"
    )
    assert rows == [(str(2 * i), str(i + 1)) for i in range(50)]
