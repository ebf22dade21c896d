"""Arithmetic, comparison and concatenation by Trino's operand types.

Source of the decimal rules: Trino documentation, "Decimal functions and operators".
"""

from sqlglot import exp

from localaws.sql.casts import LONGEST_CHAR, coerce
from localaws.sql.coercions import can_coerce, common_type
from localaws.sql.comparisons import compare
from localaws.sql.functions.arrays import CONCAT
from localaws.sql.functions.registry import Ambiguous, BadArgument, choose
from localaws.sql.scope import Typed
from localaws.sql.temporal_operators import temporal
from localaws.sql.types import BOOLEAN, INTEGER_DIGITS, UNKNOWN, VARBINARY, VARCHAR, decimal

_SYMBOLS = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
    exp.DPipe: "||",
}


class TypeMismatch(Exception):
    """No operator for these operand types; str() is Trino's sentence."""


def binary(operator: type[exp.Binary], left: Typed, right: Typed) -> Typed:
    """Raises TypeMismatch, or BadArgument for what is only missing locally."""
    symbol = _SYMBOLS[operator]
    if symbol == "||":
        return _concatenate(left, right)
    if symbol in ("+", "-", "*", "/", "%"):
        return _arithmetic(symbol, left, right)
    return _compare(symbol, left, right)


def _mismatch(symbol: str, left: Typed, right: Typed) -> TypeMismatch:
    return TypeMismatch(f"Cannot apply operator: {left.type} {symbol} {right.type}")


def _compare(symbol: str, left: Typed, right: Typed) -> Typed:
    target = common_type(left.type, right.type)
    if target is None:
        raise _mismatch(symbol, left, right)
    if target.base == "char" and target.args[0] > LONGEST_CHAR:
        return _compare_padded(symbol, left, right)
    left, right = coerce(left, target), coerce(right, target)
    # Only the instants count, whatever the zones are.
    sides = (each.data_zone.instant if each.data_zone else each.sql for each in (left, right))
    return Typed(compare(symbol, *sides, target), BOOLEAN)


def _compare_padded(symbol: str, left: Typed, right: Typed) -> Typed:
    """A char with a varchar of any length: spaces at the end do not count."""
    if symbol not in ("=", "<>", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"):
        raise BadArgument("ordering a char and a varchar is not supported locally: use CAST")
    sides = (f"rtrim({each.sql}, ' ')" for each in (left, right))
    return Typed(f"({f' {symbol} '.join(sides)})", BOOLEAN)


def _concatenate(left: Typed, right: Typed) -> Typed:
    if UNKNOWN in (left.type, right.type):
        return _with_null(left, right)
    if "array" in (left.type.base, right.type.base):
        result = choose([overload for _, overload in CONCAT], [left, right])
        if result is None:
            raise _mismatch("||", left, right)
        return result
    for target in (VARCHAR, VARBINARY):
        if can_coerce(left.type, target) and can_coerce(right.type, target):
            return Typed(f"({coerce(left, target).sql} || {coerce(right, target).sql})", target)
    raise _mismatch("||", left, right)


def _with_null(left: Typed, right: Typed) -> Typed:
    """NULL, as Trino 476 was seen to type it: it takes NULL for an array, unless another meaning
    is as near."""
    other = (right if left.type == UNKNOWN else left).type
    near = other in (UNKNOWN, VARCHAR, VARBINARY) or other.base in ("array", "char")
    overloads = [overload for _, overload in CONCAT[1:]]
    result = None if near else choose(overloads, [left, right])
    if result is None:
        message = "Could not choose a best candidate operator. Explicit type casts must be added."
        raise Ambiguous(message)
    return result


def _arithmetic(symbol: str, left: Typed, right: Typed) -> Typed:
    if (moved := temporal(symbol, left, right)) is not None:
        return moved
    target = common_type(left.type, right.type)
    if target is None or not (target.is_numeric or target.base == "unknown"):
        raise _mismatch(symbol, left, right)
    if target.base == "decimal":
        return _decimal(symbol, left, right)
    left, right = coerce(left, target), coerce(right, target)
    if symbol == "/" and target.is_integer:
        return Typed(f"tr_integer_divide({left.sql}, {right.sql})", target)
    if symbol == "%" and target.is_integer:
        return Typed(f"tr_integer_mod({left.sql}, {right.sql})", target)
    if symbol == "%" and target.base in ("real", "double"):
        return Typed(f"tr_float_mod({left.sql}, {right.sql})", target)
    return Typed(f"({left.sql} {symbol} {right.sql})", target)


def _decimal(symbol: str, left: Typed, right: Typed) -> Typed:
    left, right = _as_decimal(left), _as_decimal(right)
    (p1, s1), (p2, s2) = left.type.args, right.type.args
    match symbol:
        case "+" | "-":
            scale = max(s1, s2)
            result = decimal(min(38, max(p1 - s1, p2 - s2) + scale + 1), scale)
            operands = (f"CAST({each.sql} AS {result.duckdb()})" for each in (left, right))
            return Typed(f"CAST(({f' {symbol} '.join(operands)}) AS {result.duckdb()})", result)
        case "*":
            if s1 + s2 > 38:
                raise TypeMismatch(f"DECIMAL scale must be in range [0, precision (38)]: {s1 + s2}")
            result = decimal(min(38, p1 + p2), s1 + s2)
            return Typed(f"CAST(({_wide(left)} * {right.sql}) AS {result.duckdb()})", result)
        case "/":
            return _decimal_divide(left, right)
    scale = max(s1, s2)
    result = decimal(min(p2 - s2, p1 - s1) + scale, scale)
    common = common_type(left.type, right.type).duckdb()
    operands = ", ".join(f"CAST({each.sql} AS {common})" for each in (left, right))
    return Typed(f"CAST(tr_decimal_mod({operands}) AS {result.duckdb()})", result)


def _decimal_divide(left: Typed, right: Typed) -> Typed:
    """decimal(p1 + s2 + max(s2 - s1, 0), max(s1, s2)), rounded half up, over whole numbers."""
    (p1, s1), (_, s2) = left.type.args, right.type.args
    scale = max(s1, s2)
    result = decimal(min(38, p1 + s2 + max(s2 - s1, 0)), scale)
    # left / right = (l / 10^s1) / (r / 10^s2): scaled so that the quotient has `scale` digits.
    # The engine fails where that takes more than 128 bits.
    dividend = f"{_unscaled(left)} * {10 ** (scale - s1 + s2)}::HUGEINT"
    divisor = _unscaled(right)
    quotient = f"tr_divide_half_up({dividend}, {divisor})"
    # Text with an exponent shifts the point exactly; parsed wide, since the digits come first.
    wide = decimal(38, scale).duckdb()
    shifted = f"CAST(CAST({quotient} AS VARCHAR) || 'e-{scale}' AS {wide})"
    return Typed(f"CAST({shifted} AS {result.duckdb()})", result)


def _wide(value: Typed) -> str:
    """Kept in 128 bits: of two that fit into 64 bits the engine's product must fit there too."""
    return f"CAST({value.sql} AS {decimal(38, value.type.args[1]).duckdb()})"


def _unscaled(value: Typed) -> str:
    """The digits of a decimal as a whole number."""
    precision, scale = value.type.args
    if precision + scale <= 38:
        return f"CAST({_wide(value)} * {10**scale} AS HUGEINT)"
    return f"CAST(replace(CAST({value.sql} AS VARCHAR), '.', '') AS HUGEINT)"


def _as_decimal(value: Typed) -> Typed:
    if value.type.base == "decimal":
        return value
    if value.type.base == "unknown":
        return coerce(value, decimal(1, 0))
    return coerce(value, decimal(INTEGER_DIGITS[value.type.base], 0))
