"""Parsing of queries and DML: sqlglot's Trino grammar, function calls left as they are written."""

import re
import sys
from collections.abc import Callable
from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.parser import Parser
from sqlglot.tokens import Token, TokenType

from localaws.sql.errors import Position, QueryError, offset_position
from localaws.sql.listagg import fold_within_group
from localaws.sql.reserved import refuse_from_first, refuse_reserved

# The parser and what walks its trees recurse: as deep as the engine goes too (its
# max_expression_depth), and not so deep that a thread's stack would end.
sys.setrecursionlimit(10_000)
# What sqlglot reads and Trino does not.
_NOT_TRINO = {TokenType.DCOLON: "::", TokenType.NULLSAFE_EQ: "<=>"}
# Marks of a CAST node: that it is written as one (sqlglot gives `DATE '...'` and its like the same
# node), and its type as the statement spells it (sqlglot knows more types than Trino).
EXPLICIT = "explicit"
SPELLING = "spelling"
_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def _written_cast(parse: Callable) -> Callable:
    def marked(self: Parser) -> exp.Expression | None:
        first = self._index
        node = parse(self)
        if node is not None:
            depth, start = 0, first
            for i in range(first, self._index):
                match self._tokens[i].token_type:
                    case TokenType.L_PAREN:
                        depth += 1
                    case TokenType.R_PAREN:
                        depth -= 1
                    case TokenType.ALIAS if depth == 0:
                        start = i + 1
            node.meta[EXPLICIT] = True
            node.meta["start"] = self._tokens[first - 2].start
            node.meta[SPELLING] = self._find_sql(self._tokens[start], self._prev)
        return node

    return marked


class AthenaQuery(Trino):
    """Trino without sqlglot's own reading of function names.

    sqlglot would rename functions and drop arguments on the way (`strpos(s, x, 2)`); here every
    plain call stays `exp.Anonymous`, so that the allow-list alone decides what it means. Calls
    with syntax of their own (CAST, EXTRACT, TRIM ...) keep their nodes.
    """

    # Subscripts stay as written: sqlglot would shift them to count from 0.
    INDEX_OFFSET = 0

    class Tokenizer(Trino.Tokenizer):
        # See _with_binary_literals.
        HEX_STRINGS: ClassVar[list] = []

    class Parser(Trino.Parser):
        FUNCTIONS: ClassVar[dict] = {}
        # Athena engine version 3 knows no SYSTEM_TIME and no SYSTEM_VERSION.
        VERSION_PHRASES: ClassVar[dict] = {
            ("FOR", "VERSION", "AS", "OF"): "VERSION",
            ("FOR", "TIMESTAMP", "AS", "OF"): "TIMESTAMP",
        }
        FUNCTION_PARSERS: ClassVar[dict] = {
            name: _written_cast(parser) if name in ("CAST", "TRY_CAST") else parser
            for name, parser in Trino.Parser.FUNCTION_PARSERS.items()
            if name in ("CAST", "TRY_CAST", "EXTRACT", "TRIM", "POSITION", "SUBSTRING")
        }

        def _parse_join(self, *args, **kwargs) -> exp.Join | None:
            comma = self._curr is not None and self._curr.token_type == TokenType.COMMA
            node = super()._parse_join(*args, **kwargs)
            if node is not None:
                # Its node is that of a JOIN without a condition, but it binds weaker.
                node.meta["comma"] = comma
            return node

        def _parse_type(
            self, parse_interval: bool = True, fallback_to_identifier: bool = False
        ) -> exp.Expression | None:
            first = self._index
            node = super()._parse_type(parse_interval, fallback_to_identifier)
            literal = node.this if isinstance(node, exp.Cast) else None
            if isinstance(literal, exp.Literal) and EXPLICIT not in node.meta:
                words = self._tokens[first : self._index - 1]
                node.meta[SPELLING] = self._find_sql(words[0], words[-1])
                node.meta["start"] = words[0].start
            return node


def parse_query(sql: str) -> exp.Expression:
    """The one query or DML statement in `sql`.

    Raises QueryError SYNTAX_ERROR where it is none.
    """
    dialect = AthenaQuery()
    try:
        tokens = _with_binary_literals(dialect.tokenize(sql), sql)
        _refuse_foreign(tokens, sql)
        refuse_from_first(tokens, sql)
        statements = dialect.parser().parse(tokens, sql)
    except ParseError as error:
        raise _syntax_error(error, tokens, sql) from None
    except TokenError as error:
        raise QueryError("SYNTAX_ERROR", str(error).splitlines()[0]) from None
    except RecursionError:
        message = "statement is too large (stack overflow while parsing)"
        raise QueryError("STACK_OVERFLOW", message) from None
    statements = [statement for statement in statements if statement is not None]
    if len(statements) != 1:
        raise QueryError("SYNTAX_ERROR", "Only one sql statement is allowed.")
    refuse_reserved(statements[0], sql)
    fold_within_group(statements[0])
    match statements[0]:
        case exp.Query() | exp.DML() | exp.Values() | exp.Merge() | exp.Create():
            return statements[0]
        case exp.Command():
            verb = statements[0].name.upper()
            message = f"{verb} statements are not supported locally"
            raise QueryError("NOT_SUPPORTED", message)
    word = sql[tokens[0].start : tokens[0].end + 1]
    at = offset_position(sql, tokens[0].start)
    raise QueryError("SYNTAX_ERROR", f"mismatched input '{word}'. Expecting: a statement", at)


def _with_binary_literals(tokens: list[Token], sql: str) -> list[Token]:
    """`X'68 65'` as a literal whose type is spelled X: sqlglot's own knows no spaces."""
    result: list[Token] = []
    for token in tokens:
        before = result[-1] if result else None
        if (
            token.token_type == TokenType.STRING
            and before is not None
            and before.end + 1 == token.start
            and sql[before.start : token.start].lower() == "x"
        ):
            result[-1] = Token(
                TokenType.VARBINARY, "X", before.line, before.col, before.start, before.end
            )
        result.append(token)
    return result


_STARTS = {
    TokenType.SELECT,
    TokenType.UNION,
    TokenType.EXCEPT,
    TokenType.INTERSECT,
    TokenType.SEMICOLON,
}
_CLAUSES = (TokenType.WHERE, TokenType.GROUP_BY, TokenType.HAVING, TokenType.ORDER_BY)
_LIMITS = (TokenType.OFFSET, TokenType.LIMIT, TokenType.FETCH)


def _refuse_foreign(tokens: list[Token], sql: str) -> None:
    """Raises SYNTAX_ERROR for what sqlglot would take from other dialects.

    Source of the grammar: Trino documentation, "SELECT" (OFFSET comes before LIMIT).
    """
    limited = [False]
    places = [0]
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        written = sql[token.start : token.end + 1]
        at = offset_position(sql, token.start)
        if token.token_type in _NOT_TRINO or written == "==":
            raise QueryError("SYNTAX_ERROR", f"mismatched input '{written}'", at)
        if token.token_type == TokenType.NUMBER:
            _check_number(written, sql[token.end + 1 : token.end + 2], at)
        if token.token_type in _STARTS:
            if places[-1] > _CLAUSES.index(TokenType.HAVING) + 1 and written != ";":
                raise QueryError("SYNTAX_ERROR", f"mismatched input '{written}'", at)
            places[-1] = 0
        elif place := _place(token, after):
            if place < places[-1]:
                raise QueryError("SYNTAX_ERROR", f"mismatched input '{written}'", at)
            places[-1] = place
        match token.token_type:
            case TokenType.L_PAREN:
                limited.append(False)
                places.append(0)
            case TokenType.R_PAREN if len(limited) > 1:
                limited.pop()
                places.pop()
            case TokenType.LIMIT | TokenType.FETCH:
                limited[-1] = True
            case TokenType.OFFSET | TokenType.COMMA if limited[-1]:
                raise QueryError("SYNTAX_ERROR", f"mismatched input '{written}'", at)
            case TokenType.COMMA if after is None or after.token_type in (
                TokenType.FROM,
                TokenType.R_PAREN,
            ):
                raise QueryError("SYNTAX_ERROR", "mismatched input ','", at)
            case TokenType.INTERVAL if after is not None and after.token_type == TokenType.NUMBER:
                # sqlglot reads INTERVAL 1 DAY as INTERVAL '1' DAY.
                message = f"mismatched input '{after.text}'. Expecting: '+', '-', <string>"
                raise QueryError("SYNTAX_ERROR", message, offset_position(sql, after.start))


def _place(token: Token, after: Token | None) -> int:
    """Where the clause that `token` begins stands among those of its query, from 1; 0 for others.

    sqlglot takes the clauses in any order.
    """
    if token.token_type in _CLAUSES:
        return _CLAUSES.index(token.token_type) + 1
    # These are names as well.
    counts = after is not None and after.token_type in (TokenType.NUMBER, TokenType.FIRST)
    return len(_CLAUSES) + 1 if counts and token.token_type in _LIMITS else 0


def _check_number(written: str, behind: str, at: Position) -> None:
    """Raises QueryError for a number that goes on in letters or underscores."""
    if written == "0" and behind.lower() in ("x", "b", "o"):
        message = f"numbers that begin with 0{behind} are not supported locally"
        raise QueryError("NOT_SUPPORTED", message, at)
    if behind == "_" or re.match(r"\w", behind) or not _NUMBER.fullmatch(written):
        message = "identifiers must not start with a digit; surround them with double quotes"
        raise QueryError("SYNTAX_ERROR", message, at)


def _syntax_error(error: ParseError, tokens: list[Token], sql: str) -> QueryError:
    details = error.errors[0]
    place = (details["line"], details["col"])
    token = next((each for each in tokens if (each.line, each.col) == place), None)
    missing = "unexpected token" not in details["description"].lower()
    if token is None or (token is tokens[-1] and missing):
        return QueryError(
            "SYNTAX_ERROR", "mismatched input '<EOF>'", offset_position(sql, len(sql))
        )
    word = sql[token.start : token.end + 1]
    return QueryError(
        "SYNTAX_ERROR", f"mismatched input '{word}'", offset_position(sql, token.start)
    )
