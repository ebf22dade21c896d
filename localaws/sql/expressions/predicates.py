"""Operators and predicates."""

import re

from sqlglot import exp

from localaws.sql import operators
from localaws.sql.casts import CannotCast
from localaws.sql.coercions import common_type
from localaws.sql.comparisons import is_plain
from localaws.sql.expressions.core import (
    comparison,
    compile_as,
    compile_expression,
    compiles,
    handler_of,
    unify,
)
from localaws.sql.expressions.subqueries import any_or_all, quantified
from localaws.sql.functions.registry import BadArgument
from localaws.sql.scope import Scope, Typed
from localaws.sql.types import BIGINT, BOOLEAN, DAY_TO_SECOND, UNKNOWN, YEAR_TO_MONTH

_CHAINED = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.DPipe)
_COMPARISONS = (
    exp.EQ,
    exp.NEQ,
    exp.LT,
    exp.LTE,
    exp.GT,
    exp.GTE,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
)


@compiles(exp.Paren)
def _paren(node: exp.Paren, scope: Scope) -> Typed:
    inner = compile_expression(node.this, scope)
    return Typed(f"({inner.sql})", inner.type)


@compiles(exp.Add, exp.Sub, exp.Mul, exp.Mod)
@compiles(exp.Div, parts={"this", "expression", "typed", "safe"})
@compiles(exp.DPipe, parts={"this", "expression", "safe"})
def _chain(node: exp.Binary, scope: Scope) -> Typed:
    """`a + b + c ...` nests deeply to the left: without recursion, however long it is."""
    steps = [node]
    while isinstance(steps[-1].this, _CHAINED):
        handler_of(steps[-1].this, scope)
        steps.append(steps[-1].this)
    value = compile_expression(steps[-1].this, scope)
    while steps:
        step = steps.pop()
        value = _apply(step, value, compile_expression(step.expression, scope), scope)
    return value


@compiles(*_COMPARISONS)
def _binary(node: exp.Binary, scope: Scope) -> Typed:
    if (result := quantified(node, scope)) is not None:
        return result
    left, right = compile_expression(node.this, scope), compile_expression(node.expression, scope)
    return _apply(node, left, right, scope)


def _apply(node: exp.Binary, left: Typed, right: Typed, scope: Scope) -> Typed:
    try:
        return operators.binary(type(node), left, right)
    except operators.TypeMismatch as error:
        scope.error("TYPE_MISMATCH", str(error), node)
    except BadArgument as error:
        scope.error(error.code, str(error), node)
    except CannotCast as error:
        scope.error("NOT_SUPPORTED", str(error), node)


@compiles(exp.And, exp.Or)
def _logical(node: exp.Connector, scope: Scope) -> Typed:
    word = "AND" if isinstance(node, exp.And) else "OR"
    # Long chains nest deeply to the left: flatten them, so that recursion stays shallow.
    parts = [
        compile_as(part, scope, BOOLEAN, f"Logical expression term: {word}").sql
        for part in node.flatten(unnest=False)
    ]
    return Typed("(" + f" {word} ".join(parts) + ")", BOOLEAN)


@compiles(exp.Not)
def _not(node: exp.Not, scope: Scope) -> Typed:
    value = compile_as(node.this, scope, BOOLEAN, "Value of logical NOT expression")
    return Typed(f"(NOT {value.sql})", BOOLEAN)


@compiles(exp.Neg)
def _negative(node: exp.Neg, scope: Scope) -> Typed:
    if isinstance(node.this, exp.Literal) and node.this.this == str(2**63):
        return Typed(f"(-{2**63})::BIGINT", BIGINT)
    value = compile_expression(node.this, scope)
    if not (value.type.is_numeric or value.type in (DAY_TO_SECOND, YEAR_TO_MONTH)):
        scope.error("TYPE_MISMATCH", f"Cannot negate {value.type}", node)
    if value.type.is_integer:
        # The least of them has no opposite: a subtraction tells, a negation wraps or widens.
        return Typed(f"(0::{value.type.duckdb()} - {value.sql})", value.type)
    return Typed(f"(-{value.sql})", value.type)


@compiles(exp.Is)
def _is(node: exp.Is, scope: Scope) -> Typed:
    return Typed(f"({compile_expression(node.this, scope).sql} IS NULL)", BOOLEAN)


@compiles(exp.Between, parts={"this", "low", "high"})
def _between(node: exp.Between, scope: Scope) -> Typed:
    value, low, high = (
        compile_expression(node.args[key], scope) for key in ("this", "low", "high")
    )
    if any(common_type(value.type, bound.type) is None for bound in (low, high)):
        message = f"Cannot check if {value.type} is BETWEEN {low.type} and {high.type}"
        scope.error("TYPE_MISMATCH", message, node)
    value, low, high = unify([value, low, high], scope, node, "BETWEEN")
    if is_plain(value.type, [value.sql, low.sql, high.sql]):
        return Typed(f"({value.sql} BETWEEN {low.sql} AND {high.sql})", BOOLEAN)
    parts = [comparison(*each, scope, node) for each in ((">=", value, low), ("<=", value, high))]
    return Typed(f"({' AND '.join(parts)})", BOOLEAN)


@compiles(exp.In, parts={"this", "expressions", "query"})
def _in(node: exp.In, scope: Scope) -> Typed:
    query = node.args.get("query")
    if query is None and isinstance(node.expressions[0], exp.Values):
        query = node.expressions[0]
    if query is not None:
        return any_or_all("=", "ANY", query, scope, node)
    value = compile_expression(node.this, scope)
    members = [compile_expression(each, scope) for each in node.expressions]
    what = "IN value and list items must be the same type or coercible to a common type"
    value, *members = unify([value, *members], scope, node, what)
    if is_plain(value.type, [value.sql, *(each.sql for each in members)]):
        return Typed(f"({value.sql} IN ({', '.join(each.sql for each in members)}))", BOOLEAN)
    same = [comparison("=", value, member, scope, node) for member in members]
    return Typed(f"({' OR '.join(same)})", BOOLEAN)


@compiles(exp.Like, parts={"this", "expression", "negate"})
def _like(node: exp.Like, scope: Scope) -> Typed:
    value, pattern = _texts([node.this, node.expression], scope, node)
    word = "NOT LIKE" if node.args.get("negate") else "LIKE"
    return Typed(f"({value} {word} {pattern})", BOOLEAN)


@compiles(exp.Escape)
def _escape(node: exp.Escape, scope: Scope) -> Typed:
    """LIKE ... ESCAPE. What is wrong with the constants of a pattern fails before the query runs,
    what is wrong with a computed one while it runs."""
    like = node.this
    if not isinstance(like, exp.Like):
        scope.error("NOT_SUPPORTED", "ESCAPE is only supported after LIKE", node)
    value, pattern, escape = _texts([like.this, like.expression, node.expression], scope, node)
    if isinstance(node.expression, exp.Literal) and isinstance(like.expression, exp.Literal):
        _check_pattern(like.expression.name, node.expression.name, scope, node)
        found = f"({value} LIKE {pattern} ESCAPE {escape})"
    else:
        found = f"tr_like({value}, {pattern}, CAST({escape} AS VARCHAR))"
    return Typed(f"(NOT {found})" if like.args.get("negate") else found, BOOLEAN)


def _texts(nodes: list[exp.Expression], scope: Scope, node: exp.Expression) -> list[str]:
    values = [compile_expression(each, scope) for each in nodes]
    for value, what in zip(values, ("Left side of LIKE expression", "Pattern for LIKE expression",
                                    "Escape for LIKE expression"), strict=False):  # fmt: skip
        if not (value.type.is_string or value.type == UNKNOWN):
            message = f"{what} must evaluate to a varchar (actual: {value.type})"
            scope.error("TYPE_MISMATCH", message, node)
    return [value.sql for value in values]


def _check_pattern(pattern: str, escape: str, scope: Scope, node: exp.Expression) -> None:
    if len(escape) != 1:
        message = "Escape string must be a single character"
        scope.error("INVALID_FUNCTION_ARGUMENT", message, node)
    character = re.escape(escape)
    if not re.fullmatch(f"(?s)(?:{character}[%_{character}]|(?!{character}).)*", pattern):
        message = "Escape character must be followed by '%', '_' or the escape character itself"
        scope.error("INVALID_FUNCTION_ARGUMENT", message, node)
