"""The FROM clause: tables, views, subqueries, joins, UNNEST."""

from dataclasses import replace

from sqlglot import exp

from localaws.sql.casts import coerce
from localaws.sql.dialect import parse_query
from localaws.sql.errors import QueryError
from localaws.sql.expressions import compile_as, compile_expression, refuse_parts
from localaws.sql.scope import (
    Analysis,
    Field,
    Output,
    Relation,
    Scan,
    Scope,
    Typed,
    View,
)
from localaws.sql.types import BIGINT, BOOLEAN, UNKNOWN, Type, common_type, quoted, text_literal

_CATALOGS = ("", "awsdatacatalog")
_MAX_VIEW_DEPTH = 32


def compile_from(
    source: exp.From, joins: list[exp.Join] | None, scope: Scope
) -> tuple[str, list[Relation], set[str]]:
    """The clause's SQL, its relations, and the aliases of scans that WHERE may prune.

    A scan that an outer join may pad with NULLs is not pruned: the rows it lacks would show.
    """
    sql, relation, alias = _item(source.this, scope)
    relations, prunable = [relation], {alias}
    for join in joins or []:
        refuse_parts(join, {"this", "on", "using", "side", "kind", "method"}, scope)
        kind = _join_kind(join, scope)
        inner = Scope(scope.analysis, relations, scope.parent, scope.ctes)
        if isinstance(join.this, exp.Unnest):
            joined_sql, joined = _unnest(join.this, inner)
            sql += f" {_unnest_join(kind, join, scope)} LATERAL {joined_sql}"
            sql += " ON TRUE" if kind == "LEFT" else ""
            relations = [*relations, joined]
            continue
        joined_sql, joined, alias = _item(join.this, scope)
        if kind in ("RIGHT", "FULL"):
            prunable.clear()
        if kind in ("INNER", "CROSS", "RIGHT"):
            prunable.add(alias)
        sql, relations = _join(sql, relations, kind, join, joined_sql, joined, scope)
    return sql, relations, prunable


def _join_kind(join: exp.Join, scope: Scope) -> str:
    if join.args.get("method") or join.kind in ("SEMI", "ANTI"):
        method = join.args.get("method") or join.kind
        scope.error("NOT_SUPPORTED", f"{method} JOIN is not supported locally", join)
    if join.side:
        return join.side.upper()
    if join.kind:
        return join.kind.upper().replace("OUTER", "INNER")
    return "INNER" if join.args.get("on") or join.args.get("using") else "CROSS"


def _unnest_join(kind: str, join: exp.Join, scope: Scope) -> str:
    on = join.args.get("on")
    if kind == "CROSS":
        return "CROSS JOIN"
    if kind in ("LEFT", "INNER") and isinstance(on, exp.Boolean) and on.this:
        return "LEFT JOIN" if kind == "LEFT" else "CROSS JOIN"
    message = f"{kind} JOIN involving UNNEST is only supported with condition ON TRUE"
    scope.error("NOT_SUPPORTED", message, join)


def _join(
    left_sql: str,
    left: list[Relation],
    kind: str,
    join: exp.Join,
    right_sql: str,
    right: Relation,
    scope: Scope,
) -> tuple[str, list[Relation]]:
    both = Scope(scope.analysis, [*left, right], scope.parent, scope.ctes)
    if kind == "CROSS":
        return f"{left_sql} CROSS JOIN {right_sql}", both.relations
    if using := join.args.get("using"):
        return _join_using(left_sql, left, kind, using, right_sql, right, scope)
    on = join.args.get("on")
    if on is None:
        scope.error("SYNTAX_ERROR", "mismatched input: expected ON or USING", join)
    condition = compile_as(on, both, BOOLEAN, "JOIN ON clause").sql
    return f"{left_sql} {kind} JOIN {right_sql} ON {condition}", both.relations


def _join_using(
    left_sql: str,
    left: list[Relation],
    kind: str,
    using: list[exp.Identifier],
    right_sql: str,
    right: Relation,
    scope: Scope,
) -> tuple[str, list[Relation]]:
    """USING: the named columns appear once, first, and belong to neither side any more."""
    conditions, merged = [], []
    names = [each.name.lower() for each in using]
    for name, node in zip(names, using, strict=True):
        sides = []
        for relations, word in ((left, "left"), ([right], "right")):
            side = Scope(scope.analysis, relations)
            found = side.find((), name, node)
            if found is None:
                message = f"Column '{name}' is missing from {word} side of join"
                scope.error("COLUMN_NOT_FOUND", message, node)
            sides.append(found.use())
        a, b = sides
        target = common_type(a.type, b.type)
        if target is None:
            message = f"Column '{name}' has incompatible types: {a.type}, {b.type}"
            scope.error("TYPE_MISMATCH", message, node)
        a, b = (coerce(each, target) for each in sides)
        conditions.append(f"{a.sql} = {b.sql}")
        value = {"RIGHT": b.sql, "FULL": f"coalesce({a.sql}, {b.sql})"}.get(kind, a.sql)
        merged.append(Field(name, target, value))

    def rest(relation: Relation) -> Relation:
        return replace(
            relation, fields=tuple(each for each in relation.fields if each.name not in names)
        )

    relations = [Relation(None, tuple(merged)), *(rest(each) for each in left), rest(right)]
    return f"{left_sql} {kind} JOIN {right_sql} ON {' AND '.join(conditions)}", relations


# ---- single relations


def _item(node: exp.Expression, scope: Scope) -> tuple[str, Relation, str]:
    """One relation: its SQL, what it offers, and its alias."""
    for part in ("sample", "pivots", "laterals", "joins"):
        if node.args.get(part):
            scope.error("NOT_SUPPORTED", f"{part.upper()} in FROM is not supported locally", node)
    match node:
        case exp.Table() if isinstance(node.this, exp.Identifier):
            refuse_parts(node, {"this", "alias", "db", "catalog", "version"}, scope)
            return _table(node, scope)
        case exp.Subquery() if isinstance(node.this, exp.Table):
            if node.args.get("alias") or node.this.args.get("joins"):
                message = "a parenthesised join is not supported locally"
                scope.error("NOT_SUPPORTED", message, node)
            return _item(node.this, scope)
        case exp.Subquery():
            output = scope.analysis.compile_query(node.this, _outer(scope))
        case exp.Values():
            bare = node.copy()
            bare.set("alias", None)
            output = scope.analysis.compile_query(bare, _outer(scope))
        case exp.Unnest():
            sql, relation = _unnest(node, scope)
            return sql, relation, ""
        case _:
            scope.error("NOT_SUPPORTED", "this kind of relation is not supported locally", node)
    return _aliased(output, node, None, scope)


def _outer(scope: Scope) -> Scope:
    """A subquery in FROM sees the WITH queries and the outer query, not its siblings."""
    if scope.parent is None:
        return Scope(scope.analysis, [], None, scope.ctes)
    outer = Scope(**vars(scope.parent))
    outer.ctes = scope.ctes
    return outer


def _aliased(
    output: Output,
    node: exp.Expression,
    name: str | None,
    scope: Scope,
    database: str | None = None,
) -> tuple[str, Relation, str]:
    alias = scope.analysis.alias()
    return (
        f"({output.sql}) AS {alias}",
        _relation(alias, output, node, name, scope, database),
        alias,
    )


def _relation(
    alias: str,
    output: Output,
    node: exp.Expression,
    name: str | None,
    scope: Scope,
    database: str | None = None,
) -> Relation:
    names, given = output.names, _column_aliases(node)
    if given:
        if len(given) != len(names):
            message = (
                f"Column alias list has {len(given)} entries but relation has {len(names)} columns"
            )
            scope.error("MISMATCHED_COLUMN_ALIASES", message, node)
        names = tuple(given)
    fields = output_relation(alias, replace(output, names=names)).fields
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


def _column_aliases(node: exp.Expression) -> list[str]:
    alias = node.args.get("alias")
    return [each.name.lower() for each in alias.columns] if alias else []


def _table(node: exp.Table, scope: Scope) -> tuple[str, Relation, str]:
    name, database = node.name.lower(), node.db.lower()
    if not database and not node.catalog and (cte := scope.cte(name)):
        if node.args.get("version"):
            scope.error("NOT_SUPPORTED", "a WITH query has no versions", node)
        cte_alias, output = cte
        alias = scope.analysis.alias()
        return f"{cte_alias} AS {alias}", _relation(alias, output, node, name, scope), alias
    if node.catalog.lower() not in _CATALOGS:
        scope.error("CATALOG_NOT_FOUND", f"Catalog '{node.catalog}' does not exist", node)
    analysis = scope.analysis
    database = database or analysis.database
    try:
        table = analysis.tables.table(database, name, node.args.get("version"))
    except QueryError as error:
        scope.error(error.code, error.message, node)
    if isinstance(table, View):
        return _aliased(_view(table, node, scope), node, name, scope, database)
    return _scan(table, node, analysis)


def _scan(table, node: exp.Table, analysis: Analysis) -> tuple[str, Relation, str]:
    alias = analysis.alias()
    scan = Scan(table, f"/*{analysis.token} {len(analysis.scans)}*/", alias)
    analysis.scans.append(scan)

    def field(name: str, type_: Type, hidden: bool) -> Field:
        def on_use() -> None:
            scan.used.add(name)
            analysis.uses.append((scan, name))

        return Field(name, type_, f"{alias}.{quoted(name)}", hidden, on_use)

    given = _column_aliases(node)
    fields = tuple(field(name, type_, False) for name, type_ in table.columns)
    if given:
        fields = tuple(replace(each, name=new) for each, new in zip(fields, given, strict=False))
    path = field("$path", Type("varchar"), True)
    relation = Relation(
        node.alias.lower() if node.alias else table.name,
        (*fields, path),
        None if node.alias else table.database,
    )
    return f"{scan.marker} AS {alias}", relation, alias


def _view(view: View, node: exp.Table, scope: Scope) -> Output:
    """A view's query, compiled in the view's own database, as its stored columns.

    Source of VIEW_IS_STALE: Trino compares the stored columns with what the query gives now.
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
        message = f"Failed analyzing stored {title}: {error.message}"
        scope.error("INVALID_VIEW", message, node)
    stored = tuple(type_ for _, type_ in view.columns)
    if len(stored) != len(output.types) or any(
        common_type(now, then) != then for now, then in zip(output.types, stored, strict=True)
    ):
        now = ", ".join(map(str, output.types))
        message = f"{title} is stale or in invalid state: its columns are now ({now}); re-create it"
        scope.error("VIEW_IS_STALE", message, node)
    output = coerced_output(output, list(stored), scope)
    return replace(output, names=tuple(name for name, _ in view.columns))


def coerced_output(output: Output, types: list, scope: Scope) -> Output:
    """`output` with its columns coerced to `types`."""
    if list(output.types) == types:
        return output
    alias = scope.analysis.alias()
    columns = ", ".join(
        f"{coerce(Typed(f'{alias}.c{i}', source), target).sql} AS c{i}"
        for i, (source, target) in enumerate(zip(output.types, types, strict=True))
    )
    return Output(f"SELECT {columns} FROM ({output.sql}) AS {alias}", output.names, tuple(types))


# ---- UNNEST


def _unnest(node: exp.Unnest, scope: Scope) -> tuple[str, Relation]:
    """Arrays and maps side by side, the shorter padded with NULL; arrays of rows as columns."""
    refuse_parts(node, {"expressions", "alias", "offset"}, scope)
    values = [compile_expression(each, scope) for each in node.expressions]
    columns, parts, lengths = [], [], []
    for i, value in enumerate(values):
        match value.type.base:
            case "array" if value.type.element.base == "row":
                parts.append(f"unnest({value.sql}) AS u{i}")
                for j, (name, type_) in enumerate(value.type.element.args):
                    key = text_literal(name or f"field{j}")
                    columns.append((f"struct_extract(u{i}, {key})", name, type_))
                lengths.append(f"len({value.sql})")
            case "array":
                parts.append(f"unnest({value.sql}) AS u{i}")
                columns.append((f"u{i}", None, value.type.element))
                lengths.append(f"len({value.sql})")
            case "map":
                parts.append(f"unnest(map_keys({value.sql})) AS k{i}")
                parts.append(f"unnest(map_values({value.sql})) AS v{i}")
                columns.append((f"k{i}", None, value.type.args[0]))
                columns.append((f"v{i}", None, value.type.args[1]))
                lengths.append(f"cardinality({value.sql})")
            case _:
                scope.error("TYPE_MISMATCH", f"Cannot unnest type: {value.type}", node)
        if value.type == Type("array", (UNKNOWN,)):
            scope.error("TYPE_MISMATCH", "Cannot unnest an array of unknown type", node)
    # sqlglot puts the ordinality's column name aside, as `offset`.
    ordinality = node.args.get("offset")
    if ordinality:
        longest = ", ".join(f"coalesce({each}, 0)" for each in lengths)
        parts.append(f"unnest(range(1, CAST(greatest({longest}) AS BIGINT) + 1)) AS n")
        columns.append(("n", None, BIGINT))
    alias = scope.analysis.alias()
    selected = ", ".join(f"{sql} AS c{i}" for i, (sql, _, _) in enumerate(columns))
    sql = f"(SELECT {selected} FROM (SELECT {', '.join(parts)}) AS u) AS {alias}"
    names = _unnest_names(node, [name for _, name, _ in columns], scope)
    fields = tuple(
        Field(name, type_, f"{alias}.c{i}")
        for i, (name, (_, _, type_)) in enumerate(zip(names, columns, strict=True))
    )
    return sql, Relation(node.alias.lower() or None, fields)


def _unnest_names(node: exp.Unnest, names: list[str | None], scope: Scope) -> list[str | None]:
    given = _column_aliases(node)
    ordinality = node.args.get("offset")
    if given and isinstance(ordinality, exp.Identifier):
        given = [*given, ordinality.name.lower()]
    if not given:
        return names
    if len(given) != len(names):
        message = (
            f"Column alias list has {len(given)} entries but relation has {len(names)} columns"
        )
        scope.error("MISMATCHED_COLUMN_ALIASES", message, node)
    return given
