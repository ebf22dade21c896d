"""SIGKILL in the middle of writes: what was acknowledged is there, nothing half-written is."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import replace

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from localaws import process

WRITERS = 4


def _restarted(athena, killed, connect):
    """The same, of a new process over the killed one's data directory."""
    restarted = process.start(killed.data_dir, port=0)
    names = ("client", "s3", "glue")
    clients = (connect(restarted, service) for service in ("athena", "s3", "glue"))
    return replace(athena, **dict(zip(names, clients, strict=True)))


@pytest.mark.parametrize("acknowledged_before_kill", [6, 25])
def test_committed_tables_are_whole_after_a_kill(
    fresh_endpoint, connect, athena_of, acknowledged_before_kill
):
    athena = athena_of(fresh_endpoint)
    athena(
        "create table ice (writer int, n int) "
        f"location 's3://{athena.bucket}/ice/' tblproperties ('table_type' = 'ICEBERG')"
    )
    athena(
        "create table hive with (format = 'PARQUET', "
        f"external_location = 's3://{athena.bucket}/hive/') as select -1 as writer, -1 as n"
    )
    acknowledged: list[tuple[str, int, int]] = []
    enough = threading.Event()

    def write(writer: int) -> None:
        try:
            for n in range(1000):
                # Ten rows a statement: all of them or none.
                rows = ", ".join(f"({writer}, {n})" for _ in range(10))
                for table in ("ice", "hive"):
                    athena(f"insert into {table} values {rows}")
                    acknowledged.append((table, writer, n))
                athena(
                    f"create table made_{writer}_{n} with (format = 'PARQUET') as "
                    "select a from unnest(sequence(1, 5000)) t (a)"
                )
                acknowledged.append(("made", writer, n))
                if len(acknowledged) >= acknowledged_before_kill:
                    enough.set()
        except (AssertionError, BotoCoreError, ClientError):
            pass  # the endpoint was killed

    writers = [threading.Thread(target=write, args=(each,)) for each in range(WRITERS)]
    for each in writers:
        each.start()
    assert enough.wait(60)
    os.kill(fresh_endpoint.pid, signal.SIGKILL)
    for each in writers:
        each.join()
    process.wait_until_free(fresh_endpoint.data_dir)

    athena = _restarted(athena, fresh_endpoint, connect)

    for table in ("ice", "hive"):
        counts = {
            (int(writer), int(n)): int(rows)
            for writer, n, rows in athena(
                f"select writer, n, count(*) from {table} where writer >= 0 group by 1, 2"
            )
        }
        assert set(counts.values()) == {10}
        assert {(w, n) for name, w, n in acknowledged if name == table} <= set(counts)
        athena(f"insert into {table} values (-2, -2)")
    tables = {row[0] for row in athena("show tables")}
    assert {f"made_{w}_{n}" for name, w, n in acknowledged if name == "made"} <= tables
    for table in tables - {"ice", "hive"}:
        assert athena(f"select count(*), sum(a) from {table}") == [("5000", "12502500")]


@pytest.mark.parametrize("moment", [0.0, 0.4])
def test_writes_of_many_files_are_whole_or_not_there_after_a_kill(
    fresh_endpoint, connect, athena_of, moment
):
    """Partitioned CTAS, UNLOAD, MERGE and OPTIMIZE at once, killed `moment` seconds after the first
    round of them is done."""
    athena = athena_of(fresh_endpoint)
    place = f"s3://{athena.bucket}"
    numbers = "SELECT x AS n, x % 20 AS p FROM UNNEST(sequence(1, 10000)) AS t(x)"
    for table in ("merged", "packed"):
        athena(
            f"CREATE TABLE {table} (n bigint, p bigint) PARTITIONED BY (p) "
            f"LOCATION '{place}/{table}/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
        )
        athena(f"INSERT INTO {table} {numbers}")
    done: list[str] = []
    rounds: dict[str, int] = {"made": 0, "unloaded": 0, "merged": 0, "packed": 0}
    enough = threading.Event()

    def statements(kind: str, n: int) -> list[str]:
        match kind:
            case "made":
                options = f"external_location = '{place}/made_{n}/', partitioned_by = ARRAY['p']"
                return [f"CREATE TABLE made_{n} WITH ({options}) AS {numbers}"]
            case "unloaded":
                options = "format = 'PARQUET', partitioned_by = ARRAY['p']"
                return [f"UNLOAD ({numbers}) TO '{place}/unloaded_{n}/' WITH ({options})"]
            case "merged":
                return [
                    f"MERGE INTO merged t USING ({numbers}) s ON t.n = s.n + {n * 10000} "
                    "WHEN MATCHED THEN UPDATE SET n = t.n + 10000"
                ]
        return [
            f"INSERT INTO packed SELECT -1, x FROM UNNEST(sequence(0, 19)) AS t(x) -- {n}",
            "OPTIMIZE packed REWRITE DATA USING BIN_PACK",
        ]

    def write(kind: str) -> None:
        try:
            for n in range(1000):
                for sql in statements(kind, n):
                    athena(sql)
                rounds[kind] = n + 1
                if all(rounds.values()):
                    enough.set()
        except (AssertionError, BotoCoreError, ClientError):
            done.append(kind)  # the endpoint was killed

    writers = [threading.Thread(target=write, args=(kind,)) for kind in rounds]
    for each in writers:
        each.start()
    assert enough.wait(90)
    time.sleep(moment)
    os.kill(fresh_endpoint.pid, signal.SIGKILL)
    for each in writers:
        each.join()
    process.wait_until_free(fresh_endpoint.data_dir)
    athena = _restarted(athena, fresh_endpoint, connect)

    total = 10000 * 10001 // 2
    made = [name for (name,) in athena("SHOW TABLES") if name.startswith("made_")]
    assert set(made) >= {f"made_{n}" for n in range(rounds["made"])}
    for name in made:
        assert athena(f"SELECT count(*), sum(n) FROM {name}") == [("10000", str(total))]
    for n in range(rounds["unloaded"] + 1):
        listed = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix=f"unloaded_{n}/")
        assert listed["KeyCount"] == 20 or (listed["KeyCount"] == 0 and n == rounds["unloaded"])
    ((rows, found),) = athena("SELECT count(*), sum(n) FROM merged")
    assert (rows, int(found)) in [
        ("10000", total + (rounds["merged"] + more) * 10000 * 10000) for more in (0, 1)
    ]
    packed = "SELECT count(*), sum(n) FILTER (WHERE n > 0), count_if(n = -1) FROM packed"
    ((_, found, added),) = athena(packed)
    assert found == str(total)
    assert int(added) in [20 * rounds["packed"], 20 * rounds["packed"] + 20]
    # What the killed process left behind is in nobody's way.
    athena("OPTIMIZE packed REWRITE DATA USING BIN_PACK")
    athena("VACUUM packed")
    athena("INSERT INTO merged VALUES (-2, 3)")
    assert athena("SELECT p FROM merged WHERE n = -2") == [("3",)]
    assert athena(packed)[0][1:] == (found, added)
