"""Subqueries in expressions, and quantified comparisons.

Expected results: Trino documentation, "SELECT" and "Comparison functions and operators", and
Trino's TestSubqueries.
"""

import pytest


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 > ALL (VALUES 0, NULL)", None),
        ("1 > ALL (VALUES 2, NULL)", "false"),
        ("1 > ALL (VALUES 0)", "true"),
        ("1 < ALL (SELECT 1 WHERE false)", "true"),
        ("1 = ANY (SELECT 1 WHERE false)", "false"),
        ("1 = ANY (VALUES 2, NULL)", None),
        ("1 = ANY (VALUES 1, NULL)", "true"),
        ("1 <> SOME (VALUES 1, 2)", "true"),
        ("1 <> ALL (VALUES 1, 2)", "false"),
        ("NULL = ALL (SELECT 1 WHERE false)", "true"),
        ("BIGINT '1' = ANY (SELECT 1.0E0)", "true"),
        ("1 IN (VALUES 1, 2)", "true"),
        ("1 IN (VALUES 2, NULL)", None),
        ("3 NOT IN (VALUES 1, NULL)", None),
        ("3 NOT IN (SELECT 1 WHERE false)", "true"),
        ("NULL IN (SELECT 1 WHERE false)", "false"),
        ("EXISTS (VALUES 1)", "true"),
        ("EXISTS (SELECT 1 WHERE false)", "false"),
        ("NOT EXISTS (SELECT NULL)", "false"),
        ("(SELECT 1 WHERE false)", None),
        ("((SELECT 1)) + (VALUES 2)", "3"),
        ("(SELECT x FROM (VALUES 1, 2) AS t(x) ORDER BY x DESC LIMIT 1)", "2"),
        ("(WITH t(x) AS (VALUES 7) SELECT x FROM t)", "7"),
        ("(SELECT 1 UNION SELECT 1)", "1"),
        # Rows are looked up by identity (Trino 435).
        ("nan() IN (SELECT nan())", "true"),
        ("nan() = ALL (SELECT nan())", "false"),
        ("nan() <> ALL (SELECT nan())", "false"),
        ("1e0 NOT IN (SELECT x FROM (VALUES nan(), NULL) AS t(x))", None),
        ("2E0 < ALL (SELECT nan())", "false"),
        ("1E0 IN (VALUES 2E0, NULL)", None),
        ("ARRAY[1] = ALL (SELECT ARRAY[1])", "true"),
        ("ARRAY[1, NULL] IN (SELECT ARRAY[1, 2])", "false"),
        ("ARRAY[1, NULL] IN (SELECT ARRAY[1, NULL])", "true"),
        ("ARRAY[nan()] NOT IN (SELECT ARRAY[nan()])", "false"),
    ],
)
def test_value(evaluate, expression, value) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT x, (SELECT max(y) FROM (VALUES (1, 10), (1, 20)) AS u(x, y) WHERE u.x = t.x) FROM (VALUES 1, 2) AS t(x) ORDER BY 1", [("1", "20"), ("2", None)]),
        ("SELECT x, (SELECT count(*) FROM (VALUES 1, 1) AS u(y) WHERE y = x) FROM (VALUES 1, 2) AS t(x) ORDER BY 1", [("1", "2"), ("2", "0")]),
        ("SELECT x FROM (VALUES 1, 2, NULL) AS t(x) WHERE x NOT IN (SELECT y FROM (VALUES 1) AS u(y))", [("2",)]),
        ("SELECT x FROM (VALUES 1, 2) AS t(x) WHERE x >= ALL (SELECT y FROM (VALUES 1, 2) AS u(y))", [("2",)]),
        # The nearest query that has the name is meant.
        ("SELECT (SELECT x FROM (VALUES 5) AS u(x)) FROM (VALUES 1) AS t(x)", [("5",)]),
        ("SELECT (SELECT (SELECT t.x + u.x) FROM (VALUES 5) AS u(x)) FROM (VALUES 1) AS t(x)", [("6",)]),
        ("SELECT x FROM (VALUES 1, 2) AS t(x) ORDER BY (SELECT -x)", [("2",), ("1",)]),
        ("SELECT (SELECT t.* FROM (VALUES 1) AS v) FROM (VALUES 3) AS t(x)", [("3",)]),
    ],
)  # fmt: skip
def test_rows(query, sql, rows) -> None:
    assert query(sql)[2] == rows


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT (VALUES 1, 2)", "SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows"),
        ("SELECT (SELECT y FROM (VALUES 1, 1) AS u(y) WHERE y = x) FROM (VALUES 1) AS t(x)", "SUBQUERY_MULTIPLE_ROWS"),
        ("SELECT (SELECT 1, 2)", "NOT_SUPPORTED: line 1:16: Multiple columns returned by subquery are not yet supported."),
        ("SELECT 1 IN (SELECT 1, 2)", "TYPE_MISMATCH: line 1:8: Value expression and result of subquery must be of the same type: row(integer) vs row(integer, integer)"),
        ("SELECT (1, 2) IN (SELECT 1)", "TYPE_MISMATCH"),
        ("SELECT (1, 2) IN (SELECT row(1, 2))", "TYPE_MISMATCH"),
        ("SELECT (1, 2) = ALL (VALUES (1, NULL), (1, NULL))", "NOT_SUPPORTED"),
        ("SELECT CAST('a' AS varchar) || NULL", "AMBIGUOUS_FUNCTION_CALL: line 1:8: Could not choose a best candidate operator."),
        ("SELECT x'61' || NULL", "AMBIGUOUS_FUNCTION_CALL"),
        ("SELECT NULL || ARRAY[1]", "AMBIGUOUS_FUNCTION_CALL"),
        ("SELECT NULL || NULL", "AMBIGUOUS_FUNCTION_CALL"),
        ("SELECT upper('a' || NULL)", "FUNCTION_NOT_FOUND"),
        ("SELECT array_agg(DISTINCT (SELECT x) ORDER BY (SELECT x)) FROM (VALUES 1) AS t(x)", "NOT_SUPPORTED"),
        ("SELECT 1e0 >= ALL (VALUES 1e0, nan())", "NOT_SUPPORTED"),
        ("SELECT 1 = ALL (SELECT 'a')", "TYPE_MISMATCH: line 1:8: Value expression and result of subquery must be of the same type: row(integer) vs row(varchar(1))"),
        ("SELECT 1 IN (SELECT 'a')", "TYPE_MISMATCH"),
        ("SELECT 1 = ANY (ARRAY[1])", "FUNCTION_NOT_FOUND: line 1:12: Function 'any' not registered"),
        ("SELECT (SELECT t.x) FROM (VALUES 1) AS u(x)", "COLUMN_NOT_FOUND: line 1:16: Column 't.x' cannot be resolved"),
    ],
)  # fmt: skip
def test_failure(failure, sql, error) -> None:
    assert failure(sql).startswith(error)


_PAIRS = "(VALUES (1, NULL), (NULL, NULL), (2, 3), (2, NULL), (5, 5)) AS t(x, y)"
_FEW = "(VALUES (1, NULL), (NULL, NULL), (2, 3)) AS u(a, b)"


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        # In a SELECT rows are looked up by identity; a filter and a correlated query join.
        (f"SELECT (x, y) IN (SELECT a, b FROM {_FEW}) FROM {_PAIRS}", ["true", "true", "true", "false", "false"]),
        (f"SELECT (x, y) <> ALL (SELECT a, b FROM {_FEW}) FROM {_PAIRS}", ["false", "false", "false", "true", "true"]),
        (f"SELECT (x, y) IN (SELECT a, b FROM {_FEW} WHERE a + 1 > x) FROM {_PAIRS}", ["false", "false", "true", "false", "false"]),
        (f"SELECT x FROM {_PAIRS} WHERE (x, y) IN (SELECT a, b FROM {_FEW})", ["2"]),
        (f"SELECT x FROM {_PAIRS} WHERE (x, y) NOT IN (SELECT a, b FROM {_FEW})", ["2", "5"]),
        ("SELECT x FROM (VALUES nan(), 1e0, 2e0) AS t(x) WHERE x IN (VALUES nan(), 1e0)", ["1.0"]),
        ("SELECT x FROM (VALUES nan(), 1e0, 2e0) AS t(x) WHERE NOT x NOT IN (VALUES nan(), 1e0) AND x < 9e0", ["1.0"]),
        ("SELECT x FROM (VALUES nan(), 1e0) AS t(x) JOIN (VALUES 1) AS u ON x = ANY (VALUES nan(), 1e0)", ["1.0"]),
        ("SELECT x FROM (VALUES nan(), 1e0) AS t(x) WHERE x IN (VALUES nan()) OR x IS NULL", ["NaN"]),
        ("SELECT (BIGINT '1', 'abc') IN (VALUES (1, 'abc'))", ["true"]),
        ("SELECT CAST(NULL AS row(integer, integer)) IN (VALUES (1, 2))", [None]),
        ("SELECT (1, 2) < ALL (VALUES (1, 3), (2, 0))", ["true"]),
        # Trino compares with the least and the largest row: two that differ need no value.
        ("SELECT x <> ANY (VALUES 1, 2, NULL) FROM (VALUES 1, NULL) AS t(x)", ["true", "true"]),
        ("SELECT x = ALL (VALUES 1, 2) FROM (VALUES 1, NULL) AS t(x)", ["false", "false"]),
        ("SELECT x = ALL (VALUES 1, 1) FROM (VALUES 1, NULL) AS t(x)", ["true", None]),
        ("SELECT array_agg((SELECT array_agg(y ORDER BY y) FROM (VALUES 2, 1) AS u(y))) OVER ()", ["[[1, 2]]"]),
    ],
)  # fmt: skip
def test_as_trino_435_answers(query, sql, rows) -> None:
    assert [value for (value,) in query(sql)[2]] == rows
