"""Dates, timestamps, time zones and intervals: constants, and calls with syntax of their own.

Source of the rules: Trino documentation, "Date and time functions and operators"; of what a
constant may look like: Trino's `DateTimes.DATETIME_PATTERN` and its tests.
"""

import re
from datetime import date, datetime

from sqlglot import exp

from localaws.sql.casts import CannotCast, cast, coerce
from localaws.sql.expressions.core import apply_overload, compile_expression, compiles, syntax
from localaws.sql.functions.date_fields import EXTRACT
from localaws.sql.functions.instants import at_offset, at_zone
from localaws.sql.functions.registry import BadArgument
from localaws.sql.intervals import interval_literal
from localaws.sql.scope import Scope, Typed
from localaws.sql.time_zones import instant, tz, zone_id
from localaws.sql.types import DATE, DAY_TO_SECOND, Type, timestamp, timestamp_tz

_FINEST = 6  # digits of a second that the engine keeps
_MOMENT = re.compile(
    r"(?P<year>[-+]?\d{4,})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"(?: (?:(?P<hour>\d{1,2}):(?P<minute>\d{1,2})"
    r"(?::(?P<second>\d{1,2})(?:\.(?P<fraction>\d+))?)?)?\s*(?P<zone>.+)?)?"
)
_FIELDS = ("year", "month", "day", "hour", "minute", "second")


def moment_literal(node: exp.Cast, scope: Scope) -> Typed:
    """`TIMESTAMP '...'`: the text tells the precision, and whether there is a time zone."""
    text = node.this.this
    match = _MOMENT.fullmatch(text)
    digits = len((match and match["fraction"]) or "")
    if digits > _FINEST:
        scope.error("NOT_SUPPORTED", f"the precision of '{text}' is not supported locally", node)
    zone = match and match["zone"]
    if zone and zone_id(zone) is None:
        scope.error("NOT_SUPPORTED", f"the time zone {zone} is not supported locally", node)
    value = _moment(match, digits) if match else None
    if value is None or _is_skipped(match):
        scope.error("INVALID_LITERAL", f"'{text}' is not a valid TIMESTAMP literal", node)
    return value


def moment_constant(node: exp.Expression, target: Type) -> Typed | None:
    """A date or timestamp written as text, as a constant that the engine can compare with file
    statistics; None for everything else, which is converted (or fails) at run time."""
    if not (isinstance(node, exp.Literal) and node.is_string):
        return None
    match = _MOMENT.fullmatch(node.this.strip())
    if target.base not in ("date", "timestamp", "timestamp with time zone"):
        return None
    if match is None or len(match["fraction"] or "") > (target.args or (0,))[0]:
        return None
    value = _moment(match, target.args[0]) if target.args else _date(match)
    if value is None or value.type.base == target.base:
        return value
    if target.base == "timestamp with time zone" and value.type.base == "timestamp":
        return cast(value, timestamp_tz(target.args[0], "UTC"))
    return None


def _date(match: re.Match) -> Typed | None:
    if match["hour"] or match["zone"] or match.string[-1].isspace():
        return None
    try:
        day = date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        return None
    return Typed(f"DATE '{day}'", DATE)


def _moment(match: re.Match, precision: int) -> Typed | None:
    """None for what is no moment, or one beyond the years 1 to 9999."""
    fields = (int(match[name] or 0) for name in _FIELDS)
    try:
        local = datetime(*fields, int((match["fraction"] or "").ljust(6, "0")))
        if not match["zone"]:
            return Typed(f"TIMESTAMP '{local}'", timestamp(precision))
        zone = zone_id(match["zone"])
        if zone is None:
            return None
        return Typed(f"TIMESTAMPTZ '{instant(local, zone)}'", timestamp_tz(precision, zone))
    except (ValueError, OverflowError):
        return None


def _is_skipped(match: re.Match) -> bool:
    """Whether clocks in its zone skip this local time; CAST moves such a time on."""
    zone = match["zone"] and zone_id(match["zone"])
    if not zone:
        return False
    local = datetime(*(int(match[name] or 0) for name in _FIELDS))
    return instant(local, zone).astimezone(tz(zone)).replace(tzinfo=None) != local


@compiles(exp.Interval, parts={"this", "unit"})
def _interval(node: exp.Interval, scope: Scope) -> Typed:
    negated = isinstance(node.this, exp.Neg)
    literal = node.this.this if negated else node.this
    unit = node.args.get("unit")
    if not (isinstance(literal, exp.Literal) and literal.is_string and unit is not None):
        scope.error(
            "SYNTAX_ERROR", "mismatched input: an interval is INTERVAL '<text>' <unit>", node
        )
    ends = (unit.this, unit.expression) if isinstance(unit, exp.IntervalSpan) else (unit,)
    fields = " TO ".join(end.name.upper() for end in ends)
    try:
        value = interval_literal(literal.this, fields)
    except KeyError:
        scope.error("SYNTAX_ERROR", f"Invalid interval field: {fields}", node)
    if value is None:
        message = f"'{literal.this}' is not a valid INTERVAL literal"
        scope.error("INVALID_LITERAL", message, node)
    return Typed(f"(-{value.sql})", value.type) if negated else value


@compiles(exp.Extract)
def _extract(node: exp.Extract, scope: Scope) -> Typed:
    unit = node.name.lower()
    if unit not in EXTRACT or not isinstance(node.this, exp.Var):
        scope.error("SYNTAX_ERROR", f"Invalid EXTRACT field: {unit}", node)
    value = compile_expression(node.expression, scope)
    return apply_overload("extract", EXTRACT[unit], [value], scope, node)


@compiles(exp.AtTimeZone, parts={"this", "zone"})
def _at_time_zone(node: exp.AtTimeZone, scope: Scope) -> Typed:
    value = compile_expression(node.this, scope)
    zone = compile_expression(node.args["zone"], scope)
    if value.type.base == "timestamp":
        value = coerce(value, timestamp_tz(value.type.args[0], "UTC"))
    if value.type.base != "timestamp with time zone":
        message = (
            "Type of value must be a time or timestamp with or without time zone "
            f"(actual {value.type})"
        )
        scope.error("TYPE_MISMATCH", message, node)
    if not (zone.type.base == "varchar" or zone.type == DAY_TO_SECOND):
        message = f"Type of zone must be varchar or interval day to second (actual {zone.type})"
        scope.error("TYPE_MISMATCH", message, node)
    try:
        return at_offset([value, zone]) if zone.type == DAY_TO_SECOND else at_zone([value, zone])
    except BadArgument as error:
        scope.error("NOT_SUPPORTED", str(error), node)


@syntax("date")
def _date_of(node: exp.Anonymous, scope: Scope) -> Typed:
    """date(x) is CAST(x AS date)."""
    if len(node.expressions) != 1:
        scope.error("FUNCTION_NOT_FOUND", "Unexpected parameters for function date", node)
    try:
        return cast(compile_expression(node.expressions[0], scope), DATE)
    except CannotCast as error:
        scope.error("TYPE_MISMATCH", str(error), node)


@compiles(exp.CurrentDate)
def _current_date(_: exp.CurrentDate, __: Scope) -> Typed:
    return Typed("CAST(timezone('UTC', tr_now(3)) AS DATE)", DATE)


@compiles(exp.CurrentTimestamp)
def _current_timestamp(_: exp.CurrentTimestamp, __: Scope) -> Typed:
    return Typed("tr_now(3)", timestamp_tz(3, "UTC"))


@compiles(exp.Localtimestamp)
def _local_timestamp(_: exp.Localtimestamp, __: Scope) -> Typed:
    return Typed("timezone('UTC', tr_now(3))", timestamp(3))


@syntax("current_timestamp")
def _current_timestamp_of(node: exp.Anonymous, scope: Scope) -> Typed:
    digits = _precision(node, scope)
    return Typed(f"tr_now({digits})", timestamp_tz(digits, "UTC"))


@syntax("localtimestamp")
def _local_timestamp_of(node: exp.Anonymous, scope: Scope) -> Typed:
    digits = _precision(node, scope)
    return Typed(f"timezone('UTC', tr_now({digits}))", timestamp(digits))


def _precision(node: exp.Anonymous, scope: Scope) -> int:
    """The digits of a second in `current_timestamp(6)`."""
    if len(node.expressions) != 1 or not re.fullmatch(r"\d+", node.expressions[0].name):
        scope.error("SYNTAX_ERROR", f"mismatched input '(': {node.name} takes a precision", node)
    digits = int(node.expressions[0].name)
    if digits > _FINEST:
        scope.error("NOT_SUPPORTED", f"the precision {digits} is not supported locally", node)
    return digits
