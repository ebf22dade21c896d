"""SQL that reads an Iceberg table's data files; columns are found by field id."""

from collections.abc import Collection, Sequence

from pyiceberg.table import FileScanTask
from pyiceberg.types import NestedField

from localaws.objects import StoredObject
from localaws.sql.errors import QueryError
from localaws.sql.quoting import quoted, text_literal
from localaws.sql.types import Type
from localaws.tables import hidden_columns
from localaws.tables.iceberg import nested
from localaws.tables.iceberg.lake import Lake
from localaws.tables.iceberg.table import IcebergTable
from localaws.tables.iceberg.types import trino_type
from localaws.tables.parquet_footers import footer
from localaws.tables.parquet_scans import parquet_sql
from localaws.tables.text_lines import FILE


def engine_names(columns: Collection[str], table: IcebergTable, prefix: str) -> dict[str, int]:
    """The names that the engine's plan shows for `columns`, and the field ids behind them."""
    ids = [table.field_ids[name] for name in columns]
    return {f"{prefix}{field_id}": field_id for field_id in ids}


# Set where the table may have files without field ids (PyIceberg's add_files, Spark's migrate).
_NAME_MAPPING = "schema.name-mapping.default"


def files_sql(
    table: IcebergTable,
    columns: list[tuple[str, Type]],
    tasks: list[FileScanTask],
    lake: Lake,
    prefix: str = "f",
    *,
    hidden: Sequence[tuple[str, Type]] = (),
    place: bool = False,
) -> str:
    """A relation of `columns`, of `hidden` ones, and of each row's place ("$file",
    "$row") if asked for, without the rows that delete files name.

    prefix: begins the names that the engine's plan shows for the columns.
    """
    if not tasks:
        return _nothing([*columns, *hidden])
    wanted = {table.field_ids[name] for name, _ in columns}
    changed = [
        field
        for field in table.schema.fields
        if field.field_id in wanted and nested.has_changed(field, table.table)
    ]
    groups: dict[tuple, list[FileScanTask]] = {}
    if _NAME_MAPPING in table.table.properties:
        _require_ids(table, tasks, lake)
    for task in tasks:
        layout = _layout(changed, str(lake.stored_file(task.file).path))
        groups.setdefault((bool(task.delete_files), layout), []).append(task)
    parts = [
        _group_sql(table, columns, group, lake, prefix, layout, hidden, place=place)
        for (_, layout), group in groups.items()
    ]
    return parts[0] if len(parts) == 1 else f"({' UNION ALL '.join(parts)})"


def _require_ids(table: IcebergTable, tasks: list[FileScanTask], lake: Lake) -> None:
    """Files that were made for another kind of table and then added to this one have no ids:
    every column would be NULL. Raises NOT_SUPPORTED."""
    for task in tasks:
        columns = footer(lake.stored_file(task.file).path).columns
        if all(column.field_id is None for column in columns):
            message = f"{table.title}: data files without field ids are not supported locally"
            raise QueryError("NOT_SUPPORTED", f"{message}: {task.file.file_path}")


def _layout(changed: list[NestedField], path: str) -> tuple[tuple[int, str, str], ...]:
    """For each nested column that once had another shape: its id, the engine's type for it in
    this file, and how `{}`, a value of that type, becomes one of today's."""
    if not changed:
        return ()
    found = nested.shapes(path)
    return tuple(
        (
            field.field_id,
            nested.stored_type(field.field_type, found[field.field_id][1]),
            nested.reshaped("\0", field.field_type, found[field.field_id][1]),
        )
        for field in changed
        if field.field_id in found
    )


def _nothing(columns: list[tuple[str, Type]]) -> str:
    values = [f"CAST(NULL AS {type_.duckdb()}) AS {quoted(name)}" for name, type_ in columns]
    places = ['NULL::VARCHAR AS "$file"', '0 AS "$row"']
    return f"(SELECT {', '.join([*values, *places])} WHERE false)"


def _group_sql(
    table: IcebergTable,
    columns: list[tuple[str, Type]],
    tasks: list[FileScanTask],
    lake: Lake,
    prefix: str,
    layout: tuple[tuple[int, str, str], ...],
    hidden: Sequence[tuple[str, Type]],
    *,
    place: bool,
) -> str:
    stored = [lake.stored_file(task.file) for task in tasks]
    files = {str(each.path): task.file.file_path for each, task in zip(stored, tasks, strict=True)}
    deletes = {each.file_path: each for task in tasks for each in task.delete_files}
    wanted = {table.field_ids[name] for name, _ in columns}
    fields = [field for field in table.schema.fields if field.field_id in wanted]
    # A schema cannot be empty: count(*) names a column and does not read it.
    stored_types = {field_id: type_ for field_id, type_, _ in layout}
    described = ", ".join(
        f"{field.field_id}: {{name: '{prefix}{field.field_id}', "
        f"type: {text_literal(stored_types.get(field.field_id) or _engine_type(field))}, "
        "default_value: NULL}"
        for field in fields or table.schema.fields[:1]
    )
    options = [f"schema = MAP {{{described}}}"]
    if hidden or place or deletes:
        options += [f"filename = '{FILE}'", "file_row_number = true"]
    values = {field_id: value for field_id, _, value in layout}
    selected = []
    for name, _ in columns:
        field_id = table.field_ids[name]
        column = f'f."{prefix}{field_id}"'
        value = values.get(field_id, "\0").replace("\0", column)
        selected.append(f"{value} AS {quoted(name)}")
    selected += [f"u.{quoted(name)}" for name, _ in hidden]
    if place:
        selected += [f'f."{FILE}"', 'f.file_row_number AS "$row"']
    sql = f"SELECT {', '.join(selected or ['1 AS one'])} FROM {parquet_sql(files, *options)} AS f"
    if hidden:
        rows = ", ".join(_placed(each, files, hidden) for each in stored)
        names = ", ".join(quoted(name) for name, _ in hidden)
        sql += f' JOIN (VALUES {rows}) AS u(path, {names}) ON f."{FILE}" = u.path'
    if deletes:
        deleted = [lake.stored_file(each).path for each in deletes.values()]
        sql += (
            " ANTI JOIN (SELECT p.path, d.pos FROM "
            f"{parquet_sql(deleted)} AS d "
            f"JOIN (VALUES {_pairs(files)}) AS p(path, url) ON d.file_path = p.url) AS gone "
            f'ON gone.path = f."{FILE}" AND gone.pos = f.file_row_number'
        )
    return f"({sql})"


def _placed(stored: StoredObject, files: dict[str, str], hidden: Sequence[tuple[str, Type]]) -> str:
    path = str(stored.path)
    values = hidden_columns.values(list(hidden), stored, files[path])
    return f"({', '.join([text_literal(path), *values])})"


def _engine_type(field: NestedField) -> str:
    return trino_type(field.field_type).duckdb()


def _pairs(files: dict[str, str]) -> str:
    return ", ".join(f"({text_literal(path)}, {text_literal(url)})" for path, url in files.items())
