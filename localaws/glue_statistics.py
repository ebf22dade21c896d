"""Glue's actions about column statistics, which moto does not have.

What is written is kept and given back; nothing here computes statistics. Source of the shapes:
Glue API reference, ColumnStatistics. They belong to one table: a table of the same name that is
made later has none.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from localaws.routes import Context, Handler

KIND = "glue_column_statistics"


def get_statistics(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    kept = dict(context.state.items(KIND))
    found, errors = [], []
    made = _made(payload, context)
    for column in payload["ColumnNames"]:
        statistics = kept.get(_row(payload, column))
        if statistics and statistics["made"] == made:
            found.append(statistics["value"])
        else:
            message = f"Statistics of column {column} were not found."
            detail = {"ErrorCode": "EntityNotFoundException", "ErrorMessage": message}
            errors.append({"ColumnName": column, "Error": detail})
    return {"ColumnStatisticsList": found, "Errors": errors}


def update_statistics(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    made, errors = _made(payload, context), []
    columns = _columns(payload, context)
    for given in payload["ColumnStatisticsList"]:
        if given["ColumnName"].lower() not in columns:
            message = f"Column {given['ColumnName']} was not found."
            detail = {"ErrorCode": "EntityNotFoundException", "ErrorMessage": message}
            errors.append({"ColumnStatistics": given, "Error": detail})
            continue
        analyzed = datetime.fromtimestamp(given["AnalyzedTime"], UTC)
        value = {**given, "AnalyzedTime": analyzed}
        row = {"made": made, "value": value}
        context.state.put(KIND, _row(payload, given["ColumnName"]), row)
    return {"Errors": errors}


def delete_statistics(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    """Of a column without statistics too: Trino deletes them for each partition that it makes."""
    _made(payload, context)
    context.state.delete(KIND, _row(payload, payload["ColumnName"]))
    return {}


def _made(payload: dict[str, Any], context: Context) -> datetime:
    """When the table, or the partition that it is about, was made. Raises EntityNotFound."""
    place = payload["DatabaseName"], payload["TableName"]
    table = context.catalog.get_table(*place)
    if "PartitionValues" in payload:
        return context.catalog.partition(*place, payload["PartitionValues"])["CreationTime"]
    return table["CreateTime"]


def _columns(payload: dict[str, Any], context: Context) -> set[str]:
    table = context.catalog.get_table(payload["DatabaseName"], payload["TableName"])
    return {each["Name"] for each in (table.get("StorageDescriptor") or {}).get("Columns", [])}


def _row(payload: dict[str, Any], column: str) -> str:
    place = [payload["DatabaseName"], payload["TableName"], payload.get("PartitionValues")]
    return json.dumps([*place, column.lower()])


ACTIONS: dict[str, Handler] = {
    f"{verb}ColumnStatisticsFor{entity}": handler
    for entity in ("Table", "Partition")
    for verb, handler in (
        ("Get", get_statistics),
        ("Update", update_statistics),
        ("Delete", delete_statistics),
    )
}
