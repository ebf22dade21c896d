"""The Athena API's actions about query executions, and the service that has all of its actions.

Source of the shapes: the Athena API reference. Requests have been checked against it before they
come here. Actions that are not here are refused by the endpoint with UnknownOperationException.
"""

import uuid
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from localaws.athena import metadata_api, statements
from localaws.athena.api import invalid, one_at_a_time, page
from localaws.athena.executions import Executions
from localaws.athena.named_queries import NamedQueries
from localaws.athena.results import location
from localaws.athena.reuse import DEFAULT_MINUTES
from localaws.athena.workgroups import (
    PRIMARY,
    WorkGroups,
    manages_results,
    result_configuration,
)
from localaws.catalog import AlreadyExists, EntityNotFound
from localaws.engine.duckdb_engine import DuckDBEngine
from localaws.routes import AwsError, Context
from localaws.settings import objects_dir, tmp_dir
from localaws.sql import hive
from localaws.sql.errors import QueryError
from localaws.sql.hive.statements import Describe, ShowColumns
from localaws.tables.locations import split_location
from localaws.tables.resolver import Lakehouse

PAGE_ROWS = 1000
# GetQueryExecution is held this long while the query runs, so that clients, who sleep a second
# between two polls, hear of its end at once.
LONG_POLL_SECONDS = 5.0
_DDL = ("CREATE", "DROP", "ALTER", "MSCK")
_UTILITY = ("SHOW", "DESCRIBE", "DESC", "PREPARE", "DEALLOCATE")
_TIMELINE = (
    "QueryQueueTimeInMillis",
    "QueryPlanningTimeInMillis",
    "EngineExecutionTimeInMillis",
    "TotalExecutionTimeInMillis",
)
# Two spaces: the message is Athena's, as measured by aoyagikouhei/athena-local.
_NO_OUTPUT = (
    "No output location provided. You did not provide an output location for  your query results."
    " Either specify an S3 bucket location or enable Athena managed query results in your workgroup"
    " settings."
)
_MANAGED = "OutputLocation cannot be given in a workgroup with managed query results enabled."


class AthenaService:
    def __init__(self, context: Context) -> None:
        scratch = tmp_dir(context.data_dir) / "athena"
        engine = DuckDBEngine(objects_dir(context.data_dir), scratch)
        lakehouse = Lakehouse(context.catalog, context.store, scratch, context.account, engine)
        _ensure_default_database(context)
        folder = context.data_dir / "athena"
        self._executions = Executions(context.state, engine, lakehouse, folder)
        self._workgroups = WorkGroups(context, self._is_empty, self._clear)
        self._named = NamedQueries(context.state, self._workgroups.require)
        self.actions = {
            **metadata_api.ACTIONS,
            **one_at_a_time({**self._workgroups.actions, **self._named.actions}),
            "StartQueryExecution": self._start_query_execution,
            "GetQueryExecution": self._get_query_execution,
            "BatchGetQueryExecution": self._batch_get_query_execution,
            "GetQueryResults": self._get_query_results,
            "GetQueryRuntimeStatistics": self._get_query_runtime_statistics,
            "StopQueryExecution": self._stop_query_execution,
            "ListQueryExecutions": self._list_query_executions,
        }

    def close(self) -> None:
        self._executions.close()

    def _is_empty(self, workgroup: str) -> bool:
        return not self._named.belongs(workgroup) and not self._executions.history(workgroup)

    def _clear(self, workgroup: str) -> None:
        self._named.clear(workgroup)
        self._executions.clear(workgroup)

    # ---- actions

    def _start_query_execution(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        if "ClientRequestToken" not in payload:
            raise invalid("clientRequestToken is null or empty")
        if "EngineConfiguration" in payload:
            raise invalid("EngineConfiguration is for Spark, which is not supported locally.")
        verb, kind = _statement(payload["QueryString"])
        group = self._workgroups.require_enabled(payload.get("WorkGroup", PRIMARY))
        metadata_api.require_catalog(
            payload.get("QueryExecutionContext", {}).get("Catalog", metadata_api.CATALOG)
        )
        _require_described(payload, verb, context)
        asked = result_configuration(payload.get("ResultConfiguration", {}), context.account)
        id_ = str(uuid.uuid4())
        execution = {
            "QueryExecutionId": id_,
            "StatementType": kind,
            **_results_of(id_, verb, asked, group["Configuration"], context),
            **_requested(payload, group),
        }
        return {"QueryExecutionId": self._executions.start(execution)}

    def _get_query_execution(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        execution = self._executions.wait(payload["QueryExecutionId"], LONG_POLL_SECONDS)
        return {"QueryExecution": _public(execution)}

    def _batch_get_query_execution(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        found, missing = [], []
        for id_ in dict.fromkeys(payload["QueryExecutionIds"]):
            try:
                found.append(_public(self._executions.get(id_)))
            except AwsError as error:
                missing.append(
                    {
                        "QueryExecutionId": id_,
                        "ErrorCode": error.members["AthenaErrorCode"],
                        "ErrorMessage": error.message,
                    }
                )
        return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing}

    def _get_query_results(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        id_ = payload["QueryExecutionId"]
        execution = self._executions.get(id_)
        limit = payload.get("MaxResults", PAGE_ROWS)
        _require_results(execution)
        token = payload.get("NextToken")
        # The first row of a query's first page is its header.
        header = token is None and execution["_header"]
        infos = execution["_infos"]
        try:
            offset = int(token) if token else 0
            rows, following = self._executions.rows(id_, offset, limit - header)
        except ValueError:
            raise invalid(f"Malformed nextPageToken {token}") from None
        data = [_row([info["Name"] for info in infos])] if header else []
        data += [_row(row) for row in rows]
        result: dict[str, Any] = {
            "ResultSet": {"Rows": data, "ResultSetMetadata": {"ColumnInfo": infos}}
        }
        if execution["_update_count"] is not None:
            result["UpdateCount"] = execution["_update_count"]
        # As on Athena a full page has a token, even where nothing is left.
        if len(data) == limit:
            result["NextToken"] = str(following)
        return result

    def _get_query_runtime_statistics(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        execution = self._executions.get(payload["QueryExecutionId"])
        _require_results(execution)
        statistics = execution["Statistics"]
        return {
            "QueryRuntimeStatistics": {
                "Timeline": {name: statistics[name] for name in _TIMELINE if name in statistics},
                "Rows": {
                    "InputBytes": statistics["DataScannedInBytes"],
                    "OutputRows": execution["_rows"] or execution["_update_count"] or 0,
                    "OutputBytes": execution["_size"],
                },
            }
        }

    def _stop_query_execution(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        self._executions.stop(payload["QueryExecutionId"])
        return {}

    def _list_query_executions(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        workgroup = payload.get("WorkGroup", PRIMARY)
        self._workgroups.require(workgroup)
        found, token = page(self._executions.history(workgroup), _newest_first, payload)
        return {"QueryExecutionIds": [id_ for _, id_ in found], **token}


def _newest_first(entry: tuple[datetime, str]) -> tuple[float, str]:
    submitted, id_ = entry
    return -submitted.timestamp(), id_


def _require_described(payload: dict[str, Any], verb: str, context: Context) -> None:
    """DESCRIBE and SHOW COLUMNS look for their table before they start. The message is Athena's,
    as measured by aoyagikouhei/athena-local (docs/caveats.md)."""
    if verb not in ("DESCRIBE", "DESC", "SHOW"):
        return
    try:
        statement = hive.parse_ddl(statements.strip(payload["QueryString"]))
    except QueryError:
        return  # the execution fails
    if isinstance(statement, Describe | ShowColumns):
        own = payload.get("QueryExecutionContext", {}).get("Database", "default")
        try:
            context.catalog.get_table(
                statement.name.database or own.strip("`"), statement.name.table
            )
        except EntityNotFound:
            raise invalid(
                "Entity Not Found (Service: AmazonDataCatalog; Status Code: 400; Error Code: "
                f"EntityNotFoundException; Request ID: {uuid.uuid4()}; Proxy: null)"
            ) from None


def _ensure_default_database(context: Context) -> None:
    """Statements without a database mean `default`, which every account has."""
    with suppress(AlreadyExists):
        context.catalog.create_database({"Name": "default", "Description": "Default database"})


def _results_of(
    id_: str, verb: str, asked: dict[str, Any], group: dict[str, Any], context: Context
) -> dict[str, Any]:
    """The members of an execution that say where its result goes."""
    if manages_results(group):
        if asked.get("OutputLocation"):
            raise invalid(_MANAGED)
        managed = {"ManagedQueryResultsConfiguration": {"Enabled": True}}
        return {**managed, "ResultConfiguration": {}, "_output": ""}
    used = _used_configuration(asked, group)
    bucket, prefix = split_location(used["OutputLocation"])
    if bucket not in context.store.buckets():
        raise invalid(f"Unable to verify/create output bucket {bucket}")
    output = f"s3://{bucket}/{prefix}"
    place = location(output, id_, verb)
    return {"ResultConfiguration": {**used, "OutputLocation": place}, "_output": output}


def _used_configuration(asked: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
    """The workgroup's result configuration where it is enforced, else what was asked for first."""
    own = group["ResultConfiguration"]
    used = own if group["EnforceWorkGroupConfiguration"] else own | asked
    if not used.get("OutputLocation"):
        raise invalid(_NO_OUTPUT)
    return used


def _requested(payload: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
    """The members of an execution that do not depend on where its result goes."""
    given = payload.get("QueryExecutionContext", {})
    # Athena shows the catalog in lower case, the database as it was given, neither when not.
    context = {"Catalog": given["Catalog"].lower()} if "Catalog" in given else {}
    context |= {"Database": given["Database"]} if "Database" in given else {}
    parameters = payload.get("ExecutionParameters")
    engine = group["Configuration"]["EngineVersion"]
    return {
        "Query": payload["QueryString"],
        "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": _reuse(payload)},
        "QueryExecutionContext": context,
        "Status": {"State": "QUEUED", "SubmissionDateTime": datetime.now(UTC)},
        "Statistics": {
            "DataScannedInBytes": 0,
            "ResultReuseInformation": {"ReusedPreviousResult": False},
        },
        "WorkGroup": group["Name"],
        "EngineVersion": dict(engine),
        **({"ExecutionParameters": parameters} if parameters else {}),
        "_token": payload["ClientRequestToken"],
        "_requested": payload.get("ResultConfiguration", {}),
        "_limit": group["Configuration"].get("BytesScannedCutoffPerQuery"),
    }


def _reuse(payload: dict[str, Any]) -> dict[str, Any]:
    asked = payload.get("ResultReuseConfiguration", {}).get("ResultReuseByAgeConfiguration", {})
    if not asked.get("Enabled"):
        return {"Enabled": False}
    return {"Enabled": True, "MaxAgeInMinutes": asked.get("MaxAgeInMinutes", DEFAULT_MINUTES)}


def _statement(sql: str) -> tuple[str, str]:
    """(verb, StatementType) of a statement, as far as its first word tells."""
    try:
        verb = statements.Statement(statements.strip(sql), "").verb
    except QueryError as error:
        raise invalid(error.message, "MALFORMED_QUERY") from None
    if verb in _DDL:
        return verb, "DDL"
    return verb, "UTILITY" if verb in _UTILITY else "DML"


def _require_results(execution: dict[str, Any]) -> None:
    match execution["Status"]["State"]:
        case "SUCCEEDED":
            return
        case "CANCELLED":
            raise invalid("Could not find results", "RESULT_NOT_FOUND")
        case "FAILED":
            message = "Query did not finish successfully. Final query state: FAILED"
            raise invalid(message, "INVALID_QUERY_EXECUTION_STATE")
        case state:
            message = f"Query has not yet finished. Current state: {state}"
            raise invalid(message, "INVALID_QUERY_EXECUTION_STATE")


def _public(execution: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in execution.items() if not name.startswith("_")}


def _row(values: list[str | None]) -> dict[str, Any]:
    return {"Data": [{} if value is None else {"VarCharValue": value} for value in values]}
