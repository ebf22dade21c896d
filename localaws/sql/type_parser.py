"""Types parsed from Trino's and Hive's spellings."""

import re

from localaws.sql.types import (
    INTEGERS,
    MAX_CHAR,
    MAX_PRECISION,
    Type,
    array,
    decimal,
    row,
    timestamp_tz,
)

_HIVE_NAMES = {"int": "integer", "string": "varchar", "float": "real", "binary": "varbinary"}
_TRINO_NAMES = {"int": "integer"}
_SIMPLE = {
    "boolean",
    *INTEGERS,
    "real",
    "double",
    "date",
    "varbinary",
    "json",
    "uuid",
    "ipaddress",
    "unknown",
}
_NOT_LOCAL = {
    "hyperloglog",
    "p4hyperloglog",
    "qdigest",
    "tdigest",
    "setdigest",
    "geometry",
    "sphericalgeography",
    "bingtile",
    "function",
    "color",
}


class UnsupportedType(ValueError):
    """A type of Trino's that has no values here."""


def parse_type(text: str, timestamp_precision: int = 3) -> Type:
    """The type that a Hive (`struct<a:int>`) or Trino (`row(a integer)`) spelling names.

    A bare `timestamp` has `timestamp_precision`: 3 for Hive tables, 6 for Iceberg tables.
    Raises ValueError naming the text that is no type.
    """
    return _TypeParser(text, timestamp_precision, _HIVE_NAMES, (10, 0)).parse()


def parse_trino_type(text: str) -> Type:
    """The type that a CAST names: Trino's names alone, and a bare DECIMAL has 38 digits.

    Raises UnsupportedType for a type that is not known locally, ValueError for none of Trino's.
    """
    return _TypeParser(text, 3, _TRINO_NAMES, (38, 0)).parse()


class _TypeParser:
    _TOKEN = re.compile(r'\s*("(?:[^"]|"")*"|`[^`]*`|[^\s<>(),:"`]+|[<>(),:])')

    def __init__(
        self,
        text: str,
        timestamp_precision: int,
        aliases: dict[str, str],
        bare_decimal: tuple[int, int],
    ) -> None:
        self.text = text
        self.timestamp_precision = timestamp_precision
        self.aliases = aliases
        self.bare_decimal = bare_decimal
        self.tokens = self._TOKEN.findall(text)
        self.at = 0

    def parse(self) -> Type:
        parsed = self._type()
        if self.at != len(self.tokens):
            raise self._error()
        return parsed

    def _error(self) -> ValueError:
        return ValueError(f"Unknown type: {self.text}")

    def _peek(self) -> str:
        return self.tokens[self.at].lower() if self.at < len(self.tokens) else ""

    def _next(self) -> str:
        if self.at >= len(self.tokens):
            raise self._error()
        self.at += 1
        return self.tokens[self.at - 1]

    def _expect(self, *tokens: str) -> str:
        token = self._next().lower()
        if token not in tokens:
            raise self._error()
        return token

    def _numbers(self) -> tuple[int, ...]:
        numbers: list[int] = []
        if self._peek() == "(":
            self._next()
            while True:
                token = self._next()
                if not token.isdigit():
                    raise self._error()
                numbers.append(int(token))
                if self._expect(",", ")") == ")":
                    break
        return tuple(numbers)

    def _words(self, *words: str) -> bool:
        """Whether these words come next; they are taken."""
        if tuple(each.lower() for each in self.tokens[self.at : self.at + len(words)]) != words:
            return False
        self.at += len(words)
        return True

    def _type(self) -> Type:
        parsed = self._one_type()
        while self._words("array"):
            parsed = array(parsed)
        return parsed

    def _one_type(self) -> Type:
        name = self._next().lower()
        name = self.aliases.get(name, name)
        match name:
            case "array":
                self._expect("<", "(")
                element = self._type()
                self._expect(">", ")")
                return array(element)
            case "map":
                self._expect("<", "(")
                key = self._type()
                self._expect(",")
                value = self._type()
                self._expect(">", ")")
                return Type("map", (key, value))
            case "struct" if self.aliases is _HIVE_NAMES:
                return self._row()
            case "row":
                return self._row()
            case "decimal":
                numbers = self._numbers()
                precision, scale = {0: self.bare_decimal, 1: (*numbers, 0), 2: numbers}.get(
                    len(numbers), (0, 0)
                )
                if not (1 <= precision <= 38 and 0 <= scale <= precision):
                    raise self._error()
                return decimal(precision, scale)
            case "varchar" | "char":
                numbers = self._numbers()
                if name == "char" and not numbers:
                    numbers = (1,)
                if len(numbers) > 1 or (name == "char" and numbers[0] > MAX_CHAR):
                    raise self._error()
                return Type(name, numbers)
            case "timestamp" | "time":
                return self._moment(name)
            case "timestamptz" if self.aliases is _HIVE_NAMES:
                return timestamp_tz(6, "UTC")
            case "interval":
                for words in ("day to second", "year to month"):
                    if self._words(*words.split()):
                        return Type(f"interval {words}")
                raise self._error()
            case "double":
                self._words("precision")
        if name in _NOT_LOCAL:
            raise UnsupportedType(f"the type {name} is not supported locally")
        if name not in _SIMPLE:
            raise self._error()
        return Type(name)

    def _moment(self, name: str) -> Type:
        """`timestamp(p)` and `time(p)`, with time zone or without."""
        default = self.timestamp_precision if name == "timestamp" else 3
        (precision, *more) = self._numbers() or (default,)
        if more or precision > 12:
            raise self._error()
        if precision > MAX_PRECISION:
            message = f"the type {name}({precision}) is not supported locally"
            raise UnsupportedType(f"{message}: up to {name}({MAX_PRECISION}) is")
        if self._words("with", "time", "zone"):
            name += " with time zone"
        else:
            self._words("without", "time", "zone")
        return Type(name, (precision,))

    def _row(self) -> Type:
        opening = self._expect("<", "(")
        closing = {"<": ">", "(": ")"}[opening]
        fields = []
        while True:
            name = None if self._is_type(closing) else self._field_name()
            if self._peek() == ":":
                self._next()
            fields.append((name, self._type()))
            if self._expect(",", closing) == closing:
                return row(*fields)

    def _field_name(self) -> str:
        """In lower case, but for quotes of Trino's SQL: the rule of its TypeSignatureTranslator."""
        word = self._next()
        if word.startswith('"'):
            return word[1:-1].replace('""', '"')
        return word.strip('"`').lower()

    def _is_type(self, closing: str) -> bool:
        """Whether a field of a row has no name: its first word is followed by no second one."""
        if self.at + 1 >= len(self.tokens):
            return False
        word, after, behind, *_ = *(t.lower() for t in self.tokens[self.at : self.at + 3]), ""
        if (word, after) in (("double", "precision"), ("interval", "day"), ("interval", "year")):
            return True
        if after == "array":
            return behind not in ("(", "<")
        return after in (",", closing, "(", "<", "with", "without")
