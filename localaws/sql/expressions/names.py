"""Columns and fields of rows."""

from sqlglot import exp

from localaws.sql.expressions.core import compile_expression, compiles
from localaws.sql.scope import Scope, Typed
from localaws.sql.types import text_literal


@compiles(exp.Column, parts={"this", "table", "db", "catalog"})
def _column(node: exp.Column, scope: Scope) -> Typed:
    """`a`, `t.a`, `db.t.a`, and fields of a row: the longest prefix that names a column wins."""
    if isinstance(node.this, exp.Star):
        scope.error("NOT_SUPPORTED", "all columns are not allowed here", node)
    parts = [part.name.lower() for part in node.parts]
    if len(parts) == 1 and parts[0] in scope.aliases:
        alias = scope.aliases[parts[0]]
        if alias is None:
            scope.error("AMBIGUOUS_NAME", f"Column '{parts[0]}' is ambiguous", node)
        return alias
    query: Scope | None = scope
    while query is not None:
        for qualifiers in range(min(len(parts) - 1, 3), -1, -1):
            found = query.find(tuple(parts[:qualifiers]), parts[qualifiers], node)
            if found is not None:
                value = found.use()
                for name in parts[qualifiers + 1 :]:
                    value = dereference(value, name, scope, node)
                return value
        query = query.parent
    scope.error("COLUMN_NOT_FOUND", f"Column '{'.'.join(parts)}' cannot be resolved", node)


def dereference(value: Typed, name: str, scope: Scope, node: exp.Expression) -> Typed:
    if value.type.base != "row":
        scope.error("TYPE_MISMATCH", f"Expression is not of type ROW: {value.type}", node)
    for i, (field_name, type_) in enumerate(value.type.args):
        if field_name and field_name.lower() == name:
            stored = text_literal(field_name or f"field{i}")
            return Typed(f"struct_extract({value.sql}, {stored})", type_)
    scope.error("COLUMN_NOT_FOUND", f"Column '{name}' cannot be resolved", node)


@compiles(exp.Dot)
def _dot(node: exp.Dot, scope: Scope) -> Typed:
    return dereference(compile_expression(node.this, scope), node.name.lower(), scope, node)


@compiles(exp.Identifier, parts={"this", "quoted"})
def _identifier(node: exp.Identifier, scope: Scope) -> Typed:
    """A bare identifier: a parameter inside a lambda, or a column there."""
    return _column(exp.Column(this=node.copy()), scope)
