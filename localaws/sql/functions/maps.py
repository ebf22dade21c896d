"""Map functions, and the strings that are split into maps.

Source of the rules: Trino documentation, "Map functions and operators", "String functions and
operators", and where it is silent Trino's implementation. Functions that take a lambda stand in
sql/lambdas.py.
"""

from localaws.sql.functions.checks import distinguishable
from localaws.sql.functions.registry import signature, table
from localaws.sql.scope import Typed
from localaws.sql.types import BIGINT, Type, array, row


def _entries(arguments: list[Typed]) -> Typed:
    key, value = arguments[0].type.args
    result = array(row((None, key), (None, value)))
    pair = "{field0: e['key'], field1: e['value']}"
    return Typed(f"list_transform(map_entries({arguments[0].sql}), lambda e: {pair})", result)


def _concat(arguments: list[Typed]) -> Typed:
    """Of the same keys the last map's counts; Trino goes through the maps from the last one."""
    known = " AND ".join(f"{each.sql} IS NOT NULL" for each in arguments)
    entries = " || ".join(f"map_entries({each.sql})" for each in reversed(arguments))
    return Typed(f"CASE WHEN {known} THEN tr_map_of_first({entries}) END", arguments[0].type)


def _histogram(arguments: list[Typed]) -> Typed:
    """NULLs are not counted."""
    elements = arguments[0]
    type_ = Type("map", (elements.type.element, BIGINT))
    counted = f"CAST(list_histogram({elements.sql}) AS {type_.duckdb()})"
    empty = f"CAST(MAP {{}} AS {type_.duckdb()})"
    return Typed(
        f"CASE WHEN {elements.sql} IS NOT NULL THEN coalesce({counted}, {empty}) END", type_
    )


FUNCTIONS = table(
    signature("array_histogram(array(T)) -> map(T, bigint)", _histogram, T=distinguishable),
    signature("map() -> map(unknown, unknown)", "MAP {{}}"),
    signature("map(array(K), array(V)) -> map(K, V)", "tr_map({0}, {1})", K=distinguishable),
    signature("cardinality(map(K, V)) -> bigint", "CAST(cardinality({0}) AS BIGINT)"),
    signature("element_at(map(K, V), K) -> V", "map_extract_value({0}, {1})", K=distinguishable),
    signature("map_keys(map(K, V)) -> array(K)", "map_keys({0})"),
    signature("map_values(map(K, V)) -> array(V)", "map_values({0})"),
    signature("map_entries(map(K, V)) -> array(row(K, V))", _entries),
    signature(
        "map_from_entries(array(row(K, V))) -> map(K, V)",
        "tr_map_from_entries({0})",
        K=distinguishable,
    ),
    signature(
        "multimap_from_entries(array(row(K, V))) -> map(K, array(V))",
        "tr_multimap_from_entries({0})",
        K=distinguishable,
    ),
    signature("map_concat(map(K, V), map(K, V)...) -> map(K, V)", _concat, K=distinguishable),
    signature(
        "split_to_map(varchar, varchar, varchar) -> map(varchar, varchar)",
        "tr_split_to_map({0}, {1}, {2})",
    ),
    signature(
        "split_to_multimap(varchar, varchar, varchar) -> map(varchar, array(varchar))",
        "tr_split_to_multimap({0}, {1}, {2})",
    ),
)
