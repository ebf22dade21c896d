"""Athena's tokens, as Trino's lexer cuts them."""

import re
from typing import NamedTuple

# Sources: Trino documentation, "Reserved keywords"; Athena user guide, "List of reserved keywords
# in SQL SELECT statements" (EXECUTE, FIRST, LAST and OF stand in Athena's alone).
_RESERVED = """
ALTER AND AS BETWEEN BY CASE CAST CONSTRAINT CREATE CROSS CUBE CURRENT_CATALOG CURRENT_DATE
CURRENT_PATH CURRENT_ROLE CURRENT_SCHEMA CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DEALLOCATE
DELETE DESCRIBE DISTINCT DROP ELSE END ESCAPE EXCEPT EXECUTE EXISTS EXTRACT FALSE FIRST FOR FROM
FULL GROUP GROUPING HAVING IN INNER INSERT INTERSECT INTO IS JOIN JSON_ARRAY JSON_EXISTS
JSON_OBJECT JSON_QUERY JSON_TABLE JSON_VALUE LAST LEFT LIKE LISTAGG LOCALTIME LOCALTIMESTAMP NATURAL
NORMALIZE NOT NULL OF ON OR ORDER OUTER PREPARE RECURSIVE RIGHT ROLLUP SELECT SKIP TABLE THEN TRIM
TRUE UESCAPE UNION UNNEST USING VALUES WHEN WHERE WITH
"""
RESERVED = frozenset(_RESERVED.split())
# Kinds of token besides the signs and the words themselves.
WORD, QUOTED, BACKQUOTED, DIGITS_FIRST = "<word>", "<quoted>", "<backquoted>", "<digits first>"
NAMES = (WORD, QUOTED, BACKQUOTED, DIGITS_FIRST)
END = "<end>"
_DIGITS = r"[0-9](?:_?[0-9])*"
_TOKEN = re.compile(
    rf"""
    (?P<blank>[ \r\n\t]+|--[^\r\n]*|/\*.*?\*/)
    |(?P<string>'(?:[^']|'')*')
    |(?P<unicode>[uU]&'(?:[^']|'')*')
    |(?P<binary>[xX]'[^']*')
    |(?P<quoted>"(?:[^"]|"")*")
    |(?P<backquoted>`(?:[^`]|``)*`)
    |(?P<double>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][+-]?[0-9]+)
    |(?P<decimal>{_DIGITS}\.(?:{_DIGITS})?|\.{_DIGITS})
    |(?P<integer>0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|{_DIGITS})
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign><>|!=|<=|>=|\|\||->|=>|\{{-|-\}}|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_DIGITS_FIRST = re.compile(r"[0-9][A-Za-z0-9_]+")


class Token(NamedTuple):
    """kind: the sign itself, a word in upper case, or the name of a kind in angle brackets.

    `start` and `end` are offsets in the statement, `end` behind the last character.
    """

    kind: str
    text: str
    start: int
    end: int


def is_name(token: Token) -> bool:
    """Whether a token can be a name: a word that is not reserved, or anything in double quotes."""
    word = token.kind[0].isalpha() or token.kind[0] == "_"
    return token.kind == QUOTED or (word and token.kind not in RESERVED)


def name_of(token: Token) -> str:
    """The name as it is meant, without its quotes."""
    return text_of(token) if token.kind == QUOTED else token.text


def text_of(token: Token) -> str:
    """What stands between the quotes of a text or a name."""
    quote = token.text[-1]
    return token.text[1:-1].replace(quote * 2, quote)


def tokens_of(sql: str) -> list[Token]:
    """Without blanks and comments. What is no token is one by its character, which no rule takes:
    an open quote, a sign of other dialects."""
    found, at = [], 0
    while at < len(sql):
        match = _TOKEN.match(sql, at)
        kind, end = match.lastgroup, match.end()
        if kind in ("integer", "double", "decimal"):
            # The longer wins: `1a` is no number with an alias behind it.
            word = _DIGITS_FIRST.match(sql, at)
            if word is not None and word.end() > end:
                kind, end = "digits first", word.end()
        text = sql[at:end]
        if kind == "word":
            found.append(Token(text.upper(), text, at, end))
        elif kind == "sign":
            found.append(Token(text if text.isascii() else "<other>", text, at, end))
        elif kind != "blank":
            found.append(Token(f"<{kind}>", text, at, end))
        at = end
    return found
