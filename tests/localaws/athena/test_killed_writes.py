"""SIGKILL in the middle of writes: what was acknowledged is there, nothing half-written is."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from localaws import process

WRITERS = 4


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

    restarted = process.start(fresh_endpoint.data_dir, port=0)
    names = ("client", "s3", "glue")
    clients = (connect(restarted, service) for service in ("athena", "s3", "glue"))
    athena = replace(athena, **dict(zip(names, clients, strict=True)))

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
