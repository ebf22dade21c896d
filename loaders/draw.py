"""Draws the files of a data set: Faker names the vocabulary, DuckDB draws the volume.

Each value is a hash of (seed, row, purpose), so that the same parameters give the same bytes. One
file at a time is held in memory a core.
"""

from __future__ import annotations

import mmap
import os
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import duckdb

from loaders import breakages, console, ground_truth, parallel, vocabulary

if TYPE_CHECKING:
    from loaders.generate import Parameters

SQL = Path(__file__).parent / "sql"
# By source: what makes the lines of a file, in sql/, and where they are then.
QUERIES = {"logs": "lines", "users": "profiles"}
# A one-column CSV without quotes is plain text.
PLAIN = r"(format csv, header false, quote '', escape '', delimiter e'\x1f')"


@dataclass(frozen=True)
class Part:
    """One file; what its lines are counted from stands in sql/parts.sql."""

    source: str
    day: int
    file: int
    first_own: int
    end_own: int
    first_extra: int
    end_extra: int

    @property
    def lines(self) -> int:
        """At most; events that come late are missing here."""
        return self.end_own - self.first_own + self.end_extra - self.first_extra


def write_folder(parameters: Parameters, folder: Path, spill: Path) -> ground_truth.Truth:
    """Write logs/ and users/ to `folder`; `spill` is for what does not fit into memory.

    Raises duckdb.IOException and duckdb.OutOfMemoryException when there is no room.
    """
    words = vocabulary.build(parameters.seed)
    values = _values(parameters, words)
    mine = threading.local()
    tally = ground_truth.Tally(parameters.start, parameters.days)
    add_file = {"logs": tally.add_logs, "users": tally.add_users}
    with duckdb.connect() as database, console.progress() as progress:
        database.execute(f"set temp_directory = '{_quoted(spill)}'")
        database.execute("set memory_limit = '600MB'")
        # Files are written side by side instead; a thread each costs the least.
        database.execute("set threads = 1")
        for file in ("macros.sql", "extras.sql", "parts.sql"):
            database.execute(_sql(file, values))
        database.execute(ground_truth.CREATE_ACTIVE)
        parts = [Part(*row) for row in database.execute("from parts").fetchall()]
        digits = max(4, len(str(max(part.file for part in parts))))

        def write(part: Part) -> Part:
            date = parameters.start + timedelta(days=part.day)
            name = f"{part.source}/ingest_date={date}/part-{part.file:0{digits}}.json"
            if not hasattr(mine, "cursor"):
                mine.cursor = _cursor(database, words)
            lines = QUERIES[part.source]
            mine.cursor.execute(_sql(f"{lines}.sql", {**values, **asdict(part)}))
            groups = mine.cursor.execute(ground_truth.COUNTS[part.source]).fetchall()
            if not groups:
                return part  # all of its events come late
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            mine.cursor.execute(f"copy (select line from {lines}) to '{_quoted(path)}' {PLAIN}")
            _put_bytes(path)
            if part.source == "logs":
                mine.cursor.execute(ground_truth.COLLECT_ACTIVE)
            add_file[part.source](name, path.stat().st_size, part.day, groups)
            return part

        task = progress.add_task("Generating", total=sum(part.lines for part in parts))
        for part in parallel.each(write, parts, os.cpu_count() or 1):
            progress.advance(task, part.lines)
        tally.add_different_users(
            database.execute(ground_truth.COUNT_USERS).fetchall(),
            database.execute(ground_truth.COUNT_ACTIVE).fetchall(),
        )
    sessions = sum(
        words.sessions(_first_of_day(parameters, day + 1) - _first_of_day(parameters, day))
        for day in range(parameters.days)
    )
    return tally.truth(parameters.as_json(), sessions)


def _values(parameters: Parameters, words: vocabulary.Vocabulary) -> dict[str, object]:
    """What the SQL files call $name."""
    shares = {share: parameters.count(share) for share in ("duplicates", "late", "malformed")}
    midnight = datetime.combine(parameters.start, datetime.min.time(), UTC)
    return {
        **asdict(parameters),
        **shares,
        "start_ms": int(midnight.timestamp()) * 1000,
        "old_users": parameters.users - parameters.users * 3 // 10,
        "drift_day": parameters.days // 2,
        "share_day": parameters.days * 2 // 3,
        "breakages": len(breakages.ALL),
        "broken_document": breakages.sql(),
        # not in a small data set, of which they would be the better part
        "huge_lines": breakages.HUGE_LINES if shares["malformed"] >= 100 else 0,
        "steps": len(words.step),
        "hours": len(words.hour) // len(vocabulary.LOCATIONS),
        "pages": len(words.page),
        "baskets": len(words.basket_text),
        "versions": vocabulary.VERSIONS,
        "countries": len(vocabulary.COUNTRIES[0]),
        "names": vocabulary.NAMES,
        "handles": vocabulary.HANDLES,
    }


def _cursor(
    database: duckdb.DuckDBPyConnection, words: vocabulary.Vocabulary
) -> duckdb.DuckDBPyConnection:
    """One for each thread: temporary tables and variables are the cursor's own."""
    cursor = database.cursor()
    for name, entries in asdict(words).items():
        cursor.execute(f"set variable {name} = ?", [entries])
    return cursor


def _first_of_day(parameters: Parameters, day: int) -> int:
    return day * parameters.events // parameters.days


def _put_bytes(path: Path) -> None:
    """Put the bytes in that DuckDB's text cannot hold."""
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        for stand_in, byte in breakages.BYTES.items():
            place = content.find(stand_in.encode())
            while place >= 0:
                content[place : place + 1] = byte
                place = content.find(stand_in.encode(), place + 1)


def _sql(file: str, values: dict[str, object]) -> str:
    return Template((SQL / file).read_text(encoding="utf-8")).substitute(values)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
