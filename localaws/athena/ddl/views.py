"""CREATE VIEW."""

import re
from dataclasses import dataclass

from sqlglot import exp

from localaws.athena.ddl.common import done
from localaws.athena.outcome import Outcome
from localaws.sql.dialect import parse_query
from localaws.sql.errors import QueryError, blanked
from localaws.sql.queries import analyze
from localaws.sql.scope import Table, View
from localaws.tables import information_schema
from localaws.tables.resolver import Lakehouse
from localaws.tables.views import is_view, view_input

_NAME_PART = r'(?:"(?:[^"]|"")+"|`[^`]+`|\w+)'
CREATE_VIEW = re.compile(
    r"\s*create\s+(?P<replace>or\s+replace\s+)?view\s*"
    rf"(?P<name>{_NAME_PART}(?:\s*\.\s*{_NAME_PART})*)\s+as\b\s*(?P<query>.*)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class _Sources:
    """What a view's query may read: not the view itself, directly or through other views.

    Source: Trino's StatementAnalyzer ("Statement would create a recursive view"); Athena user
    guide, "Querying AWS Glue Data Catalog" (no views on information_schema).
    """

    lakehouse: Lakehouse
    target: tuple[str, str]

    @property
    def account(self) -> str:
        return self.lakehouse.account

    def table(self, database: str, name: str, version: exp.Version | None) -> Table | View:
        if (database, name) == self.target:
            message = "Statement would create a recursive view"
            raise QueryError("VIEW_IS_RECURSIVE", message)
        if database == information_schema.NAME:
            raise QueryError("NOT_SUPPORTED", "Views on information_schema are not supported")
        return self.lakehouse.table(database, name, version)


def create(match: re.Match[str], database: str, lakehouse: Lakehouse) -> Outcome:
    """`match`: of CREATE_VIEW. The view is stored with the columns that its query has now."""
    parts = [part.strip('"`').lower() for part in re.findall(_NAME_PART, match["name"])]
    if len(parts) == 3 and parts[0] == "awsdatacatalog":
        parts = parts[1:]
    if len(parts) > 2:
        raise QueryError("SYNTAX_ERROR", f"mismatched input: {match['name']} names no view")
    name = parts[-1]
    owner = parts[0] if len(parts) == 2 else database
    lakehouse.require_database(owner)
    query = match["query"].strip()
    with lakehouse.writing(owner, name):
        known = {each["Name"]: each for each in lakehouse.catalog.tables(owner)}
        replaced = known.get(name)
        if replaced and not is_view(replaced):
            message = f"line 1:1: Table already exists: 'awsdatacatalog.{owner}.{name}'"
            raise QueryError("TABLE_ALREADY_EXISTS", message)
        if replaced and not match["replace"]:
            message = f"line 1:1: View already exists: 'awsdatacatalog.{owner}.{name}'"
            raise QueryError("TABLE_ALREADY_EXISTS", message)
        sources = _Sources(lakehouse, (owner, name)) if replaced else _Sources(lakehouse, ("", ""))
        placed = blanked(match.string, match.start("query"))
        output, _ = analyze(parse_query(placed), placed, sources, database)
        _check_names(output.names)
        names = (name.lower() for name in output.column_names)
        columns = list(zip(names, output.types, strict=True))
        view = view_input(name, query, database, columns, lakehouse.account)
        if replaced:
            lakehouse.catalog.update_table(owner, view)
        else:
            lakehouse.catalog.create_table(owner, view)
    return done("CREATE_VIEW")


def _check_names(names: tuple[str | None, ...]) -> None:
    """Source: Trino's StatementAnalyzer.validateColumns."""
    if None in names:
        place = names.index(None) + 1
        message = f"line 1:1: Column name not specified at position {place}"
        raise QueryError("MISSING_COLUMN_NAME", message)
    lowered = [str(name).lower() for name in names]
    for name in lowered:
        if lowered.count(name) > 1:
            message = f"line 1:1: Column name '{name}' specified more than once"
            raise QueryError("DUPLICATE_COLUMN_NAME", message)
