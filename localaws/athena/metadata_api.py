"""The catalog as the Athena API shows it: one data catalog, its databases and tables.

Source of the shapes: API reference, DataCatalog, Database, TableMetadata. An expression is a
regular expression over the whole name (API reference, ListTableMetadata: "A regex filter that
pattern-matches table names").
"""

import re
from typing import Any

from localaws.athena.api import invalid, page
from localaws.catalog import EntityNotFound
from localaws.routes import AwsError, Context
from localaws.sql.type_parser import parse_type

CATALOG = "AwsDataCatalog"


def require_catalog(name: str) -> None:
    if name.lower() != CATALOG.lower():
        raise invalid(f"Catalog '{name}' does not exist", "DATACATALOG_NOT_FOUND")


def get_data_catalog(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    require_catalog(payload["Name"])
    parameters = {"catalog-id": context.account}
    return {"DataCatalog": {"Name": CATALOG, "Type": "GLUE", "Parameters": parameters}}


def list_data_catalogs(payload: dict[str, Any], _: Context) -> dict[str, Any]:
    summaries, token = page(
        [{"CatalogName": CATALOG, "Type": "GLUE"}], lambda each: each["CatalogName"], payload
    )
    return {"DataCatalogsSummary": summaries, **token}


def get_database(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    require_catalog(payload["CatalogName"])
    try:
        return {"Database": _database(context.catalog.get_database(payload["DatabaseName"]))}
    except EntityNotFound as error:
        raise _metadata_error(error) from None


def list_databases(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    require_catalog(payload["CatalogName"])
    databases = sorted(context.catalog.databases(), key=_name)
    found, token = page(databases, _name, payload)
    return {"DatabaseList": [_database(each) for each in found], **token}


def get_table_metadata(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    require_catalog(payload["CatalogName"])
    try:
        table = context.catalog.get_table(payload["DatabaseName"], payload["TableName"])
    except EntityNotFound as error:
        raise _metadata_error(error) from None
    return {"TableMetadata": _table_metadata(table)}


def list_table_metadata(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    require_catalog(payload["CatalogName"])
    try:
        tables = context.catalog.tables(payload["DatabaseName"])
    except EntityNotFound as error:
        raise _metadata_error(error) from None
    if "AttributesToGet" in payload:
        raise invalid("AttributesToGet is not supported locally.")
    matches = _pattern(payload.get("Expression") or ".*")
    named = sorted((each for each in tables if matches(each["Name"])), key=_name)
    found, token = page(named, _name, payload)
    return {"TableMetadataList": [_table_metadata(each) for each in found], **token}


def _name(glue: dict[str, Any]) -> str:
    return glue["Name"]


def _pattern(expression: str) -> Any:
    try:
        return re.compile(expression).fullmatch
    except re.error as error:
        raise invalid(f"Expression is not a regular expression: {error}") from None


def _database(glue: dict[str, Any]) -> dict[str, Any]:
    described = {"Name": glue["Name"], "Parameters": glue.get("Parameters") or {}}
    if glue.get("Description"):
        described["Description"] = glue["Description"]
    return described


def _table_metadata(glue: dict[str, Any]) -> dict[str, Any]:
    times = ("CreateTime", "LastAccessTime")
    return {
        "Name": glue["Name"],
        "TableType": glue.get("TableType", ""),
        "Columns": [_column(each) for each in _storage(glue).get("Columns", [])],
        "PartitionKeys": [_column(each) for each in glue.get("PartitionKeys", [])],
        "Parameters": _parameters(glue),
        **{name: glue[name] for name in times if glue.get(name)},
    }


def _storage(glue: dict[str, Any]) -> dict[str, Any]:
    return glue.get("StorageDescriptor") or {}


def _parameters(glue: dict[str, Any]) -> dict[str, str]:
    """The table's own, and where it lies and how it is read, as Athena mixes them in."""
    storage = _storage(glue)
    serde = storage.get("SerdeInfo") or {}
    mixed = {
        "location": storage.get("Location"),
        "inputformat": storage.get("InputFormat"),
        "outputformat": storage.get("OutputFormat"),
        "serde.serialization.lib": serde.get("SerializationLibrary"),
        **{f"serde.param.{k}": v for k, v in (serde.get("Parameters") or {}).items()},
    }
    own = {key: str(value) for key, value in (glue.get("Parameters") or {}).items()}
    return own | {key: value for key, value in mixed.items() if value}


def _column(column: dict[str, Any]) -> dict[str, str]:
    try:
        type_ = parse_type(column["Type"]).hive()
    except ValueError:
        type_ = column["Type"]
    described = {"Name": column["Name"], "Type": type_}
    return {**described, "Comment": column["Comment"]} if column.get("Comment") else described


def _metadata_error(error: EntityNotFound) -> AwsError:
    return AwsError("MetadataException", f"EntityNotFoundException: {error.message}")


ACTIONS = {
    "GetDataCatalog": get_data_catalog,
    "ListDataCatalogs": list_data_catalogs,
    "GetDatabase": get_database,
    "ListDatabases": list_databases,
    "GetTableMetadata": get_table_metadata,
    "ListTableMetadata": list_table_metadata,
}
