"""GROUP BY: its keys and grouping sets, and what may stand beside them.

Source of the rules: Trino's StatementAnalyzer (analyzeGroupBy) and AggregationAnalyzer.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from itertools import combinations, product

from sqlglot import exp

from localaws.sql.expressions import compile_expression, refuse_parts, refuse_special
from localaws.sql.expressions.names import resolve
from localaws.sql.expressions.placement import (
    aggregates,
    is_aggregate,
    refuse_map,
    refuse_windows,
    window_call,
    windows,
    written,
)
from localaws.sql.scope import Field, Scope, Typed
from localaws.sql.select_list import Item

_MAX_SETS = 2048


@dataclass(frozen=True)
class Grouping:
    """The keys of a grouped query, by fingerprint, and its grouping sets as indices of them."""

    keys: dict[Hashable, Typed]
    sets: list[tuple[int, ...]]

    @property
    def sql(self) -> str:
        keys = [key.sql for key in self.keys.values()]
        if len(self.sets) == 1 and self.sets[0]:
            return f" GROUP BY {', '.join(keys[i] for i in self.sets[0])}"
        listed = (f"({', '.join(keys[i] for i in each)})" for each in self.sets)
        return f" GROUP BY GROUPING SETS ({', '.join(listed)})"


def is_grouped(node: exp.Select) -> bool:
    parts = [*node.expressions, node.args.get("order")]
    return bool(node.args.get("group") or node.args.get("having")) or any(
        part is not None and any(True for _ in aggregates(part)) for part in parts
    )


def grouping(group: exp.Group | None, items: list[Item], scope: Scope) -> Grouping:
    """The clause compiled; without one, all rows are one group."""
    keys: dict[Hashable, Typed] = {}
    if group is None:
        return Grouping(keys, [()])
    refuse_parts(group, {"expressions", "all"}, scope)

    def place(node: exp.Expression | Field) -> int:
        mark = fingerprint(node, scope)
        if mark not in keys:
            key = node.use() if isinstance(node, Field) else compile_expression(node, scope)
            refuse_map(key.type, "grouping by", scope, group)
            keys[mark] = key
        return list(keys).index(mark)

    def simple(node: exp.Expression) -> int:
        return place(_ordinal(node, items, scope))

    def column(node: exp.Expression) -> int:
        if not isinstance(node.unnest(), exp.Column):
            message = f"GROUP BY expression must be a column reference: {written(node)}"
            scope.error("INVALID_COLUMN_REFERENCE", message, node)
        return place(node)

    factors = [_sets(each, simple, column, scope) for each in group.expressions]
    count = 1
    for factor in factors:
        count *= len(factor)
    if count > _MAX_SETS:
        message = f"GROUP BY has {count} grouping sets but can contain at most {_MAX_SETS}"
        scope.error("TOO_MANY_GROUPING_SETS", message, group)
    sets = [tuple(sorted({i for part in parts for i in part})) for parts in product(*factors)]
    # GROUP BY DISTINCT, which sqlglot marks so.
    if group.args.get("all") is False:
        sets = list(dict.fromkeys(sets))
    return Grouping(keys, sets)


def _sets(node: exp.Expression, simple, column, scope: Scope) -> list[tuple[int, ...]]:
    """The grouping sets that one element of GROUP BY stands for."""
    match node:
        case exp.GroupingSets():
            return [_composite(each, column, scope) for each in node.expressions]
        case exp.Rollup():
            parts = [_composite(each, column, scope) for each in node.expressions]
            return [_flat(parts[:length]) for length in range(len(parts), -1, -1)]
        case exp.Cube():
            parts = [_composite(each, column, scope) for each in node.expressions]
            if len(parts) > 30:
                message = f"GROUP BY has more than {2**31 - 1} grouping sets but can contain at "
                scope.error("TOO_MANY_GROUPING_SETS", f"{message}most {_MAX_SETS}", node)
            return [
                _flat(chosen)
                for length in range(len(parts), -1, -1)
                for chosen in combinations(parts, length)
            ]
        case exp.Tuple():
            return [tuple(simple(each) for each in node.expressions)]
    return [(simple(node),)]


def _composite(node: exp.Expression, column, scope: Scope) -> tuple[int, ...]:
    nodes = node.expressions if isinstance(node, exp.Tuple) else [node]
    return tuple(column(each) for each in nodes)


def _flat(parts: Iterator[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(i for part in parts for i in part)


def _ordinal(node: exp.Expression, items: list[Item], scope: Scope) -> exp.Expression | Field:
    number = node.unnest()
    if isinstance(number, exp.Literal) and number.is_int:
        place = int(number.this)
        if not 1 <= place <= len(items):
            message = f"GROUP BY position {place} is not in select list"
            scope.error("INVALID_COLUMN_REFERENCE", message, node)
        node = items[place - 1].node
    if isinstance(node, exp.Expression):
        refuse_special(node, "GROUP BY clause", scope)
    return node


def fingerprint(node: object, scope: Scope) -> Hashable:
    """The same value for the same expression, however its columns are qualified."""
    match node:
        case Field():
            return ("column", node.sql)
        case exp.Paren():
            return fingerprint(node.this, scope)
        case exp.Column() if not isinstance(node.this, exp.Star):
            return ("column", compile_expression(node, scope).sql)
        case exp.Literal():
            return (exp.Literal, node.this, node.is_string)
        case exp.Identifier():
            return node.name.lower()
        case exp.Query():
            return repr(node)
        case exp.Connector():
            # Long chains nest deeply to the left.
            return (type(node), *(fingerprint(each, scope) for each in node.flatten(unnest=False)))
        case exp.Expression():
            parts = ((key, value) for key, value in node.args.items() if value not in (None, []))
            return (type(node), *((key, fingerprint(value, scope)) for key, value in parts))
        case list():
            return tuple(fingerprint(each, scope) for each in node)
        case str():
            return node.lower()
    return node


def check_grouped(node: exp.Select, items: list[Item], grouped: Grouping, scope: Scope) -> None:
    """Raises EXPRESSION_NOT_AGGREGATE where an output column is neither grouped by nor made of
    aggregates, NESTED_AGGREGATION and NESTED_WINDOW inside aggregates."""
    check = _Check(grouped, scope)
    for item in items:
        if not isinstance(item.node, Field):
            check.whole(item.node)
        elif fingerprint(item.node, scope) not in grouped.keys:
            owner = next((r.name for r in scope.relations if item.node in r.fields), None)
            name = f"'{owner}.{item.name}'" if owner else f"'{item.name}'"
            message = f"Column {name} not in GROUP BY clause"
            scope.error("EXPRESSION_NOT_AGGREGATE", message, node)
    if having := node.args.get("having"):
        check.whole(having.this)


def check_grouped_order(order: exp.Order, names: set[str], grouped: Grouping, scope: Scope) -> None:
    """As `check_grouped`, for ORDER BY, where `names` (lower case) are output columns."""
    check = _Check(grouped, scope, names)
    for item in order.expressions:
        if not (isinstance(item.this, exp.Literal) and item.this.is_int):
            check.whole(item.this)


class _Check:
    def __init__(self, grouped: Grouping, scope: Scope, outputs: set[str] | None = None) -> None:
        self.grouped, self.scope, self.outputs = grouped, scope, outputs or set()

    def whole(self, node: exp.Expression) -> None:
        if not self.fits(node):
            text = f"({written(node)})" if isinstance(node, exp.Binary) else written(node)
            message = f"'{text}' must be an aggregate expression or appear in GROUP BY clause"
            self.scope.error("EXPRESSION_NOT_AGGREGATE", message, node)

    def fits(self, node: exp.Expression) -> bool:
        if isinstance(node, exp.Query | exp.Literal):
            return True
        if self._is_output(node):
            return True
        if not self._names_outputs(node) and self._is_key(node):
            return True
        if isinstance(node, exp.Column):
            return isinstance(node.this, exp.Star) or self._row_is_key(node)
        if isinstance(node, exp.Window):
            return self._window(node)
        if isinstance(node, exp.Filter) or is_aggregate(node):
            self._aggregate(node)
            return True
        if isinstance(node, exp.Anonymous) and node.name.lower() == "grouping":
            self._grouping(node)
            return True
        if isinstance(node, exp.Connector):
            # Long chains nest deeply to the left.
            return all(self.fits(each) for each in node.flatten(unnest=False))
        return all(self.fits(each) for each in node.iter_expressions())

    def _is_key(self, node: exp.Expression) -> bool:
        if not self.grouped.keys or isinstance(node, exp.Identifier):
            return False
        if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
            return False
        return fingerprint(node, self.scope) in self.grouped.keys

    def _is_output(self, node: exp.Expression) -> bool:
        return (
            isinstance(node, exp.Column)
            and len(node.parts) == 1
            and node.name.lower() in self.outputs
        )

    def _names_outputs(self, node: exp.Expression) -> bool:
        return bool(self.outputs) and any(map(self._is_output, node.find_all(exp.Column)))

    def _row_is_key(self, node: exp.Column) -> bool:
        """A column of an outer query is a constant here; a field of a row may come from a key."""
        field, _, owner = resolve(node, self.scope)
        return owner is not self.scope or ("column", field.sql) in self.grouped.keys

    def _window(self, node: exp.Window) -> bool:
        order = node.args.get("order")
        for word, nodes in (
            ("PARTITION BY", node.args.get("partition_by") or []),
            ("ORDER BY", [item.this for item in order.expressions] if order else []),
        ):
            for each in nodes:
                if not self.fits(each):
                    message = (
                        f"{word} expression '{written(each)}' must be an aggregate expression or "
                        "appear in GROUP BY clause"
                    )
                    self.scope.error("EXPRESSION_NOT_AGGREGATE", message, each)
        frame = node.args.get("spec")
        for end in ("start", "end"):
            bound = frame.args.get(end) if frame else None
            if isinstance(bound, exp.Expression) and not self.fits(bound):
                message = (
                    f"Window frame {end} must be an aggregate expression or appear in GROUP BY "
                    "clause"
                )
                self.scope.error("EXPRESSION_NOT_AGGREGATE", message, bound)
        return all(self.fits(each) for each in window_call(node).iter_expressions())

    def _aggregate(self, node: exp.Expression) -> None:
        if self._belongs_outside(node):
            message = "an aggregate of columns of the outer query alone is not supported locally"
            self.scope.error("NOT_SUPPORTED", message, node)
        name = (node.this if isinstance(node, exp.Filter) else node).name.lower()
        call = node.this if isinstance(node, exp.Filter) else node
        inside = [*call.iter_expressions()]
        if isinstance(node, exp.Filter):
            inside.append(node.expression)
        for part in inside:
            if nested := [written(each) for each in aggregates(part)]:
                listed = ", ".join(nested)
                message = f"Cannot nest aggregations inside aggregation '{name}': [{listed}]"
                self.scope.error("NESTED_AGGREGATION", message, node)
            if nested := [written(each) for each in windows(part)]:
                listed = ", ".join(nested)
                message = f"Cannot nest window functions inside aggregation '{name}': [{listed}]"
                self.scope.error("NESTED_WINDOW", message, node)
            if self._names_outputs(part):
                message = (
                    "Invalid reference to output projection attribute from ORDER BY aggregation"
                )
                self.scope.error("COLUMN_NOT_FOUND", message, node)

    def _belongs_outside(self, node: exp.Expression) -> bool:
        """Whether the engine, other than Trino, would compute the aggregate in the outer query."""
        columns = [
            each
            for each in node.walk(prune=lambda part: isinstance(part, exp.Query))
            if isinstance(each, exp.Column) and not isinstance(each.this, exp.Star)
        ]
        return bool(columns) and not any(
            resolve(each, self.scope)[2] is self.scope for each in columns
        )

    def _grouping(self, node: exp.Anonymous) -> None:
        for each in node.expressions:
            if not isinstance(each.unnest(), exp.Column) or not self._is_key(each):
                message = (
                    "The arguments to GROUPING() must be expressions referenced by the GROUP BY "
                    f"at the associated query level. Mismatch due to {written(each)}."
                )
                self.scope.error("INVALID_ARGUMENTS", message, node)


def refuse_windows_in_having(having: exp.Having, scope: Scope) -> None:
    refuse_windows(iter([having.this]), "HAVING clause cannot contain window functions", scope)
