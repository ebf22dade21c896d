"""How an expression is compiled: the handler of its node, found by the node's class.

Each module of this package registers the handlers of one kind of expression. A node without a
handler is refused: nothing passes through unchecked.
"""

import re
from collections.abc import Callable, Collection, Iterable

from sqlglot import exp

from localaws.sql.casts import CannotCast, coerce
from localaws.sql.coercions import can_coerce, common_type
from localaws.sql.comparisons import compare
from localaws.sql.functions.registry import Ambiguous, BadArgument, choose
from localaws.sql.scope import Scope, Typed
from localaws.sql.types import Type

Handler = Callable[[exp.Expression, Scope], Typed]

# The parts of a node that its handler reads, where it does not say.
_PLAIN_PARTS = frozenset({"this", "expression", "expressions"})
_HANDLERS: dict[type, tuple[Handler, frozenset[str]]] = {}
# Functions whose arguments are more than values, by name.
SYNTAX: dict[str, Handler] = {}


def compiles(*nodes: type, parts: Iterable[str] = _PLAIN_PARTS) -> Callable[[Handler], Handler]:
    """Registers the handler of these nodes, which reads `parts` of them and no others."""

    def register(handler: Handler) -> Handler:
        _HANDLERS.update(dict.fromkeys(nodes, (handler, frozenset(parts))))
        return handler

    return register


def syntax(name: str) -> Callable[[Handler], Handler]:
    """Registers the handler of calls of the function `name`."""

    def register(handler: Handler) -> Handler:
        SYNTAX[name] = handler
        return handler

    return register


def compile_expression(node: exp.Expression, scope: Scope) -> Typed:
    """Raises QueryError in Trino's words where names, types or functions do not fit."""
    return handler_of(node, scope)(node, scope)


def handler_of(node: exp.Expression, scope: Scope) -> Handler:
    """The handler of `node`, which has no parts that the handler does not look at."""
    if type(node) not in _HANDLERS:
        scope.error("NOT_SUPPORTED", f"{describe(node)} is not supported locally", node)
    handler, parts = _HANDLERS[type(node)]
    refuse_parts(node, parts, scope)
    return handler


def refuse_parts(node: exp.Expression, known: Collection[str], scope: Scope) -> None:
    """Raises NOT_SUPPORTED for a part of `node` that its handler does not look at: what is not
    understood must not be dropped."""
    for part, value in node.args.items():
        if value and part not in known:
            message = f"{part.strip('_').upper()} in {describe(node)} is not supported locally"
            scope.error("NOT_SUPPORTED", message, node)


def compile_as(node: exp.Expression, scope: Scope, target: Type, what: str) -> Typed:
    """An expression that must have, or be coercible to, `target`."""
    value = compile_expression(node, scope)
    if not can_coerce(value.type, target):
        scope.error(
            "TYPE_MISMATCH", f"{what} must evaluate to a {target} (actual: {value.type})", node
        )
    return coerce(value, target)


def unify(values: list[Typed], scope: Scope, node: exp.Expression, what: str) -> list[Typed]:
    """All values as their common type. Raises TYPE_MISMATCH where there is none."""
    target = values[0].type
    for value in values[1:]:
        common = common_type(target, value.type)
        if common is None:
            scope.error("TYPE_MISMATCH", f"{what}: {target} vs {value.type}", node)
        target = common
    try:
        return [coerce(value, target) for value in values]
    except CannotCast as error:
        scope.error("NOT_SUPPORTED", str(error), node)


def comparison(symbol: str, left: Typed, right: Typed, scope: Scope, node: exp.Expression) -> str:
    """DuckDB: whether `left symbol right`, of one type, by Trino's rules."""
    try:
        return compare(symbol, left.sql, right.sql, left.type)
    except BadArgument as error:
        scope.error("NOT_SUPPORTED", str(error), node)


def refuse_nested(type_: Type, scope: Scope, node: exp.Expression) -> None:
    if type_.base in ("array", "map", "row", "json"):
        message = f"comparing values of type {type_} is not supported locally"
        scope.error("NOT_SUPPORTED", message, node)


def describe(node: exp.Expression) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", " ", type(node).__name__).upper()


def apply_overload(
    name: str, overloads: list, arguments: list[Typed], scope: Scope, node: exp.Expression
) -> Typed:
    try:
        result = choose(overloads, arguments)
    except Ambiguous as error:
        scope.error(error.code, str(error), node)
    except BadArgument as error:
        scope.error(error.code, f"{name}: {error}", node)
    except CannotCast as error:
        scope.error("TYPE_MISMATCH", str(error), node)
    if result is None:
        given = ", ".join(str(each.type) for each in arguments)
        expected = ", ".join(sorted(f"{name}{each}" for each in overloads))
        message = f"Unexpected parameters ({given}) for function {name}. Expected: {expected}"
        scope.error("FUNCTION_NOT_FOUND", message, node)
    return result
