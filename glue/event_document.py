"""One line of a raw log -> one event, or the reason why it is none.

Plain Python on purpose. Spark's own JSON reader cannot say what this module has to say: with a
string schema the user_id `"7"` and the user_id `7` look the same, a second object on the line is
lost, of a repeated key the last one wins, and the type of an unknown key's value is forgotten.
Python's parser gets all of that exactly right, alike on every Spark version, at about the price
of `from_json`.

The contract, required: `event_id` (UUID), `user_id` (integer), `action`, `timestamp`, `metadata`
{`device`, `location`}. Optional: `metadata.app_version`, `.page`, `.purchase` {`order_id`,
`currency`, `total`, `items` [{`sku`, `quantity`, `unit_price`}]}. Null is the same as absent.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

MALFORMED_JSON = "malformed_json"
MISSING_FIELD = "missing_field"
BAD_TYPE = "bad_type"
BAD_TIMESTAMP = "bad_timestamp"

# Every key the contract knows, nested as in the document; all others end up in Event.extra.
KNOWN_KEYS: dict[str, Any] = {
    "event_id": None,
    "user_id": None,
    "action": None,
    "timestamp": None,
    "metadata": {
        "device": None,
        "location": None,
        "app_version": None,
        "page": None,
        "purchase": {
            "order_id": None,
            "currency": None,
            "total": None,
            "items": {"sku": None, "quantity": None, "unit_price": None},
        },
    },
}

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CENT = Decimal("0.01")


class Item(NamedTuple):
    """One position of a purchase."""

    sku: str | None
    quantity: int | None
    unit_price: Decimal | None


class Event(NamedTuple):
    """A document that keeps the contract, flat.

    `event_at` counts microseconds and `event_day` days since 1970-01-01 UTC. Amounts fit
    decimal(12,2). `extra` is a JSON object with the unknown keys where the document had them.
    """

    event_id: str
    user_id: int
    action: str
    event_at: int
    event_day: int
    device: str
    location: str
    app_version: str | None
    page: str | None
    order_id: str | None
    currency: str | None
    purchase_total: Decimal | None
    item_count: int | None
    items: list[Item] | None
    extra: str | None


class Rejected(ValueError):
    """The line is no event; `reason` is one of the four reason codes of this module."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def parse_event(line: bytes) -> Event:
    """Read one line, without its line end.

    Raises Rejected with the first reason that applies: `malformed_json` (not exactly one JSON
    object in UTF-8, RFC 8259, with unique keys), `missing_field` (a required field is absent,
    null or an empty string), `bad_type` (also a string event_id that is no UUID, and a number
    that does not fit its column), `bad_timestamp` (a string, but not ISO-8601 date and time).
    """
    document = _json_object(line)
    required = [
        _present(document, key)
        for key in ("event_id", "user_id", "action", "timestamp", "metadata")
    ]
    event_id, user_id, action, timestamp, metadata = required
    _require(type(metadata) is dict)
    device, location = _present(metadata, "device"), _present(metadata, "location")

    _require(type(event_id) is str and _UUID.fullmatch(event_id) is not None)
    _require(_is_integer(user_id, bits=64))
    _require(type(action) is type(timestamp) is type(device) is type(location) is str)
    app_version, page = _text(metadata, "app_version"), _text(metadata, "page")
    purchase = metadata.get("purchase")
    order_id, currency, total, items = (None,) * 4 if purchase is None else _purchase(purchase)

    event_at, event_day = _instant(timestamp)
    extra = _unknown(document, KNOWN_KEYS)
    return Event(
        event_id=event_id,
        user_id=user_id,
        action=action,
        event_at=event_at,
        event_day=event_day,
        device=device,
        location=location,
        app_version=app_version,
        page=page,
        order_id=order_id,
        currency=currency,
        purchase_total=total,
        item_count=None if items is None else len(items),
        items=items,
        extra=_to_json(extra) if extra else None,
    )


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise Rejected(MALFORMED_JSON)
    return document


def _no_constant(_name: str) -> None:
    raise Rejected(MALFORMED_JSON)  # NaN and Infinity are not JSON


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_keys, parse_float=Decimal, parse_constant=_no_constant
)


def _json_object(line: bytes) -> dict[str, Any]:
    try:
        document = _DECODER.decode(line.decode())
        if b"\\u" in line:  # half a surrogate pair is no character and cannot be stored
            json.dumps(document, ensure_ascii=False, default=str).encode()
    except (ValueError, ArithmeticError, RecursionError):
        raise Rejected(MALFORMED_JSON) from None
    if type(document) is not dict:
        raise Rejected(MALFORMED_JSON)
    return document


def _require(type_is_right: bool) -> None:
    if not type_is_right:
        raise Rejected(BAD_TYPE)


def _present(document: dict[str, Any], key: str) -> Any:
    value = document.get(key)
    if value is None or value == "":
        raise Rejected(MISSING_FIELD)
    return value


def _text(document: dict[str, Any], key: str) -> str | None:
    value = document.get(key)
    _require(value is None or type(value) is str)
    return value


def _is_integer(value: Any, bits: int) -> bool:
    # type() and not isinstance(): True is an int to Python, and not to JSON.
    return type(value) is int and -(1 << bits - 1) <= value < 1 << bits - 1


def _amount(document: dict[str, Any], key: str) -> Decimal | None:
    """A number that decimal(12,2) holds exactly: nothing is rounded behind the owner's back."""
    value = document.get(key)
    if value is None:
        return None
    _require(type(value) is Decimal or type(value) is int)
    value = Decimal(value)
    _require(abs(value) < 10**10)
    cents = value.quantize(_CENT)
    _require(cents == value)
    return cents


def _purchase(
    purchase: Any,
) -> tuple[str | None, str | None, Decimal | None, list[Item] | None]:
    _require(type(purchase) is dict)
    items = purchase.get("items")
    _require(items is None or type(items) is list)
    return (
        _text(purchase, "order_id"),
        _text(purchase, "currency"),
        _amount(purchase, "total"),
        None if items is None else [_item(item) for item in items],
    )


def _item(item: Any) -> Item:
    _require(type(item) is dict)
    quantity = item.get("quantity")
    _require(quantity is None or _is_integer(quantity, bits=32))
    return Item(_text(item, "sku"), quantity, _amount(item, "unit_price"))


def _instant(text: str) -> tuple[int, int]:
    """Microseconds and days since 1970-01-01 UTC; no zone means UTC, finer fractions are cut."""
    if not _TIMESTAMP.fullmatch(text):
        raise Rejected(BAD_TIMESTAMP)
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        moment = moment.astimezone(UTC)  # raises when this leaves the years 1 to 9999
    except (ValueError, OverflowError):
        raise Rejected(BAD_TIMESTAMP) from None
    since_epoch = moment - _EPOCH
    return since_epoch // _MICROSECOND, since_epoch.days


def _unknown(value: Any, known: dict[str, Any]) -> Any:
    """What of `value` the contract does not know; empty when it knows it all."""
    if type(value) is list:
        elements = [_unknown(element, known) for element in value]
        return elements if any(elements) else []
    rest = {}
    for key, part in value.items():
        if key not in known:
            rest[key] = part
        elif known[key] and part and (below := _unknown(part, known[key])):
            rest[key] = below
    return rest


def _to_json(value: Any) -> str:
    """Compact JSON that keeps every digit of a number, which json.dumps does not for Decimal."""
    if type(value) is dict:
        return "{" + ",".join(f"{_to_json(k)}:{_to_json(v)}" for k, v in value.items()) + "}"
    if type(value) is list:
        return "[" + ",".join(map(_to_json, value)) + "]"
    if type(value) is Decimal:
        return str(value)
    return json.dumps(value, ensure_ascii=False)
