"""FOR VERSION AS OF and FOR TIMESTAMP AS OF: which snapshot they name.

Source of the rules and error texts: Trino's IcebergMetadata and the Athena user guide, "Perform
time travel and version travel queries" (a time without a zone is in UTC).
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

from pyiceberg.table import Table
from sqlglot import exp

from localaws.sql.errors import QueryError
from localaws.sql.expressions import compile_expression
from localaws.sql.queries import compile_query
from localaws.sql.scope import Analysis, Scope, Tables
from localaws.sql.types import Type

_MILLISECOND = 1000


def snapshot_of(
    table: Table, version: exp.Version, tables: Tables, evaluate: Callable[[str], Any]
) -> int:
    """The snapshot's id. `evaluate`: the value of a constant in the engine's SQL.

    Raises INVALID_ARGUMENTS for a version that the table does not have.
    """
    if version.text("kind").upper() != "AS OF":
        message = f"mismatched input '{version.text('kind')}', expecting AS"
        raise QueryError("SYNTAX_ERROR", message)
    scope = Scope(Analysis("", tables, "", compile_query))
    pointer = compile_expression(version.expression, scope)
    value = evaluate(pointer.sql)
    if value is None:
        raise QueryError("INVALID_ARGUMENTS", "Pointer value cannot be NULL")
    if version.name.upper() == "VERSION":
        return _version(table, value, pointer.type)
    return _moment(table, value, pointer.type)


def _version(table: Table, value: Any, type_: Type) -> int:
    if type_.is_integer:
        snapshot_id = value
    elif type_.base == "varchar":
        ref = table.metadata.refs.get(value)
        if ref is None:
            message = f"Cannot find snapshot with reference name: {value}"
            raise QueryError("INVALID_ARGUMENTS", message)
        snapshot_id = ref.snapshot_id
    else:
        raise QueryError("NOT_SUPPORTED", f"Unsupported type for table version: {type_}")
    if table.metadata.snapshot_by_id(snapshot_id) is None:
        raise QueryError("INVALID_ARGUMENTS", f"Iceberg snapshot ID does not exists: {snapshot_id}")
    return snapshot_id


def _moment(table: Table, value: Any, type_: Type) -> int:
    match value:
        case datetime():
            moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        case date():
            moment = datetime.combine(value, time(), UTC)
        case _:
            message = f"Unsupported type for temporal table version: {type_}"
            raise QueryError("NOT_SUPPORTED", message)
    if moment > datetime.now(UTC):
        raise QueryError("INVALID_ARGUMENTS", f"Pointer value '{value}' is not in the past")
    milliseconds = int(moment.timestamp() * _MILLISECOND)
    snapshot = table.snapshot_as_of_timestamp(milliseconds)
    if snapshot is None:
        name = ".".join(f'"{part}"' for part in table.name())
        instant = moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
        message = f"No version history table {name} at or before {instant}"
        raise QueryError("INVALID_ARGUMENTS", message)
    return snapshot.snapshot_id
