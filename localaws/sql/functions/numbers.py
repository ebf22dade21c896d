"""Mathematical functions. Source of the rules: Trino documentation, "Mathematical functions"."""

import re

from localaws.sql.functions.registry import BadArgument, Rule, signature, table
from localaws.sql.scope import Typed
from localaws.sql.types import INTEGERS, decimal


def _round_decimal(arguments: list[Typed]) -> Typed:
    """round(decimal(p, s)) is decimal(min(38, p - s + min(1, s)), 0)."""
    precision, scale = arguments[0].type.args
    result = decimal(min(38, max(1, precision - scale + min(1, scale))), 0)
    return Typed(f"CAST({arguments[0].sql} AS {result.duckdb()})", result)


def _round_decimal_to(arguments: list[Typed]) -> Typed:
    """round(decimal(p, s), digits) is decimal(min(38, p + 1), s)."""
    value, digits = arguments
    places = re.fullmatch(r"(\d+)::INTEGER", digits.sql)
    if not places:
        raise BadArgument("the number of digits must be a constant to be supported locally")
    precision, scale = value.type.args
    result = decimal(min(38, precision + 1), scale)
    shorter = min(int(places[1]), scale)
    rounded = f"CAST({value.sql} AS DECIMAL({result.args[0] - scale + shorter}, {shorter}))"
    return Typed(f"CAST({rounded} AS {result.duckdb()})", result)


def _whole_decimal(function: str) -> Rule:
    """ceil and floor of decimal(p, s) are decimal(p - s + min(1, s), 0)."""

    def build(arguments: list[Typed]) -> Typed:
        precision, scale = arguments[0].type.args
        result = decimal(max(1, precision - scale + min(1, scale)), 0)
        return Typed(f"CAST({function}({arguments[0].sql}) AS {result.duckdb()})", result)

    return build


def _round_whole_to(arguments: list[Typed]) -> Typed:
    value, digits = arguments
    if not re.fullmatch(r"\d+::INTEGER", digits.sql):
        raise BadArgument("the number of digits must be a constant, not negative, to be supported")
    return value


def _abs(arguments: list[Typed]) -> Typed:
    return Typed(f"abs({arguments[0].sql})", arguments[0].type)


_WHOLE = [
    entry
    for type_ in INTEGERS
    for entry in (
        signature(f"abs({type_}) -> {type_}", "abs({0})"),
        signature(f"round({type_}) -> {type_}", "{0}"),
        signature(f"round({type_}, integer) -> {type_}", _round_whole_to),
        signature(f"ceil({type_}) -> {type_}", "{0}"),
        signature(f"ceiling({type_}) -> {type_}", "{0}"),
        signature(f"floor({type_}) -> {type_}", "{0}"),
        signature(f"mod({type_}, {type_}) -> {type_}", "tr_integer_mod({0}, {1})"),
    )
]

FUNCTIONS = table(
    *_WHOLE,
    signature("abs(decimal) -> =0", _abs),
    *(
        signature(f"{name}(decimal) -> decimal(1,0)", _whole_decimal(function))
        for name, function in (("ceil", "ceil"), ("ceiling", "ceil"), ("floor", "floor"))
    ),
    *(
        signature(f"{name}(real) -> real", f"{function}({{0}})")
        for name, function in (
            ("abs", "abs"),
            ("round", "round"),
            ("ceil", "ceil"),
            ("ceiling", "ceil"),
            ("floor", "floor"),
        )
    ),
    signature("round(real, integer) -> real", "CAST(round(CAST({0} AS DOUBLE), {1}) AS REAL)"),
    signature("abs(double) -> double", "abs({0})"),
    signature("round(decimal) -> decimal(1,0)", _round_decimal),
    signature("round(double) -> double", "round({0})"),
    signature("round(decimal, integer) -> =0", _round_decimal_to),
    signature("round(double, integer) -> double", "round({0}, {1})"),
    signature("ceil(double) -> double", "ceil({0})"),
    signature("ceiling(double) -> double", "ceil({0})"),
    signature("floor(double) -> double", "floor({0})"),
    signature("sqrt(double) -> double", "tr_sqrt({0})"),
    signature("exp(double) -> double", "exp({0})"),
    signature("power(double, double) -> double", "pow({0}, {1})"),
    signature("pow(double, double) -> double", "pow({0}, {1})"),
    signature("random() -> double", "random()"),
    signature("rand() -> double", "random()"),
    signature("is_nan(double) -> boolean", "isnan({0})"),
    signature("is_finite(double) -> boolean", "isfinite({0})"),
    signature("is_infinite(double) -> boolean", "isinf({0})"),
)
