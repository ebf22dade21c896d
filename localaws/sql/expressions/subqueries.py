"""Subqueries inside an expression: scalar, EXISTS, and comparison with ALL, ANY and SOME."""

from sqlglot import exp

from localaws.sql.casts import coerce
from localaws.sql.coercions import common_type
from localaws.sql.comparisons import NESTED, has, has_null, without_nulls
from localaws.sql.expressions.constructors import make_row
from localaws.sql.expressions.core import (
    comparison,
    compile_expression,
    compiles,
    syntax,
)
from localaws.sql.scope import Output, Scope, Typed
from localaws.sql.types import BOOLEAN, row

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
    return any_or_all(_SYMBOLS[type(node)], word, query, scope, node)


def any_or_all(
    symbol: str, word: str, query: exp.Expression, scope: Scope, node: exp.Expression
) -> Typed:
    """Whether `node.this symbol` ANY or ALL rows of a query."""
    value = compile_expression(node.this, scope)
    seen = len(scope.analysis.outer_uses)
    output = scope.analysis.compile_query(query, scope)
    correlated = scope.uses_in(scope.analysis.outer_uses[seen:])
    value, member = _comparable(value, output, scope, node)
    rows = f"({output.sql}) AS q"
    sql = f"({value.sql} {symbol} {word} (SELECT {member.sql} FROM {rows}))"
    own_rules = value.type.base in (*NESTED, "real", "double")
    if (symbol, word) in (("=", "ANY"), ("<>", "ALL")) and not has(value.type, ("map", "json")):
        # Rows are looked up by identity: NaN is found, and NULL inside of a value is a value. In
        # a filter or a correlated query Trino joins instead: there they equal nothing.
        if own_rules and (correlated or _filters(node, word)):
            unequal = f"coalesce({has_null(value.sql, value.type)}, FALSE)"
            sql = f"({sql} AND NOT {unequal})" if word == "ANY" else f"({sql} OR {unequal})"
        return Typed(sql, BOOLEAN)
    if own_rules:
        # Where the engine compares by other rules: row by row.
        name = scope.analysis.alias()
        test = comparison(symbol, value, Typed(name, value.type), scope, node)
        listed = f"list({member.sql})"
        # Trino takes the least and the largest row here: that fails on NULL inside, and depends on
        # the order of rows with NaN.
        if value.type.base in ("real", "double"):
            message = "comparing with ALL or ANY of several rows, NaN among them, is not supported"
            failed = f"CAST(tr_fail('NOT_SUPPORTED', '{message}') AS {value.type.duckdb()}[])"
            listed = (
                f"CASE WHEN count(*) > 1 AND bool_or(isnan({member.sql})) "
                f"THEN {failed} ELSE {listed} END"
            )
        elif not has(value.type, ("map", "json")):
            test = without_nulls(test, value.sql, name, value.type)
        members = f"coalesce((SELECT {listed} FROM {rows}), [])"
        sql = f"tr_{word.lower()}(list_transform({members}, lambda {name}: {test}))"
    if (symbol, word) in (("=", "ALL"), ("<>", "ANY")):
        # Trino needs no value where two rows differ, since it equals one of them at the most.
        several = f"(SELECT count(DISTINCT {member.sql}) > 1 FROM {rows})"
        known = "FALSE" if word == "ALL" else "TRUE"
        sql = f"(CASE WHEN {value.sql} IS NULL AND {several} THEN {known} ELSE {sql} END)"
    return Typed(sql, BOOLEAN)


def _comparable(
    value: Typed, output: Output, scope: Scope, node: exp.Expression
) -> tuple[Typed, Typed]:
    """The value, and what stands for a row of `q`, the query, as one type.

    A row value is compared with all columns of the query, any other with its only one.
    """
    columns = [Typed(f"q.c{i}", type_) for i, type_ in enumerate(output.types)]
    single = value.type.base != "row" and len(columns) == 1
    member = columns[0] if single else make_row(columns)
    target = common_type(value.type, member.type)
    if target is None:
        given, found = (
            row((None, each.type)) if each.type.base != "row" else each.type
            for each in (value, make_row(columns))
        )
        message = (
            f"Value expression and result of subquery must be of the same type: {given} vs {found}"
        )
        scope.error("TYPE_MISMATCH", message, node)
    return coerce(value, target), coerce(member, target)


def _filters(node: exp.Expression, word: str) -> bool:
    """Whether rows are kept only where `node`, = ANY or <> ALL, says that there is an equal."""
    negated, above = word == "ALL", node.parent
    while isinstance(above, exp.Not | exp.Paren):
        negated ^= isinstance(above, exp.Not)
        above = above.parent
    while isinstance(above, exp.And | exp.Paren):
        above = above.parent
    inner = isinstance(above, exp.Join) and not above.side
    return not negated and (inner or isinstance(above, exp.Where | exp.Having))


_WORDS = {"ALL": "ALL", "ANY": "ANY", "SOME": "ANY"}
