"""Glue actions that moto answers wrongly, put right in front of it.

Names are lower-cased in every request about databases, tables and partitions, as Glue does
(API_TableInput: "for Hive compatibility, this is entirely lowercase"); the actions below, and
those of glue_tables, glue_search, glue_partitions and glue_statistics, are answered here; what
moto would only pretend to run is refused.
"""

from __future__ import annotations

from typing import Any

from localaws import glue_partitions, glue_search, glue_statistics, glue_tables
from localaws.catalog import partition_input, table_input
from localaws.routes import AwsError, Context, Handler
from localaws.tables.views import kept_a_view

# Families that moto stores but nobody here ever runs: a schedule would silently never fire.
NEVER_RUN = ("Trigger", "Workflow", "Session", "DevEndpoint", "MLTransform")
STARTS = ("StartCrawler", "StartCrawlerSchedule", "StartJobRun")


def update_table(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    """API_UpdateTable: honours VersionId and SkipArchive, which moto ignores."""
    if "TableInput" not in payload:
        raise AwsError(
            "InvalidInputException", "This endpoint updates a table only by a TableInput."
        )
    context.catalog.update_table(
        payload["DatabaseName"],
        kept_a_view(payload["TableInput"]),
        payload.get("VersionId"),
        bool(payload.get("SkipArchive")),
    )
    return {}


def create_table(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    """API_CreateTable, without the Iceberg metadata that OpenTableFormatInput asks for."""
    if "OpenTableFormatInput" in payload or "TableInput" not in payload:
        raise AwsError(
            "InvalidInputException",
            "This endpoint creates a table only from a TableInput; create Iceberg tables through"
            " Athena (CREATE TABLE ... table_type = 'ICEBERG') or PyIceberg.",
        )
    context.catalog.create_table(payload["DatabaseName"], payload["TableInput"])
    return {}


def _on_names(action: str, handler: Handler) -> Handler:
    """The handler of a request as it comes: names put into lower case, the catalog checked."""

    def handle(payload: dict[str, Any], context: Context) -> dict[str, Any]:
        require_own_catalog(payload, context.account)
        return handler(normalised(action, payload), context)

    return handle


ACTIONS: dict[str, Handler] = {
    action: _on_names(action, handler)
    for action, handler in {
        "UpdateTable": update_table,
        "CreateTable": create_table,
        **glue_tables.ACTIONS,
        **glue_search.ACTIONS,
        **glue_partitions.ACTIONS,
        **glue_statistics.ACTIONS,
    }.items()
}


def require_own_catalog(payload: dict[str, Any], account: str) -> None:
    """There is one catalog, the account's. Raises AwsError for another's."""
    asked = payload.get("CatalogId", account)
    if asked != account:
        message = f"This endpoint has the catalog of account {account} only, not {asked}."
        raise AwsError("AccessDeniedException", message)


def refuse_pretence(action: str) -> None:
    """Raise for what moto would accept and never do."""
    if action in STARTS or any(family in action for family in NEVER_RUN):
        raise AwsError(
            "UnknownOperationException",
            f"Glue {action} is not supported by this endpoint: nothing here would run it.",
        )


def is_about_catalog(action: str) -> bool:
    """Whether an action is about databases, tables or partitions."""
    return any(entity in action for entity in ("Database", "Table", "Partition"))


def normalised(action: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The payload with database, table and column names in lower case."""
    if not is_about_catalog(action):
        return payload
    payload = dict(payload)
    for field in ("DatabaseName", "TableName", "Name"):
        if isinstance(payload.get(field), str):
            payload[field] = payload[field].lower()
    if "DatabaseInput" in payload:
        database = payload["DatabaseInput"]
        payload["DatabaseInput"] = {**database, "Name": database["Name"].lower()}
    if "TableInput" in payload:
        payload["TableInput"] = table_input(payload["TableInput"])
    if "TablesToDelete" in payload:
        payload["TablesToDelete"] = [name.lower() for name in payload["TablesToDelete"]]
    if "PartitionInput" in payload:
        payload["PartitionInput"] = partition_input(payload["PartitionInput"])
    if "PartitionInputList" in payload:
        payload["PartitionInputList"] = [partition_input(p) for p in payload["PartitionInputList"]]
    for entry in payload.get("Entries", []):
        entry["PartitionInput"] = partition_input(entry["PartitionInput"])
    return payload


def touched(action: str, payload: dict[str, Any]) -> tuple[str | None, list[str]]:
    """The database and the tables that a normalised request may change."""
    if not is_about_catalog(action):
        return None, []
    if "DatabaseName" not in payload:
        return payload.get("Name") or payload.get("DatabaseInput", {}).get("Name"), []
    named = payload.get("TableName") or payload.get("Name")
    named = named or payload.get("TableInput", {}).get("Name")
    return payload["DatabaseName"], [named] if named else payload.get("TablesToDelete", [])
