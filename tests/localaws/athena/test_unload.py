"""UNLOAD leaves real files, read here by other readers. Source of the rules: Athena user guide,
"UNLOAD"."""

import csv
import gzip
import io
import json

import fastavro
import pyarrow.orc as orc
import pyarrow.parquet as pq
import pytest

QUERY = "SELECT 1 AS a, 'x y' AS b UNION ALL SELECT 2, NULL"
ROWS = [{"a": 1, "b": "x y"}, {"a": 2, "b": None}]


def unloaded(athena, folder: str, options: str, query: str = QUERY) -> dict[str, bytes]:
    """The objects below the folder, by key."""
    athena(f"UNLOAD ({query}) TO 's3://{athena.bucket}/{folder}/' WITH ({options})")
    return objects(athena, folder)


def objects(athena, folder: str) -> dict[str, bytes]:
    found = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix=f"{folder}/").get("Contents", [])
    return {
        each["Key"]: athena.s3.get_object(Bucket=athena.bucket, Key=each["Key"])["Body"].read()
        for each in found
    }


def read_avro(data: bytes) -> list[dict]:
    return list(fastavro.reader(io.BytesIO(data)))


def read_json(data: bytes) -> list[dict]:
    return [json.loads(line) for line in gzip.decompress(data).splitlines()]


def read_text(data: bytes) -> list[dict]:
    lines = csv.reader(io.StringIO(gzip.decompress(data).decode()), delimiter="|")
    return [{"a": int(a), "b": None if b == "\\N" else b} for a, b in lines]


@pytest.mark.parametrize(
    ("options", "read"),
    [
        ("format = 'PARQUET'", lambda data: pq.read_table(io.BytesIO(data)).to_pylist()),
        ("format = 'orc'", lambda data: orc.read_table(io.BytesIO(data)).to_pylist()),
        ("format = 'AVRO'", read_avro),
        ("format = 'JSON'", read_json),
        ("format = 'TEXTFILE', field_delimiter = '|'", read_text),
    ],
)
def test_every_format_with_its_default_compression(athena, options, read) -> None:
    (data,) = unloaded(athena, "out", options).values()
    assert sorted(read(data), key=lambda row: row["a"]) == ROWS


@pytest.mark.parametrize("codec", ["GZIP", "SNAPPY", "ZSTD", "NONE"])
def test_parquet_has_the_codec_that_was_asked_for(athena, codec) -> None:
    (data,) = unloaded(athena, "out", f"format='PARQUET', compression='{codec.lower()}'").values()
    chunk = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0).column(0)
    assert chunk.compression == ("UNCOMPRESSED" if codec == "NONE" else codec)


def test_partitions_and_a_second_run(athena) -> None:
    options = "format = 'JSON', compression = 'NONE', partitioned_by = ARRAY['b']"
    found = unloaded(athena, "out", options)
    assert {key.split("/")[1] for key in found} == {"b=x y", "b=__HIVE_DEFAULT_PARTITION__"}
    assert sorted(map(json.loads, found.values()), key=str) == [{"a": 1}, {"a": 2}]
    assert len(unloaded(athena, "out", options)) == 4


def test_manifest(athena) -> None:
    id_ = athena.start(f"UNLOAD ({QUERY}) TO 's3://{athena.bucket}/out/' WITH (format = 'ORC')")
    execution = athena.execution(id_)
    assert (execution["StatementType"], execution["SubstatementType"]) == ("DML", "UNLOAD")
    manifest = f"results/{id_}-manifest.csv"
    place = f"s3://{athena.bucket}/{manifest}"
    assert execution["Statistics"]["DataManifestLocation"] == place
    listed = athena.s3.get_object(Bucket=athena.bucket, Key=manifest)["Body"].read().decode()
    assert listed.split() == [f"s3://{athena.bucket}/{key}" for key in objects(athena, "out")]


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("UNLOAD (SELECT 1 AS a) TO '{out}'", "SYNTAX_ERROR: line 1:"),
        ("UNLOAD SELECT 1 TO '{out}' WITH (format = 'JSON')", "SYNTAX_ERROR: line 1:8"),
        ("UNLOAD (SELECT 1 AS a) TO '{out}' WITH (compression = 'GZIP')", "INVALID_TABLE_PROPERTY"),
        ("UNLOAD (SELECT 1) TO '{out}' WITH (format = 'JSON')", "MISSING_COLUMN_NAME"),
        ("UNLOAD (SELECT 1 AS a) TO '{out}' WITH (format = 'ION')", "NOT_SUPPORTED"),
        ("UNLOAD (SELECT 1 AS a) TO '{out}' WITH (format = 'ORC', compression = 'BZIP2')", "NOT_SUPPORTED"),
        ("UNLOAD (SELECT 1 AS a) TO '{out}' WITH (format = 'ORC', field_delimiter = ',')", "INVALID_TABLE_PROPERTY"),
        ("UNLOAD (SELECT 1 AS a) TO '{out}' WITH (format = 'ORC', bucket_count = 2)", "NOT_SUPPORTED"),
        ("UNLOAD (SELECT\n nope AS a) TO '{out}' WITH (format = 'ORC')", "COLUMN_NOT_FOUND: line 2:2"),
        ("UNLOAD (SELECT uuid() AS a) TO '{out}' WITH (format = 'ORC')", ""),
    ],
)  # fmt: skip
def test_what_is_refused_leaves_nothing(athena, sql, error) -> None:
    assert athena.fails(sql.format(out=f"s3://{athena.bucket}/out/")).startswith(error)
    assert objects(athena, "out") == {}


def test_a_target_with_data_is_refused(athena) -> None:
    unloaded(athena, "out", "format = 'JSON'")
    sql = f"UNLOAD ({QUERY}) TO 's3://{athena.bucket}/out/' WITH (format = 'JSON')"
    assert athena.fails(sql).startswith("HIVE_PATH_ALREADY_EXISTS")
