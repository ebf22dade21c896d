"""The ground truth a second time, slowly: from nothing but the lines in the files.

The event contract and the rules of conversion are written down here once more, so that the
generator, the parser of the flatten job and this module are held against each other.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from glue.event_document import Rejected, parse_event

INTEGER = re.compile(r"-?(0|[1-9]\d*)", re.ASCII)
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
REASONS = ("bad_timestamp", "bad_type", "malformed_json", "missing_field")
FIELDS = (
    "metadata.app_version",
    "metadata.purchase.items.unit_price",
    "metadata.purchase.total",
    "user_id",
)


class Line(NamedTuple):
    """`reason` of a malformed line, or the document and the fields that have another type."""

    path: str
    ingest_date: str
    text: bytes
    reason: str | None
    document: dict[str, Any]
    conversions: set[str]


class Wrong(Exception):
    pass


def lines_of(folder: Path, most: int) -> list[Line]:
    """Lines that are not blank, in the order that decides which of two copies is the first."""
    lines = []
    for path in sorted(folder.glob("logs/*/*")):
        texts = path.read_bytes().split(b"\n")
        assert texts.pop() == b"", "a file ends with a line end"
        texts = [text for text in texts if text.strip(b" \t\r")]
        assert 0 < len(texts) <= most
        name = str(path.relative_to(folder))
        lines += [read(name, path.parent.name.removeprefix("ingest_date="), text) for text in texts]
    return lines


def read(path: str, ingest_date: str, text: bytes) -> Line:
    """The line, about which the parser of the flatten job says the same."""
    try:
        document, conversions = judged(text)
        line = Line(path, ingest_date, text, None, document, conversions)
    except Wrong as wrong:
        line = Line(path, ingest_date, text, str(wrong), {}, set())
    try:
        event = parse_event(text)
        assert (line.reason, line.conversions) == (None, set(event.conversions)), text
    except Rejected as rejected:
        assert line.reason == rejected.reason, text[:500]
    return line


def judged(text: bytes) -> tuple[dict[str, Any], set[str]]:
    document = document_in(text)
    for key in ("event_id", "user_id", "action", "timestamp", "metadata"):
        present(document, key)
    metadata = typed(document["metadata"], dict)
    for key in ("device", "location"):
        present(metadata, key)
    for value in (document["event_id"], document["action"], document["timestamp"]):
        typed(value, str)
    typed(metadata["device"], str)
    typed(metadata["location"], str)
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", document["event_id"]):
        raise Wrong("bad_type")
    conversions = set()
    document["user_id"] = number(document["user_id"], INTEGER, "user_id", conversions)
    if document["user_id"] % 1 or abs(document["user_id"]) >= 2**63:
        raise Wrong("bad_type")
    for key in ("app_version", "page"):
        optional_text(metadata.get(key), f"metadata.{key}", conversions)
    if (purchase := metadata.get("purchase")) is not None:
        judge_purchase(typed(purchase, dict), conversions)
    try:
        assert TIMESTAMP.fullmatch(document["timestamp"])
        document["at"] = datetime.fromisoformat(document["timestamp"]).astimezone(UTC)
    except (AssertionError, ValueError):
        raise Wrong("bad_timestamp") from None
    return document, conversions


def judge_purchase(purchase: dict[str, Any], conversions: set[str]) -> None:
    for key in ("order_id", "currency"):
        optional_text(purchase.get(key), f"metadata.purchase.{key}", conversions)
    purchase["total"] = amount(purchase.get("total"), "metadata.purchase.total", conversions)
    for item in purchase.get("items") or []:
        optional_text(item.get("sku"), "metadata.purchase.items.sku", conversions)
        quantity = number(
            item.get("quantity"), INTEGER, "metadata.purchase.items.quantity", conversions
        )
        if quantity is not None and quantity % 1:
            raise Wrong("bad_type")
        field = "metadata.purchase.items.unit_price"
        item["unit_price"] = amount(item.get("unit_price"), field, conversions)


def document_in(text: bytes) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) < len(pairs):
            raise ValueError
        return dict(pairs)

    def refuse(_: str) -> None:
        raise ValueError

    try:
        document = json.loads(
            text.decode(), object_pairs_hook=unique, parse_float=Decimal, parse_constant=refuse
        )
        json.dumps(document, ensure_ascii=False, default=str).encode()
        assert isinstance(document, dict)
    except (ValueError, AssertionError):
        raise Wrong("malformed_json") from None
    return document


def present(document: dict[str, Any], key: str) -> None:
    if document.get(key) in (None, ""):
        raise Wrong("missing_field")


def typed(value: Any, expected: type) -> Any:
    if type(value) is not expected:
        raise Wrong("bad_type")
    return value


def number(value: Any, pattern: re.Pattern, field: str, conversions: set[str]) -> Any:
    if type(value) is str and pattern.fullmatch(value):
        conversions.add(field)
        return Decimal(value)
    if type(value) not in (int, Decimal, type(None)):
        raise Wrong("bad_type")
    if type(value) is Decimal and pattern is INTEGER and not value % 1:
        conversions.add(field)
    return value


def amount(value: Any, field: str, conversions: set[str]) -> Any:
    value = number(value, NUMBER, field, conversions)
    if value is not None and value * 100 % 1:
        raise Wrong("bad_type")
    return value


def optional_text(value: Any, field: str, conversions: set[str]) -> None:
    if type(value) in (int, Decimal):
        conversions.add(field)
    elif type(value) not in (str, type(None)):
        raise Wrong("bad_type")


def events_of(lines: list[Line]) -> list[Line]:
    """The first of the lines with one event id; the others have the same bytes."""
    first: dict[str, Line] = {}
    for line in lines:
        if line.reason is None:
            event = first.setdefault(line.document["event_id"], line)
            assert event.text == line.text
    return list(first.values())


def recount(folder: Path, parameters: Any) -> dict[str, Any]:
    """All of the ground truth that can be told from the files."""
    lines = lines_of(folder, parameters.max_lines_per_file)
    events = events_of(lines)
    days = [str(parameters.start + timedelta(days=day)) for day in range(parameters.days)]
    by_day = {day: dict.fromkeys(("lines", "duplicates", "malformed", "late"), 0) for day in days}
    files: dict[str, dict[str, Any]] = {
        path: {
            "bytes": (folder / path).stat().st_size,
            "lines": 0,
            "events": defaultdict(int),
            "duplicates": 0,
            "malformed": defaultdict(int),
            "conversions": defaultdict(int),
        }
        for path in sorted({line.path for line in lines})
    }
    for line in lines:
        files[line.path]["lines"] += 1
        by_day[line.ingest_date]["lines"] += 1
        if line.reason:
            files[line.path]["malformed"][line.reason] += 1
            by_day[line.ingest_date]["malformed"] += 1
        for field in line.conversions:
            files[line.path]["conversions"][field] += 1
    cells: Counter[tuple[str, str, str]] = Counter()
    users: dict[tuple[str, ...], set[int]] = defaultdict(set)
    active: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    revenue: dict[str, Decimal] = dict.fromkeys(("USD", "EUR", "SGD"), Decimal(0))
    purchases = items = 0
    arrivals: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
    for line in lines:
        if line.reason is None:
            event_date = str(line.document["at"].date())
            arrivals[line.ingest_date, event_date, line.document["action"]].append(line)
    first_lines = {id(event) for event in events}
    bought: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        action, metadata = event.document["action"], event.document["metadata"]
        event_date = str(event.document["at"].date())
        files[event.path]["events"][action] += 1
        by_day[event.ingest_date]["late"] += event_date < event.ingest_date
        cells[event_date, metadata["location"], action] += 1
        users[event_date, metadata["location"], action].add(event.document["user_id"])
        users[metadata["location"], action].add(event.document["user_id"])
        active[event_date][event.document["user_id"]].add(action)
        if purchase := metadata.get("purchase"):
            purchases += 1
            items += len(purchase["items"])
            revenue[purchase["currency"]] += purchase["total"]
            bought[event_date, metadata["location"], purchase["currency"]].append(purchase)
    for path, file in files.items():
        file["duplicates"] = file["lines"] - sum(
            sum(file[outcome].values()) for outcome in ("events", "malformed")
        )
        by_day[path.split("/")[1].removeprefix("ingest_date=")]["duplicates"] += file["duplicates"]
    totals: Counter[tuple[str, str]] = Counter()
    for (_, location, action), count in cells.items():
        totals[location, action] += count
    return {
        "documents": len(lines),
        "unique_events": len(events),
        "duplicates": sum(file["duplicates"] for file in files.values()),
        "malformed": sum(line.reason is not None for line in lines),
        "late": sum(counts["late"] for counts in by_day.values()),
        "malformed_by_reason": {
            reason: sum(line.reason == reason for line in lines) for reason in REASONS
        },
        "by_ingest_date": by_day,
        "by_location_action": [
            {
                "location": location,
                "action": action,
                "events": count,
                "users": len(users[location, action]),
            }
            for (location, action), count in sorted(totals.items())
        ],
        "by_day_location_action": [
            {
                "event_date": day,
                "location": location,
                "action": action,
                "events": count,
                "users": len(users[day, location, action]),
            }
            for (day, location, action), count in sorted(cells.items())
        ],
        "active_users": [
            {
                "event_date": day,
                "users": len(actions_of),
                "users_without_logouts": sum(
                    actions != {"logout"} for actions in actions_of.values()
                ),
            }
            for day, actions_of in sorted(active.items())
        ],
        "by_arrival": [
            {
                "ingest_date": ingest_date,
                "event_date": day,
                "action": action,
                "events": sum(id(line) in first_lines for line in found),
                "duplicates": sum(id(line) not in first_lines for line in found),
            }
            for (ingest_date, day, action), found in sorted(arrivals.items())
        ],
        "purchases_by_day_location": [
            {
                "event_date": day,
                "location": location,
                "currency": currency,
                "purchases": len(found),
                "purchase_items": sum(len(purchase["items"]) for purchase in found),
                "revenue_cents": int(100 * sum(purchase["total"] for purchase in found)),
            }
            for (day, location, currency), found in sorted(bought.items())
        ],
        "purchases": purchases,
        "purchase_items": items,
        "revenue_cents": {currency: int(sum_ * 100) for currency, sum_ in revenue.items()},
        "conversions": {
            field: sum(field in line.conversions for line in lines) for field in FIELDS
        },
        "files": files,
        "users": recount_users(folder, days),
    }


def profiles_of(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """(ingest date, document) of the users' source, in the order of days and files."""
    return [
        (path.parent.name.removeprefix("ingest_date="), json.loads(line))
        for path in sorted(folder.glob("users/*/*"))
        for line in path.read_bytes().splitlines()
    ]


def recount_users(folder: Path, days: list[str]) -> dict[str, Any]:
    by_day = {day: {"new": 0, "changed": 0} for day in days}
    last: dict[int, dict[str, Any]] = {}
    documents = profiles_of(folder)
    for day, document in documents:
        by_day[day]["changed" if document["user_id"] in last else "new"] += 1
        last[document["user_id"]] = document
    return {
        "profiles": len(last),
        "documents": len(documents),
        "changes": len(documents) - len(last),
        "by_ingest_date": by_day,
        "last_plan": Counter(document["plan"] for document in last.values()),
        "last_country": Counter(document["country"] for document in last.values()),
        "files": {
            str(path.relative_to(folder)): {
                "bytes": path.stat().st_size,
                "lines": path.read_bytes().count(b"\n"),
            }
            for path in folder.glob("users/*/*")
        },
    }


def assert_true(folder: Path, parameters: Any) -> None:
    """The ground truth in the folder is that of its files, and what the parameters ask for."""
    written = json.loads((folder / "ground_truth.json").read_text())
    assert written.pop("parameters")["events"] == parameters.events
    sessions, kinds = written.pop("sessions"), written.pop("malformed_by_kind")
    assert 0 < sessions <= parameters.events
    assert sum(kinds.values()) == written["malformed"]
    assert written == recount(folder, parameters)
    assert written["unique_events"] == parameters.events
    assert written["users"]["profiles"] == parameters.users
    exact = ("duplicates", "malformed", *(() if parameters.skew else ("late",)))
    for share in exact:
        assert written[share] == round(getattr(parameters, share) * parameters.events)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("part-*")}
