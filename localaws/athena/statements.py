"""One statement: told apart by its first words, then carried out."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlglot import exp

from localaws.athena import ddl, prepared
from localaws.athena.create_table_as import create_table_as
from localaws.athena.ddl.views import CREATE_VIEW
from localaws.athena.ddl.views import create as create_view
from localaws.athena.explain import explain
from localaws.athena.insert import insert
from localaws.athena.maintenance import optimize, vacuum
from localaws.athena.outcome import Outcome
from localaws.athena.render import rendered_rows
from localaws.athena.unload import unload
from localaws.engine import Session
from localaws.sql import hive
from localaws.sql.dialect import parse_query
from localaws.sql.errors import QueryError, blanked, offset_position
from localaws.sql.merge import delete_as_changes, merge_as_changes, update_as_changes
from localaws.state import State
from localaws.tables.resolver import Lakehouse
from localaws.tables.row_changes import change_rows

MAX_QUERY_BYTES = 262_144
_QUERIES = ("SELECT", "WITH", "VALUES", "TABLE", "INSERT", "EXPLAIN")
_NAME = r'(?:"(?:[^"]|"")+"|`[^`]+`|\w+)'
_CTAS = re.compile(
    rf"\s*create\s+table\s+(?:if\s+not\s+exists\s+)?{_NAME}(?:\.{_NAME})*\s*"
    r"(?:with\s*\(.*?\)\s*)?as\b",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Statement:
    """A statement's text, blanks for its comments in front, without semicolons behind.

    `tables` is the folder for a table that is created without a location of its own;
    `parameters` are the request's execution parameters, constants in SQL for the `?` in `sql`.
    """

    sql: str
    database: str
    tables: str = ""
    workgroup: str = "primary"
    parameters: tuple[str, ...] = ()

    @property
    def verb(self) -> str:
        match = re.match(r"[\s(]*(\w+)", self.sql)
        return match[1].upper() if match else ""


def strip(sql: str) -> str:
    """Without leading comments (blanks stand for them), trailing space and semicolons.

    Raises QueryError for what is too long or nothing at all.
    """
    if len(sql.encode()) > MAX_QUERY_BYTES:
        message = f"Query string length exceeds the maximum of {MAX_QUERY_BYTES} bytes"
        raise QueryError("INVALID_INPUT", message)
    comments = re.match(r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", sql, flags=re.DOTALL)
    text = re.sub(r"[\s;]+\Z", "", blanked(sql, comments.end()))
    if not text:
        raise QueryError("SYNTAX_ERROR", "Only one sql statement is allowed. Got: ")
    return text


def execute(statement: Statement, lakehouse: Lakehouse, session: Session, state: State) -> Outcome:
    """Raises QueryError. Rows of a query are read while they are iterated over."""
    match statement.verb:
        case "PREPARE":
            prepared.prepare(statement.sql, statement.workgroup, state)
            return Outcome("UTILITY", "PREPARE")
        case "DEALLOCATE":
            prepared.deallocate(statement.sql, statement.workgroup, state)
            return Outcome("UTILITY", "DEALLOCATE_PREPARE")
        case "EXECUTE":
            sql = prepared.executed(statement.sql, statement.parameters, statement.workgroup, state)
            return _execute(replace(statement, sql=strip(sql)), lakehouse, session)
    unbound = "?" in statement.sql and statement.verb in _QUERIES
    if statement.parameters or unbound:
        statement = replace(statement, sql=prepared.bind_given(statement.sql, statement.parameters))
    return _execute(statement, lakehouse, session)


def _execute(statement: Statement, lakehouse: Lakehouse, session: Session) -> Outcome:
    match statement.verb:
        case "SELECT" | "WITH" | "VALUES" | "TABLE":
            return _select(statement, lakehouse, session)
        case "CREATE" if view := CREATE_VIEW.fullmatch(statement.sql):
            return create_view(view, statement.database, lakehouse)
        case "CREATE" if _CTAS.match(statement.sql):
            tree = _parsed(statement, exp.Create)
            return create_table_as(
                tree, statement.sql, statement.database, statement.tables, lakehouse, session
            )
        case "INSERT":
            tree = _parsed(statement, exp.Insert)
            return insert(tree, statement.sql, statement.database, lakehouse, session)
        case "MERGE":
            return _change(statement, exp.Merge, merge_as_changes, lakehouse, session)
        case "UPDATE":
            return _change(statement, exp.Update, update_as_changes, lakehouse, session)
        case "DELETE":
            return _change(statement, exp.Delete, delete_as_changes, lakehouse, session)
        case "CREATE" | "DROP" | "ALTER" | "SHOW" | "DESCRIBE" | "DESC" | "MSCK":
            return ddl.execute(hive.parse_ddl(statement.sql), lakehouse, statement.database)
        case "EXPLAIN":
            return explain(statement.sql, statement.database, lakehouse, session)
        case "OPTIMIZE":
            return optimize(statement.sql, statement.database, lakehouse, session)
        case "VACUUM":
            return vacuum(statement.sql, statement.database, lakehouse, session)
        case "UNLOAD":
            return unload(statement.sql, statement.database, lakehouse, session)
    first = statement.sql.split(maxsplit=1)[0]
    at = offset_position(statement.sql, statement.sql.index(first))
    raise QueryError("SYNTAX_ERROR", f"mismatched input '{first}'", at)


def _parsed(statement: Statement, kind: type[exp.Expression]) -> exp.Expression:
    tree = parse_query(statement.sql)
    if not isinstance(tree, kind):
        raise QueryError("SYNTAX_ERROR", f"mismatched input: not a {statement.verb} statement")
    return tree


def _select(statement: Statement, lakehouse: Lakehouse, session: Session) -> Outcome:
    tree = parse_query(statement.sql)
    plan = lakehouse.plan(tree, statement.sql, statement.database, session)
    rows = rendered_rows(session.batches(plan.sql, 10_000), plan.output.types)
    return Outcome("DML", "SELECT", plan.headings(), rows, scanned=plan.scanned)


def _change(
    statement: Statement,
    kind: type[exp.Expression],
    compile_: Callable,
    lakehouse: Lakehouse,
    session: Session,
) -> Outcome:
    tree = _parsed(statement, kind)
    target = tree.this
    database = (target.db or statement.database).lower()
    with lakehouse.writing(database, target.name.lower()):
        changes, analysis = compile_(tree, statement.sql, lakehouse, statement.database)
        changed, scanned = change_rows(changes, analysis, lakehouse, session)
    return Outcome("DML", statement.verb, update_count=changed, scanned=scanned)
