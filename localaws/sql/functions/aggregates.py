"""Aggregate functions.

Source of the rules: Trino documentation, "Aggregate functions", and where it is silent Trino's
implementation. Each function collects in the engine and, where the engine's own aggregate means
something else, finishes in a macro of engine/macros/aggregates.sql.

A rule's SQL is a template: {distinct} is `DISTINCT ` or empty, {tail} what follows the arguments
(ORDER BY inside the call), {over} the FILTER and OVER clauses.
"""

from collections.abc import Callable

from localaws.sql.functions import statistics
from localaws.sql.functions.checks import distinguishable, is_floating, orderable
from localaws.sql.functions.collecting import call, collected, plain
from localaws.sql.functions.literals import constant_text
from localaws.sql.functions.registry import Rule, signature, table
from localaws.sql.quoting import text_literal
from localaws.sql.scope import Typed
from localaws.sql.types import (
    BIGINT,
    BOOLEAN,
    DAY_TO_SECOND,
    DOUBLE,
    INTEGERS,
    REAL,
    VARCHAR,
    YEAR_TO_MONTH,
    Type,
    array,
    decimal,
)


def _sum_decimal(arguments: list[Typed]) -> Typed:
    result = decimal(38, arguments[0].type.args[1])
    return Typed(f"CAST({call('sum', arguments[0].sql)} AS {result.duckdb()})", result)


def _average_decimal(arguments: list[Typed]) -> Typed:
    """avg(decimal(p, s)) keeps p and s and rounds half up; DuckDB's would be a double."""
    value, type_ = arguments[0].sql, arguments[0].type
    average = f"tr_average({call('sum', value)}, {call('count', value)}, {type_.args[1]})"
    return Typed(f"CAST({average} AS {decimal(38, type_.args[1]).duckdb()})", type_)


def _rank_of(value: Typed, largest: bool) -> str:
    """What the engine orders `value` by. It takes NaN for the largest number, which is right for
    the least value; as the largest it must come before all others."""
    if largest and is_floating(value.type):
        number = f"struct_pack(n := NOT isnan({value.sql}), x := {value.sql})"
        return f"CASE WHEN {value.sql} IS NOT NULL THEN {number} END"
    return value.sql


def _extreme(function: str, largest: bool) -> Rule:
    def build(arguments: list[Typed]) -> Typed:
        (value,) = arguments
        sql = call(function, value.sql)
        if largest and is_floating(value.type):
            numbers = f"CASE WHEN NOT isnan({value.sql}) THEN {value.sql} END"
            sql = f"coalesce({call(function, numbers)}, {sql})"
        return Typed(sql, value.type)

    return build


def _extremes(function: str, largest: bool) -> Rule:
    """The n largest or smallest values that are not NULL."""

    def build(arguments: list[Typed]) -> Typed:
        value, number = arguments
        rank = _rank_of(value, largest)
        sql = call(function, rank, f"tr_how_many({number.sql}, 'second argument of max/min')")
        if rank != value.sql:
            sql = f"list_transform({sql}, lambda e: e['x'])"
        return Typed(sql, array(value.type))

    return build


def _by(function: str, largest: bool) -> Rule:
    """arg_max skips rows whose first argument is NULL; Trino does not."""

    def build(arguments: list[Typed]) -> Typed:
        value, key = arguments
        return Typed(call(f"{function}_null", value.sql, _rank_of(key, largest)), value.type)

    return build


def _several_by(function: str, largest: bool) -> Rule:
    def build(arguments: list[Typed]) -> Typed:
        value, key, number = arguments
        held = f"struct_pack(x := {value.sql})"
        count = f"tr_how_many({number.sql}, 'third argument of max_by/min_by')"
        sql = call(function, held, _rank_of(key, largest), count)
        return Typed(f"list_transform({sql}, lambda e: e['x'])", array(value.type))

    return build


def _array_agg(arguments: list[Typed]) -> Typed:
    return Typed(call("list", arguments[0].sql), array(arguments[0].type))


def _pair(arguments: list[Typed]) -> str:
    key, value = arguments
    return f"struct_pack(key := {key.sql}, value := {value.sql})"


def _histogram(arguments: list[Typed]) -> Typed:
    result = Type("map", (arguments[0].type, BIGINT))
    return Typed(f"CAST({call('histogram', arguments[0].sql)} AS {result.duckdb()})", result)


def _approximate_count(arguments: list[Typed]) -> Typed:
    """Exact, and so within any standard error."""
    count = call("count", arguments[0].sql).replace("{distinct}", "DISTINCT ")
    if len(arguments) == 1:
        return Typed(count, BIGINT)
    error = call("any_value", arguments[1].sql)
    return Typed(f"tr_checked_error({count}, {error})", BIGINT)


def _percentile(macro: str, result: Callable[[Type], Type]) -> Rule:
    """The value at the rank asked for, as Trino's digest gives it while it holds each value by
    itself; of many values Trino interpolates, within its error."""

    def build(arguments: list[Typed]) -> Typed:
        value, share = arguments
        kind = "tr_sorted_bigint" if value.type == BIGINT else "tr_sorted_float"
        values = f"{kind}({call('list', value.sql)})"
        return Typed(f"{macro}({values}, {call('any_value', share.sql)})", result(value.type))

    return build


def _listagg(arguments: list[Typed]) -> Typed:
    separator = text_literal(constant_text(arguments[1], "the separator"))
    return Typed(f"tr_listagg({call('string_agg', arguments[0].sql, separator)})", VARCHAR)


AGGREGATES = table(
    signature("count() -> bigint", plain("count", BIGINT)),
    signature("count(T) -> bigint", plain("count", BIGINT)),
    signature("count_if(boolean) -> bigint", collected("tr_count({0})", "count_if", BIGINT)),
    *(
        signature(f"sum({type_}) -> bigint", collected("tr_bigint({0})", "sum", BIGINT))
        for type_ in INTEGERS
    ),
    signature("sum(decimal) -> decimal(38,0)", _sum_decimal),
    signature("sum(real) -> real", collected("CAST({0} AS REAL)", "sum", REAL)),
    signature("sum(double) -> double", plain("sum", DOUBLE)),
    signature(
        "sum(interval day to second) -> interval day to second",
        collected("tr_bigint({0})", "sum", DAY_TO_SECOND),
    ),
    signature(
        "sum(interval year to month) -> interval year to month",
        collected("tr_bigint({0})", "sum", YEAR_TO_MONTH),
    ),
    *(signature(f"avg({type_}) -> double", plain("avg", DOUBLE)) for type_ in INTEGERS),
    signature("avg(decimal) -> decimal(38,0)", _average_decimal),
    signature("avg(real) -> real", collected("CAST({0} AS REAL)", "avg", REAL)),
    signature("avg(double) -> double", plain("avg", DOUBLE)),
    signature(
        "avg(interval day to second) -> interval day to second",
        collected("CAST(floor({0} + 0.5) AS BIGINT)", "avg", DAY_TO_SECOND),
    ),
    signature(
        "avg(interval year to month) -> interval year to month",
        collected("CAST(floor({0} + 0.5) AS BIGINT)", "avg", YEAR_TO_MONTH),
    ),
    signature("min(T) -> T", _extreme("min", largest=False), T=orderable),
    signature("max(T) -> T", _extreme("max", largest=True), T=orderable),
    signature("min(T, bigint) -> array(T)", _extremes("min", largest=False), T=orderable),
    signature("max(T, bigint) -> array(T)", _extremes("max", largest=True), T=orderable),
    signature("min_by(T, K) -> T", _by("arg_min", largest=False), K=orderable),
    signature("max_by(T, K) -> T", _by("arg_max", largest=True), K=orderable),
    signature(
        "min_by(T, K, bigint) -> array(T)", _several_by("arg_min", largest=False), K=orderable
    ),
    signature(
        "max_by(T, K, bigint) -> array(T)", _several_by("arg_max", largest=True), K=orderable
    ),
    signature("arbitrary(T) -> T", plain("any_value")),
    signature("any_value(T) -> T", plain("any_value")),
    signature("array_agg(T) -> array(T)", _array_agg),
    signature("bool_and(boolean) -> boolean", plain("bool_and", BOOLEAN)),
    signature("bool_or(boolean) -> boolean", plain("bool_or", BOOLEAN)),
    signature("every(boolean) -> boolean", plain("bool_and", BOOLEAN)),
    signature("bitwise_and_agg(bigint) -> bigint", plain("bit_and", BIGINT)),
    signature("bitwise_or_agg(bigint) -> bigint", plain("bit_or", BIGINT)),
    signature("bitwise_xor_agg(bigint) -> bigint", plain("bit_xor", BIGINT)),
    signature("approx_distinct(T) -> bigint", _approximate_count, T=distinguishable),
    signature("approx_distinct(T, double) -> bigint", _approximate_count, T=distinguishable),
    # Trino takes the first type that fits: real for a decimal.
    *(
        entry
        for type_ in ("bigint", "real", "double")
        for entry in (
            signature(
                f"approx_percentile({type_}, double) -> {type_}",
                _percentile("tr_percentile", lambda type_: type_),
            ),
            signature(
                f"approx_percentile({type_}, array(double)) -> array({type_})",
                _percentile("tr_percentiles", array),
            ),
        )
    ),
    signature("histogram(K) -> map(K, bigint)", _histogram, K=distinguishable),
    signature(
        "map_agg(K, V) -> map(K, V)",
        lambda a: Typed(
            f"tr_map_agg({call('list', _pair(a))})", Type("map", (a[0].type, a[1].type))
        ),
        K=distinguishable,
    ),
    signature(
        "multimap_agg(K, V) -> map(K, array(V))",
        lambda a: Typed(
            f"tr_multimap_agg({call('list', _pair(a))})",
            Type("map", (a[0].type, array(a[1].type))),
        ),
        K=distinguishable,
    ),
    signature(
        "map_union(map(K, V)) -> map(K, V)",
        lambda a: Typed(f"tr_map_union({call('list', a[0].sql)})", a[0].type),
        K=distinguishable,
    ),
    # WITHIN GROUP gives the order; the separator is its second argument or empty.
    signature("listagg(varchar) -> varchar", lambda a: _listagg([*a, Typed("''", VARCHAR)])),
    signature("listagg(varchar, varchar) -> varchar", _listagg),
    *statistics.ENTRIES,
)
