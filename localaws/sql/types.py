"""Trino's types: parsed from Trino and Hive spellings, rendered for Trino, Hive and DuckDB.

Coercions follow Trino's `TypeCoercion`: what is not listed here is a TYPE_MISMATCH, never a guess.
"""

import re
from dataclasses import dataclass
from typing import Self

INTEGERS = ("tinyint", "smallint", "integer", "bigint")
# Digits that each integer type needs when it meets a decimal.
INTEGER_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}

_HIVE_NAMES = {"int": "integer", "string": "varchar", "float": "real", "binary": "varbinary"}
_SIMPLE = {
    "boolean",
    *INTEGERS,
    "real",
    "double",
    "date",
    "varbinary",
    "json",
    "unknown",
    "interval day to second",
    "interval year to month",
}


@dataclass(frozen=True)
class Type:
    """A Trino type. `args` holds, by `base`:

    decimal: (precision, scale); varchar: () or (length,); char: (length,);
    timestamp and timestamp with time zone: (precision,); array: (element,); map: (key, value);
    row: ((name or None, type), ...).
    `zone` names the zone of a timestamp with time zone where the statement tells it. The engine
    keeps instants, not zones, so only then may a local time be taken from the value.
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
            case "timestamp":
                return f"timestamp({self.args[0]})"
            case "timestamp with time zone":
                return f"timestamp({self.args[0]}) with time zone"
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
            case "varbinary":
                return "BLOB"
            case "interval day to second" | "interval year to month":
                return "INTERVAL"
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


BOOLEAN = Type("boolean")
INTEGER = Type("integer")
BIGINT = Type("bigint")
REAL = Type("real")
DOUBLE = Type("double")
VARCHAR = Type("varchar")
VARBINARY = Type("varbinary")
DATE = Type("date")
JSON = Type("json")
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
    return _TypeParser(text, timestamp_precision).parse()


class _TypeParser:
    _TOKEN = re.compile(r'\s*("(?:[^"]|"")*"|`[^`]*`|[^\s<>(),:"`]+|[<>(),:])')

    def __init__(self, text: str, timestamp_precision: int) -> None:
        self.text = text
        self.timestamp_precision = timestamp_precision
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

    def _type(self) -> Type:
        name = self._next().lower()
        name = _HIVE_NAMES.get(name, name)
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
            case "struct" | "row":
                return self._row()
            case "decimal":
                numbers = self._numbers()
                precision, scale = {0: (10, 0), 1: (*numbers, 0), 2: numbers}.get(
                    len(numbers), (0, 0)
                )
                if not (1 <= precision <= 38 and 0 <= scale <= precision):
                    raise self._error()
                return decimal(precision, scale)
            case "varchar" | "char":
                numbers = self._numbers()
                if name == "char" and not numbers:
                    numbers = (1,)
                return Type(name, numbers)
            case "timestamp":
                numbers = self._numbers() or (self.timestamp_precision,)
                if self._peek() == "with":
                    for word in ("with", "time", "zone"):
                        self._expect(word)
                    return timestamp_tz(*numbers)
                return timestamp(*numbers)
            case "timestamptz":
                return timestamp_tz(6, "UTC")
            case "double" if self._peek() == "precision":
                self._next()
                return DOUBLE
        if name not in _SIMPLE:
            raise self._error()
        return Type(name)

    def _row(self) -> Type:
        opening = self._expect("<", "(")
        closing = {"<": ">", "(": ")"}[opening]
        fields = []
        while True:
            name = self._next().strip('"`').lower()
            if self._peek() == ":":
                self._next()
            fields.append((name, self._type()))
            if self._expect(",", closing) == closing:
                return row(*fields)


def common_type(left: Type, right: Type) -> Type | None:
    """The type both sides are coerced to when they meet, or None when Trino has none."""
    if left == right or right.base == "unknown":
        return left
    if left.base == "unknown":
        return right
    for one, other in ((left, right), (right, left)):
        if can_coerce(one, other):
            return other
    if left.base == right.base:
        return _common_same_base(left, right)
    bases = {left.base, right.base}
    if "decimal" in bases and bases & set(INTEGERS):
        return _common_same_base(_as_decimal(left), _as_decimal(right))
    if bases == {"timestamp", "timestamp with time zone"}:
        return timestamp_tz(max(left.args[0], right.args[0]), left.zone or right.zone)
    if bases == {"varchar", "char"}:
        return (
            Type("varchar")
            if not (left.args and right.args)
            else Type("varchar", (max(left.args[0], right.args[0]),))
        )
    return None


def _as_decimal(type_: Type) -> Type:
    return type_ if type_.base == "decimal" else decimal(INTEGER_DIGITS[type_.base], 0)


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
        case "timestamp":
            return timestamp(max(left.args[0], right.args[0]))
        case "timestamp with time zone":
            zone = left.zone if left.zone == right.zone else None
            return timestamp_tz(max(left.args[0], right.args[0]), zone)
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


def can_coerce(source: Type, target: Type) -> bool:
    """Whether Trino converts `source` to `target` without being asked."""
    if source == target or source.base == "unknown":
        return True
    match source.base, target.base:
        case (("tinyint" | "smallint" | "integer" | "bigint"), ("real" | "double")):
            return True
        case (("tinyint" | "smallint" | "integer" | "bigint"), "decimal"):
            return target.args[0] - target.args[1] >= INTEGER_DIGITS[source.base]
        case ("decimal", ("real" | "double")) | ("real", "double"):
            return True
        case ("decimal", "decimal"):
            return (
                target.args[1] >= source.args[1]
                and target.args[0] - target.args[1] >= source.args[0] - source.args[1]
            )
        case ("varchar", "varchar"):
            return not target.args or bool(source.args and source.args[0] <= target.args[0])
        case ("char", "varchar"):
            return not target.args or source.args[0] <= target.args[0]
        case ("date", "timestamp"):
            return True
        case ("date" | "timestamp", "timestamp with time zone"):
            return source.base == "date" or source.args[0] <= target.args[0]
        case ("timestamp", "timestamp"):
            return source.args[0] <= target.args[0]
        case ("timestamp with time zone", "timestamp with time zone"):
            return source.args[0] <= target.args[0] and target.zone in (None, source.zone)
        case ("array", "array") | ("map", "map"):
            return all(can_coerce(a, b) for a, b in zip(source.args, target.args, strict=True))
        case ("row", "row"):
            return len(source.args) == len(target.args) and all(
                can_coerce(a, b) for (_, a), (_, b) in zip(source.args, target.args, strict=True)
            )
    if source.is_integer and target.is_integer:
        return INTEGERS.index(source.base) <= INTEGERS.index(target.base)
    return False
