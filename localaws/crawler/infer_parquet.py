"""The schema of Parquet files, from their footers."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from localaws.crawler.documents import Documents, InferenceError

_SIMPLE = {
    pa.bool_(): "boolean",
    pa.int8(): "tinyint",
    pa.int16(): "smallint",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.uint8(): "smallint",
    pa.uint16(): "int",
    pa.uint32(): "bigint",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.string(): "string",
    pa.large_string(): "string",
    pa.binary(): "binary",
    pa.large_binary(): "binary",
    pa.date32(): "date",
}


def infer(paths: list[Path]) -> Documents:
    """Columns in the order of their first appearance.

    Raises InferenceError for a column of two types, and for a type that Hive does not have.
    """
    columns: dict[str, str] = {}
    rows = 0
    for path in paths:
        with pq.ParquetFile(path) as file:
            rows += file.metadata.num_rows
            for field in file.schema_arrow:
                name, type_ = field.name.lower(), _hive(field.type, field.name)
                if columns.setdefault(name, type_) != type_:
                    raise InferenceError(
                        f"column {name} is {columns[name]} in one file and {type_} in another"
                    )
    return Documents(list(columns.items()), rows, "parquet", "none")


def _hive(type_: pa.DataType, column: str) -> str:
    if type_ in _SIMPLE:
        return _SIMPLE[type_]
    if pa.types.is_timestamp(type_):
        return "timestamp"
    if pa.types.is_decimal(type_):
        return f"decimal({type_.precision},{type_.scale})"
    if pa.types.is_dictionary(type_):
        return _hive(type_.value_type, column)
    if pa.types.is_struct(type_):
        fields = (f"{field.name.lower()}:{_hive(field.type, column)}" for field in type_)
        return f"struct<{','.join(fields)}>"
    if pa.types.is_map(type_):
        return f"map<{_hive(type_.key_type, column)},{_hive(type_.item_type, column)}>"
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return f"array<{_hive(type_.value_type, column)}>"
    raise InferenceError(f"column {column} has the type {type_}, which no Glue table can have")
