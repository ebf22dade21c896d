"""Which data files OPTIMIZE rewrites, and into what.

Source of the rules and their defaults: Athena user guide, "Create Iceberg tables", table
properties `optimize_rewrite_*` and `write_target_data_file_size_bytes`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from uuid import uuid4

import pyarrow as pa
from pyiceberg.manifest import DataFile
from pyiceberg.table import FileScanTask, Table

from localaws.tables.iceberg.data_file import table_rows, write_data_file
from localaws.tables.iceberg.writing import discard

_TARGET_BYTES = 536_870_912


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes. Files outside smallest..largest are rewritten, and files with at least
    `deletes` delete files, once there are `files` of them."""

    target: int
    smallest: int
    largest: int
    files: int
    deletes: int


def limits(properties: dict[str, str]) -> Limits:
    target = int(properties.get("write_target_data_file_size_bytes", _TARGET_BYTES))

    def number(name: str, default: float) -> int:
        return int(properties.get(f"optimize_rewrite_{name}", default))

    return Limits(
        target,
        number("min_data_file_size_bytes", 0.75 * target),
        number("max_data_file_size_bytes", 1.8 * target),
        number("data_file_threshold", 5),
        number("delete_file_threshold", 2),
    )


def bins(tasks: list[FileScanTask], of: Limits) -> list[list[FileScanTask]]:
    """Files to be rewritten, each list into one file, or into several where a file is too large.
    Files of one list have one partition."""
    wanted = [
        task
        for task in tasks
        if not of.smallest <= task.file.file_size_in_bytes <= of.largest
        or len(task.delete_files) >= of.deletes
    ]
    if len(wanted) < of.files:
        return []
    partitions: dict[tuple, list[FileScanTask]] = {}
    for task in wanted:
        key = (task.file.spec_id, repr(task.file.partition))
        partitions.setdefault(key, []).append(task)
    packed = chain.from_iterable(_packed(group, of.target) for group in partitions.values())
    return [each for each in packed if len(each) > 1 or _alone(each[0], of)]


def _alone(task: FileScanTask, of: Limits) -> bool:
    """Whether rewriting one file without others changes anything."""
    return task.file.file_size_in_bytes > of.largest or len(task.delete_files) >= of.deletes


def _packed(tasks: list[FileScanTask], target: int) -> Iterator[list[FileScanTask]]:
    """In the order that the files were written in, as many as fit."""
    filling: list[FileScanTask] = []
    size = 0
    for task in sorted(tasks, key=lambda each: each.file.file_path):
        if filling and size + task.file.file_size_in_bytes > target:
            yield filling
            filling, size = [], 0
        filling.append(task)
        size += task.file.file_size_in_bytes
    if filling:
        yield filling


def write_like(
    table: Table, batches: Iterable[pa.RecordBatch], model: DataFile, target: int
) -> list[DataFile]:
    """All rows of `batches` into the partition, and beside the file, of `model`: one data file,
    another one after about each `target` bytes. Not yet committed; nothing is left behind when
    anything fails."""
    rows = (
        table_rows(pa.Table.from_batches([batch]), table) for batch in batches if batch.num_rows
    )
    folder = model.file_path.rpartition("/")[0]
    place = model.partition, model.spec_id
    written: list[DataFile] = []
    try:
        for first in rows:
            path, more = f"{folder}/{uuid4()}.parquet", chain([first], rows)
            written.append(write_data_file(table, path, more, *place, target))
    except BaseException:
        discard(table, written)
        raise
    return written
