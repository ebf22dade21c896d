"""SHOW TABLES, VIEWS, COLUMNS, PARTITIONS, TBLPROPERTIES, CREATE TABLE and CREATE VIEW."""

import re
from typing import Any

from localaws.athena.ddl.common import existing_table, failed, require_database, task_failed
from localaws.athena.ddl.create_statements import hive_table, iceberg_properties, iceberg_table
from localaws.athena.ddl.describe import described_view, padded, require_unquoted
from localaws.athena.outcome import Outcome, listing
from localaws.sql.errors import QueryError
from localaws.sql.hive import statements as s
from localaws.sql.types import VARCHAR
from localaws.tables.iceberg import is_iceberg
from localaws.tables.locations import partition_folder
from localaws.tables.resolver import Lakehouse
from localaws.tables.views import is_view, load_view


def tables(statement: s.ShowTables, lakehouse: Lakehouse, database: str) -> Outcome:
    inside = statement.database or database
    require_database(inside, lakehouse)
    found = lakehouse.catalog.tables(inside)
    names = sorted(each["Name"] for each in found if not statement.views or is_view(each))
    if statement.pattern is not None:
        pattern = _hive_pattern(statement.pattern)
        names = [name for name in names if pattern.fullmatch(name)]
    if statement.views:
        return listing("SHOW_VIEWS", "views", names)
    return listing("SHOW_TABLES", "tab_name", names)


def _hive_pattern(pattern: str) -> re.Pattern[str]:
    """`*` for any text, `|` between alternatives, otherwise a regular expression.

    Source: Hive's ObjectStore (`subpattern.replaceAll("\\\\*", ".*")`, case insensitive).
    """
    try:
        return re.compile(pattern.strip().replace("*", ".*"), re.IGNORECASE)
    except re.error as error:
        message = f"'{pattern}' is no pattern: {error}"
        raise QueryError("INVALID_FUNCTION_ARGUMENT", message) from None


def columns(statement: s.ShowColumns, lakehouse: Lakehouse, database: str) -> Outcome:
    glue = existing_table(statement.name, database, lakehouse)
    if is_view(glue):
        return described_view(glue)
    require_unquoted(statement.name)
    if is_iceberg(glue):
        names = [field.name for field in lakehouse.lake.load(glue).schema().fields]
    else:
        stored = [*glue["StorageDescriptor"]["Columns"], *glue.get("PartitionKeys", [])]
        names = [padded(each["Name"]) for each in stored]
    return listing("SHOW_COLUMNS", "field", names)


def partitions(statement: s.ShowPartitions, lakehouse: Lakehouse, database: str) -> Outcome:
    """Those of the catalog, also where a query uses projected ones."""
    glue = existing_table(statement.name, database, lakehouse)
    keys = [each["Name"] for each in glue.get("PartitionKeys", [])]
    title = f"{glue['DatabaseName']}.{glue['Name']}"
    if not keys:
        raise task_failed(f"Table {title} is not a partitioned table")
    found = lakehouse.catalog.partitions(glue["DatabaseName"], glue["Name"])
    names = sorted(partition_folder(keys, each["Values"])[:-1] for each in found)
    return listing("SHOW_PARTITIONS", "partition", names)


def properties(statement: s.ShowTableProperties, lakehouse: Lakehouse, database: str) -> Outcome:
    glue = existing_table(statement.name, database, lakehouse)
    if is_iceberg(glue):
        found = iceberg_properties(lakehouse.lake.load(glue))
    else:
        found = {key: str(value) for key, value in (glue.get("Parameters") or {}).items()}
    if statement.key is None:
        lines = [f"{key}\t{value}" for key, value in found.items()]
    elif statement.key in found:
        lines = [found[statement.key]]
    else:
        lines = [
            f"Table {glue['DatabaseName']}.{glue['Name']} does not have property: {statement.key}"
        ]
    return _lines("SHOW_TABLE_PROPERTIES", ["prpt_name", "prpt_value"], lines)


def create(statement: s.ShowCreate, lakehouse: Lakehouse, database: str) -> Outcome:
    glue = existing_table(statement.name, database, lakehouse)
    title = f"{glue['DatabaseName']}.{glue['Name']}"
    if statement.view:
        if not is_view(glue):
            message = f"line 1:1: Relation 'awsdatacatalog.{title}' is a table, not a view"
            raise QueryError("NOT_SUPPORTED", message)
        # Athena's own text is the query newly formatted; here it is the text as it was given.
        text = f"CREATE VIEW {title} AS\n{load_view(glue).sql}"
        return _lines("SHOW_CREATE_VIEW", ["create view"], [text])
    if is_view(glue):
        message = f"SemanticException [Error 10001]: {title} is a view: use SHOW CREATE VIEW"
        raise failed(message)
    if is_iceberg(glue):
        text = iceberg_table(title, lakehouse.lake.load(glue))
    else:
        text = hive_table(title if statement.name.database else glue["Name"], glue)
    return _lines("SHOW_CREATE_TABLE", ["createtab_stmt"], [text])


def _lines(statement: str, names: list[str], texts: list[str]) -> Outcome:
    """A row for each line of the texts, whatever the number of columns is said to be."""
    lines = [line for text in texts for line in text.split("\n")]
    columns: list[tuple[str, Any]] = [(name, VARCHAR) for name in names]
    return Outcome("UTILITY", statement, columns, ((line,) for line in lines))
