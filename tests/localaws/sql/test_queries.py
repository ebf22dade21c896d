"""SELECT: names, grouping, ordering, joins, set operations, subqueries, windows.

Expected results: Trino documentation, "SELECT", "Aggregate functions", "Window functions".
"""

import subprocess
import sys

import pytest

PEOPLE = "(VALUES (1, 'ann', 'US'), (2, 'bob', 'EU'), (3, 'cid', 'US')) AS people(id, name, place)"


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        (f"SELECT place, count(*) FROM {PEOPLE} GROUP BY place ORDER BY 1", [("EU", "1"), ("US", "2")]),
        (f"SELECT upper(place) AS p, sum(id) FROM {PEOPLE} GROUP BY 1 ORDER BY p DESC", [("US", "4"), ("EU", "2")]),
        (f"SELECT place FROM {PEOPLE} GROUP BY place HAVING count(*) > 1", [("US",)]),
        (f"SELECT count(*) FROM {PEOPLE} WHERE id > 9", [("0",)]),
        (f"SELECT sum(id) FROM {PEOPLE} WHERE id > 9", [(None,)]),
        (f"SELECT avg(id), avg(id + 0.0) FROM {PEOPLE} WHERE id < 3", [("1.5", "1.5")]),
        (f"SELECT count(DISTINCT place), approx_distinct(place) FROM {PEOPLE}", [("2", "2")]),
        (f"SELECT count(*) FILTER (WHERE place = 'US') FROM {PEOPLE}", [("2",)]),
        (f"SELECT max_by(name, id), min_by(name, id) FROM {PEOPLE}", [("cid", "ann")]),
        ("SELECT max_by(x, y) FROM (VALUES (NULL, 2), (1, 1)) AS t(x, y)", [(None,)]),
        (f"SELECT array_agg(name ORDER BY id DESC) FROM {PEOPLE}", [("[cid, bob, ann]",)]),
        (f"SELECT bool_and(id > 0), bool_or(id > 2), count_if(id > 1) FROM {PEOPLE}", [("true", "true", "2")]),
        ("SELECT x FROM (VALUES 2, NULL, 1) AS t(x) ORDER BY x", [("1",), ("2",), (None,)]),
        ("SELECT x FROM (VALUES 2, NULL, 1) AS t(x) ORDER BY x DESC", [("2",), ("1",), (None,)]),
        ("SELECT x FROM (VALUES 2, NULL, 1) AS t(x) ORDER BY x NULLS FIRST LIMIT 1", [(None,)]),
        (f"SELECT id FROM {PEOPLE} ORDER BY -id OFFSET 1 LIMIT 1", [("2",)]),
        # ORDER BY means the output column first, GROUP BY the input column.
        (f"SELECT -id AS id FROM {PEOPLE} ORDER BY id LIMIT 1", [("-3",)]),
        ("SELECT 1 UNION SELECT 1 UNION ALL SELECT 2 ORDER BY 1", [("1",), ("2",)]),
        ("SELECT 1 INTERSECT SELECT 1", [("1",)]),
        ("SELECT 1 EXCEPT SELECT 1", []),
        ("SELECT 1 UNION ALL SELECT 2.5", [("1.0",), ("2.5",)]),
        (f"SELECT name FROM {PEOPLE} WHERE id = (SELECT max(x) FROM (VALUES 1, 2) AS t(x))", [("bob",)]),
        (f"SELECT name FROM {PEOPLE} WHERE EXISTS (SELECT 1 FROM (VALUES 3) AS t(x) WHERE x = id)", [("cid",)]),
        (f"SELECT name FROM {PEOPLE} WHERE id IN (SELECT x FROM (VALUES 1, 2) AS t(x)) ORDER BY 1", [("ann",), ("bob",)]),
        (f"SELECT name FROM {PEOPLE} WHERE id NOT IN (1, 2)", [("cid",)]),
        ("SELECT 1 WHERE 1 NOT IN (2, NULL)", []),
        (f"SELECT a.name FROM {PEOPLE.replace('people', 'a')} JOIN (VALUES 1) AS b(id) ON a.id = b.id", [("ann",)]),
        (f"SELECT id, x FROM {PEOPLE} LEFT JOIN (VALUES (1, 'y')) AS b(id, x) USING (id) ORDER BY id", [("1", "y"), ("2", None), ("3", None)]),
        ("SELECT id FROM (VALUES 1) AS a(id) FULL JOIN (VALUES 2) AS b(id) USING (id) ORDER BY 1", [("1",), ("2",)]),
        (f"SELECT row_number() OVER (PARTITION BY place ORDER BY id DESC) AS n, id FROM {PEOPLE} ORDER BY id", [("2", "1"), ("1", "2"), ("1", "3")]),
        (f"SELECT sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM {PEOPLE} ORDER BY id", [("1",), ("3",), ("5",)]),
        (f"SELECT lag(id) OVER w, lead(id, 1, 0) OVER w FROM {PEOPLE} WINDOW w AS (ORDER BY id) ORDER BY id", [(None, "2"), ("1", "3"), ("2", "0")]),
        (f"SELECT place, grouping(place), count(*) FROM {PEOPLE} GROUP BY ROLLUP (place) ORDER BY 2, 1", [("EU", "0", "1"), ("US", "0", "2"), (None, "1", "3")]),
        (f"SELECT place, count(*) FROM {PEOPLE} GROUP BY GROUPING SETS ((place), ()) ORDER BY 2", [("EU", "1"), ("US", "2"), (None, "3")]),
        ("WITH a(x) AS (VALUES 1), b AS (SELECT x + 1 AS y FROM a) SELECT y FROM b", [("2",)]),
        # A name in a WITH shadows nothing that was compiled before it.
        ("WITH a AS (SELECT 1 AS x), b AS (WITH a AS (SELECT 2 AS x) SELECT x FROM a) SELECT a.x, b.x FROM a, b", [("1", "2")]),
        ("SELECT CASE 2 WHEN 1 THEN 'one' WHEN 2 THEN 'two' END, nullif(1, 1), coalesce(NULL, 'x')", [("two", None, "x")]),
        ("SELECT 1 IS DISTINCT FROM NULL, NULL IS NOT DISTINCT FROM NULL, 2 BETWEEN 1 AND 3", [("true", "true", "true")]),
        ("SELECT x FROM (VALUES 1, 2) AS t(x) ORDER BY 'a', x DESC", [("2",), ("1",)]),
        ("SELECT TRY(CAST(x AS timestamp)) FROM (VALUES 'a') AS t(x)", [(None,)]),
        # A lambda's parameter hides a relation of the same name.
        ("SELECT filter(ARRAY[CAST(ROW(1) AS row(q integer))], i -> i.q > 0) FROM (VALUES -1) AS i(q)", [("[{q=1}]",)]),
        ("SELECT DISTINCT x FROM (VALUES 1, 1) AS t(x)", [("1",)]),
        ("SELECT x FROM (VALUES 3, 1, 2, 1, 1) AS t(x) ORDER BY x FETCH FIRST 2 ROWS WITH TIES", [("1",), ("1",), ("1",)]),
        ("SELECT x FROM (VALUES 3, 1, 2, 1, 2) AS t(x) ORDER BY x OFFSET 2 ROWS FETCH NEXT ROW WITH TIES", [("2",), ("2",)]),
        ("SELECT x FROM (VALUES (1, 5), (2, 5), (3, 4)) AS t(x, y) ORDER BY y DESC FETCH FIRST ROW WITH TIES", [("1",), ("2",)]),
        ("SELECT x, count(*) FROM (VALUES 3, 1, 1, 2, 2) AS t(x) GROUP BY x ORDER BY count(*) FETCH FIRST ROW WITH TIES", [("3", "1")]),
        ("SELECT DISTINCT x FROM (VALUES 1, 1, 2) AS t(x) ORDER BY x FETCH FIRST ROW WITH TIES", [("1",)]),
        ("VALUES 2, 1, 1 ORDER BY 1 FETCH FIRST ROW WITH TIES", [("1",), ("1",)]),
        ("SELECT x FROM (VALUES 2, 1) AS t(x) ORDER BY x OFFSET 1", [("2",)]),
        ("SELECT x FROM (VALUES 2, 1) AS t(x) ORDER BY x LIMIT ALL", [("1",), ("2",)]),
        ("SELECT x FROM (VALUES 2, 1) AS t(x) ORDER BY x LIMIT 0", []),
        ("SELECT 1 UNION SELECT 2 INTERSECT SELECT 3 UNION ALL SELECT 1 ORDER BY 1", [("1",), ("1",)]),
        ("SELECT 1 EXCEPT SELECT 2 UNION ALL SELECT 1", [("1",), ("1",)]),
        ("SELECT 1 EXCEPT (SELECT 2 UNION ALL SELECT 1)", []),
        ("SELECT x FROM (VALUES 1, 1, 1, 2) AS t(x) EXCEPT ALL SELECT 1 ORDER BY 1", [("1",), ("1",), ("2",)]),
        ("SELECT x FROM (VALUES 1, 1, 2) AS t(x) INTERSECT ALL VALUES 1, 1, 1", [("1",), ("1",)]),
        ("SELECT NULL UNION SELECT NULL", [(None,)]),
        ("SELECT 1 UNION ALL SELECT BIGINT '2' UNION ALL SELECT 2.5E0", [("1.0",), ("2.0",), ("2.5",)]),
        ("(SELECT 2 AS x LIMIT 1) UNION ALL (SELECT 1 ORDER BY 1) ORDER BY x", [("1",), ("2",)]),
        # A row and the value ROW(...) are the same.
        ("VALUES (ROW(1, 2)), ROW(3, 4), (5, 6), CAST(ROW(7, 8) AS row(a integer, b integer))", [("1", "2"), ("3", "4"), ("5", "6"), ("7", "8")]),
        ("SELECT t.r.*, 7 FROM (VALUES (1, CAST(ROW(2, 'x') AS row(n integer, m varchar)))) AS t(a, r)", [("2", "x", "7")]),
        ("SELECT (t.r).* FROM (VALUES (1, ROW(2, 'x'))) AS t(a, r)", [("2", "x")]),
    ],
)  # fmt: skip
def test_rows(query, sql, rows) -> None:
    assert query(sql)[2] == rows


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        # A heading is written as in the query, a reference finds it in any case.
        ("SELECT 1, 2 AS Two, 'x'", ["_col0", "Two", "_col2"]),
        ("SELECT TWO, * FROM (SELECT 2 AS Two)", ["TWO", "Two"]),
        ("WITH t(Id) AS (SELECT 1) SELECT * FROM t UNION ALL SELECT id FROM t", ["Id"]),
        ("SELECT (a), ((t.a)), a + 1, CAST(ROW(1) AS row(x integer)).x, (r).y FROM (VALUES (1, CAST(ROW(1) AS row(y integer)))) AS t(a, r)", ["a", "a", "_col2", "_col3", "y"]),
        ("SELECT (t.r).* AS (P, q) FROM (VALUES (1, ROW(2, 'x'))) AS t(a, r)", ["P", "q"]),
        ("SELECT t.* AS (p) FROM (VALUES 1) AS t(a)", ["p"]),
        ("SELECT t.*, * FROM (VALUES 1) AS t(a)", ["a", "a"]),
        ("SELECT 1 AS x UNION SELECT 2 AS y", ["x"]),
        (f"SELECT * FROM {PEOPLE}", ["id", "name", "place"]),
        (f"SELECT people.*, 1 FROM {PEOPLE}", ["id", "name", "place", "_col3"]),
        (f"SELECT people.id, count(*) FROM {PEOPLE} GROUP BY people.id", ["id", "_col1"]),
        ("SELECT * FROM (VALUES (1, 2)) AS a(x, y) JOIN (VALUES (1, 3)) AS b(x, z) USING (x)", ["x", "y", "z"]),
    ],
)  # fmt: skip
def test_column_names(query, sql, names) -> None:
    assert query(sql)[0] == names


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT nope", "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"),
        (f"SELECT\n  people.nope\nFROM {PEOPLE}", "COLUMN_NOT_FOUND: line 2:3: Column 'people.nope' cannot be resolved"),
        ("SELECT 1 FROM missing", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.default.missing' does not exist"),
        ("SELECT 1 FROM other.default.t", "CATALOG_NOT_FOUND"),
        (f"SELECT name, count(*) FROM {PEOPLE}", "EXPRESSION_NOT_AGGREGATE: line 1:8: 'name' must be an aggregate expression or appear in GROUP BY clause"),
        (f"SELECT name FROM {PEOPLE} GROUP BY place", "EXPRESSION_NOT_AGGREGATE"),
        (f"SELECT name FROM {PEOPLE} HAVING count(*) > 1", "EXPRESSION_NOT_AGGREGATE"),
        (f"SELECT id FROM {PEOPLE} WHERE count(*) > 1", "EXPRESSION_NOT_SCALAR"),
        (f"SELECT count(count(*)) FROM {PEOPLE}", "NESTED_AGGREGATION"),
        ("SELECT x FROM (VALUES 1) AS a(x), (VALUES 1) AS b(x)", "AMBIGUOUS_NAME: line 1:8: Column 'x' is ambiguous"),
        ("SELECT a.x FROM (VALUES 1) AS a(x) JOIN (VALUES 1) AS b(x) USING (x)", "COLUMN_NOT_FOUND"),
        ("SELECT 1 UNION SELECT 'a'", "TYPE_MISMATCH: line 1:8: column 1 in UNION query has incompatible types: integer, varchar(1)"),
        ("SELECT 1 UNION SELECT 1, 2", "TYPE_MISMATCH"),
        ("SELECT 1 WHERE 1", "TYPE_MISMATCH: line 1:16: WHERE clause must evaluate to a boolean (actual: integer)"),
        ("SELECT CASE WHEN true THEN 1 ELSE 'a' END", "TYPE_MISMATCH"),
        ("SELECT 1 ORDER BY 2", "INVALID_COLUMN_REFERENCE: line 1:19: ORDER BY position 2 is not in select list"),
        ("SELECT (SELECT x FROM (VALUES 1, 2) AS t(x))", "SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows"),
        ("SELECT row_number()", "MISSING_OVER"),
        ("SELECT * FROM (VALUES 1) AS t(x, y)", "MISMATCHED_COLUMN_ALIASES"),
        ("SELECT *", "COLUMN_NOT_FOUND"),
        ("SELEC 1", "SYNTAX_ERROR"),
        ("SELECT FROM WHERE", "SYNTAX_ERROR"),
        ("SELECT 1; SELECT 2", "SYNTAX_ERROR: line 1:9: Only one sql statement is allowed."),
        ("SELECT a AS x, b AS x FROM (VALUES (1, 2)) AS t(a, b) ORDER BY x + 1", "AMBIGUOUS_NAME"),
        ("SELECT DISTINCT a FROM (VALUES (1, 2)) AS t(a, b) ORDER BY b", "EXPRESSION_NOT_IN_DISTINCT"),
        ("WITH a AS (SELECT 1), a AS (SELECT 2) SELECT * FROM a", "DUPLICATE_NAMED_QUERY"),
        ("SELECT x FROM (VALUES 1, 2) AS t(x) LIMIT 1 OFFSET 1", "SYNTAX_ERROR"),
        ("SELECT x FROM (VALUES 1, 2) AS t(x) LIMIT 1, 1", "SYNTAX_ERROR"),
        ("SELECT x FROM (VALUES 1, 2) AS t(x) OFFSET 1 ORDER BY x", "SYNTAX_ERROR: line 1:46: mismatched input 'ORDER'"),
        ("SELECT x FROM (VALUES 1, 2) AS t(x) GROUP BY x WHERE x = 1", "SYNTAX_ERROR"),
        ("SELECT 1 ORDER BY 1 LIMIT 1 UNION SELECT 2", "SYNTAX_ERROR"),
        ("SELECT FROM (VALUES 1) AS t(x)", "SYNTAX_ERROR"),
        ("SELECT 1 == 1", "SYNTAX_ERROR"),
        ("SELECT a, a FROM (VALUES 1) AS t(a) ORDER BY a", "AMBIGUOUS_NAME: line 1:46: Column 'a' is ambiguous"),
        ("SELECT x FROM (VALUES 1) AS t(x) FETCH FIRST ROW WITH TIES", "MISSING_ORDER_BY"),
        ("SELECT x FROM (VALUES 1) AS t(x) FETCH FIRST 0 ROWS ONLY", "NUMERIC_VALUE_OUT_OF_RANGE: line 1:46: FETCH FIRST row count must be positive (actual value: 0)"),
        ("SELECT x FROM (VALUES 1) AS t(x) FETCH FIRST 5 PERCENT ROWS ONLY", "SYNTAX_ERROR"),
        ("SELECT 1 UNION BY NAME SELECT 2", "SYNTAX_ERROR"),
        ("VALUES 1, (2, 3)", "TYPE_MISMATCH"),
        ("SELECT (r).* FROM (VALUES (1, ROW(2, 'x'))) AS t(a, r)", "TABLE_NOT_FOUND: line 1:9: Unable to resolve reference r"),
        ("SELECT nope.* FROM (VALUES 1) AS t(x)", "TABLE_NOT_FOUND: line 1:8: Unable to resolve reference nope"),
        ("SELECT (t.x).* FROM (VALUES 1) AS t(x)", "TYPE_MISMATCH: line 1:9: expected expression of type Row"),
        ("SELECT * AS (a) FROM (VALUES 1) AS t(x)", "SYNTAX_ERROR: line 1:10: mismatched input 'AS'"),
        ("SELECT t.* AS (a, b) FROM (VALUES 1) AS t(x)", "MISMATCHED_COLUMN_ALIASES"),
        ("SELECT * EXCEPT (x) FROM (VALUES 1) AS t(x)", "SYNTAX_ERROR"),
        ("FROM (VALUES 1) AS t(x) SELECT x", "SYNTAX_ERROR: line 1:1: mismatched input 'FROM'"),
        ("SELECT * FROM (FROM (VALUES 1) AS t(x))", "SYNTAX_ERROR: line 1:16: mismatched input 'FROM'"),
        ("SELECT 1 AS end", "SYNTAX_ERROR: line 1:13: mismatched input 'end'"),
        ("SELECT order FROM (VALUES 1) AS t(x)", "SYNTAX_ERROR"),
        ("SELECT first FROM (VALUES 1) AS t(\"first\")", "SYNTAX_ERROR: line 1:8: mismatched input 'first'"),
        ("SELECT 1 FROM (VALUES 1) AS cross", "SYNTAX_ERROR"),
        ("SELECT DISTINCT ON (x) x FROM (VALUES 1) AS t(x)", "SYNTAX_ERROR"),
        ("SELECT x FROM (VALUES 1) AS t(x) QUALIFY x > 1", "SYNTAX_ERROR"),
        ("SELECT 1,", "SYNTAX_ERROR"),
        ("SELECT count(DISTINCT x) OVER () FROM (VALUES 1) AS t(x)", "NOT_SUPPORTED"),
        ("SELECT x IN UNNEST(ARRAY[1]) FROM (VALUES 1) AS t(x)", "SYNTAX_ERROR: line 1:10: mismatched input 'IN'"),
        ("SELECT 3 BETWEEN SYMMETRIC 5 AND 1", "SYNTAX_ERROR: line 1:28: mismatched input '5'"),
        ("SELECT try(sum(x) / 0) FROM (VALUES 1) AS t(x)", "NOT_SUPPORTED"),
        ("SELECT " + " || ".join(["'a'"] * 8000), "STACK_OVERFLOW: statement is too large"),
        ("SELECT sum(x) OVER (ORDER BY x ROWS 1 PRECEDING EXCLUDE TIES) FROM (VALUES 1) AS t(x)", "SYNTAX_ERROR: line 1:49: mismatched input 'EXCLUDE'"),
        ("WITH a AS MATERIALIZED (SELECT 1) SELECT * FROM a", "SYNTAX_ERROR: line 1:11: mismatched input 'MATERIALIZED'"),
        # Known to Trino, not yet here: refused, not guessed.
        (f"SELECT id FROM {PEOPLE} TABLESAMPLE SYSTEM (10)", "NOT_SUPPORTED"),
        ("SELECT 1 FROM (VALUES 1) AS a(x) NATURAL JOIN (VALUES 1) AS b(x)", "NOT_SUPPORTED"),
    ],
)  # fmt: skip
def test_failure(failure, sql, error) -> None:
    assert failure(sql).startswith(error)


def test_sum_of_bigints_overflows(failure) -> None:
    error = failure("SELECT sum(x) FROM (VALUES 9223372036854775807, 1) AS t(x)")
    assert error.startswith("INVALID_CAST_ARGUMENT") or "OUT_OF_RANGE" in error


def test_text_cannot_break_out_of_its_quotes(query) -> None:
    _, _, rows = query(
        """SELECT 'a''); DROP TABLE x; --', "q""uote" FROM (VALUES 1) AS t("q""uote")"""
    )
    assert rows == [("a'); DROP TABLE x; --", "1")]


def test_the_engine_is_in_utc_wherever_it_runs(tmp_path, monkeypatch) -> None:
    """A user's machine is seldom in UTC, Athena always is."""
    code = (
        "import sys; from pathlib import Path; from localaws.engine.duckdb_engine import DuckDBEngine\n"
        "folder = Path(sys.argv[1])\n"
        "with DuckDBEngine(folder / 'objects', folder / 'scratch').session() as session:\n"
        "    print(session.rows(\"SELECT timezone('UTC', date_trunc('day', "
        "timestamptz '2020-01-01 03:00:00+00'))\")[0][0])\n"
    )
    monkeypatch.setenv("TZ", "America/New_York")
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "2020-01-01 00:00:00"


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("10 / (99000 - x)", "DIVISION_BY_ZERO: Division by zero"),
        ("CAST(CASE WHEN x = 99000 THEN 'a' ELSE '1' END AS integer)", "INVALID_CAST_ARGUMENT"),
        ("9223372036854775807 - 99000 + x", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ],
)
def test_a_row_that_fails_late_fails_with_the_same_words(failure, expression, error) -> None:
    """The engine has given rows already, and reports what goes wrong then in another way."""
    rows = (
        "UNNEST(sequence(1, 10000)) AS a(y) CROSS JOIN UNNEST(sequence(0, 9)) AS b(z) "
        "CROSS JOIN UNNEST(ARRAY[y * 10 + z]) AS c(x)"
    )
    assert failure(f"SELECT {expression} FROM {rows}").startswith(error)


def test_long_chains_do_not_overflow(query) -> None:
    numbers = [f"SELECT {i} AS x" for i in range(1000)]
    assert query(f"SELECT count(*) FROM ({' UNION ALL '.join(numbers)})")[2] == [("1000",)]
    conditions = " OR ".join(f"x = {i}" for i in range(2000))
    assert query(f"SELECT max(x) FROM (VALUES 1, 1999) AS t(x) WHERE {conditions}")[2] == [
        ("1999",)
    ]


@pytest.mark.parametrize("word", ["date", "timestamp", "user", "row", "map", "range", "view"])
def test_words_that_are_not_reserved_are_names(query, word) -> None:
    assert query(f"SELECT {word} AS {word} FROM (VALUES 1) AS t({word})")[2] == [("1",)]
