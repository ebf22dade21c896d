"""Constants."""

import math
import re
from ipaddress import IPv4Address, ip_address

from sqlglot import exp

from localaws.sql.dialect import SPELLING
from localaws.sql.expressions.core import compile_expression, compiles
from localaws.sql.expressions.dates import moment_constant, moment_literal
from localaws.sql.quoting import text_literal
from localaws.sql.scope import Scope, Typed
from localaws.sql.types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    INTEGER,
    INTEGER_BITS,
    IPADDRESS,
    JSON,
    MAX_PRECISION,
    UNKNOWN,
    UUID,
    VARBINARY,
    Type,
    decimal,
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


def binary_literal(text: str, scope: Scope, node: exp.Expression) -> Typed:
    """`X'68 65'`: two digits a byte, spaces where one likes."""
    digits = re.sub(r"[ \t\r\n]", "", text)
    if not re.fullmatch(r"[0-9a-fA-F]*", digits):
        message = "Binary literal can only contain hexadecimal digits"
        scope.error("SYNTAX_ERROR", message, node)
    if len(digits) % 2:
        message = "Binary literal must contain an even number of digits"
        scope.error("SYNTAX_ERROR", message, node)
    return Typed(f"unhex('{digits}')", VARBINARY)


def typed_literal(node: exp.Cast, target: Type, scope: Scope) -> Typed | None:
    """`DATE '...'`, `DECIMAL '...'`, `UUID '...'` and their like; None for a type whose literal
    is only a CAST of the text. The text tells the precision, the scale and the zone."""
    text = node.this.this
    if not _is_written(text, target):
        message = f"'{text}' is not a valid {str(target).upper()} literal"
        scope.error("INVALID_LITERAL", message, node)
    match target.base:
        case "decimal" if node.meta[SPELLING].lower() == "decimal":
            return decimal_literal(text, scope, node)
        case "char" if node.meta[SPELLING].lower() == "char":
            return Typed(text_literal(text), Type("char", (len(text),)))
        case "time":
            return _time_literal(text, scope, node)
        case "uuid" | "ipaddress":
            if value := constant(node.this, target):
                return value
            message = f"'{text}' is not a valid {str(target).upper()} literal"
            scope.error("INVALID_LITERAL", message, node)
        case "timestamp":
            return moment_literal(node, scope)
    return None


_NUMBER = re.compile(r"[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[dDfF]?|NaN|Infinity)")
_DISTANT_DAY = re.compile(r"[+-]\d+-.*|0000-.*|\d{5,}-.*")


def _is_written(text: str, target: Type) -> bool:
    """Whether the text of a literal that is only a CAST can be cast. Trino tells before it runs
    anything; days that the engine does not know are refused when it does."""
    plain = text.strip()
    if target.is_integer:
        largest = 2 ** (INTEGER_BITS[target.base] - 1)
        return bool(re.fullmatch(r"[+-]?\d+", plain)) and -largest <= int(plain) < largest
    match target.base:
        case "real" | "double":
            return bool(_NUMBER.fullmatch(plain))
        case "boolean":
            return text.lower() in ("t", "f", "1", "0", "true", "false")
        case "date":
            known = moment_constant(exp.Literal.string(text), target) is not None
            return known or bool(_DISTANT_DAY.fullmatch(plain))
    return True


_TIME = re.compile(
    r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:\.(?P<fraction>\d+))?)?"
    r"\s*(?P<zone>[+-]\d\d:\d\d)?"
)


def _time_literal(text: str, scope: Scope, node: exp.Cast) -> Typed:
    match = _TIME.fullmatch(text.strip())
    parts = [int(match[name] or 0) for name in ("hour", "minute", "second")] if match else [24]
    if not match or parts[0] > 23 or parts[1] > 59 or parts[2] > 59:
        scope.error("INVALID_LITERAL", f"'{text}' is not a valid TIME literal", node)
    fraction = match["fraction"] or ""
    if len(fraction) > MAX_PRECISION:
        scope.error("NOT_SUPPORTED", f"the precision of '{text}' is not supported locally", node)
    value = "{:02}:{:02}:{:02}".format(*parts) + (f".{fraction}" if fraction else "")
    zone = match["zone"]
    if zone and int(zone[1:3]) * 60 + int(zone[4:]) > 14 * 60:
        scope.error("INVALID_LITERAL", f"'{text}' is not a valid TIME literal", node)
    base = "time with time zone" if zone else "time"
    return Typed(f"TIME '{value}'", Type(base, (len(fraction),), zone))


def constant(node: exp.Expression, target: Type) -> Typed | None:
    """A date, timestamp, UUID or IP address written as text, as a constant that the engine can
    compare with file statistics; None for everything else, which is converted (or fails) at run
    time."""
    if not (isinstance(node, exp.Literal) and node.is_string):
        return None
    try:
        if target == IPADDRESS:
            return Typed(f"unhex('{_address(node.this)}')", IPADDRESS)
        if target == UUID:
            spelled = re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", node.this)
            return Typed(f"'{node.this.lower()}'::UUID", UUID) if spelled else None
    except ValueError:
        return None
    return moment_constant(node, target)


def _address(text: str) -> str:
    """The 16 bytes of an IP address as hexadecimal digits; IPv4 is mapped into IPv6.

    Raises ValueError.
    """
    address = ip_address(text)
    if isinstance(address, IPv4Address):
        return f"{'00' * 10}ffff{address.packed.hex()}"
    if address.scope_id:
        raise ValueError("an address with a zone")
    return address.packed.hex()


@compiles(exp.ParseJSON, parts={"this", "is_literal"})
def _json_literal(node: exp.ParseJSON, scope: Scope) -> Typed:
    return Typed(f"CAST(py_json_parse({compile_expression(node.this, scope).sql}) AS JSON)", JSON)
