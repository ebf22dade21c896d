"""The raw tables in the Glue catalog: what is there, what changed, and how they read bad lines."""

from typing import Any, NamedTuple

import click
from botocore.client import BaseClient

from loaders.drift import drift

# Athena fails a whole query at the first line that is not JSON (HIVE_CURSOR_ERROR), unless the
# SerDe is told to read it as a row of nulls.
# https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
SERDE_PARAMETER = {"ignore.malformed.json": "true"}
BATCH = 100  # partitions a call of BatchUpdatePartition takes


class Snapshot(NamedTuple):
    """A table at some time: {column: Hive type}, and its partitions as `key=value/…`."""

    columns: dict[str, str]
    partitions: set[str]


def get_table(glue: BaseClient, database: str, name: str) -> dict[str, Any] | None:
    """Glue's `Table`."""
    try:
        return glue.get_table(DatabaseName=database, Name=name)["Table"]
    except glue.exceptions.EntityNotFoundException:
        return None


def is_projected(table: dict[str, Any]) -> bool:
    """Whether Athena works the partitions out and does not ask Glue for them."""
    return table.get("Parameters", {}).get("projection.enabled", "").lower() == "true"


def snapshot(glue: BaseClient, database: str, name: str) -> Snapshot | None:
    table = get_table(glue, database, name)
    if table is None:
        return None
    keys = [key["Name"] for key in table.get("PartitionKeys", [])]
    pages = glue.get_paginator("get_partitions").paginate(
        DatabaseName=database, TableName=name, ExcludeColumnSchema=True
    )
    return Snapshot(
        {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]},
        {
            "/".join(f"{key}={value}" for key, value in zip(keys, part["Values"], strict=True))
            for page in pages
            for part in page["Partitions"]
        },
    )


def news(before: Snapshot | None, after: Snapshot) -> list[str]:
    """What changed, in words; of a new table what it is."""
    old = before or Snapshot({}, set())
    if before is None:
        words = [f"new table: {columns_in_words(after.columns)}"]
    else:
        words = drift(old.columns, after.columns)
    words += _partitions("new", after.partitions - old.partitions)
    words += _partitions("gone", old.partitions - after.partitions)
    return words or ["nothing changed"]


def _partitions(what: str, names: set[str]) -> list[str]:
    if not names:
        return []
    if len(names) == 1:
        return [f"1 {what} partition: {min(names)}"]
    return [f"{len(names):,} {what} partitions: {min(names)} to {max(names)}"]


def columns_in_words(columns: dict[str, str]) -> str:
    """`event_id (string), metadata (nested object), …`"""
    return ", ".join(f"{name} ({_kind(type_)})" for name, type_ in columns.items())


def _kind(hive_type: str) -> str:
    if hive_type.startswith("struct<"):
        return "nested object"
    return "list" if hive_type.startswith("array<") else hive_type


def skip_malformed_lines(glue: BaseClient, table: dict[str, Any]) -> None:
    """Set SERDE_PARAMETER on a JSON table and its partitions, which carry a SerDe of their own.

    What has it already is not written; all else stays as it is.
    """
    database, name = table["DatabaseName"], table["Name"]
    if _set_parameter(table):
        glue.update_table(
            DatabaseName=database, TableInput=input_of(glue, "TableInput", table), SkipArchive=True
        )
    pages = glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=name)
    changed = [part for page in pages for part in page["Partitions"] if _set_parameter(part)]
    for start in range(0, len(changed), BATCH):
        answer = glue.batch_update_partition(
            DatabaseName=database,
            TableName=name,
            Entries=[
                {
                    "PartitionValueList": partition["Values"],
                    "PartitionInput": input_of(glue, "PartitionInput", partition),
                }
                for partition in changed[start : start + BATCH]
            ],
        )
        for failure in answer.get("Errors", []):
            raise click.ClickException(
                f"partition {failure['PartitionValueList']} of {name} could not be updated: "
                f"{failure['ErrorDetail'].get('ErrorMessage', 'Glue gives no reason')}"
            )


def _set_parameter(entry: dict[str, Any]) -> bool:
    """Whether the entry had to be changed."""
    serde = entry["StorageDescriptor"]["SerdeInfo"]
    parameters = serde.setdefault("Parameters", {})
    if parameters.items() >= SERDE_PARAMETER.items():
        return False
    parameters.update(SERDE_PARAMETER)
    return True


def input_of(glue: BaseClient, shape: str, entry: dict[str, Any]) -> dict[str, Any]:
    """The part of what Glue returned that it also takes."""
    accepted = glue.meta.service_model.shape_for(shape).members
    return {key: value for key, value in entry.items() if key in accepted}
