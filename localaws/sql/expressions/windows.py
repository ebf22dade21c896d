"""Window functions: OVER clauses and named windows.

Source of the rules: Trino documentation, "Window functions", and its StatementAnalyzer.
"""

from sqlglot import exp

from localaws.sql import functions
from localaws.sql.expressions.aggregates import aggregate, order_items
from localaws.sql.expressions.core import compile_expression, compiles, refuse_parts
from localaws.sql.expressions.frames import frame_clause
from localaws.sql.expressions.placement import (
    refuse_map,
    refuse_unorderable,
    refuse_windows,
    window_call,
    window_parts,
)
from localaws.sql.functions.windows import OFFSET_FUNCTIONS, VALUE_FUNCTIONS
from localaws.sql.scope import Scope, Typed

_OWN_PARTS = ("partition_by", "order", "spec")


@compiles(exp.Window, parts={"this", "partition_by", "order", "spec", "alias", "over"})
def _window(node: exp.Window, scope: Scope) -> Typed:
    if not scope.allow_windows:
        message = "window functions are not allowed here"
        scope.error("EXPRESSION_NOT_SCALAR", message, node)
    call = window_call(node)
    name = call.name.lower()
    if not isinstance(call, exp.Anonymous) or (
        name not in functions.AGGREGATES and name not in functions.WINDOWS
    ):
        scope.error("FUNCTION_NOT_WINDOW", f"Not a window function: {name}", node)
    nulls = _null_treatment(node, scope)
    message = "Cannot nest window functions inside window function arguments"
    refuse_windows(call.iter_expressions(), message, scope)
    if any(isinstance(each, exp.Order) for each in call.expressions):
        scope.error("NOT_SUPPORTED", "Window function with ORDER BY is not supported", call)
    window = resolved(node, scope)
    if name in OFFSET_FUNCTIONS:
        if not window.args.get("order"):
            message = f"{name} function requires an ORDER BY window clause"
            scope.error("MISSING_ORDER_BY", message, node)
        if window.args.get("spec"):
            message = f"Cannot specify window frame for {name} function"
            scope.error("INVALID_WINDOW_FRAME", message, node)
    inside = _without_windows(scope)
    over = f" OVER ({_clause(window, inside)})"
    return aggregate(call, inside, over, window=True, tail=nulls)


def _null_treatment(node: exp.Window, scope: Scope) -> str:
    function, treatment = node.this, ""
    while not isinstance(function, exp.Anonymous):
        match function:
            case exp.Filter():
                message = "FILTER is not yet supported for window functions"
                scope.error("NOT_SUPPORTED", message, node)
            case exp.IgnoreNulls() | exp.RespectNulls():
                refuse_parts(function, {"this"}, scope)
                treatment = " IGNORE NULLS" if isinstance(function, exp.IgnoreNulls) else " "
        function = function.this
    if treatment and function.name.lower() not in VALUE_FUNCTIONS:
        message = f"Cannot specify null treatment clause for {function.name.lower()} function"
        scope.error("NULL_TREATMENT_NOT_ALLOWED", message, node)
    return treatment.rstrip()


def _without_windows(scope: Scope) -> Scope:
    inside = Scope(**vars(scope))
    inside.allow_windows = False
    return inside


def define_windows(nodes: list[exp.Window], scope: Scope) -> None:
    """The WINDOW clause: each definition may refer to those before it."""
    for node in nodes:
        name = node.name.lower()
        if name in scope.windows:
            message = f"WINDOW name '{node.name}' specified more than once"
            scope.error("DUPLICATE_WINDOW_NAME", message, node)
        window = resolved(node, scope)
        _clause(window, _without_windows(scope))
        scope.windows[name] = window


def resolved(node: exp.Window, scope: Scope) -> exp.Window:
    """The window with what it takes over from the named window it refers to."""
    name = node.args.get("alias")
    if name is None:
        return node
    known = scope.windows.get(name.name.lower())
    if known is None:
        scope.error("INVALID_WINDOW_REFERENCE", f"Cannot resolve WINDOW name {name.name}", node)
    own = [part for part in _OWN_PARTS if node.args.get(part)]
    if "partition_by" in own:
        message = "WINDOW specification with named WINDOW reference cannot specify PARTITION BY"
        scope.error("INVALID_PARTITION_BY", message, node)
    if "order" in own and known.args.get("order"):
        message = "Cannot specify ORDER BY if referenced named WINDOW specifies ORDER BY"
        scope.error("INVALID_ORDER_BY", message, node)
    if own and known.args.get("spec"):
        message = "Cannot reference named WINDOW containing frame specification"
        scope.error("INVALID_WINDOW_REFERENCE", message, node)
    merged = known.copy()
    for part in own:
        value = node.args[part]
        merged.set(part, value.copy() if isinstance(value, exp.Expression) else value)
    return merged


def _clause(node: exp.Window, scope: Scope) -> str:
    message = "Cannot nest window functions inside window specification"
    refuse_windows(window_parts(node), message, scope)
    parts = []
    if partition := node.args.get("partition_by"):
        keys = [compile_expression(each, scope) for each in partition]
        for key in keys:
            refuse_map(key.type, "PARTITION BY", scope, node)
        parts.append(f"PARTITION BY {', '.join(key.sql for key in keys)}")
    order, frame = node.args.get("order"), node.args.get("spec")
    for item in order.expressions if order else []:
        type_ = compile_expression(item.this, scope).type
        refuse_unorderable(type_, "window function ORDER BY", scope, item)
    if frame is not None:
        ordered, clause = frame_clause(frame, order, scope)
        return " ".join([*parts, *([f"ORDER BY {ordered}"] if ordered else []), clause])
    if order:
        parts.append(f"ORDER BY {order_items(order.expressions, scope)}")
    return " ".join(parts)
