"""What the local endpoint costs: start, a round trip, queries beside the bare engine, a large CTAS.

    python benchmarks/localaws.py [--rows 1000000] [--repeat 15] [--ctas-rows 5000000]

Every comparison is side by side in one run, the two sides taking turns; numbers are medians. The
bare engine is DuckDB in this process on the file that was uploaded. Linux only: memory is read
from /proc.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import click
import duckdb
from rich.console import Console
from rich.table import Table

BUCKET, DATABASE = "bench", "bench"

EVENTS = """
    select
        md5(range::varchar) as event_id,
        (hash(range) % 50000)::bigint as user_id,
        ['login', 'logout', 'view', 'purchase'][1 + (hash(range, 1) % 4)::bigint] as action,
        ['US', 'EU', 'ASIA'][1 + (hash(range, 2) % 3)::bigint] as location,
        (hash(range, 3) % 100000 / 100)::decimal(12, 2) as purchase_total
    from range({rows})
"""
COLUMNS = (
    "event_id string, user_id bigint, action string, location string, purchase_total decimal(12,2)"
)
# The same SQL on both sides.
QUERIES = {
    "count by location, action": """
        select location, action, count(*) as events, sum(purchase_total) as total
        from {events} group by location, action
    """,
    "distinct users by action": """
        select action, count(distinct user_id) as users from {events} group by action
    """,
    "ten most active users": """
        select user_id, count(*) as events from {events}
        where action <> 'logout' group by user_id order by events desc, user_id limit 10
    """,
}


@click.command()
@click.option("--rows", default=1_000_000, show_default=True, help="Rows of the Parquet table.")
@click.option("--repeat", default=15, show_default=True, help="Runs of each measurement.")
@click.option("--ctas-rows", default=5_000_000, show_default=True, help="Rows of the CTAS; 0: none")
def main(rows: int, repeat: int, ctas_rows: int) -> None:
    """Measure the endpoint of this checkout in a temporary directory."""
    out = Console()
    table = Table("measured", "endpoint", "bare engine", "ratio", title=f"{rows:,} rows")
    with tempfile.TemporaryDirectory() as folder:
        starts = [_time_start(Path(folder) / "start") for _ in range(3)]
        table.add_row("start, ready to answer", _ms(statistics.median(starts)), "", "")
        data_dir = Path(folder) / "localaws"
        environment = _start(data_dir)
        try:
            _measure(environment, Path(folder), rows, repeat, table)
            if ctas_rows:
                _measure_ctas(environment, Path(folder), data_dir, ctas_rows, table)
        finally:
            _localaws("down", "--data-dir", str(data_dir))
    out.print(table)


def _measure(
    environment: dict[str, str], folder: Path, rows: int, repeat: int, table: Table
) -> None:
    athena = _client(environment, "athena")
    _client(environment, "s3").create_bucket(Bucket=BUCKET)
    trips = [_seconds(_query, athena, "select 1") for _ in range(max(50, repeat))]
    table.add_row("select 1, three calls", _ms(statistics.median(trips)), "", "")
    file = _land(environment, folder, rows, "events")
    engine = duckdb.connect()
    for name, sql in QUERIES.items():
        there = sql.format(events=f"{DATABASE}.events")
        here = sql.format(events=f"read_parquet('{file}')")
        if len(_query(athena, there)) != len(_fetch(engine, here)):
            sys.exit(f"{name}: the two sides differ")
        pairs = [
            (_seconds(_query, athena, there), _seconds(_fetch, engine, here)) for _ in range(repeat)
        ]
        endpoint, bare = (statistics.median(side) for side in zip(*pairs, strict=True))
        table.add_row(name, _ms(endpoint), _ms(bare), f"{endpoint / bare:.2f}")


def _measure_ctas(
    environment: dict[str, str], folder: Path, data_dir: Path, rows: int, table: Table
) -> None:
    file = _land(environment, folder, rows, "many_events")
    athena = _client(environment, "athena")
    pid = json.loads((data_dir / "endpoint.json").read_text())["pid"]
    before = _memory(pid, "VmRSS")
    target = f"s3://{BUCKET}/copied/"
    sql = f"""
        create table {DATABASE}.copied
        with (format = 'PARQUET', write_compression = 'SNAPPY', external_location = '{target}')
        as select * from {DATABASE}.many_events
    """
    endpoint = _seconds(_query, athena, sql, rows=False)
    copy = f"copy (from read_parquet('{file}')) to '{folder / 'copy.parquet'}' (format parquet)"
    bare = _seconds(duckdb.connect().execute, copy)
    table.add_row(f"CTAS of {rows:,} rows", _ms(endpoint), _ms(bare), f"{endpoint / bare:.2f}")
    grown = _memory(pid, "VmHWM") - before
    file_size = f"{file.stat().st_size >> 20} MiB file"
    table.add_row(f"  memory above idle ({file_size})", f"{grown} MiB", "", "")


def _land(environment: dict[str, str], folder: Path, rows: int, name: str) -> Path:
    """A Parquet file of events, uploaded and made a table."""
    file = folder / f"{name}.parquet"
    duckdb.connect().execute(f"copy ({EVENTS.format(rows=rows)}) to '{file}' (format parquet)")
    s3, athena = _client(environment, "s3"), _client(environment, "athena")
    s3.upload_file(str(file), BUCKET, f"{name}/events.parquet")
    _query(athena, f"create database if not exists {DATABASE}", rows=False)
    _query(
        athena,
        f"create external table {DATABASE}.{name} ({COLUMNS}) stored as parquet "
        f"location 's3://{BUCKET}/{name}/'",
        rows=False,
    )
    return file


def _query(athena: Any, sql: str, *, rows: bool = True) -> list[Any]:
    id_ = athena.start_query_execution(
        QueryString=sql, ResultConfiguration={"OutputLocation": f"s3://{BUCKET}/results/"}
    )["QueryExecutionId"]
    while True:
        status = athena.get_query_execution(QueryExecutionId=id_)["QueryExecution"]["Status"]
        if status["State"] in ("FAILED", "CANCELLED"):
            sys.exit(f"{sql}: {status['StateChangeReason']}")
        if status["State"] == "SUCCEEDED":
            break
    if not rows:
        return []
    return athena.get_query_results(QueryExecutionId=id_)["ResultSet"]["Rows"][1:]


def _start(data_dir: Path) -> dict[str, str]:
    """The environment of a fresh endpoint."""
    _localaws("up", "--port", "0", "--data-dir", str(data_dir))
    return json.loads(_localaws("env", "--format", "json", "--data-dir", str(data_dir)))


def _time_start(data_dir: Path) -> float:
    seconds = _seconds(_localaws, "up", "--port", "0", "--data-dir", str(data_dir))
    _localaws("down", "--wipe", "--data-dir", str(data_dir))
    return seconds


def _localaws(*arguments: str) -> str:
    # By the command, not by import: this file would hide the package of its name.
    command = Path(sys.executable).with_name("localaws")
    return subprocess.run([command, *arguments], check=True, capture_output=True, text=True).stdout


def _client(environment: dict[str, str], service: str) -> Any:
    os.environ.update(environment)
    return boto3.client(service)


def _memory(pid: int, field: str) -> int:
    """MiB, from the kernel's account of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) >> 10


def _seconds(action: Callable[..., Any], *arguments: Any, **options: Any) -> float:
    started = time.perf_counter()
    action(*arguments, **options)
    return time.perf_counter() - started


def _fetch(engine: duckdb.DuckDBPyConnection, sql: str) -> list[tuple]:
    return engine.sql(sql).fetchall()


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:,.1f} ms"


if __name__ == "__main__":
    main()
