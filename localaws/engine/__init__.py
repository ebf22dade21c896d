"""What executes compiled SQL. One engine today, DuckDB; a second one implements these protocols."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

import pyarrow as pa

from localaws.engine.column_types import ColumnType


class Session(Protocol):
    """One statement's connection: its temporary tables are its own and go with it.

    Every method raises QueryError where the statement is at fault. `scanned`: the bytes charged so
    far; `limit`: how many may be, None for any number.
    """

    scanned: int
    limit: int | None

    def charge(self, size: int) -> None:
        """Count bytes that the statement is about to read. Raises EXCEEDED_SCAN_LIMIT."""

    def run(self, sql: str) -> int:
        """Execute for its effect; the number of rows written or changed, 0 where none is."""

    def rows(self, sql: str) -> list[tuple]:
        """All rows of a small result."""

    def columns(self, sql: str) -> tuple[tuple[str, ColumnType], ...]:
        """The columns that a query would have; it is not run."""

    def batches(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """A result of any size, in batches of about `rows` rows."""

    def cancel(self) -> None:
        """Stop what runs, from another thread: it fails with QUERY_CANCELED."""


class Engine(Protocol):
    def session(self) -> AbstractContextManager[Session]: ...
