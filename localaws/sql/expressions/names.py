"""Columns, fields of rows, and what CURRENT_USER and its like stand for."""

from sqlglot import exp

from localaws.sql.expressions.core import compile_expression, compiles
from localaws.sql.quoting import text_literal
from localaws.sql.scope import Field, Scope, Typed
from localaws.sql.types import VARCHAR


class RowField(exp.Expression):
    """Field number `place` (from 1) of a row: what `row.*` stands for."""

    arg_types = {"this": True, "place": True}  # noqa: RUF012 (as sqlglot declares it)


@compiles(exp.CurrentCatalog)
def _current_catalog(_: exp.CurrentCatalog, __: Scope) -> Typed:
    return Typed("'awsdatacatalog'", VARCHAR)


@compiles(exp.CurrentSchema)
def _current_schema(_: exp.CurrentSchema, scope: Scope) -> Typed:
    return Typed(text_literal(scope.analysis.database), VARCHAR)


@compiles(exp.CurrentUser)
def _current_user(_: exp.CurrentUser, scope: Scope) -> Typed:
    """The account, which Athena also writes down as the owner of the views it makes."""
    return Typed(text_literal(scope.analysis.tables.account), VARCHAR)


@compiles(exp.Column, parts={"this", "table", "db", "catalog"})
def _column(node: exp.Column, scope: Scope) -> Typed:
    if isinstance(node.this, exp.Star):
        scope.error("NOT_SUPPORTED", "all columns are not allowed here", node)
    parts = [part.name for part in node.parts]
    if len(parts) == 1 and parts[0].lower() in scope.aliases:
        alias = scope.aliases[parts[0].lower()]
        if alias is None:
            scope.error("AMBIGUOUS_NAME", f"Column '{parts[0]}' is ambiguous", node)
        return alias
    field, fields, _ = resolve(node, scope)
    value = field.use()
    for name in fields:
        value = dereference(value, name, scope, node)
    return value


def resolve(node: exp.Column, scope: Scope) -> tuple[Field, list[str], Scope]:
    """The column that `a`, `t.a`, `db.t.a` names, the fields of a row that follow it, and the
    scope that has it: the nearest query with a match, where the longest prefix wins.

    Raises COLUMN_NOT_FOUND, AMBIGUOUS_NAME.
    """
    parts = [part.name for part in node.parts]
    lowered = tuple(part.lower() for part in parts)
    query: Scope | None = scope
    while query is not None:
        for qualifiers in range(min(len(parts) - 1, 3), -1, -1):
            found = query.find(lowered[:qualifiers], parts[qualifiers], node)
            if found is not None:
                if query is not scope:
                    scope.analysis.outer_uses.append(query)
                return found, parts[qualifiers + 1 :], query
        query = query.parent
    scope.error("COLUMN_NOT_FOUND", f"Column '{'.'.join(parts)}' cannot be resolved", node)


def dereference(value: Typed, name: str, scope: Scope, node: exp.Expression) -> Typed:
    if value.type.base != "row":
        scope.error("TYPE_MISMATCH", f"Expression is not of type ROW: {value.type}", node)
    found = [
        (place, type_)
        for place, (field, type_) in enumerate(value.type.args, 1)
        if field and field.lower() == name.lower()
    ]
    if len(found) > 1:
        scope.error("AMBIGUOUS_NAME", f"Ambiguous row field reference: {name}", node)
    if not found:
        scope.error("COLUMN_NOT_FOUND", f"Column '{name}' cannot be resolved", node)
    return _field(value, *found[0])


def _field(value: Typed, place: int, type_) -> Typed:
    return Typed(f"struct_extract_at({value.sql}, {place})", type_)


@compiles(RowField, parts={"this", "place"})
def _row_field(node: RowField, scope: Scope) -> Typed:
    value = compile_expression(node.this, scope)
    place = node.args["place"]
    return _field(value, place, value.type.args[place - 1][1])


@compiles(exp.Dot)
def _dot(node: exp.Dot, scope: Scope) -> Typed:
    return dereference(compile_expression(node.this, scope), node.name, scope, node)


@compiles(exp.Identifier, parts={"this", "quoted"})
def _identifier(node: exp.Identifier, scope: Scope) -> Typed:
    """A bare identifier: a parameter inside a lambda, or a column there."""
    return _column(exp.Column(this=node.copy()), scope)
