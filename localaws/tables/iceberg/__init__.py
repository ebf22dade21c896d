"""Iceberg tables: PyIceberg over the Glue catalog and the store in this process."""

from pyiceberg.table import Table

from localaws.tables.iceberg.changes import add_columns, drop_column, write_first_metadata
from localaws.tables.iceberg.lake import Lake, is_iceberg
from localaws.tables.iceberg.reading import read, reading_of
from localaws.tables.iceberg.scan import files_sql
from localaws.tables.iceberg.table import IcebergTable
from localaws.tables.iceberg.writing import (
    BATCH_ROWS,
    append,
    data_files,
    replace_files,
    write_rows,
)

__all__ = [
    "BATCH_ROWS",
    "IcebergTable",
    "Lake",
    "Table",
    "add_columns",
    "append",
    "data_files",
    "drop_column",
    "files_sql",
    "is_iceberg",
    "read",
    "reading_of",
    "replace_files",
    "write_first_metadata",
    "write_rows",
]
