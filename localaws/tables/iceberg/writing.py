"""Writing data files and committing them as one snapshot."""

import uuid
from collections.abc import Iterable, Iterator

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.io.pyarrow import _dataframe_to_data_files
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table, Transaction
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Operation, Summary
from pyiceberg.table.update import update_table_metadata
from pyiceberg.table.update.snapshot import _FastAppendFiles, _OverwriteFiles

from localaws.engine import Session
from localaws.sql.errors import QueryError
from localaws.sql.quoting import quoted

BATCH_ROWS = 500_000
MAX_OPEN_PARTITIONS = 100
# Athena's names of what PyIceberg's writer calls otherwise.
_WRITER_PROPERTIES = {
    "write_compression": "write.parquet.compression-codec",
    "write_target_data_file_size_bytes": "write.target-file-size-bytes",
}


def write_rows(table: Table, sql: str, names: list[str], session: Session) -> list[DataFile]:
    """The rows of a compiled query (columns c0, c1, ...), which are the table's columns `names`,
    as `data_files`."""
    columns = ", ".join(f"c{i} AS {quoted(name)}" for i, name in enumerate(names))
    return data_files(table, session.batches(f"SELECT {columns} FROM ({sql}) AS q", BATCH_ROWS))


def data_files(
    table: Table, batches: Iterable[pa.RecordBatch], *, open_partitions: int = MAX_OPEN_PARTITIONS
) -> list[DataFile]:
    """Write batches (the table's columns, in its order) as data files that are not yet committed,
    in bounded memory. Nothing is left behind when anything fails.

    Raises ICEBERG_TOO_MANY_OPEN_PARTITIONS as Athena does, for more than 100 partitions.
    """
    schema, metadata = table.schema().as_arrow(), for_writer(table.metadata)
    written: list[DataFile] = []
    try:
        for rows in _chunks(batches):
            rows = table_rows(rows, schema)
            # The writer numbers the files of one call: another id for each.
            written += _dataframe_to_data_files(metadata, rows, table.io, write_uuid=uuid.uuid4())
            if len({repr(each.partition) for each in written}) > open_partitions:
                message = f"Exceeded limit of {open_partitions} open writers for partitions"
                raise QueryError("ICEBERG_TOO_MANY_OPEN_PARTITIONS", message)
    except BaseException:
        discard(table, written)
        raise
    return written


def _chunks(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Each chunk becomes files of its own; the engine's batches may be much smaller."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(each.num_rows for each in held) >= BATCH_ROWS:
            yield pa.Table.from_batches(held)
            held = []
    if any(each.num_rows for each in held):
        yield pa.Table.from_batches(held)


def for_writer(metadata: TableMetadata) -> TableMetadata:
    properties = dict(metadata.properties)
    for name, own in _WRITER_PROPERTIES.items():
        if name in properties:
            properties.setdefault(own, properties[name].lower())
    return metadata.model_copy(update={"properties": properties})


def table_rows(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows of the engine as the table has them: its spelling of names, its Arrow types.

    Raises CONSTRAINT_VIOLATION for a NULL in a required column.
    """
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


def append(table: Table, added: Iterable[DataFile]) -> None:
    """Raises QueryError ICEBERG_COMMIT_ERROR when other writers were faster again and again."""
    replace_files(table, [], added)


def replace_files(table: Table, removed: Iterable[DataFile], added: Iterable[DataFile]) -> None:
    """One snapshot without the files `removed` and with the files `added`: an append, an
    overwrite or a delete. Raises ICEBERG_COMMIT_ERROR."""
    removed, added = list(removed), list(added)
    if not removed and not added:
        return
    if not removed:
        _commit(table, _FastAppendFiles, Operation.APPEND, removed, added)
    else:
        operation = Operation.OVERWRITE if added else Operation.DELETE
        _commit(table, _OverwriteFiles, operation, removed, added)


def compact_files(table: Table, removed: list[DataFile], added: list[DataFile]) -> None:
    """As `replace_files`, where both hold the same rows: a `replace` snapshot."""
    _commit(table, _Compaction, Operation.OVERWRITE, removed, added)


class _Compaction(_OverwriteFiles):
    """PyIceberg has no REPLACE of its own."""

    def _summary(self, snapshot_properties: dict[str, str] | None = None) -> Summary:
        summary = super()._summary(snapshot_properties or {})
        return Summary(operation=Operation.REPLACE, **summary.additional_properties)


class _Transaction(Transaction):
    """PyIceberg's works its metadata out anew whenever it is asked, twenty times a commit."""

    _known: tuple[TableMetadata, tuple, TableMetadata] | None = None

    @property
    def table_metadata(self) -> TableMetadata:
        base, updates = self._table.metadata, self._updates
        if self._known is None or self._known[0] is not base or self._known[1] is not updates:
            self._known = base, updates, update_table_metadata(base, updates)
        return self._known[2]


def _commit(
    table: Table,
    producer: type,
    operation: Operation,
    removed: list[DataFile],
    added: list[DataFile],
) -> None:
    _require_partition_columns(table, removed)
    try:
        with (
            _Transaction(table) as transaction,
            producer(operation=operation, transaction=transaction, io=table.io) as update,
        ):
            for each in removed:
                update.delete_data_file(each)
            for each in added:
                update.append_data_file(each)
    except (CommitFailedException, ValidationException) as error:
        discard(table, added)
        raise QueryError("ICEBERG_COMMIT_ERROR", f"Failed to commit: {error}") from error


def _require_partition_columns(table: Table, removed: list[DataFile]) -> None:
    """Raises NOT_SUPPORTED for files of a partition spec whose column was dropped, which PyIceberg
    cannot write into a manifest (Athena does not drop such columns; others may have)."""
    schema = table.schema()
    for file in removed:
        for field in table.specs()[file.spec_id].fields:
            if schema.find_column_name(field.source_id) is None:
                message = f"changing files partitioned by {field.name}, a column that was dropped"
                raise QueryError("NOT_SUPPORTED", f"{message}, is not supported locally")


def discard(table: Table, files: list[DataFile]) -> None:
    for each in files:
        table.io.delete(each.file_path)
