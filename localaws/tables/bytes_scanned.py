"""Which column chunks of Parquet files a query reads, told by the engine's own plan.

Athena bills the bytes it reads. DuckDB's optimizer decides here what is read: it drops columns
that nobody needs and pushes conditions into the scans, where row groups whose statistics exclude
them are skipped. So its plan is asked, and the same statistics are compared with the same
conditions.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from localaws.engine import Session
from localaws.tables.parquet_footers import Footer, footer
from localaws.tables.predicates import Predicate, columns_in, every, may_hold, parse


@dataclass(frozen=True)
class EngineScan:
    """One reading of Parquet files in a plan: the columns it needs, by the names it was given
    (nested fields with dots), and what it filters by: `conditions` as they are printed."""

    columns: frozenset[str]
    predicate: Predicate
    conditions: tuple[str, ...] = ()

    @property
    def roots(self) -> set[str]:
        return {_root(column) for column in self.columns}


def engine_scans(sql: str, session: Session) -> list[EngineScan]:
    """The Parquet scans in the plan of `sql`. Raises QueryError where it cannot be planned."""
    ((_, plan),) = session.rows(f"EXPLAIN (FORMAT JSON) {sql}")
    found: list[EngineScan] = []
    nodes = json.loads(plan)
    while nodes:
        node = nodes.pop()
        nodes += node["children"]
        info = node["extra_info"]
        if info.get("Function") in ("READ_PARQUET", "PARQUET_SCAN"):
            found.append(_engine_scan(info))
    return found


def _engine_scan(info: dict) -> EngineScan:
    projected = info.get("Projections") or []
    columns = set([projected] if isinstance(projected, str) else projected)
    # One line of the plan's text is one item, also inside a text constant.
    written = info.get("Filters") or []
    texts = _split([written] if isinstance(written, str) else written)
    predicates = []
    for text in texts:
        predicates.append(parse(text))
        columns |= columns_in(text)
    return EngineScan(frozenset(columns), every(predicates), tuple(texts))


def _split(lines: list[str]) -> list[str]:
    """The filters, one a text: a line belongs to the one before while a quote is open."""
    filters: list[str] = []
    quote_open = False
    for line in lines:
        if quote_open:
            filters[-1] += "\n" + line
        else:
            filters.append(line)
        quote_open = filters[-1].count("'") % 2 == 1
    return filters


@dataclass(frozen=True)
class ReadFile:
    """A Parquet file that a scan reads. given: the columns whose values the file is not asked for;
    converted: those whose statistics are not of the values that conditions compare."""

    path: Path
    given: frozenset[str] = frozenset()
    converted: frozenset[str] = frozenset()


def chunks_read(
    read: ReadFile, scan: EngineScan, names: dict[str, int | str]
) -> set[tuple[Path, int, int]]:
    """(file, row group, leaf column) of each chunk of the file that the scan reads.

    `names`: the file's column behind a name in the plan, by field id or by name.
    """
    file = footer(read.path)
    asked = [column for column in scan.columns if _root(column) not in read.given]
    wanted = {i for column in asked for i in _leaves(file, column.split("."), names)}
    usable = {name: place for name, place in names.items() if name not in read.converted}
    return {
        (read.path, number, i)
        for number in range(len(file.groups))
        if _group_may_match(file, number, scan.predicate, usable)
        for i in wanted
    }


def _root(column: str) -> str:
    return column.split(".")[0].lower()


def size_of(chunks: set[tuple[Path, int, int]]) -> int:
    """Compressed bytes."""
    return sum(footer(path).groups[group][column].size for path, group, column in chunks)


def _leaves(file: Footer, parts: list[str], names: dict[str, int | str]) -> list[int]:
    """The leaves of a column, or those below one of its fields. Names have no case.

    A field that is not there by its name may have had another in an Iceberg table; elsewhere it
    is not read.
    """
    parts = [part.lower() for part in parts]
    place = names.get(parts[0])
    if place is None:
        return []
    below = [
        (i, tuple(part.lower() for part in column.path[1:]))
        for i, column in enumerate(file.columns)
        if place in (column.field_id, column.path[0].lower())
    ]
    wanted = tuple(parts[1:])
    found = [i for i, path in below if path[: len(wanted)] == wanted]
    return found if found or isinstance(place, str) else [i for i, _ in below]


def _group_may_match(
    file: Footer, number: int, predicate: Predicate, names: dict[str, int | str]
) -> bool:
    def statistics(name: str):
        places = _leaves(file, name.split("."), names)
        return file.groups[number][places[0]].statistics if len(places) == 1 else None

    return may_hold(predicate, statistics)
