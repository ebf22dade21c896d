"""Against the Glue catalog of a real endpoint."""

import copy
from collections import Counter
from typing import Any

import pytest
from botocore.client import BaseClient

from loaders import aws, catalog
from loaders.settings import Settings


def storage(location: str) -> dict[str, Any]:
    return {
        "Columns": [
            {"Name": "event_id", "Type": "string", "Comment": "who"},
            {"Name": "metadata", "Type": "struct<device:string,tags:array<string>>"},
        ],
        "Location": location,
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "Compressed": True,
        "NumberOfBuckets": -1,
        "SerdeInfo": {
            "SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe",
            "Parameters": {"paths": "event_id,metadata"},
        },
        "Parameters": {"classification": "json", "sizeKey": "1"},
    }


@pytest.fixture
def table(glue: BaseClient, settings: Settings) -> dict[str, Any]:
    """As a crawler leaves it, with 150 partitions: more than one batch."""
    aws.ensure_database(glue, settings.raw_database)
    glue.create_table(
        DatabaseName=settings.raw_database,
        TableInput={
            "Name": "logs",
            "Description": "kept",
            "Owner": "owner",
            "StorageDescriptor": storage(settings.raw_url),
            "PartitionKeys": [{"Name": "ingest_date", "Type": "string"}],
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"classification": "json", "CrawlerSchemaSerializerVersion": "1.0"},
        },
    )
    values = [f"2025-{number // 28 + 1:02}-{number % 28 + 1:02}" for number in range(150)]
    for start in (0, 100):
        glue.batch_create_partition(
            DatabaseName=settings.raw_database,
            TableName="logs",
            PartitionInputList=[
                {
                    "Values": [value],
                    "StorageDescriptor": storage(f"{settings.raw_url}ingest_date={value}/"),
                    "Parameters": {"recordCount": "7"},
                }
                for value in values[start : start + 100]
            ],
        )
    return read(glue, settings)


def read(glue: BaseClient, settings: Settings) -> dict[str, Any]:
    return glue.get_table(DatabaseName=settings.raw_database, Name="logs")["Table"]


def partitions(glue: BaseClient, settings: Settings) -> list[dict[str, Any]]:
    pages = glue.get_paginator("get_partitions").paginate(
        DatabaseName=settings.raw_database, TableName="logs"
    )
    return sorted((p for page in pages for p in page["Partitions"]), key=lambda p: p["Values"])


def told_to_skip(entry: dict[str, Any]) -> dict[str, Any]:
    entry = copy.deepcopy(entry)
    entry["StorageDescriptor"]["SerdeInfo"]["Parameters"]["ignore.malformed.json"] = "true"
    return without_bookkeeping(entry)


def without_bookkeeping(entry: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in entry.items() if k not in ("UpdateTime", "VersionId", "CreationTime")}


def test_sets_the_parameter_and_nothing_else(
    glue: BaseClient, settings: Settings, table: dict[str, Any]
) -> None:
    before = partitions(glue, settings)
    assert len(before) == 150
    catalog.skip_malformed_lines(glue, copy.deepcopy(table))
    assert without_bookkeeping(read(glue, settings)) == told_to_skip(table)
    after = [without_bookkeeping(partition) for partition in partitions(glue, settings)]
    assert after == [told_to_skip(partition) for partition in before]


def test_writes_only_what_needs_it(
    glue: BaseClient, settings: Settings, table: dict[str, Any]
) -> None:
    calls = Counter()
    for call in ("UpdateTable", "BatchUpdatePartition"):
        glue.meta.events.register(
            f"before-call.glue.{call}", lambda model, **_: calls.update([model.name])
        )
    catalog.skip_malformed_lines(glue, table)
    assert calls == {"UpdateTable": 1, "BatchUpdatePartition": 2}
    catalog.skip_malformed_lines(glue, read(glue, settings))
    assert calls == {"UpdateTable": 1, "BatchUpdatePartition": 2}


def test_news_of_a_new_table_of_a_changed_one_and_of_none() -> None:
    before = catalog.Snapshot({"a": "struct<b:int>", "tags": "array<int>"}, {"day=1"})
    after = catalog.Snapshot({"a": "struct<b:string>", "tags": "array<int>"}, {"day=2", "day=3"})
    assert catalog.news(None, before) == [
        "new table: a (nested object), tags (list)",
        "1 new partition: day=1",
    ]
    assert catalog.news(before, after) == [
        "a.b was int, is now string",
        "2 new partitions: day=2 to day=3",
        "1 gone partition: day=1",
    ]
    assert catalog.news(after, after) == ["nothing changed"]


def test_a_snapshot_is_of_every_column_and_partition(
    glue: BaseClient, settings: Settings, table: dict[str, Any]
) -> None:
    snapshot = catalog.snapshot(glue, settings.raw_database, "logs")
    assert snapshot.columns == {
        "event_id": "string",
        "metadata": "struct<device:string,tags:array<string>>",
    }
    assert len(snapshot.partitions) == 150
    assert "ingest_date=2025-01-01" in snapshot.partitions
    assert catalog.snapshot(glue, settings.raw_database, "none") is None
