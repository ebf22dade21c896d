"""Writing data files and committing them as one snapshot."""

import uuid
from collections.abc import Iterable, Iterator

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.io.pyarrow import _dataframe_to_data_files
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from localaws.sql.errors import QueryError
from localaws.sql.types import quoted

BATCH_ROWS = 500_000
MAX_OPEN_PARTITIONS = 100


def data_files(table: Table, batches: Iterable[pa.RecordBatch]) -> Iterator[DataFile]:
    """Write batches as data files of `table` (not yet committed), in bounded memory.

    Raises ICEBERG_TOO_MANY_OPEN_PARTITIONS as Athena does, for more than 100 partitions.
    """
    schema = table.schema().as_arrow()
    write_uuid = uuid.uuid4()
    partitions: set = set()
    for number, batch in enumerate(batches):
        if not batch.num_rows:
            continue
        rows = pa.Table.from_batches([batch]).cast(_like(schema, batch.schema))
        for written in _dataframe_to_data_files(
            table.metadata, rows, table.io, write_uuid=uuid.uuid5(write_uuid, str(number))
        ):
            partitions.add(repr(written.partition))
            if len(partitions) > MAX_OPEN_PARTITIONS:
                message = f"Exceeded limit of {MAX_OPEN_PARTITIONS} open writers for partitions"
                raise QueryError("ICEBERG_TOO_MANY_OPEN_PARTITIONS", message)
            yield written


def _like(schema: pa.Schema, given: pa.Schema) -> pa.Schema:
    """The table's Arrow schema; the batch's columns have its names and order already."""
    if schema.names != given.names:
        raise ValueError(f"columns {given.names} are not the table's {schema.names}")
    return schema


def named_columns(sql: str, names: list[str]) -> str:
    """A compiled query (columns c0, c1, ...) under the table's column names."""
    columns = ", ".join(f"c{i} AS {quoted(name)}" for i, name in enumerate(names))
    return f"SELECT {columns} FROM ({sql}) AS q"


def append(table: Table, added: Iterable[DataFile]) -> None:
    """Raises QueryError ICEBERG_COMMIT_ERROR when another writer was faster."""
    replace_files(table, [], added)


def replace_files(table: Table, removed: Iterable[DataFile], added: Iterable[DataFile]) -> None:
    """One snapshot without the files `removed` and with the files `added`."""
    removed, added = list(removed), list(added)
    if not removed and not added:
        return
    try:
        with table.transaction() as transaction:
            snapshot = transaction.update_snapshot()
            with snapshot.overwrite() if removed else snapshot.fast_append() as update:
                for each in removed:
                    update.delete_data_file(each)
                for each in added:
                    update.append_data_file(each)
    except CommitFailedException as error:
        raise QueryError("ICEBERG_COMMIT_ERROR", f"Failed to commit: {error}") from error
