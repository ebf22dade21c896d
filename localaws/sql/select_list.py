"""The SELECT list: what each column is computed from and what it is called."""

from dataclasses import dataclass

from sqlglot import exp

from localaws.sql.expressions import compile_expression
from localaws.sql.expressions.names import RowField
from localaws.sql.scope import Field, Relation, Scope


@dataclass(frozen=True)
class Item:
    """One output column: an expression, or a column that a star stands for."""

    node: exp.Expression | Field
    name: str | None


def select_items(node: exp.Select, scope: Scope) -> list[Item]:
    """The columns of a SELECT, stars expanded.

    Source of the names: Trino gives a column the name of its alias, else that of the column or
    field it is, else none.
    """
    items: list[Item] = []
    for each in node.expressions:
        star, aliases = each, None
        if isinstance(each, exp.Aliases):
            star, aliases = each.this, [name.name for name in each.expressions]
        expanded = _star(star, scope, node)
        if expanded is None:
            if isinstance(each, exp.Alias):
                items.append(Item(each.this, each.alias))
            else:
                items.append(Item(each, column_name(each)))
            continue
        if aliases is not None and len(aliases) != len(expanded):
            message = (
                f"Column alias list has {len(aliases)} entries but relation has "
                f"{len(expanded)} columns"
            )
            scope.error("MISMATCHED_COLUMN_ALIASES", message, each)
        names = aliases or [item.name for item in expanded]
        items += [Item(item.node, name) for item, name in zip(expanded, names, strict=True)]
    return items


def column_name(node: exp.Expression) -> str | None:
    """`a`, `t.a` and `(t.r).a` are called a; anything else has no name."""
    node = node.unnest()
    if isinstance(node, exp.Dot):
        return node.name if column_name(node.this) is not None else None
    return node.name if isinstance(node, exp.Column) else None


def _star(node: exp.Expression, scope: Scope, select: exp.Select) -> list[Item] | None:
    """What `*`, `t.*` or `row.*` stands for; None for any other expression."""
    match node:
        case exp.Star() | exp.Column(this=exp.Star()):
            star = node if isinstance(node, exp.Star) else node.this
            if any(star.args.values()):
                scope.error("SYNTAX_ERROR", "mismatched input: * with EXCEPT or REPLACE", node)
        case exp.Dot(expression=exp.Star()):
            row = node.this.unnest()
            if isinstance(row, exp.Column) and not row.table:
                # A name alone is that of a relation, in parentheses too.
                return _qualified(exp.Column(this=node.expression, table=row.this), scope)
            return _fields_of_row(node.this, scope)
        case _:
            return None
    if isinstance(node, exp.Column):
        return _qualified(node, scope)
    if not scope.relations:
        message = "SELECT * not allowed in queries without FROM clause"
        scope.error("COLUMN_NOT_FOUND", message, select)
    return _columns(scope.relations, scope, select)


def _columns(relations: list[Relation], scope: Scope, node: exp.Expression) -> list[Item]:
    fields = [field for relation in relations for field in relation.visible]
    if not fields:
        message = "SELECT * not allowed from relation that has no columns"
        scope.error("COLUMN_NOT_FOUND", message, node)
    return [Item(field, field.name) for field in fields]


def _qualified(node: exp.Column, scope: Scope) -> list[Item]:
    """`t.*`, or `t.r.*` for a column r that is a row: the nearest query with either."""
    identifiers = node.parts[:-1]
    parts = tuple(part.name.lower() for part in identifiers)
    chain = ".".join(part.name for part in identifiers)
    query: Scope | None = scope
    while query is not None:
        tables = [each for each in query.relations if each.answers_to(parts)]
        row = len(parts) > 1 and any(
            field.called(parts[1]) and field.type.base == "row"
            for relation in query.relations
            if relation.answers_to(parts[:1])
            for field in relation.fields
        )
        if tables and row:
            scope.error("AMBIGUOUS_NAME", f"Reference '{chain}' is ambiguous", node)
        if tables:
            return _columns(tables, scope, node)
        if row:
            keys = ("this", "table", "db", "catalog")
            names = dict(zip(keys, reversed(identifiers), strict=False))
            return _fields_of_row(exp.Column(**{k: v.copy() for k, v in names.items()}), scope)
        query = query.parent
    scope.error("TABLE_NOT_FOUND", f"Unable to resolve reference {chain}", node)


def _fields_of_row(node: exp.Expression, scope: Scope) -> list[Item]:
    type_ = compile_expression(node, scope).type
    if type_.base != "row":
        scope.error("TYPE_MISMATCH", "expected expression of type Row", node)
    return [
        Item(RowField(this=node.copy(), place=place), name)
        for place, (name, _) in enumerate(type_.args, 1)
    ]
