"""Interval literals. An interval day to second is milliseconds, year to month is months.

Source of the rules: Trino's `DateTimeUtils` and its tests of interval types.
"""

import re

from localaws.sql.scope import Typed
from localaws.sql.types import DAY_TO_SECOND, YEAR_TO_MONTH

_UNITS = ("DAY", "HOUR", "MINUTE", "SECOND")
_MILLISECONDS = {"DAY": 86_400_000, "HOUR": 3_600_000, "MINUTE": 60_000, "SECOND": 1000}
# What stands before each field that is not the first.
_BEFORE = {"HOUR": r"\s+", "MINUTE": ":", "SECOND": ":"}


def interval_literal(text: str, fields: str) -> Typed | None:
    """`text` read as `fields`: `DAY`, `DAY TO SECOND`, `YEAR TO MONTH` ...; later fields may be
    left out. None where the text does not fit.

    Raises KeyError for fields that are no interval.
    """
    first, _, last = fields.partition(" TO ")
    if first in ("YEAR", "MONTH"):
        months = _months(text, first, last or first)
        return None if months is None else Typed(f"{months}::BIGINT", YEAR_TO_MONTH)
    if first not in _UNITS or (last or first) not in _UNITS:
        raise KeyError(fields)
    units = _UNITS[_UNITS.index(first) : _UNITS.index(last or first) + 1]
    if not units or (last and len(units) == 1):
        raise KeyError(fields)
    milliseconds = _day_to_second(text, units)
    return None if milliseconds is None else Typed(f"{milliseconds}::BIGINT", DAY_TO_SECOND)


def _months(text: str, first: str, last: str) -> int | None:
    if (first, last) not in (("YEAR", "YEAR"), ("YEAR", "MONTH"), ("MONTH", "MONTH")):
        raise KeyError(f"{first} TO {last}")
    pattern = r"(-?)(\d+)(?:-(\d+))?" if first != last else r"(-?)(\d+)()"
    match = re.fullmatch(pattern, text)
    if not match:
        return None
    months = int(match[2]) * (12 if first == "YEAR" else 1) + int(match[3] or 0)
    return -months if match[1] else months


def _day_to_second(text: str, units: tuple[str, ...]) -> int | None:
    numbers = [r"(\d+)" if unit != "SECOND" else r"(\d+(?:\.\d{1,3})?)" for unit in units]
    pattern = numbers[-1] if len(units) == 1 else ""
    for unit, number in reversed(list(zip(units[1:], numbers[1:], strict=True))):
        pattern = rf"(?:{_BEFORE[unit]}{number}{pattern})?"
    match = re.fullmatch(rf"(-?){numbers[0] if len(units) > 1 else ''}{pattern}", text)
    if not match:
        return None
    total = 0
    for unit, number in zip(units, match.groups()[1:], strict=True):
        whole, _, fraction = (number or "0").partition(".")
        total += int(whole) * _MILLISECONDS[unit] + int(fraction.ljust(3, "0") if fraction else 0)
    return -total if match[1] else total


def day_to_second_text(milliseconds: int) -> str:
    """As Trino prints it: `2 03:04:05.678`, with one sign before all."""
    seconds, fraction = divmod(abs(milliseconds), 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    sign = "-" if milliseconds < 0 else ""
    return f"{sign}{days} {hour:02d}:{minute:02d}:{second:02d}.{fraction:03d}"


def year_to_month_text(months: int) -> str:
    """As Trino prints it: `3-5`."""
    return f"{'-' if months < 0 else ''}{abs(months) // 12}-{abs(months) % 12}"
