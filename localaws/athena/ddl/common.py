"""What the DDL statements share."""

from collections.abc import Callable
from typing import Any

from localaws.athena.outcome import Outcome
from localaws.catalog import EntityNotFound
from localaws.sql.errors import QueryError
from localaws.sql.hive.statements import Column, Name
from localaws.sql.hive_types import field_error
from localaws.sql.type_parser import parse_type
from localaws.tables.hive import require_storage
from localaws.tables.iceberg import is_iceberg
from localaws.tables.resolver import Lakehouse
from localaws.tables.views import is_view


def done(substatement: str) -> Outcome:
    return Outcome("DDL", substatement)


def failed(message: str) -> QueryError:
    """A failure in Hive's words, which Athena shows behind `FAILED: `."""
    return QueryError("FAILED", message)


def task_failed(message: str) -> QueryError:
    task = "org.apache.hadoop.hive.ql.exec.DDLTask"
    return failed(f"Execution Error, return code 1 from {task}. {message}")


def place(name: Name, database: str) -> tuple[str, str]:
    return name.database or database, name.table


def require_database(name: str, lakehouse: Lakehouse) -> None:
    try:
        lakehouse.catalog.get_database(name)
    except EntityNotFound:
        message = f"SemanticException [Error 10072]: Database does not exist: {name}"
        raise failed(message) from None


def existing_table(name: Name, database: str, lakehouse: Lakehouse) -> dict[str, Any]:
    """The table or view as GetTable gives it."""
    owner, table = place(name, database)
    try:
        glue = lakehouse.catalog.get_table(owner, table)
    except EntityNotFound:
        message = f"SemanticException [Error 10001]: Table not found {owner}.{table}"
        raise failed(message) from None
    if not (is_iceberg(glue) or is_view(glue)):
        require_storage(glue)
    return glue


def require_hive(glue: dict[str, Any], what: str) -> None:
    if is_iceberg(glue):
        message = "Query type not supported by Athena Iceberg at this time"
        raise QueryError("NOT_SUPPORTED", f"{message}: {what}")
    if is_view(glue):
        title = f"{glue['DatabaseName']}.{glue['Name']}"
        raise QueryError("NOT_SUPPORTED", f"{what}: {title} is a view")


def changed(
    name: Name,
    database: str,
    lakehouse: Lakehouse,
    substatement: str,
    change: Callable[[dict[str, Any]], None],
) -> Outcome:
    """A new version of the table, with `change` made to it."""
    owner, table = place(name, database)
    with lakehouse.writing(owner, table):
        glue = existing_table(name, database, lakehouse)
        change(glue)
        lakehouse.catalog.update_table(owner, glue, expected_version=glue["VersionId"])
    return done(substatement)


def glue_column(column: Column) -> dict[str, str]:
    if error := field_error(column.type):
        raise task_failed(error)
    try:
        glue = {"Name": column.name, "Type": parse_type(column.type).hive()}
    except ValueError as error:
        raise QueryError("HIVE_METASTORE_ERROR", f"column {column.name}: {error}") from None
    return {**glue, "Comment": column.comment} if column.comment else glue
