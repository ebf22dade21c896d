"""Queries: SELECT, VALUES, set operations and WITH, compiled to DuckDB SQL.

Every relation gets an alias of its own and every output column a plain name (c0, c1, ...), so no
name of the user's is ever resolved by DuckDB's rules instead of Trino's.
"""

from dataclasses import replace

from sqlglot import exp

from localaws.sql import functions
from localaws.sql.errors import QueryError
from localaws.sql.expressions import (
    compile_as,
    compile_expression,
    ordering,
    refuse_parts,
    unify,
)
from localaws.sql.relations import coerced_output, compile_from, output_relation
from localaws.sql.scope import Analysis, Field, Output, Scope, Tables, Typed
from localaws.sql.types import BOOLEAN, common_type

_SELECT_PARTS = {
    "expressions",
    "from_",
    "joins",
    "where",
    "group",
    "having",
    "order",
    "limit",
    "offset",
    "distinct",
    "with_",
    "windows",
    "kind",
    "hint",
}


def analyze(
    tree: exp.Expression, sql: str, tables: Tables, database: str
) -> tuple[Output, Analysis]:
    """The query `tree` compiled; the Analysis holds the scans whose markers stand in the SQL.

    Raises QueryError for everything that Athena would reject, and for what is not supported.
    """
    analysis = Analysis(sql, tables, database, compile_query)
    try:
        return compile_query(tree, Scope(analysis)), analysis
    except RecursionError:
        message = "statement is too large (stack overflow during analysis)"
        raise QueryError("STACK_OVERFLOW", message) from None


def compile_query(node: exp.Expression, outer: Scope) -> Output:
    """A query whose free names may refer to `outer`."""
    scope = Scope(outer.analysis, [], outer, dict(outer.ctes))
    prefix = _with(node, scope)
    match node:
        case exp.Select():
            output = _select(node, scope)
        case exp.SetOperation():
            output = _ordered(_set_operation(node, scope), node, scope)
        case exp.Subquery():
            if node.args.get("joins") or node.args.get("alias"):
                scope.error("SYNTAX_ERROR", "mismatched input: expected a query", node)
            refuse_parts(node, {"this", "with_", "order", "limit", "offset"}, scope)
            output = _ordered(compile_query(node.this, scope), node, scope)
        case exp.Values():
            output = _ordered(compile_values(node, scope), node, scope)
        case exp.Table():
            # `TABLE name` as a query
            scope.error("NOT_SUPPORTED", "TABLE as a query is not supported locally", node)
        case _:
            scope.error("SYNTAX_ERROR", "mismatched input: expected a query", node)
    return replace(output, sql=f"{prefix}{output.sql}") if prefix else output


def _with(node: exp.Expression, scope: Scope) -> str:
    clause = node.args.get("with_")
    if clause is None:
        return ""
    if clause.args.get("recursive"):
        scope.error("NOT_SUPPORTED", "WITH RECURSIVE is not supported locally", clause)
    parts, seen = [], set()
    for cte in clause.expressions:
        if cte.alias.lower() in seen:
            message = f"WITH query name '{cte.alias.lower()}' specified more than once"
            scope.error("DUPLICATE_NAMED_QUERY", message, cte)
        seen.add(cte.alias.lower())
        refuse_parts(cte, {"this", "alias"}, scope)
        output = compile_query(cte.this, scope)
        if names := [each.name.lower() for each in cte.args["alias"].columns]:
            output = renamed(output, names, scope, cte)
        alias = scope.analysis.alias()
        parts.append(f"{alias} AS ({output.sql})")
        scope.ctes[cte.alias.lower()] = (alias, output)
    return f"WITH {', '.join(parts)} "


def renamed(output: Output, names: list[str], scope: Scope, node: exp.Expression) -> Output:
    if len(names) != len(output.names):
        message = (
            f"Column alias list has {len(names)} entries "
            f"but relation has {len(output.names)} columns"
        )
        scope.error("MISMATCHED_COLUMN_ALIASES", message, node)
    return replace(output, names=tuple(names))


# ---- SELECT


def _select(node: exp.Select, scope: Scope) -> Output:
    for part, value in node.args.items():
        if value and part not in _SELECT_PARTS:
            scope.error("NOT_SUPPORTED", f"{part.upper()} is not supported locally", node)
    from_sql = ""
    if source := node.args.get("from_"):
        from_sql, scope.relations, prunable = compile_from(source, node.args.get("joins"), scope)
    scope.windows = {each.name.lower(): each for each in node.args.get("windows") or []}
    where_sql = ""
    if where := node.args.get("where"):
        where_sql = f" WHERE {_where(where.this, scope, prunable if source else set())}"

    items = _select_items(node, scope)
    group_nodes, group_sql = _group_by(node.args.get("group"), items, scope)
    grouped = group_sql is not None or _has_aggregate(node)
    scope.allow_aggregates = grouped
    if grouped:
        _check_grouped(node, items, group_nodes or [], scope)

    columns = [
        item.use() if isinstance(item, Field) else compile_expression(item, scope)
        for item, _ in items
    ]
    names = tuple(name for _, name in items)
    selected = ", ".join(f"{column.sql} AS c{i}" for i, column in enumerate(columns))
    distinct = _distinct(node, scope)
    sql = f"SELECT {distinct}{selected}"
    if from_sql:
        sql += f" FROM {from_sql}"
    sql += where_sql
    if group_sql:
        sql += f" GROUP BY {group_sql}"
    if having := node.args.get("having"):
        sql += f" HAVING {compile_as(having.this, scope, BOOLEAN, 'HAVING clause').sql}"
    if order := node.args.get("order"):
        sql += f" ORDER BY {_order_by(order, columns, names, scope, distinct=bool(distinct))}"
    sql += _limit(node, scope)
    return Output(sql, names, tuple(column.type for column in columns))


def _distinct(node: exp.Select, scope: Scope) -> str:
    distinct = node.args.get("distinct")
    if distinct is None:
        return ""
    if distinct.args.get("on"):
        scope.error("SYNTAX_ERROR", "mismatched input 'ON'", distinct)
    return "DISTINCT "


def _select_items(
    node: exp.Select, scope: Scope
) -> list[tuple[exp.Expression | Field, str | None]]:
    """(expression or field, output name) for each column, stars expanded."""
    items: list[tuple[exp.Expression | Field, str | None]] = []
    for each in node.expressions:
        if isinstance(each, exp.Star):
            if any(each.args.values()):
                scope.error("NOT_SUPPORTED", "* with EXCEPT or REPLACE is not supported", each)
            if not scope.relations:
                scope.error(
                    "COLUMN_NOT_FOUND", "SELECT * not allowed in queries without FROM", node
                )
            items += [(f, f.name) for relation in scope.relations for f in relation.visible]
        elif isinstance(each, exp.Column) and isinstance(each.this, exp.Star):
            items += _qualified_star(each, scope)
        elif isinstance(each, exp.Alias):
            items.append((each.this, each.alias.lower()))
        elif isinstance(each, exp.Column | exp.Dot):
            items.append((each, each.name.lower()))
        else:
            items.append((each, None))
    return items


def _qualified_star(node: exp.Column, scope: Scope) -> list[tuple[Field, str | None]]:
    name = node.table.lower()
    for relation in scope.relations:
        if relation.name == name:
            return [(f, f.name) for f in relation.visible]
    scope.error("TABLE_NOT_FOUND", f"Unable to resolve reference {name}", node)


def _where(node: exp.Expression, scope: Scope, prunable: set[str]) -> str:
    """The condition; its conjuncts on partition columns alone are noted for the scan they prune."""
    analysis = scope.analysis
    conjuncts = list(node.flatten(unnest=False)) if isinstance(node, exp.And) else [node]
    compiled = []
    for conjunct in conjuncts:
        seen = len(analysis.uses)
        sql = compile_as(conjunct, scope, BOOLEAN, "WHERE clause").sql
        compiled.append(sql)
        uses = analysis.uses[seen:]
        names = sum(1 for _ in conjunct.find_all(exp.Column))
        scans = {id(scan): scan for scan, _ in uses}
        if len(scans) != 1 or names != len(uses) or conjunct.find(exp.Query, exp.Lambda):
            continue
        (scan,) = scans.values()
        if scan.alias in prunable and all(name in scan.table.partition_keys for _, name in uses):
            scan.filters.append(sql)
    return " AND ".join(compiled)


# ---- grouping


def _group_by(
    group: exp.Group | None, items: list, scope: Scope
) -> tuple[list[exp.Expression] | None, str | None]:
    """The expressions grouped by, and the clause. (None, None) without GROUP BY."""
    if group is None:
        return None, None
    for part, value in group.args.items():
        if value and part != "expressions":
            scope.error("NOT_SUPPORTED", f"GROUP BY {part.upper()} is not supported locally", group)
    nodes: list[exp.Expression] = []

    def key(node: exp.Expression) -> str:
        item = _group_item(node, items, scope)
        nodes.append(item)
        return item.use().sql if isinstance(item, Field) else compile_expression(item, scope).sql

    def key_set(node: exp.Expression) -> str:
        inner = node.expressions if isinstance(node, exp.Tuple) else [node.unnest()]
        return f"({', '.join(key(each) for each in inner)})"

    def clause(node: exp.Expression) -> str:
        match node:
            case exp.GroupingSets():
                return f"GROUPING SETS ({', '.join(key_set(each) for each in node.expressions)})"
            case exp.Rollup() | exp.Cube():
                word = type(node).__name__.upper()
                return f"{word} ({', '.join(key(each) for each in node.expressions)})"
        return key(node)

    clauses = [clause(each) for each in group.expressions]
    return nodes, ", ".join(clauses)


def _group_item(node: exp.Expression, items: list, scope: Scope) -> exp.Expression | Field:
    if isinstance(node, exp.Literal) and node.is_int:
        place = int(node.this)
        if not 1 <= place <= len(items):
            message = f"GROUP BY position {place} is not in select list"
            scope.error("INVALID_COLUMN_REFERENCE", message, node)
        return items[place - 1][0]
    return node


def _has_aggregate(node: exp.Select) -> bool:
    parts = [*node.expressions, node.args.get("having"), node.args.get("order")]
    return any(part is not None and _aggregates_in(part) for part in parts)


def _aggregates_in(node: exp.Expression) -> bool:
    if isinstance(node, exp.Query):
        return False
    if isinstance(node, exp.Window):
        # The window function itself is no aggregate of this query; what it is applied to may be.
        inner = node.this.this if isinstance(node.this, exp.Filter) else node.this
        parts = [*inner.iter_expressions(), *node.args.get("partition_by", [])]
        if node.args.get("order"):
            parts.append(node.args["order"])
        return any(_aggregates_in(part) for part in parts)
    if isinstance(node, exp.Anonymous) and node.name.lower() in functions.AGGREGATES:
        return True
    return any(_aggregates_in(each) for each in node.iter_expressions())


def _check_grouped(node: exp.Select, items: list, keys: list, scope: Scope) -> None:
    """Every column outside an aggregate must be grouped by: Trino's EXPRESSION_NOT_AGGREGATE."""
    grouped = {_fingerprint(key, scope) for key in keys}

    def check(part: exp.Expression) -> None:
        if isinstance(part, exp.Query) or _fingerprint(part, scope) in grouped:
            return
        if isinstance(part, exp.Anonymous):
            name = part.name.lower()
            if name == "grouping" or (
                name in functions.AGGREGATES and not isinstance(part.parent, exp.Window)
            ):
                return
        if isinstance(part, exp.Filter) and not isinstance(part.parent, exp.Window):
            return
        if isinstance(part, exp.Column):
            message = f"'{part.sql()}' must be an aggregate expression or appear in GROUP BY clause"
            scope.error("EXPRESSION_NOT_AGGREGATE", message, part)
        for each in part.iter_expressions():
            check(each)

    for item, name in items:
        if isinstance(item, Field):
            if item.sql not in grouped:
                message = f"'{name}' must be an aggregate expression or appear in GROUP BY clause"
                scope.error("EXPRESSION_NOT_AGGREGATE", message, node)
        else:
            check(item)
    if having := node.args.get("having"):
        check(having.this)


def _fingerprint(node: exp.Expression | Field, scope: Scope) -> str:
    """The same text for the same expression, however its columns are qualified."""
    if isinstance(node, Field):
        return node.sql
    if isinstance(node, exp.Column):
        if isinstance(node.this, exp.Star):
            return "*"
        return compile_expression(node, scope).sql
    resolved = node.copy().transform(
        lambda each: (
            exp.Var(this=compile_expression(each, scope).sql)
            if isinstance(each, exp.Column) and not isinstance(each.this, exp.Star)
            else each
        )
    )
    return resolved.unnest().sql(normalize_functions="lower")


# ---- ORDER BY, LIMIT


def _order_by(
    order: exp.Order,
    columns: list[Typed],
    names: tuple[str | None, ...],
    scope: Scope,
    *,
    distinct: bool = False,
) -> str:
    """Names mean output columns first, then columns of the FROM clause."""
    scope.aliases = {}
    for name, column in zip(names, columns, strict=True):
        if name is not None:
            known = scope.aliases.get(name, column)
            scope.aliases[name] = column if known and known.sql == column.sql else None
    compiled = []
    for item in order.expressions:
        key = item.this
        if isinstance(key, exp.Literal) and key.is_int:
            place = int(key.this)
            if not 1 <= place <= len(columns):
                message = f"ORDER BY position {place} is not in select list"
                scope.error("INVALID_COLUMN_REFERENCE", message, key)
            compiled.append(f"{place}{ordering(item)}")
            continue
        value = compile_expression(key, scope)
        if value.type.base in ("map", "json"):
            scope.error("TYPE_MISMATCH", f"Type {value.type} is not orderable", key)
        places = [i for i, column in enumerate(columns) if column.sql == value.sql]
        if distinct and not places:
            message = "For SELECT DISTINCT, ORDER BY expressions must appear in select list"
            scope.error("EXPRESSION_NOT_IN_DISTINCT", message, key)
        compiled.append(f"{places[0] + 1 if places else value.sql}{ordering(item)}")
    scope.aliases = {}
    return ", ".join(compiled)


def _ordered(output: Output, node: exp.Expression, scope: Scope) -> Output:
    """ORDER BY and LIMIT around a set operation or a parenthesised query."""
    order, limit = node.args.get("order"), _limit(node, scope)
    if order is None and not limit:
        return output
    alias = scope.analysis.alias()
    relation = output_relation(alias, output)
    sql = f"SELECT * FROM ({output.sql}) AS {alias}"
    if order:
        inner = scope.child([relation])
        columns = [each.use() for each in relation.fields]
        sql += f" ORDER BY {_order_by(order, columns, output.names, inner)}"
    return replace(output, sql=sql + limit)


def _limit(node: exp.Expression, scope: Scope) -> str:
    sql = ""
    if limit := node.args.get("limit"):
        if isinstance(limit, exp.Fetch):
            options = limit.args.get("limit_options")
            if options is not None and (
                options.args.get("with_ties") or options.args.get("percent")
            ):
                scope.error("NOT_SUPPORTED", "FETCH ... WITH TIES is not supported locally", limit)
            count = limit.args.get("count")
            sql += f" LIMIT {_whole_number(count, scope) if count else 1}"
        elif limit.expression.name.lower() != "all":
            sql += f" LIMIT {_whole_number(limit.expression, scope)}"
    if offset := node.args.get("offset"):
        sql += f" OFFSET {_whole_number(offset.expression, scope)}"
    return sql


def _whole_number(node: exp.Expression, scope: Scope) -> int:
    if not (isinstance(node, exp.Literal) and node.is_int):
        scope.error("SYNTAX_ERROR", "mismatched input: expected a whole number", node)
    return int(node.this)


# ---- set operations and VALUES


def _set_operation(node: exp.SetOperation, scope: Scope) -> Output:
    word = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}[type(node)]
    if node.args.get("by_name"):
        scope.error("SYNTAX_ERROR", "mismatched input 'BY'", node)
    known = {"this", "expression", "distinct", "with_", "order", "limit", "offset"}
    refuse_parts(node, known, scope)
    every = not node.args.get("distinct")
    left, right = compile_query(node.left, scope), compile_query(node.right, scope)
    if len(left.types) != len(right.types):
        message = (
            f"{word} query has different number of fields: {len(left.types)}, {len(right.types)}"
        )
        scope.error("TYPE_MISMATCH", message, node)
    types = []
    for i, (a, b) in enumerate(zip(left.types, right.types, strict=True)):
        common = common_type(a, b)
        if common is None:
            message = f"column {i + 1} in {word} query has incompatible types: {a}, {b}"
            scope.error("TYPE_MISMATCH", message, node)
        types.append(common)
    sides = [coerced_output(side, types, scope).sql for side in (left, right)]
    sql = f"({sides[0]}) {word}{' ALL' if every else ''} ({sides[1]})"
    return Output(sql, left.names, tuple(types))


def compile_values(node: exp.Values, scope: Scope) -> Output:
    rows = [
        [
            compile_expression(each, scope)
            for each in (part.expressions if isinstance(part, exp.Tuple) else [part.unnest()])
        ]
        for part in node.expressions
    ]
    width = len(rows[0])
    if any(len(each) != width for each in rows):
        scope.error("TYPE_MISMATCH", "Values rows have mismatched types", node)
    columns = [
        unify([each[i] for each in rows], scope, node, "Values rows have mismatched types")
        for i in range(width)
    ]
    lines = ", ".join(
        "(" + ", ".join(column[i].sql for column in columns) + ")" for i in range(len(rows))
    )
    alias = scope.analysis.alias()
    names = ", ".join(f"c{i}" for i in range(width))
    sql = f"SELECT * FROM (VALUES {lines}) AS {alias}({names})"
    return Output(sql, (None,) * width, tuple(column[0].type for column in columns))
