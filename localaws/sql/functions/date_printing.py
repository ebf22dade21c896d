"""A local time as text: the parts of a format as one strftime where it has them."""

from localaws.sql.functions.date_fields import FIELDS
from localaws.sql.functions.date_patterns import (
    Fraction,
    Literal,
    Name,
    Number,
    Part,
    TwoDigitYear,
    Zone,
)
from localaws.sql.quoting import text_literal
from localaws.sql.time_zones import offset_minutes

_STRFTIME = {
    Number("year", 4, 4, signed=True): "%Y",
    Number("year_of_week", 4, 4, signed=True): "%G",
    Number("day_of_year", 3, 3): "%j",
    Number("day_of_year", 1, 3): "%-j",
    Number("week", 2, 2): "%V",
    Number("day_of_week", 1, 1): "%u",
    Fraction(3, 3): "%g",
    Fraction(6, 9): "%f",
    Name("month"): "%B",
    Name("month", short=True): "%b",
    Name("day_of_week"): "%A",
    Name("day_of_week", short=True): "%a",
    Name("halfday"): "%p",
    **{
        Number(field, least, 2): f"%{'-' if least == 1 else ''}{letter}"
        for field, letter in (
            ("month", "m"),
            ("day", "d"),
            ("hour", "H"),
            ("clockhour_of_halfday", "I"),
            ("minute", "M"),
            ("second", "S"),
        )
        for least in (1, 2)
    },
}
_NUMBERS = {
    **FIELDS,
    "clockhour_of_halfday": "((hour({0}) + 11) % 12 + 1)",
    "clockhour_of_day": "((hour({0}) + 23) % 24 + 1)",
    "hour_of_halfday": "(hour({0}) % 12)",
}


def printed(parts: list[Part], local: str, instant: str, zone: str | None) -> str:
    """DuckDB SQL of the text.

    `local` is SQL of a TIMESTAMP of whole milliseconds, `instant` of the same moment in UTC,
    `zone` the id of its zone. Raises NotImplementedError for parts without an exact rendering.
    """
    pieces: list[str] = []
    pattern = ""
    for part in parts:
        if isinstance(part, Literal):
            pattern += part.text.replace("%", "%%")
        elif part in _STRFTIME:
            pattern += _STRFTIME[part]
        else:
            if pattern:
                pieces.append(_strftime(pattern, local))
                pattern = ""
            pieces.append(_piece(part, local, instant, zone))
    if pattern or not pieces:
        pieces.append(_strftime(pattern, local))
    return f"({' || '.join(pieces)})" if len(pieces) > 1 else pieces[0]


def _strftime(pattern: str, local: str) -> str:
    return f"strftime({local}, {text_literal(pattern)})"


def _piece(part: Part, local: str, instant: str, zone: str | None) -> str:
    match part:
        case Number(field, least):
            return f"format('{{:0{least}d}}', {_NUMBERS[field].format(local)})"
        case TwoDigitYear(field):
            return f"format('{{:02d}}', {FIELDS[field].format(local)} % 100)"
        case Fraction(least):
            milliseconds = f"format('{{:03d}}', {FIELDS['millisecond'].format(local)})"
            return f"rpad({milliseconds}, {least}, '0')"
        case Zone("id") if zone:
            return text_literal(zone)
        case Zone(form) if zone:
            minutes = offset_minutes(zone)
            colon = ":" if form == "colon" else ""
            if minutes is None:
                return f"tr_offset_text({local}, {instant}, '{colon}')"
            sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
            return text_literal(f"{sign}{hours:02d}{colon}{rest:02d}")
    raise NotImplementedError(f"the format part {part}")
