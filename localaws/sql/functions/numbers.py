"""Mathematical functions. Source of the rules: Trino documentation, "Mathematical functions"."""

import re

from sqlglot import exp

from localaws.sql import operators
from localaws.sql.functions.registry import BadArgument, Rule, signature, table
from localaws.sql.scope import Typed
from localaws.sql.types import INTEGERS, Type, decimal


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


def _truncate_decimal(arguments: list[Typed]) -> Typed:
    """truncate(decimal(p, s)) is decimal(max(1, p - s), 0)."""
    precision, scale = arguments[0].type.args
    result = decimal(max(1, precision - scale), 0)
    return Typed(f"CAST(trunc({arguments[0].sql}) AS {result.duckdb()})", result)


def _mod(arguments: list[Typed]) -> Typed:
    return operators.binary(exp.Mod, *arguments)


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
    signature("cbrt(double) -> double", "py_cbrt({0})"),
    signature("exp(double) -> double", "exp({0})"),
    signature("ln(double) -> double", "tr_ln({0})"),
    signature("log2(double) -> double", "tr_logarithm(2, {0})"),
    signature("log10(double) -> double", "tr_log10({0})"),
    signature("log(double, double) -> double", "tr_logarithm({0}, {1})"),
    signature("degrees(double) -> double", "degrees({0})"),
    signature("radians(double) -> double", "radians({0})"),
    signature("e() -> double", "CAST(2.718281828459045 AS DOUBLE)"),
    signature("pi() -> double", "pi()"),
    signature("infinity() -> double", "CAST('Infinity' AS DOUBLE)"),
    signature("nan() -> double", "CAST('NaN' AS DOUBLE)"),
    *(
        signature(f"{name}(double) -> double", f"tr_of_finite({{0}}, {name}({{0}}))")
        for name in ("sin", "cos", "tan")
    ),
    *(
        signature(f"{name}(double) -> double", f"tr_of_unit({{0}}, {name}({{0}}))")
        for name in ("asin", "acos")
    ),
    *(
        signature(f"{name}(double) -> double", f"{name}({{0}})")
        for name in ("atan", "sinh", "cosh", "tanh")
    ),
    signature("atan2(double, double) -> double", "atan2({0}, {1})"),
    *(
        signature(f"sign({type_}) -> {type_}", f"CAST(sign({{0}}) AS {Type(type_).duckdb()})")
        for type_ in INTEGERS
    ),
    signature("sign(decimal) -> decimal(1,0)", "CAST(sign({0}) AS DECIMAL(1, 0))"),
    signature("sign(real) -> real", "CAST(tr_sign(CAST({0} AS DOUBLE)) AS REAL)"),
    signature("sign(double) -> double", "tr_sign({0})"),
    signature("truncate(decimal) -> decimal(1,0)", _truncate_decimal),
    signature("truncate(real) -> real", "trunc({0})"),
    signature("truncate(double) -> double", "trunc({0})"),
    signature("mod(decimal, decimal) -> decimal", _mod),
    signature("mod(real, real) -> real", "CAST(tr_float_mod({0}, {1}) AS REAL)"),
    signature("mod(double, double) -> double", "tr_float_mod({0}, {1})"),
    signature("to_base(bigint, bigint) -> varchar(64)", "py_to_base({0}, {1})"),
    signature("from_base(varchar, bigint) -> bigint", "py_from_base({0}, {1})"),
    signature(
        "width_bucket(double, double, double, bigint) -> bigint",
        "py_width_bucket({0}, {1}, {2}, {3})",
    ),
    signature("width_bucket(double, array(double)) -> bigint", "py_width_bucket_of_bins({0}, {1})"),
    signature(
        "normal_cdf(double, double, double) -> double",
        "tr_or_nan(py_normal_cdf({0}, {1}, {2}), [{0}, {1}, {2}])",
    ),
    *(
        signature(f"bitwise_{name}(bigint, bigint) -> bigint", template)
        for name, template in (
            ("and", "({0} & {1})"),
            ("or", "({0} | {1})"),
            ("xor", "xor({0}, {1})"),
        )
    ),
    *(
        signature(
            f"bitwise_{name}({type_}, integer) -> {type_}",
            f"CAST(py_shift_{side}({{0}}, {{1}}, {bits}) AS {Type(type_).duckdb()})",
        )
        for name, side in (
            ("left_shift", "left"),
            ("right_shift", "right"),
            ("right_shift_arithmetic", "right_arithmetic"),
        )
        for type_, bits in zip(INTEGERS, (8, 16, 32, 64), strict=True)
    ),
    signature("bitwise_not(bigint) -> bigint", "(~{0})"),
    signature("bit_count(bigint, bigint) -> bigint", "py_bit_count({0}, {1})"),
    signature("power(double, double) -> double", "tr_pow({0}, {1})"),
    signature("pow(double, double) -> double", "tr_pow({0}, {1})"),
    *(
        entry
        for name in ("random", "rand")
        for entry in (
            signature(f"{name}() -> double", "random()"),
            *(
                signed
                for type_ in INTEGERS
                for signed in (
                    signature(
                        f"{name}({type_}) -> {type_}",
                        f"CAST(tr_random_below({{0}}, random()) AS {Type(type_).duckdb()})",
                    ),
                    signature(
                        f"{name}({type_}, {type_}) -> {type_}",
                        f"CAST(tr_random({{0}}, {{1}}, random()) AS {Type(type_).duckdb()})",
                    ),
                )
            ),
        )
    ),
    signature("uuid() -> uuid", "uuid()"),
    signature("is_nan(double) -> boolean", "isnan({0})"),
    signature("is_finite(double) -> boolean", "isfinite({0})"),
    signature("is_infinite(double) -> boolean", "isinf({0})"),
)
