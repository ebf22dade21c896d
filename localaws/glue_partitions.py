"""Glue's actions about partitions. Requests come with names in lower case.

Source of the shapes and of what is an error of one entry and what of the whole request: the Glue
API reference.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

from localaws.catalog import EntityNotFound, partition_input
from localaws.glue_tables import page
from localaws.partition_filter import partition_filter
from localaws.routes import AwsError, Context, Handler

PAGE = 1000


def get_partitions(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    table = context.catalog.get_table(payload["DatabaseName"], payload["TableName"])
    keep = partition_filter(payload.get("Expression", ""), table.get("PartitionKeys", []))
    segment = payload.get("Segment")
    if segment and segment["SegmentNumber"] >= segment["TotalSegments"]:
        raise AwsError("InvalidInputException", "SegmentNumber must be less than TotalSegments.")
    place = payload["DatabaseName"], payload["TableName"]
    values, token = page(
        [
            each
            for each in context.catalog.partition_values(*place)
            if (not segment or _in_segment(each, segment)) and keep(each)
        ],
        tuple,
        payload,
        PAGE,
    )
    partitions = [_partition(payload, each, context) for each in values]
    if payload.get("ExcludeColumnSchema"):
        for partition in partitions:
            partition.get("StorageDescriptor", {}).pop("Columns", None)
    return {"Partitions": partitions, **token}


def _in_segment(values: tuple[str, ...], segment: dict[str, int]) -> bool:
    """Each partition lies in one segment, always in the same."""
    hashed = zlib.crc32("\0".join(values).encode())
    return hashed % segment["TotalSegments"] == segment["SegmentNumber"]


def get_partition(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    try:
        return {"Partition": _partition(payload, payload["PartitionValues"], context)}
    except EntityNotFound:
        context.catalog.get_table(payload["DatabaseName"], payload["TableName"])
        raise EntityNotFound("Cannot find partition.") from None


def batch_get_partition(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    stored = set(context.catalog.partition_values(payload["DatabaseName"], payload["TableName"]))
    asked = list(dict.fromkeys(tuple(each["Values"]) for each in payload["PartitionsToGet"]))
    return {
        "Partitions": [_partition(payload, each, context) for each in asked if each in stored],
        # What does not exist is left out, it is not unprocessed.
        "UnprocessedKeys": [],
    }


def create_partition(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    _create(payload, payload["PartitionInput"], context)
    return {}


def batch_create_partition(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    context.catalog.get_table(payload["DatabaseName"], payload["TableName"])
    return _errors(
        "PartitionValues",
        [
            (each.get("Values", []), _failure(_create, payload, each, context))
            for each in payload["PartitionInputList"]
        ],
    )


def update_partition(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    _update(payload, payload, context)
    return {}


def batch_update_partition(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    context.catalog.get_table(payload["DatabaseName"], payload["TableName"])
    return _errors(
        "PartitionValueList",
        [
            (each["PartitionValueList"], _failure(_update, payload, each, context))
            for each in payload["Entries"]
        ],
    )


def delete_partition(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    _delete(payload, payload["PartitionValues"], context)
    return {}


def batch_delete_partition(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    context.catalog.get_table(payload["DatabaseName"], payload["TableName"])
    return _errors(
        "PartitionValues",
        [
            (each["Values"], _failure(_delete, payload, each["Values"], context))
            for each in payload["PartitionsToDelete"]
        ],
    )


def get_partition_indexes(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    """There are none: they cannot be made here, nor would they change an answer."""
    context.catalog.get_table(payload["DatabaseName"], payload["TableName"])
    return {"PartitionIndexDescriptorList": []}


# ---- one partition


def _create(payload: dict[str, Any], given: dict[str, Any], context: Context) -> None:
    _check_values(payload, given.get("Values", []), context)
    context.catalog.create_partitions(payload["DatabaseName"], payload["TableName"], [given])


def _update(payload: dict[str, Any], entry: dict[str, Any], context: Context) -> None:
    given = partition_input(entry["PartitionInput"])
    given.setdefault("Values", entry["PartitionValueList"])
    _check_values(payload, given["Values"], context)
    context.catalog.update_partition(
        payload["DatabaseName"], payload["TableName"], entry["PartitionValueList"], given
    )


def _delete(payload: dict[str, Any], values: list[str], context: Context) -> None:
    context.catalog.delete_partitions(payload["DatabaseName"], payload["TableName"], [values])


def _check_values(payload: dict[str, Any], values: list[str], context: Context) -> None:
    table = context.catalog.get_table(payload["DatabaseName"], payload["TableName"])
    if len(values) != len(table.get("PartitionKeys", [])):
        message = "The number of partition keys do not match the number of partition values"
        raise AwsError("InvalidInputException", message)


def _failure(act: Any, payload: dict[str, Any], entry: Any, context: Context) -> AwsError | None:
    try:
        act(payload, entry, context)
    except AwsError as error:
        return error
    return None


def _errors(name: str, failures: list[tuple[list[str], AwsError | None]]) -> dict[str, Any]:
    """`name`: of the member that holds the values of an entry."""
    return {
        "Errors": [
            {
                name: values,
                "ErrorDetail": {"ErrorCode": error.code, "ErrorMessage": error.message},
            }
            for values, error in failures
            if error
        ]
    }


def _partition(payload: dict[str, Any], values: Iterable[str], context: Context) -> dict[str, Any]:
    place = payload["DatabaseName"], payload["TableName"]
    return {**context.catalog.partition(*place, values), "CatalogId": context.account}


ACTIONS: dict[str, Handler] = {
    "GetPartitions": get_partitions,
    "GetPartition": get_partition,
    "BatchGetPartition": batch_get_partition,
    "CreatePartition": create_partition,
    "BatchCreatePartition": batch_create_partition,
    "UpdatePartition": update_partition,
    "BatchUpdatePartition": batch_update_partition,
    "DeletePartition": delete_partition,
    "BatchDeletePartition": batch_delete_partition,
    "GetPartitionIndexes": get_partition_indexes,
}
