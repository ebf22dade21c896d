"""Rows of the engine as one Parquet data file of an Iceberg table.

PyIceberg's own writer goes over every batch with a visitor that makes NULL of `array(row)` and
`map(_, row)` empty ones (its issue 3833), so only its parts behind that visitor are used here.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import (
    _get_parquet_writer_kwargs,
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table import Table
from pyiceberg.typedef import Record

from localaws.sql.errors import QueryError

# Athena's names of what PyIceberg's writer calls otherwise.
_WRITER_PROPERTIES = {
    "write_compression": "write.parquet.compression-codec",
    "write_target_data_file_size_bytes": "write.target-file-size-bytes",
}


def writer_properties(table: Table) -> dict[str, str]:
    properties = dict(table.properties)
    for name, own in _WRITER_PROPERTIES.items():
        if name in properties:
            properties.setdefault(own, properties[name].lower())
    return properties


def write_data_file(
    table: Table,
    path: str,
    rows: Iterator[pa.Table],
    partition: Record,
    spec_id: int,
    target: int | None = None,
) -> DataFile:
    """`rows`, at least one table as `table_rows` makes them, in a new file; not yet committed.

    target: no more is taken of `rows` once the file has so many bytes.
    """
    properties, schema = writer_properties(table), table.schema()
    output = table.io.new_output(path)
    first = next(rows)
    options = {"store_decimal_as_integer": True, **_get_parquet_writer_kwargs(properties)}
    with (
        output.create() as stream,
        pq.ParquetWriter(stream, first.schema, **options) as writer,
    ):
        writer.write_table(first)
        while (target is None or stream.tell() < target) and (more := next(rows, None)) is not None:
            writer.write_table(more)
    statistics = data_file_statistics_from_parquet_metadata(
        parquet_metadata=writer.writer.metadata,
        stats_columns=compute_statistics_plan(schema, properties),
        parquet_column_mapping=parquet_path_to_id_mapping(schema),
    )
    return DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=path,
        file_format=FileFormat.PARQUET,
        partition=partition,
        file_size_in_bytes=len(output),
        sort_order_id=None,
        spec_id=spec_id,
        equality_ids=None,
        key_metadata=None,
        **statistics.to_serialized_dict(),
    )


def table_rows(rows: pa.Table, table: Table) -> pa.Table:
    """Rows of the engine as the table has them: its spelling of names, its Arrow types.

    Raises CONSTRAINT_VIOLATION for a NULL in a required column.
    """
    schema = table.schema().as_arrow()
    if [name.lower() for name in schema.names] != rows.schema.names:
        raise ValueError(f"columns {rows.schema.names} are not the table's {schema.names}")
    for field, column in zip(schema, rows.columns, strict=True):
        if not field.nullable and column.null_count:
            message = f"NULL value not allowed for NOT NULL column: {field.name.lower()}"
            raise QueryError("CONSTRAINT_VIOLATION", message)
    # Not to large strings: Arrow ends the process when it casts the keys of a map to those.
    small = pa.schema([_small_field(field) for field in schema])
    return rows.rename_columns(schema.names).cast(small)


def _small_field(field: pa.Field) -> pa.Field:
    return pa.field(field.name, _small(field.type), field.nullable, field.metadata)


def _small(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_large_string(type_):
        return pa.string()
    if pa.types.is_large_binary(type_):
        return pa.binary()
    if pa.types.is_struct(type_):
        return pa.struct([_small_field(type_.field(i)) for i in range(type_.num_fields)])
    if pa.types.is_map(type_):
        return pa.map_(_small_field(type_.key_field), _small_field(type_.item_field))
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return pa.list_(_small_field(type_.value_field))
    return type_
