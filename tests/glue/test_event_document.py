"""What counts as an event: odd lines one by one, each with the outcome the contract asks for."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glue.event_document import KNOWN_KEYS, Event, Item, Rejected, parse_event

EVENT_ID = "0b8f7c1e-6a54-4f2d-9d35-2f1f0a6f8e11"
ABSENT = object()


def document(**changes: Any) -> dict[str, Any]:
    """A valid document; `metadata__device=...` changes a nested key, ABSENT removes one."""
    event = {
        "event_id": EVENT_ID,
        "user_id": 7,
        "action": "view",
        "timestamp": "2025-03-01T10:20:30.123Z",
        "metadata": {"device": "mobile", "location": "EU"},
    }
    for path, value in changes.items():
        *parents, key = path.split("__")
        target = event
        for parent in parents:
            target = target[parent]
        if value is ABSENT:
            del target[key]
        else:
            target[key] = value
    return event


def line(**changes: Any) -> bytes:
    return json.dumps(document(**changes)).encode()


def reason(raw: bytes) -> str | None:
    try:
        parse_event(raw)
    except Rejected as rejected:
        return rejected.reason
    return None


VALID = line().decode()
MALFORMED = {
    "no JSON at all": "hello",
    "cut off": VALID[:60],
    "cut off inside a string": VALID[:20],
    "missing closing brace": VALID[:-1],
    "one brace too many": VALID + "}",
    "two objects": VALID + VALID,
    "two objects with a space": f"{VALID} {VALID}",
    "two objects with a comma": f"{VALID},{VALID}",
    "trailing comma": VALID[:-1] + ",}",
    "trailing text": VALID + " ok",
    "leading text": "INFO " + VALID,
    "top-level array": f"[{VALID}]",
    "top-level string": json.dumps(VALID),
    "top-level number": "7",
    "top-level null": "null",
    "single quotes": VALID.replace('"', "'"),
    "unquoted key": VALID.replace('"action"', "action"),
    "comment": VALID[:-1] + "/* x */}",
    "NaN": VALID.replace("7,", "NaN,", 1),
    "Infinity in an unknown key": VALID[:-1] + ', "score": -Infinity}',
    "leading zero": VALID.replace('"user_id": 7', '"user_id": 07'),
    "plus sign": VALID.replace('"user_id": 7', '"user_id": +7'),
    "hexadecimal": VALID.replace('"user_id": 7', '"user_id": 0x7'),
    "Python's True": VALID[:-1] + ', "beta": True}',
    "key twice": VALID[:-1] + ', "action": "login"}',
    "key twice, same value": VALID[:-1] + ', "action": "view"}',
    "key twice in metadata": VALID.replace('"mobile"', '"mobile", "device": "tablet"'),
    "key twice in an unknown object": VALID[:-1] + ', "ab": {"x": 1, "x": 2}}',
    "tab inside a string": VALID.replace("mobile", "mo\tbile"),
    "unknown escape": VALID.replace("mobile", r"mo\xbile"),
    "half a surrogate pair": VALID.replace("mobile", r"\ud83d"),
    "half a surrogate pair in an unknown key": VALID[:-1] + r', "x\udc00": 1}',
    "byte order mark inside the file": "\ufeff" + VALID,
    "nested too deep": "[" * 100_000,
    "a log line of two fields": "2025-03-01 " + VALID,
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED)
def test_malformed_json(raw: str) -> None:
    assert reason(raw.encode()) == "malformed_json"


def test_bytes_that_are_not_utf8_are_malformed() -> None:
    assert reason(line().replace(b"mobile", b"mob\xffle")) == "malformed_json"
    assert reason(line().decode().encode("utf-16")) == "malformed_json"


MISSING = {
    "empty object": b"{}",
    **{f"no {key}": line(**{key: ABSENT}) for key in document()},
    **{f"null {key}": line(**{key: None}) for key in document()},
    "mis-cased key": line().replace(b'"user_id"', b'"User_Id"'),
    "no device": line(metadata__device=ABSENT),
    "no location": line(metadata__location=ABSENT),
    "null location": line(metadata__location=None),
    "empty metadata": line(metadata={}),
    "empty action": line(action=""),
    "empty event_id": line(event_id=""),
    "empty timestamp": line(timestamp=""),
    "also a wrong type": line(action=ABSENT, user_id="seven"),
}


@pytest.mark.parametrize("raw", MISSING.values(), ids=MISSING)
def test_missing_field(raw: bytes) -> None:
    assert reason(raw) == "missing_field"


def purchase(**changes: Any) -> bytes:
    whole = {
        "order_id": "o-1",
        "currency": "EUR",
        "total": 12.5,
        "items": [{"sku": "a", "quantity": 2, "unit_price": 6.25}],
    }
    return line(metadata__purchase=whole | changes)


BAD_TYPE = {
    "user_id true": line(user_id=True),
    "user_id too large": line(user_id=2**63),
    "user_id object": line(user_id={"id": 7}),
    "event_id no UUID": line(event_id="42"),
    "event_id number": line(event_id=42),
    "event_id in braces": line(event_id="{" + EVENT_ID + "}"),
    "event_id without dashes": line(event_id=EVENT_ID.replace("-", "")),
    "event_id and a line end": line(event_id=EVENT_ID + "\n"),
    "action number": line(action=5),
    "action object": line(action={"name": "view"}),
    "timestamp in milliseconds": line(timestamp=1740824430123),
    "metadata text": line(metadata="mobile"),
    "metadata array": line(metadata=[{"device": "mobile", "location": "EU"}]),
    "device number": line(metadata__device=1),
    "location array": line(metadata__location=["EU"]),
    "page object": line(metadata__page={}),
    "purchase text": line(metadata__purchase="o-1"),
    "purchase array": line(metadata__purchase=[]),
    "currency boolean": purchase(currency=False),
    "total boolean": purchase(total=True),
    "total with three decimals": purchase(total=12.345),
    "total too large": purchase(total=10**10),
    "total far too large": purchase(total=1).replace(b'"total": 1', b'"total": 1e999999'),
    "items object": purchase(items={}),
    "item null": purchase(items=[None]),
    "item text": purchase(items=["a"]),
    "quantity too large": purchase(items=[{"quantity": 2**31}]),
    "user_id text of a number that is no integer": line(user_id="7.0"),
    "user_id text with a space": line(user_id=" 7"),
    "user_id text with leading zero": line(user_id="07"),
    "user_id text with plus": line(user_id="+7"),
    "user_id text with an underscore": line(user_id="1_0"),
    "user_id text in other digits": line(user_id="\u0667"),
    "user_id text too large": line(user_id=str(2**63)),
    "user_id 1.5": line(user_id=1.5),
    "user_id 1E400": line().replace(b'"user_id": 7', b'"user_id": 1E400'),
    "user_id 1E-400": line().replace(b'"user_id": 7', b'"user_id": 1E-400'),
    "user_id of 5000 digits": line().replace(b'"user_id": 7', b'"user_id": 7' + b"0" * 5000),
    "user_id with an exponent beyond all": line().replace(b": 7,", b": 1e99999999999999999999,"),
    "device boolean": line(metadata__device=True),
    "page boolean": line(metadata__page=False),
    "sku array": purchase(items=[{"sku": ["a"]}]),
    "quantity empty text": purchase(items=[{"quantity": ""}]),
    "quantity 2.5": purchase(items=[{"quantity": 2.5}]),
    "quantity text too large": purchase(items=[{"quantity": "2147483648"}]),
    "quantity boolean": purchase(items=[{"quantity": True}]),
    "total text that is no number": purchase(total="12,50"),
    "total text with a currency": purchase(total="12.50 EUR"),
    "total empty text": purchase(total=""),
    "total text with three decimals": purchase(total="12.345"),
    "total text NaN": purchase(total="NaN"),
    "total text too large": purchase(total="1e10"),
    "total of 5000 digits": purchase(total="?").replace(b'"?"', b"9" * 5000),
    "total with an exponent beyond all": purchase(total="?").replace(
        b'"?"', b"1e-99999999999999999999"
    ),
    "also a bad timestamp": line(user_id="seven", timestamp="yesterday"),
}


@pytest.mark.parametrize("raw", BAD_TYPE.values(), ids=BAD_TYPE)
def test_bad_type(raw: bytes) -> None:
    assert reason(raw) == "bad_type"


@pytest.mark.parametrize(
    "timestamp",
    [
        "yesterday",
        "2025",
        "2025-03-01",
        "T10:00",
        "10:00:00",
        "2025-03-01T10",
        "2025-03-01T10:20",
        "2025-3-1T10:20:30Z",
        "2025-13-01T10:20:30Z",
        "2025-02-29T10:20:30Z",
        "2025-03-01T24:00:00Z",
        "2025-03-01T10:20:60Z",
        "2025-03-01T10:20:30.Z",
        "2025-03-01T10:20:30,5Z",
        "2025-03-01T10:20:30 UTC",
        "2025-03-01T10:20:30+1",
        "2025-03-01T10:20:30+25:00",
        "2025-03-01t10:20:30z",
        "20250301T102030Z",
        "2025-W09-6T10:20:30Z",
        "01/03/2025 10:20:30",
        " 2025-03-01T10:20:30Z",
        "2025-03-01T10:20:30Z\n",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "٢٠٢٥-03-01T10:20:30Z",
        "1740824430123",
    ],
)
def test_bad_timestamp(timestamp: str) -> None:
    assert reason(line(timestamp=timestamp)) == "bad_timestamp"


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [
        ("2025-03-01T10:20:30Z", datetime(2025, 3, 1, 10, 20, 30)),
        ("2025-03-01T10:20:30", datetime(2025, 3, 1, 10, 20, 30)),
        ("2025-03-01 10:20:30", datetime(2025, 3, 1, 10, 20, 30)),
        ("2025-03-01T10:20:30.5Z", datetime(2025, 3, 1, 10, 20, 30, 500_000)),
        ("2025-03-01T10:20:30.123999999Z", datetime(2025, 3, 1, 10, 20, 30, 123_000)),
        ("2025-03-01T23:59:59.999999Z", datetime(2025, 3, 1, 23, 59, 59, 999_000)),
        ("2025-03-02T00:59:59.999500+01:00", datetime(2025, 3, 1, 23, 59, 59, 999_000)),
        ("2025-03-01T00:20:30+02:00", datetime(2025, 2, 28, 22, 20, 30)),
        ("2025-03-01T22:20:30-0530", datetime(2025, 3, 2, 3, 50, 30)),
        ("1969-12-31T23:59:59.999999Z", datetime(1969, 12, 31, 23, 59, 59, 999_000)),
        ("1969-12-31T00:00:00.000001Z", datetime(1969, 12, 31)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1)),
        ("9999-12-31T23:59:59.999999Z", datetime(9999, 12, 31, 23, 59, 59, 999_000)),
    ],
)
def test_timestamps_become_utc(timestamp: str, expected: datetime) -> None:
    event = parse_event(line(timestamp=timestamp))
    epoch = datetime(1970, 1, 1)
    assert epoch + timedelta(microseconds=event.event_at) == expected
    assert epoch.date() + timedelta(days=event.event_day) == expected.date()


def test_a_whole_event() -> None:
    items = [
        {"sku": "a", "quantity": 2, "unit_price": 6.25},
        {"sku": "b", "quantity": 1, "unit_price": 100},
    ]
    raw = line(
        action="purchase",
        metadata__app_version="1.2.3",
        metadata__page="/checkout",
        metadata__purchase={"order_id": "o-1", "currency": "EUR", "total": 112.5, "items": items},
    )
    event = parse_event(raw)
    moment = datetime(2025, 3, 1, 10, 20, 30, 123_000, tzinfo=UTC)
    assert event == Event(
        event_id=EVENT_ID,
        user_id=7,
        action="purchase",
        event_at=round(moment.timestamp() * 1000) * 1000,
        event_day=20148,
        device="mobile",
        location="EU",
        app_version="1.2.3",
        page="/checkout",
        order_id="o-1",
        currency="EUR",
        purchase_total=Decimal("112.50"),
        item_count=2,
        items=[Item("a", 2, Decimal("6.25")), Item("b", 1, Decimal("100.00"))],
        extra=None,
        conversions=(),
    )


def test_optional_parts_may_be_absent_or_null() -> None:
    bare = parse_event(line())
    assert bare == parse_event(line(metadata__page=None, metadata__purchase=None))
    assert bare[7:] == (*(None,) * 8, ())
    empty = parse_event(line(metadata__purchase={}))
    assert empty[7:] == (*(None,) * 8, ())
    assert parse_event(line(metadata__purchase={"items": []})).item_count == 0
    assert parse_event(purchase(items=[{}])).items == [Item(None, None, None)]


@pytest.mark.parametrize(
    ("written", "cents"),
    [("1", 100), ("1.1", 110), ("19.990", 1999), ("1e2", 10000), ("-3.5", -350), ("-0.0", 0)],
)
def test_amounts_are_exact(written: str, cents: int) -> None:
    raw = purchase(total="?").replace(b'"?"', written.encode())
    assert parse_event(raw).purchase_total == Decimal(cents) / 100


CONVERTED = {
    # field: JSON text -> value
    "user_id": [
        ('"7"', 7),
        ('"-0"', 0),
        ("7.0", 7),
        ("7e0", 7),
        ("1e3", 1000),
        ("1.50E1", 15),
        ("-0.0", 0),
    ],
    "metadata.app_version": [
        ("3.1", "3.1"),
        ("3.10", "3.10"),
        ("1e3", "1e3"),
        ("-0", "-0"),
        ("1E400", "1E400"),
        ("7", "7"),
        ("9" * 5000, "9" * 5000),
    ],
    "metadata.page": [("404", "404")],
    "metadata.purchase.order_id": [
        ("12345678901234567890123", "12345678901234567890123"),
        ("1e99999999999999999999", "1e99999999999999999999"),
    ],
    "metadata.purchase.currency": [("978", "978")],
    "metadata.purchase.total": [
        ('"12.50"', Decimal("12.50")),
        ('"7"', Decimal(7)),
        ('"-1e2"', Decimal(-100)),
        ('"0.10000"', Decimal("0.1")),
    ],
    "metadata.purchase.items.sku": [("1.0", "1.0")],
    "metadata.purchase.items.quantity": [('"7"', 7), ("7.0", 7), ("0e999999999999", 0)],
    "metadata.purchase.items.unit_price": [('"3.10"', Decimal("3.1"))],
}
COLUMN = {"metadata.purchase.total": "purchase_total"}


@pytest.mark.parametrize(
    ("field", "written", "value"),
    [(field, *case) for field, cases in CONVERTED.items() for case in cases],
)
def test_conversions_are_named(field: str, written: str, value: Any) -> None:
    *parents, key = field.split(".")
    whole = document(metadata__purchase={"items": [{}]})
    target: Any = whole
    for parent in parents:
        target = target["items"][0] if parent == "items" else target[parent]
    target[key] = "?"
    event = parse_event(json.dumps(whole).replace('"?"', written).encode())
    found = event.items[0] if parents[-1:] == ["items"] else event
    assert getattr(found, COLUMN.get(field, key)) == value
    assert event.conversions == (field,)


def test_conversions_are_sorted_and_each_there_once() -> None:
    raw = purchase(order_id=1, total="1.50", items=[{"sku": 1, "quantity": "1"}] * 3)
    raw = raw.replace(b'"user_id": 7', b'"user_id": 7.0')
    assert parse_event(raw).conversions == (
        "metadata.purchase.items.quantity",
        "metadata.purchase.items.sku",
        "metadata.purchase.order_id",
        "metadata.purchase.total",
        "user_id",
    )


def test_what_needs_no_conversion() -> None:
    raw = purchase(total=12, items=[{"quantity": -0, "unit_price": 1e0}], order_id="7")
    raw = raw.replace(b'"user_id": 7', b'"user_id": -0')
    event = parse_event(raw)
    assert (event.user_id, event.order_id, event.conversions) == (0, "7", ())


def test_depth_has_a_limit_that_strings_do_not_count_for() -> None:
    def nested(levels: int) -> bytes:
        return line()[:-1] + b', "x": ' + b"[" * levels + b"]" * levels + b"}"

    assert parse_event(nested(99)).extra == '{"x":' + "[" * 99 + "]" * 99 + "}"
    assert reason(nested(100)) == "malformed_json"
    assert parse_event(line(metadata__page='[{"\\' * 200)).page == '[{"\\' * 200
    assert parse_event(line(items=[[]] * 1000)).extra is not None


def test_a_mapping_is_applied_before_the_checks() -> None:
    class Unwrapped:
        def apply(self, whole: dict[str, Any]) -> dict[str, Any]:
            assert all(isinstance(whole[key], int | Decimal) for key in ("whole", "exact"))
            return whole["event"] | {"user_id": whole["whole"], "score": whole["exact"]}

    raw = b'{"whole": 12, "exact": 0.50, "event": ' + line(user_id="x") + b"}"
    event = parse_event(raw, Unwrapped())
    assert (event.user_id, event.extra, event.conversions) == (12, '{"score":0.50}', ())
    assert reason(raw) == "missing_field"


def test_whitespace_around_and_between_is_json() -> None:
    raw = b" \t" + line().replace(b": ", b"\r :\t") + b" \r"
    assert parse_event(raw) == parse_event(line())


def test_unknown_keys_are_kept_where_they_were() -> None:
    raw = (
        line(
            session=None,
            metadata__os="iOS",
            metadata__purchase={
                "coupon": True,
                "items": [{"sku": "a"}, {"sku": "b", "gift": {"wrap": [1, "ü\n"]}}],
            },
        )[:-1]
        + b', "ratio": 0.10000000000000000001, "big": 1e400, "id": 123456789012345678901}'
    )
    assert parse_event(raw).extra == (
        '{"metadata":{"os":"iOS","purchase":{"coupon":true,'
        '"items":[{},{"gift":{"wrap":[1,"ü\\n"]}}]}},'
        '"session":null,"ratio":0.10000000000000000001,"big":1e400,"id":123456789012345678901}'
    )


def test_an_empty_unknown_value_is_kept_too() -> None:
    assert parse_event(line(flags={})).extra == '{"flags":{}}'


def flat(value: dict[str, Any] | None) -> set[str]:
    return {key for key, below in (value or {}).items() for key in (key, *flat(below))}


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
)
unknown_keys = st.text(st.characters(exclude_categories=["Cs"])).filter(
    lambda key: key not in flat(KNOWN_KEYS)
)


@given(st.dictionaries(unknown_keys, json_values), st.dictionaries(unknown_keys, json_values))
def test_extra_loses_nothing(top: dict[str, Any], below: dict[str, Any]) -> None:
    whole = document()
    whole.update(top)
    whole["metadata"].update(below)
    extra = parse_event(json.dumps(whole).encode()).extra
    expected = top | ({"metadata": below} if below else {})
    assert (json.loads(extra) if extra else {}) == expected


@given(st.binary())
def test_any_bytes_are_an_event_or_rejected(raw: bytes) -> None:
    assert reason(raw) == "malformed_json" or raw.lstrip()[:1] == b"{"


@given(json_values)
def test_any_json_in_any_field_is_an_event_or_rejected(value: Any) -> None:
    paths = [*document(), "metadata__device", "metadata__page", "metadata__purchase"]
    for path in paths:
        assert reason(line(**{path: value})) in (
            None,
            "missing_field",
            "bad_type",
            "bad_timestamp",
        )
