"""What the local endpoint costs: start, a round trip, queries beside the bare engine, a large CTAS.

    python benchmarks/localaws.py [--rows 1000000] [--repeat 15] [--ctas-rows 5000000]
                                  [--json-files 3] [--beside CHECKOUT]

Every comparison is side by side in one run, the two sides taking turns; numbers are medians. The
bare engine is DuckDB in this process on the file that was uploaded. CHECKOUT is another one of this
project, with its own .venv: the scans of JSON are measured on its endpoint as well. Linux only:
memory is read from /proc.
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
# The same events as documents.
DOCUMENT = """
    json_object(
        'event_id', event_id, 'user_id', user_id, 'action', action,
        'timestamp', '2025-01-01T00:00:00.123Z',
        'metadata', json_object('location', location, 'total', purchase_total::double)
    )::varchar
"""
DOCUMENT_COLUMNS = (
    "event_id string, user_id bigint, action string, `timestamp` timestamp, "
    "metadata struct<location:string,total:double>"
)
DOCUMENT_TYPES = (
    "{event_id: 'varchar', user_id: 'bigint', action: 'varchar', timestamp: 'timestamp', "
    "metadata: 'struct(location varchar, total double)'}"
)
DOCUMENT_QUERY = """
    select metadata.location, action, count(*) as events, sum(metadata.total) as total,
        max(event_id) as event_id, sum(user_id) as users, max("timestamp") as latest
    from {events} group by metadata.location, action
"""
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
@click.option("--json-files", default=3, show_default=True, help="Files of JSON lines; 0: none")
@click.option(
    "--beside",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Another checkout, whose endpoint scans the JSON lines too.",
)
def main(rows: int, repeat: int, ctas_rows: int, json_files: int, beside: Path | None) -> None:
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
        if json_files:
            _measure_json(Path(folder), rows, json_files, beside, table)
    out.print(table)


def _measure_json(folder: Path, rows: int, files: int, beside: Path | None, table: Table) -> None:
    """Each file is scanned when it is new, and once more."""
    lines = folder / "events.json"
    engine = duckdb.connect()
    engine.execute(
        f"copy (select {DOCUMENT} from ({EVENTS.format(rows=rows)})) to '{lines}' "
        "(format csv, header false, quote '', escape '', delimiter '\x01')"
    )
    commands = {"": _COMMAND}
    if beside:
        commands[f" ({beside.name})"] = beside.resolve() / ".venv" / "bin" / "localaws"
    here = DOCUMENT_QUERY.format(events=f"read_json('{lines}', columns = {DOCUMENT_TYPES})")
    data_dirs = {name: folder / f"json{number}" for number, name in enumerate(commands)}
    taken: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    clients = {}
    try:
        for name, command in commands.items():
            environment = _start(data_dirs[name], command)
            clients[name] = (_client(environment, "s3"), _client(environment, "athena"))
            clients[name][0].create_bucket(Bucket=BUCKET)
            _query(clients[name][1], f"create database {DATABASE}", rows=False)
        for number in range(files):
            for name, (s3, athena) in clients.items():
                there = _land_lines(s3, athena, lines, f"lines{number}")
                bare = _seconds(_fetch, engine, here)
                taken[name].append(
                    (_seconds(_query, athena, there), bare, _seconds(_query, athena, there))
                )
    finally:
        for name, command in commands.items():
            _localaws("down", "--data-dir", str(data_dirs[name]), command=command)
    for name, each in taken.items():
        new, bare, again = map(statistics.median, zip(*each, strict=True))
        table.add_row(f"JSON lines, a new file{name}", _ms(new), _ms(bare), f"{new / bare:.2f}")
        table.add_row(f"JSON lines, once more{name}", _ms(again), _ms(bare), f"{again / bare:.2f}")


def _land_lines(s3: Any, athena: Any, lines: Path, name: str) -> str:
    """A query of a new table of them."""
    s3.upload_file(str(lines), BUCKET, f"{name}/events.json")
    _query(
        athena,
        f"create external table {DATABASE}.{name} ({DOCUMENT_COLUMNS}) "
        f"row format serde 'org.openx.data.jsonserde.JsonSerDe' location 's3://{BUCKET}/{name}/'",
        rows=False,
    )
    return DOCUMENT_QUERY.format(events=f"{DATABASE}.{name}")


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


# By the command, not by import: this file would hide the package of its name.
_COMMAND = Path(sys.executable).with_name("localaws")


def _start(data_dir: Path, command: Path = _COMMAND) -> dict[str, str]:
    """The environment of a fresh endpoint."""
    _localaws("up", "--port", "0", "--data-dir", str(data_dir), command=command)
    env = _localaws("env", "--format", "json", "--data-dir", str(data_dir), command=command)
    return json.loads(env)


def _time_start(data_dir: Path) -> float:
    seconds = _seconds(_localaws, "up", "--port", "0", "--data-dir", str(data_dir))
    _localaws("down", "--wipe", "--data-dir", str(data_dir))
    return seconds


def _localaws(*arguments: str, command: Path = _COMMAND) -> str:
    # In its checkout: Python looks for the package in the working directory first.
    done = subprocess.run(
        [command, *arguments],
        cwd=command.parents[2],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


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
