"""CTAS, INSERT, views and Iceberg: what is written is what is read back."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest


def hive(athena, name: str, query: str, more: str = "") -> str:
    return (
        f"CREATE TABLE {name} WITH (table_type = 'hive', format = 'parquet', {more} "
        f"external_location = 's3://{athena.bucket}/{name}/') AS {query}"
    )


def iceberg(athena, name: str, query: str, more: str = "") -> str:
    return (
        f"CREATE TABLE {name} WITH (table_type = 'iceberg', is_external = false, {more} "
        f"location = 's3://{athena.bucket}/{name}/', format = 'parquet') AS {query}"
    )


EVERY_TYPE = """
SELECT CAST(1 AS tinyint) AS ti, CAST(2 AS smallint) AS si, 3 AS i, 4000000000 AS b,
    CAST(1.5 AS real) AS r, 2.5e0 AS d, DECIMAL '1.25' AS dc, true AS t, 'x' AS s, to_utf8('y') AS vb,
    DATE '2025-01-02' AS da, TIMESTAMP '2025-01-02 03:04:05.678' AS ts,
    ARRAY[1, 2] AS ar, MAP(ARRAY['k'], ARRAY[1]) AS m,
    CAST(ROW(1, 'z') AS ROW(a integer, b varchar)) AS ro, CAST(NULL AS varchar) AS nothing
"""
EVERY_VALUE = (
    "1", "2", "3", "4000000000", "1.5", "2.5", "1.25", "true", "x", "79", "2025-01-02",
    "2025-01-02 03:04:05.678", "[1, 2]", "{k=1}", "{a=1, b=z}", None,
)  # fmt: skip


def test_every_type_through_parquet(athena) -> None:
    athena(hive(athena, "t", EVERY_TYPE))
    assert athena("SELECT * FROM t") == [EVERY_VALUE]
    table = athena.glue.get_table(DatabaseName=athena.database, Name="t")["Table"]
    types = [column["Type"] for column in table["StorageDescriptor"]["Columns"]]
    assert types == [
        "tinyint", "smallint", "int", "bigint", "float", "double", "decimal(3,2)", "boolean",
        "varchar(1)", "binary", "date", "timestamp", "array<int>", "map<varchar(1),int>",
        "struct<a:int,b:string>", "string",
    ]  # fmt: skip


def test_a_field_of_another_type_fails(athena) -> None:
    athena(hive(athena, "t", "SELECT CAST(ROW('7') AS ROW(a varchar)) AS r"))
    assert athena("SELECT r.a FROM t") == [("7",)]
    athena("ALTER TABLE t REPLACE COLUMNS (r struct<a:int>)")
    assert athena.fails("SELECT r.a FROM t").startswith("HIVE_BAD_DATA: Field r's type VARCHAR")


def test_partitioned_ctas_and_insert(athena) -> None:
    athena(
        hive(
            athena,
            "t",
            "SELECT * FROM (VALUES (1, 'a/b=c'), (2, NULL), (3, 'x y')) AS v(n, k)",
            "partitioned_by = ARRAY['k'],",
        )
    )
    athena("INSERT INTO t VALUES (4, 'new'), (5, 'x y')")
    rows = athena("SELECT k, array_agg(n ORDER BY n) FROM t GROUP BY k ORDER BY k")
    assert rows == [("a/b=c", "[1]"), ("new", "[4]"), ("x y", "[3, 5]"), (None, "[2]")]
    assert athena("SELECT n FROM t WHERE k = 'a/b=c'") == [("1",)]
    assert athena("SELECT n FROM t WHERE k IS NULL") == [("2",)]
    prefixes = athena("SHOW PARTITIONS t")
    assert ("k=__HIVE_DEFAULT_PARTITION__",) in prefixes and ("k=a%2Fb%3Dc",) in prefixes


def test_ctas_without_a_location_lands_beside_the_results(athena) -> None:
    id_ = athena.start("CREATE TABLE t AS SELECT 1 AS a")
    athena.execution(id_)
    table = athena.glue.get_table(DatabaseName=athena.database, Name="t")["Table"]
    location = f"s3://{athena.bucket}/results/tables/{id_}/"
    assert table["StorageDescriptor"]["Location"] == location
    assert athena("SELECT a FROM t") == [("1",)]


def test_a_hundred_partitions_and_no_more(athena) -> None:
    query = "SELECT n, CAST(n AS varchar) AS k FROM UNNEST(sequence(1, {})) AS t(n)"
    athena(hive(athena, "fits", query.format(100), "partitioned_by = ARRAY['k'],"))
    error = athena.fails(hive(athena, "bursts", query.format(101), "partitioned_by = ARRAY['k'],"))
    assert error.startswith("HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers")
    assert athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix="bursts/")["KeyCount"] == 0
    error = athena.fails(iceberg(athena, "ice", query.format(101), "partitioning = ARRAY['k'],"))
    assert error.startswith("ICEBERG_TOO_MANY_OPEN_PARTITIONS")


def test_ctas_is_refused_with_athenas_reasons(athena) -> None:
    assert athena.fails(hive(athena, "t", "SELECT 1")).startswith("MISSING_COLUMN_NAME")
    assert athena.fails(hive(athena, "t", "SELECT 1 AS a, 2 AS a")).startswith("DUPLICATE_COLUMN")
    assert "MILLISECONDS" in athena.fails(
        hive(athena, "t", "SELECT CAST(now() AS timestamp(6)) AS ts")
    )
    assert 'Use "timestamp(6)"' in athena.fails(
        iceberg(athena, "t", "SELECT CAST(now() AS timestamp) AS ts")
    )
    athena(hive(athena, "t", "SELECT 1 AS a"))
    assert athena.fails(hive(athena, "t", "SELECT 1 AS a")).startswith("TABLE_ALREADY_EXISTS")
    athena("DROP TABLE t")
    assert athena.fails(hive(athena, "t", "SELECT 1 AS a")).startswith("HIVE_PATH_ALREADY_EXISTS")
    assert "bucketed_by" in athena.fails(
        hive(athena, "b", "SELECT 1 AS a", "bucketed_by = ARRAY['a'],")
    )


def test_iceberg_insert_update_delete_merge(athena) -> None:
    athena(
        iceberg(
            athena,
            "t",
            "SELECT id, CAST(day AS timestamp(6)) AS at, 'old' AS note FROM "
            "(VALUES (1, DATE '2025-01-01'), (2, DATE '2025-01-02')) AS v(id, day)",
            "partitioning = ARRAY['day(at)'],",
        )
    )
    athena("INSERT INTO t (id, note) VALUES (3, 'new')")
    athena("UPDATE t SET note = upper(note) WHERE id = 1")
    athena("DELETE FROM t WHERE id = 2")
    merge = """
        MERGE INTO t AS target USING (VALUES (1, 'gone'), (3, 'kept'), (4, 'added'), (5, 'no')) AS
            src(id, note)
        ON target.id = src.id
        WHEN MATCHED AND src.note = 'gone' THEN DELETE
        WHEN MATCHED THEN UPDATE SET note = src.note || '!'
        WHEN NOT MATCHED AND src.note <> 'no' THEN INSERT (id, note) VALUES (src.id, src.note)
    """
    athena(merge)
    assert athena("SELECT id, at, note FROM t ORDER BY id") == [
        ("3", None, "kept!"),
        ("4", None, "added"),
    ]
    athena("DELETE FROM t")
    assert athena("SELECT count(*) FROM t") == [("0",)]


def test_merge_of_two_rows_into_one_fails_and_changes_nothing(athena) -> None:
    athena(iceberg(athena, "t", "SELECT 1 AS id, 'a' AS note"))
    error = athena.fails(
        "MERGE INTO t USING (VALUES (1, 'b'), (1, 'c')) AS src(id, note) ON t.id = src.id "
        "WHEN MATCHED THEN UPDATE SET note = src.note"
    )
    assert error.startswith("MERGE_TARGET_ROW_MULTIPLE_MATCHES")
    assert athena("SELECT note FROM t") == [("a",)]


def test_a_merge_into_too_many_partitions_says_so(athena) -> None:
    athena(iceberg(athena, "t", "SELECT CAST(0 AS bigint) AS n", "partitioning = ARRAY['n'],"))
    merge = (
        "MERGE INTO t USING (SELECT n FROM UNNEST(sequence(1, 5000)) AS s(n)) AS src "
        "ON t.n = src.n WHEN NOT MATCHED THEN INSERT (n) VALUES (src.n % 500)"
    )
    assert athena.fails(merge).startswith("ICEBERG_TOO_MANY_OPEN_PARTITIONS")
    assert athena("SELECT count(*) FROM t") == [("1",)]


def test_merge_rewrites_only_the_files_it_touches(athena) -> None:
    athena(iceberg(athena, "t", "SELECT 1 AS id, 'a' AS note"))
    athena("INSERT INTO t VALUES (2, 'b')")
    before = dict(athena('SELECT CAST(id AS varchar), "$path" FROM t'))
    athena("UPDATE t SET note = 'B' WHERE id = 2")
    after = dict(athena('SELECT CAST(id AS varchar), "$path" FROM t'))
    assert after["1"] == before["1"] and after["2"] != before["2"]


def test_iceberg_time_travel_schema_change_and_rename(athena) -> None:
    athena(iceberg(athena, "t", "SELECT 1 AS id"))
    glue = athena.glue.get_table(DatabaseName=athena.database, Name="t")["Table"]
    assert glue["Parameters"]["table_type"] == "ICEBERG"
    athena("INSERT INTO t VALUES (2)")
    athena("ALTER TABLE t ADD COLUMNS (note string COMMENT 'why')")
    athena("INSERT INTO t VALUES (3, 'x')")
    assert athena("SELECT id, note FROM t ORDER BY id") == [("1", None), ("2", None), ("3", "x")]
    columns = athena.glue.get_table(DatabaseName=athena.database, Name="t")["Table"][
        "StorageDescriptor"
    ]["Columns"]
    assert columns[1]["Comment"] == "why"
    athena(f"ALTER TABLE t RENAME TO `{athena.database}`.`u`")
    assert athena("SELECT count(*) FROM u") == [("3",)]
    assert athena.fails("SELECT 1 FROM t").startswith("TABLE_NOT_FOUND: line 1:15")
    athena("DROP TABLE u")
    assert athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix="t/")["KeyCount"] == 0


def test_comments_survive_a_commit(athena) -> None:
    athena(iceberg(athena, "t", "SELECT 1 AS id"))
    table = athena.glue.get_table(DatabaseName=athena.database, Name="t")["Table"]
    described = {
        key: table[key] for key in ("Name", "TableType", "Parameters", "StorageDescriptor")
    }
    described["Description"] = "what it is"
    described["StorageDescriptor"]["Columns"][0]["Comment"] = "the key"
    athena.glue.update_table(DatabaseName=athena.database, TableInput=described)
    athena("INSERT INTO t VALUES (2)")
    table = athena.glue.get_table(DatabaseName=athena.database, Name="t")["Table"]
    assert table["Description"] == "what it is"
    assert table["StorageDescriptor"]["Columns"][0]["Comment"] == "the key"


def test_forty_inserts_at_once_lose_nothing(athena) -> None:
    athena(iceberg(athena, "t", "SELECT 0 AS n"))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: athena(f"INSERT INTO t VALUES ({n})"), range(1, 41)))
    assert athena("SELECT count(*), sum(n) FROM t") == [("41", "820")]


def test_views_are_compiled_anew_and_go_stale(athena) -> None:
    athena(hive(athena, "t", "SELECT 1 AS a, 'x' AS b"))
    athena("CREATE VIEW v AS SELECT a + 1 AS n, b FROM t -- a comment")
    assert athena("SELECT n, b FROM v") == [("2", "x")]
    assert athena.fails("CREATE VIEW v AS SELECT 1 AS n").startswith("TABLE_ALREADY_EXISTS")
    athena("CREATE OR REPLACE VIEW v AS SELECT b FROM t")
    assert athena("SELECT * FROM v") == [("x",)]
    assert athena("SHOW VIEWS") == [("v",)]
    athena("DROP TABLE t")
    assert "does not exist" in athena.fails("SELECT * FROM v")
    athena(hive(athena, "t2", "SELECT 1 AS b"))
    athena("CREATE VIEW stale AS SELECT b FROM t2")
    athena("ALTER TABLE t2 REPLACE COLUMNS (b string)")
    assert athena.fails("SELECT b FROM stale").startswith("VIEW_IS_STALE")
    athena("DROP VIEW v")
    assert athena("DROP VIEW IF EXISTS v") == []


def test_a_view_sees_the_database_it_was_made_in(athena) -> None:
    athena(hive(athena, "t", "SELECT 1 AS a"))
    athena("CREATE VIEW v AS SELECT a FROM t")
    id_ = athena.client.start_query_execution(
        QueryString=f"SELECT a FROM {athena.database}.v",
        QueryExecutionContext={"Database": "default"},
        ResultConfiguration={"OutputLocation": f"s3://{athena.bucket}/results/"},
    )["QueryExecutionId"]
    assert athena.execution(id_)["Status"]["State"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("DELETE FROM t WHERE a = 1", "NOT_SUPPORTED: line 1:13: DELETE is only supported on Iceberg tables"),
        ("UPDATE t SET a = 2", "NOT_SUPPORTED"),
        ("INSERT INTO t VALUES ('x')", "TYPE_MISMATCH: Insert query has mismatched column types: Table: [integer], Query: [varchar(1)]"),
        ("INSERT INTO t (nope) VALUES (1)", "COLUMN_NOT_FOUND"),
        ("INSERT INTO missing VALUES (1)", "TABLE_NOT_FOUND"),
        ("DROP TABLE missing", "FAILED: SemanticException [Error 10001]: Table not found"),
        ("DROP VIEW t", "NOT_SUPPORTED"),
        ("ALTER TABLE t RENAME TO u", "NOT_SUPPORTED"),
        ("CREATE TABLE u (a int)", "INVALID_TABLE_PROPERTY: No location was specified"),
        ("OPTIMIZE t REWRITE DATA USING BIN_PACK", "NOT_SUPPORTED: line 1:10: OPTIMIZE is only supported on Iceberg tables"),
        ("GRANT ALL ON t TO x", "SYNTAX_ERROR: line 1:1: mismatched input 'GRANT'"),
    ],
)  # fmt: skip
def test_refusals(athena, sql, error) -> None:
    athena(hive(athena, "t", "SELECT 1 AS a"))
    assert athena.fails(sql).startswith(error)
    assert athena("SELECT a FROM t") == [("1",)]


def test_time_travel_shows_the_columns_of_its_time(athena) -> None:
    athena(iceberg(athena, "travelled", "SELECT 1 AS x"))
    glue = athena.glue.get_table(DatabaseName=athena.database, Name="travelled")["Table"]
    location = glue["Parameters"]["metadata_location"].split("/", 3)[3]
    metadata = json.loads(athena.s3.get_object(Bucket=athena.bucket, Key=location)["Body"].read())
    athena("ALTER TABLE travelled ADD COLUMNS (y int)")
    athena("INSERT INTO travelled VALUES (2, 3)")
    old = f"SELECT * FROM travelled FOR VERSION AS OF {metadata['current-snapshot-id']}"
    assert athena(old) == [("1",)]
    assert athena("SELECT * FROM travelled ORDER BY 1") == [("1", None), ("2", "3")]


def test_insert_never_cuts_text_or_writes_odd_partitions(athena) -> None:
    place = f"s3://{athena.bucket}/narrow/"
    athena(f"CREATE EXTERNAL TABLE narrow (a varchar(3)) STORED AS PARQUET LOCATION '{place}'")
    athena("INSERT INTO narrow VALUES ('abc  ')")
    error = athena.fails("INSERT INTO narrow VALUES ('abcd')")
    assert error == "INVALID_CAST_ARGUMENT: Cannot truncate non-space characters on INSERT"
    assert athena("SELECT a FROM narrow") == [("abc",)]
    partitioned = "partitioned_by = ARRAY['p'],"
    query = "SELECT 1 AS x, CAST('{}' AS varchar) AS p"
    error = athena.fails(hive(athena, "odd1", query.format("é"), partitioned))
    assert error.startswith("HIVE_INVALID_PARTITION_VALUE")
    assert athena.fails(hive(athena, "odd2", query.format(""), partitioned)).startswith("NOT_SUPP")


def test_merge_with_a_subquery_in_a_condition_is_refused(athena) -> None:
    athena(iceberg(athena, "merged", "SELECT 1 AS x"))
    error = athena.fails(
        "MERGE INTO merged AS t USING (VALUES 1) AS s(x) ON t.x = s.x "
        "WHEN MATCHED AND t.x IN (SELECT x FROM merged) THEN DELETE"
    )
    assert error.startswith("NOT_SUPPORTED")
