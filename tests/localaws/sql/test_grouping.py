"""GROUP BY, grouping sets, HAVING, and what may stand beside aggregates.

Expected results: Trino documentation, "SELECT", and Trino's TestGroupingSets and TestAnalyzer.
"""

import pytest

T = "(VALUES (1, 2), (1, 3)) AS t(a, b)"


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        (f"SELECT a, b, count(*) FROM {T} GROUP BY ROLLUP (a, b) ORDER BY 1, 2", [("1", "2", "1"), ("1", "3", "1"), ("1", None, "2"), (None, None, "2")]),
        (f"SELECT a, b, count(*) FROM {T} GROUP BY a, CUBE (b) ORDER BY 1, 2", [("1", "2", "1"), ("1", "3", "1"), ("1", None, "2")]),
        (f"SELECT a, b, grouping(a, b), grouping(b) FROM {T} GROUP BY CUBE (a, b) ORDER BY 3, 1, 2", [("1", "2", "0", "0"), ("1", "3", "0", "0"), ("1", None, "1", "1"), (None, "2", "2", "0"), (None, "3", "2", "0"), (None, None, "3", "1")]),
        (f"SELECT a, count(*) FROM {T} GROUP BY GROUPING SETS ((a), (a), ()) ORDER BY 1", [("1", "2"), ("1", "2"), (None, "2")]),
        (f"SELECT a, count(*) FROM {T} GROUP BY DISTINCT GROUPING SETS ((a), (a), ()) ORDER BY 1", [("1", "2"), (None, "2")]),
        (f"SELECT a, count(*) FROM {T} GROUP BY ALL ROLLUP (a), ROLLUP (a) ORDER BY 1", [("1", "2"), ("1", "2"), ("1", "2"), (None, "2")]),
        (f"SELECT a, b FROM {T} GROUP BY (a, b) ORDER BY b", [("1", "2"), ("1", "3")]),
        (f"SELECT a, sum(b) FROM {T} GROUP BY (1)", [("1", "5")]),
        # No row is one group for the empty grouping set, and none for any other.
        (f"SELECT a, count(*) FROM {T} WHERE a > 5 GROUP BY GROUPING SETS ((a), ())", [(None, "0")]),
        (f"SELECT 1 FROM {T} GROUP BY ()", [("1",)]),
        (f"SELECT 1 FROM {T} HAVING true", [("1",)]),
        (f"SELECT 1 FROM {T} WHERE a > 5 HAVING count(*) = 0", [("1",)]),
        (f"SELECT 'x', NULL, 1, count(*) FROM {T} GROUP BY 1, 2, 3", [("x", None, "1", "2")]),
        (f"SELECT A, count(*) FROM {T} GROUP BY T.a", [("1", "2")]),
        (f"SELECT (a) + 1 FROM {T} GROUP BY a + 1", [("2",)]),
        (f"SELECT CASE WHEN b > 2 THEN 'x' ELSE 'y' END || 'z' FROM {T} GROUP BY CASE WHEN b > 2 THEN 'x' ELSE 'y' END ORDER BY 1", [("xz",), ("yz",)]),
        ("SELECT r.x FROM (SELECT CAST(ROW(7) AS row(x integer)) AS r) GROUP BY r", [("7",)]),
        (f"SELECT sum(sum(b)) OVER (), a, rank() OVER (ORDER BY count(*)) FROM {T} GROUP BY a", [("5", "1", "1")]),
        (f"SELECT sum(b) FROM {T} GROUP BY a ORDER BY count(*), a", [("5",)]),
        # Columns of the outer query are constants.
        (f"SELECT (SELECT count(*) + u.x FROM {T}) FROM (VALUES 10) AS u(x)", [("12",)]),
        (f"SELECT (SELECT sum(b + u.x) FROM {T}) FROM (VALUES 10, 20) AS u(x) ORDER BY 1", [("25",), ("45",)]),
        (f"SELECT a FROM {T} GROUP BY a HAVING EXISTS (SELECT 1 FROM (VALUES 1) AS u(y) WHERE y = a)", [("1",)]),
    ],
)  # fmt: skip
def test_rows(query, sql, rows) -> None:
    assert query(sql)[2] == rows


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        (f"SELECT a + 1, count(*) FROM {T} GROUP BY b", "EXPRESSION_NOT_AGGREGATE: line 1:8: '(a + 1)' must be an aggregate expression or appear in GROUP BY clause"),
        (f"SELECT * FROM {T} GROUP BY a", "EXPRESSION_NOT_AGGREGATE: line 1:8: Column 't.b' not in GROUP BY clause"),
        (f"SELECT a FROM {T} GROUP BY a ORDER BY b", "EXPRESSION_NOT_AGGREGATE"),
        (f"SELECT a, sum(b) OVER () FROM {T} GROUP BY a", "EXPRESSION_NOT_AGGREGATE"),
        (f"SELECT count(*) OVER (PARTITION BY b) FROM {T} GROUP BY a", "EXPRESSION_NOT_AGGREGATE: line 1:36: PARTITION BY expression 'b' must be an aggregate expression or appear in GROUP BY clause"),
        (f"SELECT count(*) OVER (ORDER BY b) FROM {T} GROUP BY a", "EXPRESSION_NOT_AGGREGATE: line 1:32: ORDER BY expression 'b' must be"),
        (f"SELECT a FROM {T} GROUP BY 3", "INVALID_COLUMN_REFERENCE: line 1:59: GROUP BY position 3 is not in select list"),
        (f"SELECT count(*) FROM {T} GROUP BY 1", "EXPRESSION_NOT_SCALAR: line 1:8: GROUP BY clause cannot contain aggregations, window functions or grouping operations: [count(*)]"),
        # Names of output columns are unknown to WHERE, GROUP BY and HAVING.
        (f"SELECT a AS z FROM {T} WHERE z = 1", "COLUMN_NOT_FOUND"),
        (f"SELECT a AS z FROM {T} GROUP BY z", "COLUMN_NOT_FOUND"),
        (f"SELECT a AS z FROM {T} GROUP BY a HAVING z = 1", "COLUMN_NOT_FOUND"),
        (f"SELECT a FROM {T} GROUP BY a ORDER BY sum(a)", "COLUMN_NOT_FOUND: line 1:70: Invalid reference to output projection attribute from ORDER BY aggregation"),
        (f"SELECT a FROM {T} GROUP BY CUBE (a + 1)", "INVALID_COLUMN_REFERENCE: line 1:65: GROUP BY expression must be a column reference: a + 1"),
        (f"SELECT count(*) FROM {T} GROUP BY {', '.join(['CUBE (a, b)'] * 6)}", "TOO_MANY_GROUPING_SETS: line 1:72: GROUP BY has 4096 grouping sets but can contain at most 2048"),
        (f"SELECT grouping(b) FROM {T}", "MISSING_GROUP_BY"),
        (f"SELECT grouping(b) FROM {T} GROUP BY a", "INVALID_ARGUMENTS: line 1:8: The arguments to GROUPING() must be"),
        (f"SELECT count(*) FROM {T} GROUP BY ALL", "COLUMN_NOT_FOUND: line 1:66: Column 'ALL'"),
        (f"SELECT a FROM {T} GROUP BY a WITH ROLLUP", "SYNTAX_ERROR: line 1:61: mismatched input 'WITH'"),
        (f"SELECT sum(row_number() OVER ()) FROM {T}", "NESTED_WINDOW: line 1:8: Cannot nest window functions inside aggregation 'sum': [row_number() OVER ()]"),
        (f"SELECT count(*) FILTER (WHERE count(*) > 1) FROM {T}", "NESTED_AGGREGATION"),
        # The engine would compute these in the outer query.
        (f"SELECT (SELECT sum(u.x) FROM {T}) FROM (VALUES 10, 20) AS u(x)", "NOT_SUPPORTED: line 1:16: an aggregate of columns of the outer query alone"),
        ("SELECT count(*) FROM (VALUES MAP(ARRAY[1], ARRAY[2])) AS t(x) GROUP BY x", "NOT_SUPPORTED"),
        ("SELECT DISTINCT x FROM (VALUES MAP(ARRAY[1], ARRAY[2])) AS t(x)", "NOT_SUPPORTED"),
    ],
)  # fmt: skip
def test_failure(failure, sql, error) -> None:
    assert failure(sql).startswith(error)
