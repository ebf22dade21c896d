"""DataScannedInBytes: the compressed bytes of the column chunks that a query reads.

Computed a second time here from PyArrow's and DuckDB's own reading of the files' footers, with
the rules written down again; and the files are damaged where they must not be read.
"""

import io
from collections.abc import Callable, Iterable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROWS, GROUP = 1000, 100
TABLE = pa.table(
    {
        "id": pa.array(range(ROWS), pa.int32()),
        "day": pa.array([20_000 + i // 100 for i in range(ROWS)], pa.int32()).cast(pa.date32()),
        "at": pa.array([i * 3_600_000_000 for i in range(ROWS)], pa.timestamp("us")),
        "text": [f"{i:06d}" for i in range(ROWS)],
        "amount": pa.array([i / 3 for i in range(ROWS)]),
        "gap": pa.array([None if i < 500 else i for i in range(ROWS)], pa.int64()),
        "pair": pa.array([{"a": i, "b": str(i) * 5} for i in range(ROWS)]),
    }
)  # fmt: skip
COLUMNS = (
    "id int, day date, at timestamp, text string, amount double, gap bigint, "
    "pair struct<a:bigint,b:string>"
)


def stored() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(TABLE, buffer, row_group_size=GROUP, compression="snappy")
    return buffer.getvalue()


@pytest.fixture
def hive(athena):
    athena.put("h/a.parquet", stored())
    athena(
        f"CREATE EXTERNAL TABLE h ({COLUMNS}) STORED AS PARQUET LOCATION 's3://{athena.bucket}/h/'"
    )
    return athena


def sizes(data: bytes, columns: Iterable[str], groups: Iterable[int]) -> int:
    """Of the leaves below `columns` (`pair.a` for one field) in the row groups."""
    metadata = pq.ParquetFile(io.BytesIO(data)).metadata
    return sum(
        chunk.total_compressed_size
        for number in groups
        for i in range(metadata.num_columns)
        for chunk in (metadata.row_group(number).column(i),)
        if any(
            chunk.path_in_schema == name or chunk.path_in_schema.startswith(f"{name}.")
            for name in columns
        )
    )


ALL = range(ROWS // GROUP)


@pytest.mark.parametrize(
    ("query", "columns", "groups"),
    [
        ("SELECT count(*) FROM h", [], ALL),
        ("SELECT sum(id) FROM h", ["id"], ALL),
        ("SELECT * FROM h", ["id", "day", "at", "text", "amount", "gap", "pair"], ALL),
        ("SELECT text FROM h WHERE id = 250", ["id", "text"], [2]),
        ("SELECT text FROM h WHERE id BETWEEN 199 AND 200", ["id", "text"], [1, 2]),
        ("SELECT count(*) FROM h WHERE id < 100", ["id"], [0]),
        ("SELECT max(day) FROM h", ["day"], ALL),
        ("SELECT text FROM h WHERE id IN (5, 905)", ["id", "text"], [0, 9]),
        ("SELECT text FROM h WHERE id = 5 OR id > 950", ["id", "text"], [0, 9]),
        ("SELECT id FROM h WHERE text = '000777'", ["id", "text"], [7]),
        ("SELECT id FROM h WHERE text LIKE '0003%'", ["id", "text"], [3]),
        ("SELECT id FROM h WHERE day = DATE '2024-10-04'", ["id", "day"], [0]),
        ("SELECT id FROM h WHERE day >= DATE '2024-10-12'", ["id", "day"], [8, 9]),
        ("SELECT id FROM h WHERE amount > 300", ["id", "amount"], [9]),
        ("SELECT id FROM h WHERE gap IS NOT NULL", ["id", "gap"], range(5, 10)),
        ("SELECT id FROM h WHERE gap IS NULL", ["id", "gap"], range(5)),
        ("SELECT sum(pair.a) FROM h", ["pair.a"], ALL),
        ("SELECT pair.b FROM h WHERE id = 1", ["id", "pair.b"], [0]),
        ("SELECT id FROM h WHERE id = 1 AND text = '000900'", ["id", "text"], []),
        ("SELECT id FROM h WHERE 1 = 2", [], ALL),
        ("WITH x AS (SELECT * FROM h) SELECT max(text) FROM x WHERE id = 5", ["id", "text"], [0]),
        ("SELECT a.id FROM (SELECT id, text FROM h) AS a WHERE a.id = 5", ["id"], [0]),
        ("SELECT (SELECT max(id) FROM h WHERE id < 50)", ["id"], [0]),
        ("SELECT id FROM h ORDER BY id LIMIT 1", ["id"], ALL),
    ],
)  # fmt: skip
def test_columns_and_row_groups_of_a_hive_table(hive, query, columns, groups) -> None:
    assert hive.scanned(query) == sizes(stored(), columns, groups)


@pytest.mark.parametrize(
    ("query", "scans"),
    [
        ("SELECT count(*) FROM h AS a JOIN h AS b ON a.id = b.id", [("id", ALL)] * 2),
        ("SELECT max(id) FROM h UNION ALL SELECT min(id) FROM h", [("id", ALL)] * 2),
        ("WITH x AS (SELECT * FROM h) SELECT max(a.id) FROM x AS a JOIN x AS b ON a.id = b.id", [("id", ALL)] * 2),
        ("WITH x AS (SELECT * FROM h) SELECT a.id FROM x AS a CROSS JOIN x AS b WHERE a.id = 5 AND b.id = 905", [("id", [0]), ("id", [9])]),
        ("WITH x AS (SELECT id, text FROM h WHERE id >= 900) SELECT (SELECT max(id) FROM x), (SELECT max(text) FROM x)", [("id", [9]), ("id", [9]), ("text", [9])]),
        ("WITH x AS (SELECT max(id) AS top FROM h), y AS (SELECT top FROM x UNION ALL SELECT top FROM x) SELECT * FROM y EXCEPT SELECT * FROM y", [("id", ALL)] * 4),
        ("WITH x AS (SELECT max(id) AS top FROM h), y AS (SELECT top FROM x) SELECT top FROM x", [("id", ALL)]),
    ],
)  # fmt: skip
def test_each_use_of_a_table_is_billed(hive, query, scans) -> None:
    assert hive.scanned(query) == sum(sizes(stored(), [name], groups) for name, groups in scans)


def test_each_use_of_a_table_of_text_is_billed(athena) -> None:
    athena.put("l/a.csv", b"1\n2\n")
    athena(
        "CREATE EXTERNAL TABLE l (n int) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
        f"LOCATION 's3://{athena.bucket}/l/'"
    )
    for query, uses in (
        ("SELECT sum(n) FROM l", 1),
        ("WITH x AS (SELECT n FROM l) SELECT a.n FROM x AS a JOIN x AS b ON a.n = b.n", 2),
        ("WITH x AS (SELECT n FROM l), unused AS (SELECT n FROM x) SELECT n FROM x", 1),
    ):
        assert athena.scanned(query) == 4 * uses, query


def test_a_second_reader_of_the_footers_agrees(hive, tmp_path) -> None:
    import duckdb

    path = tmp_path / "a.parquet"
    path.write_bytes(stored())
    ((size,),) = duckdb.sql(
        f"SELECT sum(total_compressed_size) FROM parquet_metadata('{path}') "
        "WHERE path_in_schema IN ('id', 'text') AND row_group_id IN (2, 3)"
    ).fetchall()
    assert hive.scanned("SELECT text FROM h WHERE id BETWEEN 250 AND 350") == size


def damaged(data: bytes, columns: Iterable[str], groups: Iterable[int]) -> bytes:
    """The file with the pages of some column chunks overwritten, its footer whole."""
    metadata, broken = pq.ParquetFile(io.BytesIO(data)).metadata, bytearray(data)
    for number in groups:
        for i in range(metadata.num_columns):
            chunk = metadata.row_group(number).column(i)
            if chunk.path_in_schema in columns:
                start = chunk.dictionary_page_offset or chunk.data_page_offset
                broken[start : start + chunk.total_compressed_size] = (
                    b"\xff" * chunk.total_compressed_size
                )
    return bytes(broken)


def test_what_is_not_counted_is_not_read(athena) -> None:
    """A query answers rightly although everything it is not billed for is damaged."""
    others = [number for number in ALL if number != 2]
    broken = damaged(damaged(stored(), ["id", "text"], others), ["day", "at", "amount"], ALL)
    athena.put("h/a.parquet", broken)
    athena(
        f"CREATE EXTERNAL TABLE h ({COLUMNS}) STORED AS PARQUET LOCATION 's3://{athena.bucket}/h/'"
    )
    query = "SELECT text FROM h WHERE id = 250"
    assert athena(query) == [("000250",)]
    assert athena.scanned(query) == sizes(stored(), ["id", "text"], [2])
    athena.fails("SELECT sum(id) FROM h")
    athena.fails("SELECT sum(amount) FROM h")


# ---- Iceberg


@pytest.fixture
def lake(hive):
    """The same rows in ten files without partitions; the bounds in the manifests tell them
    apart."""
    hive(
        f"CREATE TABLE t ({COLUMNS}) LOCATION 's3://{hive.bucket}/t/' "
        "TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    for number in ALL:
        hive(f"INSERT INTO t SELECT * FROM h WHERE id / {GROUP} = {number}")
    return hive


def files(athena) -> list[bytes]:
    """In the order of their ids."""
    found = athena('SELECT file_path FROM "t$files" ORDER BY CAST(lower_bounds[1] AS bigint)')
    return [
        athena.s3.get_object(Bucket=athena.bucket, Key=path.split("/", 3)[3])["Body"].read()
        for (path,) in found
    ]


ICEBERG_CASES = [
    ("SELECT count(*) FROM t", [], ALL),
    ("SELECT sum(amount) FROM t", ["amount"], ALL),
    ("SELECT text FROM t WHERE id = 250", ["id", "text"], [2]),
    ("SELECT count(*) FROM t WHERE id < 150", ["id"], [0, 1]),
    ("SELECT id FROM t WHERE text >= '000850'", ["id", "text"], [8, 9]),
    ("SELECT id FROM t WHERE CAST(at AS date) = DATE '1970-01-02'", ["id", "at"], [0]),
    ("SELECT id FROM t WHERE date_trunc('day', at) = DATE '1970-02-10'", ["id", "at"], [9]),
    ("SELECT a.text FROM t AS a JOIN t AS b ON a.id = b.id WHERE a.id = 7 AND b.id = 8", [], []),
    ("SELECT text FROM t WHERE id = 7 UNION ALL SELECT text FROM t WHERE id = 907", ["id", "text"], [0, 9]),
    ("SELECT pair.a FROM t WHERE gap > 990", ["pair.a", "gap"], [9]),
]  # fmt: skip


def test_files_of_an_iceberg_table(lake) -> None:
    stored_files = files(lake)
    for query, columns, read in ICEBERG_CASES:
        expected = sum(sizes(stored_files[i], columns, [0]) for i in read)
        assert lake.scanned(query) == expected, query


def test_files_that_bounds_exclude_are_not_opened(lake) -> None:
    paths = lake('SELECT file_path FROM "t$files" ORDER BY CAST(lower_bounds[1] AS bigint)')
    for (path,) in paths[1:]:
        lake.s3.put_object(Bucket=lake.bucket, Key=path.split("/", 3)[3], Body=b"no Parquet")
    assert lake("SELECT text FROM t WHERE id = 50") == [("000050",)]
    assert lake("SELECT x.text FROM (SELECT * FROM t) AS x WHERE x.id = 50") == [("000050",)]
    lake.fails("SELECT sum(id) FROM t")


def test_each_use_of_a_table_is_narrowed_by_itself(lake) -> None:
    """Two scans of one table, one of them with a condition and one without a column."""
    rows = lake(
        "SELECT (SELECT count(*) FROM t), (SELECT max(text) FROM t WHERE id < 100), "
        "(SELECT count(*) FROM t WHERE id >= 900)"
    )
    assert rows == [("1000", "000099", "100")]
    rows = lake(
        "WITH x AS (SELECT * FROM t) SELECT a.text, b.text FROM x AS a CROSS JOIN x AS b "
        "WHERE a.id = 5 AND b.id = 905"
    )
    assert rows == [("000005", "000905")]
    assert lake("SELECT count(*) FROM t AS a LEFT JOIN t AS b ON a.id = b.id AND b.id = 3") == [
        ("1000",)
    ]


CONDITIONS: dict[str, Callable[[dict], bool]] = {
    "id = {0}": lambda row, a, b: row["id"] == a,
    "id BETWEEN {0} AND {1}": lambda row, a, b: a <= row["id"] <= b,
    "id <> {0} AND id < {1}": lambda row, a, b: row["id"] != a and row["id"] < b,
    "NOT (id < {0} OR id > {1})": lambda row, a, b: a <= row["id"] <= b,
    "amount <= {0} / 3e0": lambda row, a, b: row["amount"] <= a / 3,
    "gap IS NULL AND id > {0}": lambda row, a, b: row["gap"] is None and row["id"] > a,
    "gap > {0} OR text = '{1:06d}'": lambda row, a, b: (
        (row["gap"] or -1) > a or row["text"] == f"{b:06d}"
    ),
    "text IN ('{0:06d}', '{1:06d}')": lambda row, a, b: row["text"] in (f"{a:06d}", f"{b:06d}"),
    "pair.a = {0}": lambda row, a, b: row["pair"]["a"] == a,
    "id + 1 = {0}": lambda row, a, b: row["id"] + 1 == a,
    "CASE WHEN id < {0} THEN id > {1} ELSE id = {0} END": lambda row, a, b: (
        row["id"] > b if row["id"] < a else row["id"] == a
    ),
}


def test_nothing_that_matches_is_skipped(lake, hive) -> None:
    """Against plain Python over the rows, in both kinds of tables."""
    rows = TABLE.to_pylist()
    for condition, holds in CONDITIONS.items():
        for a, b in ((0, 0), (99, 100), (100, 99), (123, 777), (999, 1000), (-1, 5000)):
            expected = sum(row["id"] for row in rows if holds(row, a, b))
            counted = sum(holds(row, a, b) for row in rows)
            text = condition.format(a, b)
            query = " UNION ALL ".join(
                f"SELECT count(*), coalesce(sum(id), 0) FROM {name} WHERE {text}"
                for name in ("t", "h")
            )
            assert lake(query) == [(str(counted), str(expected))] * 2, text
