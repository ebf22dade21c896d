"""Generate a data set: what people do in an application, and what becomes of it on its way here.

`<out>/logs/ingest_date=YYYY-MM-DD/part-NNNN.json` holds the events, `<out>/users/...` the profiles
that are new or changed on a day, `<out>/ground_truth.json` what must come of them. Plain NDJSON.
This module decides whether a folder is written, and publishes it whole; `draw` writes it.
"""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

import click
import duckdb

from loaders import draw, ground_truth

# Bump when the same parameters come to give other bytes, or the ground truth other keys.
REVISION = 3
MAX_EVENTS = 1_000_000_000


@dataclass(frozen=True)
class Parameters:
    """`duplicates`, `late` and `malformed` are shares of `events`; their counts are rounded.

    Duplicates and malformed lines come on top of the events; late events are among them. `skew`
    and `drift` are shares of the users: whose clocks are wrong, and whose clients come to send
    numbers as strings, strings as numbers and new keys.
    """

    events: int = 100_000
    days: int = 3
    users: int = 10_000
    start: date = date(2025, 1, 1)
    seed: int = 42
    duplicates: float = 0.01
    late: float = 0.01
    malformed: float = 0.005
    skew: float = 0.01
    drift: float = 0.02
    max_lines_per_file: int = 250_000

    def __post_init__(self) -> None:
        for name in ("events", "days", "users", "max_lines_per_file"):
            if getattr(self, name) < 1:
                raise _refusal(name, "must be at least 1")
        if self.events > MAX_EVENTS or self.users > MAX_EVENTS:
            raise click.ClickException(f"--events and --users stop at {MAX_EVENTS:,}")
        for name in ("duplicates", "late", "malformed", "skew", "drift"):
            if not 0 <= getattr(self, name) <= 1:
                of = "users" if name in ("skew", "drift") else "events"
                raise _refusal(name, f"is a share of the {of}, from 0 to 1")
        if self.start.year < 1970 or (date(9999, 12, 30) - self.start).days < self.days:
            raise _refusal("start", f"and {self.days} days must lie in the years 1970 to 9999")
        if self.count("late") > (self.days - 1) * self.events // self.days:
            raise click.ClickException(
                f"{self.count('late'):,} late events need as many that happen before the last day: "
                "raise --days, or lower --late (0 for none)"
            )

    def count(self, share: str) -> int:
        return round(getattr(self, share) * self.events)

    def as_json(self) -> dict[str, object]:
        """What the bytes depend on, for the ground truth."""
        writer = {name: version(name) for name in ("duckdb", "faker")}
        return {**asdict(self), "start": self.start.isoformat(), "revision": REVISION, **writer}


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
            truth = draw.write_folder(parameters, new, scratch / "spill")
            ground_truth.write(truth, new)
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            reason = " ".join(str(error).split())
            raise click.ClickException(f"cannot write {out}: {reason}") from None
        if out.exists():
            out.rename(scratch / "old")
        new.rename(out)
    return truth, True


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
    ours = {out / ground_truth.FILE, *(out / path for path in ground_truth.sizes(truth))}
    foreign = sorted(path for path in out.rglob("*") if path.is_file() and path not in ours)
    if foreign:
        raise click.ClickException(f"`uap generate` did not write {foreign[0]}: {way_out}")
    return truth


def _is_complete(out: Path, truth: ground_truth.Truth) -> bool:
    return all(
        (out / path).is_file() and (out / path).stat().st_size == size
        for path, size in ground_truth.sizes(truth).items()
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


def _refusal(name: str, problem: str) -> click.ClickException:
    return click.ClickException(f"--{name.replace('_', '-')} {problem}")
