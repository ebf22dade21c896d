"""ORDER BY, OFFSET, LIMIT and FETCH FIRST.

Source of the rules: Trino documentation, "SELECT", and its StatementAnalyzer.
"""

from dataclasses import dataclass, replace

from sqlglot import exp

from localaws.sql.expressions import compile_expression, ordering, refuse_parts
from localaws.sql.expressions.placement import refuse_unorderable
from localaws.sql.scope import Output, Scope, Typed
from localaws.sql.sources import output_relation


@dataclass(frozen=True)
class SortKey:
    """One item of ORDER BY: its value, the output column (from 0) that it is, its direction."""

    sql: str
    place: int | None
    direction: str

    def __str__(self) -> str:
        return f"{self.sql if self.place is None else self.place + 1}{self.direction}"


@dataclass(frozen=True)
class Limits:
    """How many rows to leave out and to give; `ties`: and those equal to the last of them."""

    offset: int = 0
    count: int | None = None
    ties: bool = False

    @property
    def sql(self) -> str:
        limit = "" if self.count is None else f" LIMIT {self.count}"
        return limit + (f" OFFSET {self.offset}" if self.offset else "")


def sort_keys(
    order: exp.Order,
    columns: list[Typed],
    names: tuple[str | None, ...],
    scope: Scope,
    *,
    distinct: bool = False,
) -> list[SortKey]:
    """Names mean output columns first, then columns of the FROM clause."""
    refuse_parts(order, {"expressions"}, scope)
    scope.aliases = output_names(columns, names)
    keys = []
    for item in order.expressions:
        refuse_parts(item, {"this", "desc", "nulls_first"}, scope)
        node = item.this
        if isinstance(node, exp.Literal) and node.is_int:
            place = int(node.this) - 1
            if not 0 <= place < len(columns):
                message = f"ORDER BY position {place + 1} is not in select list"
                scope.error("INVALID_COLUMN_REFERENCE", message, node)
            value = columns[place]
        else:
            value = compile_expression(node, scope)
            same = (i for i, column in enumerate(columns) if column.sql == value.sql)
            place = next(same, None)
            if distinct and place is None:
                message = "For SELECT DISTINCT, ORDER BY expressions must appear in select list"
                scope.error("EXPRESSION_NOT_IN_DISTINCT", message, node)
        refuse_unorderable(value.type, "ORDER BY", scope, node)
        keys.append(SortKey(value.sql, place, ordering(item)))
    scope.aliases = {}
    return keys


def output_names(columns: list[Typed], names: tuple[str | None, ...]) -> dict[str, Typed | None]:
    """Output columns by name; None for a name that several have."""
    result: dict[str, Typed | None] = {}
    for name, column in zip(names, columns, strict=True):
        if name is not None:
            result[name.lower()] = None if name.lower() in result else column
    return result


def limits(node: exp.Expression, scope: Scope) -> Limits:
    offset = node.args.get("offset")
    skipped = _whole_number(offset.expression, scope) if offset else 0
    match node.args.get("limit"):
        case exp.Fetch() as fetch:
            refuse_parts(fetch, {"direction", "count", "limit_options"}, scope)
            options = fetch.args.get("limit_options")
            given = fetch.args.get("count")
            count = _whole_number(given, scope) if given else 1
            if count == 0:
                message = "FETCH FIRST row count must be positive (actual value: 0)"
                scope.error("NUMERIC_VALUE_OUT_OF_RANGE", message, fetch)
            ties = options is not None and bool(options.args.get("with_ties"))
            if ties and not node.args.get("order"):
                message = "FETCH FIRST WITH TIES clause requires ORDER BY"
                scope.error("MISSING_ORDER_BY", message, fetch)
            return Limits(skipped, count, ties)
        case exp.Limit() as limit:
            refuse_parts(limit, {"expression"}, scope)
            if limit.expression.name.lower() != "all":
                return Limits(skipped, _whole_number(limit.expression, scope))
    return Limits(skipped)


def _whole_number(node: exp.Expression, scope: Scope) -> int:
    if not (isinstance(node, exp.Literal) and node.is_int):
        scope.error("SYNTAX_ERROR", "mismatched input: expected a whole number", node)
    return int(node.this)


def with_ties(sql: str, width: int, keys: list[SortKey], limits_: Limits, scope: Scope) -> str:
    """The first rows of `sql`, whose columns are c0, c1, ... and the sort keys k0, k1, ..., and
    all rows equal to the last of them."""
    alias = scope.analysis.alias()
    order = ", ".join(f"{alias}.k{i}{key.direction}" for i, key in enumerate(keys))
    last = limits_.offset + limits_.count
    columns = ", ".join(f"{alias}.c{i}" for i in range(width))
    return (
        f"SELECT {columns} FROM (SELECT *, rank() OVER (ORDER BY {order}) AS place, "
        f"row_number() OVER (ORDER BY {order}) AS number FROM ({sql}) AS {alias}) AS {alias} "
        f"WHERE {alias}.place <= {last} AND {alias}.number > {limits_.offset} "
        f"ORDER BY {alias}.number"
    )


def ordered(output: Output, node: exp.Expression, scope: Scope) -> Output:
    """ORDER BY and LIMIT around a set operation or a parenthesised query."""
    order, rows = node.args.get("order"), limits(node, scope)
    if order is None and not rows.sql:
        return output
    alias = scope.analysis.alias()
    relation = output_relation(alias, output)
    inner = scope.child([relation])
    columns = [each.use() for each in relation.fields]
    keys = sort_keys(order, columns, output.names, inner) if order else []
    if rows.ties:
        extra = "".join(f", {key.sql} AS k{i}" for i, key in enumerate(keys))
        sql = f"SELECT *{extra} FROM ({output.sql}) AS {alias}"
        return replace(output, sql=with_ties(sql, len(columns), keys, rows, scope))
    sql = f"SELECT * FROM ({output.sql}) AS {alias}"
    if keys:
        sql += f" ORDER BY {', '.join(map(str, keys))}"
    return replace(output, sql=sql + rows.sql)
