"""ALTER TABLE ADD, REPLACE, CHANGE and DROP COLUMN."""

from typing import Any

from pyiceberg.exceptions import ValidationError

from localaws.athena.ddl.common import (
    changed,
    done,
    existing_table,
    failed,
    glue_column,
    place,
    require_hive,
)
from localaws.athena.outcome import Outcome
from localaws.sql.errors import QueryError
from localaws.sql.hive import statements as s
from localaws.sql.type_parser import parse_type
from localaws.tables import iceberg
from localaws.tables.iceberg.types import iceberg_schema, trino_type
from localaws.tables.resolver import Lakehouse


def add(statement: s.AddColumns, lakehouse: Lakehouse, database: str) -> Outcome:
    owner, table = place(statement.name, database)
    with lakehouse.writing(owner, table):
        glue = existing_table(statement.name, database, lakehouse)
        if iceberg.is_iceberg(glue):
            iceberg.add_columns(lakehouse.lake.load(glue), statement.columns)
            return done("ALTER_TABLE_ADD_COLUMN")

    def change(glue: dict[str, Any]) -> None:
        require_hive(glue, "ALTER TABLE ADD COLUMNS")
        columns = glue["StorageDescriptor"]["Columns"]
        taken = {each["Name"] for each in [*columns, *glue.get("PartitionKeys", [])]}
        for column in statement.columns:
            if column.name in taken:
                raise failed(
                    f"SemanticException [Error 10036]: Duplicate column name: {column.name}"
                )
            taken.add(column.name)
            columns.append(glue_column(column))

    return changed(statement.name, database, lakehouse, "ALTER_TABLE_ADD_COLUMN", change)


def replace_all(statement: s.ReplaceColumns, lakehouse: Lakehouse, database: str) -> Outcome:
    def change(glue: dict[str, Any]) -> None:
        require_hive(glue, "ALTER TABLE REPLACE COLUMNS")
        glue["StorageDescriptor"]["Columns"] = [glue_column(each) for each in statement.columns]

    return changed(statement.name, database, lakehouse, "ALTER_TABLE_REPLACE_COLUMN", change)


def change(statement: s.ChangeColumn, lakehouse: Lakehouse, database: str) -> Outcome:
    """Iceberg tables only. A type may only become wider, as Iceberg allows it.

    Source: Athena user guide, "Evolving Iceberg table schema".
    """
    owner, table = place(statement.name, database)
    with lakehouse.writing(owner, table):
        glue = existing_table(statement.name, database, lakehouse)
        if not iceberg.is_iceberg(glue):
            message = "Query type not supported by DDL engine.: ALTER TABLE CHANGE COLUMN"
            raise QueryError("NOT_SUPPORTED", message)
        loaded = lakehouse.lake.load(glue)
        names = [field.name for field in loaded.schema().fields]
        for each in (statement.old, *([statement.after] if statement.after else [])):
            if each not in names:
                raise QueryError("COLUMN_NOT_FOUND", f"Column '{each}' does not exist")
        column = statement.column
        if column.name != statement.old and column.name in names:
            raise QueryError("COLUMN_ALREADY_EXISTS", f"Column '{column.name}' already exists")
        _change(loaded, statement)
    return done("ALTER_TABLE_CHANGE_COLUMN")


def _change(table: iceberg.Table, statement: s.ChangeColumn) -> None:
    column = statement.column
    try:
        type_ = parse_type(column.type, timestamp_precision=6)
    except ValueError as error:
        raise QueryError("TYPE_NOT_FOUND", str(error)) from None
    (wanted,) = iceberg_schema([(column.name, type_, None)]).fields
    stored = table.schema().find_field(statement.old)
    try:
        with table.update_schema() as update:
            if stored.field_type.is_primitive:
                update.update_column(statement.old, field_type=wanted.field_type)
            elif str(trino_type(stored.field_type)) != str(type_):
                message = f"changing the nested type of {statement.old} is not supported locally"
                raise QueryError("NOT_SUPPORTED", message)
            if column.comment is not None:
                update.update_column(statement.old, doc=column.comment)
            if column.name != statement.old:
                update.rename_column(statement.old, column.name)
            if statement.after == "":
                update.move_first(statement.old)
            elif statement.after is not None:
                update.move_after(statement.old, statement.after)
    except (ValueError, ValidationError) as error:
        message = f"Cannot change column {statement.old}: {error}"
        raise QueryError("NOT_SUPPORTED", message) from None


def drop(statement: s.DropColumn, lakehouse: Lakehouse, database: str) -> Outcome:
    owner, table = place(statement.name, database)
    with lakehouse.writing(owner, table):
        glue = existing_table(statement.name, database, lakehouse)
        if not iceberg.is_iceberg(glue):
            raise failed(
                "ParseException mismatched input 'COLUMN' expecting PARTITION near 'DROP' in drop "
                "partition statement: only Iceberg tables drop a column"
            )
        iceberg.drop_column(lakehouse.lake.load(glue), statement.column)
    return done("ALTER_TABLE_DROP_COLUMN")
