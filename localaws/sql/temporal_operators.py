"""Arithmetic of dates, times, timestamps and intervals.

Source of the rules: Trino documentation, "Date and time operators"; Trino's
`TimestampOperators`, `TimestampWithTimeZoneOperators` and `IntervalDayTimeOperators`.
"""

from localaws.sql.casts import coerce
from localaws.sql.coercions import can_coerce, common_type
from localaws.sql.scope import DataZone, Typed
from localaws.sql.types import BIGINT, DATE, DAY_TO_SECOND, DOUBLE, YEAR_TO_MONTH, Type

_INTERVALS = (DAY_TO_SECOND, YEAR_TO_MONTH)


def temporal(symbol: str, left: Typed, right: Typed) -> Typed | None:
    """`left symbol right`, or None where Trino has no such operator on moments and intervals."""
    if left.type in _INTERVALS and right.type in _INTERVALS:
        if left.type != right.type or symbol not in ("+", "-"):
            return None
        return Typed(f"({left.sql} {symbol} {right.sql})", left.type)
    if symbol == "*" and right.type in _INTERVALS:
        left, right = right, left
    if left.type in _INTERVALS and symbol in ("*", "/"):
        return _scaled(symbol, left, right)
    if symbol == "+" and left.type in _INTERVALS:
        left, right = right, left
    if symbol in ("+", "-") and right.type in _INTERVALS:
        return _moved(symbol, left, right)
    return _apart(left, right) if symbol == "-" else None


def _scaled(symbol: str, interval: Typed, factor: Typed) -> Typed | None:
    if symbol == "*" and can_coerce(factor.type, BIGINT):
        return Typed(f"({interval.sql} * {coerce(factor, BIGINT).sql})", interval.type)
    if not can_coerce(factor.type, DOUBLE):
        return None
    macro = {"*": "tr_interval_times", "/": "tr_interval_over"}[symbol]
    return Typed(f"{macro}({interval.sql}, {coerce(factor, DOUBLE).sql})", interval.type)


def _moved(symbol: str, value: Typed, interval: Typed) -> Typed | None:
    amount = f"{'-' if symbol == '-' else ''}({interval.sql})"
    if interval.type == YEAR_TO_MONTH:
        step = f"to_months(CAST({amount} AS INTEGER))"
    else:
        step = f"to_microseconds(1000 * {amount})"
    match value.type.base:
        case "date" if interval.type == YEAR_TO_MONTH:
            return Typed(f"CAST({value.sql} + {step} AS DATE)", DATE)
        case "date":
            verb, preposition = ("add", "to") if symbol == "+" else ("subtract", "from")
            failure = f"Cannot {verb} hour, minutes or seconds {preposition} a date"
            return Typed(f"tr_date_plus({value.sql}, {amount}, '{failure}')", DATE)
        case "timestamp" | "timestamp with time zone" if interval.type == YEAR_TO_MONTH:
            # In UTC, whatever the zone of the value is.
            return _stepped(value, step, value.type)
        case "time" if interval.type == DAY_TO_SECOND:
            return Typed(f"({value.sql} + {step})", _at_least_milliseconds(value.type))
        case "timestamp" | "timestamp with time zone":
            return _stepped(value, step, _at_least_milliseconds(value.type))
    return None


def _stepped(value: Typed, step: str, type_: Type) -> Typed:
    if value.type.base == "timestamp":
        return Typed(f"({value.sql} + {step})", type_)
    sql = "timezone('UTC', timezone('UTC', {0}) + {1})"
    if value.data_zone:
        return DataZone(sql.format(value.data_zone.instant, step), value.data_zone.zone).typed(
            type_
        )
    return Typed(sql.format(value.sql, step), type_)


def _at_least_milliseconds(type_: Type) -> Type:
    """Intervals have three digits of a second, so the sum has at least three."""
    return Type(type_.base, (max(3, type_.args[0]),), type_.zone)


def _apart(left: Typed, right: Typed) -> Typed | None:
    """How long after `right` `left` is, in whole milliseconds."""
    target = common_type(left.type, right.type)
    if target == DATE:
        return Typed(f"CAST({left.sql} - {right.sql} AS BIGINT) * 86400000", DAY_TO_SECOND)
    if target is None or target.base not in ("timestamp", "timestamp with time zone"):
        return None
    micros = [
        f"epoch_us({each.data_zone.instant if each.data_zone else coerce(each, target).sql})"
        for each in (left, right)
    ]
    macro = "tr_apart" if target.base == "timestamp" else "tr_zoned_apart"
    return Typed(f"{macro}({', '.join(micros)})", DAY_TO_SECOND)
