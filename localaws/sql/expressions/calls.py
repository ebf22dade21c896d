"""Calls of scalar functions, in their plain form and with syntax of their own."""

import re
from collections.abc import Callable

from sqlglot import exp

from localaws.sql import functions
from localaws.sql.casts import coerce
from localaws.sql.expressions.aggregates import aggregate
from localaws.sql.expressions.core import SYNTAX, apply_overload, compile_expression, compiles
from localaws.sql.functions.dates import EXTRACT
from localaws.sql.functions.literals import constant_text
from localaws.sql.functions.registry import BadArgument
from localaws.sql.lambdas import HIGHER_ORDER
from localaws.sql.scope import Scope, Typed
from localaws.sql.types import DATE, text_literal, timestamp, timestamp_tz


@compiles(exp.Extract)
def _extract(node: exp.Extract, scope: Scope) -> Typed:
    unit = node.name.lower()
    if unit not in EXTRACT:
        scope.error("SYNTAX_ERROR", f"Invalid EXTRACT field: {unit}", node)
    value = compile_expression(node.expression, scope)
    return apply_overload("extract", EXTRACT[unit], [value], scope, node)


@compiles(exp.AtTimeZone, parts={"this", "zone"})
def _at_time_zone(node: exp.AtTimeZone, scope: Scope) -> Typed:
    value = compile_expression(node.this, scope)
    zone = node.args["zone"]
    if not (isinstance(zone, exp.Literal) and zone.is_string):
        scope.error("NOT_SUPPORTED", "only a constant time zone is supported locally", node)
    if value.type.base == "timestamp":
        value = coerce(value, timestamp_tz(value.type.args[0], "UTC"))
    if value.type.base != "timestamp with time zone":
        message = (
            "Type of value must be a time or timestamp with or without time zone "
            f"(actual {value.type})"
        )
        scope.error("TYPE_MISMATCH", message, node)
    name = "UTC" if zone.this.upper() in ("UTC", "Z", "GMT", "ETC/UTC") else zone.this
    if name != "UTC" and not re.fullmatch(r"[A-Za-z_]+/[A-Za-z_/]+", name):
        scope.error("NOT_SUPPORTED", f"the time zone {name} is not supported locally", node)
    return Typed(value.sql, timestamp_tz(value.type.args[0], name))


@compiles(exp.Anonymous)
def _call(node: exp.Anonymous, scope: Scope) -> Typed:
    name = node.name.lower()
    if handler := SYNTAX.get(name):
        return handler(node, scope)
    if handler := HIGHER_ORDER.get(name):
        return handler(node, scope, compile_expression)
    if name in functions.AGGREGATES:
        return aggregate(node, scope)
    if name in functions.WINDOWS:
        message = f"Window function {name} requires an OVER clause"
        scope.error("MISSING_OVER", message, node)
    if name not in functions.SCALARS:
        message = f"Function '{name}' not registered, or not supported locally"
        scope.error("FUNCTION_NOT_FOUND", message, node)
    arguments = [compile_expression(each, scope) for each in node.expressions]
    return apply_overload(name, functions.SCALARS[name], arguments, scope, node)


def _as_call(name: str, *keys: str) -> Callable[[exp.Expression, Scope], Typed]:
    """A call with syntax of its own that means the plain call `name(keys...)`."""

    def handler(node: exp.Expression, scope: Scope) -> Typed:
        nodes = [node.args[key] for key in keys if node.args.get(key) is not None]
        arguments = [compile_expression(each, scope) for each in nodes]
        return apply_overload(name, functions.SCALARS[name], arguments, scope, node)

    return handler


@compiles(exp.Trim, parts={"this", "expression", "position"})
def _trim(node: exp.Trim, scope: Scope) -> Typed:
    value = compile_expression(node.this, scope)
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get((node.args.get("position") or "").upper())
    characters = node.args.get("expression")
    if characters is None:
        return apply_overload(
            name or "trim", functions.SCALARS[name or "trim"], [value], scope, node
        )
    if not value.type.is_string:
        scope.error("TYPE_MISMATCH", f"Cannot trim {value.type}", node)
    try:
        text = constant_text(compile_expression(characters, scope), "the characters to trim")
    except BadArgument as error:
        scope.error("NOT_SUPPORTED", str(error), node)
    return Typed(f"{name or 'trim'}({value.sql}, {text_literal(text)})", value.type)


@compiles(exp.CurrentDate)
def _current_date(_: exp.CurrentDate, __: Scope) -> Typed:
    return Typed("CAST(timezone('UTC', tr_now()) AS DATE)", DATE)


@compiles(exp.Localtimestamp)
def _local_now(_: exp.Localtimestamp, __: Scope) -> Typed:
    return Typed("timezone('UTC', tr_now())", timestamp(3))


compiles(exp.Substring, parts={"this", "start", "length"})(
    _as_call("substring", "this", "start", "length")
)
compiles(exp.StrPosition, parts={"this", "substr"})(_as_call("strpos", "this", "substr"))
compiles(exp.CurrentTimestamp)(_as_call("now"))
