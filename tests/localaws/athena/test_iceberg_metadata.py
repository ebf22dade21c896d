"""Metadata tables and time travel.

Expected names and types: Trino documentation, "Iceberg connector", "Metadata tables"; error texts:
Trino's IcebergMetadata and its TestIcebergV2/BaseIcebergConnectorTest.
"""

import json
import time
from datetime import UTC, datetime

import pytest


@pytest.fixture
def table(athena):
    """Three days in three partitions, written by three statements."""
    athena(
        "CREATE TABLE t WITH (table_type = 'iceberg', is_external = false, format = 'parquet', "
        f"location = 's3://{athena.bucket}/t/', partitioning = ARRAY['day']) AS "
        "SELECT 1 AS id, DATE '2025-01-01' AS day, CAST('a' AS varchar) AS note"
    )
    athena("INSERT INTO t VALUES (2, DATE '2025-01-02', 'b'), (3, DATE '2025-01-02', NULL)")
    athena("INSERT INTO t VALUES (4, DATE '2025-01-03', 'c')")
    return athena


def columns(athena, sql: str) -> dict[str, str]:
    id_ = athena.start(sql)
    assert athena.execution(id_)["Status"]["State"] == "SUCCEEDED"
    result = athena.client.get_query_results(QueryExecutionId=id_)["ResultSet"]
    return {c["Name"]: c["Type"] for c in result["ResultSetMetadata"]["ColumnInfo"]}


def metadata(athena, name: str = "t") -> dict:
    """The table's metadata file, read as JSON: nobody's library between."""
    glue = athena.glue.get_table(DatabaseName=athena.database, Name=name)["Table"]
    key = glue["Parameters"]["metadata_location"].split("/", 3)[3]
    return json.loads(athena.s3.get_object(Bucket=athena.bucket, Key=key)["Body"].read())


def test_snapshots_history_and_refs(table) -> None:
    stored = metadata(table)["snapshots"]
    rows = table(
        "SELECT snapshot_id, parent_id, operation, manifest_list, summary['added-records'] "
        'FROM "t$snapshots" ORDER BY committed_at'
    )
    assert rows == [
        (
            str(each["snapshot-id"]),
            str(each["parent-snapshot-id"]) if "parent-snapshot-id" in each else None,
            "append",
            each["manifest-list"],
            added,
        )
        for each, added in zip(stored, ["1", "2", "1"], strict=True)
    ]
    assert columns(table, 'SELECT * FROM "t$snapshots"') == {
        "committed_at": "timestamp with time zone",
        "snapshot_id": "bigint",
        "parent_id": "bigint",
        "operation": "varchar",
        "manifest_list": "varchar",
        "summary": "map",
    }
    history = sorted(table('SELECT snapshot_id, is_current_ancestor FROM "t$history"'))
    assert history == sorted((str(each["snapshot-id"]), "true") for each in stored)
    current = str(metadata(table)["current-snapshot-id"])
    assert table('SELECT name, type, snapshot_id FROM "t$refs"') == [("main", "BRANCH", current)]


def test_files_partitions_and_manifests(table) -> None:
    rows = table(
        "SELECT content, file_format, record_count, value_counts[1], lower_bounds[2], "
        'null_value_counts[3] FROM "t$files" ORDER BY 5'
    )
    assert rows == [
        ("0", "PARQUET", "1", "1", "2025-01-01", "0"),
        ("0", "PARQUET", "2", "2", "2025-01-02", "1"),
        ("0", "PARQUET", "1", "1", "2025-01-03", "0"),
    ]
    paths = {path for (path,) in table('SELECT file_path FROM "t$files"')}
    assert paths == {path for (path,) in table('SELECT DISTINCT "$path" FROM t')}
    partitions = table(
        "SELECT partition.day, record_count, file_count, data.id.min, data.id.max, "
        'data.note.null_count, data.note.min FROM "t$partitions" ORDER BY 1'
    )
    assert partitions == [
        ("2025-01-01", "1", "1", "1", "1", "0", "a"),
        ("2025-01-02", "2", "1", "2", "3", "1", "b"),
        ("2025-01-03", "1", "1", "4", "4", "0", "c"),
    ]
    manifests = table(
        "SELECT added_data_files_count, added_rows_count, partition_summaries[1].lower_bound, "
        'partition_summaries[1].contains_null FROM "t$manifests" ORDER BY 3'
    )
    assert manifests == [
        ("1", "1", "2025-01-01", "false"),
        ("1", "2", "2025-01-02", "false"),
        ("1", "1", "2025-01-03", "false"),
    ]


def test_metadata_tables_join_and_filter_like_others(table) -> None:
    joined = table(
        'SELECT count(*) FROM "t$history" h JOIN "t$snapshots" s ON h.snapshot_id = s.snapshot_id '
        "WHERE s.committed_at <= current_timestamp AND s.operation = 'append'"
    )
    assert joined == [("3",)]
    assert table(f'SELECT count(*) FROM "{table.database}"."t$files"') == [("3",)]


def test_metadata_tables_of_an_empty_table(athena) -> None:
    athena(
        f"CREATE TABLE e (id int, tag string) LOCATION 's3://{athena.bucket}/e/' "
        "TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    for kind in ("snapshots", "history", "refs", "manifests", "files", "partitions"):
        assert athena(f'SELECT count(*) FROM "e${kind}"') == [("0",)], kind


def test_metadata_tables_that_are_not_there(table) -> None:
    assert table.fails('SELECT * FROM "t$nope"').startswith("TABLE_NOT_FOUND: line 1:15")
    assert table.fails('SELECT "$path" FROM "t$files"').startswith("COLUMN_NOT_FOUND")
    assert table.fails('SELECT * FROM "t$files" FOR VERSION AS OF 1').startswith("NOT_SUPPORTED")


def test_partitions_of_a_table_whose_spec_changed(athena) -> None:
    """Files of the old spec have NULL in the fields that it did not have."""
    from pyiceberg.transforms import BucketTransform

    athena(
        "CREATE TABLE t WITH (table_type = 'iceberg', is_external = false, "
        f"location = 's3://{athena.bucket}/t/', partitioning = ARRAY['day(at)']) AS "
        "SELECT 1 AS id, CAST(TIMESTAMP '2025-01-01 10:00:00' AS timestamp(6)) AS at"
    )
    with athena.iceberg("t").update_spec() as update:
        update.remove_field("at_day")
        update.add_field("id", BucketTransform(4), "shard")
    athena("INSERT INTO t VALUES (7, CAST(TIMESTAMP '2025-01-02 10:00:00' AS timestamp(6)))")
    rows = athena(
        'SELECT partition.at_day, partition.shard IS NULL, record_count FROM "t$partitions" '
        "ORDER BY 2"
    )
    assert rows == [(None, "false", "1"), ("2025-01-01", "true", "1")]
    assert athena("SELECT id FROM t WHERE at < TIMESTAMP '2025-01-02 00:00:00'") == [("1",)]
    assert athena("SELECT id FROM t WHERE id = 7") == [("7",)]


# ---- time travel


def test_travel_by_version_tag_and_time(table) -> None:
    first, second, _ = (each["snapshot-id"] for each in metadata(table)["snapshots"])
    moments = [each["timestamp-ms"] for each in metadata(table)["snapshots"]]
    with table.iceberg("t").manage_snapshots() as manage:
        manage.create_tag(first, "closing")
    count = "SELECT count(*) FROM t FOR {} AS x"
    assert table(count.format(f"VERSION AS OF {second}")) == [("3",)]
    assert table(count.format("VERSION AS OF 'closing'")) == [("1",)]
    assert table(count.format("TIMESTAMP AS OF current_timestamp")) == [("4",)]
    exact = datetime.fromtimestamp(moments[1] / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    assert table(count.format(f"TIMESTAMP AS OF TIMESTAMP '{exact}'")) == [("3",)]
    assert table(count.format(f"TIMESTAMP AS OF TIMESTAMP '{exact} UTC'")) == [("3",)]
    assert table(count.format(f"TIMESTAMP AS OF (TIMESTAMP '{exact}' - interval '0' day)")) == [
        ("3",)
    ]
    both = f"SELECT count(*) FROM t JOIN t FOR VERSION AS OF {first} AS old ON t.id = old.id"
    assert table(both) == [("1",)]
    refs = table('SELECT name, type FROM "t$refs" ORDER BY 1')
    assert refs == [("closing", "TAG"), ("main", "BRANCH")]


@pytest.mark.parametrize(
    ("version", "error"),
    [
        ("VERSION AS OF 1", "INVALID_ARGUMENTS: line 1:15: Iceberg snapshot ID does not exists: 1"),
        ("VERSION AS OF 'nope'", "INVALID_ARGUMENTS: line 1:15: Cannot find snapshot with reference name: nope"),
        ("VERSION AS OF 1.5e0", "NOT_SUPPORTED: line 1:15: Unsupported type for table version: double"),
        ("VERSION AS OF NULL", "INVALID_ARGUMENTS: line 1:15: Pointer value cannot be NULL"),
        ("VERSION AS OF id", "COLUMN_NOT_FOUND"),
        ("TIMESTAMP AS OF 5", "NOT_SUPPORTED: line 1:15: Unsupported type for temporal table version: integer"),
        ("TIMESTAMP AS OF current_timestamp - interval '1' day", "INVALID_ARGUMENTS: line 1:15: No version history table"),
        ("TIMESTAMP AS OF DATE '2020-01-01'", "INVALID_ARGUMENTS: line 1:15: No version history table"),
        ("TIMESTAMP AS OF current_timestamp + interval '1' day", "INVALID_ARGUMENTS: line 1:15: Pointer value"),
        ("SYSTEM_TIME AS OF current_timestamp", "SYNTAX_ERROR"),
        ("SYSTEM_VERSION AS OF 1", "SYNTAX_ERROR"),
        ("VERSION BETWEEN 1 AND 2", "SYNTAX_ERROR"),
    ],
)  # fmt: skip
def test_versions_that_are_not_there(table, version, error) -> None:
    assert table.fails(f"SELECT * FROM t FOR {version}").startswith(error)


def test_only_iceberg_tables_have_versions(athena) -> None:
    athena(f"CREATE TABLE h WITH (external_location = 's3://{athena.bucket}/h/') AS SELECT 1 AS x")
    assert athena.fails("SELECT * FROM h FOR VERSION AS OF 1").startswith("NOT_SUPPORTED")


def test_travel_sees_the_names_of_its_time(athena) -> None:
    """A column renamed, another given its old name: conditions mean the columns of that time."""
    athena(
        "CREATE TABLE t WITH (table_type = 'iceberg', is_external = false, "
        f"location = 's3://{athena.bucket}/t/') AS SELECT 1 AS a, 100 AS b"
    )
    then = metadata(athena)["current-snapshot-id"]
    time.sleep(0.002)
    with athena.iceberg("t").update_schema() as update:
        update.rename_column("a", "c")
        update.rename_column("b", "a")
    assert athena("SELECT a, c FROM t WHERE a = 100") == [("100", "1")]
    assert athena(f"SELECT a, b FROM t FOR VERSION AS OF {then} WHERE a = 1") == [("1", "100")]
    assert athena(f"SELECT a, b FROM t FOR VERSION AS OF {then} WHERE a = 100") == []
