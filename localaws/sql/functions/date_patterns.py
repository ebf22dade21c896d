"""Formats of dates as lists of parts: MySQL's (`%Y-%m-%d`) and Joda-Time's (`yyyy-MM-dd`).

Source: Trino documentation, "MySQL date functions" and "Java date functions"; Joda-Time,
`DateTimeFormat` and `DateTimeFormatterBuilder`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date


class BadPattern(Exception):
    """A format that Trino does not take; str() is its sentence."""


@dataclass(frozen=True)
class Literal:
    """Text that stands for itself; a reader takes it in any case."""

    text: str


@dataclass(frozen=True)
class Number:
    """A field in digits: written with at least `least`, read with at most `most` of them."""

    field: str
    least: int
    most: int
    signed: bool = False


@dataclass(frozen=True)
class TwoDigitYear:
    """The last digits of a year (`field` year or year_of_week), `pivot` - 50 to `pivot` + 49.

    A `lenient` one reads a year with more or fewer digits as it is.
    """

    field: str
    pivot: int
    lenient: bool = False


@dataclass(frozen=True)
class Fraction:
    """Digits of the second after the point."""

    least: int
    most: int


@dataclass(frozen=True)
class Name:
    """The English name of a month, a day_of_week or a halfday."""

    field: str
    short: bool = False


@dataclass(frozen=True)
class Zone:
    """`offset` +hhmm, `colon` +hh:mm, or `id`."""

    form: str


Part = Literal | Number | TwoDigitYear | Fraction | Name | Zone

_TIME = (Number("minute", 2, 2), Literal(":"), Number("second", 2, 2))
_CLOCK = Number("clockhour_of_halfday", 2, 2)
_MYSQL: dict[str, tuple[Part, ...]] = {
    "a": (Name("day_of_week", short=True),),
    "b": (Name("month", short=True),),
    "c": (Number("month", 1, 2),),
    "d": (Number("day", 2, 2),),
    "e": (Number("day", 1, 2),),
    "f": (Fraction(6, 9),),
    "H": (Number("hour", 2, 2),),
    "h": (_CLOCK,),
    "I": (_CLOCK,),
    "i": (Number("minute", 2, 2),),
    "j": (Number("day_of_year", 3, 3),),
    "k": (Number("hour", 1, 2),),
    "l": (Number("clockhour_of_halfday", 1, 2),),
    "M": (Name("month"),),
    "m": (Number("month", 2, 2),),
    "p": (Name("halfday"),),
    "r": (_CLOCK, Literal(":"), *_TIME, Literal(" "), Name("halfday")),
    "S": (Number("second", 2, 2),),
    "s": (Number("second", 2, 2),),
    "T": (Number("hour", 2, 2), Literal(":"), *_TIME),
    "v": (Number("week", 2, 2),),
    "x": (Number("year_of_week", 4, 4, signed=True),),
    "W": (Name("day_of_week"),),
    "Y": (Number("year", 4, 4, signed=True),),
    "y": (TwoDigitYear("year", 2020),),
}


def mysql_parts(pattern: str) -> list[Part]:
    """Raises BadPattern for the letters that Trino does not know."""
    parts: list[Part] = []
    for letter, plain in re.findall(r"%(.)|([^%])", pattern, re.DOTALL):
        if letter and letter in "wUuVXD":
            raise BadPattern(f"%{letter} not supported in date format string")
        parts += _MYSQL.get(letter, (Literal(letter),)) if letter else (Literal(plain),)
    if not parts:
        raise BadPattern("Both printing and parsing not supported")
    return parts


_JODA_NUMBERS = {
    "d": "day",
    "h": "clockhour_of_halfday",
    "H": "hour",
    "k": "clockhour_of_day",
    "K": "hour_of_halfday",
    "m": "minute",
    "s": "second",
    "e": "day_of_week",
    "D": "day_of_year",
    "w": "week",
}
# The most digits that a field is read with.
_DIGITS = {"day_of_week": 1, "day_of_year": 3}


def joda_parts(pattern: str) -> list[Part]:
    """Raises BadPattern for what is no pattern, NotImplementedError for eras, centuries and names
    of zones."""
    if not pattern:
        raise BadPattern("Invalid pattern specification")
    tokens = list(_tokens(pattern))
    following = [*tokens[1:], Literal("")]
    return [
        token if isinstance(token, Literal) else _joda_part(token, after)
        for token, after in zip(tokens, following, strict=True)
    ]


def _tokens(pattern: str) -> Iterator[str | Literal]:
    """Runs of one letter, and what stands between them without its quotes."""
    at = 0
    while at < len(pattern):
        if run := re.compile(r"([A-Za-z])\1*").match(pattern, at):
            yield run[0]
            at = run.end()
            continue
        text, quoted = "", False
        while at < len(pattern) and (quoted or not re.match("[A-Za-z]", pattern[at])):
            if pattern[at : at + 2] == "''":
                text, at = text + "'", at + 1
            elif pattern[at] == "'":
                quoted = not quoted
            else:
                text += pattern[at]
            at += 1
        yield Literal(text)


def _joda_part(run: str, after: str | Literal) -> Part:
    letter, size = run[0], len(run)
    numeric_next = isinstance(after, str) and _is_number(after)
    match letter:
        case "y" | "Y" | "x":
            field = "year_of_week" if letter == "x" else "year"
            if size == 2:
                return TwoDigitYear(field, date.today().year - 30, lenient=not numeric_next)
            return Number(field, size, size if numeric_next else 9, signed=letter != "Y")
        case "M" if size >= 3:
            return Name("month", short=size == 3)
        case "M":
            return Number("month", size, 2)
        case "S":
            return Fraction(size, size)
        case "E":
            return Name("day_of_week", short=size < 4)
        case "a":
            return Name("halfday")
        case "Z":
            return Zone({1: "offset", 2: "colon"}.get(size, "id"))
        case "G" | "C" | "z":
            raise NotImplementedError(f"the format letter {letter}")
    if letter not in _JODA_NUMBERS:
        raise BadPattern(f"Illegal pattern component: {run}")
    field = _JODA_NUMBERS[letter]
    return Number(field, size, max(size, _DIGITS.get(field, 2)))


def _is_number(run: str) -> bool:
    return run[0] in "cCxyYdhHmsSeDFwWkK" or (run[0] == "M" and len(run) <= 2)
