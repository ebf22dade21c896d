"""The conservation ledger: what became of the lines of each raw object.

    lines = cleaned + dropped + duplicates + quarantined

`lines` is counted where the object is read; the right side is counted in the files that were
written. Bookkeeping only: a row an object, no documents.
"""

import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field

from glue.tables import ACTIVITY, DROPPED, DUPLICATE, EXCLUDED, QUARANTINE

CLEANED = "cleaned"
EVENT_TABLES = {ACTIVITY, EXCLUDED}
# Of Counts, by the field of Entry that holds it.
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
    ingest_date: str
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


# Rows in files: (table, partition value, source object, reason) -> rows. The reason is that of
# the table, CLEANED where it has none.
Counts = Counter


def to_json(entries: Iterable[Entry]) -> bytes:
    """A line of JSON each, compressed; the day of arrival is the partition's."""
    lines = []
    for entry in sorted(entries, key=lambda entry: entry.source_object):
        fields = asdict(entry)
        del fields["ingest_date"]
        lines.append(json.dumps(fields, ensure_ascii=False) + "\n")
    return gzip.compress("".join(lines).encode(), mtime=0)


def from_json(body: bytes, ingest_date: str) -> list[Entry]:
    lines = gzip.decompress(body).decode().split("\n")[:-1]
    return [Entry(**json.loads(line), ingest_date=ingest_date) for line in lines]


def _by_object(counts: Counts, tables: Collection[str]) -> dict[str, Counter[str]]:
    objects: dict[str, Counter[str]] = defaultdict(Counter)
    for (table, _, source_object, reason), rows in counts.items():
        if table in tables:
            objects[source_object][reason] += rows
    return objects


def settle(
    read: Iterable[Entry],
    changed: Iterable[Entry],
    before: Counts,
    after: Counts,
) -> list[Entry]:
    """The entries of `read` with their outcomes, and those of `changed` with what changed.

    `before` and `after`: the rows of the days that were built again, as published and as written
    now. Raises RuntimeError when the lines of an object do not add up.
    """
    old, new = _by_object(before, EVENT_TABLES), _by_object(after, EVENT_TABLES)
    quarantined = _by_object(after, {QUARANTINE})
    entries = []
    for entry in read:
        for name, reason in OUTCOMES.items():
            setattr(entry, name, new[entry.source_object][reason])
        entry.quarantined = dict(sorted(quarantined[entry.source_object].items()))
        entries.append(entry)
    for entry in changed:
        for name, reason in OUTCOMES.items():
            rows = new[entry.source_object][reason] - old[entry.source_object][reason]
            setattr(entry, name, getattr(entry, name) + rows)
        entries.append(entry)
    for entry in entries:
        entry.check()
    return entries


def changed(before: Counts, after: Counts) -> set[str]:
    """The objects of which other rows came out than were published."""
    old, new = _by_object(before, EVENT_TABLES), _by_object(after, EVENT_TABLES)
    return {name for name in old.keys() | new.keys() if +old[name] != +new[name]}


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
