"""Window functions: OVER, named windows, frames, and where they may stand.

Expected results: Trino documentation, "Window functions", Trino's TestWindowFrameRange,
TestWindowFrameGroups, AbstractTestWindowQueries and TestAnalyzer. What frames hold, and IGNORE
NULLS, stands in test_window_properties.py.
"""

import pytest

X = "(VALUES 1, 2, 3) AS t(x)"
DAYS = "(VALUES DATE '2020-01-01', DATE '2020-01-02', DATE '2020-01-05', NULL) AS t(d)"


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT x, rank() OVER w, dense_rank() OVER w, percent_rank() OVER w, cume_dist() OVER w FROM (VALUES 1, 1, 2) AS t(x) WINDOW w AS (ORDER BY x) ORDER BY x", [("1", "1", "1", "0.0", "0.6666666666666666"), ("1", "1", "1", "0.0", "0.6666666666666666"), ("2", "3", "2", "1.0", "1.0")]),
        # Without a frame: up to the last peer with ORDER BY, the whole partition without.
        ("SELECT x, sum(x) OVER (ORDER BY x), sum(x) OVER () FROM (VALUES 1, 1, 2) AS t(x) ORDER BY x", [("1", "2", "4"), ("1", "2", "4"), ("2", "4", "4")]),
        (f"SELECT sum(x) OVER w, sum(x) OVER v FROM {X} WINDOW w AS (ORDER BY x), v AS (w ROWS 1 PRECEDING) ORDER BY x", [("1", "1"), ("3", "3"), ("6", "5")]),
        (f"SELECT x, sum(x) OVER (w ORDER BY x DESC) FROM {X} WINDOW W AS (PARTITION BY x % 2) ORDER BY x", [("1", "4"), ("2", "2"), ("3", "3")]),
        (f"SELECT x FROM {X} ORDER BY row_number() OVER (ORDER BY x DESC)", [("3",), ("2",), ("1",)]),
        (f"SELECT d, count(*) OVER (ORDER BY d RANGE BETWEEN INTERVAL '1' DAY PRECEDING AND CURRENT ROW) FROM {DAYS} ORDER BY 1", [("2020-01-01", "1"), ("2020-01-02", "2"), ("2020-01-05", "1"), (None, "1")]),
        # The month before 31 March begins on 29 February.
        ("SELECT d, count(*) OVER (ORDER BY d RANGE INTERVAL '1' MONTH PRECEDING) FROM (VALUES DATE '2020-03-31', DATE '2020-02-29', DATE '2020-02-28') AS t(d) ORDER BY 1", [("2020-02-28", "1"), ("2020-02-29", "2"), ("2020-03-31", "2")]),
        ("SELECT t, count(*) OVER (ORDER BY t DESC RANGE INTERVAL '1' HOUR PRECEDING) FROM (VALUES TIMESTAMP '2020-01-01 10:00:00', TIMESTAMP '2020-01-01 09:00:00', TIMESTAMP '2020-01-01 07:59:59') AS t(t) ORDER BY 1", [("2020-01-01 07:59:59", "1"), ("2020-01-01 09:00:00", "2"), ("2020-01-01 10:00:00", "1")]),
        ("SELECT x, count(*) OVER (ORDER BY x RANGE BETWEEN 1.5E0 PRECEDING AND 1 FOLLOWING) FROM (VALUES 1.0E0, 2.5E0, 3.6E0) AS t(x) ORDER BY x", [("1.0", "1"), ("2.5", "2"), ("3.6", "2")]),
        ("SELECT x, count(*) OVER (ORDER BY x RANGE 2 PRECEDING) FROM (VALUES DECIMAL '1.0', DECIMAL '2.50', DECIMAL '9.0') AS t(x) ORDER BY x", [("1.00", "1"), ("2.50", "2"), ("9.00", "1")]),
        ("SELECT x, count(*) OVER (ORDER BY x RANGE BETWEEN x PRECEDING AND x - 1 FOLLOWING) FROM (VALUES 1, 2, 4) AS t(x) ORDER BY x", [("1", "1"), ("2", "2"), ("4", "3")]),
        (f"SELECT count(*) OVER (PARTITION BY 1 GROUPS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) FROM {X}", [("3",), ("3",), ("3",)]),
        ("SELECT lag(x, 1, 'none') OVER (ORDER BY x), nth_value(x, CAST(NULL AS bigint)) OVER (ORDER BY x) FROM (VALUES 'a', 'b') AS t(x) ORDER BY x", [("none", None), ("a", None)]),
        ("SELECT max(n) FROM (SELECT row_number() OVER () AS n FROM (VALUES 5, 5) AS t(x))", [("2",)]),
    ],
)  # fmt: skip
def test_rows(query, sql, rows) -> None:
    assert query(sql)[2] == rows


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("lag(x) OVER ()", "MISSING_ORDER_BY: line 1:8: lag function requires an ORDER BY window clause"),
        ("lag(x) OVER (ORDER BY x ROWS 1 PRECEDING)", "INVALID_WINDOW_FRAME: line 1:8: Cannot specify window frame for lag function"),
        ("lead(x, CAST(NULL AS bigint)) OVER (ORDER BY x)", "INVALID_FUNCTION_ARGUMENT: Offset must not be null"),
        ("lag(x, -1) OVER (ORDER BY x)", "INVALID_FUNCTION_ARGUMENT: Offset must be at least 0"),
        ("nth_value(x, 0) OVER (ORDER BY x)", "INVALID_FUNCTION_ARGUMENT: Offset must be at least 1"),
        ("ntile(0) OVER (ORDER BY x)", "INVALID_FUNCTION_ARGUMENT: Buckets must be greater than 0"),
        ("row_number()", "MISSING_OVER"),
        ("upper('a') OVER ()", "FUNCTION_NOT_WINDOW: line 1:8: Not a window function: upper"),
        ("rank() IGNORE NULLS OVER (ORDER BY x)", "NULL_TREATMENT_NOT_ALLOWED: line 1:8: Cannot specify null treatment clause for rank function"),
        ("sum(x) FILTER (WHERE x > 1) OVER ()", "NOT_SUPPORTED: line 1:8: FILTER is not yet supported for window functions"),
        ("array_agg(x ORDER BY x) OVER ()", "NOT_SUPPORTED: line 1:8: Window function with ORDER BY is not supported"),
        ("count(DISTINCT x) OVER ()", "NOT_SUPPORTED"),
        ("sum(row_number() OVER ()) OVER ()", "NESTED_WINDOW: line 1:12: Cannot nest window functions inside window function arguments"),
        ("sum(x) OVER (ORDER BY rank() OVER (ORDER BY x))", "NESTED_WINDOW: line 1:30: Cannot nest window functions inside window specification"),
        ("sum(x) OVER nope", "INVALID_WINDOW_REFERENCE: line 1:8: Cannot resolve WINDOW name nope"),
        ("sum(x) OVER (ROWS BETWEEN UNBOUNDED FOLLOWING AND CURRENT ROW)", "INVALID_WINDOW_FRAME"),
        ("sum(x) OVER (ROWS BETWEEN CURRENT ROW AND UNBOUNDED PRECEDING)", "INVALID_WINDOW_FRAME"),
        ("sum(x) OVER (ROWS BETWEEN CURRENT ROW AND 1 PRECEDING)", "INVALID_WINDOW_FRAME"),
        ("sum(x) OVER (ROWS BETWEEN 1 FOLLOWING AND 1 PRECEDING)", "INVALID_WINDOW_FRAME: line 1:34: Window frame starting from FOLLOWING cannot end with PRECEDING"),
        ("sum(x) OVER (ROWS BETWEEN 1 FOLLOWING AND CURRENT ROW)", "INVALID_WINDOW_FRAME"),
        ("sum(x) OVER (ROWS x - 2 PRECEDING)", "INVALID_WINDOW_FRAME: Window frame offset value must not be negative or null"),
        ("sum(x) OVER (ORDER BY x RANGE x - 2 PRECEDING)", "INVALID_WINDOW_FRAME: Window frame offset value must not be negative or null"),
        ("sum(x) OVER (ROWS 1.5E0 PRECEDING)", "TYPE_MISMATCH: line 1:26: Window frame ROWS start value type must be exact numeric type with scale 0 (actual double)"),
        ("sum(x) OVER (RANGE 1 PRECEDING)", "MISSING_ORDER_BY"),
        ("sum(x) OVER (PARTITION BY x GROUPS 1 PRECEDING)", "MISSING_ORDER_BY"),
        ("sum(x) OVER (ORDER BY x, x RANGE 1 PRECEDING)", "INVALID_ORDER_BY"),
        ("sum(x) OVER (ORDER BY 'a' RANGE 1 PRECEDING)", "TYPE_MISMATCH"),
        ("count(*) OVER (ORDER BY DATE '2020-01-01' RANGE INTERVAL '1' HOUR PRECEDING)", "INVALID_FUNCTION_ARGUMENT: Cannot add hour, minutes or seconds to a date"),
        ("count(*) OVER (ORDER BY DATE '2020-01-01' RANGE INTERVAL '-1' MONTH PRECEDING)", "INVALID_WINDOW_FRAME"),
        ("sum(x) OVER (ORDER BY x RANGE INTERVAL '1' DAY PRECEDING)", "TYPE_MISMATCH: line 1:47: Window frame RANGE value type (interval day to second) not compatible with sort item type (integer)"),
        # Known to Trino: the key would be compared as a double.
        ("sum(x) OVER (ORDER BY x RANGE 1.5E0 PRECEDING)", "NOT_SUPPORTED"),
        ("sum(x) OVER (ORDER BY x ROWS 1 PRECEDING EXCLUDE TIES)", "SYNTAX_ERROR"),
    ],
)  # fmt: skip
def test_failure(failure, expression, error) -> None:
    assert failure(f"SELECT {expression} FROM {X}").startswith(error)


@pytest.mark.parametrize(
    ("clauses", "error"),
    [
        ("WHERE row_number() OVER () = 1", "EXPRESSION_NOT_SCALAR: line 1:46: WHERE clause cannot contain aggregations, window functions or grouping operations: [row_number() OVER ()]"),
        ("GROUP BY x HAVING row_number() OVER () = 1", "NESTED_WINDOW: line 1:58: HAVING clause cannot contain window functions"),
        ("GROUP BY row_number() OVER ()", "EXPRESSION_NOT_SCALAR"),
        ("WINDOW w AS (ORDER BY x), W AS (ORDER BY x)", "DUPLICATE_WINDOW_NAME: line 1:66: WINDOW name 'W' specified more than once"),
        ("WINDOW w AS (v), v AS (ORDER BY x)", "INVALID_WINDOW_REFERENCE"),
        ("WINDOW w AS (ORDER BY x), v AS (w PARTITION BY x)", "INVALID_PARTITION_BY"),
        ("WINDOW w AS (ORDER BY x), v AS (w ORDER BY x)", "INVALID_ORDER_BY"),
        ("WINDOW w AS (ORDER BY x ROWS 1 PRECEDING), v AS (w ROWS 1 PRECEDING)", "INVALID_WINDOW_REFERENCE"),
    ],
)  # fmt: skip
def test_failure_of_a_clause(failure, clauses, error) -> None:
    assert failure(f"SELECT 1 FROM {X} {clauses}").startswith(error)
