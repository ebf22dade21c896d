"""Query failures in Athena's words: `CODE: line L:C: message`."""

import re
from dataclasses import dataclass

from sqlglot import exp


@dataclass(frozen=True)
class Position:
    """Where in the statement: line and column count from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}:{self.column}"


class QueryError(Exception):
    """A statement that fails for a reason its author can mend.

    `code` is Trino's (or Athena's Hive / Iceberg) error name, `str(error)` what Athena puts into
    StateChangeReason.
    """

    def __init__(self, code: str, message: str, at: Position | None = None) -> None:
        self.code = code
        self.message = message
        self.at = at
        super().__init__(f"{code}: {at}: {message}" if at else f"{code}: {message}")


def position(node: exp.Expression | None, sql: str) -> Position | None:
    """The place of `node` in `sql`, from the first of its parts that the parser marked."""
    if node is None:
        return None
    starts = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return offset_position(sql, min(starts)) if starts else None


def blanked(sql: str, start: int) -> str:
    """`sql` with nothing before `start`: what follows keeps its place, so errors point rightly."""
    return re.sub(r"[^\n]", " ", sql[:start]) + sql[start:]


def offset_position(sql: str, offset: int) -> Position:
    before = sql[:offset]
    return Position(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)
