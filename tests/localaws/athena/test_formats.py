"""Tables of every format over files that other programs wrote.

Expected values: Trino's TestSimpleFormat, TestRegexFormat, TestOpenCsvFormat, TestAvroBase and the
Athena user guide's SerDe reference.
"""

import bz2
import datetime
import gzip
import io
import json
import uuid
from collections.abc import Callable
from decimal import Decimal

import fastavro
import pyarrow as pa
import pytest
from pyarrow import orc

Put = Callable[..., list]


@pytest.fixture
def table(athena) -> Put:
    """`table(columns, how, {key: bytes}, query)`: the rows of a query over a new table `t`."""

    def create(columns: str, how: str, objects: dict[str, bytes], query="SELECT * FROM t") -> list:
        for key, data in objects.items():
            athena.put(f"t/{key}", data)
        more, _, properties = how.partition("TBLPROPERTIES")
        athena(
            f"CREATE EXTERNAL TABLE t ({columns}) {more} LOCATION 's3://{athena.bucket}/t/' "
            + (f"TBLPROPERTIES {properties}" if properties else "")
        )
        return athena(query)

    return create


DELIMITED = "ROW FORMAT DELIMITED FIELDS TERMINATED BY ','"


# ---- LazySimple


def test_delimited_text_with_a_header_in_every_compression(table) -> None:
    text = b"id,name\n1,a\n2,\\N\n3\n4,d,more\n"
    rows = table(
        "id int, name string",
        f"{DELIMITED} TBLPROPERTIES ('skip.header.line.count'='1')",
        {"a.csv": text, "b.csv.gz": gzip.compress(text), "c.csv.bz2": bz2.compress(text),
         "_hidden": text, ".hidden": text, "empty": b""},
        "SELECT id, name, count(*) FROM t GROUP BY 1, 2 ORDER BY 1",
    )  # fmt: skip
    assert rows == [("1", "a", "3"), ("2", None, "3"), ("3", None, "3"), ("4", "d", "3")]


@pytest.mark.parametrize("codec", ["snappy", "lz4", "deflate"])
def test_hadoops_own_compression_is_refused(athena, table, codec) -> None:
    table("a int", DELIMITED, {f"a.{codec}": b"1\n"}, "SELECT 1")
    assert athena.fails("SELECT a FROM t").startswith("NOT_SUPPORTED: text in t/a.")


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("tinyint", {"5": "5", "+5": "5", "-128": "-128", "128": None, "1.9": "1", "x": None, "": None}),
        ("bigint", {"9223372036854775807": "9223372036854775807", "9223372036854775808": None}),
        ("double", {"1.5": "1.5", " 1.5 ": "1.5", "1.5d": "1.5", "NaN": "NaN", "1e3": "1000.0", "1,5": None}),
        ("float", {"0.1": "0.1", "Infinity": "Infinity", "inf": None}),
        ("decimal(4,1)", {"1.25": "1.3", "-1.25": "-1.3", "999.9": "999.9", "9999.9": None, "1e2": "100.0"}),
        ("boolean", {"TRUE": "true", "false": "false", "1": None, "t": None}),
        ("date", {"2024-02-28": "2024-02-28", "2024-1-5": "2024-01-05", "2024-01-05 10:00:00": "2024-01-05", "soon": None}),
        ("timestamp", {"2024-01-05 10:00:00.1235": "2024-01-05 10:00:00.124", "2024-01-05T10:00:00": "2024-01-05 10:00:00.000", "2024-01-05": None, "x": None}),
        ("varchar(2)", {"abc": "ab", "": ""}),
        ("binary", {"eA==": "78"}),
    ],
)  # fmt: skip
def test_text_values_by_type_and_those_that_do_not_fit(table, type_, values) -> None:
    lines = "".join(f"{number}|{text}\n" for number, text in enumerate(values))
    how = "ROW FORMAT DELIMITED FIELDS TERMINATED BY '|'"
    rows = table(f"n int, v {type_}", how, {"a": lines.encode()}, "SELECT v FROM t ORDER BY n")
    assert [value for (value,) in rows] == list(values.values())


NESTED = "a array<string>, m map<string,int>, s struct<x:int,y:array<string>>"


def test_nested_text_with_hives_delimiters(table) -> None:
    line = "a\x02\\N\x02c\x01k\x031\x02k2\x01" + "7\x02p\x03q" + "\n"
    rows = table(NESTED, "ROW FORMAT DELIMITED", {"a": (line + "\n").encode()})
    assert sorted(rows, key=str) == [
        ("[]", None, None),
        ("[a, null, c]", "{k=1, k2=null}", "{x=7, y=[p, q]}"),
    ]


def test_delimiters_and_escapes_of_ones_own(table) -> None:
    how = (
        "ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' ESCAPED BY '\\\\' "
        "COLLECTION ITEMS TERMINATED BY '|' MAP KEYS TERMINATED BY ':'"
    )
    line = "a\\,b|c\\|d,k\\:1:5|k\\:1:6,9|x\\\n"
    assert table(NESTED, how, {"a": line.encode()}) == [("[a,b, c|d]", "{k:1=5}", "{x=9, y=[x\\]}")]


def test_another_null_and_partitions(athena, table) -> None:
    how = (
        "PARTITIONED BY (d date) ROW FORMAT SERDE "
        "'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe' WITH SERDEPROPERTIES "
        "('field.delim' = '\\t', 'serialization.null.format' = 'nil')"
    )
    objects = {"d=2024-01-01/a": b"1\tnil\n", "d=2024-01-02/a": b"2\t\\N\n"}
    table("a int, b string", how, objects, "MSCK REPAIR TABLE t")
    rows = athena('SELECT a, b, d, "$path" FROM t ORDER BY a')
    place = f"s3://{athena.bucket}/t/d=2024-01-0"
    assert rows == [
        ("1", None, "2024-01-01", f"{place}1/a"),
        ("2", "\\N", "2024-01-02", f"{place}2/a"),
    ]
    assert athena.scanned("SELECT a FROM t WHERE d = DATE '2024-01-01'") == len(b"1\tnil\n")


# ---- Regex

REGEX = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe' WITH SERDEPROPERTIES ({})"


def test_a_regex_tables_groups_are_its_columns(table) -> None:
    lines = '#comment\n2024-01-05\t10:00:00\t200\t"GET /"\n2024-01-05\t10:00:01\t-\t\n'
    pattern = r"(?!#)(\\S+)\\t(\\S+)\\t(\\S+)\\t(?:\"([^\"]*)\")?"
    rows = table(
        "day date, clock string, status int, request string",
        REGEX.format(f"'input.regex' = '^{pattern}$'"),
        {"a": lines.encode()},
    )
    assert sorted(rows, key=str) == [
        ("2024-01-05", "10:00:00", "200", "GET /"),
        ("2024-01-05", "10:00:01", None, None),
        (None, None, None, None),
    ]


@pytest.mark.parametrize(
    "pattern", [r"(a[b[c]])", r"(\\p{L})", r"(\\ba)", r"(a[b&&c])", r"(?x)(a)", r"(?<=a+)(b)"]
)
def test_regexes_that_may_mean_something_else_are_refused(athena, table, pattern) -> None:
    table("a string", REGEX.format(f"'input.regex' = '{pattern}'"), {"a": b"a\n"}, "SELECT 1")
    assert "regular expression" in athena.fails("SELECT a FROM t")


def test_a_regex_with_another_number_of_groups(athena, table) -> None:
    table("a string, b string", REGEX.format("'input.regex' = '(.)'"), {"a": b"a\n"}, "SELECT 1")
    assert athena.fails("SELECT a FROM t").startswith("HIVE_CURSOR_ERROR: Number of matching")


# ---- OpenCSV

CSV = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' WITH SERDEPROPERTIES ({})"


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("a,b,c", ("a", "b", "c")),
        ("a,,", ("a", "", "")),
        ("a", ("a", None, None)),
        ("a,b,c,d", ("a", "b", "c")),
        ('"a,b","c""d","e"', ("a,b", 'c"d', "e")),
        (r'"a\"b","c\\d","e\nf"', ('a"b', r"c\d", "enf")),
        (r"a\,b,c", ("a", "b", "c")),
        ('"a"b,c,d', ("ab", "c", "d")),
        ('x,bc"d"ef,g', ("x", 'bc"d"ef', "g")),
        ('a,"open', ("a", None, None)),
        (" a , b", (" a ", " b", None)),
        ("\N{SNOWMAN},é", ("\N{SNOWMAN}", "é", None)),
    ],
)  # fmt: skip
def test_csv_lines(table, line, fields) -> None:
    how = CSV.format("'separatorChar' = ',', 'quoteChar' = '\"', 'escapeChar' = '\\\\'")
    assert table("a string, b string, c string", how, {"a.csv": f"{line}\n".encode()}) == [fields]


def test_csv_with_other_characters_blank_lines_and_broken_quotes(table) -> None:
    how = CSV.format("'separatorChar' = '\\t', 'quoteChar' = '`'")
    text = "`a\tb`\tc\n\n`broken\nline`\tx\n"
    rows = table("a string, b string", how, {"a.csv.gz": gzip.compress(text.encode())})
    # What opens a quote and never closes it is no value.
    assert sorted(rows, key=str) == [("a\tb", "c"), (None, None), (None, None), (None, None)]


# ---- ORC

MOMENT = datetime.datetime(2024, 1, 5, 10, 0, 0, 123500)


def orc_file(**columns) -> bytes:
    file = io.BytesIO()
    orc.write_table(pa.table(columns), file, compression="zlib")
    return file.getvalue()


def test_orc_by_place_with_fewer_and_wider_columns(table) -> None:
    file = orc_file(
        _col0=pa.array([1, None], pa.int32()),
        _col1=pa.array([[1], None], pa.list_(pa.int64())),
        _col2=pa.array([{"X": 1, "y": "b"}, None]),
        _col3=pa.array([[("k", Decimal("1.50"))], None], pa.map_(pa.string(), pa.decimal128(5, 2))),
        _col4=pa.array([MOMENT, None], pa.timestamp("us")),
        _col5=pa.array([{"t": MOMENT, "v": "abc", "l": ["xyz"]}, None]),
    )
    rows = table(
        "a bigint, b array<bigint>, c struct<x:bigint,y:string,z:int>, d map<string,decimal(5,2)>, "
        "e timestamp, f struct<t:timestamp,v:varchar(2),l:array<char(2)>>, g string",
        "STORED AS ORC",
        {"a.orc": file},
        "SELECT * FROM t ORDER BY a",
    )
    assert rows == [
        ("1", "[1]", "{x=1, y=b, z=null}", "{k=1.50}", "2024-01-05 10:00:00.124",
         "{t=2024-01-05 10:00:00.124, v=ab, l=[xy]}", None),
        (None,) * 7,
    ]  # fmt: skip


def test_orc_by_name_on_request_and_types_that_do_not_fit(athena, table) -> None:
    how = (
        "ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.orc.OrcSerde' "
        "WITH SERDEPROPERTIES ('orc.column.index.access' = 'false') "
        "STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.orc.OrcInputFormat' "
        "OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat'"
    )
    file = orc_file(B=pa.array(["x"]), a=pa.array([300], pa.int64()))
    query = "SELECT a, b, missing FROM t"
    assert table("a int, b string, missing int", how, {"a": file}, query) == [("300", "x", None)]
    athena("ALTER TABLE t REPLACE COLUMNS (a tinyint, b int)")
    assert athena.fails("SELECT a FROM t").startswith("HIVE_BAD_DATA")
    assert athena.fails("SELECT b FROM t").startswith("HIVE_BAD_DATA")
    assert athena("SELECT count(*) FROM t") == [("1",)]


def test_orc_values_of_a_neighbouring_type(athena, table) -> None:
    """As Trino 476 answered over the same files."""
    file = orc_file(
        a=pa.array([3, 4], pa.int8()),
        b=pa.array([3, -4], pa.int64()),
        c=pa.array([Decimal("1.25"), Decimal("-999.95")], pa.decimal128(5, 2)),
        d=pa.array(["x", None]),
        e=pa.array([1.5, None], pa.float32()),
    )
    columns = "a bigint, b smallint, c decimal(5,1), d binary, e double"
    rows = table(columns, "STORED AS ORC", {"a.orc": file}, "SELECT * FROM t ORDER BY a")
    assert rows == [("3", "3", "1.3", "78", "1.5"), ("4", "-4", "-1000.0", None, None)]
    athena("ALTER TABLE t REPLACE COLUMNS (a tinyint, b tinyint, c decimal(4,1), d int, e int)")
    assert athena("SELECT a FROM t ORDER BY 1") == [("3",), ("4",)]
    for column in "bcde":
        assert athena.fails(f"SELECT {column} FROM t").startswith("HIVE_BAD_DATA"), column


# ---- Avro

SCHEMA = {
    "type": "record",
    "name": "user",
    "fields": [
        {"name": "Id", "type": "int"},
        {"name": "name", "type": ["null", "string"]},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2}},
        {"name": "tags", "type": {"type": "array", "items": {"type": "record", "name": "tag", "fields": [{"name": "k", "type": "string"}]}}},
        {"name": "counts", "type": {"type": "map", "values": ["null", "long"]}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    ],
}  # fmt: skip
RECORD = {
    "Id": 1, "name": None, "day": datetime.date(2024, 1, 5), "price": Decimal("1.50"),
    "tags": [{"k": "a"}], "counts": {"x": None, "y": 2},
    "at": MOMENT.replace(tzinfo=datetime.UTC),
}  # fmt: skip
AVRO_COLUMNS = (
    "id bigint, name string, day date, price decimal(5,2), tags array<struct<k:string>>, "
    "counts map<string,bigint>, at timestamp, later string"
)
AVRO_ROW = ("1", None, "2024-01-05", "1.50", "[{k=a}]", "{x=null, y=2}", "2024-01-05 10:00:00.123")


def avro_file(codec: str = "deflate") -> bytes:
    file = io.BytesIO()
    fastavro.writer(file, SCHEMA, [RECORD], codec=codec)
    return file.getvalue()


def test_avro_by_name_with_a_field_that_came_later(athena, table) -> None:
    files = {"a.avro": avro_file(), "b.avro": avro_file("bzip2")}
    assert table(AVRO_COLUMNS, "STORED AS AVRO", files) == [(*AVRO_ROW, None)] * 2
    athena("ALTER TABLE t REPLACE COLUMNS (id string)")
    assert athena.fails("SELECT id FROM t").startswith("HIVE_BAD_DATA")


def test_avro_with_the_tables_schema(table) -> None:
    later = {"name": "later", "type": "string", "default": "none yet"}
    schema = {**SCHEMA, "fields": [SCHEMA["fields"][0], later]}
    how = (
        "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.avro.AvroSerDe' WITH SERDEPROPERTIES "
        f"('avro.schema.literal' = '{json.dumps(schema)}') STORED AS AVRO"
    )
    assert table("id int, later string", how, {"a": avro_file()}) == [("1", "none yet")]


def test_avro_texts_with_the_length_that_trino_and_hive_write(athena, table) -> None:
    schema = {
        "type": "record",
        "name": "texts",
        "fields": [
            {"name": "v", "type": {"type": "string", "logicalType": "varchar", "maxLength": 5}},
            {"name": "c", "type": {"type": "string", "logicalType": "char", "maxLength": 3}},
            {"name": "s", "type": ["null", {"type": "string", "logicalType": "varchar", "maxLength": 5}]},
            {"name": "u", "type": {"type": "string", "logicalType": "uuid"}},
        ],
    }  # fmt: skip
    id_ = uuid.UUID(int=1)
    file = io.BytesIO()
    fastavro.writer(file, schema, [{"v": "abcde", "c": "ab", "s": "abc", "u": id_}])
    columns = "v varchar(5), c char(3), s string, u string"
    rows = table(columns, "STORED AS AVRO", {"a": file.getvalue()})
    assert rows == [("abcde", "ab ", "abc", str(id_))]
    athena("ALTER TABLE t REPLACE COLUMNS (v varchar(3), c string, s varchar(2), u varchar(8))")
    assert athena("SELECT * FROM t") == [("abc", "ab", "ab", "00000000")]


def test_avro_promotions(table) -> None:
    """Source: the Avro specification, "Schema Resolution"; as Trino 476 answered."""
    cases = (
        ("int", 5, "double", "5.0"), ("long", 5, "float", "5.0"), ("long", 5, "double", "5.0"),
        ("int", 5, "bigint", "5"), ("string", "a", "binary", "61"), ("bytes", b"a", "string", "a"),
    )  # fmt: skip
    fields = [{"name": f"x{i}", "type": case[0]} for i, case in enumerate(cases)]
    file = io.BytesIO()
    record = {f"x{i}": case[1] for i, case in enumerate(cases)}
    fastavro.writer(file, {"type": "record", "name": "r", "fields": fields}, [record])
    columns = ", ".join(f"x{i} {case[2]}" for i, case in enumerate(cases))
    rows = table(columns, "STORED AS AVRO", {"a": file.getvalue()})
    assert rows == [tuple(case[3] for case in cases)]


# ---- JSON

OPENX = "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' WITH SERDEPROPERTIES ({})"


def test_openx_mapping_dots_and_case(table) -> None:
    document = {"Ts": 1, "a.b": 2, "UPPER": 3, "in": {"Ts": 4}}
    how = OPENX.format("'mapping.stamp' = 'ts', 'dots.in.keys' = 'true'")
    columns = "stamp int, a_b int, upper int, `in` struct<stamp:int>"
    rows = table(columns, how, {"a.json": json.dumps(document).encode()})
    assert rows == [("1", "2", "3", "{stamp=4}")]


def test_openx_with_case(table) -> None:
    how = OPENX.format("'case.insensitive' = 'false', 'mapping.up' = 'UPPER'")
    document = json.dumps({"UPPER": 3, "Other": 4, "low": 5}).encode()
    rows = table("up int, upper int, other int, low int", how, {"a.json": document})
    assert rows == [("3", None, None, "5")]


def test_hive_json_with_maps_and_compressions(table) -> None:
    document = b'{"m":{"K":{"Deep":1}},"t":"2024-01-05 10:00:00.1235"}\n'
    rows = table(
        "m map<string,struct<deep:int>>, t timestamp",
        "ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'",
        {"a.json": document, "b.json.bz2": bz2.compress(document)},
    )
    assert rows == [("{K={deep=1}}", "2024-01-05 10:00:00.124")] * 2


def test_json_numbers_keep_their_digits(athena, table) -> None:
    """The engine alone would read each as a double."""
    document = b'{"t":1.10,"d":12345678901234567.123,"i":5,"a":["1.50",2.50],"f":1e2}\n'
    how = "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'"
    columns = "t string, d decimal(30,3), i int, a array<decimal(5,2)>, f double"
    rows = table(columns, how, {"a.json": document})
    assert rows == [("1.10", "12345678901234567.123", "5", "[1.50, 2.50]", "100.0")]
    athena("ALTER TABLE t REPLACE COLUMNS (f string)")
    assert athena("SELECT f FROM t") == [("1E+2",)]
