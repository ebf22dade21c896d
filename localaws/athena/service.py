"""The Athena API's actions.

Source of the shapes: the Athena API reference. Actions that are not here are refused by the
endpoint with UnknownOperationException.
"""

from contextlib import suppress
from typing import Any

from localaws.athena.executions import Executions
from localaws.catalog import AlreadyExists, EntityNotFound
from localaws.engine.duckdb_engine import DuckDBEngine
from localaws.routes import AwsError, Context
from localaws.settings import objects_dir, tmp_dir
from localaws.sql.errors import QueryError
from localaws.sql.types import Type, parse_type
from localaws.tables.locations import split_location
from localaws.tables.resolver import Lakehouse

PAGE_ROWS = 1000
# GetQueryExecution is held this long while the query runs, so that clients, who sleep a second
# between two polls, hear of its end at once.
LONG_POLL_SECONDS = 5.0
CATALOG = "AwsDataCatalog"

_SCALE_OF = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19, "real": 17, "double": 17}


class AthenaService:
    def __init__(self, context: Context) -> None:
        scratch = tmp_dir(context.data_dir) / "athena"
        engine = DuckDBEngine(objects_dir(context.data_dir), scratch)
        lakehouse = Lakehouse(context.catalog, context.store, scratch, context.account)
        _ensure_default_database(context)
        folder = context.data_dir / "athena"
        self._executions = Executions(context.state, engine, lakehouse, folder)
        self.actions = {
            "StartQueryExecution": self._start_query_execution,
            "GetQueryExecution": self._get_query_execution,
            "BatchGetQueryExecution": self._batch_get_query_execution,
            "GetQueryResults": self._get_query_results,
            "StopQueryExecution": self._stop_query_execution,
            "ListQueryExecutions": self._list_query_executions,
            "GetWorkGroup": _get_work_group,
            "ListWorkGroups": _list_work_groups,
            "GetDataCatalog": _get_data_catalog,
            "ListDataCatalogs": _list_data_catalogs,
            "GetDatabase": _get_database,
            "ListDatabases": _list_databases,
            "GetTableMetadata": _get_table_metadata,
            "ListTableMetadata": _list_table_metadata,
        }

    def close(self) -> None:
        self._executions.close()

    # ---- executions

    def _start_query_execution(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        context = payload.get("QueryExecutionContext") or {}
        if context.get("Catalog", CATALOG).lower() != CATALOG.lower():
            raise _invalid(f"Catalog {context['Catalog']} does not exist; there is {CATALOG}")
        output = (payload.get("ResultConfiguration") or {}).get("OutputLocation")
        if not output:
            raise _invalid(
                "No output location provided. An output location is required either through the "
                "Workgroup result configuration setting or as an API input."
            )
        try:
            split_location(output)
        except QueryError as error:
            raise _invalid(error.message) from None
        workgroup = payload.get("WorkGroup", "primary")
        _require_primary(workgroup)
        id_ = self._executions.start(
            _required(payload, "QueryString"),
            context.get("Database", "default").lower(),
            output,
            workgroup,
            payload.get("ClientRequestToken"),
            payload.get("ExecutionParameters") or [],
        )
        return {"QueryExecutionId": id_}

    def _get_query_execution(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        execution = self._executions.wait(_required(payload, "QueryExecutionId"), LONG_POLL_SECONDS)
        return {"QueryExecution": _public(execution)}

    def _batch_get_query_execution(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        found, missing = [], []
        for id_ in _required(payload, "QueryExecutionIds"):
            try:
                found.append(_public(self._executions.get(id_)))
            except AwsError as error:
                missing.append(
                    {
                        "QueryExecutionId": id_,
                        "ErrorCode": error.code,
                        "ErrorMessage": error.message,
                    }
                )
        return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing}

    def _get_query_results(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        id_ = _required(payload, "QueryExecutionId")
        execution = self._executions.get(id_)
        state = execution["Status"]["State"]
        if state != "SUCCEEDED":
            raise _invalid(f"Query has not yet finished. Current state: {state}")
        limit = payload.get("MaxResults", PAGE_ROWS)
        if not 1 <= limit <= PAGE_ROWS:
            raise _invalid(f"MaxResults is out of range [1, {PAGE_ROWS}]: {limit}")
        token = payload.get("NextToken")
        if token is not None and not token.isdigit():
            raise _invalid(f"NextToken is not one of this query's: {token}")
        columns = execution.get("_columns", [])
        # The first row of a query's first page is its header.
        header = token is None and execution.get("SubstatementType") == "SELECT"
        rows, following = self._executions.rows(id_, int(token or 0), limit - header)
        data = [_row([name for name, _ in columns])] if header else []
        result: dict[str, Any] = {
            "ResultSet": {
                "Rows": data + [_row(row) for row in rows],
                "ResultSetMetadata": {"ColumnInfo": [_column_info(*each) for each in columns]},
            },
            "UpdateCount": execution.get("_update_count") or 0,
        }
        if following is not None:
            result["NextToken"] = str(following)
        return result

    def _stop_query_execution(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        self._executions.stop(_required(payload, "QueryExecutionId"))
        return {}

    def _list_query_executions(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        workgroup = payload.get("WorkGroup", "primary")
        _require_primary(workgroup)
        ids = self._executions.ids(workgroup)
        page, token = _page(ids, payload, 50)
        return {"QueryExecutionIds": page, **token}


def _ensure_default_database(context: Context) -> None:
    """Statements without a database mean `default`, which every account has."""
    with suppress(AlreadyExists):
        context.catalog.create_database({"Name": "default", "Description": "Default database"})


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidRequestException", message)


def _required(payload: dict[str, Any], name: str) -> Any:
    value = payload.get(name)
    if not value:
        raise _invalid(f"{name} is required")
    return value


def _page(items: list, payload: dict[str, Any], size: int) -> tuple[list, dict[str, str]]:
    token = payload.get("NextToken", "0")
    if not token.isdigit():
        raise _invalid(f"NextToken is not one of this list's: {token}")
    start, limit = int(token), min(payload.get("MaxResults", size), size)
    more = {"NextToken": str(start + limit)} if start + limit < len(items) else {}
    return items[start : start + limit], more


def _public(execution: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in execution.items() if not name.startswith("_")}


def _row(values: list[str | None]) -> dict[str, Any]:
    return {"Data": [{} if value is None else {"VarCharValue": value} for value in values]}


def _column_info(name: str, type_: Type) -> dict[str, Any]:
    precision, scale = _SCALE_OF.get(type_.base, 0), 0
    if type_.base == "decimal":
        precision, scale = type_.args
    elif type_.base == "varchar":
        precision = type_.args[0] if type_.args else 2_147_483_647
    elif type_.base.startswith("timestamp"):
        precision = 3
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": "float" if type_.base == "real" else type_.base,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": type_.base in ("varchar", "char"),
    }


# ---- workgroups and catalogs: there is one of each


def _require_primary(name: str) -> None:
    if name != "primary":
        raise _invalid(f"WorkGroup is not found: {name}. localaws has the workgroup primary.")


def _get_work_group(payload: dict[str, Any], _: Context) -> dict[str, Any]:
    _require_primary(_required(payload, "WorkGroup"))
    return {
        "WorkGroup": {
            "Name": "primary",
            "State": "ENABLED",
            "Configuration": {
                "ResultConfiguration": {},
                "EnforceWorkGroupConfiguration": False,
                "PublishCloudWatchMetricsEnabled": False,
                "RequesterPaysEnabled": False,
                "EngineVersion": {
                    "SelectedEngineVersion": "AUTO",
                    "EffectiveEngineVersion": "Athena engine version 3",
                },
            },
        }
    }


def _list_work_groups(_: dict[str, Any], __: Context) -> dict[str, Any]:
    return {"WorkGroups": [{"Name": "primary", "State": "ENABLED"}]}


def _require_catalog(payload: dict[str, Any], name: str) -> None:
    given = payload.get(name, CATALOG)
    if given.lower() != CATALOG.lower():
        raise _invalid(f"Data catalog {given} was not found; there is {CATALOG}")


def _get_data_catalog(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    _require_catalog(payload, "Name")
    parameters = {"catalog-id": context.account}
    return {"DataCatalog": {"Name": CATALOG, "Type": "GLUE", "Parameters": parameters}}


def _list_data_catalogs(_: dict[str, Any], __: Context) -> dict[str, Any]:
    return {"DataCatalogsSummary": [{"CatalogName": CATALOG, "Type": "GLUE"}]}


def _database(glue: dict[str, Any]) -> dict[str, Any]:
    described = {"Name": glue["Name"], "Parameters": glue.get("Parameters") or {}}
    if glue.get("Description"):
        described["Description"] = glue["Description"]
    return described


def _metadata_error(error: EntityNotFound) -> AwsError:
    return AwsError("MetadataException", f"EntityNotFoundException: {error.message}")


def _get_database(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    _require_catalog(payload, "CatalogName")
    try:
        return {"Database": _database(context.catalog.get_database(payload["DatabaseName"]))}
    except EntityNotFound as error:
        raise _metadata_error(error) from None


def _list_databases(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    _require_catalog(payload, "CatalogName")
    found = [_database(each) for each in context.catalog.databases()]
    page, token = _page(found, payload, 50)
    return {"DatabaseList": page, **token}


def _table_metadata(glue: dict[str, Any]) -> dict[str, Any]:
    return {
        "Name": glue["Name"],
        "TableType": glue.get("TableType", "EXTERNAL_TABLE"),
        "Columns": [_column(each) for each in glue["StorageDescriptor"].get("Columns", [])],
        "PartitionKeys": [_column(each) for each in glue.get("PartitionKeys", [])],
        "Parameters": {k: str(v) for k, v in (glue.get("Parameters") or {}).items()},
        **({"CreateTime": glue["CreateTime"]} if glue.get("CreateTime") else {}),
    }


def _column(column: dict[str, Any]) -> dict[str, str]:
    try:
        type_ = parse_type(column["Type"]).hive()
    except ValueError:
        type_ = column["Type"]
    described = {"Name": column["Name"], "Type": type_}
    return {**described, "Comment": column["Comment"]} if column.get("Comment") else described


def _get_table_metadata(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    _require_catalog(payload, "CatalogName")
    try:
        table = context.catalog.get_table(payload["DatabaseName"], payload["TableName"])
    except EntityNotFound as error:
        raise _metadata_error(error) from None
    return {"TableMetadata": _table_metadata(table)}


def _list_table_metadata(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    _require_catalog(payload, "CatalogName")
    try:
        found = [_table_metadata(each) for each in context.catalog.tables(payload["DatabaseName"])]
    except EntityNotFound as error:
        raise _metadata_error(error) from None
    page, token = _page(found, payload, 50)
    return {"TableMetadataList": page, **token}
