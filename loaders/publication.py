"""Publish a run of the flatten job: the catalog's partitions point to the files of the state.

A partition is switched in one call: a reader sees all of its rows as they were, or all as they
are. A killed publication is finished by the next command that publishes.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from botocore.client import BaseClient

from loaders import athena, aws, catalog, cleaned_state, published_days
from loaders.cleaned_state import State
from loaders.settings import Settings

DDL = Path(__file__).parent / "ddl"
# Table -> its partition key.
TABLES = {
    "user_activity": "event_date",
    "user_activity_items": "event_date",
    "user_activity_excluded": "event_date",
    "quarantine": "ingest_date",
    "flatten_ledger": "ingest_date",
}
JSON_TABLE = "user_activity_json"
# Of the DDL; a table that was declared with another is declared anew.
REVISION_PARAMETER = "uap.revision"
REVISION = "2"
# Queries that began before a publication may read the old files for so long; also longer than any
# run of the job takes.
GRACE = timedelta(hours=6)
BATCH = 100  # partitions a call of BatchCreatePartition and BatchUpdatePartition takes
DELETE_BATCH = 25  # of BatchDeletePartition
RUN_ID = re.compile(r"(\d{8}T\d{6})Z-[0-9a-f]{8}")


def folder(table: str, run_id: str, value: str) -> str:
    """Below the cleaned bucket."""
    key = TABLES.get(table, "event_date")
    return f"{table}/run={run_id}/{key}={value}/"


def supersede(
    state: State, run_id: str, built: dict[str, dict[str, bool]], now: datetime
) -> dict[str, Any]:
    """What of the state is another after a run that built these partitions (table -> value ->
    whether it has rows)."""
    partitions = {table: dict(values) for table, values in state.partitions.items()}
    superseded = dict(state.superseded)
    if state.publication or state.partitions:
        superseded[published_days.folder(state.publication)] = now.isoformat(timespec="seconds")
    for table, values in built.items():
        published = partitions.setdefault(table, {})
        for value, has_rows in values.items():
            if old := published.pop(value, None):
                superseded[folder(table, old, value)] = now.isoformat(timespec="seconds")
            if has_rows:
                published[value] = run_id
    days = {day for table in published_days.DAY_TABLES for day in built.get(table, {})}
    return {
        "partitions": partitions,
        "superseded": superseded,
        **published_days.numbered(state, days, now),
    }


def forget(state: State, now: datetime) -> State:
    """An empty state after this one, with the same parameters. The publications are counted on, for
    those who have read some of them."""
    superseded = {
        folder(table, run, value): now.isoformat(timespec="seconds")
        for table, values in state.partitions.items()
        for value, run in values.items()
    }
    return State(
        drop_actions=state.drop_actions,
        output_format=state.output_format,
        superseded={**state.superseded, **superseded},
        **published_days.forgotten(state),
    )


def counted_on(glue: BaseClient, settings: Settings, state: State) -> State:
    """The state, with the number of the newest publication that readers have seen: a state that was
    removed or restored must not number another with it."""
    table = catalog.get_table(glue, settings.cleaned_database, published_days.TABLE)
    return replace(state, publication=max(state.publication, published_days.shown(table)))


def check_files(
    s3: BaseClient, settings: Settings, run_id: str, built: dict[str, dict[str, bool]]
) -> None:
    """Raises click.ClickException unless the partitions that have rows have files."""
    for table, values in built.items():
        prefix = f"{table}/run={run_id}/"
        listed = aws.objects(s3, settings.cleaned_bucket, prefix)
        there = {entry["Key"].removeprefix(prefix).partition("/")[0] for entry in listed}
        there = {name.partition("=")[2] for name in there if "=" in name}
        missing = {value for value, has_rows in values.items() if has_rows} - there
        if missing:
            raise click.ClickException(
                f"the files of {folder(table, run_id, min(missing))} are not in "
                f"{settings.cleaned_url}: nothing is published, run it again"
            )


def follow(
    s3: BaseClient, glue: BaseClient, athena_client: BaseClient, settings: Settings
) -> tuple[State, str | None]:
    """Make the catalog what the state says, tables and partitions; returns the state and its ETag.

    The state may change on the way, and another publication be faster than this one. So the last
    to leave the catalog has looked at the state after its last change.

    A publication that was held up may have turned days back for a while, and who read them then
    believes to have read newer ones: days that are found astray are published once more.
    """
    astray: set[str] = set()
    state, etag = cleaned_state.read(s3, settings)
    while True:
        astray |= _follow(s3, glue, athena_client, settings, state)
        followed = etag
        state, etag = cleaned_state.read(s3, settings)
        if etag != followed:
            continue
        if not astray:
            return state, etag
        with suppress(cleaned_state.Outdated):
            again = _once_more(counted_on(glue, settings, state), astray, datetime.now(UTC))
            cleaned_state.commit(s3, settings, again, etag)
            astray = set()
        state, etag = cleaned_state.read(s3, settings)


def _once_more(state: State, days: set[str], now: datetime) -> State:
    """The state after a publication of these days as they are."""
    old = {published_days.folder(state.publication): now.isoformat(timespec="seconds")}
    return replace(
        state,
        superseded={**state.superseded, **old},
        **published_days.numbered(state, days, now),
    )


def _follow(
    s3: BaseClient,
    glue: BaseClient,
    athena_client: BaseClient,
    settings: Settings,
    state: State,
) -> set[str]:
    """The days of events that were not the state's although published_days says they are."""
    aws.ensure_database(glue, settings.cleaned_database)
    names = list(TABLES)
    if state.output_format == "json":
        names.append(JSON_TABLE)
    elif catalog.get_table(glue, settings.cleaned_database, JSON_TABLE):
        glue.delete_table(DatabaseName=settings.cleaned_database, Name=JSON_TABLE)
    switched: set[str] = set()
    for name in names:
        table = _declare(glue, athena_client, settings, name, f"{name}/")
        values = _switch(glue, settings, table, state.partitions.get(name, {}))
        switched |= values if name in published_days.DAY_TABLES else set()
    shown = _show_days(s3, glue, athena_client, settings, state)
    return switched if shown >= max(state.publication, 1) else set()


def _show_days(
    s3: BaseClient,
    glue: BaseClient,
    athena_client: BaseClient,
    settings: Settings,
    state: State,
) -> int:
    """Let published_days be the state's, unless it is of a newer one; returns the number it had.

    Last of all: who sees a number in it also sees all rows of that publication.
    """
    name, folder = published_days.TABLE, published_days.folder(state.publication)
    location = f"{settings.cleaned_url}{folder}"
    table = catalog.get_table(glue, settings.cleaned_database, name)
    shown = published_days.shown(table)
    if shown > state.publication:
        return shown
    if table is None or not _is_current(table) or not _is_at(table, location):
        body = published_days.file(state)
        key = f"{folder}days.parquet"
        s3.put_object(Bucket=settings.cleaned_bucket, Key=key, Body=body)
    table = _declare(glue, athena_client, settings, name, folder)
    if not _is_at(table, location):
        table["StorageDescriptor"]["Location"] = location
        glue.update_table(
            DatabaseName=settings.cleaned_database,
            TableInput=catalog.input_of(glue, "TableInput", table),
            SkipArchive=True,
        )
    return shown


def _is_current(table: dict[str, Any]) -> bool:
    return table.get("Parameters", {}).get(REVISION_PARAMETER) == REVISION


def _is_at(table: dict[str, Any], location: str) -> bool:
    return table["StorageDescriptor"]["Location"].rstrip("/") == location.rstrip("/")


def _declare(
    glue: BaseClient, athena_client: BaseClient, settings: Settings, name: str, folder: str
) -> dict[str, Any]:
    """Glue's `Table`, declared now at a folder of the cleaned bucket if it was not there."""
    database = settings.cleaned_database
    table = catalog.get_table(glue, database, name)
    if table and _is_current(table):
        return table
    if table:
        # External: its files stay.
        athena.run(athena_client, settings, f"drop table {database}.{name}", database)
    statement = (DDL / f"{name}.sql").read_text(encoding="utf-8")
    values = {
        "database": database,
        "location": f"{settings.cleaned_url}{folder}",
        "revision": REVISION,
    }
    athena.run(athena_client, settings, statement.format(**values), database)
    return catalog.get_table(glue, database, name)


def _switch(
    glue: BaseClient, settings: Settings, table: dict[str, Any], published: dict[str, str]
) -> set[str]:
    """Let the table's partitions be these (value -> run), each at its run's files; returns the
    values of those that were not.

    All are compared, so that whatever an earlier publication left undone is done now.
    """
    name, place = table["Name"], {"DatabaseName": table["DatabaseName"], "TableName": table["Name"]}
    pages = glue.get_paginator("get_partitions").paginate(**{**place, "ExcludeColumnSchema": True})
    there = {
        partition["Values"][0]: partition["StorageDescriptor"]["Location"]
        for page in pages
        for partition in page["Partitions"]
    }
    wanted = {
        value: f"{settings.cleaned_url}{folder(name, run, value)}"
        for value, run in published.items()
    }

    def entry(value: str) -> dict[str, Any]:
        descriptor = {**table["StorageDescriptor"], "Location": wanted[value]}
        return {"Values": [value], "StorageDescriptor": descriptor}

    new, changed, gone = (
        sorted(wanted.keys() - there.keys()),
        sorted(value for value in wanted.keys() & there if there[value] != wanted[value]),
        sorted(there.keys() - wanted.keys()),
    )
    for batch in _batches(new, BATCH):
        entries = [entry(value) for value in batch]
        answer = glue.batch_create_partition(**place, PartitionInputList=entries)
        _check(name, answer, done_by_others="AlreadyExistsException")
    for batch in _batches(changed, BATCH):
        entries = [
            {"PartitionValueList": [value], "PartitionInput": entry(value)} for value in batch
        ]
        _check(name, glue.batch_update_partition(**place, Entries=entries))
    for batch in _batches(gone, DELETE_BATCH):
        values = [{"Values": [value]} for value in batch]
        answer = glue.batch_delete_partition(**place, PartitionsToDelete=values)
        _check(name, answer, done_by_others="EntityNotFoundException")
    return {*new, *changed, *gone}


def _check(table: str, answer: dict[str, Any], done_by_others: str | None = None) -> None:
    """Raises click.ClickException with the first error, unless another publication, which will
    look at the state once more, has done the same."""
    for failure in answer.get("Errors", []):
        if failure["ErrorDetail"].get("ErrorCode") == done_by_others:
            continue
        values = failure.get("PartitionValues") or failure.get("PartitionValueList")
        raise click.ClickException(
            f"partition {values} of {table} could not be published: "
            f"{failure['ErrorDetail'].get('ErrorMessage', 'Glue gives no reason')}; "
            "run it again to finish"
        )


def expired(state: State, now: datetime) -> list[str]:
    """Superseded folders that no query can be reading any more."""
    return [
        name
        for name, since in state.superseded.items()
        if now - datetime.fromisoformat(since) > GRACE
    ]


def remove_leftovers(s3: BaseClient, settings: Settings, state: State, now: datetime) -> None:
    """Remove what runs left that were never published, once they cannot be running any more."""
    live = state.runs()
    for table in (*TABLES, JSON_TABLE, "_staging", "_runs"):
        for name in aws.folders(s3, settings.cleaned_bucket, f"{table}/"):
            run_id = name.rstrip("/").removeprefix("run=")
            began = RUN_ID.fullmatch(run_id)
            if not began or (run_id in live and table != "_staging"):
                continue
            age = now - datetime.strptime(began[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
            if age > GRACE:
                remove(s3, settings, f"{table}/{name}")


def remove(s3: BaseClient, settings: Settings, prefix: str) -> None:
    """All objects below a folder of the cleaned bucket."""
    keys = [entry["Key"] for entry in aws.objects(s3, settings.cleaned_bucket, prefix)]
    aws.delete_objects(s3, settings.cleaned_bucket, keys)


def _batches(items: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
