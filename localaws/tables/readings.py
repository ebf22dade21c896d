"""What the scans of a compiled query read: their SQL in the place of their markers, files that
cannot hold a row left out, bytes counted."""

from collections.abc import Callable
from dataclasses import dataclass, field

from localaws.engine import Session
from localaws.tables.bytes_scanned import (
    EngineScan,
    ReadFile,
    chunks_read,
    engine_scans,
    size_of,
)


@dataclass(frozen=True)
class Reading:
    """`sql` is a relation. `size`: bytes that are read whatever the plan is.

    files, names: the Parquet files, and for each of their columns that may be read, its name in
    the plan and, behind it, the field id or the name in the files.
    """

    sql: str
    size: int = 0
    files: tuple[ReadFile, ...] = ()
    names: dict[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Planned:
    """A reading that is not known before the plan is. `sketch` is a relation to plan with, `names`
    are those of its columns in the plan. narrowed: what is to be read, of what the plan's scans
    of it ask for; everything where there is none.
    """

    sketch: str
    names: frozenset[str]
    narrowed: Callable[[list[EngineScan]], Reading]


def resolve(
    sql: str, readings: dict[str, Reading | Planned], session: Session, *, billed: bool = True
) -> tuple[str, int]:
    """`sql` with each marker replaced by its reading; the bytes that it scans, charged to the
    session where they are `billed`.

    Source of the counting rule: Athena bills the bytes of the columns and row groups it reads.
    """
    readings = {marker: each for marker, each in readings.items() if marker in sql}
    scans = []
    if any(isinstance(reading, Planned) for reading in readings.values()):
        relations = {marker: _relation(each) for marker, each in readings.items()}
        scans = engine_scans(_replaced(sql, relations), session)
    # A scan without a column (count(*)) may be of any table: then every row counts.
    told_apart = all(scan.columns for scan in scans)
    scanned, texts = 0, {}
    for marker, reading in readings.items():
        own = []
        if isinstance(reading, Planned):
            own = [scan for scan in scans if scan.roots and scan.roots <= reading.names]
            reading = reading.narrowed(own if told_apart else [])
        texts[marker] = reading.sql
        scanned += _size(reading, own)
    if billed:
        session.charge(scanned)
    return _replaced(sql, texts), scanned


def _relation(reading: Reading | Planned) -> str:
    return reading.sketch if isinstance(reading, Planned) else reading.sql


def _size(reading: Reading, own: list[EngineScan]) -> int:
    chunks = {
        chunk
        for scan in own
        for file in reading.files
        for chunk in chunks_read(file, scan, reading.names)
    }
    return reading.size + size_of(chunks)


def _replaced(sql: str, texts: dict[str, str]) -> str:
    for marker, text in texts.items():
        sql = sql.replace(marker, text)
    return sql
