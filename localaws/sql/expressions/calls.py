"""Calls of scalar functions, in their plain form and with syntax of their own."""

from collections.abc import Callable

from sqlglot import exp

from localaws.sql import functions
from localaws.sql.expressions.aggregates import aggregate
from localaws.sql.expressions.core import SYNTAX, apply_overload, compile_expression, compiles
from localaws.sql.functions.literals import constant_text
from localaws.sql.functions.registry import BadArgument
from localaws.sql.lambdas import HIGHER_ORDER
from localaws.sql.quoting import text_literal
from localaws.sql.scope import Scope, Typed


@compiles(exp.Anonymous)
def _call(node: exp.Anonymous, scope: Scope) -> Typed:
    name = node.name.lower()
    if handler := SYNTAX.get(name):
        return handler(node, scope)
    # array_sort and regexp_replace also have overloads that take no lambda.
    given_lambda = any(isinstance(each, exp.Lambda) for each in node.expressions)
    handler = HIGHER_ORDER.get((name, len(node.expressions)))
    if handler and (given_lambda or name not in functions.SCALARS):
        return handler(node, scope, compile_expression)
    if name in functions.AGGREGATES:
        return aggregate(node, scope)
    if name in functions.WINDOWS:
        message = f"Window function {name} requires an OVER clause"
        scope.error("MISSING_OVER", message, node)
    if name not in functions.SCALARS:
        message = f"Function '{name}' not registered, or not supported locally"
        scope.error("FUNCTION_NOT_FOUND", message, node)
    arguments = [compile_expression(each, scope) for each in node.expressions]
    return apply_overload(name, functions.SCALARS[name], arguments, scope, node)


def _as_call(name: str, *keys: str) -> Callable[[exp.Expression, Scope], Typed]:
    """A call with syntax of its own that means the plain call `name(keys...)`."""

    def handler(node: exp.Expression, scope: Scope) -> Typed:
        nodes = [node.args[key] for key in keys if node.args.get(key) is not None]
        arguments = [compile_expression(each, scope) for each in nodes]
        return apply_overload(name, functions.SCALARS[name], arguments, scope, node)

    return handler


@compiles(exp.Trim, parts={"this", "expression", "position"})
def _trim(node: exp.Trim, scope: Scope) -> Typed:
    value = compile_expression(node.this, scope)
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get((node.args.get("position") or "").upper())
    characters = node.args.get("expression")
    if characters is None:
        return apply_overload(
            name or "trim", functions.SCALARS[name or "trim"], [value], scope, node
        )
    if not value.type.is_string:
        scope.error("TYPE_MISMATCH", f"Cannot trim {value.type}", node)
    try:
        text = constant_text(compile_expression(characters, scope), "the characters to trim")
    except BadArgument as error:
        scope.error("NOT_SUPPORTED", str(error), node)
    return Typed(f"{name or 'trim'}({value.sql}, {text_literal(text)})", value.type)


compiles(exp.Substring, parts={"this", "start", "length"})(
    _as_call("substring", "this", "start", "length")
)
compiles(exp.StrPosition, parts={"this", "substr"})(_as_call("strpos", "this", "substr"))
