"""Functions between instants, Unix times and time zones.

Source of the rules: Trino documentation, "Date and time functions and operators"; the session's
time zone is UTC on Athena.
"""

import re

from localaws.sql.functions.literals import constant_text
from localaws.sql.functions.registry import BadArgument, signature, table
from localaws.sql.scope import Typed
from localaws.sql.time_zones import instant_sql, offset_id, zone_id
from localaws.sql.types import DOUBLE, timestamp_tz


def _zone(value: Typed) -> str:
    """Raises BadArgument for a zone that is not constant, or not known."""
    text = constant_text(value, "the time zone")
    zone = zone_id(text)
    if zone is None:
        raise BadArgument(f"the time zone '{text}' is not known, or not supported locally")
    return zone


def _constant_number(value: Typed) -> int:
    bare = re.sub(r"CAST\(|::\w+| AS \w+|[()]", "", value.sql)
    if not re.fullmatch(r"-?\d+", bare):
        raise BadArgument("an offset must be constant to be supported locally")
    return int(bare)


def _offset(minutes: int) -> str:
    zone = offset_id(abs(minutes), negative=minutes < 0)
    if zone is None:
        raise BadArgument(f"Invalid offset minutes {minutes}")
    return zone


def _instant(value: Typed) -> str:
    return value.data_zone.instant if value.data_zone else value.sql


def at_zone(arguments: list[Typed]) -> Typed:
    """`x AT TIME ZONE 'zone'`: the same instant in another zone."""
    value, zone = arguments
    return Typed(_instant(value), timestamp_tz(value.type.args[0], _zone(zone)))


def at_offset(arguments: list[Typed]) -> Typed:
    """`x AT TIME ZONE INTERVAL '2' HOUR`."""
    value, offset = arguments
    minutes, rest = divmod(_constant_number(offset), 60_000)
    if rest:
        raise BadArgument("Invalid time zone offset interval: interval contains seconds")
    return Typed(_instant(value), timestamp_tz(value.type.args[0], _offset(minutes)))


def _with_timezone(arguments: list[Typed]) -> Typed:
    value, name = arguments
    zone = _zone(name)
    return Typed(instant_sql(value.sql, zone), timestamp_tz(value.type.args[0], zone))


def _from_unixtime(arguments: list[Typed]) -> Typed:
    seconds, *where = arguments
    match where:
        case []:
            zone = "UTC"
        case [name]:
            zone = _zone(name)
        case [hours, minutes]:
            zone = _offset(_constant_number(hours) * 60 + _constant_number(minutes))
    return Typed(f"tr_from_unixtime({seconds.sql})", timestamp_tz(3, zone))


def _too_fine(_: list[Typed]) -> Typed:
    raise BadArgument("timestamps finer than microseconds are not supported locally")


def _to_unixtime(arguments: list[Typed]) -> Typed:
    value = arguments[0]
    micros = f"epoch_us({_instant(value)})"
    if value.type.args[0] <= 3:
        return Typed(f"({micros} / 1000000e0)", DOUBLE)
    # As Trino adds it up, to the last bit.
    millis = f"tr_floor_quotient({micros}, 1000)"
    return Typed(f"({millis} / 1000e0 + ({micros} - 1000 * {millis}) / 1000000e0)", DOUBLE)


FUNCTIONS = table(
    signature(
        "now() -> timestamp(3) with time zone", lambda _: Typed("tr_now(3)", timestamp_tz(3, "UTC"))
    ),
    signature("current_timezone() -> varchar", "'UTC'"),
    signature("at_timezone(timestamptz, varchar) -> timestamptz", at_zone),
    signature("at_timezone(timestamptz, interval day to second) -> timestamptz", at_offset),
    signature("with_timezone(timestamp, varchar) -> timestamptz", _with_timezone),
    signature("from_unixtime(double) -> timestamptz", _from_unixtime),
    signature("from_unixtime(double, varchar) -> timestamptz", _from_unixtime),
    signature("from_unixtime(double, bigint, bigint) -> timestamptz", _from_unixtime),
    signature("from_unixtime_nanos(bigint) -> timestamptz", _too_fine),
    signature("from_unixtime_nanos(decimal) -> timestamptz", _too_fine),
    signature("to_unixtime(timestamptz) -> double", _to_unixtime),
)
