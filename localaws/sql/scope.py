"""Names in a query: relations with their fields, and how a reference finds one of them."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from typing import NoReturn, Protocol

from sqlglot import exp

from localaws.sql.errors import QueryError, position
from localaws.sql.types import Type


@dataclass(frozen=True)
class Typed:
    """A compiled expression: DuckDB SQL and the Trino type of its value.

    `data_zone` is given for a timestamp with time zone whose zone only the data tells.
    """

    sql: str
    type: Type
    data_zone: "DataZone | None" = None


@dataclass(frozen=True)
class DataZone:
    """SQL of an instant (TIMESTAMPTZ) and of its zone: `UTC` or a fixed offset like `+01:00`."""

    instant: str
    zone: str

    def typed(self, type_: Type) -> Typed:
        """The value: in UTC, failing at run time with NOT_SUPPORTED where it is not. Who needs
        the instant alone, or both apart, takes them from `data_zone`."""
        sql = f"tr_in_utc({self.instant}, {self.zone})"
        return Typed(sql, replace(type_, zone="UTC"), self)


@dataclass(frozen=True)
class Field:
    """A column of a relation. `sql` refers to it inside the query that reads the relation.

    `name` is as the query wrote it: a result shows it so, references find it in any case.
    """

    name: str | None
    type: Type
    sql: str
    hidden: bool = False
    on_use: Callable[[], None] | None = None

    def called(self, name: str) -> bool:
        return self.name is not None and self.name.lower() == name.lower()

    def use(self) -> Typed:
        if self.on_use:
            self.on_use()
        return Typed(self.sql, self.type)


@dataclass(frozen=True)
class Relation:
    """Something in a FROM clause. `name` and `database` are what a reference may qualify with."""

    name: str | None
    fields: tuple[Field, ...]
    database: str | None = None

    @property
    def visible(self) -> tuple[Field, ...]:
        return tuple(each for each in self.fields if not each.hidden)

    def answers_to(self, qualifier: tuple[str, ...]) -> bool:
        """Whether `qualifier` (parts of a name, in lower case) means this relation."""
        match qualifier:
            case ():
                return True
            case (name,):
                return self.name == name
            case (database, name) | (_, database, name):
                return (self.database, self.name) == (database, name)
        return False


@dataclass(frozen=True)
class Output:
    """A compiled query: DuckDB SQL whose columns are c0, c1, ... and what they are."""

    sql: str
    names: tuple[str | None, ...]
    types: tuple[Type, ...]

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names as Athena gives them: an unnamed column is `_col` and its place."""
        return tuple(name or f"_col{i}" for i, name in enumerate(self.names))


@dataclass
class WithQuery:
    """A query of a WITH clause. `alias` stands for it in the SQL; `again` compiles it once more."""

    alias: str
    output: Output
    again: Callable[[], Output] | None = None
    is_used: bool = False


class Table(Protocol):
    """What the compiler needs to know of a table in the catalog."""

    database: str
    name: str
    columns: tuple[tuple[str, Type], ...]
    hidden_columns: tuple[tuple[str, Type], ...]
    partition_keys: tuple[str, ...]


class Tables(Protocol):
    """The catalog as the compiler sees it. `account` is the number of its AWS account."""

    @property
    def account(self) -> str: ...

    def table(self, database: str, name: str, version: exp.Version | None) -> "Table | View":
        """Raises QueryError TABLE_NOT_FOUND or SCHEMA_NOT_FOUND."""


@dataclass(frozen=True)
class View:
    """A view: its SQL text, the database its names resolve in, and its stored columns."""

    database: str
    name: str
    sql: str
    default_database: str
    columns: tuple[tuple[str, Type], ...]


@dataclass
class Scan:
    """One reading of a table: `marker` stands in the SQL until the engine knows what to read.

    `used` collects the columns that the query touches, `filters` the conjuncts on partition
    columns alone (over `alias`), which decide the partitions to read.
    """

    table: Table
    marker: str
    alias: str
    used: set[str] = field(default_factory=set)
    filters: list[str] = field(default_factory=list)


@dataclass
class Analysis:
    """What is shared by all parts of one statement while it is compiled."""

    sql: str
    tables: Tables
    database: str
    compile_query: Callable[[exp.Expression, "Scope"], Output]
    scans: list[Scan] = field(default_factory=list)
    uses: list[tuple[Scan, str]] = field(default_factory=list)
    # The queries whose columns a query inside of them used, once for each use.
    outer_uses: list["Scope"] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)
    # Of WITH queries, see sources.py.
    copies: Iterator[int] = field(default_factory=count)
    view_depth: int = 0
    # Unguessable, so that no text of the statement can be taken for a marker.
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    def alias(self) -> str:
        return f"r{next(self.numbers)}"

    def error(self, code: str, message: str, node: exp.Expression | None = None) -> NoReturn:
        raise QueryError(code, message, position(node, self.sql))


@dataclass
class Scope:
    """The names that an expression may use: its own relations first, then the outer query's."""

    analysis: Analysis
    relations: list[Relation] = field(default_factory=list)
    parent: "Scope | None" = None
    ctes: dict[str, WithQuery] = field(default_factory=dict)
    # Output columns that ORDER BY may name; None for a name that two different ones have.
    aliases: dict[str, Typed | None] = field(default_factory=dict)
    # Named windows, with what they take over from each other.
    windows: dict[str, exp.Window] = field(default_factory=dict)
    allow_aggregates: bool = False
    allow_windows: bool = False

    def error(self, code: str, message: str, node: exp.Expression | None = None) -> NoReturn:
        self.analysis.error(code, message, node)

    def child(self, relations: list[Relation] | None = None) -> "Scope":
        return Scope(self.analysis, relations or [], self, dict(self.ctes))

    def uses_in(self, used: "list[Scope]") -> bool:
        """Whether one of `used` is this query or one around it."""
        scope: Scope | None = self
        while scope is not None:
            if any(each.relations is scope.relations for each in used):
                return True
            scope = scope.parent
        return False

    def cte(self, name: str) -> WithQuery | None:
        return self.ctes.get(name)

    def find(self, qualifier: tuple[str, ...], name: str, node: exp.Expression) -> Field | None:
        """The field `qualifier.name` of this query itself, or None.

        Raises AMBIGUOUS_NAME for two of them.
        """
        found = [
            each
            for relation in self.relations
            if relation.answers_to(qualifier)
            for each in relation.fields
            if each.called(name)
        ]
        if len(found) > 1:
            self.error("AMBIGUOUS_NAME", f"Column '{name}' is ambiguous", node)
        return found[0] if found else None
