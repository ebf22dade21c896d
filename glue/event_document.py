"""One line of a raw log -> one event, or the reason why it is none.

Plain Python on purpose. Spark's own JSON reader cannot say what this module has to say: with a
string schema the user_id `"7"` and the user_id `7` look the same, a second object on the line is
lost, of a repeated key the last one wins, and the type of an unknown key's value is forgotten.
Python's parser gets all of that exactly right, alike on every Spark version. event_batch.py gives
the same outcomes for whole batches, fast; this module is the rule it is held to.

The contract, required: `event_id` (UUID), `user_id` (integer), `action`, `timestamp`, `metadata`
{`device`, `location`}. Optional: `metadata.app_version`, `.page`, `.purchase` {`order_id`,
`currency`, `total`, `items` [{`sku`, `quantity`, `unit_price`}]}. Null is the same as absent.

A value of another type is converted, and the field's name noted, in these cases only:
- an integer is expected and there is a string with exactly a JSON integer (`"7"`), or a number
  without a fraction (`7.0`, `1e3`);
- an amount is expected and there is a string with exactly a JSON number (`"12.50"`);
- an optional text is expected and there is a number: its text as written (`3.10` -> `"3.10"`).
"""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, Protocol

MALFORMED_JSON = "malformed_json"
MISSING_FIELD = "missing_field"
BAD_TYPE = "bad_type"
BAD_TIMESTAMP = "bad_timestamp"
# Of the reader (raw_lines.py), for what never becomes a line to parse.
OVERSIZED_LINE = "oversized_line"
UNREADABLE_OBJECT = "unreadable_object"

# Deeper JSON is malformed. Without a limit of our own Python's recursion limit would decide, which
# differs between versions and with the caller's depth.
MAX_DEPTH = 100

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
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|([\[{])|([\]}])')
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_ONE = Decimal(1)
_CENT = Decimal("0.01")


class Item(NamedTuple):
    """One position of a purchase."""

    sku: str | None
    quantity: int | None
    unit_price: Decimal | None


class Event(NamedTuple):
    """A document that keeps the contract, flat.

    `event_at` counts microseconds, always whole milliseconds, and `event_day` days since 1970-01-01
    UTC. Amounts fit decimal(12,2). `extra` is a JSON object with the unknown keys where the
    document had them. `conversions` names the converted fields, as in `metadata.purchase.total`:
    each once, sorted.
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
    conversions: tuple[str, ...]


class Mapping(Protocol):
    """Makes a document of another shape one of ours. Numbers are int or Decimal, both ways."""

    def apply(self, document: dict[str, Any]) -> dict[str, Any]: ...


class Number(Decimal):
    """A JSON number that knows its text as written; a too large exponent makes it infinite."""

    __slots__ = ("written",)
    written: str

    def __new__(cls, written: str) -> "Number":
        try:
            number = super().__new__(cls, written)
        except InvalidOperation:
            number = super().__new__(cls, "Infinity")
        number.written = written
        return number

    def __str__(self) -> str:
        return self.written


class Rejected(ValueError):
    """The line is no event; `reason` is one of the four reason codes of parse_event."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def parse_event(line: bytes, mapping: Mapping | None = None) -> Event:
    """Read one line, without its line end; `mapping` is applied before anything is checked.

    Raises Rejected with the first reason that applies: `malformed_json` (not exactly one JSON
    object in UTF-8, RFC 8259, with unique keys, at most MAX_DEPTH deep), `missing_field` (a
    required field is absent, null or an empty string), `bad_type` (also a string event_id that is
    no UUID, and a number that does not fit its column), `bad_timestamp` (a string, but not
    ISO-8601 date and time).
    """
    document = _json_object(line)
    if mapping is not None:
        document = mapping.apply(document)
    required = [
        _present(document, key)
        for key in ("event_id", "user_id", "action", "timestamp", "metadata")
    ]
    event_id, user_id, action, timestamp, metadata = required
    _require(type(metadata) is dict)
    device, location = _present(metadata, "device"), _present(metadata, "location")

    _require(type(event_id) is str and _UUID.fullmatch(event_id) is not None)
    fields = _Fields()
    user_id = fields.integer(document, "user_id", bits=64)
    _require(type(action) is type(timestamp) is type(device) is type(location) is str)
    app_version = fields.text(metadata, "metadata.app_version")
    page = fields.text(metadata, "metadata.page")
    purchase = metadata.get("purchase")
    purchase = {} if purchase is None else purchase
    _require(type(purchase) is dict)
    items = purchase.get("items")
    _require(items is None or type(items) is list)
    order_id = fields.text(purchase, "metadata.purchase.order_id")
    currency = fields.text(purchase, "metadata.purchase.currency")
    total = fields.amount(purchase, "metadata.purchase.total")
    items = None if items is None else [fields.item(item) for item in items]

    event_at, event_day = _instant(timestamp)
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
        extra=extra_of(document),
        conversions=tuple(sorted(fields.converted)),
    )


def extra_of(document: dict[str, Any]) -> str | None:
    """Compact JSON of the unknown keys of a document that keeps the contract; None without any."""
    extra = _unknown(document, KNOWN_KEYS)
    return _to_json(extra) if extra else None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise Rejected(MALFORMED_JSON)
    return document


def _no_constant(_name: str) -> None:
    raise Rejected(MALFORMED_JSON)  # NaN and Infinity are not JSON


def _parse_int(written: str) -> int | Number:
    # Longer ones fit no column, and int() refuses, or takes its time for, thousands of digits.
    return Number(written) if len(written) > 20 or written == "-0" else int(written)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_keys,
    parse_float=Number,
    parse_int=_parse_int,
    parse_constant=_no_constant,
)


def _json_object(line: bytes) -> dict[str, Any]:
    try:
        text = line.decode()
        if line.count(b"{") + line.count(b"[") > MAX_DEPTH:
            _check_depth(text)
        document = _DECODER.decode(text)
        if b"\\u" in line:  # half a surrogate pair is no character and cannot be stored
            json.dumps(document, ensure_ascii=False, default=str).encode()
    except ValueError:
        raise Rejected(MALFORMED_JSON) from None
    if type(document) is not dict:
        raise Rejected(MALFORMED_JSON)
    return document


def _check_depth(text: str) -> None:
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth += (found[1] is not None) - (found[2] is not None)
        if depth > MAX_DEPTH:
            raise Rejected(MALFORMED_JSON)


def _require(type_is_right: bool) -> None:
    if not type_is_right:
        raise Rejected(BAD_TYPE)


def _present(document: dict[str, Any], key: str) -> Any:
    value = document.get(key)
    if value is None or value == "":
        raise Rejected(MISSING_FIELD)
    return value


class _Fields:
    """Reads fields by the type the contract gives them and notes which had to be converted.

    A field is named by its whole path; its last part is the key in the object it is read from.
    """

    def __init__(self) -> None:
        self.converted: set[str] = set()

    def text(self, parent: dict[str, Any], field: str) -> str | None:
        value = parent.get(field.rpartition(".")[2])
        if _is_number(value):
            self.converted.add(field)
            return str(value)
        _require(value is None or type(value) is str)
        return value

    def integer(self, parent: dict[str, Any], field: str, bits: int) -> int | None:
        number = self._number(parent, field, _INTEGER)
        if number is None:
            return None
        _require(-(1 << bits - 1) <= number < 1 << bits - 1)
        if type(number) is int:
            return number
        if not _INTEGER.fullmatch(str(number)):
            self.converted.add(field)
        return int(_exactly(number, _ONE))

    def amount(self, parent: dict[str, Any], field: str) -> Decimal | None:
        """A number that decimal(12,2) holds exactly: nothing is rounded behind the owner's back."""
        number = self._number(parent, field, _NUMBER)
        if number is None:
            return None
        _require(-(10**10) < number < 10**10)
        return _exactly(Decimal(number), _CENT)

    def item(self, item: Any) -> Item:
        _require(type(item) is dict)
        return Item(
            self.text(item, "metadata.purchase.items.sku"),
            self.integer(item, "metadata.purchase.items.quantity", bits=32),
            self.amount(item, "metadata.purchase.items.unit_price"),
        )

    def _number(
        self, parent: dict[str, Any], field: str, in_string: re.Pattern[str]
    ) -> int | Decimal | None:
        value = parent.get(field.rpartition(".")[2])
        if type(value) is str and in_string.fullmatch(value):
            self.converted.add(field)
            return Number(value)
        _require(value is None or _is_number(value))
        return value


def _is_number(value: Any) -> bool:
    # type() for int: True is an int to Python, and not to JSON.
    return type(value) is int or isinstance(value, Decimal)


def _exactly(number: Decimal, unit: Decimal) -> Decimal:
    rounded = number.quantize(unit)
    _require(rounded == number)
    return rounded


def _instant(text: str) -> tuple[int, int]:
    """Microseconds and days since 1970-01-01 UTC; no zone means UTC.

    Cut to milliseconds before its day is taken: Athena rounds what is finer, so that the last
    moment of a day would be read as the first of the next.
    """
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
    return since_epoch // _MILLISECOND * 1000, since_epoch.days


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


_SCALARS = json.JSONEncoder(ensure_ascii=False)


def _to_json(value: Any) -> str:
    """Compact JSON with numbers as written, which json.dumps cannot do for Decimal."""
    if type(value) is dict:
        return "{" + ",".join(f"{_to_json(k)}:{_to_json(v)}" for k, v in value.items()) + "}"
    if type(value) is list:
        return "[" + ",".join(map(_to_json, value)) + "]"
    if isinstance(value, Decimal):
        return str(value)
    return _SCALARS.encode(value)
