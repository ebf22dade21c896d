"""date_format and date_parse (MySQL's formats), format_datetime and parse_datetime (Joda-Time's).

Source of the rules: Trino documentation, "MySQL date functions" and "Java date functions".
"""

import re
from collections.abc import Callable

from localaws.sql.functions.date_arithmetic import failing
from localaws.sql.functions.date_fields import local
from localaws.sql.functions.date_parsing import Reading, local_sql, parsed_sql, reading
from localaws.sql.functions.date_patterns import BadPattern, Part, joda_parts, mysql_parts
from localaws.sql.functions.date_printing import printed
from localaws.sql.functions.literals import constant_text
from localaws.sql.functions.registry import BadArgument, signature, table
from localaws.sql.scope import DataZone, Typed
from localaws.sql.time_zones import offset_minutes, zone_id
from localaws.sql.types import VARCHAR, Type, timestamp, timestamp_tz

Parser = Callable[[str], list[Part]]


def _print(value: Typed, pattern: str, parser: Parser) -> Typed:
    try:
        parts = parser(pattern)
    except BadPattern as error:
        return failing("INVALID_FUNCTION_ARGUMENT", str(error), VARCHAR, value)
    here, zone = local(value), None
    if value.type.base == "timestamp with time zone":
        zone = None if value.data_zone else value.type.zone
    moments = [here.sql, f"timezone('UTC', {value.sql})" if zone else here.sql]
    if value.type.args[0] > 3:
        # Formats know milliseconds only, and Trino rounds to them.
        moments = [f"tr_round_timestamp({each}, 1000)" for each in moments]
    return Typed(printed(parts, *moments, zone), VARCHAR)


def _date_format(arguments: list[Typed]) -> Typed:
    value, pattern = arguments
    try:
        return _print(value, constant_text(pattern, "the format"), mysql_parts)
    except NotImplementedError as error:
        raise BadArgument(f"{error} is not supported locally") from None


def _format_datetime(arguments: list[Typed]) -> Typed:
    value, format_ = arguments
    pattern = constant_text(format_, "the format")
    unquoted = re.sub(r"'[^']*('|$)", "", pattern)
    if value.type.base == "timestamp" and re.search("[zZ]", unquoted):
        message = (
            "format_datetime for TIMESTAMP type, cannot use 'Z' nor 'z' in format, as this type "
            "does not contain TZ information"
        )
        return failing("INVALID_FUNCTION_ARGUMENT", message, VARCHAR, value)
    try:
        return _print(value, pattern, joda_parts)
    except NotImplementedError as error:
        raise BadArgument(f"{error} is not supported locally") from None


def _parse(text: Typed, format_: Typed, parser: Parser, build: Callable, type_: Type) -> Typed:
    """`build` makes the value of a Reading."""
    try:
        parts = parser(constant_text(format_, "the format"))
    except BadPattern as error:
        return failing("INVALID_FUNCTION_ARGUMENT", str(error), type_, text)
    except NotImplementedError as error:
        raise BadArgument(f"{error} is not supported locally") from None
    try:
        return build(text, reading(parts))
    except NotImplementedError as error:
        raise BadArgument(f"{error} is not supported locally") from None


def _date_parse(arguments: list[Typed]) -> Typed:
    return _parse(*arguments, mysql_parts, _parsed_local, timestamp(3))


def _parsed_local(text: Typed, read: Reading) -> Typed:
    return Typed(parsed_sql(text.sql, read, local_sql(read.fields)), timestamp(3))


def _parse_datetime(arguments: list[Typed]) -> Typed:
    return _parse(*arguments, joda_parts, _parsed_instant, timestamp_tz(3, "UTC"))


def _parsed_instant(text: Typed, read: Reading) -> Typed:
    here = parsed_sql(text.sql, read, local_sql(read.fields))
    if "zone" not in read.fields:
        return Typed(f"timezone('UTC', {here})", timestamp_tz(3, "UTC"))
    place = read.groups.index(read.fields["zone"].removeprefix("m.")) + 1
    if (match := _constant_match(text, read.shape)) and (zone := zone_id(match[place].upper())):
        instant = f"({here} - to_minutes({offset_minutes(zone)}))"
        return Typed(f"timezone('UTC', {instant})", timestamp_tz(3, zone))
    shape = f"^(?:{read.shape})$".replace("'", "''")
    zone = f"tr_offset_id(regexp_extract({text.sql}, '{shape}', {place}))"
    return DataZone(f"tr_instant_at({here}, {zone})", zone).typed(timestamp_tz(3))


def _constant_match(text: Typed, shape: str) -> re.Match | None:
    try:
        return re.fullmatch(shape, constant_text(text, "the text"))
    except BadArgument:
        return None


FUNCTIONS = table(
    *(
        signature(f"{name}({type_}, varchar) -> varchar", rule)
        for name, rule in (("date_format", _date_format), ("format_datetime", _format_datetime))
        for type_ in ("timestamp", "timestamptz")
    ),
    signature("date_parse(varchar, varchar) -> timestamp", _date_parse),
    signature("parse_datetime(varchar, varchar) -> timestamptz", _parse_datetime),
)
