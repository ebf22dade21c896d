"""Subqueries inside an expression: scalar, EXISTS, and comparison with ALL, ANY and SOME."""

from sqlglot import exp

from localaws.sql import operators
from localaws.sql.casts import coerce
from localaws.sql.comparisons import NESTED, has
from localaws.sql.expressions.core import (
    comparison,
    compile_expression,
    compiles,
    syntax,
)
from localaws.sql.functions.registry import BadArgument
from localaws.sql.scope import Output, Scope, Typed
from localaws.sql.types import BOOLEAN, common_type

_SYMBOLS = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}


@compiles(exp.Subquery, parts={"this", "with_", "order", "limit", "offset"})
def _scalar_subquery(node: exp.Subquery, scope: Scope) -> Typed:
    output = scope.analysis.compile_query(node, scope)
    _one_column(output, scope, node)
    return Typed(f"({output.sql})", output.types[0])


def _one_column(output: Output, scope: Scope, node: exp.Expression) -> None:
    if len(output.types) != 1:
        message = "Multiple columns returned by subquery are not yet supported."
        scope.error("NOT_SUPPORTED", message, node)


@compiles(exp.Exists)
def _exists(node: exp.Exists, scope: Scope) -> Typed:
    output = scope.analysis.compile_query(node.this, scope)
    return Typed(f"(EXISTS ({output.sql}))", BOOLEAN)


@syntax("exists")
def _exists_values(node: exp.Anonymous, scope: Scope) -> Typed:
    """EXISTS (VALUES ...), which sqlglot reads as a call."""
    if len(node.expressions) != 1:
        scope.error("SYNTAX_ERROR", "mismatched input 'EXISTS'", node)
    return _exists(exp.Exists(this=node.expressions[0]), scope)


def quantified(node: exp.Binary, scope: Scope) -> Typed | None:
    """`x = ALL (query)` and its like; None for a comparison of two values."""
    right = node.expression
    match right:
        case exp.All() | exp.Any():
            word, query = type(right).__name__.upper(), right.this
        case exp.Anonymous(expressions=[exp.Values() as query]) if right.name.upper() in _WORDS:
            # ALL (VALUES ...), which sqlglot reads as a call.
            word = _WORDS[right.name.upper()]
        case _:
            return None
    if type(node) not in _SYMBOLS or not isinstance(query, exp.Query | exp.Values):
        scope.error("SYNTAX_ERROR", f"mismatched input: {word} takes a subquery", node)
    output = scope.analysis.compile_query(query, scope)
    _one_column(output, scope, node)
    value = compile_expression(node.this, scope)
    target = common_type(value.type, output.types[0])
    try:
        if target is None:
            operators.binary(type(node), value, Typed("NULL", output.types[0]))
    except (operators.TypeMismatch, BadArgument) as error:
        scope.error("TYPE_MISMATCH", str(error), node)
    return any_or_all(_SYMBOLS[type(node)], word, coerce(value, target), output, scope, node)


def any_or_all(
    symbol: str, word: str, value: Typed, output: Output, scope: Scope, node: exp.Expression
) -> Typed:
    """Whether `value symbol` ANY or ALL rows of a query of one column, coerced to its type."""
    member = coerce(Typed("q.c0", output.types[0]), value.type).sql
    rows = f"({output.sql}) AS q"
    # Rows are looked up by identity: NaN is found, and NULL inside of a value is a value.
    by_identity = (symbol, word) in (("=", "ANY"), ("<>", "ALL")) and not has(
        value.type, ("map", "json")
    )
    if by_identity or value.type.base not in (*NESTED, "real", "double"):
        return Typed(f"({value.sql} {symbol} {word} (SELECT {member} FROM {rows}))", BOOLEAN)
    # Where the engine compares by other rules: row by row.
    name = scope.analysis.alias()
    test = comparison(symbol, value, Typed(name, value.type), scope, node)
    members = f"coalesce((SELECT list({member}) FROM {rows}), [])"
    return Typed(f"tr_{word.lower()}(list_transform({members}, lambda {name}: {test}))", BOOLEAN)


_WORDS = {"ALL": "ALL", "ANY": "ANY", "SOME": "ANY"}
