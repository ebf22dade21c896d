"""A scan of an Iceberg table, narrowed to the files that can hold a row."""

from collections.abc import Callable, Collection
from pathlib import Path

from pyiceberg.table import FileScanTask
from pyiceberg.transforms import IdentityTransform

from localaws.engine import Session
from localaws.sql.types import BIGINT, VARCHAR, Type
from localaws.tables import hidden_columns
from localaws.tables.bytes_scanned import EngineScan, ReadFile
from localaws.tables.iceberg.lake import Lake
from localaws.tables.iceberg.pruning import iceberg_filter
from localaws.tables.iceberg.scan import engine_names, files_sql
from localaws.tables.iceberg.statistics import readable
from localaws.tables.iceberg.table import IcebergTable
from localaws.tables.locations import NULL_PARTITION
from localaws.tables.parquet_footers import footer
from localaws.tables.predicates import either
from localaws.tables.pruning import matching_scans
from localaws.tables.readings import Planned, Reading
from localaws.tables.sketches import sketch

# Types whose values are the same in text, here and in the engine.
_TEXTUAL = ("date", "varchar", "integer", "bigint", "boolean")


def read(
    table: IcebergTable,
    used: Collection[str],
    lake: Lake,
    prefix: str,
    session: Session,
    *,
    place: bool = False,
) -> Planned:
    """`used`: the columns that the query names, hidden ones too; `prefix` begins the names of
    this scan in the engine's plan and no other's."""

    def narrowed(scans: list[EngineScan]) -> Reading:
        predicate = either([scan.predicate for scan in scans])
        names = engine_names(_columns(table, used), table, prefix)
        kept = table.tasks(iceberg_filter(predicate, table.table.schema(), names))
        kept = _matching(table, kept, scans, prefix, session)
        return _reading_of(table, used, kept, lake, prefix, place=place)

    return _planned(table, used, lake, prefix, narrowed, place=place)


def reading_of(
    table: IcebergTable,
    used: Collection[str],
    tasks: list[FileScanTask],
    lake: Lake,
    prefix: str,
    *,
    place: bool = False,
) -> Planned:
    """The given data files, all of them."""

    def narrowed(_: list[EngineScan]) -> Reading:
        return _reading_of(table, used, tasks, lake, prefix, place=place)

    return _planned(table, used, lake, prefix, narrowed, place=place)


def _planned(
    table: IcebergTable,
    used: Collection[str],
    lake: Lake,
    prefix: str,
    narrowed: Callable[[list[EngineScan]], Reading],
    *,
    place: bool,
) -> Planned:
    columns = [
        (name, f"{prefix}{table.field_ids[name]}", type_)
        for name, type_ in _columns(table, used).items()
    ]
    hidden = hidden_columns.used(table.hidden_columns, used)
    columns += [(name, f"{prefix}{name[1:]}", type_) for name, type_ in hidden]
    if place:
        columns += [("$file", f"{prefix}file", VARCHAR), ("$row", f"{prefix}row", BIGINT)]
    names = frozenset(planned for _, planned, _ in columns)
    return Planned(sketch(columns, lake.scratch), names, narrowed)


def _reading_of(
    table: IcebergTable,
    used: Collection[str],
    tasks: list[FileScanTask],
    lake: Lake,
    prefix: str,
    *,
    place: bool = False,
) -> Reading:
    columns = _columns(table, used)
    hidden = hidden_columns.used(table.hidden_columns, used)
    sql = files_sql(table, list(columns.items()), tasks, lake, prefix, hidden=hidden, place=place)
    given = _given(table, prefix)
    files = tuple(
        ReadFile(lake.stored_file(task.file).path, given[task.file.spec_id]) for task in tasks
    )
    deletes = {each.file_path: each for task in tasks for each in task.delete_files}
    size = sum(_whole(lake.stored_file(each).path) for each in deletes.values())
    return Reading(sql, size, files, engine_names(columns, table, prefix))


def _given(table: IcebergTable, prefix: str) -> dict[int, frozenset[str]]:
    """For each partition spec, the columns whose values the manifests give.

    Source: Trino's IcebergPageSourceProvider, which takes the columns that a file is partitioned
    by, as they are, from the file's partition and does not read them.
    """
    return {
        number: frozenset(
            f"{prefix}{each.source_id}"
            for each in spec.fields
            if isinstance(each.transform, IdentityTransform)
        )
        for number, spec in table.table.specs().items()
    }


def _matching(
    table: IcebergTable,
    tasks: list[FileScanTask],
    scans: list[EngineScan],
    prefix: str,
    session: Session,
) -> list[FileScanTask]:
    """The files whose partition, as far as it is of columns as they are, fits what the scans ask.

    PyIceberg has been asked before, and understands comparisons with constants.
    """
    kept = set()
    for spec_id, spec in table.table.specs().items():
        own = [i for i, task in enumerate(tasks) if task.file.spec_id == spec_id]
        places = [
            (place, each.source_id, type_)
            for place, each in enumerate(spec.fields)
            if isinstance(each.transform, IdentityTransform)
            for name, type_ in table.columns
            if table.field_ids[name] == each.source_id and type_.base in _TEXTUAL
        ]
        rows = [tuple(_text(tasks[i], place, table) for place, _, _ in places) for i in own]
        columns = tuple((f"{prefix}{source_id}", type_) for _, source_id, type_ in places)
        kept |= {own[i] for i in matching_scans(rows, columns, scans, session)}
    return [task for i, task in enumerate(tasks) if i in kept]


def _text(task: FileScanTask, place: int, table: IcebergTable) -> str:
    spec, value = table.table.specs()[task.file.spec_id], task.file.partition[place]
    if value is None:
        return NULL_PARTITION
    type_ = table.table.schema().find_type(spec.fields[place].source_id)
    return str(readable(value, type_))


def _columns(table: IcebergTable, used: Collection[str]) -> dict[str, Type]:
    return {name: type_ for name, type_ in table.columns if name in used}


def _whole(path: Path) -> int:
    """Bytes of all column chunks of a file."""
    return sum(chunk.size for group in footer(path).groups for chunk in group)
