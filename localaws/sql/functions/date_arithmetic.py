"""date_trunc, date_add, date_diff and functions of intervals.

Source of the rules: Trino documentation, "Date and time functions and operators"; of time zones
and months of different length: Joda-Time, which Trino computes with.
"""

from localaws.sql.functions.date_fields import local
from localaws.sql.functions.literals import constant_text
from localaws.sql.functions.registry import BadArgument, signature, table
from localaws.sql.scope import DataZone, Typed
from localaws.sql.time_zones import instant_sql
from localaws.sql.types import BIGINT, DATE, Type

_TIME_UNITS = {"millisecond": 1, "second": 1000, "minute": 60_000, "hour": 3_600_000}
_DATE_UNITS = ("day", "week", "month", "quarter", "year")
_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def failing(code: str, message: str, target: Type, *arguments: Typed) -> Typed:
    """What fails for every row whose arguments are not NULL, as a function in Trino does."""
    given = " AND ".join(f"{each.sql} IS NOT NULL" for each in arguments)
    text = message.replace("'", "''")
    failure = f"CAST(CAST(tr_fail('{code}', '{text}') AS VARCHAR) AS {target.duckdb()})"
    return Typed(f"CASE WHEN {given} THEN {failure} END", target)


def _unit(value: Typed, type_: Type) -> str | None:
    """The unit in lower case; None where `type_` has no such unit."""
    unit = constant_text(value, "the unit").lower()
    return unit if unit in _DATE_UNITS or (type_ != DATE and unit in _TIME_UNITS) else None


def _no_unit(unit: Typed, target: Type, *values: Typed) -> Typed:
    field = "DATE" if values[-1].type == DATE else "Timestamp"
    name = constant_text(unit, "the unit").lower()
    message = f"'{name}' is not a valid {field} field"
    return failing("INVALID_FUNCTION_ARGUMENT", message, target, *values)


def _date_trunc(arguments: list[Typed]) -> Typed:
    unit, value = arguments
    name = _unit(unit, value.type)
    if name is None:
        return _no_unit(unit, value.type, value)
    here = local(value)
    truncated = f"CAST(date_trunc('{name}', {here.sql}) AS {here.type.duckdb()})"
    if value.data_zone:
        # Only fixed offsets come out of data: what is cut off is as long in UTC.
        instant = f"({value.data_zone.instant} - ({here.sql} - {truncated}))"
        return DataZone(instant, value.data_zone.zone).typed(value.type)
    if value.type.zone and name in _TIME_UNITS:
        # An hour that a change of offset repeats stays the one it is.
        truncated = f"({value.sql} - ({here.sql} - {truncated}))"
    elif value.type.zone:
        truncated = instant_sql(truncated, value.type.zone, value.sql)
    return Typed(truncated, value.type)


def _date_add(arguments: list[Typed]) -> Typed:
    unit, amount, value = arguments
    name = _unit(unit, value.type)
    if name is None:
        return _no_unit(unit, value.type, amount, value)
    count = f"tr_int_amount({amount.sql})"
    if name in _DAYS:
        interval = f"to_days(CAST({_DAYS[name]} * {count} AS INTEGER))"
    elif name in _MONTHS:
        interval = f"to_months(CAST({_MONTHS[name]} * {count} AS INTEGER))"
    else:
        interval = f"to_milliseconds({_TIME_UNITS[name]} * {count})"
    if value.type == DATE:
        return Typed(f"CAST({value.sql} + {interval} AS DATE)", DATE)
    if name in _TIME_UNITS and (zone := value.data_zone):
        moved = _rounded(f"({zone.instant} + {interval})", name, value.type)
        return DataZone(moved, zone.zone).typed(value.type)
    if value.type.base == "timestamp" or name in _TIME_UNITS:
        return Typed(_rounded(f"({value.sql} + {interval})", name, value.type), value.type)
    moved = f"({local(value).sql} + {interval})"
    if zone := value.data_zone:
        return DataZone(f"tr_instant_at({moved}, {zone.zone})", zone.zone).typed(value.type)
    return Typed(instant_sql(moved, value.type.zone, value.sql), value.type)


def _rounded(sql: str, unit: str, type_: Type) -> str:
    """Milliseconds added to a timestamp of seconds are rounded, half up."""
    if unit != "millisecond" or type_.args[0] >= 3:
        return sql
    return f"tr_round_timestamp({sql}, {10 ** (6 - type_.args[0])})"


def _date_diff(arguments: list[Typed]) -> Typed:
    unit, start, end = arguments
    name = _unit(unit, start.type)
    if name is None:
        return _no_unit(unit, BIGINT, start, end)
    if start.type.base == "timestamp with time zone":
        start, end = _comparable(name, start, end)
    if name in _TIME_UNITS or name in _DAYS:
        if start.type == DATE:
            days = f"CAST({end.sql} - {start.sql} AS BIGINT)"
            return Typed(f"tr_truncated_quotient({days}, {_DAYS[name]})", BIGINT)
        length = _TIME_UNITS.get(name) or _DAYS[name] * 86_400_000
        passed = f"(tr_epoch_millis({end.sql}) - tr_epoch_millis({start.sql}))"
        return Typed(f"tr_truncated_quotient({passed}, {length})", BIGINT)
    moments = ", ".join(f"CAST({each.sql} AS TIMESTAMP)" for each in (start, end))
    return Typed(f"tr_truncated_quotient(tr_whole_months({moments}), {_MONTHS[name]})", BIGINT)


def _comparable(unit: str, start: Typed, end: Typed) -> tuple[Typed, Typed]:
    """Times are as far apart as their instants; days and more as the clocks of `start`'s zone."""
    instants = [each.data_zone.instant if each.data_zone else each.sql for each in (start, end)]
    if unit in _TIME_UNITS:
        return tuple(Typed(f"timezone('UTC', {each})", start.type) for each in instants)
    if start.type.zone is None:
        raise BadArgument(
            f"the {unit}s between times whose zone differs from row to row are not supported "
            "locally"
        )
    if max(start.type.args[0], end.type.args[0]) > 3 and (
        start.type.zone != "UTC" or start.data_zone
    ):
        # Versions of Trino differ: in UTC or in the zone.
        raise BadArgument(
            f"the {unit}s between times finer than milliseconds of a zone other than UTC are not "
            "supported locally"
        )
    if start.data_zone:
        zone = start.data_zone.zone
        return tuple(local(DataZone(each, zone).typed(start.type)) for each in instants)
    return tuple(local(Typed(each, start.type)) for each in instants)


FUNCTIONS = table(
    *(
        signature(f"{name}(varchar, {more}{type_}) -> =0", rule)
        for name, more, rule in (
            ("date_trunc", "", _date_trunc),
            ("date_add", "bigint, ", _date_add),
        )
        for type_ in ("date", "timestamp", "timestamptz")
    ),
    *(
        signature(f"date_diff(varchar, {type_}, {type_}) -> bigint", _date_diff)
        for type_ in ("date", "timestamp", "timestamptz")
    ),
    signature("last_day_of_month(date) -> date", "last_day({0})"),
    signature("last_day_of_month(timestamp) -> date", "last_day({0})"),
    signature(
        "last_day_of_month(timestamptz) -> date",
        lambda arguments: Typed(f"last_day({local(arguments[0]).sql})", DATE),
    ),
    signature("to_milliseconds(interval day to second) -> bigint", "{0}"),
    signature("parse_duration(varchar) -> interval day to second", "tr_parse_duration({0})"),
    signature("human_readable_seconds(double) -> varchar", "tr_human_readable_seconds({0})"),
)
