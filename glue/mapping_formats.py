"""What a field of a mapping can do to a value, besides taking it as it is.

A function returns the value that our contract wants, or, where it cannot, a value that the
parser then rejects with the right reason: what it was given, or the text of a number that is no
moment. Numbers are int or Decimal and never pass through a float.
"""

import json
import re
import uuid
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_FLOOR, Context, Decimal
from typing import Any

ISO = "iso"
UUID5 = "uuid5"
# Microseconds a unit.
EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?")
_NO_ZONE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?", re.ASCII
)
# Beyond the years 1 to 9999 in any unit; it keeps the arithmetic small.
_NEVER = 10**18
# Finer fractions than microseconds are cut; the parser goes on to milliseconds.
_FLOOR = Context(prec=40, rounding=ROUND_FLOOR)


def moment(value: Any, form: str, zone: tzinfo) -> Any:
    """`2025-01-02T03:04:05.678900Z`, or a value that the parser rejects.

    `form` is `iso`, one of EPOCHS or a pattern of strptime; `zone` says where a text that names
    no zone was written. A moment that a clock shows twice (daylight saving ends) is the first.
    """
    if form in EPOCHS:
        return _from_epoch(value, EPOCHS[form])
    if type(value) is not str:
        return value
    try:
        if form != ISO:
            found = datetime.strptime(value, form)
        elif zone is UTC or not _NO_ZONE.fullmatch(value):
            return value  # the parser reads it
        else:
            found = datetime.fromisoformat(value)
        return _as_text(found if found.tzinfo else found.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        return value


def _from_epoch(value: Any, unit: int) -> Any:
    if type(value) is str and _NUMBER.fullmatch(value):
        value = Decimal(value)
    if type(value) is not int and not isinstance(value, Decimal):
        return value
    try:
        if not -_NEVER < value < _NEVER:
            return str(value)
        count = _FLOOR.to_integral_value(_FLOOR.multiply(Decimal(value), unit))
        return _as_text(_EPOCH + timedelta(microseconds=int(count)))
    except (ValueError, OverflowError, ArithmeticError):
        return str(value)


def _as_text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def is_date_pattern(pattern: str) -> bool:
    """Whether strptime reads a whole date by this pattern."""
    day = datetime(2025, 10, 23, 21, 43, 54, tzinfo=UTC)
    try:
        return datetime.strptime(day.strftime(pattern), pattern).date() == day.date()
    except (ValueError, re.error):
        return False


def derived_uuid(source: str, values: list[Any]) -> Any:
    """A UUID that follows from the values: uuid5 in the URL namespace of `<source>:<text>`.

    The text of one value is itself, of several the JSON array of them. None when all are null; a
    single object or list is returned as it is.
    """
    if all(value is None or value == "" for value in values):
        return None
    if len(values) == 1:
        text = as_text(values[0])
        if text is None:
            return values[0]
    else:
        text = json.dumps(values, default=str, separators=(",", ":"), sort_keys=True)
    try:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{source}:{text}"))
    except UnicodeEncodeError:  # half a surrogate pair
        return values[0]


def as_text(value: Any) -> str | None:
    """The text of a scalar as JSON writes it (of a string: itself); None for all else."""
    if type(value) is str:
        return value
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int or isinstance(value, Decimal):
        return str(value)
    return None
