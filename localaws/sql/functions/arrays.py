"""Array functions.

Source of the rules: Trino documentation, "Array functions and operators", and where it is silent
Trino's implementation. Functions that take a lambda stand in sql/lambdas.py. The macros bind their
arguments once, in a lambda over a list of one: an argument that stands in several places would be
computed, and its text repeated, as often.
"""

from localaws.sql.casts import cast
from localaws.sql.functions.checks import distinguishable, equatable, is_floating, orderable
from localaws.sql.functions.registry import Rule, signature, table
from localaws.sql.scope import Typed
from localaws.sql.types import BIGINT, BOOLEAN, VARCHAR, Type, array, row, timestamp


def _equal_to(macro: str, macro_of_nan: str, result: Type | None = None) -> Rule:
    """A function of an array and the value sought. NaN, which the engine would find, equals
    nothing."""

    def build(arguments: list[Typed]) -> Typed:
        elements, value = arguments
        sql = f"{macro}({elements.sql}, {value.sql})"
        if is_floating(value.type):
            nan = f"{macro_of_nan}({elements.sql})"
            sql = f"CASE WHEN isnan({value.sql}) THEN {nan} ELSE {sql} END"
        return Typed(sql, result or elements.type)

    return build


def _extreme(macro: str) -> Rule:
    """NaN comes first for the greatest and last for the least element: only NaNs give NaN."""

    def build(arguments: list[Typed]) -> Typed:
        kind = f"{macro}_float" if is_floating(arguments[0].type.element) else macro
        return Typed(f"{kind}({arguments[0].sql})", arguments[0].type.element)

    return build


def _join(arguments: list[Typed]) -> Typed:
    """array_join; the elements as CAST(... AS varchar) writes them."""
    elements, *texts = arguments
    element = cast(Typed("x", elements.type.element), VARCHAR).sql
    written = elements.sql
    if element != "x":
        written = f"list_transform({written}, lambda x: {element})"
    macro = "tr_array_join" if len(texts) == 1 else "tr_array_join_nulls"
    return Typed(f"{macro}({written}, {', '.join(each.sql for each in texts)})", VARCHAR)


def _zip(arguments: list[Typed]) -> Typed:
    result = array(row(*((None, each.type.element) for each in arguments)))
    known = " AND ".join(f"{each.sql} IS NOT NULL" for each in arguments)
    zipped = f"list_zip({', '.join(each.sql for each in arguments)})"
    return Typed(f"CASE WHEN {known} THEN CAST({zipped} AS {result.duckdb()}) END", result)


def _timestamp_sequence(amount: str) -> Rule:
    def build(arguments: list[Typed]) -> Typed:
        precision = max(each.type.args[0] for each in arguments[:2])
        values = ", ".join(each.sql for each in arguments)
        return Typed(f"tr_timestamp_{amount}_sequence({values})", array(timestamp(precision)))

    return build


# Also the operator ||. NULL as an element makes NULL of the whole.
CONCAT = (
    signature("concat(array(T), array(T)...) -> array(T)", "({pipes})"),
    signature(
        "concat(array(T), T) -> array(T)", "({0} || CASE WHEN {1} IS NOT NULL THEN [{1}] END)"
    ),
    signature(
        "concat(T, array(T)) -> array(T)", "(CASE WHEN {0} IS NOT NULL THEN [{0}] END || {1})"
    ),
)
_ZIPPED = [f"array({variable})" for variable in "TUKVW"]

FUNCTIONS = table(
    signature("cardinality(array(T)) -> bigint", "len({0})"),
    signature(
        "contains(array(T), T) -> boolean",
        _equal_to("tr_contains", "tr_contains_nan", BOOLEAN),
        T=equatable,
    ),
    signature(
        "array_position(array(T), T) -> bigint",
        _equal_to("tr_array_position", "0 * len", BIGINT),
        T=equatable,
    ),
    signature(
        "array_remove(array(T), T) -> array(T)", _equal_to("tr_array_remove", ""), T=equatable
    ),
    signature(
        "contains_sequence(array(T), array(T)) -> boolean",
        "tr_contains_sequence({0}, {1})",
        T=distinguishable,
    ),
    signature(
        "arrays_overlap(array(T), array(T)) -> boolean",
        "tr_arrays_overlap({0}, {1})",
        T=distinguishable,
    ),
    signature("array_distinct(array(T)) -> array(T)", "tr_array_distinct({0})", T=distinguishable),
    signature(
        "array_union(array(T), array(T)) -> array(T)",
        "tr_array_distinct({0} || {1})",
        T=distinguishable,
    ),
    signature(
        "array_intersect(array(T), array(T)) -> array(T)",
        "tr_array_intersect({0}, {1})",
        T=distinguishable,
    ),
    signature(
        "array_except(array(T), array(T)) -> array(T)",
        "tr_array_except({0}, {1})",
        T=distinguishable,
    ),
    signature("array_max(array(T)) -> T", _extreme("tr_array_max"), T=orderable),
    signature("array_min(array(T)) -> T", _extreme("tr_array_min"), T=orderable),
    signature(
        "array_sort(array(T)) -> array(T)", "list_sort({0}, 'ASC', 'NULLS LAST')", T=orderable
    ),
    signature("array_join(array(T), varchar) -> varchar", _join),
    signature("array_join(array(T), varchar, varchar) -> varchar", _join),
    *CONCAT,
    signature("element_at(array(T), bigint) -> T", "tr_element_at({0}, {1})"),
    signature("flatten(array(array(T))) -> array(T)", "flatten({0})"),
    signature("reverse(array(T)) -> array(T)", "list_reverse({0})"),
    signature("slice(array(T), bigint, bigint) -> array(T)", "tr_slice({0}, {1}, {2})"),
    signature("trim_array(array(T), bigint) -> array(T)", "tr_trim_array({0}, {1})"),
    signature("repeat(T, bigint) -> array(T)", "tr_repeat({0}, {1})"),
    signature("shuffle(array(T)) -> array(T)", "tr_shuffle({0})"),
    signature("combinations(array(T), integer) -> array(array(T))", "tr_combinations({0}, {1})"),
    signature("ngrams(array(T), integer) -> array(array(T))", "tr_ngrams({0}, {1})"),
    # Trino zips two to five arrays; the rule makes the result's type.
    *(signature(f"zip({', '.join(_ZIPPED[:n])}) -> array(T)", _zip) for n in range(2, 6)),
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
    signature(
        "sequence(date, date, interval year to month) -> array(date)",
        "tr_month_sequence({0}, {1}, {2})",
    ),
    signature(
        "sequence(timestamp, timestamp, interval day to second) -> array(timestamp(3))",
        _timestamp_sequence("day"),
    ),
    signature(
        "sequence(timestamp, timestamp, interval year to month) -> array(timestamp(3))",
        _timestamp_sequence("month"),
    ),
)
