"""What the scans of a compiled query read: their SQL in the place of their markers, files that
cannot hold a row left out, bytes counted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from localaws.engine import Session
from localaws.tables.bytes_scanned import EngineScan, chunks_read, engine_scans, size_of
from localaws.tables.json_format import FILE, text_list
from localaws.tables.predicates import Predicate, either

# Columns that the engine makes up.
_VIRTUAL = {FILE, "file_row_number"}


@dataclass(frozen=True)
class Reading:
    """`sql` is a relation. `size`: bytes that are read whatever the plan is.

    paths, names: the Parquet files, and for each of their columns that may be read, its name in
    the plan and, behind it, the field id or the name in the files. narrowed: the same reading
    without the files that a predicate over those names excludes.
    """

    sql: str
    size: int = 0
    paths: tuple[Path, ...] = ()
    names: dict[str, int | str] = field(default_factory=dict)
    narrowed: Callable[[Predicate], "Reading"] | None = None


def resolve(sql: str, readings: dict[str, Reading], session: Session) -> tuple[str, int]:
    """`sql` with each marker replaced by its reading; the bytes that it scans, charged to the
    session.

    Source of the counting rule: Athena bills the bytes of the columns and row groups it reads.
    """
    if not any(reading.paths for reading in readings.values()):
        scanned = sum(reading.size for reading in readings.values())
        session.charge(scanned)
        return _replaced(sql, readings), scanned
    text = _replaced(sql, readings)
    scans = engine_scans(_replaced(sql, readings, explained=True), session)
    # A scan without a column (count(*)) may be of any table: then every row counts.
    if all(scan.columns - _VIRTUAL for scan in scans):
        kept = {
            marker: _narrowed(reading, _scans_of(reading, scans))
            for marker, reading in readings.items()
        }
        text, readings = _replaced(sql, kept), kept
    scanned = sum(_size(reading, _scans_of(reading, scans)) for reading in readings.values())
    session.charge(scanned)
    return text, scanned


def _size(reading: Reading, own: list[EngineScan]) -> int:
    chunks = {
        chunk
        for scan in own
        for path in reading.paths
        for chunk in chunks_read(path, scan, reading.names)
    }
    return reading.size + size_of(chunks)


def _replaced(sql: str, readings: dict[str, Reading], *, explained: bool = False) -> str:
    for marker, reading in readings.items():
        sql = sql.replace(marker, _explained(reading) if explained else reading.sql)
    return sql


def _explained(reading: Reading) -> str:
    """A lone file's footer may answer a query (max(x)) that Athena reads, and bills, the column
    for: the engine plans so only where there is one file."""
    if len(reading.paths) != 1:
        return reading.sql
    path = str(reading.paths[0])
    return reading.sql.replace(text_list([path]), text_list([path, path]))


def _scans_of(reading: Reading, scans: list[EngineScan]) -> list[EngineScan]:
    """The engine's scans that this reading stands behind, or may stand behind: files of Hive
    tables go by the names of their columns, which two tables may share."""
    return [
        scan
        for scan in scans
        if scan.roots - _VIRTUAL and scan.roots - _VIRTUAL <= reading.names.keys()
    ]


def _narrowed(reading: Reading, own: list[EngineScan]) -> Reading:
    predicate = either([scan.predicate for scan in own])
    if reading.narrowed is None or predicate is None:
        return reading
    return reading.narrowed(predicate)
