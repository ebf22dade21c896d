"""Aggregates and window functions with FILTER, ORDER BY, DISTINCT and OVER."""

from sqlglot import exp

from localaws.sql import functions
from localaws.sql.expressions.core import (
    apply_overload,
    compile_as,
    compile_expression,
    compiles,
    describe,
    refuse_parts,
    syntax,
)
from localaws.sql.scope import Scope, Typed
from localaws.sql.types import BIGINT, BOOLEAN


def aggregate(node: exp.Anonymous, scope: Scope, over: str = "", *, window: bool = False) -> Typed:
    """An aggregate or window function; `over` is the FILTER and OVER clauses compiled."""
    name = node.name.lower()
    known = functions.AGGREGATES | (functions.WINDOWS if window else {})
    if name not in known:
        message = f"Function '{name}' not registered, or not supported locally"
        scope.error("FUNCTION_NOT_FOUND", message, node)
    if not window and not scope.allow_aggregates:
        message = f"Aggregate function '{name}' is not allowed here"
        scope.error("EXPRESSION_NOT_SCALAR", message, node)
    inside = scope if window else _without_aggregates(scope)
    distinct, tail, nodes = "", "", list(node.expressions)
    if len(nodes) == 1 and isinstance(nodes[0], exp.Star):
        nodes = []
    if nodes and isinstance(nodes[0], exp.Distinct):
        distinct, nodes = "DISTINCT ", list(nodes[0].expressions)
    if nodes and isinstance(nodes[-1], exp.Order):
        order = nodes[-1]
        nodes[-1] = order.this
        if isinstance(order.this, exp.Distinct):
            distinct, nodes = "DISTINCT ", list(order.this.expressions)
        tail = f" ORDER BY {order_items(order.expressions, inside)}"
    if name == "count" and not nodes and node.expressions == []:
        nodes = []
    if window and distinct:
        message = "DISTINCT in window function parameters not yet supported"
        scope.error("NOT_SUPPORTED", message, node)
    arguments = [compile_expression(each, inside) for each in nodes]
    result = apply_overload(name, known[name], arguments, scope, node)
    return Typed(result.sql.format(distinct=distinct, tail=tail, over=over), result.type)


def _without_aggregates(scope: Scope) -> Scope:
    inside = Scope(**vars(scope))
    inside.allow_aggregates = False
    inside.aliases = {}
    return inside


def order_items(items: list[exp.Expression], scope: Scope) -> str:
    return ", ".join(compile_expression(item.this, scope).sql + ordering(item) for item in items)


def ordering(item: exp.Ordered) -> str:
    """Trino sorts NULLs last, ascending or descending, unless told otherwise."""
    direction = " DESC" if item.args.get("desc") else " ASC"
    return direction + (" NULLS FIRST" if item.args.get("nulls_first") else " NULLS LAST")


@compiles(exp.Filter)
def _filter(node: exp.Filter, scope: Scope, over: str = "", *, window: bool = False) -> Typed:
    inside = scope if window else _without_aggregates(scope)
    condition = compile_as(node.expression.this, inside, BOOLEAN, "FILTER expression")
    return aggregate(node.this, scope, f" FILTER (WHERE {condition.sql}){over}", window=window)


@compiles(exp.Window, parts={"this", "partition_by", "order", "spec", "alias", "over"})
def _window(node: exp.Window, scope: Scope) -> Typed:
    over = f" OVER ({window_clause(node, scope)})"
    function, nulls = node.this, ""
    if isinstance(function, exp.IgnoreNulls | exp.RespectNulls):
        nulls = " IGNORE NULLS" if isinstance(function, exp.IgnoreNulls) else ""
        function = function.this
    if isinstance(function, exp.Filter):
        return _filter(function, scope, over, window=True)
    if not isinstance(function, exp.Anonymous):
        scope.error("NOT_SUPPORTED", f"{describe(function)} is not supported as a window", node)
    if nulls:
        scope.error("NOT_SUPPORTED", "IGNORE NULLS is not supported locally", node)
    return aggregate(function, scope, over, window=True)


def window_clause(node: exp.Window, scope: Scope) -> str:
    if named := node.args.get("alias"):
        known = scope.windows.get(named.name.lower())
        if known is None:
            scope.error(
                "INVALID_WINDOW_REFERENCE", f"Cannot resolve WINDOW name {named.name}", node
            )
        return window_clause(known, scope)
    parts = []
    if partition := node.args.get("partition_by"):
        keys = ", ".join(compile_expression(each, scope).sql for each in partition)
        parts.append(f"PARTITION BY {keys}")
    if order := node.args.get("order"):
        parts.append(f"ORDER BY {order_items(order.expressions, scope)}")
    if frame := node.args.get("spec"):
        parts.append(_frame(frame, scope))
    return " ".join(parts)


def _frame(frame: exp.WindowSpec, scope: Scope) -> str:
    refuse_parts(frame, {"kind", "start", "start_side", "end", "end_side"}, scope)
    bounds = []
    for end in ("start", "end"):
        bound, side = frame.args.get(end), frame.args.get(f"{end}_side") or ""
        if isinstance(bound, exp.Expression):
            if not (isinstance(bound, exp.Literal) and bound.is_int):
                message = "only whole-number window frame bounds are supported locally"
                scope.error("NOT_SUPPORTED", message, bound)
            bound = bound.this
        bounds.append(f"{bound or 'CURRENT ROW'} {side}".strip())
    return f"{frame.args['kind']} BETWEEN {bounds[0]} AND {bounds[1]}"


@syntax("grouping")
def _grouping(node: exp.Anonymous, scope: Scope) -> Typed:
    keys = [compile_expression(each, scope).sql for each in node.expressions]
    return Typed(f"CAST(grouping({', '.join(keys)}) AS BIGINT)", BIGINT)
