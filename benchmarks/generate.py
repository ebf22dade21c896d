"""What a generated document costs: `uap generate` beside a plain Python loop.

    python benchmarks/generate.py [--events 2000000] [--repeat 3]

The loop is what one writes first: a UUID, a few random choices and json.dumps for each line, on
one core, without sessions, duplicates, late or broken lines, or a ground truth. The two take
turns, each in a process of its own that ends when its files are written; numbers are medians.
Rates count the lines of logs. Peak memory is the process's largest resident set.
"""

import json
import multiprocessing
import random
import resource
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from loaders.generate import Parameters, generate

USERS = 10_000
START = datetime(2025, 1, 1, tzinfo=UTC)


def loop(events: int, folder: Path) -> int:
    """Lines written."""
    with (folder / "events.json").open("w") as file:
        for _ in range(events):
            document = {
                "event_id": str(uuid.uuid4()),
                "user_id": random.randint(1, USERS),
                "action": random.choice(["login", "logout", "view", "purchase"]),
                "timestamp": (START + timedelta(seconds=random.randint(0, 259_199))).isoformat(),
                "metadata": {
                    "device": random.choice(["mobile", "desktop", "tablet"]),
                    "location": random.choice(["US", "EU", "ASIA"]),
                },
            }
            file.write(json.dumps(document) + "\n")
    return events


def uap_generate(events: int, folder: Path) -> int:
    truth, _ = generate(Parameters(events=events, users=USERS), folder / "data")
    return truth["documents"]


@click.command()
@click.option("--events", default=2_000_000, show_default=True)
@click.option("--repeat", default=3, show_default=True, help="Runs of each.")
def main(events: int, repeat: int) -> None:
    """Measure the generator of this checkout in temporary directories."""
    rounds = [(_run(loop, events), _run(uap_generate, events)) for _ in range(repeat)]
    loops, ours = (
        [statistics.median(numbers) for numbers in zip(*runs, strict=True)]
        for runs in zip(*rounds, strict=True)
    )
    table = Table("", "loop", "uap generate", "ratio", title=f"{events:,} events")
    for name, there, here in zip(("documents/s", "documents/CPU s"), loops, ours, strict=False):
        table.add_row(name, f"{there:,.0f}", f"{here:,.0f}", f"{here / there:.1f}")
    table.add_row("bytes a document", f"{loops[2]:.0f}", f"{ours[2]:.0f}", "")
    table.add_row("peak memory, MiB", f"{loops[3]:.0f}", f"{ours[3]:.0f}", "")
    Console().print(table)


def _run(write: Callable[[int, Path], int], events: int) -> tuple[float, float, float, float]:
    """Documents a second and a CPU second, bytes a document, peak memory in MiB."""
    # spawn: a fork would begin with this process's memory
    with (
        tempfile.TemporaryDirectory() as folder,
        multiprocessing.get_context("spawn").Pool(1) as pool,
    ):
        return pool.apply(_measure, (write, events, Path(folder)))


def _measure(
    write: Callable[[int, Path], int], events: int, folder: Path
) -> tuple[float, float, float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    lines = write(events, folder)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    logs = [*folder.glob("events.json"), *folder.glob("data/logs/*/*")]
    size = sum(path.stat().st_size for path in logs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return lines / wall, lines / cpu, size / lines, peak


if __name__ == "__main__":
    main()
