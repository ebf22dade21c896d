"""The words of a statement in Hive's grammar, and what its clauses are made of."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from localaws.sql.errors import QueryError, offset_position
from localaws.sql.hive.statements import Column, Name, PartitionSpec

_T = TypeVar("_T")

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
      | (?P<text>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*")
      | (?P<quoted>`(?:[^`]|``)*`)
      | (?P<word>[A-Za-z0-9_$]+(?:\.\d+)?)
      | (?P<mark>[(),.:<>=;*-])""",
    re.DOTALL | re.VERBOSE,
)
_SPACES = re.compile(r"\s{2,}")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|[0-3][0-7]{2}|.)", re.DOTALL)
_ESCAPED = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}

# Source: Athena user guide, "List of reserved keywords in DDL statements".
_WORDS = """
ALL ALTER AND ARRAY AS AUTHORIZATION BETWEEN BIGINT BINARY BOOLEAN BOTH BY CASE CASHE CAST CHAR
COLUMN CONF CONSTRAINT COMMIT CREATE CROSS CUBE CURRENT CURRENT_DATE CURRENT_TIMESTAMP CURSOR
DATABASE DATE DAYOFWEEK DECIMAL DELETE DESCRIBE DISTINCT DOUBLE DROP ELSE END EXCHANGE EXISTS
EXTENDED EXTERNAL EXTRACT FALSE FETCH FLOAT FLOOR FOLLOWING FOR FOREIGN FROM FULL FUNCTION GRANT
GROUP GROUPING HAVING IF IMPORT IN INNER INSERT INT INTEGER INTERSECT INTERVAL INTO IS JOIN LATERAL
LEFT LESS LIKE LOCAL MACRO MAP MORE NONE NOT NULL NUMERIC OF ON ONLY OR ORDER OUT OUTER OVER
PARTIALSCAN PARTITION PERCENT PRECEDING PRECISION PRESERVE PRIMARY PROCEDURE RANGE READS REDUCE
REGEXP REFERENCES REVOKE RIGHT RLIKE ROLLBACK ROLLUP ROW ROWS SELECT SET SMALLINT START TABLE
TABLESAMPLE THEN TIME TIMESTAMP TO TRANSFORM TRIGGER TRUE TRUNCATE UNBOUNDED UNION UNIQUEJOIN UPDATE
USER USING UTC_TIMESTAMP VALUES VARCHAR VIEWS WHEN WHERE WINDOW WITH
"""
_RESERVED = frozenset(_WORDS.split())
# Columns of Iceberg tables may be called so without backticks: awswrangler writes it.
ICEBERG_NAMES = ("PARTITION",)


@dataclass(frozen=True)
class _Token:
    kind: str
    value: str
    start: int


class Reader:
    """Reads a statement from left to right; every method raises QueryError SYNTAX_ERROR."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self._tokens = list(_tokens(sql))
        while self._tokens and self._tokens[-1].value == ";":
            self._tokens.pop()
        self._at = 0

    def error(self, expected: str = "") -> QueryError:
        start = len(self.sql) if self.done() else self._tokens[self._at].start
        found = "<EOF>" if self.done() else self._tokens[self._at].value
        message = f"mismatched input '{found}'" + (f", expecting {expected}" if expected else "")
        return QueryError("SYNTAX_ERROR", message, offset_position(self.sql, start))

    def done(self, ahead: int = 0) -> bool:
        return self._at + ahead >= len(self._tokens)

    def end(self) -> None:
        if not self.done():
            raise self.error("<EOF>")

    def peek(self, ahead: int = 0) -> str:
        """The next word or mark in capitals; nothing for a name in quotes or a text."""
        place = self._at + ahead
        if place >= len(self._tokens) or self._tokens[place].kind in ("text", "quoted"):
            return ""
        return self._tokens[place].value.upper()

    def accept(self, *words: str) -> bool:
        if all(self.peek(i) == word for i, word in enumerate(words)):
            self._at += len(words)
            return True
        return False

    def accept_any(self, *words: str) -> bool:
        return any(self.accept(word) for word in words)

    def expect(self, *words: str) -> None:
        for word in words:
            if not self.accept(word):
                raise self.error(word)

    def _next(self, kinds: tuple[str, ...], expected: str) -> _Token:
        if self.done() or self._tokens[self._at].kind not in kinds:
            raise self.error(expected)
        self._at += 1
        return self._tokens[self._at - 1]

    # ---- names

    def identifier(self, *also: str) -> str:
        """A name in lower case. Reserved words need backticks, those in `also` do not."""
        if self.peek() in _RESERVED and self.peek() not in also:
            raise self.error("identifier")
        token = self._next(("word", "quoted"), "identifier")
        if token.kind == "quoted":
            return token.value[1:-1].replace("``", "`").lower()
        return token.value.lower()

    def word(self) -> str:
        """A word in capitals, reserved or not."""
        return self._next(("word",), "a word").value.upper()

    def name(self, *, view: bool = False) -> Name:
        """`table`, `database.table` or `awsdatacatalog.database.table`.

        view: names in double quotes are read too; tables must not be named so.
        """
        quoted = False
        parts: list[str] = []
        while True:
            if view and not self.done() and self._tokens[self._at].value.startswith('"'):
                parts.append(self._next(("text",), "identifier").value[1:-1].lower())
                quoted = True
            else:
                parts.append(self.identifier())
            if not self.accept("."):
                break
        if len(parts) == 1 and "." in parts[0]:
            # Hive takes `database.table` in one pair of backticks for both.
            parts = parts[0].split(".")
        if len(parts) == 3 and parts[0] == "awsdatacatalog":
            parts = parts[1:]
        if len(parts) > 2:
            raise self.error("database.table")
        return Name(parts[0] if len(parts) == 2 else None, parts[-1], quoted)

    def database(self) -> str:
        parts = [self.identifier()]
        while self.accept("."):
            parts.append(self.identifier())
        if len(parts) > 2 or (len(parts) == 2 and parts[0] != "awsdatacatalog"):
            raise self.error("database")
        return parts[-1]

    # ---- values

    def text(self, *, folded: bool = False) -> str:
        """A text in single or double quotes, Hive's escapes resolved.

        folded: as Athena keeps comments and table properties, with one space where two or more
        stand. Measured by aoyagikouhei/athena-local (docs/dev/measurements/statements.md).
        """
        token = self._next(("text",), "STRING")
        body = token.value[1:-1]
        if folded:
            body = _SPACES.sub(" ", body)
        if token.value[0] == "'":
            body = body.replace("''", "'")
        return _ESCAPE.sub(_unescaped, body)

    def constant(self, *, folded: bool = False) -> str:
        if not self.done() and self._tokens[self._at].kind == "text":
            return self.text(folded=folded)
        sign = "-" if self.accept("-") else ""
        return sign + self._next(("word",), "constant").value

    def number(self) -> int:
        token = self._next(("word",), "a number")
        if not token.value.isdecimal():
            self._at -= 1
            raise self.error("a number")
        return int(token.value)

    def listed(self, item: Callable[[], _T]) -> tuple[_T, ...]:
        """`(item, item, ...)`"""
        self.expect("(")
        items = [item()]
        while self.accept(","):
            items.append(item())
        self.expect(")")
        return tuple(items)

    def properties(self, *, folded: bool = True) -> dict[str, str]:
        def pair() -> tuple[str, str]:
            key = self.text(folded=folded)
            self.expect("=")
            return key, self.constant(folded=folded)

        return dict(self.listed(pair))

    # ---- clauses

    def column(self, *also: str) -> Column:
        name = self.identifier(*also)
        return Column(name, self.type(), self.comment())

    def comment(self) -> str | None:
        return self.text(folded=True) if self.accept("COMMENT") else None

    def type(self) -> str:
        """A type's text, up to the word that ends the column."""
        parts: list[str] = []
        depth = 0
        while not self.done():
            if depth == 0 and (
                self.peek() in (",", ")", "COMMENT", "FIRST", "AFTER", "CASCADE", "RESTRICT")
            ):
                break
            token = self._next(("word", "quoted", "mark"), "type")
            depth += {"(": 1, "<": 1, ")": -1, ">": -1}.get(token.value, 0)
            parts.append(token.value.strip("`"))
        if not parts:
            raise self.error("type")
        return re.sub(r"\s*([(),:<>])\s*", r"\1", " ".join(parts)).lower()

    def partition(self) -> PartitionSpec:
        """`PARTITION (key = value, ...)`"""

        def pair() -> tuple[str, str]:
            key = self.identifier()
            self.expect("=")
            return key, self.constant()

        self.expect("PARTITION")
        return PartitionSpec(dict(self.listed(pair)))

    def transform(self) -> str:
        """`column` or `transform(number, column)` of an Iceberg table."""
        if self.peek(1) != "(":
            return self.identifier(*ICEBERG_NAMES)
        name = self.word().lower()
        arguments = self.listed(lambda: self.identifier(*ICEBERG_NAMES))
        return f"{name}({','.join(arguments)})"

    def at_type(self) -> bool:
        """Whether a type follows the name that stands next."""
        return self.peek(1) not in (",", ")", "(")


def _tokens(sql: str) -> Iterator[_Token]:
    at = 0
    while at < len(sql):
        match = _TOKEN.match(sql, at)
        if not match:
            message = f"mismatched input '{sql[at]}'"
            raise QueryError("SYNTAX_ERROR", message, offset_position(sql, at))
        if match.lastgroup != "space":
            yield _Token(match.lastgroup or "", match[0], at)
        at = match.end()


def _unescaped(match: re.Match[str]) -> str:
    """Source: Hive's BaseSemanticAnalyzer.unescapeSQLString."""
    text = match[1]
    if text[0] == "u" and len(text) == 5:
        return chr(int(text[1:], 16))
    if len(text) == 3:
        return chr(int(text, 8))
    if text in ("%", "_"):
        return f"\\{text}"
    return _ESCAPED.get(text, text)
