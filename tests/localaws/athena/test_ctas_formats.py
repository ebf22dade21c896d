"""CTAS and INSERT in every format: what Athena would read back, the files' codecs, and what is
refused. Source of the rules: Athena user guide, "CREATE TABLE AS", "INSERT INTO", "Hive table
compression"."""

import pytest

QUERY = """
SELECT 1 AS i, 4000000000 AS b, 2.5e0 AS d, DECIMAL '1.25' AS dc, true AS t, CAST('x,y' AS varchar) AS s,
    DATE '2025-01-02' AS da, TIMESTAMP '2025-01-02 03:04:05.678' AS ts,
    ARRAY[1, 2] AS ar, MAP(ARRAY[CAST('k' AS varchar)], ARRAY[1]) AS m,
    CAST(ROW(1, 'z') AS ROW(a integer, b varchar)) AS ro, CAST(NULL AS varchar) AS nothing
"""
ROW = (
    "1", "4000000000", "2.5", "1.25", "true", "x,y", "2025-01-02", "2025-01-02 03:04:05.678",
    "[1, 2]", "{k=1}", "{a=1, b=z}", None,
)  # fmt: skip


def ctas(athena, options: str, query: str = QUERY, name: str = "t") -> str:
    place = f"external_location = 's3://{athena.bucket}/{name}/'"
    return f"CREATE TABLE {name} WITH ({options}, {place}) AS {query}"


def keys(athena, name: str = "t") -> list[str]:
    found = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix=f"{name}/").get("Contents", [])
    return [each["Key"] for each in found]


@pytest.mark.parametrize(
    ("options", "ending"),
    [
        ("format = 'ORC'", ""),
        ("format = 'ORC', orc_compression = 'SNAPPY'", ""),
        ("format = 'AVRO'", ""),
        ("format = 'JSON'", ".gz"),
        ("format = 'JSON', write_compression = 'BZIP2'", ".bz2"),
        ("format = 'TEXTFILE'", ".gz"),
        ("format = 'TEXTFILE', write_compression = 'ZSTD'", ".zst"),
        ("format = 'TEXTFILE', write_compression = 'NONE', field_delimiter = '|'", ""),
        ("format = 'PARQUET', write_compression = 'ZSTD'", ""),
    ],
)
def test_ctas_then_insert(athena, options, ending) -> None:
    athena(ctas(athena, options))
    assert athena("SELECT * FROM t") == [ROW]
    athena("INSERT INTO t SELECT * FROM t")
    assert athena("SELECT * FROM t") == [ROW, ROW]
    endings = {key.rpartition("/")[2].partition(".")[1:] for key in keys(athena)}
    assert {"".join(each) for each in endings} == {ending}


@pytest.mark.parametrize("format_", ["ORC", "AVRO", "JSON", "TEXTFILE"])
def test_partitions_in_every_format(athena, format_) -> None:
    query = "SELECT * FROM (VALUES (1, DATE '2025-01-01', true), (2, NULL, false)) AS v(n, d, b)"
    athena(ctas(athena, f"format = '{format_}', partitioned_by = ARRAY['d', 'b']", query))
    athena("INSERT INTO t VALUES (3, DATE '2025-01-01', true)")
    assert athena("SELECT * FROM t ORDER BY n") == [
        ("1", "2025-01-01", "true"), ("2", None, "false"), ("3", "2025-01-01", "true"),
    ]  # fmt: skip
    folders = {key.rpartition("/")[0] for key in keys(athena)}
    assert folders == {"t/d=2025-01-01/b=true", "t/d=__HIVE_DEFAULT_PARTITION__/b=false"}


@pytest.mark.parametrize("format_", ["PARQUET", "ORC", "AVRO", "JSON", "TEXTFILE"])
def test_texts_of_a_length(athena, format_) -> None:
    """char(n) comes back padded to n, a shorter type cuts, at every level."""
    query = (
        "SELECT CAST('ab' AS char(3)) AS c, CAST('abcdef' AS varchar(6)) AS v, "
        "ARRAY[CAST('x' AS char(2)), NULL] AS l, CAST(ROW('y', 'uvw') AS row(c char(2), v varchar(3))) AS r"
    )
    athena(ctas(athena, f"format = '{format_}'", query))
    athena("INSERT INTO t SELECT * FROM t")
    assert athena("SELECT * FROM t") == [("ab ", "abcdef", "[x , null]", "{c=y , v=uvw}")] * 2
    assert athena("SELECT count(*) FROM t WHERE c = 'ab' AND l[1] = CAST('x' AS char(2))") == [
        ("2",)
    ]
    columns = "c char(5), v varchar(2), l array<char(1)>, r struct<c:char(3),v:varchar(1)>"
    athena(f"ALTER TABLE t REPLACE COLUMNS ({columns})")
    assert athena("SELECT * FROM t LIMIT 1") == [("ab   ", "ab", "[x, null]", "{c=y  , v=u}")]


def test_insert_into_a_text_table_as_dbt_seeds_do(athena) -> None:
    athena(
        "CREATE EXTERNAL TABLE t (id int, name string, at timestamp) ROW FORMAT DELIMITED "
        f"FIELDS TERMINATED BY ',' STORED AS TEXTFILE LOCATION 's3://{athena.bucket}/t/'"
    )
    athena("INSERT INTO t VALUES (1, 'a', TIMESTAMP '2025-01-02 03:04:05.000'), (2, NULL, NULL)")
    assert athena("SELECT * FROM t ORDER BY id") == [
        ("1", "a", "2025-01-02 03:04:05.000"), ("2", None, None),
    ]  # fmt: skip


@pytest.mark.parametrize("serde", ["OpenCSVSerde", "JsonSerDe"])
def test_insert_into_csv_and_openx_tables(athena, serde) -> None:
    packages = {
        "OpenCSVSerde": "org.apache.hadoop.hive.serde2",
        "JsonSerDe": "org.openx.data.jsonserde",
    }
    athena(
        f"CREATE EXTERNAL TABLE t (a string, b string) ROW FORMAT SERDE '{packages[serde]}.{serde}' "
        f"LOCATION 's3://{athena.bucket}/t/'"
    )
    rows = [('say "hi"', "x\\y"), ("a,b", "é"), ("1.10", "")]
    values = ", ".join(f"('{a}', '{b}')" for a, b in rows)
    athena(f"INSERT INTO t VALUES {values}")
    assert sorted(athena("SELECT * FROM t")) == sorted(rows)


def test_a_partition_keeps_the_place_it_was_given(athena) -> None:
    athena(ctas(athena, "format = 'JSON', partitioned_by = ARRAY['k']", "SELECT 1 AS n, 'a' AS k"))
    place = f"s3://{athena.bucket}/elsewhere/"
    athena(f"ALTER TABLE t ADD PARTITION (k = 'b') LOCATION '{place}'")
    athena("INSERT INTO t VALUES (2, 'b')")
    assert len(keys(athena, "elsewhere")) == 1
    assert athena("SELECT n, k FROM t ORDER BY n") == [("1", "a"), ("2", "b")]


def test_ctas_without_data(athena) -> None:
    athena(ctas(athena, "format = 'ORC'") + " WITH NO DATA")
    assert (athena("SELECT count(*) FROM t"), keys(athena)) == ([("0",)], [])
    athena(f"INSERT INTO t {QUERY}")
    assert athena("SELECT * FROM t") == [ROW]


@pytest.mark.parametrize(
    ("options", "query", "error"),
    [
        ("format = 'ION'", QUERY, "NOT_SUPPORTED: the format ION"),
        ("format = 'ORC', write_compression = 'GZIP'", QUERY, "NOT_SUPPORTED: GZIP compression of ORC"),
        ("format = 'PARQUET', write_compression = 'LZ4'", QUERY, "NOT_SUPPORTED: LZ4 compression of PARQUET"),
        ("format = 'AVRO', write_compression = 'SNAPPY'", QUERY, "NOT_SUPPORTED: SNAPPY compression of AVRO"),
        ("format = 'ORC', parquet_compression = 'SNAPPY'", QUERY, "INVALID_TABLE_PROPERTY"),
        ("format = 'JSON', field_delimiter = ','", QUERY, "INVALID_TABLE_PROPERTY"),
        ("format = 'TEXTFILE', field_delimiter = '||'", QUERY, "INVALID_TABLE_PROPERTY"),
        ("format = 'ORC', format = 'AVRO'", QUERY, "INVALID_TABLE_PROPERTY"),
        ("format = 'ORC', partitioned_by = ARRAY['a']", "SELECT 1 AS a, 2 AS b", "HIVE_COLUMN_ORDER_MISMATCH"),
        ("format = 'ORC', partitioned_by = ARRAY['k']", "SELECT 1 AS a, 1.5e0 AS k", "NOT_SUPPORTED: partition columns"),
        ("format = 'AVRO'", "SELECT MAP(ARRAY[1], ARRAY[2]) AS m", "NOT_SUPPORTED: Avro maps"),
        ("format = 'AVRO'", "SELECT MAP(ARRAY['k'], ARRAY[2]) AS m", "NOT_SUPPORTED: Avro maps"),
        ("format = 'AVRO'", "SELECT CAST(1 AS smallint) AS s", "NOT_SUPPORTED"),
        ("format = 'JSON'", "SELECT 1/x AS a FROM (VALUES 1, 0) AS v(x)", "DIVISION_BY_ZERO"),
    ],
)  # fmt: skip
def test_what_is_refused_leaves_nothing(athena, options, query, error) -> None:
    assert athena.fails(ctas(athena, options, query)).startswith(error)
    assert keys(athena) == []
    assert athena.fails("SELECT 1 FROM t").startswith("TABLE_NOT_FOUND")
