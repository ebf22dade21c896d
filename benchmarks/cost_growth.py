"""What a day costs on Athena as history grows, and what the marts save.

    python benchmarks/cost_growth.py [--days 1 --days 365] [--events-per-day 1000]

For each size the whole pipeline runs: history is landed, flattened and built, then one more day
is, and the bytes that this last `dbt build` scanned are added up by model: of all its statements,
as Athena's DataScannedInBytes has them. Its data tests are a line of their own, and those that read
the whole history another: a daily build leaves them out (--exclude tag:whole_history). Bytes do not
depend on the machine, so once is enough. A day brings its own events alone: late ones and second
copies cost the days they belong to, whatever the history.

Then the seed's question, what people do where: asked of the raw documents, and of the mart.
"""

import json
import re
import tempfile
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import click
from rich.console import Console
from rich.table import Table
from running import call, endpoint, keywords, query

ROOT = Path(__file__).parents[1]
START = date(2025, 1, 1)
RAW = "select location, action, count(*) from {schema}.stg_raw__logs group by 1, 2"
MART = "select location, action, event_count from {schema}.actions_by_location"
SCHEMA = "user_activity_analytics"
NODE = re.compile(r'"node_id": "((model|test)\.user_activity_lake\.(\w+)[^"]*)"')
TESTS, WHOLE = "data tests", "tests of the whole history"
# What the project promises.
MOST_GROWTH, LEAST_SAVING = 1.10, 200


@click.command()
@click.option("--days", type=click.IntRange(1), multiple=True, default=(1, 30, 180, 365))
@click.option("--events-per-day", type=click.IntRange(1), multiple=True, default=(1000, 10_000))
def main(days: tuple[int, ...], events_per_day: tuple[int, ...]) -> None:
    out = Console()
    for events in events_per_day:
        scanned, saving = {}, {}
        for history in days:
            out.print(f"{events:,} events a day, {history} days of history")
            with tempfile.TemporaryDirectory() as folder:
                scanned[history], saving[history] = _measure(events, history, Path(folder))
            # After each: the longest take many minutes.
            out.print(_growth(events, scanned))
            out.print(_savings(events, saving))


def _measure(events: int, history: int, folder: Path) -> tuple[Counter[str], tuple[int, int]]:
    """Bytes by model of the day after this history, and those of the question, raw and mart."""
    days = history + 1
    options = {"--events": events * days, "--days": days}
    options |= dict.fromkeys(("--late", "--skew", "--duplicates", "--malformed"), 0)
    words = [word for pair in options.items() for word in map(str, pair)]
    call("uap", "generate", *words, "--out", str(folder / "data"))
    last = f"ingest_date={START + timedelta(days=history)}"
    with endpoint(folder / "localaws") as environment:
        athena = boto3.client("athena", **keywords(environment))
        for zone in ("logs", "users"):
            parts = sorted((folder / "data" / zone).glob("ingest_date=*"))
            before = [str(part) for part in parts if part.name != last]
            call("uap", "upload", "--source", zone, *before, environment=environment)
        _build(environment, folder, "seed", "run")
        for zone in ("logs", "users"):
            for part in (folder / "data" / zone).glob(last):
                call("uap", "upload", "--source", zone, str(part), environment=environment)
        started = datetime.now(UTC)
        _build(environment, folder, "build")
        nodes = json.loads((folder / "target" / "manifest.json").read_text())["nodes"]
        scanned = _by_model(athena, started, nodes)
        raw, mart = (
            query(athena, sql.format(schema=SCHEMA))["Statistics"]["DataScannedInBytes"]
            for sql in (RAW, MART)
        )
    return scanned, (raw, mart)


def _build(environment: dict[str, str], folder: Path, *commands: str) -> None:
    call("uap", "declare", environment=environment)
    call("uap", "flatten", environment=environment)
    places = ["--profiles-dir", str(folder), "--target-path", str(folder / "target")]
    (folder / "profiles.yml").write_text((ROOT / "profiles.example.yml").read_text())
    for command in commands:
        arguments = [command, "--project-dir", str(ROOT), *places, "--quiet"]
        call("dbt", *arguments, environment=environment)


def _by_model(athena: Any, since: datetime, nodes: dict[str, Any]) -> Counter[str]:
    scanned: Counter[str] = Counter()
    for page in athena.get_paginator("list_query_executions").paginate():
        ids = page["QueryExecutionIds"]
        if not ids:
            break
        found = athena.batch_get_query_execution(QueryExecutionIds=ids)["QueryExecutions"]
        for execution in found:
            if execution["Status"]["SubmissionDateTime"] < since:
                return scanned
            if node := NODE.search(execution["Query"]):
                unique_id, kind, name = node.groups()
                if kind == "test":
                    name = WHOLE if "whole_history" in nodes[unique_id]["tags"] else TESTS
                scanned[name] += execution["Statistics"].get("DataScannedInBytes", 0)
    return scanned


def _growth(events: int, scanned: dict[int, Counter[str]]) -> Table:
    table = Table(title=f"Bytes a day's run scans, {events:,} events a day")
    table.add_column("model", no_wrap=True)
    for history in scanned:
        table.add_column(f"{history} days", justify="right")
    table.add_column("most / least", justify="right")
    tests = (TESTS, WHOLE)
    models = set().union(*scanned.values()) - {*tests}
    for model in sorted(models, key=lambda name: (not name.startswith("fct_"), name)):
        promise = f" of {MOST_GROWTH:.2f}" if model.startswith("fct_") else ""
        _line(table, model, [each[model] for each in scanned.values()], promise)
    table.add_section()
    built = [sum(each[model] for model in models) for each in scanned.values()]
    _line(table, "all models", built)
    for name in tests:
        _line(table, name, [each[name] for each in scanned.values()])
    return table


def _line(table: Table, name: str, found: list[int], promise: str = "") -> None:
    if any(found):
        ratio = f"{max(found) / min(found):.2f}" if min(found) else ""
        table.add_row(name, *(f"{each:,}" for each in found), ratio + promise)


def _savings(events: int, saving: dict[int, tuple[int, int]]) -> Table:
    table = Table(title=f"Bytes that the seed's question scans, {events:,} events a day")
    for name in ("days of events", "raw documents", "mart", f"saving, at least {LEAST_SAVING}x"):
        table.add_column(name, justify="right")
    for history, (raw, mart) in saving.items():
        table.add_row(f"{history + 1}", f"{raw:,}", f"{mart:,}", f"{raw / mart:,.0f}x")
    return table


if __name__ == "__main__":
    main()
