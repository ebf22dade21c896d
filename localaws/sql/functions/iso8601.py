"""ISO 8601 texts.

Source of the rules: Trino documentation, "Date and time functions and operators"; Joda-Time,
`ISODateTimeFormat.dateTimeParser` (numbers may have fewer digits than they are printed with).
"""

import re

from localaws.sql.functions.date_arithmetic import failing
from localaws.sql.functions.date_fields import local
from localaws.sql.functions.literals import constant_text
from localaws.sql.functions.registry import BadArgument, signature, table
from localaws.sql.scope import DataZone, Typed
from localaws.sql.time_zones import offset_minutes, zone_id
from localaws.sql.types import Type, timestamp_tz

_OFFSET = re.compile(r".*?(Z|[+-]\d{2}(?::?\d{2})?)?")


def _from_iso8601_timestamp(arguments: list[Typed]) -> Typed:
    (text,) = arguments
    moment = f"tr_iso8601_local({text.sql})"
    try:
        constant = constant_text(text, "the text")
    except BadArgument:
        zone = f"tr_offset_id(tr_iso8601_offset({text.sql}))"
        return DataZone(f"tr_instant_at({moment}, {zone})", zone).typed(timestamp_tz(3))
    match = _OFFSET.fullmatch(constant.upper().partition("T")[2])
    zone = zone_id(match[1] or "UTC")
    if zone is None:
        message = f'Invalid format: "{constant}"'
        return failing("INVALID_FUNCTION_ARGUMENT", message, timestamp_tz(3, "UTC"), text)
    shifted = f"({moment} - to_minutes({offset_minutes(zone)}))"
    return Typed(f"timezone('UTC', {shifted})", timestamp_tz(3, zone))


def _too_fine(_: list[Typed]) -> Typed:
    raise BadArgument("timestamps finer than microseconds are not supported locally")


def _to_iso8601(arguments: list[Typed]) -> Typed:
    (value,) = arguments
    precision = value.type.args[0]
    length = 22 + min(precision, 1) + precision
    here = local(value)
    fraction = f".%f')[:{20 + precision}]" if precision else "')"
    text = f"strftime({here.sql}, '%Y-%m-%dT%H:%M:%S{fraction}"
    if value.type.base == "timestamp":
        return Typed(text, Type("varchar", (length,)))
    in_utc = f"timezone('UTC', {value.data_zone.instant if value.data_zone else value.sql})"
    offset = f"tr_iso8601_zone({here.sql}, {in_utc})"
    return Typed(f"({text} || {offset})", Type("varchar", (length + 6,)))


FUNCTIONS = table(
    signature("from_iso8601_date(varchar) -> date", "CAST(tr_iso8601_date({0}) AS DATE)"),
    signature("from_iso8601_timestamp(varchar) -> timestamptz", _from_iso8601_timestamp),
    signature("from_iso8601_timestamp_nanos(varchar) -> timestamptz", _too_fine),
    signature("to_iso8601(date) -> varchar(16)", "strftime({0}, '%Y-%m-%d')"),
    signature("to_iso8601(timestamp) -> varchar", _to_iso8601),
    signature("to_iso8601(timestamptz) -> varchar", _to_iso8601),
)
