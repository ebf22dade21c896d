"""Changes to an Iceberg table's schema and properties."""

from collections.abc import Iterable

from pyiceberg.serializers import ToOutputFile
from pyiceberg.table import Table

from localaws.sql import hive
from localaws.sql.errors import QueryError
from localaws.sql.type_parser import parse_type
from localaws.tables.iceberg.types import iceberg_schema


def write_first_metadata(table: Table) -> None:
    """Metadata of a table created without data."""
    output = table.io.new_output(table.metadata_location)
    ToOutputFile.table_metadata(table.metadata, output, overwrite=True)


def add_columns(table: Table, columns: Iterable[hive.Column]) -> None:
    """Raises COLUMN_ALREADY_EXISTS; rows written before have NULL there."""
    known = {field.name.lower() for field in table.schema().fields}
    with table.update_schema() as update:
        for column in columns:
            if column.name in known:
                message = f"Column '{column.name}' already exists"
                raise QueryError("COLUMN_ALREADY_EXISTS", message)
            try:
                type_ = parse_type(column.type, timestamp_precision=6)
            except ValueError as error:
                raise QueryError("TYPE_NOT_FOUND", str(error)) from None
            (field,) = iceberg_schema([(column.name, type_, column.comment)]).fields
            update.add_column(column.name, field.field_type, doc=column.comment)


def drop_column(table: Table, name: str) -> None:
    if name not in {field.name.lower() for field in table.schema().fields}:
        raise QueryError("COLUMN_NOT_FOUND", f"Column '{name}' does not exist")
    with table.update_schema() as update:
        update.delete_column(name)
