"""Joins and relations in parentheses.

Expected results: Trino's TestJoinUsing, TestJoin and TestAnalyzer, and its grammar.
"""

import pytest

T = "(VALUES (1, 'a')) AS t(k, v1)"
U = "(VALUES (1, 'b')) AS u(k, v2)"


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        (f"SELECT k, v1, v2, t.v1, u.v2 FROM {T} JOIN {U} USING (k)", [("1", "a", "b", "a", "b")]),
        ("SELECT * FROM (VALUES (1, 'a', 2)) AS t(k1, v1, k2) JOIN (VALUES (1, 'b', 2)) AS u(k1, v2, k2) USING (k1, k2)", [("1", "2", "a", "b")]),
        ("SELECT * FROM (VALUES (1e0, 'a')) AS t(k, v1) JOIN (VALUES (1, 'b')) AS u(k, v2) USING (k)", [("1.0", "a", "b")]),
        ("SELECT * FROM (VALUES (1, 'a')) AS t(k, v1) RIGHT JOIN (VALUES (2, 'b')) AS u(k, v2) USING (k)", [("2", None, "b")]),
        ("SELECT * FROM (VALUES (0, 1, 2), (3, 6, 5)) AS a(x1, y, z1) FULL JOIN (VALUES (3, 1, 5), (0, 4, 2)) AS b(x2, y, z2) USING (y) ORDER BY y", [("1", "0", "2", "3", "5"), ("4", None, None, "0", "2"), ("6", "3", "5", None, None)]),
        ("WITH t(k, v) AS (VALUES (1, 'a')) SELECT * FROM t JOIN t USING (k)", [("1", "a", "a")]),
        (f"SELECT * FROM {T} JOIN {U} USING (k) LEFT JOIN (VALUES (1, 'c')) AS w(k, v3) USING (k)", [("1", "a", "b", "c")]),
        ("SELECT * FROM (VALUES 1, 2) AS a(x) JOIN (VALUES 2, 3) AS b(y) ON x < y ORDER BY 1, 2", [("1", "2"), ("1", "3"), ("2", "3")]),
        ("SELECT * FROM (VALUES 1, NULL) AS a(x) FULL JOIN (VALUES 1, NULL) AS b(y) ON x = y ORDER BY 1, 2", [("1", "1"), (None, None), (None, None)]),
        ("SELECT * FROM (VALUES 1, 2) AS a(x) LEFT JOIN (VALUES 1) AS b(y) ON x = y AND x > 5 ORDER BY 1", [("1", None), ("2", None)]),
        # JOIN binds stronger than a comma: the outer join pads b, not a and b.
        ("SELECT * FROM (VALUES 1) AS a(x), (VALUES 2) AS b(y) RIGHT JOIN (VALUES 3) AS c(z) ON y = z", [("1", None, "3")]),
        ("SELECT * FROM (VALUES 1) AS a(x) JOIN (VALUES 1) AS b(y) JOIN (VALUES 1) AS c(z) ON y = z ON x = y", [("1", "1", "1")]),
        ("SELECT * FROM (VALUES 1) AS a(x) LEFT JOIN ((VALUES 1) AS b(y) JOIN (VALUES 2) AS c(z) ON y = z) ON x = y", [("1", None, None)]),
        ("SELECT p, t.q FROM ((VALUES 1) AS a(x) JOIN (VALUES (1, 2)) AS b(x, y) USING (x)) AS t(p, q)", [("1", "2")]),
        ("SELECT q FROM ((SELECT 5) JOIN (VALUES 1) AS u ON true) AS t(p, q)", [("1",)]),
        ("SELECT a.x, b.x FROM (VALUES 1, 2) AS a(x) JOIN (VALUES 1, 2) AS b(x) ON a.x = b.x + 1", [("2", "1")]),
        ("SELECT x FROM (VALUES 1, 2, 3) AS t(x) WHERE EXISTS (SELECT 1 FROM (VALUES 2) AS u(y) JOIN (VALUES 2) AS v(z) ON y = z WHERE y = x)", [("2",)]),
    ],
)  # fmt: skip
def test_rows(query, sql, rows) -> None:
    assert query(sql)[2] == rows


@pytest.mark.parametrize(("percent", "rows"), [("100", [("1",), ("2",), ("3",)]), ("0", [])])
def test_bernoulli_samples(query, percent, rows) -> None:
    sql = (
        "WITH t(x) AS (VALUES 1, 2, 3) "
        f"SELECT x FROM t TABLESAMPLE BERNOULLI ({percent}) ORDER BY x"
    )
    assert query(sql)[2] == rows


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        (f"SELECT t.k FROM {T} JOIN {U} USING (k)", "COLUMN_NOT_FOUND: line 1:8: Column 't.k' cannot be resolved"),
        (f"SELECT * FROM {T} JOIN {U} USING (k, k)", "DUPLICATE_COLUMN_NAME"),
        (f"SELECT * FROM {T} JOIN {U} USING (v1)", "COLUMN_NOT_FOUND: line 1:87: Column 'v1' is missing from right side of join"),
        (f"SELECT * FROM {T} JOIN {U} USING (nope)", "COLUMN_NOT_FOUND: line 1:87: Column 'nope' is missing from left side of join"),
        (f"SELECT * FROM {T} JOIN (VALUES 'x') AS u(k) USING (k)", "TYPE_MISMATCH"),
        (f"SELECT * FROM {T} NATURAL JOIN {U}", "NOT_SUPPORTED: line 1:67: Natural join not supported"),
        (f"SELECT * FROM {T} JOIN {U}", "SYNTAX_ERROR"),
        (f"SELECT * FROM {T} LEFT JOIN {U}", "SYNTAX_ERROR"),
        (f"SELECT * FROM {T} CROSS JOIN {U} ON true", "SYNTAX_ERROR"),
        (f"SELECT * FROM ({T}, {U})", "SYNTAX_ERROR"),
        (f"SELECT * FROM {T} LEFT SEMI JOIN {U} ON true", "SYNTAX_ERROR"),
        (f"SELECT * FROM {T} ASOF JOIN {U} ON true", "SYNTAX_ERROR"),
        (f"SELECT * FROM {T} JOIN {U} ON k = k", "AMBIGUOUS_NAME"),
        (f"SELECT * FROM {T} JOIN {U} ON 1", "TYPE_MISMATCH"),
        (f"SELECT * FROM {T} JOIN {U} ON count(*) > 1", "EXPRESSION_NOT_SCALAR: line 1:83: JOIN clause cannot contain aggregations, window functions or grouping operations: [count(*)]"),
        ("SELECT * FROM (VALUES 1) AS a(x), (VALUES 2) AS b(y) JOIN (VALUES 3) AS c(z) ON x = z", "COLUMN_NOT_FOUND: line 1:81: Column 'x' cannot be resolved"),
        ("SELECT * FROM (VALUES 1) AS t (x) MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS true)", "NOT_SUPPORTED: line 1:8: MATCH_RECOGNIZE is not supported locally"),
    ],
)  # fmt: skip
def test_failure(failure, sql, error) -> None:
    assert failure(sql).startswith(error)
