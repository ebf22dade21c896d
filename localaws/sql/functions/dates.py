"""Date and time functions.

Source of the rules: Trino documentation, "Date and time functions and operators".
"""

import re

from localaws.sql.casts import CannotCast, local_timestamp
from localaws.sql.functions.literals import constant_text
from localaws.sql.functions.registry import BadArgument, Overload, Rule, signature, table
from localaws.sql.scope import Typed
from localaws.sql.types import BIGINT, DATE, VARCHAR, Type, timestamp, timestamp_tz

_UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
_DATE_UNITS = ("day", "week", "month", "quarter", "year")

# MySQL's format letters that Trino documents, as DuckDB's strftime writes them.
_FORMAT = {
    "%Y": "%Y",
    "%m": "%m",
    "%d": "%d",
    "%H": "%H",
    "%h": "%I",
    "%I": "%I",
    "%i": "%M",
    "%s": "%S",
    "%S": "%S",
    "%f": "%f",
    "%T": "%H:%M:%S",
    "%j": "%j",
    "%M": "%B",
    "%b": "%b",
    "%W": "%A",
    "%a": "%a",
    "%p": "%p",
    "%%": "%%",
}


# What each letter reads, for date_parse; the others may contradict what else is read.
_SHAPES = {
    "%Y": r"\d{4}",
    "%m": r"\d{1,2}",
    "%d": r"\d{1,2}",
    "%H": r"\d{1,2}",
    "%h": r"\d{1,2}",
    "%I": r"\d{1,2}",
    "%i": r"\d{1,2}",
    "%s": r"\d{1,2}",
    "%S": r"\d{1,2}",
    "%f": r"\d{1,6}",
    "%T": r"\d{1,2}:\d{1,2}:\d{1,2}",
    "%j": r"\d{1,3}",
    "%M": "[A-Za-z]+",
    "%b": "[A-Za-z]+",
    "%p": "(?i:am|pm)",
    "%%": "%",
}


def _unit(value: Typed, allowed: tuple[str, ...], type_: Type) -> str:
    unit = constant_text(value, "the unit").lower()
    if unit not in allowed:
        raise BadArgument(f"'{unit}' is not a valid {type_.base} field")
    return unit


def _units_of(type_: Type) -> tuple[str, ...]:
    return _DATE_UNITS if type_ == DATE else _UNITS


def _local(value: Typed) -> Typed:
    """Fields are taken from the local time, which a timestamp with time zone may not tell."""
    if value.type.base != "timestamp with time zone":
        return value
    try:
        return local_timestamp(value)
    except CannotCast as error:
        raise BadArgument(str(error)) from None


def _date_trunc(arguments: list[Typed]) -> Typed:
    unit, value = arguments
    name = _unit(unit, _units_of(value.type), value.type)
    local = _local(value)
    truncated = f"CAST(date_trunc('{name}', {local.sql}) AS {local.type.duckdb()})"
    if value.type.zone and name in ("millisecond", "second", "minute", "hour"):
        # An hour that a change of offset repeats stays the one it is.
        truncated = f"({value.sql} - ({local.sql} - {truncated}))"
    elif value.type.zone:
        truncated = f"timezone('{value.type.zone}', {truncated})"
    return Typed(truncated, value.type)


def _date_add(arguments: list[Typed]) -> Typed:
    unit, amount, value = arguments
    name = _unit(unit, _units_of(value.type), value.type)
    if value.type.zone not in (None, "UTC"):
        raise BadArgument("date_add on a time zone other than UTC is not supported locally")
    step = {
        "quarter": "to_months(CAST(3 * {0} AS INTEGER))",
        "week": "to_weeks(CAST({0} AS INTEGER))",
    }
    interval = step.get(name, f"to_{name}s(" + "{0})").format(f"({amount.sql})")
    if name in ("day", "month", "year"):
        interval = f"to_{name}s(CAST({amount.sql} AS INTEGER))"
    return Typed(f"CAST({value.sql} + {interval} AS {value.type.duckdb()})", value.type)


def _date_diff(arguments: list[Typed]) -> Typed:
    unit, start, end = arguments
    name = _unit(unit, _units_of(start.type), start.type)
    if start.type.base == "timestamp with time zone":
        known = (
            start.type.zone in (None, "UTC")
            if name in ("day", "week")
            else start.type.zone == "UTC"
        )
        if name in _DATE_UNITS and not known:
            message = (
                "days and longer units between times of a zone other than UTC are not supported"
            )
            raise BadArgument(f"{message} locally")
    # date_sub counts whole units that have passed, as Trino does; date_diff counts boundaries.
    moments = ", ".join(_in_milliseconds(each) for each in (start, end))
    return Typed(f"date_sub('{name}', {moments})", BIGINT)


def _in_milliseconds(value: Typed) -> str:
    """Trino's date functions of old cut finer timestamps off."""
    fine = value.type != DATE and value.type.args[0] > 3
    return f"date_trunc('millisecond', {value.sql})" if fine else value.sql


def _parts(value: Typed) -> list[str]:
    """The letters (`%Y`) and characters of a constant MySQL format."""
    return re.findall(r"%.?|.", constant_text(value, "the format"), re.DOTALL)


def _format(parts: list[str], letters: dict[str, str] = _FORMAT) -> str:
    """A MySQL format as DuckDB's. Raises BadArgument for a letter that is not in `letters`."""
    for part in parts:
        if part.startswith("%") and part not in letters:
            raise BadArgument(f"the format letter {part} is not supported locally")
    return "".join(_FORMAT.get(part, part) for part in parts).replace("'", "''")


def _date_format(arguments: list[Typed]) -> Typed:
    value, pattern = arguments
    return Typed(
        f"strftime({_in_milliseconds(_local(value))}, '{_format(_parts(pattern))}')", VARCHAR
    )


def _date_parse(arguments: list[Typed]) -> Typed:
    text, pattern = arguments
    parts = _parts(pattern)
    if ("%p" in parts) != ("%h" in parts or "%I" in parts):
        raise BadArgument("%p and %h are only supported together locally")
    shape = "".join(_SHAPES.get(part, re.escape(part)) for part in parts).replace("'", "''")
    year, prefix = ("", "") if "%Y" in parts else ("%Y-%m-%d ", "1970-01-01 ")
    # MySQL's %f reads one to nine digits, strptime's at least one to six.
    found = f"tr_date_parse({text.sql}, '{year}{_format(parts, _SHAPES)}', '{shape}', '{prefix}')"
    return Typed(found, timestamp(3))


def field(unit: str) -> Rule:
    """`unit` of a date or timestamp as a bigint, for `year(x)` and `extract(year from x)`."""
    template = _FIELDS[unit]
    return lambda arguments: Typed(
        f"CAST({template.format(_local(arguments[0]).sql)} AS BIGINT)", BIGINT
    )


_FIELDS = {
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

EXTRACT: dict[str, list[Overload]] = {
    unit: [
        *([] if unit in _TIME_FIELDS else [Overload(("date",), "bigint", field(unit))]),
        Overload(("timestamp",), "bigint", field(unit)),
        Overload(("timestamptz",), "bigint", field(unit)),
    ]
    for unit in _FIELDS
}


def _from_iso8601_timestamp(arguments: list[Typed]) -> Typed:
    """The zone is known only where the text is a constant without an offset of its own."""
    in_utc = re.fullmatch(r"'[\d-]+(T[\d:.,]+Z?)?'", arguments[0].sql)
    zone = "UTC" if in_utc else None
    return Typed(f"tr_from_iso8601_timestamp({arguments[0].sql})", timestamp_tz(3, zone))


def _now(_: list[Typed]) -> Typed:
    return Typed("tr_now()", timestamp_tz(3, "UTC"))


FUNCTIONS = table(
    *(
        signature(f"{name}(varchar, {more}{type_}) -> =0", rule)
        for name, more, rule in (
            ("date_trunc", "", _date_trunc),
            ("date_add", "bigint, ", _date_add),
        )
        for type_ in ("date", "timestamp", "timestamptz")
    ),
    signature("date_diff(varchar, date, date) -> bigint", _date_diff),
    signature("date_diff(varchar, timestamp, timestamp) -> bigint", _date_diff),
    signature("date_diff(varchar, timestamptz, timestamptz) -> bigint", _date_diff),
    signature("date_format(timestamp, varchar) -> varchar", _date_format),
    signature("date_format(timestamptz, varchar) -> varchar", _date_format),
    signature("date_parse(varchar, varchar) -> timestamp", _date_parse),
    signature("from_iso8601_date(varchar) -> date", "tr_from_iso8601_date({0})"),
    signature(
        "from_iso8601_timestamp(varchar) -> timestamp(3) with time zone", _from_iso8601_timestamp
    ),
    signature(
        "from_unixtime(double) -> timestamp(3) with time zone",
        lambda a: Typed(f"tr_from_unixtime({a[0].sql})", timestamp_tz(3, "UTC")),
    ),
    signature("to_unixtime(timestamptz) -> double", "(epoch_us({0}) / 1000000.0::DOUBLE)"),
    signature("to_unixtime(timestamp) -> double", "(epoch_us({0}) / 1000000.0::DOUBLE)"),
    signature("to_milliseconds(interval day to second) -> bigint", "CAST(epoch_ms({0}) AS BIGINT)"),
    signature("last_day_of_month(date) -> date", "last_day({0})"),
    signature("last_day_of_month(timestamp) -> date", "last_day({0})"),
    signature("now() -> timestamp(3) with time zone", _now),
    *((name, overload) for name, overloads in EXTRACT.items() for overload in overloads),
)
