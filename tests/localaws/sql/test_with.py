"""WITH and WITH RECURSIVE.

Expected results: Trino's TestRecursiveCte and TestAnalyzer.
"""

import pytest


def recursive(columns: str, base: str, step: str, union: str = "UNION ALL") -> str:
    return f"WITH RECURSIVE t({columns}) AS ({base} {union} {step}) SELECT * FROM t"


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        (recursive("n", "SELECT 1", "SELECT n + 2 FROM t WHERE n < 6"), ["1", "3", "5", "7"]),
        (recursive("n", "VALUES 1, 1, 10", "SELECT n + 2 FROM t WHERE n < 4", "UNION"), ["1", "10", "3", "5"]),
        (recursive("n", "SELECT 1", "SELECT * FROM (WITH t2(m) AS (SELECT 4) SELECT m FROM t2 UNION SELECT n + 1 FROM t) t(n) WHERE n < 4"), ["1", "2", "3"]),
        # The inner t is another one: nothing repeats.
        (recursive("n", "SELECT 1", "SELECT * FROM (WITH t(n) AS (SELECT 5) SELECT n + 1 FROM t)"), ["1", "6"]),
        ("WITH t(n) AS (WITH t2(m) AS (WITH RECURSIVE t3(p) AS (SELECT 1 UNION ALL SELECT * FROM (WITH t4(q) AS (SELECT 4) SELECT p + 1 FROM t3 WHERE p < 3)) SELECT * FROM t3) SELECT * FROM t2) SELECT * FROM t", ["1", "2", "3"]),
        (recursive("n", "SELECT VARCHAR 'ABC'", "SELECT CAST(substr(n, 2) AS varchar(5)) FROM t WHERE n < 'C'"), ["ABC", "BC", "C"]),
        (recursive("n", "SELECT 1", "SELECT b + 1 FROM ((SELECT 5) JOIN t ON true) t(a, b) WHERE b < 3"), ["1", "2", "3"]),
        (recursive("n", "SELECT 1", "SELECT n + 2 FROM (SELECT 10) u RIGHT JOIN t ON true WHERE n < 6"), ["1", "3", "5", "7"]),
        (recursive("n", "SELECT 1", "SELECT b + 1 FROM ((SELECT 5) t1(m) JOIN LATERAL (SELECT * FROM t WHERE n * 3 < m) ON true) t(a, b) WHERE b < 3"), ["1", "2"]),
        (recursive("n", "SELECT 1", "SELECT * FROM (SELECT * FROM (VALUES 5) t1(m) WHERE 1 IN (SELECT * FROM t WHERE n * 3 < m))"), ["1", "5"]),
        (recursive("n", "SELECT 1", "(SELECT n + 2 FROM ((TABLE t) INTERSECT DISTINCT (SELECT 1)) u(n))"), ["1", "3"]),
        (recursive("n", "SELECT 1", "(SELECT n + 2 FROM ((TABLE t) EXCEPT DISTINCT (SELECT 10)) u(n) WHERE n < 3)"), ["1", "3"]),
        (recursive("n", "SELECT 1", "SELECT n + 1 FROM t WHERE n < 11"), sorted(map(str, range(1, 12)))),
        # A name means what is defined before it.
        ("WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS x FROM a), a2 AS (SELECT x FROM b) SELECT x FROM a2", ["2"]),
        ("WITH a AS (SELECT 1 AS x) SELECT x FROM (WITH a AS (SELECT 2 AS x) SELECT x FROM a) UNION ALL SELECT x FROM a", ["1", "2"]),
        ("WITH t(n) AS (SELECT 1) TABLE t", ["1"]),
    ],
)  # fmt: skip
def test_rows(query, sql, rows) -> None:
    assert sorted(row[0] for row in query(sql)[2]) == rows


def test_each_use_is_a_query_of_its_own(query) -> None:
    """Source: Trino's documentation of SELECT, which has the query inlined wherever it is named."""
    sql = "WITH x AS (SELECT random() AS r) SELECT a.r = b.r FROM x AS a CROSS JOIN x AS b"
    assert query(sql)[2] == [("false",)]
    steps = [f"s{n} AS (SELECT a.v FROM s{n - 1} a, s{n - 1} b)" for n in range(1, 25)]
    assert query(f"WITH s0 AS (SELECT 7 AS v), {', '.join(steps)} SELECT v FROM s24")[2] == [("7",)]


def test_rows_of_several_columns(query) -> None:
    sql = recursive(
        "n, m, o",
        "SELECT * FROM (VALUES (1, 2, ROW(3, 4)), (5, 6, ROW(7, 8)))",
        "SELECT t.o.*, ROW(10, 10) FROM t WHERE m < 3",
    )
    assert [row[:2] for row in query(sql)[2]] == [("1", "2"), ("5", "6"), ("3", "4")]


def test_several_recursive_queries(query) -> None:
    sql = (
        "WITH RECURSIVE a(x) AS (SELECT 1), "
        "b(y) AS (SELECT x FROM a UNION ALL SELECT y + 1 FROM b WHERE y < 2), "
        "c(z) AS (SELECT y FROM b UNION ALL SELECT z * 4 FROM c WHERE z < 4) "
        "SELECT * FROM a, b, c"
    )
    expected = [("1", y, z) for y in "12" for z in "1248"]
    assert sorted(query(sql)[2]) == expected


def test_the_base_decides_names_and_types(query) -> None:
    sql = recursive("N", "SELECT BIGINT '1'", "SELECT CAST(n + 1 AS tinyint) FROM t WHERE n < 2")
    assert query(sql) == (["N"], ["bigint"], [("1",), ("2",)])


TOO_DEEP = (
    "NOT_SUPPORTED: Recursion depth limit exceeded (10). "
    "Use 'max_recursion_depth' session property to modify the limit."
)


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        (recursive("n", "SELECT 1", "SELECT * FROM t"), TOO_DEEP),
        (recursive("n", "SELECT 1", "SELECT n + 1 FROM t WHERE n < 12"), TOO_DEEP),
        # Duplicates do not end it: they are removed at the end.
        (recursive("n", "SELECT 1", "SELECT n FROM t", "UNION"), TOO_DEEP),
        ("WITH RECURSIVE t AS (SELECT 1) SELECT * FROM t", "MISSING_COLUMN_ALIASES: line 1:16: missing column aliases in recursive WITH query"),
        (recursive("n", "SELECT 1", "SELECT 1.5e0 FROM t"), "TYPE_MISMATCH: line 1:51: recursion step relation output type (double) is not coercible to recursion base relation output type (integer) at column 1"),
        (recursive("n", "SELECT 1", "SELECT 1, 2 FROM t"), "TYPE_MISMATCH"),
        (recursive("n", "SELECT 1", "SELECT t.n FROM t, t u"), "INVALID_RECURSIVE_REFERENCE"),
        (recursive("n", "SELECT n FROM t", "SELECT 1"), "INVALID_RECURSIVE_REFERENCE"),
        (recursive("n", "SELECT 1", "SELECT 2 WHERE 1 IN (SELECT n FROM t)"), "INVALID_RECURSIVE_REFERENCE"),
        (recursive("n", "SELECT 1", "SELECT n FROM (SELECT 10) u LEFT JOIN t ON true"), "INVALID_RECURSIVE_REFERENCE"),
        (recursive("n", "SELECT 1", "SELECT n FROM ((SELECT 1) EXCEPT (TABLE t)) u(n)"), "INVALID_RECURSIVE_REFERENCE"),
        ("WITH RECURSIVE t(n) AS (SELECT n FROM t) SELECT * FROM t", "INVALID_RECURSIVE_REFERENCE: line 1:39: recursive reference not allowed in this context"),
        ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t LIMIT 3) SELECT * FROM t", "INVALID_LIMIT_CLAUSE"),
        ("WITH RECURSIVE t(n) AS (WITH RECURSIVE u(m) AS (SELECT 1) SELECT m FROM u) SELECT * FROM t", "NESTED_RECURSIVE"),
        ("WITH b AS (SELECT * FROM a), a AS (SELECT 1 AS x) SELECT * FROM b", "TABLE_NOT_FOUND: line 1:26: Table 'awsdatacatalog.default.a' does not exist"),
        ("WITH a(x, y) AS (SELECT 1) SELECT * FROM a", "MISMATCHED_COLUMN_ALIASES"),
    ],
)  # fmt: skip
def test_failure(failure, sql, error) -> None:
    assert failure(sql).startswith(error)
