"""External tables: the seed system's own statements, JSON, CSV, Parquet, partitions."""

import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

SEED_TABLE = """
CREATE EXTERNAL TABLE user_activity_cleaned (
    event_id string,
    user_id int,
    action string,
    `timestamp` string,
    metadata struct<device:string,location:string>
)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
LOCATION 's3://{bucket}/cleaned/'
"""
DOCUMENTS = """\
{"event_id":"a","user_id":1,"action":"view","timestamp":"2025-01-01T00:00:00Z","metadata":{"device":"mobile","location":"US"}}
{"event_id":"b","user_id":2,"action":"view","timestamp":"2025-01-01T00:00:01Z","metadata":{"device":"tablet","location":"US"}}
{"event_id":"c","user_id":2,"action":"login","timestamp":"2025-01-01T00:00:02Z","metadata":{"device":"mobile","location":"EU"}}
"""


def test_the_seed_systems_own_statements(athena) -> None:
    athena.put("cleaned/part-0.json", DOCUMENTS)
    athena(SEED_TABLE.format(bucket=athena.bucket))
    rows = athena(
        "SELECT metadata.location, action, COUNT(*) FROM user_activity_cleaned "
        "GROUP BY metadata.location, action"
    )
    assert sorted(rows) == [("EU", "login", "1"), ("US", "view", "2")]


def test_json_is_read_whole_gzipped_or_not(athena) -> None:
    athena.put("cleaned/part-0.json", DOCUMENTS)
    athena.put("cleaned/part-1.json.gz", gzip.compress(DOCUMENTS.encode()))
    athena.put("cleaned/_hidden.json", "{}")
    athena.put("cleaned/.hidden/x.json", "{}")
    athena.put("cleaned-too/part.json", DOCUMENTS)
    athena(SEED_TABLE.format(bucket=athena.bucket))
    assert athena("SELECT count(*) FROM user_activity_cleaned") == [("6",)]
    paths = athena('SELECT DISTINCT "$path" FROM user_activity_cleaned ORDER BY 1')
    assert paths == [
        (f"s3://{athena.bucket}/cleaned/part-0.json",),
        (f"s3://{athena.bucket}/cleaned/part-1.json.gz",),
    ]


def test_lines_may_end_in_lf_and_crlf(athena) -> None:
    athena.put("cleaned/a.json", '{"event_id":"a"}\n{"event_id":"b"}\r\n{"event_id":"c"}')
    athena(SEED_TABLE.format(bucket=athena.bucket))
    rows = athena("SELECT event_id FROM user_activity_cleaned ORDER BY 1")
    assert rows == [("a",), ("b",), ("c",)]


def test_json_keys_match_without_case_and_missing_ones_are_null(athena) -> None:
    athena.put(
        "cleaned/a.json",
        '{"Event_ID":"x","METADATA":{"Device":"mobile"}}\n{"event_id":null,"metadata":null}\n',
    )
    athena(SEED_TABLE.format(bucket=athena.bucket))
    rows = athena("SELECT event_id, user_id, metadata, metadata.device FROM user_activity_cleaned")
    assert rows == [("x", None, "{device=mobile, location=null}", "mobile"), (None,) * 4]


@pytest.mark.parametrize("line", ['{"event_id":', '{"event_id":"x",}', "[1", '{"a" 1}'])
def test_a_malformed_line_fails_the_query_unless_told_otherwise(athena, line) -> None:
    athena.put("cleaned/a.json", DOCUMENTS + line + "\n")
    athena(SEED_TABLE.format(bucket=athena.bucket))
    error = athena.fails("SELECT action FROM user_activity_cleaned")
    assert error.startswith("HIVE_CURSOR_ERROR: Row is not a valid JSON Object - JSONException: ")
    athena("DROP TABLE user_activity_cleaned")
    tolerant = "SERDE 'org.openx.data.jsonserde.JsonSerDe' WITH SERDEPROPERTIES ('ignore.malformed.json'='true')"
    sql = SEED_TABLE.format(bucket=athena.bucket)
    athena(sql.replace("SERDE 'org.openx.data.jsonserde.JsonSerDe'", tolerant))
    rows = athena("SELECT count(*), count(event_id) FROM user_activity_cleaned")
    assert rows == [("4", "3")]


@pytest.mark.parametrize(
    ("type_", "value", "read"),
    [
        ("int", "7", "7"),
        ("int", '"7"', "7"),
        ("double", "1.5", "1.5"),
        ("boolean", "true", "true"),
        ("string", "1.5", "1.5"),
        ("string", '{"a":[1,2]}', '{"a":[1,2]}'),
        ("decimal(6,2)", "1.5", "1.50"),
        ("date", '"2025-01-02"', "2025-01-02"),
        ("timestamp", '"2025-01-02 03:04:05.678"', "2025-01-02 03:04:05.678"),
        ("array<struct<sku:string,n:int>>", '[{"sku":"x","N":1},{"sku":null}]', "[{sku=x, n=1}, {sku=null, n=null}]"),
        ("array<array<int>>", "[[1],[2,3]]", "[[1], [2, 3]]"),
    ],
)  # fmt: skip
def test_json_values_by_type(athena, type_, value, read) -> None:
    athena.put("t/a.json", f'{{"v":{value}}}\n')
    athena(
        f"CREATE EXTERNAL TABLE t (v {type_}) ROW FORMAT SERDE "
        f"'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://{athena.bucket}/t/'"
    )
    assert athena("SELECT v FROM t") == [(read,)]


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("int", '"x"'),
        ("int", "[2]"),
        ("bigint", "1e30"),
        ("date", '"soon"'),
        ("struct<a:int>", "7"),
    ],
)
def test_json_values_that_do_not_fit_fail(athena, type_, value) -> None:
    athena.put("t/a.json", f'{{"v":{value}}}\n')
    athena(
        f"CREATE EXTERNAL TABLE t (v {type_}) ROW FORMAT SERDE "
        f"'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://{athena.bucket}/t/'"
    )
    assert athena.fails("SELECT v FROM t").startswith("HIVE_BAD_DATA: Error Parsing a column")


def test_csv_as_opencsv_reads_it(athena) -> None:
    athena.put("t/a.csv", 'id,name\n1,"a,b"\n2,\n3,"say ""hi"""\n')
    athena(
        "CREATE EXTERNAL TABLE t (id string, name string) "
        "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' "
        f"LOCATION 's3://{athena.bucket}/t/' TBLPROPERTIES ('skip.header.line.count'='1')"
    )
    rows = athena("SELECT id, name FROM t ORDER BY id")
    assert rows == [("1", "a,b"), ("2", ""), ("3", 'say "hi"')]


def test_partitions_by_repair_by_hand_and_pruned(athena) -> None:
    athena.put("t/day=2025-01-01/a.json", '{"v":1}\n')
    athena.put("t/day=2025-01-02/a.json", '{"v":2}\n' * 50)
    athena.put("elsewhere/a.json", '{"v":3}\n')
    athena(
        "CREATE EXTERNAL TABLE t (v int) PARTITIONED BY (day date) ROW FORMAT SERDE "
        f"'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://{athena.bucket}/t/'"
    )
    assert athena("SELECT count(*) FROM t") == [("0",)]
    athena("MSCK REPAIR TABLE t")
    assert athena("SHOW PARTITIONS t") == [("day=2025-01-01",), ("day=2025-01-02",)]
    athena(
        "ALTER TABLE t ADD PARTITION (day = '2025-01-03') "
        f"LOCATION 's3://{athena.bucket}/elsewhere/'"
    )
    rows = athena("SELECT day, sum(v) FROM t GROUP BY day ORDER BY day")
    assert rows == [("2025-01-01", "1"), ("2025-01-02", "100"), ("2025-01-03", "3")]
    one_day = "SELECT v FROM t WHERE day = DATE '2025-01-01' AND v > 0"
    assert athena(one_day) == [("1",)]
    assert athena.scanned(one_day) == len('{"v":1}\n')
    athena("ALTER TABLE t DROP PARTITION (day = '2025-01-02')")
    assert athena("SELECT count(*) FROM t") == [("2",)]
    # A partition is read where it says it is, even on the NULL side of a join.
    padded = (
        "SELECT n, t.v FROM (VALUES 1, 7) AS a(n) LEFT JOIN t ON a.n = t.v "
        "WHERE t.day IS NULL ORDER BY n"
    )
    assert athena(padded) == [("7", None)]


def test_what_cannot_be_read_is_refused(athena) -> None:
    athena.put("t/a.txt", "1\x012\n")
    athena(
        f"CREATE EXTERNAL TABLE t (a int, b int) ROW FORMAT SERDE 'com.amazonaws.glue.serde.GrokSerDe' "
        f"LOCATION 's3://{athena.bucket}/t/'"
    )
    assert "GrokSerDe is not supported locally" in athena.fails("SELECT a FROM t")
    athena(
        f"CREATE EXTERNAL TABLE p (a int) PARTITIONED BY (d string) STORED AS PARQUET "
        f"LOCATION 's3://{athena.bucket}/p/' TBLPROPERTIES ('projection.enabled'='true')"
    )
    assert "missing projection configuration: [d]" in athena.fails("SELECT a FROM p")


JSON_TABLE = """
CREATE EXTERNAL TABLE {name} ({columns})
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://{bucket}/{name}/'
"""
CSV_TABLE = """
CREATE EXTERNAL TABLE {name} (a string, b string, c string)
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' LOCATION 's3://{bucket}/{name}/'
"""


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_blank_json_line_is_a_row_of_nulls(athena, ends) -> None:
    """Trino's TestOpenxJsonFormat.testLine."""
    athena.put("lines/a.json", ends.join(['{"a":"1"}', "", '{"a":"2"}', "", ""]))
    athena(JSON_TABLE.format(name="lines", columns="a string", bucket=athena.bucket))
    assert athena("SELECT a FROM lines ORDER BY a") == [("1",), ("2",), (None,), (None,)]
    assert athena("SELECT count(*) FROM lines") == [("4",)]


def test_a_key_spelled_twice_in_one_document_fails(athena) -> None:
    athena.put("twice/a.json", '{"Url":"x"}\n{"url":"y"}\n')
    athena(JSON_TABLE.format(name="twice", columns="url string", bucket=athena.bucket))
    assert athena("SELECT url FROM twice ORDER BY 1") == [("x",), ("y",)]
    athena.put("twice/b.json", '{"Url":"x","url":"y"}\n')
    error = athena.fails("SELECT url FROM twice")
    assert error.endswith('Row is not a valid JSON Object - JSONException: Duplicate key "url"')


def test_json_values_in_text_columns_keep_their_digits(athena) -> None:
    """Nothing that a document holds means anything to the reader, its own key `$line` neither."""
    documents = [
        '{"v":{"price":19.90,"qty":1}}',
        '{"v":{"qty":2},"unused":0.10}',
        '{"v":["\\u001D\\u001F1",12345678901234567890,1e3]}',
        '{"v":{"$line":0},"$line":1}',
        '{"$line":1,"v":"\u001d\u001f7"}',
    ]
    athena.put("text/a.json", "".join(f"{each}\n" for each in documents))
    athena(
        JSON_TABLE.format(name="texts", columns="v string", bucket=athena.bucket).replace(
            "/texts/", "/text/"
        )
    )
    assert sorted(athena("SELECT v FROM texts")) == [
        ("\x1d\x1f7",),
        ('["\\u001d\\u001f1",12345678901234567890,1E+3]',),
        ('{"$line":0}',),
        ('{"price":19.90,"qty":1}',),
        ('{"qty":2}',),
    ]


def test_a_value_that_does_not_fit_fails_the_queries_that_read_its_column(athena) -> None:
    athena.put("parts/a.json", '{"a":1,"b":"x"}\n{"a":"y","b":"z"}\n')
    athena(JSON_TABLE.format(name="parts", columns="a int, b string", bucket=athena.bucket))
    assert athena("SELECT b FROM parts ORDER BY b") == [("x",), ("z",)]
    assert athena("SELECT count(*) FROM parts") == [("2",)]
    assert "column a: y is no number" in athena.fails("SELECT a FROM parts WHERE b = 'x'")


def test_csv_fields_that_are_missing_are_null(athena) -> None:
    athena(CSV_TABLE.format(name="csv", bucket=athena.bucket))
    athena.put("csv/a.csv", "1,,3\n1\n")
    assert athena("SELECT * FROM csv ORDER BY b") == [("1", "", "3"), ("1", None, None)]


@pytest.mark.parametrize("key", ["number", "path", "url", "line", "document"])
def test_partition_keys_of_any_name_prune_rightly(athena, key) -> None:
    for value in (5, 6, 1):
        athena.put(f"odd/{key}={value}/a.json", f'{{"x":{value}}}\n')
    create = JSON_TABLE.replace(")\nROW", ") PARTITIONED BY (`{key}` int)\nROW")
    athena(create.format(name="odd", columns="x int", key=key, bucket=athena.bucket))
    athena("MSCK REPAIR TABLE odd")
    assert athena(f"SELECT x, {key} FROM odd WHERE {key} = 1") == [("1", "1")]
    (row,) = athena(f'SELECT x, "$path" FROM odd WHERE {key} > 5')
    assert row == ("6", f"s3://{athena.bucket}/odd/{key}=6/a.json")


def test_every_parquet_file_must_fit_its_table(athena) -> None:
    """The engine alone would read the number of one file as the text of another."""
    for name, values in (("a", [1]), ("b", ["x"])):
        file = io.BytesIO()
        pq.write_table(pa.table({"v": values}), file)
        athena.put(f"mixed/{name}.parquet", file.getvalue())
    place = f"s3://{athena.bucket}/mixed/"
    athena(f"CREATE EXTERNAL TABLE mixed (v string) STORED AS PARQUET LOCATION '{place}'")
    assert athena.fails("SELECT v FROM mixed").startswith("HIVE_BAD_DATA: Field v's type BIGINT")


def test_where_rows_lie(athena) -> None:
    """Source: Trino's Hive connector, "Extra hidden columns"; Iceberg, "Metadata columns"."""
    place = f"s3://{athena.bucket}/h"
    athena(
        f"CREATE TABLE h WITH (external_location = '{place}/', format = 'PARQUET', "
        "partitioned_by = ARRAY['k', 'd']) AS SELECT * FROM (VALUES (1, 'a b', DATE '2025-01-01'), "
        "(2, 'c:d', DATE '2025-01-02')) AS t(n, k, d)"
    )
    rows = athena(
        'SELECT n, "$partition", "$file_size", "$file_modified_time", "$path" FROM h ORDER BY n'
    )
    assert [(row[0], row[1]) for row in rows] == [
        ("1", "k=a b/d=2025-01-01"),
        ("2", "k=c%3Ad/d=2025-01-02"),
    ]
    for _, _, size, modified, path in rows:
        key = path.removeprefix(f"s3://{athena.bucket}/")
        head = athena.s3.head_object(Bucket=athena.bucket, Key=key)
        assert int(size) == head["ContentLength"]
        assert modified == head["LastModified"].strftime("%Y-%m-%d %H:%M:%S.000 UTC")
    found = """SELECT count(*) FROM h WHERE "$partition" LIKE 'k=a%' AND "$file_size" > 0"""
    assert athena(f"{found} AND \"$file_modified_time\" > now() - INTERVAL '1' HOUR") == [("1",)]
    assert athena("SELECT * FROM h WHERE false") == []

    athena(f"CREATE TABLE plain WITH (external_location = '{place}2/') AS SELECT 1 AS n")
    assert athena('SELECT "$file_size" > 0, n FROM plain') == [("true", "1")]
    assert "'$partition' cannot be resolved" in athena.fails('SELECT "$partition" FROM plain')

    athena(
        f"CREATE TABLE i WITH (table_type = 'ICEBERG', location = '{place}3/', "
        "is_external = false) AS SELECT 1 AS n"
    )
    ((path, modified),) = athena('SELECT "$path", "$file_modified_time" FROM i WHERE n = 1')
    key = path.removeprefix(f"s3://{athena.bucket}/")
    head = athena.s3.head_object(Bucket=athena.bucket, Key=key)
    assert modified == head["LastModified"].strftime("%Y-%m-%d %H:%M:%S.000 UTC")
    athena("DELETE FROM i")
    assert athena('SELECT "$path", "$file_modified_time" FROM i') == []
    for name in ("$file_size", "$partition"):
        assert f"'{name}' cannot be resolved" in athena.fails(f'SELECT "{name}" FROM i')
