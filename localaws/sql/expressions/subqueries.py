"""Subqueries inside an expression."""

from sqlglot import exp

from localaws.sql.expressions.core import compiles
from localaws.sql.scope import Scope, Typed
from localaws.sql.types import BOOLEAN


@compiles(exp.Subquery, parts={"this"})
def _scalar_subquery(node: exp.Subquery, scope: Scope) -> Typed:
    output = scope.analysis.compile_query(node.this, scope)
    if len(output.types) != 1:
        message = "Multiple columns returned by subquery are not yet supported."
        scope.error("NOT_SUPPORTED", message, node)
    return Typed(f"({output.sql})", output.types[0])


@compiles(exp.Exists)
def _exists(node: exp.Exists, scope: Scope) -> Typed:
    output = scope.analysis.compile_query(node.this, scope)
    return Typed(f"(EXISTS ({output.sql}))", BOOLEAN)
