"""UNLOAD (query) TO 's3://...' WITH (...): a query's rows as files, without a table.

Source: Athena user guide, "UNLOAD".
"""

from localaws.athena.outcome import Outcome
from localaws.athena.write_options import file_format, options_of
from localaws.athena.write_targets import hive_target, named_columns, require_empty
from localaws.engine import Session
from localaws.sql.dialect import parse_query
from localaws.sql.errors import QueryError, blanked, offset_position
from localaws.sql.grammar import Token, text_of, tokens_of
from localaws.tables import hive_writer
from localaws.tables.resolver import Lakehouse

_PROPERTIES = {"format", "compression", "field_delimiter", "partitioned_by"}


def unload(sql: str, database: str, lakehouse: Lakehouse, session: Session) -> Outcome:
    """Raises HIVE_PATH_ALREADY_EXISTS for a target that is not empty, unless it is partitioned."""
    query, location, options = _parsed(sql)
    plan = lakehouse.plan(parse_query(query), query, database, session)
    columns = named_columns(plan)
    hive_writer.check_types(columns)
    target = hive_target(options, columns, location, file_format(options, "compression"))
    if not target.partitioned_by:
        require_empty(location, lakehouse)
    written = hive_writer.write(plan.sql, target, session, lakehouse.store, lakehouse.scratch)
    return Outcome(
        "DML",
        "UNLOAD",
        update_count=written.rows,
        scanned=plan.scanned,
        written=written.objects,
    )


def _parsed(sql: str) -> tuple[str, str, dict]:
    """The query, at its place in `sql` so that errors point rightly; the location; the options."""
    tokens = tokens_of(sql)
    if len(tokens) < 2 or tokens[1].kind != "(":
        raise _error(sql, tokens, 1, "(")
    end = _closing(tokens, 1, sql)
    query = blanked(sql[: tokens[end].start], tokens[1].end)
    for place, words in ((end + 1, ("TO",)), (end + 3, ("WITH",)), (end + 4, ("(",))):
        if place >= len(tokens) or tokens[place].kind not in words:
            raise _error(sql, tokens, place, words[0])
    if tokens[end + 2].kind != "<string>":
        raise _error(sql, tokens, end + 2, "a location")
    last = _closing(tokens, end + 4, sql)
    if last + 1 < len(tokens):
        raise _error(sql, tokens, last + 1, "<EOF>")
    # Padded, so that errors name the place in the statement.
    head = "CREATE TABLE t WITH "
    before = blanked(sql, tokens[end + 4].start)[: tokens[end + 4].start - len(head)]
    properties = sql[tokens[end + 4].start : tokens[last].end]
    options = options_of(parse_query(f"{before}{head}{properties} AS SELECT 1 AS one"))
    for name in options:
        if name not in _PROPERTIES:
            raise QueryError("NOT_SUPPORTED", f"the property {name} of UNLOAD is not supported")
    if "format" not in options:
        raise QueryError("INVALID_TABLE_PROPERTY", "UNLOAD needs the property format")
    return query, text_of(tokens[end + 2]), options


def _closing(tokens: list[Token], opening: int, sql: str) -> int:
    depth = 0
    for place in range(opening, len(tokens)):
        if tokens[place].kind == "(":
            depth += 1
        elif tokens[place].kind == ")":
            depth -= 1
            if depth == 0:
                return place
    raise _error(sql, tokens, len(tokens), ")")


def _error(sql: str, tokens: list[Token], place: int, expected: str) -> QueryError:
    start = tokens[place].start if place < len(tokens) else len(sql)
    found = tokens[place].text if place < len(tokens) else "<EOF>"
    message = f"mismatched input '{found}', expecting {expected}"
    return QueryError("SYNTAX_ERROR", message, offset_position(sql, start))
