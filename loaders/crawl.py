"""Crawl the raw zone: Glue infers the schema of the JSON documents into the table `logs`."""

import json
from typing import Any

import click
from botocore.client import BaseClient

from loaders import aws, console
from loaders.settings import RAW_TABLE, Settings

# Athena fails a whole query at the first line that is not JSON (HIVE_CURSOR_ERROR), unless the
# SerDe is told to read it as a row of nulls.
# https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
SERDE_PARAMETER = {"ignore.malformed.json": "true"}
BATCH = 100  # partitions a call of BatchUpdatePartition takes


def crawl(glue: BaseClient, settings: Settings) -> dict[str, Any]:
    """Create or update the crawler, run it and wait; returns the raw table (Glue's `Table`).

    Raises click.ClickException when the crawler fails or finds no documents.
    """
    aws.ensure_database(glue, settings.raw_database)
    _put_crawler(glue, settings)
    _run_crawler(glue, settings.crawler)
    try:
        table = glue.get_table(DatabaseName=settings.raw_database, Name=RAW_TABLE)["Table"]
    except glue.exceptions.EntityNotFoundException:
        raise click.ClickException(
            f"the crawler found no documents in {settings.raw_url}: `uap upload` lands some"
        ) from None
    return skip_malformed_lines(glue, table)


def _put_crawler(glue: BaseClient, settings: Settings) -> None:
    crawler = {
        "Name": settings.crawler,
        "Role": settings.role,
        "DatabaseName": settings.raw_database,
        "Targets": {"S3Targets": [{"Path": settings.raw_url}]},
        "SchemaChangePolicy": {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"},
        "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
        # Partitions take the table's schema, or Athena refuses those of before a change.
        "Configuration": json.dumps(
            {
                "Version": 1.0,
                "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}},
            }
        ),
    }
    try:
        glue.create_crawler(**crawler)
    except glue.exceptions.AlreadyExistsException:
        _wait(glue, settings.crawler)  # a running crawler cannot be updated
        glue.update_crawler(**crawler)


def _run_crawler(glue: BaseClient, name: str) -> None:
    glue.start_crawler(Name=name)
    last = _wait(glue, name).get("LastCrawl", {})
    if last.get("Status") != "SUCCEEDED":
        reason = " ".join(last.get("ErrorMessage", "Glue gives no reason").split())
        raise click.ClickException(
            f"the crawler {name} ended as {last.get('Status', 'unknown')}: {reason}"
        )


def _wait(glue: BaseClient, name: str) -> dict[str, Any]:
    """Until the crawler is at rest; returns Glue's `Crawler`."""
    with console.waiting(f"Crawler {name}"):
        return aws.poll(
            lambda: glue.get_crawler(Name=name)["Crawler"],
            lambda crawler: crawler["State"] == "READY",
            first=0.2,
            longest=5,
        )


def skip_malformed_lines(glue: BaseClient, table: dict[str, Any]) -> dict[str, Any]:
    """Set SERDE_PARAMETER on a JSON table and its partitions, which carry a SerDe of their own.

    What has it already is not written; all else stays as it is. Returns the table.
    """
    database, name = table["DatabaseName"], table["Name"]
    if _set_parameter(table):
        glue.update_table(
            DatabaseName=database, TableInput=_input(glue, "TableInput", table), SkipArchive=True
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
                    "PartitionInput": _input(glue, "PartitionInput", partition),
                }
                for partition in changed[start : start + BATCH]
            ],
        )
        for failure in answer.get("Errors", []):
            raise click.ClickException(
                f"partition {failure['PartitionValueList']} of {name} could not be updated: "
                f"{failure['ErrorDetail'].get('ErrorMessage', 'Glue gives no reason')}"
            )
    return table


def _set_parameter(entry: dict[str, Any]) -> bool:
    """Whether the entry had to be changed."""
    serde = entry["StorageDescriptor"]["SerdeInfo"]
    parameters = serde.setdefault("Parameters", {})
    if parameters.items() >= SERDE_PARAMETER.items():
        return False
    parameters.update(SERDE_PARAMETER)
    return True


def _input(glue: BaseClient, shape: str, entry: dict[str, Any]) -> dict[str, Any]:
    """The part of what Glue returned that it also takes."""
    accepted = glue.meta.service_model.shape_for(shape).members
    return {key: value for key, value in entry.items() if key in accepted}


def columns_in_words(table: dict[str, Any]) -> str:
    """`event_id (string), …, partitioned by ingest_date`."""
    columns = table["StorageDescriptor"]["Columns"]
    words = ", ".join(f"{column['Name']} ({_kind(column['Type'])})" for column in columns)
    keys = ", ".join(key["Name"] for key in table.get("PartitionKeys", []))
    return f"{words}; partitioned by {keys or 'nothing'}"


def _kind(glue_type: str) -> str:
    if glue_type.startswith("struct<"):
        return "nested object"
    return "list" if glue_type.startswith("array<") else glue_type
