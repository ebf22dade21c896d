"""Aggregate functions.

Source of the rules: Trino documentation, "Aggregate functions".
The template's {distinct} is `DISTINCT ` or empty; {tail} is what follows the arguments
(ORDER BY inside the call).
"""

from localaws.sql.functions.registry import BadArgument, Rule, signature, table
from localaws.sql.scope import Typed
from localaws.sql.types import BIGINT, BOOLEAN, DOUBLE, Type, decimal


def _call(function: str, result: Type | None = None, cast: str | None = None) -> Rule:
    """`function` over its arguments, typed as the first argument unless told otherwise.

    {{distinct}}, {{tail}} and {{over}} are filled in by the caller, inside a possible cast.
    """

    def build(arguments: list[Typed]) -> Typed:
        values = ", ".join(each.sql.replace("{", "{{").replace("}", "}}") for each in arguments)
        sql = f"{function}({{distinct}}{values}{{tail}}){{over}}"
        type_ = result or arguments[0].type
        return Typed(f"CAST({sql} AS {cast})" if cast else sql, type_)

    return build


def _sum_decimal(arguments: list[Typed]) -> Typed:
    result = decimal(38, arguments[0].type.args[1])
    return _call("sum", result, result.duckdb())(arguments)


def _average_decimal(arguments: list[Typed]) -> Typed:
    """avg(decimal(p, s)) keeps p and s and rounds half up; DuckDB's would be a double."""
    type_ = arguments[0].type
    total = _call("sum")(arguments).sql
    count = _call("count")(arguments).sql
    scale = 10 ** type_.args[1]
    unscaled = f"CAST({total} * {scale} AS HUGEINT)"
    average = f"tr_divide_half_up({unscaled}, CAST({count} AS HUGEINT))"
    wide = decimal(38, type_.args[1]).duckdb()
    return Typed(f"CAST(CAST({average} AS VARCHAR) || 'e-{type_.args[1]}' AS {wide})", type_)


def _comparable(arguments: list[Typed]) -> None:
    for argument in arguments:
        if argument.type.base in ("map", "json", "row", "array"):
            raise BadArgument(f"ordering values of type {argument.type} is not supported locally")


def _extreme(function: str) -> Rule:
    def build(arguments: list[Typed]) -> Typed:
        _comparable(arguments)
        return _call(function)(arguments)

    return build


def _by(function: str) -> Rule:
    def build(arguments: list[Typed]) -> Typed:
        _comparable(arguments[1:])
        return _call(function)(arguments)

    return build


_NUMBERS = ("tinyint", "smallint", "integer", "bigint")

AGGREGATES = table(
    signature("count() -> bigint", _call("count", BIGINT)),
    signature("count(T) -> bigint", _call("count", BIGINT)),
    signature("count_if(boolean) -> bigint", _call("count_if", BIGINT, "BIGINT")),
    *(signature(f"sum({type_}) -> bigint", _call("sum", BIGINT, "BIGINT")) for type_ in _NUMBERS),
    signature("sum(decimal) -> decimal(38,0)", _sum_decimal),
    signature("sum(real) -> real", _call("sum", Type("real"), "REAL")),
    signature("sum(double) -> double", _call("sum", DOUBLE)),
    *(signature(f"avg({type_}) -> double", _call("avg", DOUBLE)) for type_ in _NUMBERS),
    signature("avg(decimal) -> decimal(38,0)", _average_decimal),
    signature("avg(real) -> real", _call("avg", Type("real"), "REAL")),
    signature("avg(double) -> double", _call("avg", DOUBLE)),
    signature("min(T) -> T", _extreme("min")),
    signature("max(T) -> T", _extreme("max")),
    # arg_max skips rows whose first argument is NULL; Trino does not.
    signature("max_by(T, K) -> T", _by("arg_max_null")),
    signature("min_by(T, K) -> T", _by("arg_min_null")),
    signature("arbitrary(T) -> T", _call("any_value")),
    signature("any_value(T) -> T", _call("any_value")),
    signature("bool_and(boolean) -> boolean", _call("bool_and", BOOLEAN)),
    signature("bool_or(boolean) -> boolean", _call("bool_or", BOOLEAN)),
    signature("every(boolean) -> boolean", _call("bool_and", BOOLEAN)),
    # Exact, and so within the standard error that Trino documents for its sketch.
    signature(
        "approx_distinct(T) -> bigint",
        lambda a: Typed(
            f"count(DISTINCT {a[0].sql.replace('{', '{{').replace('}', '}}')}){{over}}", BIGINT
        ),
    ),
    signature(
        "array_agg(T) -> array(T)",
        lambda a: Typed(_call("list")(a).sql, Type("array", (a[0].type,))),
    ),
    signature("stddev(double) -> double", _call("stddev_samp", DOUBLE)),
    signature("stddev_samp(double) -> double", _call("stddev_samp", DOUBLE)),
    signature("stddev_pop(double) -> double", _call("stddev_pop", DOUBLE)),
    signature("variance(double) -> double", _call("var_samp", DOUBLE)),
    signature("var_samp(double) -> double", _call("var_samp", DOUBLE)),
    signature("var_pop(double) -> double", _call("var_pop", DOUBLE)),
)
