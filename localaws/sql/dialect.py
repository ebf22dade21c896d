"""Parsing of queries and DML: sqlglot's Trino grammar, function calls left as they are written."""

import re
from typing import ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError

from localaws.sql.errors import Position, QueryError


class AthenaQuery(Trino):
    """Trino without sqlglot's own reading of function names.

    sqlglot would rename functions and drop arguments on the way (`strpos(s, x, 2)`); here every
    plain call stays `exp.Anonymous`, so that the allow-list alone decides what it means. Calls
    with syntax of their own (CAST, EXTRACT, TRIM ...) keep their nodes.
    """

    # Subscripts stay as written: sqlglot would shift them to count from 0.
    INDEX_OFFSET = 0

    class Parser(Trino.Parser):
        FUNCTIONS: ClassVar[dict] = {}
        FUNCTION_PARSERS: ClassVar[dict] = {
            name: parser
            for name, parser in Trino.Parser.FUNCTION_PARSERS.items()
            if name in ("CAST", "TRY_CAST", "EXTRACT", "TRIM", "POSITION", "SUBSTRING")
        }


_PARSE_ERROR = re.compile(r"^(?P<what>.*?)\. Line (?P<line>\d+), Col: (?P<column>\d+)", re.DOTALL)


def parse_query(sql: str) -> exp.Expression:
    """The one query or DML statement in `sql`.

    Raises QueryError SYNTAX_ERROR where it is none.
    """
    try:
        statements = sqlglot.parse(sql, read=AthenaQuery)
    except (ParseError, TokenError) as error:
        raise _syntax_error(str(error)) from None
    statements = [statement for statement in statements if statement is not None]
    if len(statements) != 1:
        raise QueryError("SYNTAX_ERROR", "Only one sql statement is allowed.")
    if isinstance(statements[0], exp.Command):
        raise QueryError(
            "NOT_SUPPORTED", f"{statements[0].name.upper()} statements are not supported locally"
        )
    return statements[0]


def _syntax_error(text: str) -> QueryError:
    if match := _PARSE_ERROR.match(text):
        at = Position(int(match["line"]), int(match["column"]))
        return QueryError("SYNTAX_ERROR", f"mismatched input: {match['what'].lower()}", at)
    return QueryError("SYNTAX_ERROR", text.splitlines()[0])
