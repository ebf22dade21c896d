"""SQL that reads an Iceberg table's data files; columns are found by field id."""

from pyiceberg.manifest import DataFile

from localaws.objects import StoredObject
from localaws.sql.types import Type, quoted, text_literal
from localaws.tables.iceberg.table import IcebergTable
from localaws.tables.iceberg.types import trino_type
from localaws.tables.json_format import FILE


def files_sql(
    table: IcebergTable,
    columns: list[tuple[str, Type]],
    files: list[tuple[DataFile, StoredObject]],
) -> str:
    """A relation of `columns`, "$path", and each row's place: "$file", "$row"."""
    if not files:
        nothing = [f"CAST(NULL AS {type_.duckdb()}) AS {quoted(name)}" for name, type_ in columns]
        places = ['NULL::VARCHAR AS "$path"', 'NULL::VARCHAR AS "$file"', '0 AS "$row"']
        return f"(SELECT {', '.join([*nothing, *places])} WHERE false)"
    fields = ", ".join(
        f"{field.field_id}: {{name: {text_literal(field.name)}, "
        f"type: {text_literal(trino_type(field.field_type).duckdb())}, default_value: NULL}}"
        for field in table.schema.fields
    )
    paths = ", ".join(text_literal(str(stored.path)) for _, stored in files)
    urls = ", ".join(
        f"({text_literal(str(stored.path))}, {text_literal(data_file.file_path)})"
        for data_file, stored in files
    )
    names = ", ".join(f"f.{quoted(name)}" for name, _ in columns)
    selected = f"{names}, " if names else ""
    return (
        f'(SELECT {selected}u.url AS "$path", f."$file", f.file_row_number AS "$row" '
        f"FROM read_parquet([{paths}], schema = MAP {{{fields}}}, "
        f"filename = '{FILE}', file_row_number = true) AS f "
        f'JOIN (VALUES {urls}) AS u(path, url) ON f."$file" = u.path)'
    )
