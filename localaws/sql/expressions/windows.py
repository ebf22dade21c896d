"""Window functions: OVER clauses, frames and named windows."""

from sqlglot import exp

from localaws.sql.expressions.aggregates import aggregate, filtered, order_items
from localaws.sql.expressions.core import compile_expression, compiles, describe, refuse_parts
from localaws.sql.scope import Scope, Typed


@compiles(exp.Window, parts={"this", "partition_by", "order", "spec", "alias", "over"})
def _window(node: exp.Window, scope: Scope) -> Typed:
    over = f" OVER ({window_clause(node, scope)})"
    function, nulls = node.this, ""
    if isinstance(function, exp.IgnoreNulls | exp.RespectNulls):
        nulls = " IGNORE NULLS" if isinstance(function, exp.IgnoreNulls) else ""
        function = function.this
    if isinstance(function, exp.Filter):
        return filtered(function, scope, over, window=True)
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
