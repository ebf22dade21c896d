"""Parsing of queries and DML: sqlglot's Trino grammar, function calls left as they are written."""

import re
from collections.abc import Callable
from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.parser import Parser
from sqlglot.tokens import Token, TokenType

from localaws.sql.errors import Position, QueryError, offset_position

# What sqlglot reads and Trino does not.
_NOT_TRINO = {TokenType.DCOLON: "::", TokenType.NULLSAFE_EQ: "<=>"}
# The mark of a written CAST: sqlglot gives `DATE '...'` and its like the same node.
EXPLICIT = "explicit"


def _marked(parser: Callable) -> Callable:
    def parse(self: Parser) -> exp.Expression | None:
        node = parser(self)
        if node is not None:
            node.meta[EXPLICIT] = True
        return node

    return parse


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
            name: _marked(parser) if name in ("CAST", "TRY_CAST") else parser
            for name, parser in Trino.Parser.FUNCTION_PARSERS.items()
            if name in ("CAST", "TRY_CAST", "EXTRACT", "TRIM", "POSITION", "SUBSTRING")
        }


_PARSE_ERROR = re.compile(r"^(?P<what>.*?)\. Line (?P<line>\d+), Col: (?P<column>\d+)", re.DOTALL)


def parse_query(sql: str) -> exp.Expression:
    """The one query or DML statement in `sql`.

    Raises QueryError SYNTAX_ERROR where it is none.
    """
    dialect = AthenaQuery()
    try:
        tokens = dialect.tokenize(sql)
        _refuse_foreign(tokens, sql)
        statements = dialect.parser().parse(tokens, sql)
    except (ParseError, TokenError) as error:
        raise _syntax_error(str(error)) from None
    except RecursionError:
        message = "statement is too large (stack overflow while parsing)"
        raise QueryError("STACK_OVERFLOW", message) from None
    statements = [statement for statement in statements if statement is not None]
    if len(statements) != 1:
        raise QueryError("SYNTAX_ERROR", "Only one sql statement is allowed.")
    if isinstance(statements[0], exp.Command):
        raise QueryError(
            "NOT_SUPPORTED", f"{statements[0].name.upper()} statements are not supported locally"
        )
    return statements[0]


def _refuse_foreign(tokens: list[Token], sql: str) -> None:
    """Raises SYNTAX_ERROR for what sqlglot would take from other dialects.

    Source of the grammar: Trino documentation, "SELECT" (OFFSET comes before LIMIT).
    """
    limited = [False]
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        written = sql[token.start : token.end + 1]
        at = offset_position(sql, token.start)
        if token.token_type in _NOT_TRINO or written == "==":
            raise QueryError("SYNTAX_ERROR", f"mismatched input '{written}'", at)
        if written[:2].lower() in ("0x", "0b", "0o") and token.token_type != TokenType.STRING:
            message = f"the number {written} is not supported locally: write it in decimal"
            raise QueryError("NOT_SUPPORTED", message, at)
        glued = after is not None and after.start == token.end + 1
        if token.token_type == TokenType.NUMBER and glued and re.match(r"\w", sql[after.start]):
            message = "identifiers must not start with a digit; surround them with double quotes"
            raise QueryError("SYNTAX_ERROR", message, at)
        match token.token_type:
            case TokenType.L_PAREN:
                limited.append(False)
            case TokenType.R_PAREN if len(limited) > 1:
                limited.pop()
            case TokenType.LIMIT | TokenType.FETCH:
                limited[-1] = True
            case TokenType.OFFSET | TokenType.COMMA if limited[-1]:
                raise QueryError("SYNTAX_ERROR", f"mismatched input '{written}'", at)
            case TokenType.COMMA if after is None or after.token_type in (
                TokenType.FROM,
                TokenType.R_PAREN,
            ):
                raise QueryError("SYNTAX_ERROR", "mismatched input ','", at)


def _syntax_error(text: str) -> QueryError:
    if match := _PARSE_ERROR.match(text):
        at = Position(int(match["line"]), int(match["column"]))
        return QueryError("SYNTAX_ERROR", f"mismatched input: {match['what'].lower()}", at)
    return QueryError("SYNTAX_ERROR", text.splitlines()[0])
