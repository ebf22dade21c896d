"""Single relations of a FROM clause: tables, views, WITH queries and subqueries, under an alias."""

from dataclasses import dataclass, replace

from sqlglot import exp

from localaws.sql.casts import CannotCast, coerce
from localaws.sql.dialect import parse_query
from localaws.sql.errors import QueryError
from localaws.sql.quoting import quoted
from localaws.sql.scope import Field, Output, Relation, Scan, Scope, Typed, View, WithQuery
from localaws.sql.types import Type, zoned
from localaws.sql.views import staleness

_CATALOGS = ("", "awsdatacatalog")
_MAX_VIEW_DEPTH = 32
# WITH queries that use each other twice double with every step.
_MOST_COPIES = 100


@dataclass(frozen=True)
class Source:
    """A part of a FROM clause: its SQL, what it offers, and the aliases of the scans that
    conditions on it may prune."""

    sql: str
    relations: tuple[Relation, ...]
    prunable: frozenset[str] = frozenset()


def aliased(
    output: Output,
    node: exp.Expression,
    scope: Scope,
    name: str | None = None,
    database: str | None = None,
) -> Source:
    """A compiled query as a relation, named as `node` says, else `name`."""
    alias = scope.analysis.alias()
    relation = _relation(alias, output, node, name, scope, database)
    return Source(f"({output.sql}) AS {alias}", (relation,), frozenset({alias}))


def _relation(
    alias: str,
    output: Output,
    node: exp.Expression,
    name: str | None,
    scope: Scope,
    database: str | None = None,
) -> Relation:
    names = column_aliases(node, len(output.names), scope) or output.names
    fields = output_relation(alias, replace(output, names=tuple(names))).fields
    if node.alias:
        return Relation(node.alias.lower(), fields)
    return Relation(name, fields, database)


def output_relation(alias: str, output: Output) -> Relation:
    """The columns of a compiled query, read under `alias`."""
    fields = tuple(
        Field(column, type_, f"{alias}.c{i}")
        for i, (column, type_) in enumerate(zip(output.names, output.types, strict=True))
    )
    return Relation(None, fields)


def column_aliases(node: exp.Expression, columns: int, scope: Scope) -> list[str]:
    """The column names after a relation's alias, empty without them.

    Raises MISMATCHED_COLUMN_ALIASES where there are not as many as the relation has columns.
    """
    alias = node.args.get("alias")
    given = [each.name for each in alias.columns] if alias else []
    # sqlglot puts the name of an ordinality column aside, as `offset`.
    if given and isinstance(node.args.get("offset"), exp.Identifier):
        given.append(node.args["offset"].name)
    if given and len(given) != columns:
        message = (
            f"Column alias list has {len(given)} entries but '{node.alias}' has {columns} "
            "columns available"
        )
        scope.error("MISMATCHED_COLUMN_ALIASES", message, node)
    return given


def table(node: exp.Table, scope: Scope) -> Source:
    """A WITH query, a table or a view, by name."""
    name, database = node.name.lower(), node.db.lower()
    if not database and not node.catalog and (cte := scope.cte(name)):
        if node.args.get("version"):
            scope.error("NOT_SUPPORTED", "a WITH query has no versions", node)
        return _with_query(cte, node, scope, name)
    if node.catalog.lower() not in _CATALOGS:
        scope.error("CATALOG_NOT_FOUND", f"Catalog '{node.catalog}' does not exist", node)
    analysis = scope.analysis
    database = database or analysis.database
    try:
        found = analysis.tables.table(database, name, node.args.get("version"))
    except QueryError as error:
        scope.error(error.code, error.message, node)
    if isinstance(found, View):
        return aliased(_view(found, node, scope), node, scope, name, database)
    return _scan(found, node, scope)


def _with_query(cte: WithQuery, node: exp.Table, scope: Scope, name: str) -> Source:
    """Each use is a query of its own, as Trino plans it: what it reads is narrowed by itself and
    counted by itself, and random() gives it other numbers."""
    if cte.is_used and cte.again and next(scope.analysis.copies) < _MOST_COPIES:
        return aliased(cte.again(), node, scope, name)
    cte.is_used = True
    alias = scope.analysis.alias()
    relation = _relation(alias, cte.output, node, name, scope)
    return Source(f"{cte.alias} AS {alias}", (relation,), frozenset({alias}))


def _scan(found, node: exp.Table, scope: Scope) -> Source:
    analysis = scope.analysis
    alias = analysis.alias()
    scan = Scan(found, f"/*{analysis.token} {len(analysis.scans)}*/", alias)
    analysis.scans.append(scan)

    def field(name: str, type_: Type, hidden: bool) -> Field:
        def on_use() -> None:
            scan.used.add(name)
            analysis.uses.append((scan, name))

        return Field(name, type_, f"{alias}.{quoted(name)}", hidden, on_use)

    fields = tuple(field(name, type_, False) for name, type_ in found.columns)
    if given := column_aliases(node, len(fields), scope):
        fields = tuple(replace(each, name=new) for each, new in zip(fields, given, strict=True))
    relation = Relation(
        node.alias.lower() if node.alias else found.name,
        (*fields, *(field(name, type_, True) for name, type_ in found.hidden_columns)),
        None if node.alias else found.database,
    )
    return Source(f"{scan.marker} AS {alias}", (relation,), frozenset({alias}))


def _view(view: View, node: exp.Table, scope: Scope) -> Output:
    """A view's query, compiled in the view's own database, as its stored columns.

    Raises INVALID_VIEW, VIEW_IS_STALE.
    """
    analysis = scope.analysis
    if analysis.view_depth >= _MAX_VIEW_DEPTH:
        scope.error("VIEW_IS_RECURSIVE", f"View '{view.database}.{view.name}' is recursive", node)
    inner = replace(
        analysis,
        sql=view.sql,
        database=view.default_database,
        view_depth=analysis.view_depth + 1,
    )
    title = f"View 'awsdatacatalog.{view.database}.{view.name}'"
    try:
        output = analysis.compile_query(parse_query(view.sql), Scope(inner))
    except QueryError as error:
        message = f"Failed analyzing stored view {title[5:]}: {error.message}"
        scope.error("INVALID_VIEW", message, node)
    if reason := staleness(view, output):
        message = f"{title} is stale or in invalid state: {reason}"
        scope.error("VIEW_IS_STALE", message, node)
    # Stored types name no zones: the moments keep those that the query gives them.
    stored = [zoned(then, now) for (_, then), now in zip(view.columns, output.types, strict=True)]
    output = coerced_output(output, stored, scope)
    return replace(output, names=tuple(name for name, _ in view.columns))


def coerced_output(output: Output, types: list[Type], scope: Scope) -> Output:
    """`output` with its columns coerced to `types`."""
    if list(output.types) == types:
        return output
    alias = scope.analysis.alias()
    try:
        columns = ", ".join(
            f"{coerce(Typed(f'{alias}.c{i}', source), target).sql} AS c{i}"
            for i, (source, target) in enumerate(zip(output.types, types, strict=True))
        )
    except CannotCast as error:
        scope.error("NOT_SUPPORTED", str(error))
    return Output(f"SELECT {columns} FROM ({output.sql}) AS {alias}", output.names, tuple(types))
