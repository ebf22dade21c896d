"""Texts of JSON values as days and times of day, as Java's lenient parsers read them.

Lenient: months, days, hours and so on beyond their range run over into the next; numbers need not
have all their digits. A day is the number of days, a time of microseconds since 1970.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from localaws.sql.errors import QueryError
from localaws.tables.date_patterns import DatePattern
from localaws.tables.json.scalars import Unparsed, decimal_of, long_of

_DATE = re.compile(r"([+-]?\d{1,10})-([+-]?\d{1,9})-([+-]?\d{1,9})", re.ASCII)
_CLOCK = r"([+-]?\d{1,9}):([+-]?\d{1,9}):([+-]?\d{1,9})(?:\.(\d{0,9}))?"
_SPACED = re.compile(_DATE.pattern + " " + _CLOCK, re.ASCII)
# ISO 8601: no signs but that of the year, and the seconds may be missing.
_ISO = re.compile(
    r"([+-]?\d{1,10})-(\d{1,9})-(\d{1,9})"
    r"[Tt](\d{1,9}):(\d{1,9})(?::(\d{1,9})(?:\.(\d{0,9}))?)?",
    re.ASCII,
)
# OpenX passes over whatever stands behind a date.
_BEGUN = re.compile(r"(-?\d{1,4})-(-?\d{1,2})-(-?\d{1,2})(?:\D.*)?", re.ASCII | re.DOTALL)
_OFFSET = re.compile(r"(.+?)(?:[zZ]|([+-])(\d{2}):?(\d{2}))", re.ASCII)
_NUMBER = re.compile(r"[-+.0-9]+")
_WHOLE = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_USUAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_DAY = 86_400 * 1_000_000
_TRIMMED = "".join(map(chr, range(0x21)))
_MAX_DAY = (1 << 31) - 1


def day_of(text: str) -> int:
    """What follows a space is no part of it. Raises Unparsed."""
    match = _DATE.fullmatch(text.strip(_TRIMMED).split(" ", 1)[0])
    if match is None:
        raise Unparsed(f"{text} is no date")
    return _in_range(_day(match.groups()), text)


def openx_day_of(text: str) -> int:
    """A date, whatever follows it, or the number of days since 1970. Raises Unparsed."""
    match = _BEGUN.fullmatch(text.strip(_TRIMMED))
    if match:
        return _day(match.groups())
    number = long_of(text)
    if number is None:
        raise Unparsed(f"{text} is no date")
    return _in_range(number, text)


def hive_time_of(text: str) -> int:
    """Raises Unparsed."""
    trimmed = text.strip(_TRIMMED)
    match = _SPACED.fullmatch(trimmed) or _ISO.fullmatch(trimmed)
    if match is None:
        raise Unparsed(f"{text} is no timestamp")
    return _time(match.groups())


def openx_time_of(text: str) -> int:
    """A time with or without an offset, or seconds or (13 digits and more) milliseconds since
    1970. Raises Unparsed."""
    if _USUAL.fullmatch(text):
        try:
            return (datetime.fromisoformat(text[:-1]) - _EPOCH) // _MICROSECOND
        except ValueError:
            pass  # the 30th of February, the hour 24
    if text.find(":") > 0:
        offset = _OFFSET.fullmatch(text)
        moment = _ISO.fullmatch(offset[1]) if offset else None
        if moment is None:
            return hive_time_of(text)
        return _time(moment.groups()) - _seconds(offset) * 1_000_000
    if not _NUMBER.fullmatch(text):
        raise Unparsed(f"{text} is no timestamp")
    if "." in text:
        number = decimal_of(text)
        if number is None:
            raise Unparsed(f"{text} is no timestamp")
        return _in_reach(int(number.scaleb(3)) * 1000)
    if not _WHOLE.fullmatch(text):
        raise Unparsed(f"{text} is no timestamp")
    return _in_reach(int(text) * (1000 if len(text) >= 13 else 1_000_000))


def _day(parts: tuple[str, ...]) -> int:
    year, month, day = map(int, parts[:3])
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return _first_of(year, month) + day - 1


def _first_of(year: int, month: int) -> int:
    """Days from 1970 to the first of a month, in years of any size."""
    # In years that begin with March a leap day is the last. Source: Howard Hinnant, "chrono-
    # Compatible Low-Level Date Algorithms".
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def _time(parts: tuple[str | None, ...]) -> int:
    hours, minutes, seconds = (int(part or 0) for part in parts[3:6])
    nanoseconds = int((parts[6] or "").ljust(9, "0"))
    # Rounded to milliseconds, the precision of Hive's timestamps on Athena.
    milliseconds = (nanoseconds + 500_000) // 1_000_000
    clock = (hours * 3600 + minutes * 60 + seconds) * 1000 + milliseconds
    return _in_reach(_day(parts) * _DAY + clock * 1000)


def _in_reach(microseconds: int) -> int:
    if not -(1 << 63) <= microseconds < 1 << 63:
        raise Unparsed("a timestamp of more than 64 bits")
    return microseconds


def _seconds(offset: re.Match[str]) -> int:
    if offset[2] is None:
        return 0
    hours, minutes = int(offset[3]), int(offset[4])
    if hours > 18 or minutes > 59 or (hours == 18 and minutes):
        raise Unparsed(f"{offset[0]} has no offset that there is")
    return (hours * 3600 + minutes * 60) * (-1 if offset[2] == "-" else 1)


def _in_range(day: int, text: str) -> int:
    if not -_MAX_DAY <= day <= _MAX_DAY:
        raise Unparsed(f"{text} is no date")
    return day


# What a pattern may end with: letters of java.time -> the offsets that they read.
_ZONES = {
    "XXX": r"Z|[+-]\d\d:\d\d",
    "XX": r"Z|[+-]\d{4}",
    "X": r"Z|[+-]\d\d(?:\d\d)?",
    "xxx": r"[+-]\d\d:\d\d",
    "xx": r"[+-]\d{4}",
    "ZZZ": r"[+-]\d{4}",
    "ZZ": r"[+-]\d{4}",
    "Z": r"[+-]\d{4}",
}


def by_patterns(patterns: list[str], otherwise: Callable[[str], int]) -> Callable[[str], int]:
    """A parser that tries `timestamp.formats` first. Raises NOT_SUPPORTED for a pattern."""
    parsers = [_pattern(pattern) for pattern in patterns]

    def parse(text: str) -> int:
        for parser in parsers:
            found = parser(text)
            if found is not None:
                return found
        return otherwise(text)

    return parse


def _pattern(pattern: str) -> Callable[[str], int | None]:
    if pattern.lower() == "millis":
        return _milliseconds
    letters = next((z for z in _ZONES if pattern.endswith(z) and "'" not in pattern[-4:]), "")
    zone = re.compile(rf"(.*?)({_ZONES[letters]})" if letters else "(.*)()", re.DOTALL)
    fields = DatePattern.parse(pattern.removesuffix(letters), "timestamp.formats")

    def parse(text: str) -> int | None:
        match = zone.fullmatch(text)
        try:
            found = (fields.read(match[1]) - _EPOCH) // _MICROSECOND if match else None
        except ValueError:
            return None
        if found is None or match[2] in ("", "Z"):
            return found
        sign = -1 if match[2][0] == "-" else 1
        digits = match[2][1:].replace(":", "").ljust(4, "0")
        return found - sign * (int(digits[:2]) * 3600 + int(digits[2:]) * 60) * 1_000_000

    return parse


def _milliseconds(text: str) -> int | None:
    match = re.fullmatch(r"(-?\d+)(\.\d+)?", text)
    return int(match[1]) * 1000 if match else None


def formats_of(value: str | None, *, escaped: bool) -> list[str]:
    """The patterns of the property `timestamp.formats`; in Hive's a comma may be escaped."""
    if not value:
        return []
    if not escaped:
        return value.split(",")
    if re.search(r"\\(?![\\,])", value):
        message = f"Invalid 'timestamp.formats' property value '{value}': Illegal escaped character"
        raise QueryError("HIVE_INVALID_METADATA", message)
    parts = re.findall(r"(?:[^,\\]|\\.)+", value)
    return [re.sub(r"\\(.)", r"\1", part) for part in parts]
