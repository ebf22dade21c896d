"""Comparison by Trino's rules, where the engine's are others: NaN, NULL inside of nested values.

Trino's `=` is unknown where only NULLs inside decide; its `<` fails on them. NaN equals nothing
and is neither smaller nor larger; the engine has it equal to itself and larger than the rest.
Source: Trino's TestArrayOperators, TestRowOperators, TestMapOperators, TestDoubleOperators.
"""

import re

from localaws.sql.functions.registry import BadArgument
from localaws.sql.quoting import text_literal
from localaws.sql.types import Type

NESTED = ("array", "map", "row", "json")
# Constants, and whole numbers made floats.
_NEVER_NAN = re.compile(
    r"\(?-?[\d.]+(e[+-]?\d+)?\)?|CAST\((\(-)?\d+(::\w+)?(\)::\w+|\))? AS (DOUBLE|REAL)\)"
)


def is_plain(type_: Type, values: list[str]) -> bool:
    """Whether the engine's own operators compare these values (but for the first: it is compared
    with all others) as Trino does, in BETWEEN and IN too."""
    if type_.base in ("real", "double"):
        return all(_NEVER_NAN.fullmatch(value) for value in values[1:])
    return type_.base not in NESTED


def compare(symbol: str, left: str, right: str, type_: Type) -> str:
    """DuckDB: whether `left symbol right`, both of `type_`.

    Raises BadArgument for a comparison that the engine cannot do.
    """
    if symbol in ("IS DISTINCT FROM", "IS NOT DISTINCT FROM"):
        if has(type_, ("map",)):
            raise BadArgument(f"telling values of type {type_} apart is not supported locally")
        return f"({left} {symbol} {right})"
    if type_.base in ("real", "double"):
        return _compare_floats(symbol, left, right)
    if type_.base not in NESTED:
        return f"({left} {symbol} {right})"
    if symbol == "=":
        return _equal(left, right, type_)
    if symbol == "<>":
        return f"(NOT {_equal(left, right, type_)})"
    if has(type_, ("map", "json")):
        raise BadArgument(f"ordering values of type {type_} is not supported locally")
    return without_nulls(f"{left} {symbol} {right}", left, right, type_)


def without_nulls(test: str, left: str, right: str, type_: Type) -> str:
    """DuckDB: a comparison of two nested values, which fails where NULL or NaN is in one."""
    unsure = f"({has_null(left, type_)} OR {has_null(right, type_)})"
    message = text_literal(
        f"comparing values of type {type_} with NULL or NaN in them is not supported"
    )
    return (
        f"CASE WHEN {left} IS NULL OR {right} IS NULL THEN NULL "
        f"WHEN {unsure} THEN CAST(tr_fail('NOT_SUPPORTED', {message}) AS BOOLEAN) "
        f"ELSE {test} END"
    )


def has(type_: Type, bases: tuple[str, ...]) -> bool:
    """Whether a type of `bases` is in `type_`."""
    match type_.base:
        case "array" | "map":
            return type_.base in bases or any(has(each, bases) for each in type_.args)
        case "row":
            return any(has(each, bases) for _, each in type_.args)
    return type_.base in bases


def _compare_floats(symbol: str, left: str, right: str) -> str:
    """The checks are conjuncts of their own, so that files can still be skipped."""
    plain = f"{left} {symbol} {right}"
    sure = [bool(_NEVER_NAN.fullmatch(side)) for side in (left, right)]
    if symbol == "<>":
        return f"({plain})" if any(sure) else f"({plain} OR (isnan({left}) AND isnan({right})))"
    # The side that is NaN where the engine says true.
    suspect, other = (right, left) if symbol in ("<", "<=") else (left, right)
    suspect_sure, other_sure = reversed(sure) if symbol in ("<", "<=") else sure
    if suspect_sure or (symbol == "=" and other_sure):
        return f"({plain})"
    check = f"NOT isnan({suspect})"
    return f"({plain} AND {check})" if other_sure else f"({plain} AND ({other} IS NULL OR {check}))"


def _equal(left: str, right: str, type_: Type, depth: int = 0) -> str:
    either = f"{left} IS NULL OR {right} IS NULL"
    match type_.base:
        case "json":
            return f"(CAST({left} AS VARCHAR) = CAST({right} AS VARCHAR))"
        case "array":
            pair = f"z{depth}"
            same = _equal(f"{pair}[1]", f"{pair}[2]", type_.element, depth + 1)
            flags = f"list_transform(list_zip({left}, {right}), lambda {pair}: {same})"
            return (
                f"CASE WHEN {either} THEN NULL WHEN len({left}) <> len({right}) THEN FALSE "
                f"ELSE tr_all_true({flags}) END"
            )
        case "map":
            return _equal_maps(left, right, type_, depth)
        case "row":
            sides = (
                [f"struct_extract({side}, {text_literal(name or f'field{i}')})" for side in pair]
                for i, (name, _) in enumerate(type_.args)
                for pair in ((left, right),)
            )
            fields = (
                _equal(*parts, field, depth + 1)
                for parts, (_, field) in zip(sides, type_.args, strict=True)
            )
            return f"CASE WHEN {either} THEN NULL ELSE ({' AND '.join(fields)}) END"
    return compare("=", left, right, type_)


def _equal_maps(left: str, right: str, type_: Type, depth: int) -> str:
    """Whatever the order of the entries."""
    key, value = type_.args
    if key.base in (*NESTED, "real", "double"):
        raise BadArgument(f"comparing values of type {type_} is not supported locally")
    entry = f"m{depth}"
    other = f"map_extract_value({right}, {entry}.key)"
    same = _equal(f"{entry}.value", other, value, depth + 1)
    known = f"list_contains(map_keys({right}), {entry}.key)"
    flags = (
        f"list_transform(map_entries({left}), "
        f"lambda {entry}: CASE WHEN {known} THEN {same} ELSE FALSE END)"
    )
    return (
        f"CASE WHEN {left} IS NULL OR {right} IS NULL THEN NULL "
        f"WHEN cardinality({left}) <> cardinality({right}) THEN FALSE ELSE tr_all_true({flags}) END"
    )


def has_null(sql: str, type_: Type, depth: int = 0) -> str:
    """Whether NULL (or NaN) is inside of an array or row that is not NULL."""
    match type_.base:
        case "array":
            item = f"h{depth}"
            inside = has_null(item, type_.element, depth + 1)
            return f"(len(list_filter({sql}, lambda {item}: {item} IS NULL OR {inside})) > 0)"
        case "row":
            parts = (
                (f"struct_extract({sql}, {text_literal(name or f'field{i}')})", field)
                for i, (name, field) in enumerate(type_.args)
            )
            checks = (f"{part} IS NULL OR {has_null(part, field)}" for part, field in parts)
            return f"({' OR '.join(checks)})"
        case "real" | "double":
            return f"isnan({sql})"
    return "FALSE"
