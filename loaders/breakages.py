"""The ways in which a generated line is broken: a good document, and what is replaced in it.

Each is an RE2 pattern that matches every document `sql/lines.sql` writes, and its replacement.
No line makes `metadata` something else than an object: a crawler would call the whole column text.
"""

from itertools import chain, zip_longest
from typing import NamedTuple

# DuckDB writes valid UTF-8 only, so these stand for the bytes until the file is written.
BYTES = {"\x01": b"\xff", "\x02": b"\0"}


class Breakage(NamedTuple):
    """`reason`: what the quarantine says of such a line."""

    name: str
    reason: str
    pattern: str
    replacement: str


ID, USER, ACTION = '"event_id":"[^"]*"', r'"user_id":"?\d+"?', r'"action":"\w+"'
TIMESTAMP, DEVICE, LOCATION = '"timestamp":"[^"]*"', '"device":"[^"]*"', '"location":"[^"]*"'
METADATA, LINE, START, END = '"metadata":.*', "^(.*)$", r"^\{", r"\}$"
PLACE = '"metadata":{"device":"mobile","location":"US"'

_PATTERNS: dict[str, dict[str, tuple[str, str]]] = {
    "malformed_json": {
        "no JSON": (LINE, "ERROR upstream timed out after 30000 ms"),
        "two objects": (LINE, r"\1\1"),
        "two objects, apart": (LINE, r"\1 \1"),
        "text before": (START, "INFO {"),
        "array": (LINE, r"[\1]"),
        "null": (LINE, "null"),
        "number": (LINE, "42"),
        "duplicate key": (START, '{"action":"login",'),
        "duplicate nested key": (r'"metadata":\{', '"metadata":{"device":"mobile",'),
        "trailing comma": (END, ",}"),
        "unquoted value": (r'"action":"(\w+)"', r'"action":\1'),
        "single quotes": ('"event_id"', "'event_id'"),
        "NaN": (USER, '"user_id":NaN'),
        "leading zero": (USER, '"user_id":007'),
        "raw tab": ('"device":"', '"device":"\t'),
        "half a surrogate pair": ('"device":"', r'"device":"\\ud800'),
        "invalid UTF-8": ('"device":"', '"device":"\x01'),
        "NUL": ('"device":"', '"device":"\x02'),
        "NULs of a crash": (LINE, "\x02" * 64),
        "BOM": (START, "\ufeff{"),
    },
    "missing_field": {
        "no event_id": (ID + ",", ""),
        "no user_id": (USER + ",", ""),
        "no action": (ACTION + ",", ""),
        "no timestamp": (TIMESTAMP + ",", ""),
        "no metadata": ("," + METADATA, "}"),
        "no device": (DEVICE + ",", ""),
        "no location": ("," + LOCATION, ""),
        "null event_id": (ID, '"event_id":null'),
        "null user_id": (USER, '"user_id":null'),
        "null metadata": (METADATA, '"metadata":null}'),
        "null device": (DEVICE, '"device":null'),
        "empty action": (ACTION, '"action":""'),
        "empty metadata": (METADATA, '"metadata":{}}'),
        "eventId": ('"event_id"', '"eventId"'),
        "userId": ('"user_id"', '"userId"'),
        "Action": ('"action"', '"Action"'),
        "Timestamp": ('"timestamp"', '"Timestamp"'),
        "Device": ('"device"', '"Device"'),
        "empty object": (LINE, "{}"),
        "another log's": (LINE, '{"level":"info","message":"cache warmed"}'),
    },
    "bad_type": {
        "user_id no number": (USER, '"user_id":"abc"'),
        "user_id true": (USER, '"user_id":true'),
        "user_id a fraction": (USER, '"user_id":7.5'),
        "user_id a list": (USER, '"user_id":[7]'),
        "user_id too large": (USER, '"user_id":9223372036854775808'),
        "event_id a number": (ID, '"event_id":12345'),
        "event_id no UUID": (ID, '"event_id":"e-12345"'),
        "action a number": (ACTION, '"action":5'),
        "timestamp a number": (TIMESTAMP, '"timestamp":1735689600000'),
        "device a number": (DEVICE, '"device":3'),
        "location a list": (LOCATION, '"location":["EU"]'),
        "page true": (METADATA, PLACE + ',"page":true}}'),
        "total in words": (METADATA, PLACE + ',"purchase":{"total":"twelve"}}}'),
        "total of half cents": (METADATA, PLACE + ',"purchase":{"total":12.005}}}'),
        "quantity in words": (METADATA, PLACE + ',"purchase":{"items":[{"quantity":"two"}]}}}'),
        "quantity a fraction": (METADATA, PLACE + ',"purchase":{"items":[{"quantity":1.5}]}}}'),
    },
    "bad_timestamp": {
        f"timestamp {text}": (TIMESTAMP, f'"timestamp":"{text}"')
        for text in (
            "yesterday",
            "T10:00",
            "2025-02-30T10:00:00.000Z",
            "2025-01-01T25:00:00.000Z",
            "2025-01-01",
            "2025",
            "01/02/2025 10:00",
            "1735689600000",
            "2025-01-01T10:00:00 UTC",
        )
    },
}
# Without a pattern: an end that is cut off, and a page of 1 to 2 MiB
# without an end.
TRUNCATED = Breakage("truncated", "malformed_json", "", "")
HUGE = Breakage("huge", "malformed_json", "", "")
# Huge lines are a fixed few: as a share they would be most of the bytes.
HUGE_LINES = 2

REASONS = tuple(sorted(_PATTERNS))
# Taken in turns. The reasons alternate, so that a few lines show all of them.
IN_TURNS = [
    TRUNCATED,
    *filter(
        None,
        chain.from_iterable(
            zip_longest(
                *(
                    [Breakage(name, reason, *texts) for name, texts in _PATTERNS[reason].items()]
                    for reason in ("missing_field", "bad_type", "bad_timestamp", "malformed_json")
                )
            )
        ),
    ),
]
ALL = [*IN_TURNS, HUGE]


def sql() -> str:
    """Breaks the text `document` of line `id` by the number `breakage`, from 1 on.

    A branch each: a pattern that is no constant is compiled anew for every line.
    """
    cut_off = "left(document, 1 + below(id, 'cut', length(document) - 1))"
    endless = (
        'concat(left(document, length(document) - 2), \',"note":"\', '
        "repeat('~', 1048576 + below(id, 'huge', 1048576)))"
    )
    texts = {
        breakage: f"regexp_replace(document, {_literal(breakage.pattern)}, "
        f"{_literal(breakage.replacement)})"
        for breakage in ALL
    } | {TRUNCATED: cut_off, HUGE: endless}
    branches = (f"when {number} then {texts[each]}" for number, each in enumerate(ALL, 1))
    return f"case breakage {' '.join(branches)} end"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
