"""Nested columns of files that were written under another shape of the column.

The engine finds top-level columns by field id, but the fields below them by name; where a nested
field was renamed, dropped or added since, its value is put together here by its id.
"""

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.table import Table
from pyiceberg.types import IcebergType, ListType, MapType, NestedField, StructType

from localaws.sql.errors import QueryError
from localaws.sql.quoting import quoted, text_literal
from localaws.tables.iceberg.types import trino_type

# The fields of a nested column as a file has them: field id -> (name, fields below).
Shape = dict[int, tuple[str, "Shape"]]


def has_changed(field: NestedField, table: Table) -> bool:
    """Whether a nested column once had another shape."""
    if field.field_type.is_primitive:
        return False
    earlier = (each for schema in table.schemas().values() for each in schema.fields)
    return any(
        each.field_id == field.field_id and each.field_type != field.field_type for each in earlier
    )


def shapes(path: str) -> Shape:
    """All columns of a file."""
    return _shape(list(pq.read_schema(path)))


def _shape(fields: list[pa.Field]) -> Shape:
    found: Shape = {}
    for field in fields:
        text = (field.metadata or {}).get(b"PARQUET:field_id")
        if text:
            found[int(text)] = (field.name, _shape(_below(field.type)))
    return found


def _below(type_: pa.DataType) -> list[pa.Field]:
    if pa.types.is_struct(type_):
        return [type_.field(i) for i in range(type_.num_fields)]
    if pa.types.is_map(type_):
        return [type_.key_field, type_.item_field]
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return [type_.value_field]
    return []


def stored_type(type_: IcebergType, shape: Shape) -> str:
    """The engine's type for a column: the file's names, today's types."""
    match type_:
        case StructType():
            fields = [
                f"{quoted(shape[each.field_id][0])} "
                f"{stored_type(each.field_type, shape[each.field_id][1])}"
                for each in type_.fields
                if each.field_id in shape
            ]
            if not fields:
                message = "a struct none of whose fields a data file has is not supported locally"
                raise QueryError("NOT_SUPPORTED", message)
            return f"STRUCT({', '.join(fields)})"
        case ListType():
            return f"{stored_type(type_.element_type, _fields(shape, type_.element_id))}[]"
        case MapType():
            key = stored_type(type_.key_type, _fields(shape, type_.key_id))
            value = stored_type(type_.value_type, _fields(shape, type_.value_id))
            return f"MAP({key}, {value})"
    return trino_type(type_).duckdb()


def reshaped(sql: str, type_: IcebergType, shape: Shape, depth: int = 0) -> str:
    """A value of `stored_type` as a value of today's type."""
    if stored_type(type_, shape) == trino_type(type_).duckdb():
        return sql
    item = f"x{depth}"
    match type_:
        case StructType():
            fields = ", ".join(
                f"{quoted(each.name.lower())} := {_member(sql, each, shape, depth)}"
                for each in type_.fields
            )
            return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({fields}) END"
        case ListType():
            below = _fields(shape, type_.element_id)
            element = reshaped(item, type_.element_type, below, depth + 1)
            return f"list_transform({sql}, lambda {item}: {element})"
    key = reshaped(f"{item}.key", type_.key_type, _fields(shape, type_.key_id), depth + 1)
    value = reshaped(f"{item}.value", type_.value_type, _fields(shape, type_.value_id), depth + 1)
    entry = f"struct_pack(key := {key}, value := {value})"
    return f"map_from_entries(list_transform(map_entries({sql}), lambda {item}: {entry}))"


def _member(sql: str, field: NestedField, shape: Shape, depth: int) -> str:
    if field.field_id not in shape:
        return f"CAST(NULL AS {trino_type(field.field_type).duckdb()})"
    name, below = shape[field.field_id]
    stored = f"struct_extract({sql}, {text_literal(name)})"
    return reshaped(stored, field.field_type, below, depth)


def _fields(shape: Shape, field_id: int) -> Shape:
    return shape.get(field_id, ("", {}))[1]
