"""Fields of dates, timestamps and intervals: `year(x)`, `extract(year FROM x)`.

Source of the rules: Trino documentation, "Date and time functions and operators".
"""

from localaws.sql.casts import CannotCast, local_timestamp
from localaws.sql.functions.registry import BadArgument, Overload, Rule
from localaws.sql.scope import Typed
from localaws.sql.types import BIGINT, VARCHAR

# Each field as DuckDB computes it from a DATE or TIMESTAMP.
FIELDS = {
    "year": "year({0})",
    "quarter": "quarter({0})",
    "month": "month({0})",
    "week": "weekofyear({0})",
    "week_of_year": "weekofyear({0})",
    "day": "day({0})",
    "day_of_month": "day({0})",
    "day_of_week": "isodow({0})",
    "dow": "isodow({0})",
    "day_of_year": "dayofyear({0})",
    "doy": "dayofyear({0})",
    "year_of_week": "isoyear({0})",
    "yow": "isoyear({0})",
    "hour": "hour({0})",
    "minute": "minute({0})",
    "second": "second({0})",
    "millisecond": "(millisecond({0}) % 1000)",
}
_TIME_FIELDS = ("hour", "minute", "second", "millisecond")
# Fields of an interval: milliseconds of one, months of the other. Negative ones have the sign.
_INTERVAL_FIELDS = {
    "day": ("interval day to second", "tr_truncated_quotient({0}, 86400000)"),
    "day_of_month": ("interval day to second", "tr_truncated_quotient({0}, 86400000)"),
    "hour": ("interval day to second", "tr_truncated_quotient({0} % 86400000, 3600000)"),
    "minute": ("interval day to second", "tr_truncated_quotient({0} % 3600000, 60000)"),
    "second": ("interval day to second", "tr_truncated_quotient({0} % 60000, 1000)"),
    "millisecond": ("interval day to second", "({0} % 1000)"),
    "year": ("interval year to month", "tr_truncated_quotient({0}, 12)"),
    "month": ("interval year to month", "({0} % 12)"),
}


def local(value: Typed) -> Typed:
    """Fields are taken from the local time, which a timestamp with time zone may not tell."""
    if value.type.base != "timestamp with time zone":
        return value
    try:
        return local_timestamp(value)
    except CannotCast as error:
        raise BadArgument(str(error)) from None


def _field(template: str) -> Rule:
    return lambda arguments: Typed(
        f"CAST({template.format(local(arguments[0]).sql)} AS BIGINT)", BIGINT
    )


def _zone_offset(template: str) -> Rule:
    """A part of the offset from UTC, which is negative west of Greenwich."""

    def rule(arguments: list[Typed]) -> Typed:
        value = arguments[0]
        in_utc = f"timezone('UTC', {value.data_zone.instant if value.data_zone else value.sql})"
        seconds = f"(epoch_us({local(value).sql}) - epoch_us({in_utc})) // 1000000"
        return Typed(
            f"CAST({template.format(f'tr_truncated_quotient({seconds}, 60)')} AS BIGINT)", BIGINT
        )

    return rule


def _zone(arguments: list[Typed]) -> Typed:
    value = arguments[0]
    if known := value.data_zone:
        # A text that is no moment has no zone either, or fails.
        return Typed(f"CASE WHEN {known.instant} IS NOT NULL THEN {known.zone} END", VARCHAR)
    local(value)  # refuses a zone that is not known
    return Typed(f"CASE WHEN {value.sql} IS NOT NULL THEN '{value.type.zone}' END", VARCHAR)


def _overloads(name: str) -> list[Overload]:
    overloads = [
        *([] if name in _TIME_FIELDS else [Overload(("date",), "bigint", _field(FIELDS[name]))]),
        Overload(("timestamp",), "bigint", _field(FIELDS[name])),
        Overload(("timestamptz",), "bigint", _field(FIELDS[name])),
    ]
    if name in _INTERVAL_FIELDS:
        type_, template = _INTERVAL_FIELDS[name]
        overloads.append(Overload((type_,), "bigint", f"CAST({template} AS BIGINT)"))
    return overloads


FUNCTIONS: dict[str, list[Overload]] = {
    **{name: _overloads(name) for name in FIELDS},
    "timezone_hour": [
        Overload(("timestamptz",), "bigint", _zone_offset("tr_truncated_quotient({0}, 60)"))
    ],
    "timezone_minute": [Overload(("timestamptz",), "bigint", _zone_offset("({0} % 60)"))],
    "timezone": [Overload(("timestamptz",), "varchar", _zone)],
}

# What EXTRACT(field FROM x) knows: Trino's list has neither MILLISECOND nor WEEK_OF_YEAR.
EXTRACT = {
    name: overloads
    for name, overloads in FUNCTIONS.items()
    if name not in ("millisecond", "week_of_year", "timezone")
}
