"""Trino's types, rendered for Trino, Hive and DuckDB."""

from dataclasses import dataclass, replace
from typing import Self

from localaws.sql.quoting import quoted

INTEGERS = ("tinyint", "smallint", "integer", "bigint")
INTEGER_BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}
# Digits that each integer type needs when it meets a decimal.
INTEGER_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}

MAX_PRECISION = 6  # of fractions of a second: the engine keeps microseconds
MAX_CHAR = 65_536


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
                    f"{(name or f'field{i}').lower()}:{type_.hive()}"
                    for i, (name, type_) in enumerate(self.args)
                )
                return f"struct<{','.join(fields)}>"
            case "boolean" | "tinyint" | "smallint" | "bigint" | "double" | "date":
                return self.base
        raise ValueError(f"Unsupported Hive type: {self}")


def zoned(type_: Type, source: Type) -> Type:
    """`type_`, a type without zones, with the zones that values of `source` have once they are
    cast to it: what becomes a moment with time zone only by that is in UTC."""
    if type_.base == "timestamp with time zone":
        return replace(type_, zone=source.zone if source.base == type_.base else "UTC")
    if type_.base != source.base or len(type_.args) != len(source.args):
        return type_
    match type_.base:
        case "time with time zone":
            return replace(type_, zone=source.zone)
        case "array" | "map":
            return replace(type_, args=tuple(map(zoned, type_.args, source.args)))
        case "row":
            pairs = zip(type_.args, source.args, strict=True)
            return row(*((name, zoned(each, other)) for (name, each), (_, other) in pairs))
    return type_


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
