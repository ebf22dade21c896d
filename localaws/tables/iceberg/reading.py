"""A scan of an Iceberg table, narrowed to the files that can hold a row."""

from collections.abc import Collection

from pyiceberg.table import FileScanTask

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
    """`used`: the columns that the query names, maybe with "$path"; `prefix` begins the names of
    this scan in the engine's plan and no other's."""
    columns = [each for each in table.columns if each[0] in used]
    names = engine_names([name for name, _ in columns], table, prefix)

    def reading(tasks: list[FileScanTask]) -> Reading:
        sql = files_sql(table, columns, tasks, lake, prefix, path="$path" in used, place=place)
        paths = tuple(lake.stored_file(task.file).path for task in tasks)
        deletes = {each.file_path: each for task in tasks for each in task.delete_files}
        size = sum(_whole(lake.stored_file(each).path) for each in deletes.values())
        return Reading(sql, size, paths, names, narrowed)

    def narrowed(predicate: Predicate) -> Reading:
        return reading(table.tasks(iceberg_filter(predicate, table.table.schema(), names)))

    return reading(table.tasks())


def _whole(path) -> int:
    """Bytes of all column chunks of a file."""
    return sum(chunk.size for group in footer(path).groups for chunk in group)
