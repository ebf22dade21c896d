"""Where aggregates, window functions and grouping() may stand.

Source of the rules: Trino's AggregationAnalyzer and StatementAnalyzer.
"""

from collections.abc import Iterator

from sqlglot import exp

from localaws.sql import functions
from localaws.sql.scope import Scope
from localaws.sql.types import Type


def special_calls(node: exp.Expression) -> Iterator[exp.Expression]:
    """The aggregates, window functions and grouping() calls of this query in `node`, without
    those inside them and inside subqueries."""
    for each in node.walk(bfs=False, prune=lambda part: _is_special(part) or _is_query(part)):
        if _is_special(each):
            yield each


def _is_special(node: exp.Expression) -> bool:
    return isinstance(node, exp.Window) or is_aggregate(node) or _is_grouping(node)


def _is_query(node: exp.Expression) -> bool:
    return isinstance(node, exp.Query)


def is_aggregate(node: exp.Expression) -> bool:
    """Whether `node` is the call of an aggregate (within a Window it is none of the query's)."""
    return isinstance(node, exp.Anonymous) and node.name.lower() in functions.AGGREGATES


def _is_grouping(node: exp.Expression) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() == "grouping"


def aggregates(node: exp.Expression) -> Iterator[exp.Expression]:
    """The aggregates of this query in `node`, those in the arguments of windows included."""
    for each in special_calls(node):
        if isinstance(each, exp.Window):
            for part in inside_window(each):
                yield from aggregates(part)
        elif is_aggregate(each):
            yield each


def windows(node: exp.Expression) -> Iterator[exp.Window]:
    """The window functions of this query in `node`, those in arguments of aggregates included."""
    for each in special_calls(node):
        if isinstance(each, exp.Window):
            yield each
        else:
            for part in each.iter_expressions():
                yield from windows(part)


def window_call(node: exp.Window) -> exp.Expression:
    """The function under OVER, without FILTER and IGNORE NULLS."""
    call = node.this
    while isinstance(call, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
        call = call.this
    return call


def inside_window(node: exp.Window) -> Iterator[exp.Expression]:
    """What a window function is applied to: arguments, PARTITION BY, ORDER BY and frame bounds."""
    yield from window_call(node).iter_expressions()
    yield from window_parts(node)


def window_parts(node: exp.Window) -> Iterator[exp.Expression]:
    """PARTITION BY, ORDER BY and the frame's bounds."""
    yield from node.args.get("partition_by") or []
    if order := node.args.get("order"):
        yield from (item.this for item in order.expressions)
    if frame := node.args.get("spec"):
        bounds = (frame.args.get("start"), frame.args.get("end"))
        yield from (bound for bound in bounds if isinstance(bound, exp.Expression))


def written(node: exp.Expression) -> str:
    """`node` as an error message shows it."""
    return node.sql(normalize_functions=False)


def refuse_special(node: exp.Expression, clause: str, scope: Scope) -> None:
    """Raises EXPRESSION_NOT_SCALAR for an aggregate, a window function or grouping()."""
    found = list(special_calls(node))
    if found:
        listed = ", ".join(written(each) for each in found)
        message = (
            f"{clause} cannot contain aggregations, window functions or grouping operations: "
            f"[{listed}]"
        )
        scope.error("EXPRESSION_NOT_SCALAR", message, node)


def refuse_windows(nodes: Iterator[exp.Expression], message: str, scope: Scope) -> None:
    """Raises NESTED_WINDOW with `message` for a window function in one of `nodes`."""
    for node in nodes:
        for found in windows(node):
            scope.error("NESTED_WINDOW", message, found)


def refuse_map(type_: Type, what: str, scope: Scope, node: exp.Expression) -> None:
    """Raises NOT_SUPPORTED where `type_` holds a map: the engine tells maps apart by the order of
    their entries, Trino does not."""
    if _has_map(type_):
        message = f"{what} values of type {type_} is not supported locally"
        scope.error("NOT_SUPPORTED", message, node)


def _has_map(type_: Type) -> bool:
    if type_.base == "row":
        return any(_has_map(field) for _, field in type_.args)
    return type_.base == "map" or (type_.base == "array" and _has_map(type_.element))


def refuse_unorderable(type_: Type, where: str, scope: Scope, node: exp.Expression) -> None:
    """Raises TYPE_MISMATCH for what Trino does not order, NOT_SUPPORTED for arrays and rows, where
    Trino fails on NULLs inside."""
    if type_.base in ("map", "json"):
        message = f"{type_} is not orderable, and therefore cannot be used in {where}"
        scope.error("TYPE_MISMATCH", message, node)
    if type_.base in ("array", "row"):
        message = f"ordering values of type {type_} is not supported locally"
        scope.error("NOT_SUPPORTED", message, node)
