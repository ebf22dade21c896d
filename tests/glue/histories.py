"""Random lines of which it is known what must become of them, and random histories of a lake."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.glue.reference import Event, Line
from tests.glue.zones import Zones

# So few that copies of an event meet everywhere: in an object, on a day, across both.
IDS = [str(UUID(int=number)) for number in range(12)]
EVENT_DAYS = [date(2025, 2, 28), date(2025, 3, 1), date(2025, 3, 2), date(2025, 3, 3)]
INGEST_DAYS = [date(2025, 3, 1), date(2025, 3, 2), date(2025, 3, 3)]
ACTIONS = ["view", "login", "logout", "purchase", "never heard of"]
NAMES = ["a.json.gz", "b.json", "c.json.zst", "sub/d.json.gz", "é +%41=?#.json.gz"]
BLANK = [b"", b" ", b"\t \r"]
MAPPING = """
source = "shop"
[fields]
event_id = "id"
user_id = "{user_id}"
action = "what"
timestamp = "{timestamp}"
metadata.device = {{ constant = "mobile" }}
metadata.location = "where"
"""
MAPPINGS = [
    MAPPING.format(user_id="account", timestamp="at"),
    MAPPING.format(user_id="customer", timestamp="sent"),
]


def lines(draw: random.Random, make: Callable[[random.Random], Line]) -> list[Line]:
    return [make(draw) for _ in range(draw.choice([0, 1, 3, 8]))]


def log_line(draw: random.Random) -> Line:
    kind = draw.random()
    if kind < 0.1:
        return Line(draw.choice(BLANK), (None,))
    event, document = event_and_document(draw)
    if kind < 0.3:
        text, reason = broken(draw, document)
        return Line(text, (reason,))
    text = json.dumps(document, ensure_ascii=draw.random() < 0.5).encode()
    return Line(text + draw.choice([b"", b"", b"\r"]), (event,))


def shop_line(draw: random.Random) -> Line:
    """An event by one of the two mappings only, or by both on different days."""
    event = replace(
        Event(draw.choice(IDS)), user_id=draw.randint(1, 99), action=draw.choice(ACTIONS)
    )
    moments = [moment(draw), moment(draw)]
    texts = [f"{moment:%Y-%m-%dT%H:%M:%S}Z" for moment in moments]
    whose = draw.choice(["account", "customer", "nobody"])
    document = {"id": event.event_id, whose: event.user_id, "what": event.action, "where": "EU"}
    document |= {"at": texts[0], "sent": texts[1]}
    extras = [f'{{"sent":"{texts[1]}"}}', f'{{"at":"{texts[0]}"}}']
    outcomes = [
        replace(event, event_at=at, extra=extra) if whose == key else "missing_field"
        for key, at, extra in zip(("account", "customer"), moments, extras, strict=True)
    ]
    return Line(json.dumps(document).encode(), ("missing_field", *outcomes))


def moment(draw: random.Random) -> datetime:
    day = draw.choice(EVENT_DAYS)
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(
        seconds=draw.randrange(86400)
    )


def event_and_document(draw: random.Random) -> tuple[Event, dict[str, Any]]:
    conversions = set()
    at = moment(draw) + timedelta(milliseconds=draw.choice([0, 1, 123]))
    written_at = at + timedelta(microseconds=draw.choice([0, 456, 999]))
    zone = draw.choice([UTC, timezone(timedelta(hours=-11, minutes=-30))])
    user_id = draw.choice([7, -1, 2**63 - 1])
    written: Any = user_id
    if draw.random() < 0.2:
        written = str(user_id)
        conversions.add("user_id")
    app_version, version_written = draw.choice([(None, None), ("2.0", "2.0"), ("3.5", 3.5)])
    if version_written == 3.5:
        conversions.add("metadata.app_version")
    page = draw.choice([None, "/", "/żółć?q=\x00"])
    event = Event(
        event_id=draw.choice(IDS),
        user_id=user_id,
        action=draw.choice(ACTIONS),
        event_at=at,
        device=draw.choice(["mobile", "\u00a0"]),
        location=draw.choice(["EU", "US"]),
        app_version=app_version,
        page=page,
    )
    metadata: dict[str, Any] = {"device": event.device, "location": event.location}
    if version_written is not None or draw.random() < 0.3:
        metadata["app_version"] = version_written
    if page is not None:
        metadata["page"] = page
    if event.action == "purchase":
        event, metadata["purchase"] = _purchase(draw, event, conversions)
    document = {
        "event_id": event.event_id,
        "user_id": written,
        "action": event.action,
        "timestamp": written_at.astimezone(zone).isoformat(),
        "metadata": metadata,
    }
    extra: dict[str, Any] = {}
    if draw.random() < 0.2:
        extra["beta"] = document["beta"] = draw.choice([True, None, [1, "x"], {"a": {}}])
    if draw.random() < 0.2:
        metadata["os"] = "x"
        extra["metadata"] = {"os": "x"}
        # Where the document has them, in its order.
        extra = {key: extra[key] for key in document if key in extra}
    text = json.dumps(extra, separators=(",", ":")) if extra else None
    return replace(event, extra=text, conversions=tuple(sorted(conversions))), document


def _purchase(
    draw: random.Random, event: Event, conversions: set[str]
) -> tuple[Event, dict[str, Any]]:
    total = Decimal(draw.randrange(10**6)) / 100
    items = [
        (draw.choice(["a", None]), draw.choice([1, 2]), Decimal(draw.randrange(9999)) / 100)
        for _ in range(draw.randrange(3))
    ]
    as_text = draw.random() < 0.3
    amount = str if as_text else float
    if as_text:
        conversions.add("metadata.purchase.total")
    if as_text and items:
        conversions.add("metadata.purchase.items.unit_price")
    document = {
        "order_id": "o-1",
        "total": amount(total),
        "items": [
            {"sku": sku, "quantity": quantity, "unit_price": amount(price)}
            for sku, quantity, price in items
        ],
    }
    return replace(event, order_id="o-1", purchase_total=total, items=tuple(items)), document


def broken(draw: random.Random, document: dict[str, Any]) -> tuple[bytes, str]:
    text = json.dumps(document).encode()
    return draw.choice(
        [
            (text[: draw.randint(1, len(text) - 1)], "malformed_json"),
            (text + b" " + text, "malformed_json"),
            (b"\xef\xbb\xbf" + text, "malformed_json"),
            (b"no \xff\x00", "malformed_json"),
            (b"\xc2\xa0", "malformed_json"),
            (json.dumps({**document, "action": None}).encode() + b"\r", "missing_field"),
            (json.dumps({**document, "metadata": {"device": "x"}}).encode(), "missing_field"),
            (json.dumps({**document, "user_id": True}).encode(), "bad_type"),
            (json.dumps({**document, "event_id": "1"}).encode(), "bad_type"),
            (json.dumps({**document, "timestamp": "yesterday"}).encode(), "bad_timestamp"),
        ]
    )


class History:
    """What happens to a lake: objects come late and are replaced, runs read some of the new ones
    in any order and some again, the mapping and the dropped actions change."""

    def __init__(self, zones: Zones, seed: int) -> None:
        self.zones = zones
        self.draw = random.Random(seed)

    def step(self) -> None:
        zones, draw = self.zones, self.draw
        for _ in range(draw.randint(1, 4)):
            self.land()
        if draw.random() < 0.4 and len(zones.mappings) < len(MAPPINGS):
            zones.mappings.append(MAPPINGS[len(zones.mappings)])
        options: dict[str, Any] = {}
        if draw.random() < 0.2:
            options["drop_actions"] = sorted(draw.sample(ACTIONS, draw.randrange(3)))
        if draw.random() < 0.2:
            options["output_format"] = draw.choice(["json", "parquet"])
        options["all_days"] = bool(options) or draw.random() < 0.1
        urls = [url for url in zones.landed if draw.random() < (0.7 if zones.is_new(url) else 0.2)]
        draw.shuffle(urls)
        zones.run(urls, **options)

    def land(self) -> None:
        """A new object or, as there are few names, another in the place of one."""
        draw = self.draw
        source, make = draw.choice([("logs", log_line), ("logs", log_line), ("shop", shop_line)])
        day, name = draw.choice(INGEST_DAYS), draw.choice(NAMES)
        self.zones.land(day, name, lines(draw, make), source)
