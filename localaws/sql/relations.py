"""The FROM clause: relations side by side and joined.

Source of the rules: Trino's grammar (`relation`, `relationPrimary`) and its StatementAnalyzer.
"""

from dataclasses import replace

from sqlglot import exp

from localaws.sql.casts import coerce
from localaws.sql.coercions import common_type
from localaws.sql.expressions import compile_as, refuse_parts, refuse_special
from localaws.sql.expressions.core import comparison
from localaws.sql.scope import Field, Output, Relation, Scope
from localaws.sql.sources import Source, aliased, table
from localaws.sql.types import BOOLEAN
from localaws.sql.unnest import table_function, unnest

_JOIN_PARTS = {"this", "on", "using", "side", "kind", "method"}


def compile_from(
    source: exp.From, joins: list[exp.Join] | None, scope: Scope
) -> tuple[str, list[Relation], frozenset[str]]:
    """The clause's SQL, its relations, and the aliases of scans that WHERE may prune.

    A comma binds weaker than JOIN: each of the relations between commas is a tree of joins of its
    own, which sees the relations before it only where it is a single UNNEST or LATERAL.
    """
    trees: list[tuple[exp.Expression, list[exp.Join]]] = [(source.this, [])]
    for join in joins or []:
        if _is_comma(join, scope):
            trees.append((join.this, []))
        else:
            trees[-1][1].append(join)
    parts, relations, prunable = [], [], frozenset()
    for first, rest in trees:
        lateral = not rest and isinstance(first, exp.Unnest | exp.Lateral)
        before = tuple(relations) if lateral else ()
        tree = _tree(first, rest, scope, before)
        prefix = "LATERAL " if lateral and parts else ""
        parts.append(f"({tree.sql})" if rest else f"{prefix}{tree.sql}")
        relations += tree.relations
        prunable |= tree.prunable
    return " CROSS JOIN ".join(parts), relations, prunable


def _is_comma(join: exp.Join, scope: Scope) -> bool:
    if any(join.args.get(part) for part in _JOIN_PARTS - {"this"}):
        return False
    refuse_parts(join, {"this"}, scope)
    return True


def _tree(
    first: exp.Expression,
    joins: list[exp.Join],
    scope: Scope,
    before: tuple[Relation, ...] = (),
) -> Source:
    source = _item(first, scope, before)
    for join in joins:
        refuse_parts(join, _JOIN_PARTS, scope)
        source = _joined(source, join, scope)
    return source


def _seeing(relations: tuple[Relation, ...], scope: Scope) -> Scope:
    return Scope(scope.analysis, list(relations), scope.parent, scope.ctes)


# ---- single relations


def _item(node: exp.Expression, scope: Scope, before: tuple[Relation, ...]) -> Source:
    """One relation; `before` is what an UNNEST or a LATERAL may refer to."""
    if joins := node.args.get("joins"):
        # `a JOIN b JOIN c ON ... ON ...`: the inner join hangs on its left side.
        source = _tree(_without(node, "joins"), joins, scope)
        return replace(source, sql=f"({source.sql})")
    if sample := node.args.get("sample"):
        source = _item(_without(node, "sample"), scope, before)
        return replace(source, sql=f"{source.sql} {_sample(sample, scope)}")
    match node:
        case exp.Table() if isinstance(node.this, exp.Identifier):
            refuse_parts(node, {"this", "alias", "db", "catalog", "version"}, scope)
            return table(node, scope)
        case exp.Table() if isinstance(node.this, exp.Anonymous):
            refuse_parts(node, {"this", "alias"}, scope)
            return table_function(node, scope)
        case exp.Table() if isinstance(node.this, exp.Values):
            # VALUES as the left side of a join in parentheses.
            refuse_parts(node, {"this", "alias"}, scope)
            return aliased(scope.analysis.compile_query(node.this, _outer(scope)), node, scope)
        case exp.Unnest():
            return unnest(node, _seeing(before, scope))
        case exp.Lateral():
            refuse_parts(node, {"this", "alias"}, scope)
            outer = _seeing(before, scope)
            return aliased(scope.analysis.compile_query(node.this.this, outer), node, scope)
        case exp.Subquery():
            refuse_parts(node, {"this", "alias", "with_", "order", "limit", "offset"}, scope)
            if isinstance(node.this, exp.Query | exp.Values) and not _is_relation(node.this):
                query = _without(node, "alias") if node.args.get("alias") else node
                return aliased(scope.analysis.compile_query(query, _outer(scope)), node, scope)
            return _renamed(_item(node.this, scope, ()), node, scope)
        case exp.Values():
            refuse_parts(node, {"expressions", "alias"}, scope)
            output = scope.analysis.compile_query(_without(node, "alias"), _outer(scope))
            return aliased(output, node, scope)
    scope.error("NOT_SUPPORTED", "this kind of relation is not supported locally", node)


def _without(node: exp.Expression, part: str) -> exp.Expression:
    bare = node.copy()
    bare.set(part, None)
    return bare


def _is_relation(node: exp.Expression) -> bool:
    """Whether what stands in parentheses is a relation, not a query: a table or a join."""
    if isinstance(node, exp.Subquery | exp.Values) and (
        node.args.get("joins") or node.args.get("alias")
    ):
        return True
    if isinstance(node, exp.Subquery):
        return _is_relation(node.this)
    return isinstance(node, exp.Table | exp.Unnest | exp.Lateral)


def _renamed(source: Source, node: exp.Subquery, scope: Scope) -> Source:
    """A relation in parentheses; with an alias, all of its columns belong to that alone."""
    if not node.args.get("alias"):
        return replace(source, sql=f"({source.sql})") if " JOIN " in source.sql else source
    fields = [field for relation in source.relations for field in relation.visible]
    columns = [field.use() for field in fields]
    selected = ", ".join(f"{column.sql} AS c{i}" for i, column in enumerate(columns))
    output = Output(
        f"SELECT {selected} FROM {source.sql}",
        tuple(field.name for field in fields),
        tuple(column.type for column in columns),
    )
    return aliased(output, node, scope)


def _outer(scope: Scope) -> Scope:
    """A subquery in FROM sees the WITH queries and the outer query, not its siblings."""
    if scope.parent is None:
        return Scope(scope.analysis, [], None, scope.ctes)
    outer = Scope(**vars(scope.parent))
    outer.ctes = scope.ctes
    return outer


def _sample(node: exp.TableSample, scope: Scope) -> str:
    """TABLESAMPLE BERNOULLI: each row by itself with the same chance, as in Trino."""
    refuse_parts(node, {"method", "percent"}, scope)
    method = node.args.get("method")
    if method is None or method.name.upper() != "BERNOULLI":
        message = "TABLESAMPLE SYSTEM depends on Athena's splits and is not supported locally"
        scope.error("NOT_SUPPORTED", message, node)
    percent = node.args.get("percent")
    if not (isinstance(percent, exp.Literal) and not percent.is_string):
        message = "only a constant sample percentage is supported locally"
        scope.error("NOT_SUPPORTED", message, node)
    if float(percent.this) > 100:
        message = "Sample percentage must be less than or equal to 100"
        scope.error("NUMERIC_VALUE_OUT_OF_RANGE", message, node)
    return f"TABLESAMPLE BERNOULLI ({percent.this}%)"


# ---- joins


def _joined(left: Source, join: exp.Join, scope: Scope) -> Source:
    kind = _join_kind(join, scope)
    on = join.args.get("on")
    lateral = isinstance(join.this, exp.Unnest | exp.Lateral)
    outer = kind in ("RIGHT", "FULL")
    if isinstance(join.this, exp.Unnest) and kind != "CROSS" and not _is_true(on):
        message = f"{kind} JOIN involving UNNEST is only supported with condition ON TRUE"
        scope.error("NOT_SUPPORTED", message, on or join)
    if isinstance(join.this, exp.Lateral) and kind == "FULL" and not _is_true(on):
        message = "FULL JOIN involving LATERAL relation is only supported with condition ON TRUE"
        scope.error("NOT_SUPPORTED", message, on or join)
    before = left.relations
    if lateral and outer:
        before = tuple(_forbidden(relation, kind, join, scope) for relation in before)
    right = _item(join.this, scope, before)
    # Rows that an outer join pads with NULLs must not be pruned: what they lack would show.
    prunable = left.prunable if not outer else frozenset()
    if kind in ("INNER", "CROSS", "RIGHT"):
        prunable |= right.prunable
    sql = f"LATERAL {right.sql}" if lateral and not outer else right.sql
    relations = (*left.relations, *right.relations)
    if kind == "CROSS":
        return Source(f"{left.sql} CROSS JOIN {sql}", relations, prunable)
    if join.args.get("using"):
        condition, relations = _using(left, right, kind, join, scope)
    else:
        refuse_special(on, "JOIN clause", scope)
        both = _seeing(relations, scope)
        condition = compile_as(on, both, BOOLEAN, "JOIN ON clause").sql
    return Source(f"{left.sql} {kind} JOIN {sql} ON {condition}", relations, prunable)


def _join_kind(join: exp.Join, scope: Scope) -> str:
    method, kind = join.args.get("method"), join.kind.upper()
    if method and method.upper() == "NATURAL":
        scope.error("NOT_SUPPORTED", "Natural join not supported", join)
    return "CROSS" if kind == "CROSS" else join.side.upper() or "INNER"


def _is_true(node: exp.Expression | None) -> bool:
    return isinstance(node, exp.Boolean) and bool(node.this)


def _forbidden(relation: Relation, kind: str, join: exp.Join, scope: Scope) -> Relation:
    """`relation` as an UNNEST or a LATERAL on the other side of an outer join sees it."""

    def refuse() -> None:
        message = f"LATERAL reference not allowed in {kind} JOIN"
        scope.error("INVALID_COLUMN_REFERENCE", message, join)

    fields = tuple(replace(field, on_use=refuse) for field in relation.fields)
    return replace(relation, fields=fields)


def _using(
    left: Source, right: Source, kind: str, join: exp.Join, scope: Scope
) -> tuple[str, tuple[Relation, ...]]:
    """The condition, and the relations: the named columns appear once, first, and belong to
    neither side any more."""
    conditions, merged = [], []
    names: list[str] = []
    for node in join.args["using"]:
        name = node.name.lower()
        if name in names:
            message = f"Column '{node.name}' appears multiple times in USING clause"
            scope.error("DUPLICATE_COLUMN_NAME", message, node)
        names.append(name)
        sides = []
        for source, word in ((left, "left"), (right, "right")):
            found = _seeing(source.relations, scope).find((), name, node)
            if found is None:
                message = f"Column '{node.name}' is missing from {word} side of join"
                scope.error("COLUMN_NOT_FOUND", message, node)
            sides.append(found.use())
        target = common_type(sides[0].type, sides[1].type)
        if target is None:
            message = f"Cannot apply operator: {sides[0].type} = {sides[1].type}"
            scope.error("TYPE_MISMATCH", message, node)
        a, b = (coerce(each, target) for each in sides)
        conditions.append(comparison("=", a, b, scope, node))
        value = {"RIGHT": b.sql, "FULL": f"coalesce({a.sql}, {b.sql})"}.get(kind, a.sql)
        merged.append(Field(node.name, target, value))

    def rest(relation: Relation) -> Relation:
        kept = tuple(each for each in relation.fields if (each.name or "").lower() not in names)
        return replace(relation, fields=kept)

    relations = [rest(each) for each in (*left.relations, *right.relations)]
    return " AND ".join(conditions), (Relation(None, tuple(merged)), *relations)
