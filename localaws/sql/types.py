"""Trino's types: parsed from Trino and Hive spellings, rendered for Trino, Hive and DuckDB.

Coercions follow Trino's `TypeCoercion`: what is not listed here is a TYPE_MISMATCH, never a guess.
"""

import re
from dataclasses import dataclass
from typing import Self

INTEGERS = ("tinyint", "smallint", "integer", "bigint")
# Digits that each integer type needs when it meets a decimal.
INTEGER_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}

MAX_PRECISION = 6  # of fractions of a second: the engine keeps microseconds
MAX_CHAR = 65_536

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


@dataclass(frozen=True)
class Type:
    """A Trino type. `args` holds, by `base`:

    decimal: (precision, scale); varchar: () or (length,); char: (length,); time and timestamp,
    with time zone or without: (precision,); array: (element,); map: (key, value);
    row: ((name or None, type), ...).
    `zone` names the zone of a time or timestamp with time zone where the statement tells it. The
    engine keeps instants, not zones, so only then may a local time be taken from the value.

    Values of char(n) are padded with spaces to n characters; an ipaddress is 16 bytes.
    """

    base: str
    args: tuple = ()
    zone: str | None = None

    @property
    def is_integer(self) -> bool:
        return self.base in INTEGERS

    @property
    def is_numeric(self) -> bool:
        return self.is_integer or self.base in ("decimal", "real", "double")

    @property
    def is_string(self) -> bool:
        return self.base in ("varchar", "char")

    @property
    def element(self) -> Self:
        return self.args[0]

    def __str__(self) -> str:
        """Trino's own spelling, as error messages and `typeof` show it."""
        match self.base:
            case "decimal":
                return f"decimal({self.args[0]},{self.args[1]})"
            case "varchar" | "char":
                return f"{self.base}({self.args[0]})" if self.args else self.base
            case "timestamp" | "time":
                return f"{self.base}({self.args[0]})"
            case "timestamp with time zone" | "time with time zone":
                return f"{self.base.split()[0]}({self.args[0]}) with time zone"
            case "array":
                return f"array({self.element})"
            case "map":
                return f"map({self.args[0]}, {self.args[1]})"
            case "row":
                fields = (f"{name} {type_}" if name else str(type_) for name, type_ in self.args)
                return f"row({', '.join(fields)})"
        return self.base

    def duckdb(self) -> str:
        """The DuckDB type that holds this type's values."""
        match self.base:
            case "decimal":
                return f"DECIMAL({self.args[0]}, {self.args[1]})"
            case "varchar" | "char":
                return "VARCHAR"
            case "timestamp":
                return "TIMESTAMP"
            case "timestamp with time zone":
                return "TIMESTAMPTZ"
            case "time with time zone":
                return "TIME"
            case "array":
                return f"{self.element.duckdb()}[]"
            case "map":
                return f"MAP({self.args[0].duckdb()}, {self.args[1].duckdb()})"
            case "row":
                fields = (
                    f"{quoted(name or f'field{i}')} {type_.duckdb()}"
                    for i, (name, type_) in enumerate(self.args)
                )
                return f"STRUCT({', '.join(fields)})"
            case "varbinary" | "ipaddress":
                return "BLOB"
            case "interval day to second" | "interval year to month":
                return "BIGINT"  # milliseconds; months
            case "unknown":
                return "INTEGER"
        return self.base.upper()

    def hive(self) -> str:
        """The Glue catalog's spelling, e.g. `struct<a:int,b:array<string>>`.

        Raises ValueError for a type that the catalog cannot hold.
        """
        match self.base:
            case "integer":
                return "int"
            case "real":
                return "float"
            case "varbinary":
                return "binary"
            case "varchar":
                return f"varchar({self.args[0]})" if self.args else "string"
            case "char":
                return f"char({self.args[0]})"
            case "decimal":
                return f"decimal({self.args[0]},{self.args[1]})"
            case "timestamp":
                return "timestamp"
            case "array":
                return f"array<{self.element.hive()}>"
            case "map":
                return f"map<{self.args[0].hive()},{self.args[1].hive()}>"
            case "row":
                fields = (
                    f"{name or f'field{i}'}:{type_.hive()}"
                    for i, (name, type_) in enumerate(self.args)
                )
                return f"struct<{','.join(fields)}>"
            case "boolean" | "tinyint" | "smallint" | "bigint" | "double" | "date":
                return self.base
        raise ValueError(f"Unsupported Hive type: {self}")


class UnsupportedType(ValueError):
    """A type of Trino's that has no values here."""


BOOLEAN = Type("boolean")
INTEGER = Type("integer")
BIGINT = Type("bigint")
REAL = Type("real")
DOUBLE = Type("double")
VARCHAR = Type("varchar")
VARBINARY = Type("varbinary")
DATE = Type("date")
JSON = Type("json")
UUID = Type("uuid")
IPADDRESS = Type("ipaddress")
UNKNOWN = Type("unknown")
DAY_TO_SECOND = Type("interval day to second")
YEAR_TO_MONTH = Type("interval year to month")


def decimal(precision: int, scale: int) -> Type:
    return Type("decimal", (precision, scale))


def timestamp(precision: int = 3) -> Type:
    return Type("timestamp", (precision,))


def timestamp_tz(precision: int = 3, zone: str | None = None) -> Type:
    return Type("timestamp with time zone", (precision,), zone)


def array(element: Type) -> Type:
    return Type("array", (element,))


def row(*fields: tuple[str | None, Type]) -> Type:
    return Type("row", fields)


def quoted(identifier: str) -> str:
    """`identifier` as a quoted DuckDB or Trino name."""
    return '"' + identifier.replace('"', '""') + '"'


def text_literal(value: str) -> str:
    """`value` as a DuckDB or Trino string constant."""
    return "'" + value.replace("'", "''") + "'"


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
            name = None if self._is_type(closing) else self._next().strip('"`').lower()
            if self._peek() == ":":
                self._next()
            fields.append((name, self._type()))
            if self._expect(",", closing) == closing:
                return row(*fields)

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


def common_type(left: Type, right: Type) -> Type | None:
    """The type both sides are coerced to when they meet, or None when Trino has none."""
    if left == right or right.base == "unknown":
        return left
    if left.base == "unknown":
        return right
    if left.base == right.base:
        return _common_same_base(left, right)
    for one, other in ((left, right), (right, left)):
        if (widened := _widened(one, other.base)) is not None:
            return common_type(widened, other)
    return None


def can_coerce(source: Type, target: Type) -> bool:
    """Whether Trino converts `source` to `target` without being asked."""
    if source == target or source.base == "unknown":
        return True
    if source.base != target.base and _widened(source, target.base) is None:
        return False
    common = common_type(source, target)
    return common is not None and _unnamed(common) == _unnamed(target)


def can_store(source: Type, target: Type) -> bool:
    """Whether INSERT and its like put `source` into a column of type `target`.

    Any two types that have one in common will do, which is then cast (and may fail); of limited
    text inside of other values only what is coerced. Source: Trino's StatementAnalyzer.
    """
    if target.base in ("array", "map", "row") and _has_limited_text(target):
        return can_coerce(source, target)
    return common_type(source, target) is not None


def _has_limited_text(type_: Type) -> bool:
    parts = [field for _, field in type_.args] if type_.base == "row" else type_.args
    if type_.base in ("array", "map", "row"):
        return any(_has_limited_text(part) for part in parts)
    return type_.is_string and bool(type_.args)


_NUMBERS = (*INTEGERS, "real", "double")


def _widened(source: Type, base: str) -> Type | None:
    """The least type of `base` that holds all of `source`, where Trino goes there by itself."""
    match source.base, base:
        case (("tinyint" | "smallint" | "integer" | "bigint" | "real"), _) if base in _NUMBERS:
            wider = _NUMBERS.index(base) > _NUMBERS.index(source.base)
            return Type(base) if wider else None
        case (("tinyint" | "smallint" | "integer" | "bigint"), "decimal"):
            return decimal(INTEGER_DIGITS[source.base], 0)
        case ("decimal", ("real" | "double")):
            return Type(base)
        case ("date", "timestamp"):
            return timestamp(0)
        case ("date", "timestamp with time zone"):
            return timestamp_tz(3, "UTC")
        case ("timestamp", "timestamp with time zone"):
            return timestamp_tz(source.args[0], "UTC")
        case ("varchar", "char"):
            # Not the other way: a char column must equal a literal without its padding.
            return Type("char", (min(MAX_CHAR, *source.args),) if source.args else (MAX_CHAR,))
    return None


def _unnamed(type_: Type) -> Type:
    """Without the names of row fields, which coercion does not look at."""
    match type_.base:
        case "array" | "map":
            return Type(type_.base, tuple(_unnamed(each) for each in type_.args))
        case "row":
            return row(*((None, _unnamed(each)) for _, each in type_.args))
    return type_


def _common_same_base(left: Type, right: Type) -> Type | None:
    match left.base:
        case "decimal":
            scale = max(left.args[1], right.args[1])
            whole = max(left.args[0] - left.args[1], right.args[0] - right.args[1])
            return decimal(min(38, whole + scale), scale)
        case "varchar" | "char":
            if not (left.args and right.args):
                return Type(left.base)
            return Type(left.base, (max(left.args[0], right.args[0]),))
        case "timestamp" | "time":
            return Type(left.base, (max(left.args[0], right.args[0]),))
        case "timestamp with time zone" | "time with time zone":
            zone = left.zone if left.zone == right.zone else None
            return Type(left.base, (max(left.args[0], right.args[0]),), zone)
        case "array" | "map":
            parts = [common_type(a, b) for a, b in zip(left.args, right.args, strict=True)]
            return Type(left.base, tuple(parts)) if all(parts) else None
        case "row" if len(left.args) == len(right.args):
            fields = []
            for (name, a), (other_name, b) in zip(left.args, right.args, strict=True):
                common = common_type(a, b)
                if common is None:
                    return None
                fields.append((name if name == other_name else None, common))
            return row(*fields)
    return None
