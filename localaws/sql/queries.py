"""Queries compiled to DuckDB SQL.

Every relation gets an alias of its own and every output column a plain name (c0, c1, ...), so no
name of the user's is ever resolved by DuckDB's rules instead of Trino's.
"""

from dataclasses import replace

from sqlglot import exp

from localaws.sql.errors import QueryError
from localaws.sql.expressions import (
    compile_as,
    compile_expression,
    refuse_parts,
    refuse_special,
)
from localaws.sql.expressions.placement import refuse_map
from localaws.sql.expressions.windows import define_windows
from localaws.sql.grouping import (
    Grouping,
    check_grouped,
    check_grouped_order,
    fingerprint,
    grouping,
    is_grouped,
    refuse_windows_in_having,
)
from localaws.sql.ordering import limits, ordered, output_names, sort_keys, with_ties
from localaws.sql.relations import compile_from
from localaws.sql.scope import Analysis, Field, Output, Scope, Tables, Typed
from localaws.sql.select_list import Item, select_items
from localaws.sql.set_operations import set_operation, values
from localaws.sql.types import BOOLEAN
from localaws.sql.with_queries import with_clause, with_queries

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
}
# Where sqlglot's names for what is refused say little.
_NAMED_PARTS = {"match": "MATCH_RECOGNIZE", "sample": "TABLESAMPLE of a subquery"}


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
    queries = with_queries(node, scope)
    match node:
        case exp.Select():
            output = _select(node, scope)
        case exp.SetOperation():
            output = ordered(set_operation(node, scope), node, scope)
        case exp.Subquery():
            refuse_parts(node, {"this", "with_", "order", "limit", "offset"}, scope)
            output = ordered(compile_query(node.this, scope), node, scope)
        case exp.Values():
            refuse_parts(node, {"expressions", "with_", "order", "limit", "offset"}, scope)
            output = ordered(values(node, scope), node, scope)
        case _:
            scope.error("SYNTAX_ERROR", "mismatched input: expected a query", node)
    return replace(output, sql=with_clause(queries, output.sql)) if queries else output


def _select(node: exp.Select, scope: Scope) -> Output:
    for part, what in _NAMED_PARTS.items():
        if node.args.get(part):
            scope.error("NOT_SUPPORTED", f"{what} is not supported locally", node)
    refuse_parts(node, _SELECT_PARTS, scope)
    from_sql, prunable = "", frozenset()
    if source := node.args.get("from_"):
        refuse_parts(source, {"this"}, scope)
        from_sql, scope.relations, prunable = compile_from(source, node.args.get("joins"), scope)
        from_sql = f" FROM {from_sql}"
    where, having, order = (node.args.get(part) for part in ("where", "having", "order"))
    where_sql = f" WHERE {_where(where.this, scope, prunable)}" if where else ""

    items = select_items(node, scope)
    grouped = grouping(node.args.get("group"), items, scope) if is_grouped(node) else None
    if grouped:
        scope.allow_aggregates = True
        check_grouped(node, items, grouped, scope)
    having_sql = ""
    if having:
        refuse_windows_in_having(having, scope)
        condition = compile_as(having.this, scope, BOOLEAN, "HAVING clause")
        having_sql = f" HAVING {condition.sql}"
    scope.allow_windows = True
    define_windows(node.args.get("windows") or [], scope)

    columns = [_column(item, grouped, scope) for item in items]
    names = tuple(item.name for item in items)
    distinct = _distinct(node, columns, scope)
    if grouped and order:
        outputs = set(output_names(columns, names))
        check_grouped_order(order, outputs, grouped, scope)
    keys = sort_keys(order, columns, names, scope, distinct=bool(distinct)) if order else []
    rows = limits(node, scope)

    selected = [f"{column.sql} AS c{i}" for i, column in enumerate(columns)]
    if rows.ties:
        selected += [f"{key.sql} AS k{i}" for i, key in enumerate(keys)]
    # HAVING and GROUP BY () make one group of all rows, also where there is no aggregate.
    explicit = node.args.get("group") or having
    group_sql = grouped.sql if grouped and (grouped.keys or explicit) else ""
    sql = f"SELECT {distinct}{', '.join(selected)}{from_sql}{where_sql}{group_sql}{having_sql}"
    if rows.ties:
        sql = with_ties(sql, len(columns), keys, rows, scope)
    else:
        sql += f" ORDER BY {', '.join(map(str, keys))}" if keys else ""
        sql += rows.sql
    return Output(sql, names, tuple(column.type for column in columns))


def _column(item: Item, grouped: Grouping | None, scope: Scope) -> Typed:
    if isinstance(item.node, Field):
        return item.node.use()
    if grouped and grouped.keys:
        # The very text of the key: the engine must see that they are the same.
        key = grouped.keys.get(fingerprint(item.node, scope))
        if key is not None:
            return key
    return compile_expression(item.node, scope)


def _distinct(node: exp.Select, columns: list[Typed], scope: Scope) -> str:
    distinct = node.args.get("distinct")
    if distinct is None:
        return ""
    for column in columns:
        refuse_map(column.type, "DISTINCT of", scope, node)
    return "DISTINCT "


def _where(node: exp.Expression, scope: Scope, prunable: frozenset[str]) -> str:
    """The condition; its conjuncts on partition columns alone are noted for the scan they prune."""
    refuse_special(node, "WHERE clause", scope)
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
