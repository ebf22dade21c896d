"""Athena's tokens as sqlglot's, so that sqlglot reads a word as its keyword only where Athena does.

sqlglot's own tokenizer knows the quotes, comments and operators of other dialects, and its parser
the keywords: `a notnull` is a column under another name to Athena.
"""

import re

from sqlglot.dialects.trino import Trino
from sqlglot.tokens import Token as SqlglotToken
from sqlglot.tokens import TokenType

from localaws.sql.errors import QueryError, offset_position
from localaws.sql.grammar import NAME, TYPE, Token, text_of
from localaws.sql.type_parser import UnsupportedType, parse_trino_type

_KEYWORDS: dict[str, TokenType] = {
    **Trino.Tokenizer.KEYWORDS,
    "CURRENT_SCHEMA": TokenType.CURRENT_SCHEMA,
}
_SIGNS: dict[str, TokenType] = {**Trino.Tokenizer.SINGLE_TOKENS, **_KEYWORDS}
_TEXTS = ("<string>", "<unicode>")
# `\0041`, `\+000041`, `\\`, or the escape character on its own, which is an error.
_ESCAPED = r"{0}(?:([0-9A-Fa-f]{{4}})|\+([0-9A-Fa-f]{{6}})|({0}))?"


def sqlglot_tokens(tokens: list[Token], roles: bytes, sql: str) -> list[SqlglotToken]:
    """The column of each is its offset in `sql`. That is what a ParseError of sqlglot's tells.

    Raises QueryError SYNTAX_ERROR for a constant that Athena cannot read.
    """
    found: list[SqlglotToken] = []
    at = 0
    while at < len(tokens):
        token, role = tokens[at], roles[at]
        words = 1
        match token.kind:
            case "<string>":
                made = [(TokenType.STRING, text_of(token))]
            case "<unicode>":
                escaped = at + 1 < len(tokens) and tokens[at + 1].kind == "UESCAPE"
                words = 3 if escaped else 1
                escape = text_of(tokens[at + 2]) if escaped else "\\"
                made = [(TokenType.STRING, _unicode(token, escape, sql))]
            case "<binary>":
                # As a literal of the type X, which sqlglot has no other form for.
                made = [(TokenType.VARBINARY, "X"), (TokenType.STRING, token.text[2:-1])]
            case "<quoted>":
                made = [(TokenType.IDENTIFIER, _name(token, sql))]
            case "<integer>":
                made = [(TokenType.NUMBER, str(_integer(token.text)))]
            case "<decimal>" | "<double>":
                made = [(TokenType.NUMBER, token.text.replace("_", ""))]
            case kind if kind[0].isalpha() or kind[0] == "_":
                if role == TYPE and tokens[at + 1 : at + 2] and tokens[at + 1].kind in _TEXTS:
                    _check_type(token, sql)
                words, type_ = _keyword(tokens, roles, at) if role != NAME else (1, TokenType.VAR)
                made = [(type_, " ".join(each.text for each in tokens[at : at + words]))]
            case sign:
                made = [(_SIGNS.get(sign, TokenType.UNKNOWN), sign)]
        ends = [token.start] * (len(made) - 1) + [tokens[at + words - 1].end - 1]
        found += [
            SqlglotToken(type_, text, 1, token.start, token.start, end)
            for (type_, text), end in zip(made, ends, strict=True)
        ]
        at += words
    return found


def _keyword(tokens: list[Token], roles: bytes, at: int) -> tuple[int, TokenType]:
    """sqlglot's token of the keyword at a place, and of how many words it is (GROUP BY)."""
    if at + 1 < len(tokens) and roles[at + 1] == roles[at]:
        both = f"{tokens[at].kind} {tokens[at + 1].kind}"
        if both in _KEYWORDS:
            return 2, _KEYWORDS[both]
    return 1, _KEYWORDS.get(tokens[at].kind, TokenType.VAR)


def _check_type(token: Token, sql: str) -> None:
    """Raises QueryError where the word in front of a text names no type: `top 'x'`, which sqlglot
    would take for a name and its alias."""
    at = offset_position(sql, token.start)
    try:
        parse_trino_type(token.text)
    except UnsupportedType as error:
        raise QueryError("NOT_SUPPORTED", str(error), at) from None
    except ValueError as error:
        raise QueryError("TYPE_NOT_FOUND", str(error), at) from None


def _name(token: Token, sql: str) -> str:
    name = text_of(token)
    if not name:
        message = "Zero-length delimited identifier not allowed"
        raise QueryError("SYNTAX_ERROR", message, offset_position(sql, token.start))
    return name


def _integer(text: str) -> int:
    """`0x1F`, `0b1`, `0o7` and `1_000` as well; a zero in front means nothing."""
    return int(text, 0) if text[1:2].isalpha() else int(text)


def _unicode(token: Token, escape: str, sql: str) -> str:
    """The text of `U&'...'`.

    Source: Trino documentation, "Literals", Unicode strings.
    """
    at = offset_position(sql, token.start)
    if len(escape) != 1 or re.fullmatch(r"[0-9A-Fa-f+\"'\s]", escape):
        raise QueryError("SYNTAX_ERROR", f"Invalid Unicode escape character: {escape}", at)

    def character(match: re.Match[str]) -> str:
        short, long, itself = match.groups()
        if itself:
            return itself
        code = int(short or long or "-1", 16)
        if not 0 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise QueryError("SYNTAX_ERROR", f"Invalid escape sequence: {match[0]}", at)
        return chr(code)

    text = text_of(token._replace(text=token.text[2:]))
    return re.sub(_ESCAPED.format(re.escape(escape)), character, text)
