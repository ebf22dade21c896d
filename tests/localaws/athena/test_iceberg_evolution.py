"""Tables that changed, and tables that others wrote.

Source of the rules: Iceberg's specification, "Schema Evolution", "Column Projection",
"Position Delete Files".
"""

import io
import uuid

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    FileFormat,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestWriterV2,
)
from pyiceberg.table.snapshots import Operation
from pyiceberg.table.update.snapshot import _FastAppendFiles
from pyiceberg.typedef import Record
from pyiceberg.types import (
    DecimalType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
)


def create(athena, query: str, more: str = "") -> None:
    athena(
        f"CREATE TABLE t WITH (table_type = 'iceberg', is_external = false, {more} "
        f"location = 's3://{athena.bucket}/t/') AS {query}"
    )


def test_columns_are_found_by_id_whatever_they_were_called(athena) -> None:
    create(athena, "SELECT 1 AS a, 2 AS b, 3 AS c")
    with athena.iceberg("t").update_schema() as update:
        update.rename_column("a", "x")
        update.delete_column("b")
    athena("INSERT INTO t VALUES (10, 30)")
    with athena.iceberg("t").update_schema() as update:
        # Of the same name as the one that was dropped, but another column.
        update.add_column("b", IntegerType())
        update.move_first("c")
    athena("INSERT INTO t (x, b, c) VALUES (100, 200, 300)")
    assert athena("SELECT * FROM t ORDER BY x") == [
        ("3", "1", None),
        ("30", "10", None),
        ("300", "100", "200"),
    ]
    assert athena("SELECT x FROM t WHERE b IS NULL ORDER BY 1") == [("1",), ("10",)]
    assert athena("SELECT x FROM t WHERE b = 2") == []
    athena("UPDATE t SET b = x + 1 WHERE b IS NULL")
    assert athena("SELECT x, b FROM t ORDER BY x") == [("1", "2"), ("10", "11"), ("100", "200")]


def test_types_that_were_widened(athena) -> None:
    create(
        athena,
        "SELECT 2147483647 AS i, CAST(1.1 AS real) AS r, CAST('123.45' AS decimal(5, 2)) AS d",
    )
    with athena.iceberg("t").update_schema() as update:
        update.update_column("i", LongType())
        update.update_column("r", DoubleType())
        update.update_column("d", DecimalType(12, 2))
    athena("INSERT INTO t VALUES (2147483648, 1.1e0, CAST('1234567890.12' AS decimal(12, 2)))")
    assert athena("SELECT i, d FROM t ORDER BY i") == [
        ("2147483647", "123.45"),
        ("2147483648", "1234567890.12"),
    ]
    # A float of old is the double nearest to it, not the one nearest to its text.
    assert athena("SELECT r FROM t ORDER BY i") == [("1.100000023841858",), ("1.1",)]
    for condition in ("i > 2147483646", "i >= 2147483647", "d > 1", "r < 2e0"):
        assert athena(f"SELECT count(*) FROM t WHERE {condition}") == [("2",)], condition
    assert athena("SELECT count(*) FROM t WHERE d = DECIMAL '123.45'") == [("1",)]
    assert athena("SELECT count(*) FROM t WHERE r = 1.1e0") == [("1",)]


def test_nested_fields_are_found_by_id_too(athena) -> None:
    create(
        athena,
        "SELECT 1 AS id, CAST(ROW(7, 'seven') AS ROW(a integer, b varchar)) AS s, "
        "ARRAY[CAST(ROW(1, 'one') AS ROW(a integer, b varchar))] AS l, "
        "MAP(ARRAY['k'], ARRAY[CAST(ROW(5) AS ROW(v integer))]) AS m",
    )
    with athena.iceberg("t").update_schema() as update:
        update.rename_column("s.a", "number")
        update.delete_column("s.b")
        update.rename_column("l.element.b", "word")
        update.add_column(("l", "element", "c"), LongType())
        update.rename_column("m.value.v", "w")
    with athena.iceberg("t").update_schema() as update:
        update.add_column(("s", "b"), StringType())
    athena(
        "INSERT INTO t VALUES (2, CAST(ROW(8, 'b') AS ROW(number integer, b varchar)), "
        "ARRAY[CAST(ROW(2, 'two', 22) AS ROW(a integer, word varchar, c bigint))], "
        "MAP(ARRAY['k'], ARRAY[CAST(ROW(6) AS ROW(w integer))]))"
    )
    assert athena("SELECT s.number, s.b, l[1].word, l[1].c, m['k'].w FROM t ORDER BY id") == [
        ("7", None, "one", None, "5"),
        ("8", "b", "two", "22", "6"),
    ]
    assert athena("SELECT id FROM t WHERE s.number = 7") == [("1",)]
    athena("DELETE FROM t WHERE s.b = 'b'")
    athena("UPDATE t SET id = 9")
    assert athena("SELECT id, s.number, l[1].a FROM t") == [("9", "7", "1")]


def test_a_column_may_be_called_like_the_engines_own(athena) -> None:
    create(athena, 'SELECT 5 AS file_row_number, 6 AS filename, 7 AS s0_1, 8 AS "select"')
    athena("INSERT INTO t VALUES (50, 60, 70, 80)")
    query = 'SELECT file_row_number, filename, s0_1, "select" FROM t WHERE file_row_number = 5'
    assert athena(query) == [("5", "6", "7", "8")]
    athena("DELETE FROM t WHERE file_row_number = 5")
    assert athena("SELECT filename FROM t") == [("60",)]
    assert athena('SELECT substr("$path", 1, 5) FROM t') == [("s3://",)]


@pytest.mark.parametrize("key", ["truncate(5, word)", "partition", "bucket(2, partition)"])
def test_iceberg_ddl_names_that_hive_reserves(athena, key) -> None:
    athena(
        f"CREATE TABLE t (word string, partition string) PARTITIONED BY ({key}) LOCATION "
        f"'s3://{athena.bucket}/t/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    athena("INSERT INTO t VALUES ('abcdefg', 'p'), ('abcdexy', 'q')")
    assert athena("SELECT word FROM t WHERE partition = 'p' AND word LIKE 'abcde%'") == [
        ("abcdefg",)
    ]


@pytest.mark.parametrize(
    ("transform", "condition", "value"),
    [
        ("year(at)", "at >= TIMESTAMP '2026-01-01 00:00:00'", "2"),
        ("month(at)", "at < TIMESTAMP '2025-02-01 00:00:00'", "1"),
        ("day(at)", "CAST(at AS date) = DATE '2026-03-04'", "2"),
        ("hour(at)", "at = TIMESTAMP '2025-01-02 03:04:05'", "1"),
        ("bucket(4, id)", "id = 2", "2"),
        ("truncate(2, word)", "word = 'xyz'", "2"),
        ("truncate(10, id)", "id BETWEEN 0 AND 1", "1"),
        ("word", "word IS NULL", "3"),
    ],
)
def test_every_transform_is_written_and_prunes(athena, transform, condition, value) -> None:
    create(
        athena,
        "SELECT * FROM (VALUES (1, CAST(TIMESTAMP '2025-01-02 03:04:05' AS timestamp(6)), 'abc'), "
        "(2, CAST(TIMESTAMP '2026-03-04 05:06:07' AS timestamp(6)), 'xyz'), (3, NULL, NULL)) "
        "AS v(id, at, word)",
        f"partitioning = ARRAY['{transform}'],",
    )
    assert athena(f"SELECT id FROM t WHERE {condition}") == [(value,)]
    every = athena.scanned("SELECT id FROM t WHERE id >= 0 AND length(word) >= 0 OR id > 0")
    assert athena.scanned(f"SELECT id FROM t WHERE {condition}") < every
    athena(f"DELETE FROM t WHERE {condition}")
    assert athena("SELECT count(*) FROM t") == [("2",)]


@pytest.mark.parametrize("transform", ["year(day)", "month(day)", "day", "month(at)"])
def test_the_first_and_the_last_day_are_found(athena, transform) -> None:
    """Partitions are told from conditions by a step beyond the literal, which there is none of."""
    first, last = "0001-01-01", "9999-12-31"
    create(
        athena,
        "SELECT id, day, CAST(day AS timestamp(6)) AS at "
        f"FROM (VALUES (1, DATE '{first}'), (2, DATE '2025-01-01'), (3, DATE '{last}')) AS v(id, day)",
        f"partitioning = ARRAY['{transform}'],",
    )
    for condition, ids in [
        (f"day = DATE '{last}'", ["3"]),
        (f"day <= DATE '{last}'", ["1", "2", "3"]),
        (f"day BETWEEN DATE '9999-12-30' AND DATE '{last}'", ["3"]),
        (f"day < DATE '{last}' AND day > DATE '{first}'", ["2"]),
        (f"day = DATE '{first}'", ["1"]),
        (f"day >= DATE '{first}'", ["1", "2", "3"]),
        (f"day < DATE '{first}' OR day > DATE '{last}'", []),
        (f"at <= TIMESTAMP '{last} 23:59:59.999999'", ["1", "2", "3"]),
        (f"at >= TIMESTAMP '{first} 00:00:00.000000'", ["1", "2", "3"]),
    ]:
        assert sorted(athena(f"SELECT id FROM t WHERE {condition}")) == [(each,) for each in ids]
    athena(f"DELETE FROM t WHERE day >= DATE '{last}'")
    assert sorted(athena("SELECT id FROM t")) == [("1",), ("2",)]


def test_a_table_made_and_filled_by_pyiceberg(athena) -> None:
    from pyiceberg.partitioning import PartitionField, PartitionSpec
    from pyiceberg.schema import Schema
    from pyiceberg.transforms import DayTransform
    from pyiceberg.types import NestedField, TimestamptzType

    athena("CREATE TABLE x (id int) LOCATION "
           f"'s3://{athena.bucket}/x/' TBLPROPERTIES ('table_type' = 'ICEBERG')")  # fmt: skip
    catalog = athena.iceberg("x").catalog
    schema = Schema(
        NestedField(1, "Id", LongType(), required=True),
        NestedField(2, "At", TimestamptzType(), required=False),
    )
    spec = PartitionSpec(PartitionField(2, 1000, DayTransform(), "At_day"))
    table = catalog.create_table(
        (athena.database, "t"), schema, f"s3://{athena.bucket}/t", partition_spec=spec
    )
    arrow = schema.as_arrow()
    moments = pa.array([0, 86_400_000_000], pa.timestamp("us", "UTC"))
    table.append(pa.table([pa.array([1, 2]), moments], schema=arrow))
    assert athena("SELECT id, at FROM t ORDER BY id") == [
        ("1", "1970-01-01 00:00:00.000000 UTC"),
        ("2", "1970-01-02 00:00:00.000000 UTC"),
    ]
    assert athena("SELECT id FROM t WHERE at >= TIMESTAMP '1970-01-02 00:00:00 UTC'") == [("2",)]
    athena("INSERT INTO t VALUES (3, TIMESTAMP '1970-01-03 00:00:00 UTC')")
    error = athena.fails("INSERT INTO t (at) VALUES (current_timestamp)")
    assert error == "CONSTRAINT_VIOLATION: NULL value not allowed for NOT NULL column: id"
    athena("UPDATE t SET id = id + 10 WHERE id = 1")
    found = catalog.load_table((athena.database, "t")).scan().to_arrow()
    assert sorted(found.column("Id").to_pylist()) == [2, 3, 11]


def test_files_that_were_only_added_are_refused(athena) -> None:
    """They have no field ids: by id, every column would be NULL."""
    create(athena, "SELECT 1 AS id")
    buffer = io.BytesIO()
    pq.write_table(pa.table({"id": pa.array([2], pa.int32())}), buffer)
    athena.put("t/data/added.parquet", buffer.getvalue())
    athena.iceberg("t").add_files([f"s3://{athena.bucket}/t/data/added.parquet"])
    assert "data files without field ids" in athena.fails("SELECT * FROM t")


def test_a_partition_column_that_was_dropped(athena) -> None:
    """Files of the spec that knew it are still there."""
    create(athena, "SELECT 1 AS id, 'a' AS word", "partitioning = ARRAY['word'],")
    table = athena.iceberg("t")
    with table.update_spec() as update:
        update.remove_field("word")
    with table.update_schema() as update:
        update.delete_column("word")
    athena("INSERT INTO t VALUES (2)")
    assert athena("SELECT * FROM t WHERE id >= 1 ORDER BY id") == [("1",), ("2",)]
    athena("UPDATE t SET id = 3 WHERE id = 2")
    assert athena("SELECT sum(id) FROM t") == [("4",)]
    assert athena('SELECT sum(record_count) FROM "t$partitions"') == [("2",)]
    assert athena.fails("DELETE FROM t WHERE id = 1").startswith("NOT_SUPPORTED")
    assert athena("SELECT count(*) FROM t") == [("2",)]


# ---- merge on read, as Athena itself and Spark write it


class DeleteManifest(ManifestWriterV2):
    """PyIceberg writes manifests of data files only."""

    def content(self) -> ManifestContent:
        return ManifestContent.DELETES

    @property
    def _meta(self) -> dict[str, str]:
        return {**super()._meta, "content": "deletes"}


class AddDeletes(_FastAppendFiles):
    def _manifests(self):
        output = self.new_manifest_output()
        spec = self._transaction.table_metadata.spec()
        with DeleteManifest(spec, self.schema(), output, self._snapshot_id, "gzip") as writer:
            for each in self._added_data_files:
                writer.add(
                    ManifestEntry.from_args(
                        status=ManifestEntryStatus.ADDED,
                        snapshot_id=self._snapshot_id,
                        sequence_number=None,
                        file_sequence_number=None,
                        data_file=each,
                    )
                )
        return [writer.to_manifest_file(), *self._existing_manifests()]


def delete_rows(athena, rows: list[tuple[str, int]], content: DataFileContent) -> None:
    """Commit a file that deletes rows by path and position."""
    table = athena.iceberg("t")
    fields = [("file_path", pa.string(), 2147483546), ("pos", pa.int64(), 2147483545)]
    schema = pa.schema(
        [
            pa.field(name, type_, nullable=False, metadata={"PARQUET:field_id": str(id_)})
            for name, type_, id_ in fields
        ]
    )
    paths, places = zip(*sorted(rows), strict=True)
    buffer = io.BytesIO()
    pq.write_table(pa.table([list(paths), list(places)], schema=schema), buffer)
    key = f"t/data/{uuid.uuid4()}-deletes.parquet"
    athena.put(key, buffer.getvalue())
    file = DataFile.from_args(
        content=content,
        file_path=f"s3://{athena.bucket}/{key}",
        file_format=FileFormat.PARQUET,
        partition=Record(),
        record_count=len(rows),
        file_size_in_bytes=len(buffer.getvalue()),
        column_sizes={}, value_counts={}, null_value_counts={}, nan_value_counts={},
        lower_bounds={}, upper_bounds={},
        equality_ids=[1] if content == DataFileContent.EQUALITY_DELETES else None,
    )  # fmt: skip
    file.spec_id = 0
    with (
        table.transaction() as transaction,
        AddDeletes(Operation.DELETE, transaction, table.io) as update,
    ):
        update.append_data_file(file)


@pytest.fixture
def trimmed(athena):
    """Two files of ids 0-9 and 10-19; 3, 4 and 15 are deleted by position."""
    create(athena, "SELECT id, id * 2 AS n FROM UNNEST(sequence(0, 9)) AS s(id)")
    athena("INSERT INTO t SELECT id, id * 2 FROM UNNEST(sequence(10, 19)) AS s(id)")
    (first,), (second,) = athena('SELECT DISTINCT "$path" FROM t WHERE id IN (0, 10) ORDER BY 1')
    if athena(f"SELECT min(id) FROM t WHERE \"$path\" = '{first}'") == [("10",)]:
        first, second = second, first
    delete_rows(athena, [(first, 3), (first, 4)], DataFileContent.POSITION_DELETES)
    delete_rows(athena, [(second, 5)], DataFileContent.POSITION_DELETES)
    return athena


LEFT = [0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19]


def test_position_deletes_are_applied(trimmed) -> None:
    assert trimmed("SELECT id FROM t ORDER BY id") == [(str(id_),) for id_ in LEFT]
    assert trimmed("SELECT count(*) FROM t") == [(str(len(LEFT)),)]
    assert trimmed("SELECT n FROM t WHERE id = 4") == []
    assert trimmed("SELECT count(*), sum(n) FROM t WHERE id >= 10") == [("9", "260")]
    assert trimmed('SELECT count(DISTINCT "$path") FROM t') == [("2",)]
    # Rows written later are not touched by what was deleted before.
    trimmed("INSERT INTO t VALUES (3, 6), (4, 8)")
    assert trimmed("SELECT count(*) FROM t WHERE id IN (3, 4, 15)") == [("2",)]


def test_changes_of_trimmed_files_keep_deleted_rows_deleted(trimmed) -> None:
    trimmed("UPDATE t SET n = -1 WHERE id IN (3, 5)")
    trimmed("MERGE INTO t USING (VALUES BIGINT '15', BIGINT '16') AS s(id) ON t.id = s.id "
            "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (s.id, 0)")  # fmt: skip
    ids = [id_ for id_ in LEFT if id_ != 16]
    assert [int(id_) for (id_,) in trimmed("SELECT id FROM t ORDER BY id")] == sorted([*ids, 15])
    assert trimmed("SELECT count(*) FROM t WHERE n = -1") == [("1",)]


def test_deleting_what_is_left_of_a_trimmed_file(trimmed) -> None:
    trimmed("DELETE FROM t WHERE id < 10")
    assert trimmed("SELECT min(id), count(*) FROM t") == [("10", "9")]


def test_optimize_writes_trimmed_files_without_the_deleted_rows(trimmed) -> None:
    trimmed("ALTER TABLE t SET TBLPROPERTIES ('optimize_rewrite_delete_file_threshold' = '1', "
            "'optimize_rewrite_data_file_threshold' = '1')")  # fmt: skip
    trimmed("OPTIMIZE t REWRITE DATA USING BIN_PACK")
    assert [int(id_) for (id_,) in trimmed("SELECT id FROM t ORDER BY id")] == LEFT
    assert trimmed('SELECT sum(record_count) FROM "t$files"') == [(str(len(LEFT)),)]


def test_equality_deletes_are_refused(athena) -> None:
    create(athena, "SELECT 1 AS id")
    delete_rows(athena, [("x", 1)], DataFileContent.EQUALITY_DELETES)
    error = athena.fails("SELECT * FROM t")
    assert error.startswith("NOT_SUPPORTED") and "equality delete files" in error
