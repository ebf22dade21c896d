"""Footers of Parquet files: the size and the statistics of every column chunk."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from localaws.tables.predicates import Statistics


@dataclass(frozen=True)
class Chunk:
    """size: compressed bytes; statistics None where the file has none."""

    size: int
    statistics: Statistics | None


@dataclass(frozen=True)
class Column:
    """A leaf of the file's schema. `path` begins with the top-level column's name, and ends there
    for a column that is not nested; `field_id` is that column's id in Iceberg."""

    path: tuple[str, ...]
    field_id: int | None


@dataclass(frozen=True)
class Footer:
    """`groups` holds, for each row group, the chunks of `columns` in their order."""

    columns: tuple[Column, ...]
    groups: tuple[tuple[Chunk, ...], ...]


@lru_cache(maxsize=10_000)
def footer(path: Path) -> Footer:
    """Read once per (immutable) file."""
    with pq.ParquetFile(path) as file:
        metadata, schema = file.metadata, file.schema_arrow
    columns = tuple(
        Column((field.name, *leaf), _field_id(field))
        for field in schema
        for leaf in _leaves(field.type)
    )
    groups = []
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        groups.append(tuple(_chunk(group.column(i)) for i in range(len(columns))))
    return Footer(columns, tuple(groups))


def _field_id(field: pa.Field) -> int | None:
    text = (field.metadata or {}).get(b"PARQUET:field_id")
    return int(text) if text else None


def _leaves(type_: pa.DataType) -> list[tuple[str, ...]]:
    """The paths below a column, one for each leaf, in the file's order."""
    if pa.types.is_struct(type_):
        inner = [(type_.field(i).name, type_.field(i).type) for i in range(type_.num_fields)]
    elif pa.types.is_map(type_):
        inner = [("key", type_.key_type), ("value", type_.item_type)]
    elif pa.types.is_list(type_) or pa.types.is_large_list(type_):
        inner = [("element", type_.value_type)]
    else:
        return [()]
    return [(name, *leaf) for name, below in inner for leaf in _leaves(below)]


def _chunk(column: pq.ColumnChunkMetaData) -> Chunk:
    found = column.statistics
    if found is None:
        return Chunk(column.total_compressed_size, None)
    # A real's shortest text, which a plan shows, is not its value: no bounds for those. Those of
    # INT96, where there are any, are in the order of bytes.
    known = found.has_min_max and found.physical_type not in ("FLOAT", "INT96")
    bounds = (found.min, found.max) if known else (None, None)
    nulls = found.null_count if found.has_null_count else None
    statistics = Statistics(*bounds, nulls, column.num_values)
    return Chunk(column.total_compressed_size, statistics)
