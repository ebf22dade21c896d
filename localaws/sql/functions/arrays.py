"""Array and map functions.

Source of the rules: Trino documentation, "Array functions and operators", "Map functions and
operators". Functions that take a lambda stand in sql/lambdas.py.
"""

from localaws.sql.functions.registry import signature, table

FUNCTIONS = table(
    signature("cardinality(array(T)) -> bigint", "len({0})"),
    signature("cardinality(map(K, V)) -> bigint", "CAST(cardinality({0}) AS BIGINT)"),
    signature("contains(array(T), T) -> boolean", "tr_contains({0}, {1})"),
    signature("element_at(array(T), bigint) -> T", "tr_element_at({0}, {1})"),
    signature("element_at(map(K, V), K) -> V", "map_extract_value({0}, {1})"),
    signature("map_keys(map(K, V)) -> array(K)", "map_keys({0})"),
    signature("map_values(map(K, V)) -> array(V)", "map_values({0})"),
    signature("array_join(array(varchar), varchar) -> varchar", "array_to_string({0}, {1})"),
    signature("slice(array(T), bigint, bigint) -> array(T)", "tr_slice({0}, {1}, {2})"),
    signature("sequence(bigint, bigint, bigint) -> array(bigint)", "tr_sequence({0}, {1}, {2})"),
    signature(
        "sequence(bigint, bigint) -> array(bigint)", "tr_sequence({0}, {1}, tr_towards({0}, {1}))"
    ),
    signature(
        "sequence(date, date) -> array(date)", "tr_date_sequence({0}, {1}, tr_towards({0}, {1}))"
    ),
    signature(
        "sequence(date, date, interval day to second) -> array(date)",
        "tr_date_sequence({0}, {1}, tr_days({2}))",
    ),
)
