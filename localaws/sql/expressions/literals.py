"""Constants."""

import math
import re
from datetime import date, datetime

from sqlglot import exp

from localaws.sql.dialect import EXPLICIT
from localaws.sql.expressions.core import compile_expression, compiles
from localaws.sql.scope import Scope, Typed
from localaws.sql.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DAY_TO_SECOND,
    DOUBLE,
    INTEGER,
    JSON,
    UNKNOWN,
    VARBINARY,
    YEAR_TO_MONTH,
    Type,
    decimal,
    text_literal,
    timestamp,
    timestamp_tz,
)


@compiles(exp.Literal, parts={"this", "is_string"})
def _literal(node: exp.Literal, scope: Scope) -> Typed:
    if node.is_string:
        return Typed(text_literal(node.this), Type("varchar", (len(node.this),)))
    return number(node.this, scope, node)


def number(text: str, scope: Scope, node: exp.Expression) -> Typed:
    if re.fullmatch(r"\d+", text):
        value = int(text)
        if value > 2**63 - 1:
            scope.error("NUMERIC_VALUE_OUT_OF_RANGE", f"Invalid numeric literal: {text}", node)
        type_ = INTEGER if value < 2**31 else BIGINT
        return Typed(f"{value}::{type_.duckdb()}", type_)
    # Athena reads 1.5 as a double (Presto's parse_decimal_literals_as_double): dbt-athena's own
    # tests expect 1 / 0.0 to be Infinity, and its user guide writes decimals as DECIMAL '0.12'.
    value = float(text)
    if math.isinf(value):
        scope.error("NUMERIC_VALUE_OUT_OF_RANGE", f"Invalid numeric literal: {text}", node)
    # With an exponent, the engine reads it as a double at once and not as a decimal first.
    exact = repr(value)
    return Typed(exact if "e" in exact else f"{exact}e0", DOUBLE)


def decimal_literal(text: str, scope: Scope, node: exp.Expression) -> Typed:
    match = re.fullmatch(r"([+-]?)0*(\d*)\.?(\d*)", text.strip())
    if not match or not (match[2] or match[3] or "0" in text):
        scope.error("INVALID_LITERAL", f"'{text}' is not a valid DECIMAL literal", node)
    scale = len(match[3])
    type_ = decimal(max(1, len(match[2]) + scale), scale) if len(match[2]) + scale <= 38 else None
    if type_ is None:
        scope.error("INVALID_LITERAL", f"Invalid DECIMAL literal: {text}", node)
    return Typed(f"CAST('{text.strip()}' AS {type_.duckdb()})", type_)


@compiles(exp.Null)
def _null(_: exp.Null, __: Scope) -> Typed:
    return Typed("NULL", UNKNOWN)


@compiles(exp.Boolean)
def _boolean(node: exp.Boolean, _: Scope) -> Typed:
    return Typed("TRUE" if node.this else "FALSE", BOOLEAN)


@compiles(exp.HexString)
def _hex(node: exp.HexString, scope: Scope) -> Typed:
    digits = re.sub(r"\s", "", node.name)
    if not re.fullmatch(r"(?:[0-9a-fA-F]{2})*", digits):
        scope.error("INVALID_LITERAL", "Binary literal must contain an even number of digits", node)
    return Typed(f"unhex('{digits}')", VARBINARY)


@compiles(exp.Concat)
def _concatenated_literals(node: exp.Concat, scope: Scope) -> Typed:
    scope.error("SYNTAX_ERROR", "mismatched input: two string literals in a row", node)


def typed_literal(node: exp.Cast, target: Type, scope: Scope) -> Typed | None:
    """`DATE '...'`, `TIMESTAMP '...'` and `DECIMAL '...'`; None where the node is a real CAST.

    sqlglot gives both the same node. For a DATE they mean the same; the precision of a timestamp
    literal is that of its text, and its node carries precision 0.
    """
    literal = node.this
    if EXPLICIT in node.meta or not (isinstance(literal, exp.Literal) and literal.is_string):
        return None
    if target.base == "decimal" and not node.args["to"].expressions:
        return decimal_literal(literal.this, scope, node)
    text = literal.this.strip()
    if target.base == "timestamp" and target.args == (0,):
        fraction = re.search(r"\.(\d+)$", text)
        precision = len(fraction[1]) if fraction else 0
        if precision > 6:
            scope.error(
                "NOT_SUPPORTED", f"the precision of '{text}' is not supported locally", node
            )
        if value := constant(literal, timestamp(precision)):
            return value
        scope.error("INVALID_LITERAL", f"'{text}' is not a valid TIMESTAMP literal", node)
    if target.base == "timestamp with time zone" and target.args == (0,):
        return _zoned_literal(text, scope, node)
    return None


def constant(node: exp.Expression, target: Type) -> Typed | None:
    """A date or timestamp written as text, as a constant that the engine can compare with file
    statistics; None for everything else, which is converted (or fails) at run time."""
    if not (isinstance(node, exp.Literal) and node.is_string):
        return None
    text = node.this.strip()
    try:
        if target == DATE and re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return Typed(f"DATE '{date.fromisoformat(text)}'", DATE)
        if target.base == "timestamp" and re.fullmatch(
            r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?", text
        ):
            fraction = text.partition(".")[2]
            if len(fraction) <= target.args[0]:
                datetime.fromisoformat(text.partition(".")[0])
                return Typed(f"TIMESTAMP '{text}'", target)
    except ValueError:
        return None
    return None


def _zoned_literal(text: str, scope: Scope, node: exp.Expression) -> Typed:
    match = re.fullmatch(
        r"(\d{4}-\d{2}-\d{2}(?: \d{2}:\d{2}(?::\d{2}(?:\.(\d+))?)?)?) ?(\S+)", text
    )
    if not match:
        scope.error("INVALID_LITERAL", f"'{text}' is not a valid TIMESTAMP literal", node)
    zone = match[3]
    if zone.upper() in ("UTC", "Z", "GMT"):
        zone = "UTC"
    elif not re.fullmatch(r"[A-Za-z_]+/[A-Za-z_/]+", zone):
        scope.error("NOT_SUPPORTED", f"the time zone {zone} is not supported locally", node)
    instant = f"timezone({text_literal(zone)}, CAST({text_literal(match[1])} AS TIMESTAMP))"
    return Typed(instant, timestamp_tz(len(match[2] or ""), zone))


@compiles(exp.Interval, parts={"this", "unit"})
def _interval(node: exp.Interval, scope: Scope) -> Typed:
    if not (isinstance(node.this, exp.Literal) and re.fullmatch(r"-?\d+", node.this.this)):
        scope.error("NOT_SUPPORTED", "only whole-number interval literals are supported", node)
    unit = node.args["unit"].name.lower().removesuffix("s")
    if unit not in ("second", "minute", "hour", "day", "month", "year"):
        scope.error("SYNTAX_ERROR", f"Invalid interval field: {unit}", node)
    type_ = YEAR_TO_MONTH if unit in ("month", "year") else DAY_TO_SECOND
    return Typed(f"INTERVAL ({node.this.this}) {unit}", type_)


@compiles(exp.ParseJSON, parts={"this", "is_literal"})
def _json_literal(node: exp.ParseJSON, scope: Scope) -> Typed:
    return Typed(f"tr_json_parse({compile_expression(node.this, scope).sql})", JSON)
