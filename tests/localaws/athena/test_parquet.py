"""Parquet files of others, read as Trino reads them, and those that are written here, read by others.
Source of the rules: Trino's ColumnReaderFactory and ParquetSchemaConverter."""

import datetime
import io
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

MOMENT = datetime.datetime(2024, 1, 5, 10, 0, 0, 123500)


@pytest.fixture
def read(athena):
    """The rows of table `t` over one Parquet file of such columns."""

    def rows(columns: str, stored: dict | list[dict], query: str = "SELECT * FROM t", **how):
        for number, each in enumerate(stored if isinstance(stored, list) else [stored]):
            file = io.BytesIO()
            pq.write_table(pa.table(each), file, **how)
            athena.put(f"t/{number}.parquet", file.getvalue())
        place = f"s3://{athena.bucket}/t/"
        athena(f"CREATE EXTERNAL TABLE t ({columns}) STORED AS PARQUET LOCATION '{place}'")
        return athena(query)

    return rows


def ints(width: str, *values: int) -> pa.Array:
    return pa.array(values, getattr(pa, width)())


def test_integers_of_another_width_or_without_a_sign(read) -> None:
    found = read(
        "a smallint, b int, c bigint, d int, e array<bigint>, f tinyint, g bigint, h int, i int, "
        "j map<string,bigint>, k decimal(12,2), l tinyint, m date",
        {
            "a": ints("uint8", 0, 255),
            "b": ints("uint16", 0, 65535),
            "c": ints("uint32", 0, 4294967295),
            "d": ints("int64", -(2**31), 2**31 - 1),
            "e": pa.array([[1, None], None], pa.list_(pa.int32())),
            "f": ints("int32", -128, 127),
            "g": ints("uint64", 0, 2**63 - 1),
            "h": ints("int8", -1, 1),
            "i": pa.array([Decimal(7), None], pa.decimal128(10, 0)),
            "j": pa.array([[("x", 1)], None], pa.map_(pa.string(), pa.uint16())),
            "k": ints("int32", 5, -5),
            "l": pa.array([1, None], pa.int64()),
            "m": ints("int32", 1, -1),
        },
        "SELECT * FROM t ORDER BY a",
    )
    assert found == [
        ("0", "0", "0", "-2147483648", "[1, null]", "-128", "0", "-1", "7", "{x=1}", "5.00", "1",
         "1970-01-02"),
        ("255", "65535", "4294967295", "2147483647", None, "127", "9223372036854775807", "1",
         None, None, "-5.00", None, "1969-12-31"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("type_", "stored"),
    [
        ("int", ints("int64", 1, 2**31)),
        ("int", ints("uint32", 1, 2**31)),
        ("tinyint", ints("int32", 1, -129)),
        ("tinyint", ints("uint8", 1, 128)),
        ("bigint", ints("uint64", 1, 2**63)),
        ("array<int>", pa.array([[1], [2**31]], pa.list_(pa.int64()))),
        ("map<int,int>", pa.array([[(1, -(2**31) - 1)]], pa.map_(pa.int32(), pa.int64()))),
        ("struct<a:smallint>", pa.array([{"a": 32768}], pa.struct([("a", pa.int32())]))),
        ("int", pa.array([Decimal(2**31)], pa.decimal128(18, 0))),
        ("decimal(3,1)", pa.array([Decimal("100.0")], pa.decimal128(4, 1))),
        ("decimal(3,1)", ints("int32", 100)),
        # What is of another kind altogether fails whatever the values are.
        ("int", pa.array(["1"])),
        ("string", ints("int32", 1)),
        ("real", pa.array([1.5], pa.float64())),
        ("int", pa.array([1.0])),
        ("boolean", ints("int32", 1)),
        ("timestamp", ints("int64", 1)),
        ("int", pa.array([Decimal("1.5")], pa.decimal128(10, 1))),
        ("struct<a:string>", pa.array([{"a": 1}])),
        ("array<int>", pa.array([{"a": 1}])),
        ("varchar(2)", pa.array([b"abcd"], pa.binary(4))),
        ("array<struct<b:int>>", pa.array([[{"a": 1}]])),
    ],
)
def test_values_that_do_not_fit_fail(athena, read, type_, stored) -> None:
    assert read(f"v {type_}", {"v": stored}, "SELECT count(*) FROM t") == [(str(len(stored)),)]
    for query in ("SELECT v FROM t", "SELECT 1 FROM t WHERE v IS NOT NULL ORDER BY v"):
        if "map<" not in type_ or "ORDER" not in query:
            error = athena.fails(query)
            assert error.startswith(("HIVE_BAD_DATA", "INVALID_CAST", "NOT_SUPPORTED")), error


def test_structs_by_name_wherever_they_are(athena, read) -> None:
    """A field more, one fewer, another order, another width; NULL at every level stays NULL."""
    inner = pa.struct([("A", pa.int32()), ("b", pa.int32())])
    value = {"A": 1, "b": 2}
    found = read(
        "n int, s struct<b:int,c:int>, l array<struct<b:bigint,c:string>>, "
        "m map<string,struct<c:int,b:int>>, d struct<x:struct<b:int>,y:array<array<int>>>, "
        "o struct<z:int>, w struct<o:struct<q:int>,x:int>, e struct<a:int,b:int>",
        {
            "n": ints("int32", 1, 2, 3),
            "s": pa.array([value, None, {"A": 1, "b": None}], inner),
            "l": pa.array([[value, None], None, []], pa.list_(inner)),
            "m": pa.array([[("k", value), ("n", None)], None, []], pa.map_(pa.string(), inner)),
            "d": pa.array(
                [{"x": value, "y": [[1], None]}, None, {"x": None, "y": None}],
                pa.struct([("x", inner), ("y", pa.list_(pa.list_(pa.int64())))]),
            ),
            "o": pa.array([value, None, value], inner),
            "w": pa.array(
                [{"o": value, "x": 5}, None, None], pa.struct([("o", inner), ("x", pa.int32())])
            ),
            "e": pa.array([value, None, value], inner),
        },
        "SELECT * FROM t ORDER BY n",
    )
    assert found == [
        ("1", "{b=2, c=null}", "[{b=2, c=null}, null]", "{k={c=null, b=2}, n=null}",
         "{x={b=2}, y=[[1], null]}", None, "{o=null, x=5}", "{a=1, b=2}"),
        ("2", None, None, None, None, None, None, None),
        ("3", "{b=null, c=null}", "[]", "{}", "{x=null, y=null}", None, None, "{a=1, b=2}"),
    ]  # fmt: skip
    assert athena("SELECT s.b, l[1].b, m['k'].b, d.y[1] FROM t WHERE s.b = 2") == [
        ("2", "2", "2", "[1]")
    ]


def test_fields_that_are_read_are_counted(athena, read) -> None:
    stored = {"S": pa.array([{"A": n, "b": str(n)} for n in range(100)])}
    read("s struct<b:string,a:int,c:int>", stored, "SELECT s FROM t LIMIT 1")
    (file,) = written(athena, "t")
    sizes = [file.metadata.row_group(0).column(i).total_compressed_size for i in (0, 1)]
    assert athena.scanned("SELECT max(s.a) FROM t") == sizes[0]
    assert athena.scanned("SELECT max(s.b) FROM t") == sizes[1]
    assert athena.scanned("SELECT max(s.c) FROM t") == 0
    assert athena.scanned("SELECT s FROM t") == sum(sizes)


def test_texts_and_bytes(read) -> None:
    found = read(
        "n varchar(3), c char(4), b string, l array<varchar(2)>, m map<varchar(1),char(2)>, "
        "v binary, s varchar(2), f string, g binary",
        {
            "n": ["abcdefghijkl", "äöüß"],
            "c": ["ab", "abcdef"],
            "b": pa.array(["ä".encode(), None]),
            "l": [["abc", None], None],
            "m": pa.array([[("xy", "z")], None], pa.map_(pa.string(), pa.string())),
            "v": ["x", None],
            "s": pa.array([b"xyz", b""]),
            "f": pa.array([b"abcd", None], pa.binary(4)),
            "g": pa.array([b"abcd", None], pa.binary(4)),
        },
        "SELECT * FROM t ORDER BY n",
    )
    assert found == [
        ("abc", "ab  ", "ä", "[ab, null]", "{x=z }", "78", "xy", "abcd", "61 62 63 64"),
        ("äöü", "abcd", None, None, None, None, "", None, None),
    ]


@pytest.mark.parametrize("int96", [False, True])
def test_timestamps_of_every_unit_are_rounded_at_every_level(read, int96) -> None:
    stored = {
        "us": pa.array([MOMENT], pa.timestamp("us")),
        "ns": pa.array([MOMENT], pa.timestamp("ns")),
        "z": pa.array([MOMENT.replace(tzinfo=datetime.UTC)], pa.timestamp("us", "UTC")),
        "s": pa.array([{"t": MOMENT}]),
        "l": pa.array([[MOMENT, None]]),
        "m": pa.array([[("k", MOMENT)]], pa.map_(pa.string(), pa.timestamp("us"))),
    }
    columns = (
        "us timestamp, ns timestamp, z timestamp, s struct<t:timestamp>, l array<timestamp>, "
        "m map<string,timestamp>"
    )
    rounded = "2024-01-05 10:00:00.124"
    row = (*[rounded] * 3, f"{{t={rounded}}}", f"[{rounded}, null]", f"{{k={rounded}}}")
    assert read(columns, stored, use_deprecated_int96_timestamps=int96) == [row]


def test_files_of_different_types_each_by_itself(athena, read) -> None:
    found = read(
        "a bigint, s struct<x:int,y:int>, b string",
        [
            {"a": ints("int32", 1), "s": pa.array([{"x": 1}]), "b": ["one"]},
            {"A": ints("uint8", 2), "s": pa.array([{"y": 2, "x": 3}]), "b": pa.array([b"two"])},
            {"other": ["x"], "b": pa.array(["three"])},
        ],
        "SELECT * FROM t ORDER BY a NULLS LAST",
    )
    assert found == [
        ("1", "{x=1, y=null}", "one"), ("2", "{x=3, y=2}", "two"), (None, None, "three"),
    ]  # fmt: skip
    assert athena("SELECT count(*), max(s.y) FROM t") == [("3", "2")]
    assert athena("SELECT count(*) FROM t") == [("3",)]


# ---- what is written here

EVERY_TYPE = """
SELECT TIMESTAMP '2020-01-01 00:00:00.123' AS ts, 1 AS i, DECIMAL '1.5' AS d, CAST(1 AS tinyint) AS ti,
    CAST(2 AS smallint) AS si, BIGINT '3' AS b, CAST(1.5 AS real) AS r, 2.5e0 AS dd, true AS t, 'x' AS s,
    CAST('ab' AS char(3)) AS c, to_utf8('y') AS vb, DATE '2025-01-02' AS da,
    ARRAY[TIMESTAMP '0001-01-01 00:00:00.000'] AS l, MAP(ARRAY['k'], ARRAY[CAST(1 AS smallint)]) AS m,
    CAST(ROW(TIMESTAMP '9999-12-31 23:59:59.999', 1.5, ROW(CAST('a' AS char(2))))
        AS row(t timestamp(3), d decimal(20,1), r row(c char(2)))) AS ro
"""
EVERY_COLUMN = """
optional int96 ts
optional int32 i
optional fixed_len_byte_array(1) d (Decimal(precision=2, scale=1))
optional int32 ti
optional int32 si
optional int64 b
optional float r
optional double dd
optional boolean t
optional binary s (String)
optional binary c (String)
optional binary vb
optional int32 da (Date)
optional group l (List) {
repeated group list {
optional int96 element
optional group m (Map) {
repeated group key_value {
required binary key (String)
optional int32 value
optional group ro {
optional int96 t
optional fixed_len_byte_array(9) d (Decimal(precision=20, scale=1))
optional group r {
optional binary c (String)
"""
EVERY_VALUE = (
    "2020-01-01 00:00:00.123", "1", "1.5", "1", "2", "3", "1.5", "2.5", "true", "x", "ab ", "79",
    "2025-01-02", "[0001-01-01 00:00:00.000]", "{k=1}", "{t=9999-12-31 23:59:59.999, d=1.5, r={c=a }}",
)  # fmt: skip


def written(athena, folder: str) -> list[pq.ParquetFile]:
    found = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix=f"{folder}/")["Contents"]
    return [
        pq.ParquetFile(
            io.BytesIO(athena.s3.get_object(Bucket=athena.bucket, Key=each["Key"])["Body"].read())
        )
        for each in found
    ]


def schema(file: pq.ParquetFile) -> list[str]:
    """The lines of a file's schema."""
    lines = str(file.schema).replace("field_id=-1 ", "").splitlines()[2:]
    return [line.strip().rstrip(";") for line in lines if line.strip() not in ("}", "")]


def test_files_have_the_schema_that_athena_writes(athena) -> None:
    place = f"external_location = 's3://{athena.bucket}/t/'"
    athena(f"CREATE TABLE t WITH (format = 'PARQUET', {place}) AS {EVERY_TYPE}")
    athena(f"INSERT INTO t {EVERY_TYPE}")
    athena(f"UNLOAD ({EVERY_TYPE}) TO 's3://{athena.bucket}/u/' WITH (format = 'PARQUET')")
    files = [*written(athena, "t"), *written(athena, "u")]
    assert [schema(each) for each in files] == [EVERY_COLUMN.split("\n")[1:-1]] * 3
    assert athena("SELECT * FROM t") == [EVERY_VALUE] * 2
    stored = files[0].read(["c", "ro.r.c"]).to_pylist()
    assert stored == [{"c": "ab", "ro": {"r": {"c": "a"}}}]
    # In partitions and buckets too.
    athena(
        f"CREATE TABLE p WITH (external_location = 's3://{athena.bucket}/p/', partitioned_by = "
        "ARRAY['k'], bucketed_by = ARRAY['i'], bucket_count = 2) AS SELECT *, 'x' AS k FROM t"
    )
    assert schema(written(athena, "p")[0]) == EVERY_COLUMN.split("\n")[1:-1]
    assert athena("SELECT ts, c, k FROM p LIMIT 1") == [("2020-01-01 00:00:00.123", "ab ", "x")]


def test_iceberg_keeps_its_own_types(athena) -> None:
    query = "SELECT TIMESTAMP '2020-01-01 00:00:00.123456' AS ts, DECIMAL '1.5' AS d, 1 AS i"
    how = f"table_type = 'ICEBERG', is_external = false, location = 's3://{athena.bucket}/i/'"
    athena(f"CREATE TABLE i WITH ({how}) AS {query}")
    (file,) = written(athena, "i/data")
    # Source: the Iceberg specification, "Parquet".
    assert file.schema_arrow.field("ts").type == pa.timestamp("us")
    assert file.schema.column(0).physical_type == "INT64"
    assert athena("SELECT ts, d FROM i WHERE ts > TIMESTAMP '2020-01-01'") == [
        ("2020-01-01 00:00:00.123456", "1.5")
    ]


def test_statistics_narrow_what_is_read_of_what_is_written(athena) -> None:
    """By numbers, text and decimals; not by INT96, which has no order to rely on."""
    how = f"external_location = 's3://{athena.bucket}/t/', format = 'PARQUET'"
    athena(
        f"CREATE TABLE t WITH ({how}) AS SELECT n, CAST(n / 1e2 AS decimal(12,2)) AS d, "
        "CAST(n / 10000 AS tinyint) AS k, lpad(CAST(n AS varchar), 8, '0') AS s, "
        "date_add('second', n, TIMESTAMP '2024-01-01 00:00:00.000') AS ts FROM (SELECT 1000 * a + b "
        "AS n FROM UNNEST(sequence(0, 249)) AS a(a), UNNEST(sequence(0, 999)) AS b(b) ORDER BY 1)"
    )
    (file,) = written(athena, "t")
    groups = range(file.metadata.num_row_groups)
    assert list(groups) == [0, 1, 2]
    for column, condition, read in (
        ("n", "n = 1", [0]),
        ("d", "d > DECIMAL '2499.95'", [2]),
        ("k", "k = 24", [1, 2]),
        ("s", "s < '00000005'", [0]),
        ("ts", "ts < TIMESTAMP '2024-01-01 00:00:05'", groups),
    ):
        place = file.schema_arrow.names.index(column)
        sizes = [file.metadata.row_group(g).column(place).total_compressed_size for g in groups]
        scanned = athena.scanned(f"SELECT max({column}) FROM t WHERE {condition}")
        assert scanned == sum(sizes[group] for group in read), column
    assert athena("SELECT count(*) FROM t WHERE ts < TIMESTAMP '2024-01-01 00:00:05'") == [("5",)]
