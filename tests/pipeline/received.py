"""What `uap generate` wrote, read in plain Python: the events that the lake must hold.

Not a second flatten job: which lines are broken is for the ground truth and the quarantine to say.
"""

import json
from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

Row = dict[str, Any]

KNOWN = {"event_id", "user_id", "action", "timestamp", "metadata"}
KNOWN_METADATA = {"device", "location", "app_version", "page", "purchase"}


class Received(NamedTuple):
    """`events` stay; of `dropped` the job keeps no more than a mark; `duplicates` came later."""

    events: list[Row]
    dropped: list[Row]
    duplicates: list[Row]


def received(
    folder: Path,
    broken: Collection[tuple[str, int]],
    dropped_actions: Collection[str] = ("logout",),
) -> Received:
    """`broken`: lines of logs that are no event, by path below `folder` and number from 1."""
    found = Received([], [], [])
    seen: set[str] = set()
    for path in sorted((folder / "logs").rglob("*.json")):
        name = str(path.relative_to(folder))
        ingest_date = date.fromisoformat(path.parent.name.removeprefix("ingest_date="))
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
            if not line.strip() or (name, number) in broken:
                continue
            event = _event(json.loads(line, parse_float=str), ingest_date)
            if event["event_id"] in seen:
                found.duplicates.append(event)
            elif event["action"] in dropped_actions:
                found.dropped.append(event)
            else:
                found.events.append(event)
            seen.add(event["event_id"])
    return found


def profiles(folder: Path) -> list[Row]:
    """Every version of every user's profile, in the order in which they arrived."""
    versions = []
    for path in sorted((folder / "users").rglob("*.json")):
        ingest_date = date.fromisoformat(path.parent.name.removeprefix("ingest_date="))
        for line in path.read_text().splitlines():
            profile = json.loads(line)
            times = {name: _time(profile[name]) for name in ("signed_up_at", "updated_at")}
            versions.append({**profile, **times, "ingest_date": ingest_date})
    return versions


def _event(document: Row, ingest_date: date) -> Row:
    metadata = document["metadata"]
    purchase = metadata.get("purchase") or {}
    items = purchase.get("items")
    version = metadata.get("app_version")
    total = purchase.get("total")
    event_at = _time(document["timestamp"])
    extra = {key: value for key, value in document.items() if key not in KNOWN}
    unknown = {key: value for key, value in metadata.items() if key not in KNOWN_METADATA}
    return {
        "event_id": document["event_id"],
        "order_id": purchase.get("order_id"),
        "user_id": int(document["user_id"]),
        "action": document["action"],
        "device": metadata["device"],
        "location": metadata["location"],
        "app_version": None if version is None else str(version),
        "page": metadata.get("page"),
        "currency": purchase.get("currency"),
        "extra": {**extra, **({"metadata": unknown} if unknown else {})} or None,
        "purchase_total": None if total is None else Decimal(total).quantize(Decimal("0.01")),
        "item_count": None if items is None else len(items),
        "items": [
            {
                "sku": item["sku"],
                "quantity": int(item["quantity"]),
                "unit_price": Decimal(item["unit_price"]).quantize(Decimal("0.01")),
            }
            for item in items or ()
        ],
        "event_at": event_at,
        "ingest_date": ingest_date,
        "event_date": event_at.date(),
    }


def _time(text: str) -> datetime:
    """UTC without a zone, as Athena has it."""
    return datetime.fromisoformat(text.removesuffix("Z"))
