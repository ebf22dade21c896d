"""DuckDB, in process: one shared instance, a connection per statement."""

import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from localaws.engine import functions
from localaws.engine.column_types import ColumnType
from localaws.java_text import java_float
from localaws.sql.errors import QueryError

_MACROS = Path(__file__).with_name("macros")
_FAILED_BY_MACRO = re.compile(r"'@(?P<code>[A-Z_]+)@(?P<message>.*)@' to INT32", re.DOTALL)
_FAILED_IN_PYTHON = re.compile(r"FunctionError: @(?P<code>[A-Z_]+)@(?P<message>.*)@", re.DOTALL)
_OUT_OF_RANGE = re.compile(
    r"Type (?P<source>\w+) with value (?P<value>\S+) can't be cast because the value is out of "
    r"range for the destination type (?P<target>INT\d+)"
)
_TRINO_TYPES = {"INT8": "tinyint", "INT16": "smallint", "INT32": "integer", "INT64": "bigint"}


class DuckDBEngine:
    """`readable` and `scratch` are the only folders the engine can reach; the latter it writes."""

    def __init__(self, readable: Path, scratch: Path) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        self._readable, self._scratch = readable, scratch
        self._guard = threading.Lock()
        self._instance = self._open()

    def _open(self) -> duckdb.DuckDBPyConnection:
        instance = duckdb.connect(
            config={
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                # What needs more goes to disk: other programs of this machine need some, too.
                "memory_limit": "30%",
                # An interrupted COPY may wait forever for such threads (DuckDB 2.0.0); without
                # them it writes by itself, as fast to a local disk.
                "async_threads": 0,
            }
        )
        # Not that of an instance which a fatal error ended and a statement still holds.
        spill = self._scratch / f"spill-{uuid.uuid4()}"
        folders = ", ".join(f"'{folder}'" for folder in (self._readable, self._scratch))
        instance.execute(f"SET temp_directory = '{spill}'")
        instance.execute(f"SET allowed_directories = [{folders}]")
        instance.execute("SET GLOBAL TimeZone = 'UTC'")
        # Generated statements chain thousands of operators.
        instance.execute("SET GLOBAL max_expression_depth = 10000")
        # A constant in ORDER BY is a value like another.
        instance.execute("SET GLOBAL order_by_non_integer_literal = true")
        # It would compute a part that stands twice inside TRY(...) before TRY, which then fails.
        instance.execute("SET GLOBAL disabled_optimizers = 'common_subexpressions'")
        functions.register(instance)
        # tr_fail first: the others use it.
        families = (
            *("errors", "time_zones", "dates", "numbers", "date_texts", "strings", "casts"),
            *("collections", "maps", "aggregates", "files"),
        )
        for family in families:
            instance.execute((_MACROS / f"{family}.sql").read_text())
        instance.execute("SET enable_external_access = false")
        instance.execute("SET lock_configuration = true")
        return instance

    def _connection(self) -> duckdb.DuckDBPyConnection:
        """A connection to an instance that works: a fatal error ends one for good."""
        with self._guard:
            connection = self._instance.cursor()
            try:
                connection.execute("SELECT 1").fetchall()
                return connection
            except duckdb.FatalException:
                self._instance = self._open()
                return self._instance.cursor()

    @contextmanager
    def session(self) -> Iterator["DuckDBSession"]:
        connection = self._connection()
        try:
            yield DuckDBSession(connection)
        finally:
            connection.close()


class DuckDBSession:
    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._cancelled = threading.Event()
        self._result: pa.RecordBatchReader | None = None
        self.scanned = 0
        self.limit: int | None = None

    def charge(self, size: int) -> None:
        self.scanned += size
        if self.limit is not None and self.scanned > self.limit:
            self.scanned = self.limit
            raise QueryError("EXCEEDED_SCAN_LIMIT", "Bytes scanned limit was exceeded")

    def run(self, sql: str) -> int:
        result = self._execute(sql).fetchone()
        return result[0] if result and isinstance(result[0], int) else 0

    def rows(self, sql: str) -> list[tuple]:
        try:
            return self._execute(sql).fetchall()
        except duckdb.Error as error:
            raise translated(error) from error

    def columns(self, sql: str) -> tuple[tuple[str, ColumnType], ...]:
        self._close_result()
        self._check_cancelled()
        try:
            found = self._connection.sql(sql)
        except duckdb.Error as error:
            raise translated(error) from error
        return tuple(zip(found.columns, map(_column_type, found.types), strict=True))

    def batches(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        self._close_result()
        self._check_cancelled()
        try:
            self._result = self._connection.sql(sql).to_arrow_reader(rows)
            yield from self._result
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            # What fails after the first rows comes through Arrow, as an OSError.
            raise translated(error) from error

    def cancel(self) -> None:
        # An interrupt reaches only a statement that runs; the next one must not start either.
        self._cancelled.set()
        self._connection.interrupt()

    def _close_result(self) -> None:
        """A result that nobody reads to its end (its reader failed) would block the connection."""
        if self._result is not None:
            self._result.close()
            self._result = None

    def _check_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise QueryError("QUERY_CANCELED", "The query was canceled")

    def _execute(self, sql: str) -> duckdb.DuckDBPyConnection:
        self._close_result()
        self._check_cancelled()
        try:
            return self._connection.execute(sql)
        except duckdb.Error as error:
            raise translated(error) from error


def _column_type(type_: Any) -> ColumnType:
    kind = type_.id.upper() if type_.id in ("struct", "list", "map") else ""
    parts = tuple((name, _column_type(each)) for name, each in type_.children) if kind else ()
    return ColumnType(str(type_), kind, parts)


def translated(error: Exception) -> QueryError:
    """DuckDB's error as Athena would put it."""
    text = str(error)
    if match := _FAILED_BY_MACRO.search(text) or _FAILED_IN_PYTHON.search(text):
        return QueryError(match["code"], match["message"])
    if "Max expression depth" in text:
        return QueryError("STACK_OVERFLOW", "statement is too large (stack overflow)")
    if match := re.search(r"Unknown TimeZone '@(.*)@'!", text, re.DOTALL):
        return QueryError("NOT_SUPPORTED", match[1])
    if match := re.search(r"Unknown TimeZone '(.*)'!", text):
        return QueryError("NOT_SUPPORTED", f"the time zone {match[1]} is not supported locally")
    if text.startswith("INTERRUPT Error"):
        return QueryError("QUERY_CANCELED", "The query was canceled")
    if "Division by zero in expression" in text:
        return QueryError("DIVISION_BY_ZERO", "Division by zero")
    if "More than one row returned by a subquery" in text:
        return QueryError("SUBQUERY_MULTIPLE_ROWS", "Scalar sub-query has returned multiple rows")
    if match := re.search(r"Overflow in (\w+) of (INT\d+) \((.*)\)!", text):
        operation, type_, operands = match.groups()
        return QueryError(
            "NUMERIC_VALUE_OUT_OF_RANGE",
            f"{_TRINO_TYPES.get(type_, type_)} {operation} overflow: {operands}",
        )
    if text.startswith("Out of Range Error"):
        return QueryError("NUMERIC_VALUE_OUT_OF_RANGE", _first_line(text))
    if "CSV Error" in text or "CSV Parser" in text:
        # JSON lines are read as text files too.
        return QueryError("HIVE_BAD_DATA", f"Error reading a text file: {_first_line(text)}")
    if text.startswith("Invalid Input Error"):
        return QueryError("INVALID_FUNCTION_ARGUMENT", _first_line(text))
    if match := _OUT_OF_RANGE.search(text):
        return _out_of_range(match["source"], match["value"], _TRINO_TYPES[match["target"]])
    if text.startswith("Conversion Error"):
        return QueryError("INVALID_CAST_ARGUMENT", _first_line(text))
    if text.startswith("Out of Memory Error"):
        return QueryError("EXCEEDED_LOCAL_MEMORY_LIMIT", _first_line(text))
    return QueryError("GENERIC_INTERNAL_ERROR", f"localaws: {_first_line(text)}")


def _out_of_range(source: str, value: str, target: str) -> QueryError:
    """Of a number that an integer type cannot hold. A double is told as it was rounded."""
    if source in ("FLOAT", "DOUBLE"):
        number = java_float(float(value), single=source == "FLOAT")
        if target == "bigint":
            return QueryError("INVALID_CAST_ARGUMENT", f"Unable to cast {number} to bigint")
        if number == "NaN":
            name = "real" if source == "FLOAT" else "double"
            return QueryError("INVALID_CAST_ARGUMENT", f"Cannot cast {name} NaN to {target}")
        value = number
    return QueryError("NUMERIC_VALUE_OUT_OF_RANGE", f"Out of range for {target}: {value}")


def _first_line(text: str) -> str:
    return re.sub(r"^[A-Z][A-Za-z ]+ Error: ", "", text.split("\n", 1)[0])
