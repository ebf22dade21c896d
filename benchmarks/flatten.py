"""What `uap flatten` costs beside a straightforward Spark job and beside DuckDB.

    python benchmarks/flatten.py [--events 1000000 --events 5000000] [--rounds 3]

Every contestant is a process of its own, timed from its start to its end, on the same raw objects:
those that `uap upload` landed, which the baselines (benchmarks/baselines) read from a folder. The
contestants take turns; numbers are medians. On a machine that others use, too, look at the
processors' seconds beside the clock's. Linux only: memory is read from /proc.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import click
import duckdb
from rich.console import Console
from rich.table import Table
from running import beside_python, call, endpoint, keywords, query, without_foreign

BASELINES = Path(__file__).parent / "baselines"
QUARANTINE, PLAIN, FLOOR = "Spark, quarantine", "Spark, plain", "DuckDB"
OURS, IDLE = "uap flatten", "uap flatten, no news"
COMMANDS = {
    QUARANTINE: [BASELINES / "spark_job.py", "quarantine"],
    PLAIN: [BASELINES / "spark_job.py", "plain"],
    FLOOR: [BASELINES / "duckdb_job.py"],
}
RAW_BUCKET, CLEANED_TABLE = "user-activity-raw", "user_activity_cleaned.user_activity"
# What the project promises.
MOST_OF_QUARANTINE, MOST_OF_FLOOR = 0.6, 6.0


@dataclass(frozen=True)
class Data:
    """`landed`: a stopped endpoint's data directory; `raw`: the same objects as a folder;
    `cleaned`: events that must come out."""

    events: int
    landed: Path
    raw: Path
    cleaned: int


@dataclass
class Measured:
    """Seconds a run, on the clock and of the processors; MiB of the largest Python process and
    of the JVM (0: there was none)."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    python: int = 0
    java: int = 0
    rows: int = 0

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


Results = dict[str, Measured]


@click.command()
@click.option(
    "--events",
    "sizes",
    type=click.IntRange(1),
    multiple=True,
    default=[1_000_000, 5_000_000],
    show_default=True,
    help="Once for each size; two or more give the marginal cost.",
)
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
def main(sizes: tuple[int, ...], rounds: int) -> None:
    """Measure the flatten job of this checkout in a temporary directory."""
    out = Console(width=110)  # in a file, too
    results: dict[int, Results] = {size: defaultdict(Measured) for size in sorted({*sizes})}
    with tempfile.TemporaryDirectory(prefix="flatten-") as folder:
        data = [_prepare(events, Path(folder) / str(events)) for events in results]
        contestants = [*COMMANDS, OURS]
        for turn in range(rounds):
            for each in data:
                for name in contestants:
                    run = Path(folder) / "run"
                    run.mkdir()
                    if name == OURS:
                        _measure_ours(each, run, results[each.events])
                    else:
                        _measure_baseline(name, each, run, results[each.events][name])
                    shutil.rmtree(run)
                    seconds = results[each.events][name].seconds[-1]
                    out.print(f"round {turn + 1}, {each.events:,}, {name}: {seconds:.1f} s")
            contestants.append(contestants.pop(0))
    for events, measured in results.items():
        out.print(_table(events, measured))
    out.print(_ratios(results))


def _prepare(events: int, folder: Path) -> Data:
    """Generate and land the documents, once for all rounds."""
    generated, landed, raw = folder / "generated", folder / "landed", folder / "raw"
    call("uap", "generate", "--events", str(events), "--out", str(generated))
    with endpoint(landed) as environment:
        call("uap", "upload", str(generated / "logs"), environment=environment)
        s3 = boto3.client("s3", **keywords(environment))
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=RAW_BUCKET, Prefix="logs/"):
            for entry in page["Contents"]:
                if not entry["Key"].endswith(".gz"):
                    sys.exit(f"{entry['Key']}: the baselines read .gz only (Spark 3.5 no .zst)")
                target = raw / entry["Key"]
                target.parent.mkdir(parents=True, exist_ok=True)
                s3.download_file(RAW_BUCKET, entry["Key"], str(target))
    truth = json.loads((generated / "ground_truth.json").read_text())
    kept = [row["events"] for row in truth["by_location_action"] if row["action"] != "logout"]
    shutil.rmtree(generated)
    return Data(events, landed, raw, sum(kept))


def _measure_baseline(name: str, data: Data, run: Path, measured: Measured) -> None:
    cleaned = run / "cleaned"
    cleaned.mkdir()
    command = [sys.executable, *COMMANDS[name], data.raw, cleaned]
    _measure(command, {"TMPDIR": str(run)}, measured)
    [(measured.rows,)] = duckdb.sql(
        f"select count(*) from read_parquet('{cleaned}/user_activity/*/*.parquet')"
    ).fetchall()


def _measure_ours(data: Data, run: Path, results: Results) -> None:
    data_dir = run / "localaws"
    shutil.copytree(data.landed, data_dir)
    with endpoint(data_dir) as environment:
        process = json.loads((data_dir / "endpoint.json").read_text())["pid"]
        command = [beside_python("uap"), "flatten"]
        for name in (OURS, IDLE):
            _measure(command, environment, results[name], process)
        results[OURS].rows = rows = _count(environment)
    if rows != data.cleaned:
        sys.exit(f"uap flatten: {rows:,} events came out, {data.cleaned:,} went in")


def _measure(
    command: list[Any], environment: dict[str, str], measured: Measured, endpoint: int | None = None
) -> None:
    """Run to the end. The endpoint's children (the job) count as the command's own."""
    started = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, env=without_foreign(environment), stdout=output, stderr=subprocess.STDOUT
        )
        ended = threading.Event()
        watch = threading.Thread(target=_watch, args=(process.pid, endpoint, measured, ended))
        watch.start()
        code = process.wait()
        seconds = time.perf_counter() - started
        ended.set()
        watch.join()
        if code:
            output.seek(0)
            sys.exit(f"{command}: {output.read().decode(errors='replace')[-4000:]}")
    measured.seconds.append(seconds)


def _watch(pid: int, endpoint: int | None, measured: Measured, ended: threading.Event) -> None:
    """Note memory and processor time of all processes below, until they end.

    The endpoint's own processor time counts (it moves the job's files), its memory does not.
    """
    before = _cpu(endpoint) if endpoint else 0.0
    cpu: dict[int, float] = {}
    while not ended.wait(0.1):
        for each in {pid, *_below(pid), *(_below(endpoint) if endpoint else ())}:
            try:
                kind = Path(f"/proc/{each}/comm").read_text().strip()
                peak = _memory(each)
                cpu[each] = _cpu(each)
            except (OSError, StopIteration):  # it has ended
                continue
            if kind == "java":
                measured.java = max(measured.java, peak)
            else:
                measured.python = max(measured.python, peak)
    measured.cpu.append(sum(cpu.values()) + (_cpu(endpoint) - before if endpoint else 0.0))


def _below(root: int) -> list[int]:
    children = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:  # it has ended
            continue
        children[parent].append(int(stat.parent.name))
    found = [root]
    for each in found:
        found += children[each]
    return found[1:]


def _memory(pid: int) -> int:
    """MiB at the peak."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) >> 10


def _cpu(pid: int) -> float:
    """Seconds of the processors so far, not those of its children."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _count(environment: dict[str, str]) -> int:
    athena = boto3.client("athena", **keywords(environment))
    id_ = query(athena, f"select count(*) from {CLEANED_TABLE}")["QueryExecutionId"]
    rows = athena.get_query_results(QueryExecutionId=id_)["ResultSet"]["Rows"]
    return int(rows[1]["Data"][0]["VarCharValue"])


def _table(events: int, results: Results) -> Table:
    table = Table(title=f"{events:,} events")
    table.add_column("measured", no_wrap=True)
    for name in ("seconds", "from", "to", "CPU s", "Python MiB", "JVM MiB", "events out"):
        table.add_column(name, justify="right")
    for name in (QUARANTINE, PLAIN, FLOOR, OURS, IDLE):
        each = results[name]
        table.add_row(
            name,
            f"{each.median:.2f}",
            f"{min(each.seconds):.2f}",
            f"{max(each.seconds):.2f}",
            f"{statistics.median(each.cpu):.1f}",
            f"{each.python:,}",
            f"{each.java:,}" if each.java else "none",
            f"{each.rows:,}" if each.rows else "",
        )
    return table


def _ratios(results: dict[int, Results]) -> Table:
    table = Table("ratio", "is", "at most", title="Against the targets")
    first, *others = results
    for events, measured in results.items():
        ratio = measured[OURS].median / measured[QUARANTINE].median
        at_most = f"{MOST_OF_QUARANTINE}" if events == 1_000_000 else ""
        table.add_row(f"{events:,}: {OURS} / {QUARANTINE}", f"{ratio:.2f}", at_most)
        cpu = statistics.median(measured[OURS].cpu) / statistics.median(measured[QUARANTINE].cpu)
        table.add_row(f"{events:,}: the same in processors' seconds", f"{cpu:.2f}", "")
    for more in others:
        millions = (more - first) / 1e6
        ours, floor, quarantine = (
            (results[more][name].median - results[first][name].median) / millions
            for name in (OURS, FLOOR, QUARANTINE)
        )
        between = f"{first:,} to {more:,}"
        table.add_row(
            f"a further million, {between}: {OURS} ({ours:.2f} s) / {FLOOR} ({floor:.2f} s)",
            f"{ours / floor:.1f}",
            f"{MOST_OF_FLOOR}",
        )
        table.add_row(
            f"a further million, {between}: {OURS} / {QUARANTINE} ({quarantine:.2f} s)",
            f"{ours / quarantine:.2f}",
            "",
        )
    return table


if __name__ == "__main__":
    main()
