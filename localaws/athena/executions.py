"""Query executions: queued, run by a pool of threads, remembered across restarts.

An execution is a plain dict in the shape of the API's QueryExecution, plus private keys:
`_token` (ClientRequestToken), `_columns`, `_update_count`. Its result rows lie in a file of JSON
lines beside it, so that a page is read without the whole.
"""

import json
import logging
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from localaws.athena import statements
from localaws.athena.outcome import Outcome
from localaws.athena.results import csv_lines, text_lines
from localaws.engine import Engine, Session
from localaws.routes import AwsError
from localaws.sql.errors import QueryError
from localaws.state import State
from localaws.tables.locations import split_location
from localaws.tables.resolver import Lakehouse

FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")
WORKERS = 8
STOP_TRIES = 20
KIND = "athena_execution"
# Source: API reference, AthenaError: 1 System, 2 User, 3 Other.
_SYSTEM_ERRORS = ("GENERIC_INTERNAL_ERROR", "EXCEEDED_LOCAL_MEMORY_LIMIT")

log = logging.getLogger("localaws.athena")


class Executions:
    def __init__(self, state: State, engine: Engine, lakehouse: Lakehouse, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._state, self._engine, self._lakehouse, self._folder = state, engine, lakehouse, folder
        self._pool = ThreadPoolExecutor(WORKERS, "athena")
        self._changed = threading.Condition()
        self._sessions: dict[str, Session] = {}
        self._cancelled: set[str] = set()
        self._all: dict[str, dict[str, Any]] = dict(state.items(KIND))
        self._tokens = {each["_token"]: id_ for id_, each in self._all.items() if each["_token"]}
        for execution in list(self._all.values()):
            if execution["Status"]["State"] not in FINAL:
                self._finish(execution, "FAILED", "The endpoint stopped while the query ran")

    def start(
        self,
        sql: str,
        database: str,
        output: str,
        workgroup: str,
        token: str | None,
        parameters: list[str],
    ) -> str:
        """The new execution's id; the same one again for the same token."""
        with self._changed:
            if token and token in self._tokens:
                known = self._all[self._tokens[token]]
                if known["Query"] != sql:
                    message = "Idempotent parameters do not match"
                    raise AwsError("InvalidRequestException", message)
                return known["QueryExecutionId"]
            execution = _new_execution(sql, database, output, workgroup, token)
            if parameters:
                execution["ExecutionParameters"] = parameters
            id_ = execution["QueryExecutionId"]
            self._all[id_] = execution
            if token:
                self._tokens[token] = id_
        self._state.put(KIND, id_, execution)
        self._pool.submit(self._run, execution)
        return id_

    def get(self, id_: str) -> dict[str, Any]:
        with self._changed:
            if id_ not in self._all:
                message = f"QueryExecution {id_} was not found"
                raise AwsError("InvalidRequestException", message)
            return deepcopy(self._all[id_])

    def wait(self, id_: str, seconds: float) -> dict[str, Any]:
        """The execution, once it is final or `seconds` have passed."""
        self.get(id_)
        with self._changed:
            self._changed.wait_for(
                lambda: self._all[id_]["Status"]["State"] in FINAL, timeout=seconds
            )
        return self.get(id_)

    def ids(self, workgroup: str) -> list[str]:
        """Newest first."""
        with self._changed:
            found = [id_ for id_, each in self._all.items() if each["WorkGroup"] == workgroup]
        return found[::-1]

    def stop(self, id_: str) -> None:
        execution = self.get(id_)
        if execution["Status"]["State"] in FINAL:
            return
        with self._changed:
            self._cancelled.add(id_)
        # Again and again: an interrupt between two statements of one execution is lost.
        for _ in range(STOP_TRIES):
            with self._changed:
                session = self._sessions.get(id_)
            if session:
                session.cancel()
            if self.wait(id_, 0.05)["Status"]["State"] in FINAL:
                return

    def rows(self, id_: str, offset: int, limit: int) -> tuple[list[list[str | None]], int | None]:
        """Up to `limit` rows from byte `offset` of the result; the next offset, None at the end."""
        path = self._rows_path(id_)
        if not path.exists():
            return [], None
        rows = []
        with path.open("rb") as lines:
            lines.seek(offset)
            while len(rows) < limit and (line := lines.readline()):
                rows.append(json.loads(line))
            at = lines.tell()
            return rows, at if lines.read(1) else None

    def close(self) -> None:
        with self._changed:
            running = list(self._sessions.values())
            self._cancelled |= set(self._sessions)
        for session in running:
            session.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)

    # ---- one execution

    def _rows_path(self, id_: str) -> Path:
        return self._folder / f"{uuid.UUID(id_)}.jsonl"

    def _run(self, execution: dict[str, Any]) -> None:
        id_ = execution["QueryExecutionId"]
        started = perf_counter()
        try:
            self._set_state(execution, "RUNNING")
            with self._lakehouse.store.pinned(), self._engine.session() as session:
                with self._changed:
                    if id_ in self._cancelled:
                        raise QueryError("QUERY_CANCELED", "The query was canceled")
                    self._sessions[id_] = session
                outcome = self._execute(execution, session)
                self._publish(execution, outcome)
            _record(execution, outcome)
            state, reason = "SUCCEEDED", None
        except QueryError as error:
            cancelled = id_ in self._cancelled
            state, reason = ("CANCELLED", None) if cancelled else ("FAILED", str(error))
            if not cancelled:
                execution["Status"]["AthenaError"] = _athena_error(error)
        except Exception as failure:
            log.exception("query %s failed: %s", id_, execution["Query"])
            state, reason = "FAILED", f"GENERIC_INTERNAL_ERROR: localaws: {failure!r}"
        milliseconds = int(1000 * (perf_counter() - started))
        execution["Statistics"] |= {
            "EngineExecutionTimeInMillis": milliseconds,
            "TotalExecutionTimeInMillis": milliseconds,
        }
        with self._changed:
            self._sessions.pop(id_, None)
        self._finish(execution, state, reason)

    def _execute(self, execution: dict[str, Any], session: Session) -> Outcome:
        sql = statements.strip(execution["Query"])
        # awswrangler quotes it.
        database = execution["QueryExecutionContext"]["Database"].strip("`")
        # Where Athena puts a table that is created without a location.
        output = execution["ResultConfiguration"]["OutputLocation"].rstrip("/")
        tables = f"{output}/tables/{execution['QueryExecutionId']}/"
        parameters = tuple(execution.get("ExecutionParameters", ()))
        statement = statements.Statement(sql, database, tables, execution["WorkGroup"], parameters)
        return statements.execute(statement, self._lakehouse, session, self._state)

    def _publish(self, execution: dict[str, Any], outcome: Outcome) -> None:
        """The rows into their file and, as Athena does, into the output location."""
        id_ = execution["QueryExecutionId"]
        bucket, prefix = split_location(execution["ResultConfiguration"]["OutputLocation"])
        suffix = "csv" if outcome.is_query else "txt"
        name = f"{prefix}{id_}.{suffix}"
        location = f"s3://{bucket}/{name}"
        execution["ResultConfiguration"]["OutputLocation"] = location
        names = [column for column, _ in outcome.columns]
        rows_path, scratch = self._rows_path(id_), self._lakehouse.scratch / f"{id_}.{suffix}"
        partial = rows_path.with_suffix(".partial")
        render = csv_lines(names) if outcome.is_query else text_lines()
        with partial.open("w") as rows_file, scratch.open("w", newline="") as result:
            result.write(render.head)
            for row in outcome.rows:
                rows_file.write(json.dumps(row) + "\n")
                result.write(render.line(row))
        partial.rename(rows_path)
        if outcome.columns:
            self._lakehouse.store.put_file(bucket, name, scratch)
        else:
            scratch.unlink()

    def _set_state(self, execution: dict[str, Any], state: str) -> None:
        with self._changed:
            execution["Status"]["State"] = state
            self._changed.notify_all()

    def _finish(self, execution: dict[str, Any], state: str, reason: str | None = None) -> None:
        id_ = execution["QueryExecutionId"]
        with self._changed:
            final = deepcopy(execution)
            final["Status"] |= {"State": state, "CompletionDateTime": datetime.now(UTC)}
            if reason:
                final["Status"]["StateChangeReason"] = reason
            self._cancelled.discard(id_)
        # On disk before anybody is told.
        self._state.put(KIND, id_, final)
        with self._changed:
            self._all[id_] = final
            self._changed.notify_all()


def _record(execution: dict[str, Any], outcome: Outcome) -> None:
    execution["StatementType"] = outcome.statement_type
    execution["SubstatementType"] = outcome.substatement_type
    execution["Statistics"]["DataScannedInBytes"] = outcome.scanned
    execution["_columns"] = outcome.columns
    execution["_update_count"] = outcome.update_count


def _athena_error(error: QueryError) -> dict[str, Any]:
    category = 1 if error.code in _SYSTEM_ERRORS else 2
    return {
        "ErrorCategory": category,
        "ErrorType": 1 if category == 1 else 1006,
        "Retryable": error.code == "ICEBERG_COMMIT_ERROR",
        "ErrorMessage": str(error),
    }


def _new_execution(
    sql: str, database: str, output: str, workgroup: str, token: str | None
) -> dict[str, Any]:
    return {
        "QueryExecutionId": str(uuid.uuid4()),
        "Query": sql,
        "StatementType": _statement_type(sql),
        "ResultConfiguration": {"OutputLocation": output},
        "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
        "QueryExecutionContext": {"Database": database, "Catalog": "awsdatacatalog"},
        "Status": {"State": "QUEUED", "SubmissionDateTime": datetime.now(UTC)},
        "Statistics": {"DataScannedInBytes": 0},
        "WorkGroup": workgroup,
        "EngineVersion": {
            "SelectedEngineVersion": "AUTO",
            "EffectiveEngineVersion": "Athena engine version 3",
        },
        "_token": token,
    }


def _statement_type(sql: str) -> str:
    try:
        verb = statements.Statement(statements.strip(sql), "").verb
    except QueryError:
        return "DML"
    if verb in ("CREATE", "DROP", "ALTER"):
        return "DDL"
    return "UTILITY" if verb in ("SHOW", "DESCRIBE", "DESC", "MSCK", "EXPLAIN") else "DML"
