"""Many clients at once: nothing is lost, nobody waits forever, nothing half-done is seen."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

CLIENTS = 16
STATEMENTS = 200


def test_sixteen_clients_two_hundred_mixed_statements(athena):
    athena(
        "create table logged (client int, n int) "
        f"location 's3://{athena.bucket}/logged/' tblproperties ('table_type' = 'ICEBERG')"
    )
    athena(
        "create table latest (client int, n int, seen int) "
        f"location 's3://{athena.bucket}/latest/' tblproperties ('table_type' = 'ICEBERG')"
    )
    athena(
        f"create table hive_log with (format = 'PARQUET', "
        f"external_location = 's3://{athena.bucket}/hive/') as select 0 as client, 0 as n"
    )
    dice = random.Random(7)
    kinds = ["insert", "merge", "append", "ctas", "read", "view", "wrong"]
    work = [(i % CLIENTS, i, dice.choice(kinds)) for i in range(STATEMENTS)]

    def one(job: tuple[int, int, str]) -> str:
        client, n, kind = job
        match kind:
            case "insert":
                athena(f"insert into logged values ({client}, {n})")
            case "merge":
                athena(
                    f"merge into latest t using (select {client} as client, {n} as n) s "
                    "on t.client = s.client "
                    "when matched then update set n = greatest(t.n, s.n), seen = t.seen + 1 "
                    "when not matched then insert (client, n, seen) values (s.client, s.n, 1)"
                )
            case "append":
                athena(f"insert into hive_log values ({client}, {n})")
            case "ctas":
                athena(
                    f"create table made_{n} with (format = 'PARQUET') as "
                    f"select a as x from unnest(sequence(1, {n + 1})) t (a)"
                )
                assert athena(f"select count(*) from made_{n}") == [(str(n + 1),)]
            case "read":
                # Whatever moment it sees, each row is whole and there once.
                rows = athena("select client, n, count(*) from logged group by 1, 2")
                assert all(row[2] == "1" for row in rows)
            case "view":
                athena(f"create or replace view shared as select {n} as n")
                ((seen,),) = athena("select n from shared")
                assert 0 <= int(seen) < STATEMENTS
            case "wrong":
                assert "COLUMN_NOT_FOUND" in athena.fails("select nothing from logged")
        return kind

    with ThreadPoolExecutor(CLIENTS) as pool:
        done = Counter(pool.map(one, work))

    assert done.total() == STATEMENTS
    inserted = sorted((str(c), str(n)) for c, n, kind in work if kind == "insert")
    assert sorted(athena("select client, n from logged")) == inserted
    appended = sorted([("0", "0")] + [(str(c), str(n)) for c, n, kind in work if kind == "append"])
    assert sorted(athena("select client, n from hive_log")) == appended
    merged: dict[int, list[int]] = {}
    for client, n, kind in work:
        if kind == "merge":
            merged.setdefault(client, []).append(n)
    expected = {(str(c), str(max(ns)), str(len(ns))) for c, ns in merged.items()}
    assert set(athena("select client, n, seen from latest")) == expected
