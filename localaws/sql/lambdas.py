"""Functions that take a lambda: transform, filter, any_match, all_match, none_match, reduce.

Source of the rules: Trino documentation, "Lambda expressions", "Array functions and operators".
"""

from collections.abc import Callable

from sqlglot import exp

from localaws.sql.casts import coerce
from localaws.sql.scope import Field, Relation, Scope, Typed
from localaws.sql.types import BOOLEAN, Type, array, can_coerce

Compile = Callable[[exp.Expression, Scope], Typed]


def _array_argument(node: exp.Anonymous, scope: Scope, compile_: Compile, arguments: int) -> Typed:
    name = node.name.lower()
    if len(node.expressions) != arguments:
        message = f"Unexpected parameters for function {name}: it takes {arguments} arguments"
        scope.error("FUNCTION_NOT_FOUND", message, node)
    value = compile_(node.expressions[0], scope)
    if value.type.base != "array":
        message = f"Unexpected parameters ({value.type}) for function {name}. Expected: an array"
        scope.error("FUNCTION_NOT_FOUND", message, node)
    return value


def _body(
    node: exp.Expression, parameters: tuple[Type, ...], scope: Scope, compile_: Compile
) -> tuple[list[str], Typed]:
    """A lambda's DuckDB parameter names and its compiled body."""
    if not isinstance(node, exp.Lambda) or len(node.expressions) != len(parameters):
        scope.error(
            "TYPE_MISMATCH", f"Expected a lambda that takes {len(parameters)} arguments", node
        )
    names = [scope.analysis.alias() for _ in parameters]
    fields = tuple(
        Field(each.name.lower(), type_, name)
        for each, type_, name in zip(node.expressions, parameters, names, strict=True)
    )
    return names, compile_(node.this, scope.child([Relation(None, fields)]))


def _transform(node: exp.Anonymous, scope: Scope, compile_: Compile) -> Typed:
    value = _array_argument(node, scope, compile_, 2)
    (name,), body = _body(node.expressions[1], (value.type.element,), scope, compile_)
    return Typed(f"list_transform({value.sql}, lambda {name}: {body.sql})", array(body.type))


def _predicate(template: str, result: Type | None = None) -> Callable:
    def handler(node: exp.Anonymous, scope: Scope, compile_: Compile) -> Typed:
        value = _array_argument(node, scope, compile_, 2)
        (name,), body = _body(node.expressions[1], (value.type.element,), scope, compile_)
        if not can_coerce(body.type, BOOLEAN):
            message = f"the lambda must evaluate to a boolean (actual: {body.type})"
            scope.error("TYPE_MISMATCH", message, node)
        condition = coerce(body, BOOLEAN).sql
        sql = template.format(array=value.sql, test=f"lambda {name}: {condition}")
        return Typed(sql, result or value.type)

    return handler


def _reduce(node: exp.Anonymous, scope: Scope, compile_: Compile) -> Typed:
    value = _array_argument(node, scope, compile_, 4)
    state = compile_(node.expressions[1], scope)
    (s, x), step = _body(node.expressions[2], (state.type, value.type.element), scope, compile_)
    if not can_coerce(step.type, state.type):
        message = f"the input function must return {state.type} (actual: {step.type})"
        scope.error("TYPE_MISMATCH", message, node)
    folded = (
        f"list_reduce({value.sql}, lambda {s}, {x}: {coerce(step, state.type).sql}, {state.sql})"
    )
    (name,), result = _body(node.expressions[3], (state.type,), scope, compile_)
    return Typed(f"list_transform([{folded}], lambda {name}: {result.sql})[1]", result.type)


HIGHER_ORDER = {
    "transform": _transform,
    "filter": _predicate("list_filter({array}, {test})"),
    "any_match": _predicate("tr_any(list_transform({array}, {test}))", BOOLEAN),
    "all_match": _predicate("tr_all(list_transform({array}, {test}))", BOOLEAN),
    "none_match": _predicate("(NOT tr_any(list_transform({array}, {test})))", BOOLEAN),
    "reduce": _reduce,
}
