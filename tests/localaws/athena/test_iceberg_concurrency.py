"""Writers at once, through the endpoint and through PyIceberg's own Glue catalog."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException

WRITERS, EACH = 8, 4


def create(athena, query: str, more: str = "") -> None:
    athena(
        f"CREATE TABLE t WITH (table_type = 'iceberg', is_external = false, {more} "
        f"location = 's3://{athena.bucket}/t/') AS {query}"
    )


def outcome(athena, sql: str) -> str:
    """Empty for success, else the reason of the failure."""
    return athena.execution(athena.start(sql))["Status"].get("StateChangeReason", "")


def test_writers_at_once_lose_nothing(athena) -> None:
    """What succeeded is there, what failed is not, and it failed with ICEBERG_COMMIT_ERROR."""
    create(athena, "SELECT BIGINT '-1' AS id, 'start' AS by_whom")
    failures: list[str] = []
    expected: set[int] = {-1}
    lock = threading.Lock()

    def record(id_: int, failure: str) -> None:
        with lock:
            if failure:
                failures.append(failure)
            else:
                expected.add(id_)

    def write(writer: int) -> None:
        for i in range(EACH):
            id_ = writer * 100 + i
            if writer % 4 == 0:
                record(id_, appended(id_))
            elif writer % 4 == 1:
                merge = (
                    f"MERGE INTO t USING (SELECT BIGINT '{id_}' AS id) AS s ON t.id = s.id "
                    "WHEN MATCHED THEN UPDATE SET by_whom = 'twice' "
                    "WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'merge')"
                )
                record(id_, outcome(athena, merge))
            else:
                record(id_, outcome(athena, f"INSERT INTO t VALUES ({id_}, 'insert')"))

    def appended(id_: int) -> str:
        schema = pa.schema([("id", pa.int64()), ("by_whom", pa.string())])
        try:
            athena.iceberg("t").append(pa.table([[id_], ["outside"]], schema=schema))
        except CommitFailedException as error:
            return f"ICEBERG_COMMIT_ERROR: {error}"
        return ""

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    assert {int(id_) for (id_,) in athena("SELECT id FROM t")} == expected
    assert athena("SELECT count(*) FROM t") == [(str(len(expected)),)]
    assert athena("SELECT count(*) FROM t WHERE by_whom = 'twice'") == [("0",)]
    assert all(each.startswith("ICEBERG_COMMIT_ERROR") for each in failures), failures
    # Inserts never conflict with each other.
    assert len(expected) > WRITERS * EACH * 0.6
    table = athena.iceberg("t")
    assert table.scan().to_arrow().num_rows == len(expected)


def test_readers_see_whole_statements_only(athena) -> None:
    """Each UPDATE changes all rows; a reader never sees two different values, also while
    VACUUM and OPTIMIZE take files away."""
    create(athena, "SELECT id, BIGINT '0' AS n FROM UNNEST(sequence(1, 50)) AS s(id)")
    athena("ALTER TABLE t SET TBLPROPERTIES ('vacuum_max_snapshot_age_seconds' = '0', "
           "'vacuum_min_snapshots_to_keep' = '4', 'optimize_rewrite_data_file_threshold' = '1')")  # fmt: skip
    done = threading.Event()

    def change() -> None:
        try:
            for _ in range(6):
                athena("UPDATE t SET n = n + 1")
                athena("VACUUM t")
                athena("OPTIMIZE t REWRITE DATA USING BIN_PACK")
        finally:
            done.set()

    def read() -> set[tuple]:
        seen = set()
        while not done.is_set():
            seen |= set(athena("SELECT count(*), count(DISTINCT n), sum(id) FROM t"))
        return seen

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        pool.submit(change).result()
        assert {row for each in readers for row in each.result()} == {("50", "1", "1275")}
    assert athena("SELECT DISTINCT n FROM t") == [("6",)]


def test_a_merge_that_others_overtook_fails_and_leaves_nothing(athena) -> None:
    """The row it read was changed meanwhile: a MERGE of stale rows must not win."""
    create(athena, "SELECT BIGINT '1' AS id, BIGINT '0' AS n")
    statements = ["UPDATE t SET n = n + 1"] * 12
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda sql: outcome(athena, sql), statements))
    assert set(results) == {""}
    assert athena("SELECT n FROM t") == [("12",)]
    keys = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix="t/data/")["Contents"]
    assert len(keys) == 13


def test_a_statement_that_fails_leaves_no_files(athena) -> None:
    create(athena, "SELECT 1 AS id")
    before = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix="t/")["KeyCount"]
    error = athena.fails("INSERT INTO t SELECT 10 / (id - 1) FROM t")
    assert error.startswith("DIVISION_BY_ZERO")
    athena.fails("UPDATE t SET id = 10 / (id - 1)")
    athena.fails("MERGE INTO t USING (VALUES 1) AS s(id) ON t.id = s.id "
                 "WHEN MATCHED THEN UPDATE SET id = 1 / (s.id - 1)")  # fmt: skip
    assert athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix="t/")["KeyCount"] == before
    assert athena("SELECT id FROM t") == [("1",)]
