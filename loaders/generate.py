"""Generate event documents: `<out>/logs/ingest_date=YYYY-MM-DD/part-NNNN.json`, plain NDJSON.

Faker names the vocabulary; DuckDB draws the volume, each value a hash of (seed, row, purpose), so
that the same parameters give the same bytes. One file at a time is held in memory a core.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from string import Template

import click
import duckdb

from loaders import console, ground_truth, parallel, vocabulary

SQL = Path(__file__).parent / "sql"
# Bump when the same parameters come to give other bytes.
REVISION = 1
MAX_EVENTS = 1_000_000_000


@dataclass(frozen=True)
class Parameters:
    """`duplicates`, `late` and `malformed` are shares of `events`; their counts are rounded.

    Duplicates and malformed lines come on top of the events; late events are among them.
    """

    events: int = 100_000
    days: int = 3
    users: int = 10_000
    start: date = date(2025, 1, 1)
    seed: int = 42
    duplicates: float = 0.01
    late: float = 0.01
    malformed: float = 0.005
    max_lines_per_file: int = 250_000

    def __post_init__(self) -> None:
        for name in ("events", "days", "users", "max_lines_per_file"):
            if getattr(self, name) < 1:
                raise _refusal(name, "must be at least 1")
        if self.events > MAX_EVENTS or self.users > MAX_EVENTS:
            raise click.ClickException(f"--events and --users stop at {MAX_EVENTS:,}")
        for name in ("duplicates", "late", "malformed"):
            if not 0 <= getattr(self, name) <= 1:
                raise _refusal(name, "is a share of the events, from 0 to 1")
        if self.start.year < 1970 or (date(9999, 12, 31) - self.start).days < self.days:
            raise _refusal("start", f"and {self.days} days must lie in the years 1970 to 9999")
        if self.count("late") > self.events - self.events // self.days:
            raise click.ClickException(
                f"{self.count('late'):,} late events need as many that land after the first day: "
                "raise --days, or lower --late (0 for none)"
            )

    def count(self, share: str) -> int:
        return round(getattr(self, share) * self.events)

    def as_json(self) -> dict[str, object]:
        """What the bytes depend on, for the ground truth."""
        writer = {name: version(name) for name in ("duckdb", "faker")}
        return {**asdict(self), "start": self.start.isoformat(), "revision": REVISION, **writer}


@dataclass(frozen=True)
class Part:
    """One file: the lines [first_line, end_line) of a day, among them these events."""

    day: int
    path: str
    first_line: int
    end_line: int
    first_event: int
    end_event: int


def generate(parameters: Parameters, out: Path) -> tuple[ground_truth.Truth, bool]:
    """Write the data set to `out`; returns its ground truth and whether anything was written.

    A folder already written with the same parameters is left alone; one with others is replaced
    once the new one is complete. Raises click.ClickException when `out` holds anything else.
    """
    out = out.resolve()
    previous = _written_before(out)
    if previous and previous["parameters"] == parameters.as_json() and _is_complete(out, previous):
        return previous, False
    with _scratch_beside(out) as scratch:
        new = scratch / "new"
        try:
            truth = _write_folder(parameters, new, scratch / "spill")
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            reason = " ".join(str(error).split())
            raise click.ClickException(f"cannot write {out}: {reason}") from None
        if out.exists():
            out.rename(scratch / "old")
        new.rename(out)
    return truth, True


def _write_folder(parameters: Parameters, folder: Path, spill: Path) -> ground_truth.Truth:
    words = asdict(vocabulary.build(parameters.seed))
    values = {
        **asdict(parameters),
        **{share: parameters.count(share) for share in ("duplicates", "late", "malformed")},
        "extras": parameters.count("duplicates") + parameters.count("malformed"),
        "start_ms": int(
            datetime.combine(parameters.start, datetime.min.time(), UTC).timestamp() * 1000
        ),
        "profiles": len(words["profile_device"]),
        "pages": len(words["page"]),
        "baskets": len(words["basket_json"]),
    }
    tally = ground_truth.Tally(parameters.start, parameters.days)
    with duckdb.connect() as database, console.progress() as progress:
        database.execute(f"set temp_directory = '{_quoted(spill)}'")
        database.execute("set memory_limit = '1GB'")
        # Files are written side by side instead; a thread each costs the least.
        database.execute("set threads = 1")
        database.execute(_sql("macros.sql", values))
        database.execute(_sql("extras.sql", values))
        parts = list(_parts(database, parameters))

        def write(part: Part) -> tuple[Part, int, list[tuple]]:
            path = folder / part.path
            path.parent.mkdir(parents=True, exist_ok=True)
            with database.cursor() as cursor:
                for name, entries in words.items():
                    cursor.execute(f"set variable {name} = ?", [entries])
                cursor.execute(_sql("lines.sql", {**values, **asdict(part)}))
                # A one-column CSV without quotes is plain text.
                cursor.execute(
                    f"copy (select line from lines) to '{_quoted(path)}'"
                    r" (format csv, header false, quote '', escape '', delimiter e'\x1f')"
                )
                groups = cursor.execute(
                    "select kind, is_late, location, action, event_day, count(*), sum(item_count)"
                    " from lines group by all"
                ).fetchall()
            return part, path.stat().st_size, groups

        task = progress.add_task("Generating", total=sum(p.end_line - p.first_line for p in parts))
        for part, size, groups in parallel.each(write, parts, os.cpu_count() or 1):
            tally.add_file(part.path, size, part.day, groups)
            progress.advance(task, part.end_line - part.first_line)
    truth = tally.truth(parameters.as_json())
    ground_truth.write(truth, folder)
    return truth


def _parts(database: duckdb.DuckDBPyConnection, parameters: Parameters) -> Iterator[Part]:
    """Each day's lines cut into files of nearly equal length."""
    for day in range(parameters.days):
        first_event, end_event, extras = database.execute(
            "select first_of_day($day), first_of_day($day + 1),"
            " (select count(*) from extras where landing = $day)",
            {"day": day},
        ).fetchone()
        lines = end_event - first_event + extras
        files = -(-lines // parameters.max_lines_per_file)
        cuts = [lines * file // files for file in range(files + 1)] if files else []
        event_cuts = [first_event + cut - _extras_before(database, day, cut) for cut in cuts]
        folder = f"logs/ingest_date={parameters.start + timedelta(days=day)}"
        for file in range(files):
            yield Part(
                day,
                f"{folder}/part-{file:04}.json",
                cuts[file],
                cuts[file + 1],
                event_cuts[file],
                event_cuts[file + 1],
            )


def _extras_before(database: duckdb.DuckDBPyConnection, day: int, line: int) -> int:
    query = "select count(*) from extras where landing = ? and line_number < ?"
    return database.execute(query, [day, line]).fetchone()[0]


def _written_before(out: Path) -> ground_truth.Truth | None:
    """The ground truth in `out`, None when there is nothing; anything not ours is refused."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    way_out = "choose another --out or move it away"
    if not out.is_dir():
        raise click.ClickException(f"{out} is not a folder: {way_out}")
    if not (out / ground_truth.FILE).is_file():
        raise click.ClickException(
            f"{out} has no {ground_truth.FILE}, so `uap generate` did not write it: {way_out}"
        )
    truth = ground_truth.read(out / ground_truth.FILE)
    ours = {out / ground_truth.FILE, *(out / path for path in truth.get("files", {}))}
    foreign = sorted(path for path in out.rglob("*") if path.is_file() and path not in ours)
    if foreign:
        raise click.ClickException(f"`uap generate` did not write {foreign[0]}: {way_out}")
    return truth


def _is_complete(out: Path, truth: ground_truth.Truth) -> bool:
    return all(
        (out / path).is_file() and (out / path).stat().st_size == size
        for path, size in truth["files"].items()
    )


@contextmanager
def _scratch_beside(out: Path) -> Iterator[Path]:
    """A folder on the same disk, so that a rename publishes; what a killed run left is cleared."""
    scratch = out.with_name(f".{out.name}.generating")
    scratch.mkdir(parents=True, exist_ok=True)
    with (scratch / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise click.ClickException(f"another `uap generate` is writing {out}") from None
        for leftover in scratch.iterdir():
            if leftover.is_dir():
                shutil.rmtree(leftover)
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch)


def _sql(file: str, values: dict[str, object]) -> str:
    return Template((SQL / file).read_text(encoding="utf-8")).substitute(values)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _refusal(name: str, problem: str) -> click.ClickException:
    return click.ClickException(f"--{name.replace('_', '-')} {problem}")
