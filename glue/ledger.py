"""The conservation ledger: what became of the lines of each raw object.

    lines = cleaned + dropped + duplicates + quarantined

`lines` is counted where the object is read; the right side is counted in the files that were
written. Bookkeeping only: a row an object, no documents.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, fields
from datetime import date

from glue.tables import DROPPED, DUPLICATE

CLEANED = "cleaned"
# Of Rows, by the field of Entry that holds it; every other reason is of the quarantine.
OUTCOMES = {"cleaned": CLEANED, "dropped": DROPPED, "duplicates": DUPLICATE}


@dataclass
class Entry:
    """`quarantined`: reason -> lines; `conversions`: field -> events in which its type was
    converted; `event_dates`: the days its events are in; `rules`: a digest of what decided how
    its lines were read; `run_id`: the run that read it."""

    source_object: str
    etag: str
    size: int
    lines: int
    conversions: dict[str, int]
    event_dates: list[str]
    rules: str
    run_id: str
    ingest_date: date
    cleaned: int = 0
    dropped: int = 0
    duplicates: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)

    def check(self) -> None:
        """Raises RuntimeError when the lines do not add up."""
        outcome = self.cleaned + self.dropped + self.duplicates + sum(self.quarantined.values())
        if outcome != self.lines or min(self.cleaned, self.dropped, self.duplicates) < 0:
            raise RuntimeError(
                f"lines were lost or made up, nothing is published: {self.source_object} has "
                f"{self.lines} lines, {outcome} came out ({self})"
            )


COLUMNS = [column.name for column in fields(Entry)]
DDL = """
    source_object string, etag string, size bigint, lines bigint,
    conversions map<string, bigint>, event_dates array<string>, rules string, run_id string,
    ingest_date date, cleaned bigint, dropped bigint, duplicates bigint,
    quarantined map<string, bigint>
"""


class Rows:
    """Counted rows by source object and reason (CLEANED where the table has none)."""

    def __init__(self) -> None:
        self.by_object = defaultdict[str, Counter[str]](Counter)

    def add(self, source_object: str, reason: str, rows: int) -> None:
        self.by_object[source_object][reason] += rows

    def of(self, source_object: str) -> Counter[str]:
        return self.by_object.get(source_object, Counter())


def settle(
    read: Iterable[Entry],
    changed: Iterable[Entry],
    before: Rows,
    after: Rows,
    quarantined: Rows,
) -> list[Entry]:
    """The entries of `read` with their outcomes, and those of `changed` with what changed.

    `before` and `after`: the rows of the days that were built again, as published and as written
    now. Raises RuntimeError when the lines of an object do not add up.
    """
    entries = []
    for entry in read:
        for name, reason in OUTCOMES.items():
            setattr(entry, name, after.of(entry.source_object)[reason])
        entry.quarantined = dict(sorted(quarantined.of(entry.source_object).items()))
        entries.append(entry)
    for entry in changed:
        for name, reason in OUTCOMES.items():
            rows = after.of(entry.source_object)[reason] - before.of(entry.source_object)[reason]
            setattr(entry, name, getattr(entry, name) + rows)
        entries.append(entry)
    for entry in entries:
        entry.check()
    return entries


def changed(before: Rows, after: Rows) -> set[str]:
    """The objects of which other rows came out than were published."""
    objects = before.by_object.keys() | after.by_object.keys()
    return {name for name in objects if +before.of(name) != +after.of(name)}


def totals(entries: Iterable[Entry], objects: Collection[str]) -> dict[str, object]:
    """What became of the lines of these objects, all together."""
    total: dict[str, Counter[str]] = defaultdict(Counter)
    counts = Counter[str]()
    for entry in entries:
        if entry.source_object in objects:
            counts.update({"objects": 1, "lines": entry.lines})
            counts.update({name: getattr(entry, name) for name in OUTCOMES})
            total["quarantined"].update(entry.quarantined)
            total["conversions"].update(entry.conversions)
    return {
        **{name: counts[name] for name in ("objects", "lines", *OUTCOMES)},
        **{name: dict(sorted(total[name].items())) for name in ("quarantined", "conversions")},
    }
