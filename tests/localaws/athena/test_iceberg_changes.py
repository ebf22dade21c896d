"""MERGE, UPDATE and DELETE: which rows change, which files are read and written.

Source of the rules: Trino documentation, "MERGE", "UPDATE", "DELETE"; error texts: Trino's
StandardErrorCode and dbt-athena's handling of them.
"""

import pytest


def create(athena, query: str, more: str = "", name: str = "t") -> None:
    athena(
        f"CREATE TABLE {name} WITH (table_type = 'iceberg', is_external = false, {more} "
        f"location = 's3://{athena.bucket}/{name}/') AS {query}"
    )


DAYS = """
SELECT id, DATE '2025-01-01' + (id / 10) * interval '1' day AS day, 'old' AS note
FROM UNNEST(sequence(0, 39)) AS s(id)
"""


@pytest.fixture
def days(athena):
    """Forty rows over four days, ids 0-9 on the first, one file a day."""
    create(athena, DAYS, "partitioning = ARRAY['day'],")
    return athena


def changed(athena, sql: str) -> int:
    """The update count of a statement that must succeed."""
    id_ = athena.start(sql)
    assert athena.execution(id_)["Status"]["State"] == "SUCCEEDED", athena.execution(id_)["Status"]
    return athena.client.get_query_results(QueryExecutionId=id_)["UpdateCount"]


def files(athena) -> dict[str, str]:
    """day -> its file."""
    return dict(athena('SELECT DISTINCT CAST(day AS varchar), "$path" FROM t'))


def last_snapshot(athena, name: str = "t") -> tuple:
    return athena(
        "SELECT operation, coalesce(element_at(summary, 'added-data-files'), '0'), "
        f"coalesce(element_at(summary, 'deleted-data-files'), '0') FROM \"{name}$snapshots\" "
        "ORDER BY committed_at DESC LIMIT 1"
    )[0]


def test_a_merge_of_one_day_leaves_the_others_alone(days) -> None:
    before = files(days)
    count = changed(
        days,
        "MERGE INTO t USING (SELECT 5 AS id, DATE '2025-01-01' AS day UNION ALL "
        "SELECT 99, DATE '2025-01-01') AS s ON t.id = s.id AND t.day = s.day "
        "AND t.day >= DATE '2025-01-01' AND t.day < DATE '2025-01-02' "
        "WHEN MATCHED THEN UPDATE SET note = 'new' "
        "WHEN NOT MATCHED THEN INSERT (id, day, note) VALUES (s.id, s.day, 'added')",
    )
    assert count == 2
    after = files(days)
    assert {day for day in before if before[day] != after[day]} == {"2025-01-01"}
    assert days("SELECT id, note FROM t WHERE note <> 'old' ORDER BY id") == [
        ("5", "new"),
        ("99", "added"),
    ]
    assert days("SELECT count(*) FROM t") == [("41",)]


def test_what_a_merge_of_one_day_scans_does_not_grow_with_the_history(athena) -> None:
    """As dbt's incremental_predicates: literal conditions on the target in the ON clause."""
    merge = (
        "MERGE INTO t USING (SELECT 1 AS id, DATE '2025-01-01' AS day, 'x' AS note) AS s "
        "ON t.id = s.id AND t.day = DATE '2025-01-01' WHEN MATCHED THEN UPDATE SET note = s.note"
    )
    day = (
        "SELECT id, DATE '2025-01-{:02}' AS day, 'n' AS note FROM UNNEST(sequence(0, 99)) AS s(id)"
    )
    create(athena, day.format(1), "partitioning = ARRAY['day'],")
    alone = athena.scanned(merge)
    athena("INSERT INTO t " + " UNION ALL ".join(day.format(n) for n in range(2, 12)))
    # The first merge rewrote the file; what it scans from now on stays the same.
    again = athena.scanned(merge)
    athena("INSERT INTO t " + " UNION ALL ".join(day.format(n) for n in range(12, 28)))
    assert athena.scanned(merge) == again
    assert 0 < again < 2 * alone


def test_bounds_of_columns_prune_where_there_is_no_partition(athena) -> None:
    create(athena, "SELECT id, 'old' AS note FROM UNNEST(sequence(0, 9)) AS s(id)")
    for start in (10, 20, 30):
        athena(
            f"INSERT INTO t SELECT id, 'old' FROM UNNEST(sequence({start}, {start + 9})) AS s(id)"
        )
    one = athena.scanned("SELECT note FROM t WHERE id = 15")
    assert one * 4 == pytest.approx(athena.scanned("SELECT note FROM t WHERE id >= 0"), rel=0.05)
    assert changed(athena, "UPDATE t SET note = 'new' WHERE id BETWEEN 12 AND 13") == 2
    assert last_snapshot(athena) == ("overwrite", "1", "1")


def test_whole_files_are_deleted_without_being_rewritten(days) -> None:
    assert changed(days, "DELETE FROM t WHERE day <= DATE '2025-01-02'") == 20
    assert last_snapshot(days) == ("delete", "0", "2")
    assert changed(days, "DELETE FROM t WHERE id = 25") == 1
    assert last_snapshot(days) == ("overwrite", "1", "1")
    assert changed(days, "DELETE FROM t WHERE id = 1000") == 0
    assert last_snapshot(days) == ("overwrite", "1", "1")
    id_ = days.start("DELETE FROM t")
    assert days.execution(id_)["Statistics"]["DataScannedInBytes"] == 0
    assert last_snapshot(days) == ("delete", "0", "2")
    assert days("SELECT count(*) FROM t") == [("0",)]


def test_clauses_are_tried_in_order(athena) -> None:
    create(athena, "SELECT id, 'old' AS note, BIGINT '0' AS n FROM UNNEST(sequence(1, 6)) AS s(id)")
    count = changed(
        athena,
        """
        MERGE INTO t AS a USING (SELECT id, id * 10 AS n FROM UNNEST(sequence(1, 9)) AS s(id)) AS b
        ON a.id = b.id
        WHEN MATCHED AND b.id = 1 THEN DELETE
        WHEN MATCHED AND b.id <= 2 THEN UPDATE SET n = b.n + 1, note = upper(a.note)
        WHEN MATCHED AND b.id <= 3 THEN UPDATE SET n = -1
        WHEN NOT MATCHED AND b.id = 7 AND a.n IS NULL THEN INSERT (n, id) VALUES (b.n + 7, b.id)
        WHEN NOT MATCHED AND b.id = 8 AND a.id > 0 THEN INSERT (id) VALUES (-1)
        WHEN NOT MATCHED AND b.id = 8 THEN
            INSERT VALUES (b.id, coalesce(a.note, 'eight'), b.n)
        """,
    )
    assert count == 5
    assert athena("SELECT id, note, n FROM t ORDER BY id") == [
        ("2", "OLD", "21"),
        ("3", "old", "-1"),
        ("4", "old", "0"),
        ("5", "old", "0"),
        ("6", "old", "0"),
        ("7", None, "77"),
        ("8", "eight", "80"),
    ]


def test_one_target_row_may_match_once_only(athena) -> None:
    create(athena, "SELECT 1 AS id, 'a' AS note")
    source = "(VALUES (1, 'b'), (1, 'c')) AS s(id, note)"
    error = athena.fails(
        f"MERGE INTO t USING {source} ON t.id = s.id WHEN MATCHED THEN UPDATE SET note = s.note"
    )
    assert error == (
        "MERGE_TARGET_ROW_MULTIPLE_MATCHES: "
        "One MERGE target table row matched more than one source row"
    )
    # Only one of the two is for this row.
    athena(
        f"MERGE INTO t USING {source} ON t.id = s.id "
        "WHEN MATCHED AND s.note = 'c' THEN UPDATE SET note = s.note"
    )
    assert athena("SELECT note FROM t") == [("c",)]


@pytest.mark.parametrize(
    ("sql", "left"),
    [
        ("DELETE FROM t WHERE id IN (SELECT id FROM other)", "34"),
        ("DELETE FROM t WHERE id NOT IN (SELECT id FROM other)", "12"),
        ("DELETE FROM t WHERE EXISTS (SELECT 1 FROM other AS o WHERE o.id = t.id AND o.n > 1)", "14"),
        ("DELETE FROM t WHERE id > (SELECT min(id) FROM t)", "1"),
        ("DELETE FROM t WHERE id = (SELECT max(id) FROM other WHERE id < 3)", "134"),
    ],
)  # fmt: skip
def test_delete_with_subqueries(athena, sql, left) -> None:
    create(athena, "SELECT id FROM UNNEST(ARRAY[1, 2, 3, 4]) AS s(id)")
    create(athena, "SELECT * FROM (VALUES (1, 1), (2, 2), (3, 3)) AS v(id, n)", name="other")
    if "NOT IN" in sql or "FROM other)" in sql:
        athena("DELETE FROM other WHERE id = 3")
    athena(sql)
    assert "".join(id_ for (id_,) in athena("SELECT id FROM t ORDER BY id")) == left


def test_update_with_subqueries(athena) -> None:
    create(athena, "SELECT id, BIGINT '0' AS n FROM UNNEST(ARRAY[1, 2, 3]) AS s(id)")
    create(athena, "SELECT * FROM (VALUES (1, 10), (2, 20)) AS v(id, n)", name="other")
    changed_rows = changed(
        athena,
        "UPDATE t SET n = (SELECT max(o.n) FROM other AS o WHERE o.id = t.id) "
        "WHERE id IN (SELECT id FROM other)",
    )
    assert changed_rows == 2
    assert athena("SELECT id, n FROM t ORDER BY id") == [("1", "10"), ("2", "20"), ("3", "0")]
    athena("UPDATE t SET n = (SELECT count(*) FROM other) + n")
    assert athena("SELECT sum(n) FROM t") == [("36",)]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM t FOR VERSION AS OF 1 WHERE id = 1",
        "UPDATE t FOR VERSION AS OF 1 SET note = 'x'",
        'DELETE FROM "t$files"',
    ],
)
def test_only_the_table_of_today_is_changed(days, statement) -> None:
    assert days.fails(statement).split(":")[0] in ("NOT_SUPPORTED", "SYNTAX_ERROR")
    assert days("SELECT count(*) FROM t") == [("40",)]


def test_more_than_a_hundred_partitions_leave_nothing_behind(days) -> None:
    """dbt-athena looks for TOO_MANY_OPEN_PARTITIONS and then writes in batches."""
    keys = {each["Key"] for each in objects(days)}
    many = (
        "SELECT id, DATE '2026-01-01' + id * interval '1' day AS day, 'n' AS note "
        "FROM UNNEST(sequence(1, 101)) AS s(id)"
    )
    text = "ICEBERG_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers for partitions"
    assert days.fails(f"INSERT INTO t {many}") == text
    merge = (
        f"MERGE INTO t USING ({many}) AS s ON t.id = s.id AND t.day = s.day "
        "WHEN NOT MATCHED THEN INSERT (id, day, note) VALUES (s.id, s.day, s.note)"
    )
    assert days.fails(merge) == text
    assert {each["Key"] for each in objects(days)} == keys
    assert days("SELECT count(*) FROM t") == [("40",)]


def objects(athena) -> list[dict]:
    pages = athena.s3.get_paginator("list_objects_v2").paginate(Bucket=athena.bucket, Prefix="t/")
    return [each for page in pages for each in page.get("Contents", [])]
