"""Hive's buckets. Expected hashes and buckets: Trino's TestHiveBucketing (version 1)."""

import datetime
import io
import re
import struct

import pyarrow.parquet as pq
import pytest

from localaws.objects import StoredObject
from localaws.sql.type_parser import parse_type
from localaws.tables.bucket_pruning import _number
from localaws.tables.bucketing import bucket_of, hash_of
from localaws.tables.hive import Split


def single(bits: int) -> float:
    return struct.unpack(">f", struct.pack(">I", bits))[0]


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        ("string", "Trino rocks", 1132136730),
        ("boolean", True, 1),
        ("tinyint", -128, -128),
        ("smallint", -32768, -32768),
        ("int", 300_000, 300000),
        ("int", -2147483648, -2147483648),
        ("bigint", 300_000_000_000, -647710651),
        ("bigint", -(2**63), -2147483648),
        ("bigint", 2**63 - 1, -2147483648),
        ("float", single(0x414570A4), 1095069860),
        ("float", float("-inf"), -8388608),
        ("float", float("nan"), 2143289344),
        ("double", 12.34, 986311098),
        ("double", 5e-324, 1),
        ("double", float("-inf"), -1048576),
        ("double", float("nan"), 2146959360),
        ("varchar(15)", "", 1),
        ("varchar(15)", "test string", -189841218),
        ("varchar(15)", "强大的Trino引擎", 1899852420),
        ("string", "", 0),
        ("string", "test string", -318923937),
        ("string", "强大的Trino引擎", 1688501507),
        ("string", "\U00020ffc\U00020ffd\U00020ffe\U00020fff", -1810797254),
        ("date", datetime.date(2015, 11, 19), 16758),
        ("date", datetime.date(1950, 11, 19), -6983),
        ("array<boolean>", [], 0),
        ("array<smallint>", [5, 8, 13], 5066),
        ("array<string>", ["test1", "test2", "test3", "test4"], 957612994),
        ("array<array<bigint>>", [[10, 20], [-10, -20], [None]], 326368),
        ("map<string,bigint>", [("key", 123), ("key2", 123456789), ("key3", -123456)], 127880789),
        ("map<array<double>,map<int,string>>", [([12.3, 45.7], [(123, "test99")])], -34001111),
    ],
)
def test_hashes(type_, value, expected) -> None:
    assert hash_of(parse_type(type_))(value) == expected


def test_several_columns_and_null() -> None:
    types = [parse_type(t) for t in ("float", "array<smallint>", "map<string,bigint>")]
    bucket = bucket_of(types, 997)
    values = (single(0x414570A4), [5, 8, 13], [("key", 123)])
    assert bucket(values) == (95411006 & 0x7FFFFFFF) % 997
    assert bucket_of([parse_type("string")], 4)(("Trino rocks",)) == 2
    assert bucket_of([parse_type("string")], 4)((None,)) == 0
    ints = bucket_of([parse_type("int"), parse_type("tinyint")], 8)
    assert {ints((a, b)) for a in (1, 10) for b in (5, 6)} == {3, 4, 5}


CTAS = (
    "CREATE TABLE t WITH (format = 'PARQUET', external_location = 's3://{bucket}/t/', {options}) "
    "AS SELECT n, CAST(n AS varchar) AS s, n % 2 AS p FROM UNNEST(sequence(1, 50)) AS u(n)"
)


def test_a_bucketed_and_partitioned_table(athena) -> None:
    options = "partitioned_by = ARRAY['p'], bucketed_by = ARRAY['s', 'n'], bucket_count = 4"
    athena(CTAS.format(bucket=athena.bucket, options=options))
    assert athena("SELECT count(*), sum(n), count(DISTINCT p) FROM t") == [("50", "1275", "2")]
    storage = athena.glue.get_table(DatabaseName=athena.database, Name="t")["Table"]
    storage = storage["StorageDescriptor"]
    assert (storage["BucketColumns"], storage["NumberOfBuckets"]) == (["s", "n"], 4)
    bucket = bucket_of([parse_type("string"), parse_type("bigint")], 4)
    for each in athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix="t/")["Contents"]:
        folder, name = each["Key"].split("/")[1:]
        number = int(re.match(r"(\d{6})_0_", name)[1])
        body = athena.s3.get_object(Bucket=athena.bucket, Key=each["Key"])["Body"].read()
        rows = pq.read_table(io.BytesIO(body)).to_pylist()
        assert rows and all(row["n"] % 2 == int(folder.removeprefix("p=")) for row in rows)
        assert {bucket((row["s"], row["n"])) for row in rows} == {number}
    assert "bucketed tables is not supported" in athena.fails("INSERT INTO t VALUES (1, 'x', 1)")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ("bucketed_by = ARRAY['n']", "INVALID_TABLE_PROPERTY"),
        ("bucket_count = 3", "INVALID_TABLE_PROPERTY"),
        ("bucketed_by = ARRAY['n'], bucket_count = 0", "INVALID_TABLE_PROPERTY"),
        ("bucketed_by = ARRAY['nope'], bucket_count = 3", "INVALID_TABLE_PROPERTY: Bucketing columns"),
        ("bucketed_by = ARRAY['p'], bucket_count = 3, partitioned_by = ARRAY['p']", "INVALID_TABLE_PROPERTY"),
    ],
)  # fmt: skip
def test_refusals(athena, options, error) -> None:
    sql = CTAS.format(bucket=athena.bucket, options=options)
    assert athena.fails(sql).startswith(error)
    assert "Contents" not in athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix="t/")


def test_a_hundred_writers_for_partitions_and_buckets_together(athena) -> None:
    options = "bucketed_by = ARRAY['n'], bucket_count = 101, partitioned_by = ARRAY['p']"
    sql = CTAS.format(bucket=athena.bucket, options=options).replace("(1, 50)", "(1, 101)")
    error = athena.fails(sql)
    assert error.startswith("HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers")


def test_timestamps_have_no_bucket(athena) -> None:
    sql = (
        f"CREATE TABLE t WITH (external_location = 's3://{athena.bucket}/t/', "
        "bucketed_by = ARRAY['ts'], bucket_count = 2) AS SELECT TIMESTAMP '2024-01-01 00:00:00.000' AS ts"
    )
    assert "Hive bucket hashCode is not supported" in athena.fails(sql)


@pytest.mark.parametrize(
    "options",
    [
        "format = 'PARQUET'",
        "format = 'JSON'",
        "format = 'TEXTFILE'",
        "format = 'PARQUET', partitioned_by = ARRAY['p']",
    ],
)
def test_conditions_on_the_bucketing_columns_narrow_what_is_read(athena, options) -> None:
    """About a tenth of the bytes, and the rows that the same table without buckets has."""
    for name, more in (("t", "bucketed_by = ARRAY['n'], bucket_count = 10, "), ("whole", "")):
        athena(
            f"CREATE TABLE {name} WITH (external_location = 's3://{athena.bucket}/{name}/', {more}{options}) "
            "AS SELECT n, CAST(n AS varchar) AS s, n % 2 AS p FROM UNNEST(sequence(-200, 1800)) AS u(n)"
        )
    everything = athena.scanned("SELECT n, s FROM t")
    for condition, share in (
        ("n = 5", 0.1),
        ("n IN (5, 16)", 0.2),
        ("n = 5 AND s > '4'", 0.1),
        ("n = 5 OR n = 15", 0.1),
        ("n = 5 OR s = '6'", 1),
        ("n + 0 = 5", 1),
        ("n = -5", 1),
        ("n > 1700", 1),
        ("n IS NULL", 1),
        ("n <> 5", 1),
        ("n = 99999", 0.1),
    ):
        found, expected = (
            athena(f"SELECT count(*), sum(n), min(s) FROM {name} WHERE {condition}")
            for name in ("t", "whole")
        )
        assert found == expected, condition
        scanned = athena.scanned(f"SELECT n, s FROM t WHERE {condition}")
        assert scanned <= everything * share * 1.3, condition
    joined = "SELECT count(*) FROM {0} a JOIN {0} b ON a.s = b.s WHERE a.n = 7 AND b.n IN (7, 8)"
    assert athena(joined.format("t")) == athena(joined.format("whole")) == [("1",)]


def test_files_that_tell_no_bucket_are_all_read(athena) -> None:
    options = "bucketed_by = ARRAY['n'], bucket_count = 10"
    athena(CTAS.format(bucket=athena.bucket, options=options).replace("PARQUET", "JSON"))
    everything = athena.scanned("SELECT n FROM t")
    assert athena.scanned("SELECT n FROM t WHERE n = 7") < everything / 5
    (listed, *_) = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix="t/")["Contents"]
    source = {"Bucket": athena.bucket, "Key": listed["Key"]}
    athena.s3.copy_object(Bucket=athena.bucket, Key="t/other.gz", CopySource=source)
    assert athena.scanned("SELECT n FROM t WHERE n = 7") == everything + listed["Size"]


def test_a_partition_with_other_buckets_is_read_whole(athena) -> None:
    options = "bucketed_by = ARRAY['n'], bucket_count = 10, partitioned_by = ARRAY['p']"
    athena(CTAS.format(bucket=athena.bucket, options=options).replace("PARQUET", "JSON"))
    narrowed = athena.scanned("SELECT n FROM t WHERE n = 7")
    name = {"DatabaseName": athena.database, "TableName": "t"}
    found = athena.glue.get_partition(**name, PartitionValues=["0"])["Partition"]
    storage = {**found["StorageDescriptor"], "NumberOfBuckets": 3}
    new = {"Values": ["0"], "StorageDescriptor": storage}
    athena.glue.update_partition(**name, PartitionValueList=["0"], PartitionInput=new)
    assert athena.scanned("SELECT n FROM t WHERE n = 7") > 2 * narrowed
    assert athena("SELECT n FROM t WHERE n IN (7, 8) ORDER BY n") == [("7",), ("8",)]


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("000003_0_20240101_x.gz", 3),
        ("000007_0", 7),
        ("20240101_bucket-00004.csv", 4),
        ("000001_2_bucket-00007.csv", 7),
        ("000012_0_x.gz", None),
        ("3_2024.csv", None),
        ("data.parquet", None),
    ],
)
def test_the_bucket_that_a_files_name_tells(name, number) -> None:
    stored = StoredObject.__new__(StoredObject)
    object.__setattr__(stored, "key", f"folder/{name}")
    assert _number(Split(stored), 10) == number


def test_what_narrows_is_hashed_alike_by_awswrangler() -> None:
    from awswrangler.s3._write_dataset import _get_bucket_number

    for values, types in (
        ([0, 5, 2**31 - 1, 123_456], ["int"]),
        ([0, 5, 2**31, 2**40 + 7, 2**63 - 1], ["bigint"]),
        (["", "a", "Trino rocks", "x" * 99, "~!"], ["string"]),
    ):
        bucket = bucket_of([parse_type(type_) for type_ in types], 10)
        assert [bucket((value,)) for value in values] == [
            _get_bucket_number(10, [value]) for value in values
        ]
