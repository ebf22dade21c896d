"""What the engine's plan says about the rows that a scan keeps, tested against statistics.

A predicate speaks of columns and constants only. It may let rows through that the query drops,
never the other way round: what is not understood here is `None`, which holds for every row.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError


@dataclass(frozen=True)
class Comparison:
    """`column operator value`; the operators are = < <= > >= and, without a value, null, not null
    and not nan. nan: whether it holds for NaN too, which the engine has larger than all numbers
    and no statistics tell of."""

    column: str
    operator: str
    value: Any = None
    nan: bool = False


@dataclass(frozen=True)
class All:
    parts: tuple["Predicate", ...]


@dataclass(frozen=True)
class Either:
    """At least one of `parts`."""

    parts: tuple["Predicate", ...]


Predicate = Comparison | All | Either | None


@dataclass(frozen=True)
class Statistics:
    """Of the values of one column in one place. `low` and `high` are None where unknown."""

    low: Any
    high: Any
    nulls: int | None
    rows: int


_OPERATORS = {exp.EQ: "=", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
_MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
# A quoted text or name, or a word that the plan puts before conditions it may leave out.
_OPTIONAL = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")|\boptional: """)


def parse(text: str) -> Predicate:
    """A filter as DuckDB's EXPLAIN prints it: `((day >= '2025-01-01'::DATE) AND (n = 5))`."""
    tree = _tree(text)
    try:
        return _predicate(tree) if tree else None
    except (ValueError, ArithmeticError, RecursionError):
        return None


def columns_in(text: str) -> set[str]:
    """The columns that a printed filter names, nested fields with dots."""
    tree = _tree(text)
    return {_name(column) for column in tree.find_all(exp.Column)} if tree else set()


# What the engine prints as it reads it: only such conditions are worth handing back to it.
_PLAIN = (
    *(exp.And, exp.Or, exp.Not, exp.Paren, exp.Neg, exp.In, exp.Is, exp.Between),
    *(exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Coalesce),
    *(exp.Column, exp.Identifier, exp.Literal, exp.Null, exp.Boolean, exp.Cast, exp.DataType),
)


def plain_condition(text: str, columns: Collection[str]) -> str | None:
    """A printed filter as a condition that the engine can evaluate; None where it is not of
    `columns` alone, or where more than comparisons and casts is in it."""
    tree = _tree(text)
    if tree is None or not all(isinstance(node, _PLAIN) for node in tree.walk()):
        return None
    used = {_name(column) for column in tree.find_all(exp.Column)}
    return _bare(text) if used and used <= set(columns) else None


def _bare(text: str) -> str:
    return _OPTIONAL.sub(lambda match: match[1] or "", text)


def _tree(text: str) -> exp.Expression | None:
    try:
        return sqlglot.parse_one(_bare(text), dialect="duckdb")
    except (SqlglotError, RecursionError):
        return None


def _name(column: exp.Column) -> str:
    return ".".join(part.name for part in column.parts)


def every(parts: list[Predicate]) -> Predicate:
    known: list[Predicate] = []
    for part in parts:
        known += part.parts if isinstance(part, All) else [part]
    # What holds for a number only leaves no NaN to the other parts.
    numbers = {
        part.column
        for part in known
        if isinstance(part, Comparison) and part.operator in ("=", "<", "<=", "not nan")
    }
    kept = tuple(_of_numbers(part, numbers) for part in known if part is not None)
    return All(kept) if kept else None


def _of_numbers(predicate: Predicate, columns: set[str]) -> Predicate:
    """The predicate where no value of `columns` is NaN."""
    match predicate:
        case All(parts) | Either(parts):
            return type(predicate)(tuple(_of_numbers(part, columns) for part in parts))
        case Comparison(column) if column in columns:
            return replace(predicate, nan=False)
    return predicate


def either(parts: list[Predicate]) -> Predicate:
    return Either(tuple(parts)) if parts and None not in parts else None


def _predicate(node: exp.Expression) -> Predicate:
    match node:
        case exp.Paren():
            return _predicate(node.this)
        case exp.And():
            return every([_predicate(part) for part in node.flatten(unnest=False)])
        case exp.Or():
            return either([_predicate(part) for part in node.flatten(unnest=False)])
        case exp.In() if not node.args.get("query"):
            column = _column(node.this)
            values = [_constant(each) for each in node.expressions]
            if column is None or None in values:
                return None
            return either([Comparison(column, "=", value) for value in values])
        case exp.Is() if isinstance(node.expression, exp.Null):
            column = _column(node.this)
            return Comparison(column, "null") if column else None
        case exp.Not():
            inner = _predicate(node.this)
            if isinstance(inner, Comparison) and inner.operator == "null":
                return Comparison(inner.column, "not null")
            return _not_nan(node.this)
    operator = _OPERATORS.get(type(node))
    if operator is None:
        return None
    for one, other, written in (
        (node.this, node.expression, operator),
        (node.expression, node.this, _MIRRORED[operator]),
    ):
        column, value = _column(one), _constant(other)
        if column is not None and value is not None:
            return Comparison(column, written, value, nan=written in (">", ">="))
    return None


def _not_nan(node: exp.Expression) -> Predicate:
    node = node.unnest()
    column = _column(node.this) if isinstance(node, exp.IsNan) else None
    return Comparison(column, "not nan") if column else None


def _column(node: exp.Expression) -> str | None:
    node = node.unnest()
    return _name(node) if isinstance(node, exp.Column) else None


def _constant(node: exp.Expression) -> Any:
    """A Python value; None for what is no plain constant."""
    node = node.unnest()
    match node:
        case exp.Neg():
            value = _constant(node.this)
            return -value if isinstance(value, int | Decimal) else None
        case exp.Boolean():
            return bool(node.this)
        case exp.Literal() if node.is_string:
            return node.this
        case exp.Literal():
            return int(node.this) if node.this.isdigit() else Decimal(node.this)
        case exp.Cast() if isinstance(node.this, exp.Literal) and node.this.is_string:
            text = node.this.this
            match node.to.this:
                case exp.DType.DATE:
                    return date.fromisoformat(text)
                case exp.DType.TIMESTAMP | exp.DType.TIMESTAMPNTZ | exp.DType.TIMESTAMPTZ:
                    return datetime.fromisoformat(text)
    return None


def may_hold(predicate: Predicate, statistics: Callable[[str], Statistics | None]) -> bool:
    """Whether a row with such statistics may satisfy the predicate."""
    match predicate:
        case None:
            return True
        case All(parts):
            return all(may_hold(part, statistics) for part in parts)
        case Either(parts):
            return any(may_hold(part, statistics) for part in parts)
    known = statistics(predicate.column)
    if known is None:
        return True
    match predicate.operator:
        case "null":
            return known.nulls != 0
        case "not null":
            return known.nulls is None or known.nulls < known.rows
        case "not nan":
            return True
    if known.nulls == known.rows:
        return False
    if known.low is None or known.high is None:
        return True
    if predicate.nan and isinstance(known.low, float):
        return True
    # A double's shortest text stands for the double nearest to it.
    value = float(predicate.value) if isinstance(known.low, float) else predicate.value
    try:
        match predicate.operator:
            case "=":
                return known.low <= value <= known.high
            case "<":
                return known.low < value
            case "<=":
                return known.low <= value
            case ">":
                return known.high > value
        return known.high >= value
    except TypeError:
        # Of different types: not comparable here.
        return True
