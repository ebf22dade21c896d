"""A scan of an Iceberg table, narrowed to the files that can hold a row."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from pyiceberg.table import FileScanTask

from localaws.sql.types import Type
from localaws.tables.iceberg.lake import Lake
from localaws.tables.iceberg.pruning import iceberg_filter
from localaws.tables.iceberg.scan import engine_names, files_sql
from localaws.tables.iceberg.table import IcebergTable
from localaws.tables.parquet_footers import footer
from localaws.tables.predicates import Predicate
from localaws.tables.readings import Reading


def read(
    table: IcebergTable,
    used: Collection[str],
    lake: Lake,
    prefix: str,
    *,
    place: bool = False,
) -> Reading:
    """All data files. `used`: the columns that the query names, maybe with "$path"; `prefix`
    begins the names of this scan in the engine's plan and no other's."""

    def narrowed(predicate: Predicate) -> Reading:
        names = engine_names(_columns(table, used), table, prefix)
        kept = table.tasks(iceberg_filter(predicate, table.table.schema(), names))
        return reading_of(table, used, kept, lake, prefix, place=place)

    everything = reading_of(table, used, table.tasks(), lake, prefix, place=place)
    return replace(everything, narrowed=narrowed)


def reading_of(
    table: IcebergTable,
    used: Collection[str],
    tasks: list[FileScanTask],
    lake: Lake,
    prefix: str,
    *,
    place: bool = False,
) -> Reading:
    """The given data files."""
    columns = _columns(table, used)
    sql = files_sql(
        table, list(columns.items()), tasks, lake, prefix, path="$path" in used, place=place
    )
    paths = tuple(lake.stored_file(task.file).path for task in tasks)
    deletes = {each.file_path: each for task in tasks for each in task.delete_files}
    size = sum(_whole(lake.stored_file(each).path) for each in deletes.values())
    return Reading(sql, size, paths, engine_names(columns, table, prefix))


def _columns(table: IcebergTable, used: Collection[str]) -> dict[str, Type]:
    return {name: type_ for name, type_ in table.columns if name in used}


def _whole(path: Path) -> int:
    """Bytes of all column chunks of a file."""
    return sum(chunk.size for group in footer(path).groups for chunk in group)
