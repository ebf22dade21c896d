"""The fast way from lines to events, for lines about which there is no doubt.

It may leave any line to event_document, and must never read one differently. msgspec's typed
decoder is as strict as our rules but for three things, which are checked here:

- of a repeated key the last one wins, and
- what is below an unknown key is skipped, whatever its bytes. Both show in the number of colons:
  a line has one for each key and those inside its strings, so that as many colons as the decoded
  fields account for leave no room for another key. (Only an escape can hide a colon of a string,
  and only JSON's own white space stands around those of the keys.)
- A number is taken without its text, which decides whether decimal(12,2) holds it: amounts stay
  raw until Arrow has looked at them.
"""

import re
from collections.abc import Sequence
from datetime import date
from functools import reduce
from itertools import chain, count
from typing import Annotated, Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Meta, Raw, Struct

from glue.event_document import MAX_DEPTH, Number, extra_of

AMOUNT = pa.decimal128(12, 2)
ITEM = pa.struct([("sku", pa.string()), ("quantity", pa.int32()), ("unit_price", AMOUNT)])

_NoRaw = Raw(b"")
_Text = Annotated[str, Meta(min_length=1)]
_Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
_Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class _Item(Struct, gc=False):
    sku: str | None = None
    quantity: _Int32 | None = None
    unit_price: Raw = _NoRaw


class _Purchase(Struct, gc=False):
    order_id: str | None = None
    currency: str | None = None
    total: Raw = _NoRaw
    items: list[_Item] | None = None


class _Metadata(Struct, gc=False):
    device: _Text
    location: _Text
    app_version: str | None = None
    page: str | None = None
    purchase: _Purchase | None = None


class _Document(Struct, gc=False):
    event_id: str
    user_id: _Int64
    action: _Text
    timestamp: str
    metadata: _Metadata


_REQUIRED_KEYS = 7
_SOME_MOMENT = "1970-01-01T00:00:00"
_decode = msgspec.json.Decoder(_Document).decode
_decode_any = msgspec.json.Decoder(float_hook=Number).decode
_NOT_DECODED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_UUID = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
_TIMESTAMP = (
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(?:\.[0-9]{1,6})?(?:Z|\+00:00)?$"
)
_DECIMAL_12_2 = r"^-?(?:0|[1-9][0-9]{0,9})(?:\.[0-9]{1,2})?$"
# The number -0 is the integer 0 to the decoder, and "-0" where its text is kept.
_MINUS_ZERO = re.compile(rb"[\s:,\[]-0")


def fast_events(lines: Sequence[bytes]) -> pa.RecordBatch:
    """Events of lines that certainly are one, and without any conversion.

    Columns: those of PARSED_SCHEMA from event_id to extra, and as line_number the place in `lines`,
    ascending.
    """
    documents, places, colons = [], [], []
    for place, line in enumerate(lines):
        try:
            document = _decode(line)
        except _NOT_DECODED:
            continue
        if b"\\u003" not in line:  # which may be an escaped colon
            documents.append(document)
            places.append(place)
            colons.append(line.count(b":"))
    metadata = [document.metadata for document in documents]
    event_id = _texts([document.event_id for document in documents])
    timestamp = _texts([document.timestamp for document in documents])
    app_version = _texts([part.app_version for part in metadata])
    page = _texts([part.page for part in metadata])
    purchases = _purchases([part.purchase for part in metadata])
    event_at, is_timestamp = _instants(timestamp)

    is_event = pc.and_(pc.match_substring_regex(event_id, _UUID), is_timestamp)
    is_event = pc.and_(is_event, purchases.are_good)
    in_timestamp = pc.count_substring(timestamp, ":")
    keys = _sum(purchases.keys, pc.is_valid(app_version), pc.is_valid(page))
    accounted_for = pc.add(pc.add(keys, _REQUIRED_KEYS), in_timestamp)
    is_whole = pc.equal(accounted_for, pa.array(colons, pa.int32()))
    extra: list[str | None] = [None] * len(documents)
    is_right = [True] * len(documents)
    for row in pc.indices_nonzero(pc.and_not(is_event, is_whole)).to_pylist():
        try:
            extra[row] = _extra(lines[places[row]], colons[row])
        except _NOT_DECODED:
            is_right[row] = False
    is_event = pc.and_(is_event, pa.array(is_right, pa.bool_()))

    events = pa.record_batch(
        {
            "line_number": pa.array(places, pa.int64()),
            "event_id": event_id,
            "user_id": pa.array([document.user_id for document in documents], pa.int64()),
            "action": _texts([document.action for document in documents]),
            "event_at": event_at,
            "event_date": event_at.cast(pa.timestamp("us")).cast(pa.date32()),
            "device": _texts([part.device for part in metadata]),
            "location": _texts([part.location for part in metadata]),
            "app_version": app_version,
            "page": page,
            **purchases.columns,
            "extra": _texts(extra),
        }
    )
    return events.filter(is_event)


def _texts(values: list[str | None]) -> pa.StringArray:
    return pa.array(values, pa.string())


def _instants(texts: pa.StringArray) -> tuple[pa.TimestampArray, pa.BooleanArray]:
    """Moments in UTC, cut to milliseconds, and which texts were read; that of another text means
    nothing."""
    are_read = pc.match_substring_regex(texts, _TIMESTAMP)
    texts = pc.if_else(are_read, texts, _SOME_MOMENT)
    days = pc.utf8_slice_codeunits(texts, 0, 10).dictionary_encode()
    are_days = pa.array([_is_day(text) for text in days.dictionary.to_pylist()], pa.bool_())
    are_read = pc.and_(are_read, are_days.take(days.indices))
    texts = pc.if_else(are_read, texts, _SOME_MOMENT)
    texts = pc.utf8_rtrim(pc.replace_substring(texts, "+00:00", ""), "Z")
    return whole_milliseconds(texts.cast(pa.timestamp("us"))), are_read


def whole_milliseconds(moments: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Moments in UTC, without what is finer; those given have no zone."""
    cut = pc.floor_temporal(moments, unit="millisecond")
    # By way of the number: a cast from a moment without a zone would ask for zone rules.
    return cut.cast(pa.int64()).cast(pa.timestamp("us", "UTC"))


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


class _Purchases(NamedTuple):
    """`keys` counts those of each purchase and the one it stands below; 0 without a purchase."""

    columns: dict[str, pa.Array]
    keys: pa.Int32Array
    are_good: pa.BooleanArray


def _purchases(column: list[_Purchase | None]) -> _Purchases:
    """Few events have one: the work is done for these, then spread over all rows."""
    found = [purchase for purchase in column if purchase is not None]
    place = count()
    places = pa.array([None if each is None else next(place) for each in column], pa.int32())
    total, has_total, good_total = _amounts([purchase.total for purchase in found])
    rows = [purchase.items for purchase in found]
    item_count = pa.array([None if row is None else len(row) for row in rows], pa.int32())

    items = list(chain.from_iterable(row for row in rows if row))
    sku = _texts([item.sku for item in items])
    quantity = pa.array([item.quantity for item in items], pa.int32())
    unit_price, has_price, good_price = _amounts([item.unit_price for item in items])
    offsets = _running_sum(item_count.fill_null(0))
    values = pa.StructArray.from_arrays([sku, quantity, unit_price], fields=list(ITEM))
    columns = {
        "order_id": _texts([purchase.order_id for purchase in found]),
        "currency": _texts([purchase.currency for purchase in found]),
        "purchase_total": total,
        "item_count": item_count,
        "items": pa.ListArray.from_arrays(
            offsets, values, pa.list_(ITEM), mask=pc.is_null(item_count)
        ),
    }
    has = (has_total, *(pc.is_valid(columns[name]) for name in ("order_id", "currency", "items")))
    item_keys = _sum(pc.is_valid(sku), pc.is_valid(quantity), has_price)
    keys = pc.add(_sum(*has, _in_lists(item_keys, offsets)), 1)
    bad_prices = _in_lists(pc.invert(good_price), offsets)
    are_good = pc.and_(good_total, pc.equal(bad_prices, 0))
    return _Purchases(
        {name: values.take(places) for name, values in columns.items()},
        keys.take(places).fill_null(0),
        are_good.take(places).fill_null(True),
    )


def _amounts(raw: list[Raw]) -> tuple[pa.Decimal128Array, pa.BooleanArray, pa.BooleanArray]:
    """The values, which were there at all (null is), and which are good: amounts or none."""
    texts = pa.array([bytes(each) for each in raw], pa.binary())
    are_amounts = pc.match_substring_regex(texts, _DECIMAL_12_2)
    are_there = pc.not_equal(texts, b"")
    are_good = pc.or_(are_amounts, pc.or_(pc.invert(are_there), pc.equal(texts, b"null")))
    amounts = pc.if_else(are_amounts, texts, None).cast(pa.string()).cast(AMOUNT)
    return amounts, are_there, are_good


def _sum(*columns: pa.Array) -> pa.Int32Array:
    return reduce(pc.add, (column.cast(pa.int32()) for column in columns))


def _running_sum(values: pa.Array) -> pa.Int32Array:
    """One more than `values`: starts with 0."""
    zero = pa.array([0], pa.int32())
    return pc.cumulative_sum(pa.concat_arrays([zero, values.cast(pa.int32())]))


def _in_lists(values: pa.Array, offsets: pa.Int32Array) -> pa.Int32Array:
    """The sum of the values in each list."""
    sums = _running_sum(values).take(offsets)
    return pc.subtract(sums[1:], sums[:-1])


def _extra(line: bytes, colons: int) -> str | None:
    """The unknown keys of a line that is an event if its colons add up.

    Raises one of _NOT_DECODED for a line that event_document has to read.
    """
    if line.count(b"{") + line.count(b"[") > MAX_DEPTH or _MINUS_ZERO.search(line):
        raise msgspec.DecodeError
    document = _decode_any(line)
    if _colons(document) != colons:
        raise msgspec.DecodeError
    return extra_of(document)


def _colons(value: Any) -> int:
    """How many the JSON text of `value` has, one for each key and those in strings."""
    if type(value) is str:
        return value.count(":")
    if type(value) is list:
        return sum(map(_colons, value))
    if type(value) is not dict:
        return 0
    found = len(value)
    for key, part in value.items():
        found += key.count(":") + (part.count(":") if type(part) is str else _colons(part))
    return found
