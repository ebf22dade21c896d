"""Query executions: queued, run by a pool of threads, remembered across restarts.

An execution is a plain dict in the shape of the API's QueryExecution, plus private keys:
`_token` (ClientRequestToken), `_requested` (the result configuration as it was asked for),
`_output` (the folder that results go to), `_limit` (bytes it may scan), and, once it has
succeeded, `_infos` (ColumnInfo of each column), `_header`, `_rows`, `_size` and `_update_count`
of its result. Its result rows lie in a file of JSON lines beside it, so that a page is read
without the whole.
"""

import logging
import os
import re
import sqlite3
import threading
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from localaws import disk
from localaws.athena import results, statements
from localaws.athena.api import invalid
from localaws.athena.failures import athena_error, interrupted
from localaws.athena.outcome import Outcome
from localaws.athena.reuse import reusable
from localaws.engine import Engine, Session
from localaws.routes import AwsError
from localaws.sql.errors import QueryError
from localaws.state import State
from localaws.tables.resolver import Lakehouse

FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")
WORKERS = 8
STOP_TRIES = 20
KIND = "athena_execution"
# Source: user guide, "View recent queries": Athena keeps query history for 45 days.
HISTORY = timedelta(days=45)
# Source: Athena pricing: bytes are rounded up to megabytes, 10 MB minimum per query.
MEGABYTE = 1 << 20
BILLED_AT_LEAST = 10
# Statements that plan a query without reading its tables.
_PLANS_ONLY = re.compile(
    r"\s*(explain(?!\s+analyze)|create\s+(or\s+replace\s+)?view)\b", re.IGNORECASE
)
SCAN_LIMIT_EXCEEDED = "Bytes scanned limit was exceeded"

log = logging.getLogger("localaws.athena")


def billed_bytes(execution: dict[str, Any]) -> int:
    """What Athena would charge for: nothing for DDL that reads no data, nor for what failed."""
    scanned = execution["Statistics"]["DataScannedInBytes"]
    free = execution["StatementType"] != "DML" and not scanned
    if free or execution["Status"]["State"] == "FAILED":
        return 0
    if execution["Statistics"].get("ResultReuseInformation", {}).get("ReusedPreviousResult"):
        return 0
    return max(BILLED_AT_LEAST, -(-scanned // MEGABYTE)) * MEGABYTE


class Executions:
    def __init__(self, state: State, engine: Engine, lakehouse: Lakehouse, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._state, self._engine, self._lakehouse, self._folder = state, engine, lakehouse, folder
        self._pool = ThreadPoolExecutor(WORKERS, "athena")
        self._changed = threading.Condition()
        self._sessions: dict[str, Session] = {}
        self._cancelled: set[str] = set()
        self._all: dict[str, dict[str, Any]] = dict(state.items(KIND))
        self._tokens = {each["_token"]: id_ for id_, each in self._all.items()}
        oldest = datetime.now(UTC) - HISTORY
        self._forget(
            id_
            for id_, each in list(self._all.items())
            if each["Status"]["SubmissionDateTime"] < oldest
        )
        for execution in list(self._all.values()):
            if execution["Status"]["State"] not in FINAL:
                reason = "The endpoint stopped while the query ran"
                execution["Status"]["AthenaError"] = interrupted(reason)
                self._finish(execution, "FAILED", reason)

    def start(self, execution: dict[str, Any]) -> str:
        """The new execution's id; the same one again for the same token."""
        token = execution["_token"]
        with self._changed:
            if token in self._tokens:
                known = self._all[self._tokens[token]]
                if any(known[key] != execution[key] for key in _IDENTITY):
                    message = "Idempotent parameters do not match"
                    raise invalid(message, "IDEMPOTENT_PARAMETER_MISMATCH")
                return known["QueryExecutionId"]
            id_ = execution["QueryExecutionId"]
            # First: a token whose execution could not be noted must not be known.
            self._state.put(KIND, id_, execution)
            self._all[id_] = execution
            self._tokens[token] = id_
        self._pool.submit(self._run, id_)
        return id_

    def get(self, id_: str) -> dict[str, Any]:
        with self._changed:
            if id_ not in self._all:
                message = f"QueryExecution {id_} was not found"
                raise invalid(message, "QUERY_EXECUTION_NOT_FOUND")
            return deepcopy(self._all[id_])

    def wait(self, id_: str, seconds: float) -> dict[str, Any]:
        """The execution, once it is final or `seconds` have passed."""
        execution = self.get(id_)
        if execution["Status"]["State"] in FINAL:
            return execution
        with self._changed:
            self._changed.wait_for(
                lambda: id_ not in self._all or self._all[id_]["Status"]["State"] in FINAL,
                timeout=seconds,
            )
        return self.get(id_)

    def history(self, workgroup: str) -> list[tuple[datetime, str]]:
        """(submitted, id) of a workgroup's executions, newest first."""
        with self._changed:
            found = [
                (each["Status"]["SubmissionDateTime"], id_)
                for id_, each in self._all.items()
                if each["WorkGroup"] == workgroup
            ]
        return sorted(found, key=lambda entry: (-entry[0].timestamp(), entry[1]))

    def clear(self, workgroup: str) -> None:
        """Stop and forget what a workgroup has run."""
        ids = [id_ for _, id_ in self.history(workgroup)]
        for id_ in ids:
            self.stop(id_)
        self._forget(ids)

    def stop(self, id_: str) -> None:
        execution = self.get(id_)
        if execution["Status"]["State"] in FINAL:
            return
        with self._changed:
            self._cancelled.add(id_)
        # Again and again: an interrupt between two statements of one execution is lost.
        for _ in range(STOP_TRIES):
            with self._changed:
                if id_ in self._sessions:
                    self._sessions[id_].cancel()
            if self.wait(id_, 0.05)["Status"]["State"] in FINAL:
                return

    def rows(self, id_: str, offset: int, limit: int) -> tuple[list[list[str | None]], int]:
        """Up to `limit` rows from byte `offset` of the result, and the offset behind them.

        Raises ValueError for an offset where no row begins.
        """
        return results.page(self._rows_path(id_), offset, limit)

    def close(self) -> None:
        with self._changed:
            self._cancelled |= set(self._sessions)
            for session in self._sessions.values():
                session.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _forget(self, ids: Iterable[str]) -> None:
        for id_ in ids:
            self._state.delete(KIND, id_)
            with self._changed:
                forgotten = self._all.pop(id_)
                self._tokens.pop(forgotten["_token"], None)
                self._changed.notify_all()
            self._rows_path(id_).unlink(missing_ok=True)

    # ---- one execution

    def _rows_path(self, id_: str) -> Path:
        return self._folder / f"{uuid.UUID(id_)}.jsonl"

    def _run(self, id_: str) -> None:
        self._set_state(id_, "RUNNING")
        execution = self.get(id_)
        reads = not _PLANS_ONLY.match(statements.strip(execution["Query"]))
        session, reason = None, None
        try:
            with self._lakehouse.store.pinned(), self._engine.session() as session:
                session.limit = execution["_limit"] if reads else None
                with self._changed:
                    if id_ in self._cancelled:
                        raise QueryError("QUERY_CANCELED", "The query was canceled")
                    self._sessions[id_] = session
                try:
                    self._answer(execution, session)
                finally:
                    # Before its connection closes: what is closed cannot be cancelled.
                    with self._changed:
                        del self._sessions[id_]
            state = "SUCCEEDED"
        except QueryError as error:
            state, reason = self._failed(execution, error)
        except AwsError as error:
            failure = QueryError("GENERIC_USER_ERROR", error.message)
            state, reason = self._failed(execution, failure)
        except Exception as failure:
            log.exception("query %s failed: %s", id_, execution["Query"])
            words = f"localaws: {disk.in_words(failure)}"
            error = QueryError("GENERIC_INTERNAL_ERROR", words)
            state, reason = self._failed(execution, error)
        if session and reads and state != "SUCCEEDED":
            execution["Statistics"]["DataScannedInBytes"] = session.scanned
        self._finish(execution, state, reason)

    def _failed(self, execution: dict[str, Any], error: QueryError) -> tuple[str, str]:
        """(state, reason); the failure is noted in the execution."""
        if execution["QueryExecutionId"] in self._cancelled:
            return "CANCELLED", "Query cancelled by user"
        if error.code == "EXCEEDED_SCAN_LIMIT":
            return "CANCELLED", SCAN_LIMIT_EXCEEDED
        execution["Status"]["AthenaError"] = athena_error(error)
        return "FAILED", str(error)

    def _answer(self, execution: dict[str, Any], session: Session) -> None:
        """Carry the statement out, or take the result of an earlier execution."""
        started = perf_counter()
        execution["Statistics"]["QueryQueueTimeInMillis"] = _since_submission(execution)
        with self._changed:
            history = list(self._all.values())
        earlier = reusable(execution, history, self._lakehouse.store)
        if earlier:
            self._reuse(execution, earlier)
            return
        outcome = self._execute(execution, session)
        planned = perf_counter()
        published = results.publish(
            outcome,
            execution["_output"],
            execution["QueryExecutionId"],
            self._rows_path(execution["QueryExecutionId"]),
            self._lakehouse.scratch,
            self._lakehouse.store,
        )
        _record(execution, outcome, published)
        execution["Statistics"] |= {
            "EngineExecutionTimeInMillis": _milliseconds(perf_counter() - started),
            "DataScannedInBytes": outcome.scanned,
        }
        if outcome.is_query:
            # Of other statements the planning is not told apart.
            execution["Statistics"]["QueryPlanningTimeInMillis"] = _milliseconds(planned - started)

    def _reuse(self, execution: dict[str, Any], earlier: dict[str, Any]) -> None:
        os.link(
            self._rows_path(earlier["QueryExecutionId"]),
            self._rows_path(execution["QueryExecutionId"]),
        )
        for key in _RESULT:
            execution[key] = deepcopy(earlier[key])
        execution["Statistics"]["ResultReuseInformation"] = {"ReusedPreviousResult": True}

    def _execute(self, execution: dict[str, Any], session: Session) -> Outcome:
        # Where Athena puts a table that is created without a location.
        output = execution["_output"]
        tables = f"{output}tables/{execution['QueryExecutionId']}/" if output else ""
        statement = statements.Statement(
            statements.strip(execution["Query"]),
            # awswrangler quotes it.
            execution["QueryExecutionContext"].get("Database", "default").strip("`").lower(),
            tables,
            execution["WorkGroup"],
            tuple(execution.get("ExecutionParameters", ())),
        )
        return statements.execute(statement, self._lakehouse, session, self._state)

    def _set_state(self, id_: str, state: str) -> None:
        with self._changed:
            self._all[id_]["Status"]["State"] = state
            self._changed.notify_all()

    def _finish(self, execution: dict[str, Any], state: str, reason: str | None = None) -> None:
        id_ = execution["QueryExecutionId"]
        execution["Status"] |= {"State": state, "CompletionDateTime": datetime.now(UTC)}
        if reason:
            execution["Status"]["StateChangeReason"] = reason
        statistics = execution["Statistics"]
        total = _since_submission(execution)
        statistics["TotalExecutionTimeInMillis"] = total
        statistics.setdefault("EngineExecutionTimeInMillis", 0 if state == "SUCCEEDED" else total)
        # On disk before anybody is told; what cannot be kept there has failed, as a restart has it.
        try:
            self._state.put(KIND, id_, execution)
        except sqlite3.Error as failure:
            log.exception("the end of query %s cannot be kept", id_)
            reason = f"localaws: {disk.in_words(failure)}"
            error = athena_error(QueryError("GENERIC_INTERNAL_ERROR", reason))
            execution["Status"] |= {
                "State": "FAILED",
                "StateChangeReason": reason,
                "AthenaError": error,
            }
        with self._changed:
            self._cancelled.discard(id_)
            self._all[id_] = execution
            self._changed.notify_all()
        scanned, billed = statistics["DataScannedInBytes"], billed_bytes(execution)
        log.info("query %s %s: %d bytes scanned, %d billed", id_, state, scanned, billed)


# What must be the same where a token comes again.
_IDENTITY = ("Query", "QueryExecutionContext", "_requested")
# What an execution has from its result.
_RESULT = (
    "StatementType",
    "SubstatementType",
    "ResultConfiguration",
    "_infos",
    "_header",
    "_rows",
    "_size",
    "_update_count",
)


def _record(execution: dict[str, Any], outcome: Outcome, published: results.Published) -> None:
    execution["StatementType"] = outcome.statement_type
    execution["SubstatementType"] = outcome.substatement_type
    if published.location:
        execution["ResultConfiguration"]["OutputLocation"] = published.location
    execution["_infos"], execution["_header"] = published.infos, published.header
    execution["_rows"], execution["_size"] = published.rows, published.size
    execution["_update_count"] = _update_count(outcome)
    if published.manifest:
        execution["Statistics"]["DataManifestLocation"] = published.manifest


def _update_count(outcome: Outcome) -> int | None:
    """Queries and SHOW change nothing; EXPLAIN and DDL do not even say so."""
    if outcome.update_count is not None:
        return outcome.update_count
    silent = outcome.statement_type == "DDL" or outcome.substatement_type == "EXPLAIN"
    return None if silent else 0


def _since_submission(execution: dict[str, Any]) -> int:
    elapsed = datetime.now(UTC) - execution["Status"]["SubmissionDateTime"]
    return _milliseconds(elapsed.total_seconds())


def _milliseconds(seconds: float) -> int:
    return int(1000 * seconds)
