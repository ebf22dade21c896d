"""Partitions with columns and SerDe parameters of their own.

Sources: Athena user guide, "Update tables with partitions" and "Handle schema updates"; Trino's
HiveSplitManager, CoercionUtils and HiveWriterFactory (what fits, what does not, the messages).
"""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import orc

JSON = "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'"
TEXT = "ROW FORMAT DELIMITED FIELDS TERMINATED BY ','"
FORMATS = {"json": JSON, "text": TEXT, "parquet": "STORED AS PARQUET", "orc": "STORED AS ORC"}


def make(athena, format_: str, columns: str) -> None:
    athena(
        f"CREATE EXTERNAL TABLE t ({columns}) PARTITIONED BY (day string) {FORMATS[format_]} "
        f"LOCATION 's3://{athena.bucket}/t/'"
    )


def add(athena, day: str, columns: dict[str, str] | None = None, serde: str | None = None,
        **parameters: str) -> None:  # fmt: skip
    """A partition as the Glue API takes it: the table's storage with other columns."""
    table = athena.glue.get_table(DatabaseName=athena.database, Name="t")["Table"]
    storage = table["StorageDescriptor"]
    storage["Location"] += f"/day={day}/"
    if columns is not None:
        storage["Columns"] = [{"Name": name, "Type": type_} for name, type_ in columns.items()]
    if parameters:
        storage["SerdeInfo"]["Parameters"] = {
            name.replace("_", "."): value for name, value in parameters.items()
        }
    if serde:
        storage["SerdeInfo"]["SerializationLibrary"] = serde
    athena.glue.create_partition(
        DatabaseName=athena.database,
        TableName="t",
        PartitionInput={"Values": [day], "StorageDescriptor": storage},
    )


def put(athena, day: str, body: str | bytes) -> None:
    athena.put(f"t/day={day}/file", body)


def parquet(**columns) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def orc_file(**columns) -> bytes:
    file = io.BytesIO()
    orc.write_table(pa.table(columns), file)
    return file.getvalue()


def test_columns_added_since_are_null_and_types_widened(athena) -> None:
    make(
        athena, "json", "a bigint, s struct<x:int,y:string>, l array<struct<v:bigint,w:int>>, b int"
    )
    add(athena, "1", {"a": "int", "s": "struct<x:int>", "l": "array<struct<v:int>>"})
    put(athena, "1", '{"a": 1, "s": {"x": 2, "y": "not yet"}, "l": [{"v": 3, "w": 4}], "b": 5}\n')
    add(athena, "2")
    put(
        athena,
        "2",
        '{"a": 6000000000, "s": {"x": 7, "y": "z"}, "l": [{"v": 8, "w": 9}], "b": 10}\n',
    )
    assert athena("SELECT a, s.x, s.y, l[1].v, l[1].w, b, day FROM t ORDER BY day") == [
        # Structs have the fields that the partition names; a column it does not name is read.
        ("1", "2", None, "3", None, "5", "1"),
        ("6000000000", "7", "z", "8", "9", "10", "2"),
    ]
    put(athena, "1", '{"a": 6000000000}\n')
    assert "6000000000" in athena.fails("SELECT a FROM t")
    assert athena("SELECT a FROM t WHERE day = '2'") == [("6000000000",)]


def test_parquet_goes_by_name(athena) -> None:
    make(athena, "parquet", "a bigint, b string, c double")
    add(athena, "1", {"c": "float", "gone": "int", "a": "int"})
    put(athena, "1", parquet(gone=pa.array([0], pa.int32()), a=pa.array([1], pa.int32()),
                             c=pa.array([0.1], pa.float32())))  # fmt: skip
    add(athena, "2")
    put(athena, "2", parquet(a=[2], b=["x"], c=[0.1]))
    assert athena("SELECT * FROM t ORDER BY day") == [
        ("1", None, "0.10000000149011612", "1"),
        ("2", "x", "0.1", "2"),
    ]
    assert athena("SELECT count(*), sum(a) FROM t") == [("2", "3")]


def test_text_goes_by_place_with_the_partitions_own_delimiter(athena) -> None:
    make(athena, "text", "a bigint, b string")
    add(athena, "1")
    put(athena, "1", "1,x|y\n")
    add(athena, "2", {"old_name": "int", "b": "string"}, field_delim="|", serialization_format="|")
    # An int that is none is NULL, as for a table of ints.
    put(athena, "2", "2|x,y\n6000000000|z\n")
    assert athena("SELECT a, b FROM t ORDER BY day, b") == [("1", "x|y"), ("2", "x,y"), (None, "z")]


def test_orc_goes_by_place_or_by_name(athena) -> None:
    make(athena, "orc", "a bigint, b string")
    add(athena, "1", {"b": "int", "c": "string"})
    put(athena, "1", orc_file(b=pa.array([1], pa.int32()), c=["x"]))
    assert athena("SELECT a, b FROM t") == [("1", "x")]
    athena("ALTER TABLE t DROP PARTITION (day = '1')")
    table = athena.glue.get_table(DatabaseName=athena.database, Name="t")["Table"]
    table["StorageDescriptor"]["SerdeInfo"]["Parameters"]["orc.column.index.access"] = "FALSE"
    kept = ("Name", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")
    athena.glue.update_table(
        DatabaseName=athena.database, TableInput={key: table[key] for key in kept}
    )
    add(athena, "1", {"c": "int", "b": "string"})
    assert athena.fails("SELECT b FROM t").startswith("HIVE_BAD_DATA")
    put(athena, "1", orc_file(c=pa.array([1], pa.int32()), b=["x"]))
    assert athena("SELECT a, b FROM t") == [(None, "x")]


@pytest.mark.parametrize(
    ("format_", "columns", "expected"),
    [
        ("json", {"a": "string"}, "'a' as type 'string'"),
        ("json", {"z": "double", "a": "int"}, "'z' as type 'double'"),
        ("text", {"a": "boolean"}, "'a' as type 'boolean'"),
        ("parquet", {"b": "string", "a": "date"}, "'a' as type 'date'"),
        ("orc", {"b": "date", "a": "int"}, "'b' as type 'date'"),
    ],
)
def test_types_that_do_not_fit_fail_as_on_athena(athena, format_, columns, expected) -> None:
    make(athena, format_, "a struct<x:int>" if columns == {"a": "string"} else "a int")
    add(athena, "1", columns)
    reason = athena.fails("SELECT a FROM t")
    assert reason.startswith(
        "HIVE_PARTITION_SCHEMA_MISMATCH: There is a mismatch between the table and partition "
        "schemas. The types are incompatible and cannot be coerced. The column 'a' in table "
        f"'{athena.database}.t' is declared as type '"
    )
    assert reason.endswith(f"but partition 'day=1' declared column {expected}.")
    # Only partitions that are read count.
    assert athena("SELECT a FROM t WHERE day = '2'") == []


@pytest.mark.parametrize(
    ("columns", "serde", "expected"),
    [
        ({"a": "string"}, None, "which partition 'day=1' declares as 'string'"),
        ({"a": "bigint"}, None, "HIVE_PARTITION_SCHEMA_MISMATCH"),
        (None, "org.apache.hadoop.hive.serde2.OpenCSVSerde", "has a SerDe of its own"),
    ],
)
def test_what_is_not_read_as_athena_would_is_refused(athena, columns, serde, expected) -> None:
    make(athena, "json", "a int")
    add(athena, "1", columns, serde)
    put(athena, "1", '{"a": "1"}\n')
    assert expected in athena.fails("SELECT a FROM t")


def test_nothing_is_written_into_a_partition_of_another_schema(athena) -> None:
    make(athena, "text", "a bigint")
    add(athena, "1", {"a": "int"})
    add(athena, "2", field_delim="|")
    add(athena, "3", {})
    assert athena.fails("INSERT INTO t VALUES (1, '3'), (1, '1')").startswith(
        "HIVE_PARTITION_SCHEMA_MISMATCH: You are trying to write into an existing partition"
    )
    assert "SerDe of its own" in athena.fails("INSERT INTO t VALUES (1, '2')")
    assert athena("SELECT * FROM t") == []
    athena("INSERT INTO t VALUES (1, '3'), (2, '4')")
    assert athena("SELECT a, day FROM t ORDER BY a") == [("1", "3"), ("2", "4")]
