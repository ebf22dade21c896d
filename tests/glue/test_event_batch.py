"""Batches say what event_document says, line by line, for any bytes; most lines the fast way."""

import json
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glue.event_batch import PARSED_SCHEMA, parse_batch
from glue.event_document import Event, Rejected, parse_event
from glue.fast_events import fast_events

EVENT_ID = "0b8f7c1e-6a54-4f2d-9d35-2f1f0a6f8e11"


def by_the_rules(lines: Iterable[bytes], mapping: Any = None) -> list[dict[str, Any]]:
    """The rows that parse_event makes; moments as microseconds and days."""
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip(b" \t\r"):
            continue
        row = dict.fromkeys(PARSED_SCHEMA.names)
        row["line_number"] = number
        try:
            event = parse_event(line, mapping)
        except Rejected as rejected:
            row |= {"reason": rejected.reason, "raw_line": line.decode(errors="replace")}
        else:
            row |= {name: getattr(event, name) for name in Event._fields if name != "event_day"}
            row["event_date"] = event.event_day
            row["items"] = event.items and [item._asdict() for item in event.items]
            row["conversions"] = list(event.conversions) or None
        rows.append(row)
    return rows


def rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    plain = {"event_at": pa.int64(), "event_date": pa.int32()}
    columns = {
        name: batch.column(name).cast(plain[name]) if name in plain else batch.column(name)
        for name in batch.schema.names
    }
    return pa.table(columns).to_pylist()


def parsed(lines: list[bytes], mapping: Any = None) -> list[dict[str, Any]]:
    batch = parse_batch(lines, range(1, len(lines) + 1), mapping)
    batch.validate(full=True)
    assert batch.schema == PARSED_SCHEMA
    return rows(batch)


# JSON text, made from pieces that are right, nearly right and wrong.


def string(text: str, escaped: int = 0) -> str:
    """A JSON string; `escaped` has a bit for each character to be written as an escape."""
    return (
        '"'
        + "".join(
            f"\\u{ord(char):04x}"
            if escaped >> place & 1 and ord(char) < 0x10000
            else json.dumps(char, ensure_ascii=False)[1:-1]
            for place, char in enumerate(text)
        )
        + '"'
    )


def strings(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(string, texts, st.just(0) | st.just(0) | st.integers(0, 2**40))


def once_in(times: int) -> st.SearchStrategy[bool]:
    """sampled_from is even; integers would prefer the small and the round ones."""
    return st.sampled_from([False] * (times - 1) + [True])


def mostly(good: st.SearchStrategy[str], odd: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return once_in(30).flatmap(lambda is_odd: odd if is_odd else good)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.text(
    ':"\\/ {}[]é\x7f', max_size=5
)
NUMBERS = [
    "0",
    "-0",
    "7",
    "7.0",
    "7.5",
    "-7",
    "1e3",
    "1E3",
    "1e-3",
    "1.5e1",
    "1E400",
    "1e-400",
    "1e99999999999999999999",
    "0e99999999999",
    "0.0",
    "-0.0",
    "-0e0",
    "12.5",
    "12.50",
    "12.500",
    "12.345",
    "12.3400000000000000000000001",
    "0.1",
    ".5",
    "5.",
    "01",
    "-01",
    "+1",
    "-",
    "0x7",
    "1_000",
    "1e",
    "1e+",
    "NaN",
    "-NaN",
    "Infinity",
    "-Infinity",
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "9223372036854775807",
    "9223372036854775808",
    "9007199254740993.0",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775807.0",
    "9999999999",
    "9999999999.99",
    "10000000000",
    "9999999999.999",
    "-9999999999.99",
    "-10000000000.00",
    "1234567890123456789012345",
]
NUMBERS += ["9" * 400, "9" * 4301, "0." + "1" * 4301, "7." + "0" * 4301]
OTHERS = [
    "true",
    "false",
    "null",
    "True",
    "nul",
    "[]",
    "{}",
    "[null]",
    '""',
    "'a'",
    "",
    '"',
    "[1,2",
    "[" * 120 + "]" * 120,
]
OTHERS += [
    r'"\ud83d"',
    r'"\ud83d\ude00"',
    r'"\ude00\ud83d"',
    r'"\ud83dx"',
    r'"\u00e9"',
    r'"\/"',
    r'"\x"',
    r'"\u12"',
    r'"\u0000"',
]
OTHERS += ['"\x01"', '"\t"', '"\x7f"', '"\u2028"', '"\ufeff"', "\ufeff", '":"', r'"\""', r'"\":"']
numbers = st.sampled_from(NUMBERS)
odd_values = numbers | numbers.map('"{}"'.format) | st.sampled_from(OTHERS) | strings(texts)
amounts = st.builds(
    "{}.{:02}".format, st.integers(-99, 9999), st.integers(0, 99)
) | st.integers().map(str)
TIMESTAMPS = [
    "2025-03-01T10:20:30Z",
    "2025-03-01T10:20:30.123Z",
    "2025-03-01T10:20:30",
    "2025-03-01T23:59:60Z",
    "2025-03-01T24:00:00Z",
    "2025-03-01T10:20:60Z",
    "2025-03-01T10:60:00Z",
    "2025-02-29T00:00:00Z",
    "2024-02-29T00:00:00Z",
    "2025-04-31T00:00:00Z",
    "2025-00-10T00:00:00Z",
    "2025-13-01T00:00:00Z",
    "2025-01-00T00:00:00Z",
    "2025-01-32T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01",
    "2025-03-01T10:20:30+24:00",
    "2025-03-01T10:20:30-23:59",
    "2025-03-01T10:20:30+00:00",
    "2025-03-01T10:20:30-00:00",
    "2025-03-01T10:20:30+0000",
    "2025-03-01T10:20:30+02:00",
    "2025-03-01T10:20:30+02",
    "2025-03-01T10:20:30.Z",
    "2025-03-01T10:20:30,5Z",
    "2025-03-01t10:20:30z",
    "2025-03-01T10:20Z",
    "2025-03-01",
    "20250301T102030Z",
    "2025-W09-6T10:20:30Z",
    "1969-12-31T23:59:59.999999Z",
    "1752-09-10T00:00:00Z",
    "2025-03-01T10:20:30ZZ",
    "2025-03-01T10:20:30Z+00:00",
    "1740824430123",
    "2025-03-01T10:20:30.123+00:00Z",
    "12025-03-01T10:20:30Z",
    "-025-03-01T10:20:30Z",
    "٢٠٢٥-03-01T10:20:30Z",
]
timestamps = (
    st.sampled_from(TIMESTAMPS)
    | st.sampled_from(
        [
            "2025-03-01 10:20:30Z",
            " 2025-03-01T10:20:30Z",
            "2025-03-01T10:20:30Z\n",
            "2025-03-01T10:20:30 Z",
        ]
    )
    | st.builds(
        "{}{}{}.{}{}".format,
        st.dates().map(str),
        st.sampled_from("T "),
        st.times().map(lambda time: f"{time:%H:%M:%S}"),
        st.from_regex(r"[0-9]{1,10}", fullmatch=True),
        st.sampled_from(["", "Z", "+00:00"]),
    )
    | st.datetimes().map(lambda moment: moment.isoformat() + "Z")
)
event_ids = st.sampled_from(
    [
        EVENT_ID,
        EVENT_ID.upper(),
        EVENT_ID.replace("-", ""),
        EVENT_ID + "\n",
        "{" + EVENT_ID + "}",
        "-0" + EVENT_ID[2:],
    ]
)
colons = st.sampled_from([":", ":", ":", ": ", " :", "\t:\r", "\n:\n", "", "::", "\x0c:"])
commas = st.sampled_from([",", ",", ",", ", ", " ,\n", "", ",,"])
unknown_keys = st.sampled_from(["os", "a:b", "", "Event_id", "user_id", "é", "items"])


unknown_values = mostly(st.deferred(lambda: valid_nested), st.deferred(lambda: odd_values | nested))


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@st.composite
def objects(draw: st.DrawFn, **fields: st.SearchStrategy[str]) -> str:
    """A JSON object of these fields, now and then one too few, twice, or with others among them."""
    incomplete = draw(once_in(20))
    pairs = [
        (
            draw(
                mostly(
                    st.just(string(key)),
                    st.integers(0, 9).map(lambda bits, key=key: string(key, bits)),
                )
            ),
            draw(value),
        )
        for key, value in fields.items()
        if not (incomplete and draw(once_in(4)))
    ]
    if draw(once_in(6)):
        pairs += draw(st.lists(st.tuples(strings(unknown_keys), unknown_values), max_size=2))
    if draw(once_in(25)) and pairs:
        pairs.append(draw(st.sampled_from(pairs)))
    if draw(st.booleans()):
        pairs = draw(st.permutations(pairs))
    odd = draw(once_in(20))
    colon = draw(colons) if odd else draw(st.sampled_from([":", ": "]))
    comma = draw(commas) if odd else ","
    return "{" + comma.join(key + colon + value for key, value in pairs) + "}"


nested = st.recursive(
    odd_values,
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda values: f"[{','.join(values)}]")
        | st.lists(st.tuples(strings(unknown_keys), inner), max_size=2).map(
            lambda pairs: "{" + ",".join(f"{key}:{value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=4,
)
valid_nested = nested.filter(is_json)
items = objects(
    sku=mostly(strings(texts), odd_values),
    quantity=mostly(st.integers(0, 9).map(str), odd_values),
    unit_price=mostly(amounts, odd_values),
)
purchases = objects(
    order_id=mostly(strings(texts), odd_values),
    currency=mostly(st.just('"EUR"'), odd_values),
    total=mostly(amounts, odd_values),
    items=mostly(st.lists(items, max_size=3).map(lambda parts: f"[{','.join(parts)}]"), nested),
)
names = st.sampled_from(["view", "mobile", "EU", "a:b", "ünï"])
documents = objects(
    event_id=mostly(st.just(string(EVENT_ID)), strings(event_ids) | odd_values),
    user_id=mostly(st.integers(-9, 10**6).map(str), odd_values),
    action=mostly(strings(names), odd_values),
    timestamp=mostly(st.just('"2025-03-01T10:20:30.123Z"'), odd_values) | strings(timestamps),
    metadata=mostly(
        objects(
            device=mostly(strings(names), odd_values),
            location=mostly(strings(names), odd_values),
            app_version=mostly(st.just('"1.2.3"'), odd_values),
            page=mostly(strings(texts), odd_values),
            purchase=mostly(purchases, nested),
        )
        | objects(device=strings(names), location=strings(names)),
        nested,
    ),
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    line = draw(documents).encode()
    place = draw(st.integers(0, len(line)))
    piece = draw(
        st.binary(max_size=2)
        | st.sampled_from(
            [
                b"\xff",
                b"\0",
                b"\xef\xbb\xbf",
                b'"',
                b"\\",
                b":",
                b"{}",
                b"\xed\xa0\x80",
                b" ",
                b"\n",
            ]
        )
    )
    return line[:place] + piece + line[place + draw(st.integers(0, 3)) :]


lines = once_in(5).flatmap(lambda other: other_lines if other else documents.map(str.encode))
other_lines = (
    damaged()
    | st.binary(max_size=8)
    | nested.map(str.encode)
    | st.sampled_from([b"", b" ", b"\r", b"\t \r", b"\n", b"\x0c", b"{}", b"null"])
)
batches = st.lists(lines, min_size=1, max_size=8)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(batches)
def test_any_bytes_have_the_row_that_the_rules_give(batch: list[bytes]) -> None:
    assert parsed(batch) == by_the_rules(batch)


def line(metadata: str = "", rest: str = "", timestamp: str = "2025-03-01T10:20:30.123Z") -> bytes:
    return (
        f'{{"event_id":"{EVENT_ID}","user_id":7,"action":"view","timestamp":"{timestamp}",'
        f'"metadata":{{"device":"mobile","location":"EU"{metadata}}}{rest}}}'
    ).encode()


PURCHASE = ',"purchase":{"order_id":"o","currency":"EUR","total":12.5,"items":[{"sku":"a","quantity":2,"unit_price":6.25}]}'
FAST = {
    "the least": line(),
    "all there is": line(',"app_version":"1.2","page":"/x"' + PURCHASE),
    "spaces": line(PURCHASE)
    .replace(b":", b": ")
    .replace(b": 20: 30", b":20:30")
    .replace(b",", b", "),
    "an unknown key": line(rest=',"session_id":"x"'),
    "unknown keys": line(
        ',"os":{"name":"iOS","parts":[1,2.50,1e400]}', ',"session_id":"x:y","a:b":null'
    ),
    "nulls": line(',"page":null,"app_version":null,"purchase":null'),
    "nulls in a purchase": line(
        ',"purchase":{"total":null,"items":[{"quantity":null,"unit_price":null}]}'
    ),
    "a colon in a text": line(',"page":"https://example.com:8080/"'),
    "escapes": line(r',"page":"caf\u00e9\/\"\n"'),
    "no zone": line(timestamp="2025-03-01T10:20:30"),
    "zone of numbers": line(timestamp="2025-03-01T10:20:30+00:00"),
    "the 29th of February": line(timestamp="2024-02-29 10:20:30.000001Z"),
    "first moment": line(timestamp="0001-01-01T00:00:00Z"),
    "last moment": line(timestamp="9999-12-31T23:59:59.999999Z"),
    "before 1970": line(timestamp="1969-12-31T23:59:59.999999Z"),
    "microseconds before 1970": line(timestamp="1969-12-31T00:00:00.000001Z"),
    "microseconds before midnight": line(timestamp="2025-03-01T23:59:59.999999Z"),
}
SLOW = {
    "a key twice": line(rest=',"user_id":7'),
    "a key twice in metadata": line(',"device":"x"'),
    "a key twice, apart from its colon": line(',"device" :"x"'),
    "a key twice behind an escaped colon": line(
        rest=',"user_id":7', timestamp=r"2025-03-01T10\u003A20:30.123Z"
    ).replace(b"3A", b"3a"),
    "a key twice, once escaped": line(r',"devic\u0065":"x"'),
    "a key twice in an unknown object": line(rest=',"ab":{"x":1,"x":2}'),
    "a key twice in an item": line(PURCHASE.replace('"sku":"a"', '"sku":"a","sku":"b"')),
    "two unknown keys alike": line(rest=',"x":1,"x":2'),
    "not UTF-8 below an unknown key": line(rest=',"x":"?"').replace(b"?", b"\xff"),
    "not UTF-8 in an unknown key": line(rest=',"?":1').replace(b"?", b"\xff"),
    "-0 below an unknown key": line(rest=',"x":-0'),
    "nested too deep": line(rest=f',"x":{"[" * 100}{"]" * 100}'),
    "a huge integer": line(rest=f',"x":{"9" * 5000}'),
    "amount as text": line(PURCHASE.replace("12.5", '"12.5"')),
    "amount with an exponent": line(PURCHASE.replace("12.5", "1e1")),
    "amount too fine by a hair": line(PURCHASE.replace("6.25", "6.25000000000000000000001")),
    "amount too large": line(PURCHASE.replace("12.5", "10000000000")),
    "no day": line(timestamp="2025-02-30T00:00:00Z"),
    "nanoseconds": line(timestamp="2025-03-01T10:20:30.123456789Z"),
    "empty action": line().replace(b'"view"', b'""'),
    "no UUID": line().replace(b"0b8f", b"xyz-"),
}


@pytest.mark.parametrize("raw", FAST.values(), ids=FAST)
def test_usual_lines_go_the_fast_way(raw: bytes) -> None:
    assert fast_events([raw]).num_rows == 1
    [row] = parsed([raw])
    assert row["reason"] is None
    assert [row] == by_the_rules([raw])


@pytest.mark.parametrize("raw", SLOW.values(), ids=SLOW)
def test_doubtful_lines_are_left_to_the_rules(raw: bytes) -> None:
    assert fast_events([raw]).num_rows == 0
    assert parsed([raw]) == by_the_rules([raw])


def test_rows_keep_the_order_and_numbers_of_the_lines() -> None:
    batch = [b"x", *FAST.values(), b"", *SLOW.values(), b" ", *FAST.values()]
    numbers = [1000 - place for place in range(len(batch))]
    found = parse_batch(batch, numbers)
    assert rows(found) == [
        row | {"line_number": 1001 - row["line_number"]} for row in by_the_rules(batch)
    ]


@pytest.mark.parametrize("batch", [[], [b""], [b" ", b"\r"]])
def test_a_batch_without_documents_has_no_rows(batch: list[bytes]) -> None:
    assert parsed(batch) == []


def test_a_mapping_comes_before_the_rules() -> None:
    class Nested:
        def apply(self, document: dict[str, Any]) -> dict[str, Any]:
            return document["ours"]

    batch = [b'{"ours":' + raw + b"}" for raw in (*FAST.values(), *SLOW.values())]
    assert parsed(batch, Nested()) == by_the_rules(batch, Nested())
    assert parsed(batch[:1], Nested())[0]["reason"] is None
    assert parsed(batch[:1])[0]["reason"] == "missing_field"
