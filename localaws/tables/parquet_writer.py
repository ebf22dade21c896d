"""Writing Parquet files of Hive tables with the schema that Athena gives them.

Source: Trino's ParquetSchemaConverter, as its Hive connector calls it: timestamps are INT96,
decimals bytes of fixed length, small integers plain INT32, and everything but a map's key is
optional. char(n) goes without its padding, as Trino holds it.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from localaws.engine import Session
from localaws.sql.quoting import quoted
from localaws.sql.types import Type
from localaws.tables.nested_values import converted_list, converted_map, field, packed

# A row group is full with so many rows or bytes. The rows are those of the engine's own writer.
_GROUP_ROWS, _GROUP_BYTES = 122_880, 128 << 20
# Few, since the texts of a batch may have 2 GB.
_BATCH_ROWS = 2_048
# zlib's best level, which is what pyarrow takes unless told, is ten times slower and saves nothing.
_LEVELS = {"gzip": 4}


def write(
    sql: str, columns: list[tuple[str, Type]], file: Path, codec: str, session: Session
) -> int:
    """The rows of `sql`, whose columns are `columns`; how many. No rows leave no file."""
    values = [f"{_stored(quoted(name), type_)} AS {quoted(name)}" for name, type_ in columns]
    writer: pq.ParquetWriter | None = None
    group: list[pa.RecordBatch] = []
    count = rows = size = 0
    try:
        for batch in session.batches(f"SELECT {', '.join(values)} FROM ({sql})", _BATCH_ROWS):
            writer = writer or pq.ParquetWriter(
                file,
                batch.schema,
                compression=codec,
                compression_level=_LEVELS.get(codec),
                use_deprecated_int96_timestamps=True,
                store_schema=False,
            )
            group.append(batch)
            rows, size = rows + batch.num_rows, size + batch.nbytes
            if rows >= _GROUP_ROWS or size >= _GROUP_BYTES:
                writer.write_table(pa.Table.from_batches(group), row_group_size=rows)
                group, count, rows, size = [], count + rows, 0, 0
        if writer and rows:
            writer.write_table(pa.Table.from_batches(group), row_group_size=rows)
    finally:
        if writer:
            writer.close()
    return count + rows


def _stored(value: str, type_: Type, depth: int = 0) -> str:
    """SQL of what a file holds of a value: `value` itself where that is the same."""
    match type_.base:
        case "tinyint" | "smallint":
            return f"CAST({value} AS INTEGER)"
        case "char":
            return f"rtrim({value}, ' ')"
        case "array":
            element = type_.element
            if _stored("x", element) != "x":
                return converted_list(value, lambda x: _stored(x, element, depth + 1), depth)
        case "map":
            key, item = type_.args
            if (_stored("x", key), _stored("x", item)) != ("x", "x"):
                return converted_map(
                    value,
                    lambda x: _stored(x, key, depth + 1),
                    lambda x: _stored(x, item, depth + 1),
                    depth,
                )
        case "row":
            names = [name or f"field{i}" for i, (name, _) in enumerate(type_.args)]
            parts = [field(value, name) for name in names]
            types = [each for _, each in type_.args]
            stored = [_stored(p, t, depth) for p, t in zip(parts, types, strict=True)]
            if stored != parts:
                return packed(value, list(zip(names, stored, strict=True)))
    return value
