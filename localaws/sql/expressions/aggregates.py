"""Aggregates with DISTINCT, ORDER BY and FILTER; the call under an OVER clause."""

from sqlglot import exp

from localaws.sql import functions
from localaws.sql.expressions.core import (
    apply_overload,
    compile_as,
    compile_expression,
    compiles,
    syntax,
)
from localaws.sql.functions.checks import distinguishable
from localaws.sql.functions.registry import BadArgument
from localaws.sql.listagg import WITHIN_GROUP
from localaws.sql.scope import Scope, Typed
from localaws.sql.types import BIGINT, BOOLEAN, INTEGER


def aggregate(
    node: exp.Anonymous,
    scope: Scope,
    over: str = "",
    *,
    window: bool = False,
    tail: str = "",
) -> Typed:
    """An aggregate or window function; `over` is the FILTER and OVER clauses compiled, `tail` what
    follows the arguments."""
    name = node.name.lower()
    known = functions.AGGREGATES | (functions.WINDOWS if window else {})
    if name not in known:
        message = f"Function '{name}' not registered, or not supported locally"
        scope.error("FUNCTION_NOT_FOUND", message, node)
    if not window and not scope.allow_aggregates:
        message = f"Aggregate function '{name}' is not allowed here"
        scope.error("EXPRESSION_NOT_SCALAR", message, node)
    inside = scope if window else _without_aggregates(scope)
    distinct, order, nodes = "", None, list(node.expressions)
    if len(nodes) == 1 and isinstance(nodes[0], exp.Star):
        nodes = []
    if nodes and isinstance(nodes[0], exp.Distinct):
        distinct, nodes = "DISTINCT ", list(nodes[0].expressions)
    if nodes and isinstance(nodes[-1], exp.Order):
        order = nodes[-1]
        nodes[-1] = order.this
        if isinstance(order.this, exp.Distinct):
            distinct, nodes = "DISTINCT ", list(order.this.expressions)
    if name == "listagg" and not node.meta.get(WITHIN_GROUP):
        # As `"listagg"(x)`, which the grammar reads as a plain call.
        scope.error("FUNCTION_NOT_FOUND", "Unexpected parameters for function listagg", node)
    if window and distinct:
        message = "DISTINCT in window function parameters not yet supported"
        scope.error("NOT_SUPPORTED", message, node)
    arguments = [compile_expression(each, inside) for each in nodes]
    if order is not None:
        tail = _ordered(order, nodes, arguments if distinct else None, inside)
    if distinct:
        _refuse_indistinct(arguments, scope, node)
    result = apply_overload(name, known[name], arguments, scope, node)
    return Typed(result.sql.format(distinct=distinct, tail=tail, over=over), result.type)


def _ordered(
    order: exp.Order, nodes: list[exp.Expression], distinct: list[Typed] | None, scope: Scope
) -> str:
    """The ORDER BY inside a call; `distinct` are the arguments of one with DISTINCT, compiled."""
    if distinct is None:
        return f" ORDER BY {order_items(order.expressions, scope)}"
    if any(item.this not in nodes for item in order.expressions):
        message = (
            "For aggregate function with DISTINCT, ORDER BY expressions must appear in arguments"
        )
        scope.error("EXPRESSION_NOT_IN_DISTINCT", message, order)
    if any(node.find(exp.Query) for node in nodes):
        # The engine does not see that two subqueries are the same.
        message = "DISTINCT and ORDER BY of a subquery in an aggregate are not supported locally"
        scope.error("NOT_SUPPORTED", message, order)
    keys = (distinct[nodes.index(item.this)].sql + ordering(item) for item in order.expressions)
    return f" ORDER BY {', '.join(keys)}"


def _refuse_indistinct(arguments: list[Typed], scope: Scope, node: exp.Expression) -> None:
    try:
        for argument in arguments:
            distinguishable(argument.type)
    except BadArgument as error:
        scope.error("NOT_SUPPORTED", f"DISTINCT: {error}", node)


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
def filtered(node: exp.Filter, scope: Scope, over: str = "", *, window: bool = False) -> Typed:
    inside = scope if window else _without_aggregates(scope)
    condition = compile_as(node.expression.this, inside, BOOLEAN, "FILTER expression")
    return aggregate(node.this, scope, f" FILTER (WHERE {condition.sql}){over}", window=window)


@syntax("grouping")
def _grouping(node: exp.Anonymous, scope: Scope) -> Typed:
    if not scope.allow_aggregates:
        message = (
            "A GROUPING() operation can only be used with a corresponding "
            "GROUPING SET/CUBE/ROLLUP/GROUP BY clause"
        )
        scope.error("MISSING_GROUP_BY", message, node)
    keys = [compile_expression(each, scope).sql for each in node.expressions]
    type_ = INTEGER if len(keys) < 32 else BIGINT
    return Typed(f"CAST(grouping({', '.join(keys)}) AS {type_.duckdb()})", type_)
