"""Which partitions and files a query reads: told by what it scans, and by taking the rest away.

Source of the rules: Trino's Hive and Iceberg connectors; what a column of an Iceberg partition
costs: Trino's IcebergPageSourceProvider, which takes its value from the metadata.
"""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

DAYS = [date(2025, 1, 1) + timedelta(days=i) for i in range(30)] + [None]
ROWS = """
SELECT id, concat('note ', CAST(id AS varchar)) AS note,
    CASE WHEN id < 600 THEN DATE '2025-01-01' + (id / 20) * interval '1' day END AS day
FROM UNNEST(sequence(0, 619)) AS s(id)
"""


@pytest.fixture
def lake(athena):
    """Thirty days and the unknown one, 20 rows and one file each: Hive's `h`, Iceberg's `t`."""
    athena(
        "CREATE TABLE t WITH (table_type = 'iceberg', is_external = false, partitioning = "
        f"ARRAY['day'], location = 's3://{athena.bucket}/t/') AS {ROWS}"
    )
    athena(
        "CREATE TABLE h WITH (format = 'PARQUET', partitioned_by = ARRAY['day'], "
        f"external_location = 's3://{athena.bucket}/h/') AS {ROWS}"
    )
    athena("CREATE VIEW v AS SELECT id, day, note FROM h")
    athena("CREATE VIEW w AS SELECT day, upper(note) AS note, id FROM t WHERE id >= 0")
    return athena


def january(*days: int) -> list[date]:
    return [date(2025, 1, each) for each in days]


CONDITIONS = {
    "day = DATE '2025-01-03'": january(3),
    "DATE '2025-01-03' = day": january(3),
    "(day BETWEEN DATE '2025-01-02' AND DATE '2025-01-04' "
    "OR day BETWEEN DATE '2025-01-10' AND DATE '2025-01-11' "
    "OR day = DATE '2025-01-20')": january(2, 3, 4, 10, 11, 20),
    "day IN (DATE '2025-01-02', DATE '2025-01-29')": january(2, 29),
    "day >= date_add('day', -1, DATE '2025-01-30')": january(29, 30),
    "day > DATE '2025-01-30' - interval '2' day": january(29, 30),
    "day BETWEEN DATE '2025-01-07' AND date_add('day', 1, DATE '2025-01-07')": january(7, 8),
    "NOT (day < DATE '2025-01-29')": january(29, 30),
    "day NOT IN (DATE '2025-01-01') AND day <= DATE '2025-01-03'": january(2, 3),
    "day <> DATE '2025-01-02' AND day < DATE '2025-01-04'": january(1, 3),
    "CAST(day AS varchar) <= '2025-01-02'": january(1, 2),
    "CAST(day AS timestamp) >= TIMESTAMP '2025-01-29 00:00:00'": january(29, 30),
    "coalesce(day, DATE '2025-02-01') >= DATE '2025-01-30'": [*january(30), None],
    "day IS NULL": [None],
    "day IN (CAST(NULL AS date))": [],
    "day = DATE '2024-01-01'": [],
    "(day = DATE '2025-01-01' AND id > 5 OR day = DATE '2025-01-05')": january(1, 5),
}
RELATIONS = {
    "h": ["h", "(SELECT * FROM h)", "v", "(SELECT day, note, id FROM (SELECT * FROM v))"],
    "t": ["t", "(SELECT id, note, day FROM t WHERE id < 1000)", "w"],
}


@pytest.mark.parametrize("table", RELATIONS)
def test_conditions_on_the_partition_choose_what_is_read(lake, table) -> None:
    """Also through views and subqueries."""
    for relation in RELATIONS[table]:
        query = f"SELECT sum(x.id), max(x.note) FROM {relation} AS x WHERE "
        known = [f"day = DATE '{each}'" if each else "day IS NULL" for each in DAYS]
        sizes = dict(zip(DAYS, (lake.scanned(query + each) for each in known), strict=True))
        assert all(sizes.values())
        for condition, expected in CONDITIONS.items():
            assert lake.scanned(query + condition) == sum(map(sizes.get, expected)), condition


@pytest.mark.parametrize("table", RELATIONS)
def test_no_row_is_lost(lake, table) -> None:
    rows = [(i, DAYS[i // 20]) for i in range(620)]
    for relation in RELATIONS[table]:
        for condition, expected in CONDITIONS.items():
            wanted = [i for i, day in rows if day in expected]
            if "id > 5" in condition:
                wanted = [i for i in wanted if i > 5]
            found = lake(f"SELECT count(*), sum(id) FROM {relation} AS x WHERE {condition}")
            assert found == [(str(len(wanted)), str(sum(wanted)) if wanted else None)], condition


def test_a_with_query_used_twice_reads_what_either_asks_for(lake) -> None:
    for table in RELATIONS:
        one, two, both = (
            lake.scanned(f"SELECT max(note) FROM {table} WHERE day IN ({days})")
            for days in (
                "DATE '2025-01-01'",
                "DATE '2025-01-02', DATE '2025-01-03'",
                "DATE '2025-01-01', DATE '2025-01-02', DATE '2025-01-03'",
            )
        )
        assert one + two == both
        query = (
            f"WITH x AS (SELECT * FROM {table}), a AS (SELECT * FROM x WHERE day < DATE "
            "'2025-01-02'), b AS (SELECT * FROM x WHERE day BETWEEN DATE '2025-01-02' AND DATE "
            "'2025-01-03') SELECT max(note) FROM (SELECT note FROM a UNION ALL SELECT note FROM b)"
        )
        assert lake.scanned(query) == both
        assert lake(query) == [("note 9",)]
        everything = f"WITH x AS (SELECT * FROM {table}) SELECT (SELECT count(*) FROM x), " + (
            "(SELECT count(*) FROM x WHERE day = DATE '2025-01-01')"
        )
        assert lake(everything) == [("620", "20")]


def test_the_column_of_a_partition_costs_nothing(lake) -> None:
    for table in RELATIONS:
        assert lake.scanned(f"SELECT day, count(*) FROM {table} GROUP BY day") == 0
        assert lake.scanned(f"SELECT max(day) FROM {table} WHERE day < DATE '2025-01-09'") == 0
    assert lake.scanned("SELECT max(id) FROM t") == lake.scanned("SELECT max(id), max(day) FROM t")


def test_a_column_that_was_not_always_partitioned_by_is_read_where_it_was_not(athena) -> None:
    athena(
        f"CREATE TABLE t (id int, day date) LOCATION 's3://{athena.bucket}/t/' "
        "TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    athena("INSERT INTO t VALUES (1, DATE '2025-01-01'), (2, DATE '2025-01-02')")
    before = athena.scanned("SELECT max(day) FROM t")
    assert before > 0
    table = athena.iceberg("t")
    with table.update_spec() as update:
        update.add_identity("day")
    athena("INSERT INTO t VALUES (3, DATE '2025-01-03'), (4, DATE '2025-01-01')")
    assert athena.scanned("SELECT max(day) FROM t") == before
    assert athena("SELECT id FROM t WHERE day = DATE '2025-01-01' ORDER BY 1") == [("1",), ("4",)]
    assert athena("SELECT id FROM t WHERE CAST(day AS varchar) = '2025-01-03'") == [("3",)]


# ---- MERGE, UPDATE, DELETE

MERGE = """
MERGE INTO {name} AS target USING (
    SELECT 5 AS id, 'new' AS note, DATE '2024-01-01' AS day
    UNION ALL SELECT 6, CAST(NULL AS varchar), DATE '2024-01-01'
    UNION ALL SELECT 100000, 'added', DATE '2024-01-01'
) AS src ON (target.id = src.id AND ({predicate}))
WHEN MATCHED AND src.note IS NULL THEN DELETE
WHEN MATCHED THEN UPDATE SET id = src.id, note = src.note, day = src.day
WHEN NOT MATCHED AND src.note IS NOT NULL THEN INSERT (id, note, day)
    VALUES (src.id, src.note, src.day)
"""
PREDICATES = [
    "target.day = DATE '2024-01-01'",
    "target.day IN (DATE '2024-01-01', DATE '2020-01-01')",
    "(target.day BETWEEN DATE '2023-12-30' AND DATE '2024-01-01' "
    "OR target.day BETWEEN DATE '2023-06-01' AND DATE '2023-06-04' "
    "OR target.day = DATE '2020-01-01')",
]


def of_days(athena, name: str, days: int) -> None:
    """Twenty rows a day, one file a day."""

    def rows(start: int, end: int) -> str:
        return (
            "SELECT id, concat('note ', CAST(id AS varchar)) AS note, "
            "DATE '2024-01-01' + (id / 20) * interval '1' day AS day "
            f"FROM UNNEST(sequence({start * 20}, {end * 20 - 1})) AS s(id)"
        )

    athena(
        f"CREATE TABLE {name} WITH (table_type = 'iceberg', is_external = false, partitioning = "
        f"ARRAY['day'], location = 's3://{athena.bucket}/{name}/') AS {rows(0, min(days, 100))}"
    )
    for start in range(100, days, 100):
        athena(f"INSERT INTO {name} {rows(start, start + 100)}")


CHANGES = [
    *(MERGE.replace("{predicate}", each) for each in PREDICATES),
    *(
        f"{verb} WHERE note LIKE 'note 1%' AND {each.replace('target.', '')}"
        for verb in ("DELETE FROM {name}", "UPDATE {name} SET note = 'changed'")
        for each in PREDICATES[1:]
    ),
]


def test_what_changes_of_one_day_scan_is_the_same_with_any_history(athena) -> None:
    """And the files of the other days stay."""
    found = {}
    for days in (1, 30, 300):
        name = f"t{days}"
        of_days(athena, name, days)
        others = f"SELECT DISTINCT \"$path\" FROM {name} WHERE day > DATE '2024-01-01'"
        before = athena(others)
        found[days] = [athena.scanned(sql.replace("{name}", name)) for sql in CHANGES]
        assert len(before) == days - 1
        assert sorted(athena(others)) == sorted(before)
    assert all(found[1])
    # The rows of a file that was written anew lie in any order, which packs a little differently.
    assert found[1][0] == found[30][0] == found[300][0]
    assert found[30] == pytest.approx(found[1], rel=0.1)
    assert found[300] == pytest.approx(found[1], rel=0.1)


def sizes(athena, name: str, column: str) -> int:
    return athena.scanned(f"SELECT max({column}) FROM {name} WHERE day = DATE '2024-01-01'")


CHARGED = {
    # All columns are set from the source: of the target the key alone.
    MERGE.replace("{predicate}", PREDICATES[0]): ["id"],
    # What is not set is copied from the old row.
    "MERGE INTO {name} t USING (SELECT 5 AS id) s ON t.id = s.id AND t.day = DATE '2024-01-01' "
    "WHEN MATCHED THEN UPDATE SET id = 7": ["id", "note"],
    "MERGE INTO {name} t USING (SELECT 5 AS id) s ON t.id = s.id AND t.day = DATE '2024-01-01' "
    "WHEN MATCHED AND t.note <> 'x' THEN DELETE": ["id", "note"],
    "MERGE INTO {name} t USING (SELECT 5 AS id) s ON t.id = s.id AND t.day = DATE '2024-01-01' "
    "WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)": ["id"],
    "UPDATE {name} SET note = 'x' WHERE day = DATE '2024-01-01' AND id = 3": ["id"],
    "UPDATE {name} SET id = 3 WHERE day = DATE '2024-01-01' AND id = 3": ["id", "note"],
    "UPDATE {name} SET note = 'x', id = 4 WHERE day = DATE '2024-01-01'": [],
    "DELETE FROM {name} WHERE day = DATE '2024-01-01' AND note = 'note 3'": ["note"],
    "DELETE FROM {name} WHERE day = DATE '2024-01-01'": [],
}


def test_what_a_change_is_charged_for(athena) -> None:
    """Of the files that the condition leaves, the columns that conditions and new values name."""
    for i, (sql, columns) in enumerate(CHARGED.items()):
        of_days(athena, f"t{i}", 3)
        expected = sum(sizes(athena, f"t{i}", column) for column in columns)
        assert athena.scanned(sql.replace("{name}", f"t{i}")) == expected, sql


def test_a_source_is_charged_once(athena) -> None:
    of_days(athena, "t", 3)
    athena(
        "CREATE TABLE src WITH (format = 'PARQUET', external_location = "
        f"'s3://{athena.bucket}/src/') AS SELECT id, id * 10 AS ten FROM UNNEST(sequence(1, 9)) x(id)"
    )
    own = athena.scanned("SELECT sum(id) + sum(ten) FROM src")
    key = sizes(athena, "t", "id")
    scanned = athena.scanned(
        "MERGE INTO t USING src ON t.id = src.id AND t.day = DATE '2024-01-01' "
        "WHEN MATCHED AND src.id > 7 THEN DELETE "
        "WHEN MATCHED THEN UPDATE SET id = src.ten, note = 'x', day = DATE '2024-01-01' "
        "WHEN NOT MATCHED THEN INSERT (id, note) VALUES (src.ten, CAST(src.id AS varchar))"
    )
    assert scanned == own + key


def without_other_files(athena, name: str, day: str) -> None:
    """Every file but those of one day is damaged."""
    for path, value in athena(f'SELECT DISTINCT "$path", CAST(day AS varchar) FROM {name}'):
        if value != day:
            athena.put(path.split("/", 3)[3], b"no Parquet")


@pytest.mark.parametrize("sql", CHANGES)
def test_the_files_of_other_days_are_not_opened(athena, sql) -> None:
    of_days(athena, "t", 3)
    without_other_files(athena, "t", "2024-01-01")
    athena(sql.replace("{name}", "t"))
    athena.fails("SELECT max(note) FROM t")


def expected_rows(changes: Callable[[dict], dict]) -> list[tuple]:
    rows = {i: (f"note {i}", f"2024-01-0{1 + i // 20}") for i in range(60)}
    return sorted((str(i), *values) for i, values in changes(rows).items())


@pytest.mark.parametrize("predicate", PREDICATES)
def test_the_rows_after_a_merge(athena, predicate) -> None:
    """Updates, a tombstone, an insert; and a key of another day is not touched."""
    of_days(athena, "t", 3)
    athena(MERGE.replace("{predicate}", predicate).format(name="t"))

    def changes(rows: dict) -> dict:
        rows[5], rows[100000] = ("new", "2024-01-01"), ("added", "2024-01-01")
        del rows[6]
        return rows

    found = athena("SELECT id, note, CAST(day AS varchar) FROM t")
    assert sorted(found) == expected_rows(changes)


def test_a_key_of_several_columns_and_one_that_is_null(athena) -> None:
    """NULL matches nothing: such a row is inserted again, and left alone where it stands."""
    athena(
        "CREATE TABLE t WITH (table_type = 'iceberg', is_external = false, partitioning = "
        f"ARRAY['day'], location = 's3://{athena.bucket}/t/') AS SELECT * FROM (VALUES "
        "(1, 'a', 10, DATE '2025-01-01'), (1, 'b', 20, DATE '2025-01-01'), "
        "(CAST(NULL AS integer), 'a', 30, DATE '2025-01-01'), (1, 'a', 40, DATE '2025-01-02')) "
        "AS v(a, b, n, day)"
    )
    athena(
        "MERGE INTO t AS target USING (SELECT * FROM (VALUES (1, 'a', 11, DATE '2025-01-01'), "
        "(2, 'a', 50, DATE '2025-01-01'), (CAST(NULL AS integer), 'a', 31, DATE '2025-01-01'), "
        "(1, 'b', CAST(NULL AS integer), DATE '2025-01-01')) AS v(a, b, n, day)) AS src "
        "ON (target.a = src.a AND target.b = src.b AND (target.day IN (DATE '2025-01-01'))) "
        "WHEN MATCHED AND src.n IS NULL THEN DELETE "
        "WHEN MATCHED THEN UPDATE SET a = src.a, b = src.b, n = src.n, day = src.day "
        "WHEN NOT MATCHED AND src.n IS NOT NULL THEN INSERT (a, b, n, day) "
        "VALUES (src.a, src.b, src.n, src.day)"
    )
    assert athena("SELECT a, b, n, day(day) FROM t ORDER BY n") == [
        ("1", "a", "11", "1"),
        (None, "a", "30", "1"),
        (None, "a", "31", "1"),
        ("1", "a", "40", "2"),
        ("2", "a", "50", "1"),
    ]


def test_a_row_matched_twice_fails_only_where_it_is_in_the_days(athena) -> None:
    of_days(athena, "t", 2)
    twice = (
        "MERGE INTO t USING (VALUES (5, 'a'), (5, 'b')) AS s(id, note) ON t.id = s.id AND t.day = "
        "DATE '2024-01-{:02}' WHEN MATCHED THEN UPDATE SET note = s.note"
    )
    assert athena.fails(twice.format(1)).startswith("MERGE_TARGET_ROW_MULTIPLE_MATCHES")
    athena(twice.format(2))
    assert athena("SELECT note FROM t WHERE id = 5") == [("note 5",)]


def test_a_merge_of_no_day_inserts_only(athena) -> None:
    of_days(athena, "t", 2)
    assert athena.scanned(MERGE.replace("{predicate}", "false").format(name="t")) == 0
    assert athena("SELECT count(*), count_if(id = 5) FROM t") == [("42", "2")]


def test_merges_of_different_days_at_once(athena) -> None:
    of_days(athena, "t", 6)
    merge = (
        "MERGE INTO t USING (SELECT {0} * 20 AS id, 'at once' AS note) AS s ON t.id = s.id AND "
        "t.day = date_add('day', {0}, DATE '2024-01-01') "
        "WHEN MATCHED THEN UPDATE SET note = s.note"
    )
    started = [athena.start(merge.format(day)) for day in range(6)]
    assert {athena.execution(each)["Status"]["State"] for each in started} == {"SUCCEEDED"}
    assert athena("SELECT count(*), count_if(note = 'at once') FROM t") == [("120", "6")]
