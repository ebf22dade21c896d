"""What Athena's parser takes, and where it refuses the rest.

sqlglot, which makes the trees that run here, reads the union of many dialects. So every statement
first has to fit Athena's own grammar, and sqlglot is told which of its words are mere names.
"""

from functools import cache

from localaws.sql.errors import Position, QueryError, offset_position
from localaws.sql.grammar.lexer import (
    BACKQUOTED,
    DIGITS_FIRST,
    Token,
    is_name,
    name_of,
    text_of,
    tokens_of,
)
from localaws.sql.grammar.matcher import KEYWORD, NAME, TYPE, Grammar
from localaws.sql.grammar.rules import GRAMMAR

__all__ = [
    "KEYWORD",
    "NAME",
    "TYPE",
    "Token",
    "is_name",
    "name_of",
    "read_statement",
    "text_of",
    "tokens_of",
]

# They are names to the grammar, so that the message can say what to do.
_ODD_NAMES = {
    BACKQUOTED: "backquoted identifiers are not supported; use double quotes to quote identifiers",
    DIGITS_FIRST: "identifiers must not start with a digit; surround them with double quotes",
}


@cache
def _grammar() -> Grammar:
    return Grammar(GRAMMAR)


def read_statement(sql: str) -> tuple[list[Token], bytes]:
    """The tokens of the one query or DML statement in `sql`, and how each was read: as KEYWORD
    (or sign, or constant), as the name of a TYPE, or as NAME of anything else.

    Raises QueryError SYNTAX_ERROR where it is none.
    """
    tokens = tokens_of(sql)
    while tokens and tokens[-1].kind == ";":
        tokens.pop()
    wrong, roles = _grammar().read(tokens)
    for token in tokens[:wrong]:
        if token.kind in _ODD_NAMES:
            raise QueryError("SYNTAX_ERROR", _ODD_NAMES[token.kind], _place(token, sql))
    if wrong == len(tokens):
        end = offset_position(sql, len(sql))
        raise QueryError("SYNTAX_ERROR", "mismatched input '<EOF>'", end)
    if wrong is not None:
        token = tokens[wrong]
        message = f"mismatched input '{token.text}'"
        if token.kind == ";":
            message = f"Only one sql statement is allowed. Got: {sql}"
        raise QueryError("SYNTAX_ERROR", message, _place(token, sql))
    return tokens, bytes(roles)


def _place(token: Token, sql: str) -> Position:
    return offset_position(sql, token.start)
