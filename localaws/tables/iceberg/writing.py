"""Writing data files and committing them as one snapshot."""

from collections.abc import Iterable, Iterator
from uuid import uuid4

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.io.pyarrow import _determine_partitions, bin_pack_arrow_table
from pyiceberg.manifest import DataFile
from pyiceberg.partitioning import PartitionKey
from pyiceberg.table import Table, TableProperties, Transaction
from pyiceberg.table.locations import load_location_provider
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Operation, Summary
from pyiceberg.table.update import update_table_metadata
from pyiceberg.table.update.snapshot import _FastAppendFiles, _OverwriteFiles
from pyiceberg.typedef import Record

from localaws.engine import Session
from localaws.sql.errors import QueryError
from localaws.sql.quoting import quoted
from localaws.tables.iceberg.data_file import table_rows, write_data_file, writer_properties

BATCH_ROWS = 500_000
MAX_OPEN_PARTITIONS = 100


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
    written: list[DataFile] = []
    try:
        for rows in _chunks(batches):
            for partition, file_rows in _divided(table, table_rows(rows, table)):
                written.append(_write_file(table, partition, file_rows, len(written)))
            if len({repr(each.partition) for each in written}) > open_partitions:
                message = f"Exceeded limit of {open_partitions} open writers for partitions"
                raise QueryError("ICEBERG_TOO_MANY_OPEN_PARTITIONS", message)
    except BaseException:
        discard(table, written)
        raise
    return written


def _divided(table: Table, rows: pa.Table) -> Iterator[tuple[PartitionKey | None, pa.Table]]:
    """The rows of each data file: of one partition and about as large as the table wants files."""
    parts: Iterable[tuple[PartitionKey | None, pa.Table]] = [(None, rows)]
    if not table.spec().is_unpartitioned():
        found = _determine_partitions(table.spec(), table.schema(), rows)
        parts = ((each.partition_key, each.arrow_table_partition) for each in found)
    size = writer_properties(table).get(
        TableProperties.WRITE_TARGET_FILE_SIZE_BYTES,
        TableProperties.WRITE_TARGET_FILE_SIZE_BYTES_DEFAULT,
    )
    for partition, own in parts:
        for batches in bin_pack_arrow_table(own, int(size)):
            yield partition, pa.Table.from_batches(batches)


def _write_file(
    table: Table, partition: PartitionKey | None, rows: pa.Table, number: int
) -> DataFile:
    """`number`: of the file among those of the statement, which names are in the order of."""
    places = load_location_provider(table.metadata.location, table.properties)
    path = places.new_data_location(f"{number:05d}-{uuid4()}.parquet", partition)
    values = partition.partition if partition else Record()
    return write_data_file(table, path, iter([rows]), values, table.spec().spec_id)


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
