"""What the cleaned zone must hold, in plain Python: the contract, not how the job fulfils it.

A line knows what must become of it, because it was made from that: nothing here parses.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

Row = dict[str, Any]
Tables = dict[str, list[Row]]


@dataclass(frozen=True)
class Event:
    """The columns that come from the document, and the fields in which a type was converted."""

    event_id: str
    user_id: int = 1
    action: str = "view"
    event_at: datetime = datetime(2025, 3, 1, 10, 20, 30, 123_000, tzinfo=UTC)
    device: str = "mobile"
    location: str = "EU"
    app_version: str | None = None
    page: str | None = None
    order_id: str | None = None
    currency: str | None = None
    purchase_total: Decimal | None = None
    items: tuple[tuple[str | None, int | None, Decimal | None], ...] | None = None
    extra: str | None = None
    conversions: tuple[str, ...] = ()


# Of a line: an event, the reason why it is none, or None when it is blank.
Outcome = Event | str | None


class Line(NamedTuple):
    """`outcomes`: by the version of the mapping; the last one also for all later ones."""

    text: bytes
    outcomes: tuple[Outcome, ...]

    def outcome(self, version: int) -> Outcome:
        return self.outcomes[min(version, len(self.outcomes) - 1)]


@dataclass(frozen=True)
class Read:
    """An object as a run has read it; `version` is that of the mapping."""

    url: str
    etag: str
    size: int
    ingest_date: date
    lines: tuple[Line, ...]
    version: int
    rules: str
    run_id: str

    def outcomes(self) -> list[tuple[int, Line, Event | str]]:
        """Of the lines that are not blank, with their numbers."""
        found = []
        for number, line in enumerate(self.lines, start=1):
            if (outcome := line.outcome(self.version)) is not None:
                found.append((number, line, outcome))
        return found

    def events(self) -> list[Event]:
        return [outcome for _, _, outcome in self.outcomes() if isinstance(outcome, Event)]


def cleaned_zone(read: Collection[Read], drop_actions: Collection[str]) -> Tables:
    """The rows of all tables after these objects were read, each by its last run."""
    tables: Tables = {
        "user_activity": [],
        "user_activity_excluded": [],
        "user_activity_items": [],
        "user_activity_json": [],
        "quarantine": [],
        "flatten_ledger": [],
    }
    seen = set[str]()
    for each in sorted(read, key=lambda each: (each.ingest_date, each.url)):
        counts, quarantined, conversions = Counter[str](), Counter[str](), Counter[str]()
        for number, line, outcome in each.outcomes():
            place = {
                "source_object": each.url,
                "line_number": number,
                "ingest_date": each.ingest_date,
            }
            if isinstance(outcome, str):
                quarantined[outcome] += 1
                text = {"reason": outcome, "raw_line": line.text.decode(errors="replace")}
                tables["quarantine"].append({**text, **place, "run_id": each.run_id})
                continue
            conversions.update(outcome.conversions)
            row = {**_columns(outcome), **place}
            if outcome.event_id in seen:
                counts["duplicates"] += 1
                tables["user_activity_excluded"].append({"reason": "duplicate", **row})
            elif outcome.action in drop_actions:
                counts["dropped"] += 1
                tables["user_activity_excluded"].append({"reason": "dropped", **row})
            else:
                counts["cleaned"] += 1
                tables["user_activity"].append(row)
                tables["user_activity_items"] += _items(outcome)
                tables["user_activity_json"].append(_seed_document(outcome))
            seen.add(outcome.event_id)
        tables["flatten_ledger"].append(
            {
                "source_object": each.url,
                "etag": each.etag,
                "size": each.size,
                "lines": len(each.outcomes()),
                **{name: counts[name] for name in ("cleaned", "dropped", "duplicates")},
                "quarantined": dict(quarantined),
                "conversions": dict(conversions),
                "event_dates": sorted({str(event.event_at.date()) for event in each.events()}),
                "rules": each.rules,
                "run_id": each.run_id,
                "ingest_date": each.ingest_date,
            }
        )
    return tables


def days_to_build(before: Mapping[str, Read], now: Collection[Read]) -> set[str]:
    """Those of all events that come or go, and of every other copy of them."""
    moved = [event for each in now for event in each.events()]
    moved += [event for each in now if each.url in before for event in before[each.url].events()]
    ids = {event.event_id for event in moved}
    there = [event for each in before.values() for event in each.events()]
    touched = [*moved, *(event for event in there if event.event_id in ids)]
    return {str(event.event_at.date()) for event in touched}


def totals(ledger: Collection[Row], urls: Collection[str]) -> Row:
    """Of the ledger's rows of these objects."""
    rows = [row for row in ledger if row["source_object"] in urls]
    quarantined, conversions = Counter[str](), Counter[str]()
    for row in rows:
        quarantined.update(row["quarantined"])
        conversions.update(row["conversions"])
    sums = ("lines", "cleaned", "dropped", "duplicates")
    return {
        "objects": len(rows),
        **{name: sum(row[name] for row in rows) for name in sums},
        "quarantined": dict(quarantined),
        "conversions": dict(conversions),
    }


def _columns(event: Event) -> Row:
    row = {name: value for name, value in vars(event).items() if name != "conversions"}
    if event.items is not None:
        row["items"] = [
            {"sku": sku, "quantity": quantity, "unit_price": price}
            for sku, quantity, price in event.items
        ]
    row["item_count"] = None if event.items is None else len(event.items)
    return {**row, "event_date": event.event_at.date()}


def _items(event: Event) -> list[Row]:
    return [
        {
            "event_id": event.event_id,
            "order_id": event.order_id,
            "item_number": number,
            "sku": sku,
            "quantity": quantity,
            "unit_price": price,
            "event_at": event.event_at,
            "event_date": event.event_at.date(),
        }
        for number, (sku, quantity, price) in enumerate(event.items or (), start=1)
    ]


def _seed_document(event: Event) -> Row:
    moment = event.event_at.replace(tzinfo=None).isoformat(timespec="milliseconds")
    return {
        "event_id": event.event_id,
        "user_id": event.user_id,
        "action": event.action,
        "timestamp": f"{moment}Z",
        "metadata": {"device": event.device, "location": event.location},
        "event_date": event.event_at.date(),
    }
