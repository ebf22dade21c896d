"""OPTIMIZE and VACUUM.

Source of the rules: Athena user guide, "OPTIMIZE", "VACUUM", "Create Iceberg tables" (table
properties).
"""

import json
from typing import Any

import pytest


def create(athena, more: str = "", partitioned: str = "") -> None:
    athena(
        f"CREATE TABLE t (id int, day date, note string) {partitioned} "
        f"LOCATION 's3://{athena.bucket}/t/' TBLPROPERTIES ('table_type' = 'ICEBERG'{more})"
    )


def keys(athena) -> set[str]:
    pages = athena.s3.get_paginator("list_objects_v2").paginate(Bucket=athena.bucket, Prefix="t/")
    return {each["Key"] for page in pages for each in page.get("Contents", [])}


def metadata(athena) -> dict[str, Any]:
    glue = athena.glue.get_table(DatabaseName=athena.database, Name="t")["Table"]
    key = glue["Parameters"]["metadata_location"].split("/", 3)[3]
    return json.loads(athena.s3.get_object(Bucket=athena.bucket, Key=key)["Body"].read())


def paths(athena) -> set[str]:
    return {path for (path,) in athena('SELECT file_path FROM "t$files"')}


def everything(athena) -> list[tuple]:
    return athena("SELECT * FROM t ORDER BY id, day")


def fill(athena, ids: range, day: str = "2025-01-01") -> None:
    for id_ in ids:
        athena(f"INSERT INTO t VALUES ({id_}, DATE '{day}', 'n{id_}')")


def test_optimize_makes_one_file_of_many(athena) -> None:
    create(athena)
    fill(athena, range(6))
    rows = everything(athena)
    then = metadata(athena)["current-snapshot-id"]
    athena("OPTIMIZE t REWRITE DATA USING BIN_PACK")
    assert len(paths(athena)) == 1
    assert everything(athena) == rows
    summary = metadata(athena)["snapshots"][-1]["summary"]
    assert summary["operation"] == "replace"
    assert (summary["added-data-files"], summary["deleted-data-files"]) == ("1", "6")
    assert summary["total-records"] == "6"
    # The state before it is still there, and others read what it wrote.
    assert athena(f"SELECT count(*) FROM t FOR VERSION AS OF {then}") == [("6",)]
    assert athena.iceberg("t").scan().to_arrow().num_rows == 6
    bounds = 'SELECT record_count, lower_bounds[1], upper_bounds[1], lower_bounds[3] FROM "t$files"'
    assert athena(bounds) == [("6", "0", "5", "n0")]


def test_optimize_with_nothing_to_do_commits_nothing(athena) -> None:
    create(athena)
    athena("OPTIMIZE t REWRITE DATA USING BIN_PACK")
    fill(athena, range(4))
    before = metadata(athena)
    # Fewer files than optimize_rewrite_data_file_threshold, which is 5.
    athena(f"OPTIMIZE {athena.database}.t REWRITE DATA USING BIN_PACK;")
    assert metadata(athena) == before
    fill(athena, range(4, 6))
    athena('OPTIMIZE "t" REWRITE DATA USING BIN_PACK')
    before = metadata(athena)
    athena("OPTIMIZE `t` REWRITE DATA USING BIN_PACK")
    assert metadata(athena) == before


def test_optimize_keeps_partitions_apart_and_honours_where(athena) -> None:
    create(athena, ", 'optimize_rewrite_data_file_threshold' = '2'", "PARTITIONED BY (day)")
    for day in ("2025-01-01", "2025-01-02", "2025-01-03"):
        fill(athena, range(3), day)
    rows, before = everything(athena), paths(athena)
    athena("OPTIMIZE t REWRITE DATA USING BIN_PACK WHERE day = DATE '2025-01-02'")
    count = 'SELECT partition.day, file_count, record_count FROM "t$partitions" ORDER BY 1'
    assert athena(count) == [
        ("2025-01-01", "3", "3"),
        ("2025-01-02", "1", "3"),
        ("2025-01-03", "3", "3"),
    ]
    assert len(paths(athena) & before) == 6
    athena("OPTIMIZE t REWRITE DATA USING BIN_PACK")
    assert [files for _, files, _ in athena(count)] == ["1", "1", "1"]
    assert everything(athena) == rows
    assert all("/day=2025-01-0" in path for path in paths(athena))


def test_optimize_of_hidden_partitions_after_the_spec_changed(athena) -> None:
    athena(
        f"CREATE TABLE t (id int, at timestamp) PARTITIONED BY (month(at)) LOCATION "
        f"'s3://{athena.bucket}/t/' TBLPROPERTIES ('table_type' = 'ICEBERG', "
        "'optimize_rewrite_data_file_threshold' = '2')"
    )
    insert = "INSERT INTO t VALUES ({}, CAST(TIMESTAMP '2025-01-0{} 00:00:00' AS timestamp(6)))"
    for n in (1, 2, 3):
        athena(insert.format(n, n))
    with athena.iceberg("t").update_spec() as update:
        update.remove_field("at_month")
        update.add_field("at", "day", "at_day")
    athena(insert.format(4, 3))
    athena(insert.format(5, 3))
    athena("OPTIMIZE t REWRITE DATA USING BIN_PACK")
    assert athena("SELECT sum(id), count(*) FROM t") == [("15", "5")]
    # Files of the old spec are written anew by the new one.
    found = athena(
        'SELECT partition.at_month, partition.at_day, record_count FROM "t$partitions" ORDER BY 2'
    )
    assert [each[2] for each in found if each[1] is not None][:2] == ["1", "1"]
    assert athena("SELECT id FROM t WHERE at = TIMESTAMP '2025-01-02 00:00:00'") == [("2",)]


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("OPTIMIZE t REWRITE DATA USING BIN_PACK WHERE note = 'x'", "NOT_SUPPORTED: line 1:46: Unexpected FilterNode"),
        ("OPTIMIZE t REWRITE DATA USING BIN_PACK WHERE nope = 'x'", "COLUMN_NOT_FOUND: line 1:46"),
        ("OPTIMIZE t REWRITE DATA USING BIN_PACK WHERE day", "TYPE_MISMATCH: line 1:46"),
        ("OPTIMIZE t REWRITE DATA USING SORT", "SYNTAX_ERROR"),
        ("OPTIMIZE t", "SYNTAX_ERROR"),
        ("OPTIMIZE nope REWRITE DATA USING BIN_PACK", "TABLE_NOT_FOUND"),
        ("VACUUM nope", "TABLE_NOT_FOUND"),
        ("VACUUM t FULL", "SYNTAX_ERROR"),
        ("VACUUM `{database}`.t", "SYNTAX_ERROR"),
        ("VACUUM `{database}`.`t`", "SYNTAX_ERROR"),
        ('VACUUM "{database}"."t"', "SYNTAX_ERROR"),
        ('VACUUM "t"', "SYNTAX_ERROR"),
        ("VACUUM h", "NOT_SUPPORTED"),
        ("OPTIMIZE h REWRITE DATA USING BIN_PACK", "NOT_SUPPORTED"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_says_so(athena, statement, error) -> None:
    create(athena, partitioned="PARTITIONED BY (day)")
    athena(f"CREATE TABLE h WITH (external_location = 's3://{athena.bucket}/h/') AS SELECT 1 AS x")
    assert athena.fails(statement.format(database=athena.database)).startswith(error)


# ---- VACUUM


def test_vacuum_expires_snapshots_and_removes_their_files(athena) -> None:
    create(
        athena, ", 'vacuum_max_snapshot_age_seconds' = '0', 'vacuum_min_snapshots_to_keep' = '1'"
    )
    fill(athena, range(3))
    athena("UPDATE t SET note = 'new' WHERE id = 1")
    rows, before = everything(athena), keys(athena)
    old = metadata(athena)["snapshots"][0]["snapshot-id"]
    athena("VACUUM t")
    assert everything(athena) == rows
    assert [each["operation"] for each in snapshots(athena)] == ["overwrite"]
    assert "Iceberg snapshot ID does not exists" in athena.fails(
        f"SELECT * FROM t FOR VERSION AS OF {old}"
    )
    # The file that UPDATE replaced is gone, and every file that is left is needed.
    data = {key for key in keys(athena) if key.endswith(".parquet")}
    assert {f"s3://{athena.bucket}/{key}" for key in data} == paths(athena)
    assert len(data) == 3 and keys(athena) < before | keys(athena)
    assert athena.iceberg("t").scan().to_arrow().num_rows == 3


def snapshots(athena) -> list[dict]:
    return [each["summary"] for each in metadata(athena)["snapshots"]]


def test_vacuum_keeps_young_snapshots_as_many_as_asked_for_and_tags(athena) -> None:
    create(athena)
    fill(athena, range(4))
    athena("VACUUM t")
    assert len(snapshots(athena)) == 4
    athena("ALTER TABLE t SET TBLPROPERTIES ('vacuum_max_snapshot_age_seconds' = '0', "
           "'vacuum_min_snapshots_to_keep' = '2')")  # fmt: skip
    first = metadata(athena)["snapshots"][0]["snapshot-id"]
    with athena.iceberg("t").manage_snapshots() as manage:
        manage.create_tag(first, "closing")
    athena("VACUUM t")
    assert len(snapshots(athena)) == 3
    assert athena("SELECT id FROM t FOR VERSION AS OF 'closing'") == [("0",)]
    assert athena("SELECT count(*) FROM t") == [("4",)]


def test_vacuum_keeps_as_many_metadata_files_as_asked_for(athena) -> None:
    create(athena, ", 'vacuum_max_metadata_files_to_keep' = '3'")
    fill(athena, range(5))
    files = {key for key in keys(athena) if key.endswith(".metadata.json")}
    assert len(files) == 6
    athena("VACUUM t")
    left = {key for key in keys(athena) if key.endswith(".metadata.json")}
    assert len(left) == 3
    logged = {each["metadata-file"].split("/", 3)[3] for each in metadata(athena)["metadata-log"]}
    assert logged < left
    assert athena("SELECT count(*) FROM t") == [("5",)]


def test_vacuum_removes_files_of_nobody_once_they_are_old(athena) -> None:
    create(athena)
    fill(athena, range(2))
    athena.put("t/data/left-behind.parquet", b"of a killed statement")
    athena("VACUUM t")
    assert "t/data/left-behind.parquet" in keys(athena)
    athena("ALTER TABLE t SET TBLPROPERTIES ('vacuum_max_snapshot_age_seconds' = '0')")
    athena.put("elsewhere.parquet", b"not the table's")
    athena("VACUUM t")
    assert "t/data/left-behind.parquet" not in keys(athena)
    assert athena.s3.head_object(Bucket=athena.bucket, Key="elsewhere.parquet")
    assert athena("SELECT count(*) FROM t") == [("2",)]


def test_the_table_of_a_vacuum_may_stand_in_backticks(athena) -> None:
    athena(
        f"CREATE TABLE _t (id int) LOCATION 's3://{athena.bucket}/_t/' "
        "TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    for name in ("`_t`", f"{athena.database}.`_t`", f"{athena.database}._t"):
        athena(f"VACUUM {name}")


def test_a_table_in_a_bucket_without_a_folder_is_not_vacuumed(athena) -> None:
    athena(
        f"CREATE TABLE t (id int) LOCATION 's3://{athena.bucket}/' "
        "TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    error = athena.fails("VACUUM t")
    assert error == (
        f"GENERIC_INTERNAL_ERROR: Path missing in file system location: s3://{athena.bucket}"
    )
