"""Avro schemas for the columns of a table, and values to and from Avro's.

Source of the mapping: Hive's AvroSerDe (TypeInfoToSchema): every field may be null, timestamps
count milliseconds, the length of a varchar(n) or char(n) is told (which is read as text of any
other schema). As in Trino, tinyint and smallint are not written.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC
from decimal import Decimal
from typing import Any

from localaws.sql.errors import QueryError
from localaws.sql.types import VARCHAR, Type

Schema = dict[str, Any]
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_PRIMITIVES = {
    "boolean": "boolean",
    "integer": "int",
    "bigint": "long",
    "real": "float",
    "double": "double",
    "varchar": "string",
    "varbinary": "bytes",
}


def record_schema(columns: list[tuple[str, Type]], properties: dict[str, str]) -> Schema:
    """The schema to write `columns` with: `avro.schema.literal`, or one made from the columns.

    Raises NOT_SUPPORTED for what Avro cannot hold.
    """
    literal = literal_schema(properties)
    if literal is None:
        return _Maker().record("row", columns)
    fields = {field["name"].lower(): field for field in literal["fields"]}
    missing = [name for name, _ in columns if name not in fields]
    if missing or len(fields) != len(columns):
        message = "the columns of the table and of its avro.schema.literal differ"
        raise QueryError("NOT_SUPPORTED", f"{message}: writing is not supported locally")
    return {**literal, "fields": [fields[name] for name, _ in columns]}


def literal_schema(properties: dict[str, str]) -> Schema | None:
    """Raises HIVE_INVALID_METADATA for a schema that is no record."""
    if "avro.schema.url" in properties:
        raise QueryError("NOT_SUPPORTED", "avro.schema.url is not supported locally")
    text = properties.get("avro.schema.literal")
    if text is None:
        return None
    try:
        schema = json.loads(text)
    except ValueError:
        schema = None
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise QueryError("HIVE_INVALID_METADATA", "avro.schema.literal is not a record's schema")
    return schema


class _Maker:
    """Avro wants a name of its own for each record."""

    def __init__(self) -> None:
        self._records = 0

    def record(self, name: str, fields: list[tuple[str, Type]]) -> Schema:
        for field, _ in fields:
            if not _NAME.fullmatch(field):
                raise QueryError("NOT_SUPPORTED", f"{field!r} cannot be the name of an Avro field")
        described = [
            {"name": field, "type": ["null", self.schema(type_)], "default": None}
            for field, type_ in fields
        ]
        return {"type": "record", "name": name, "fields": described}

    def schema(self, type_: Type) -> Schema | str:
        match type_.base:
            case "decimal":
                precision, scale = type_.args
                logical = {"logicalType": "decimal", "precision": precision, "scale": scale}
                return {"type": "bytes", **logical}
            case "date":
                return {"type": "int", "logicalType": "date"}
            case "timestamp":
                return {"type": "long", "logicalType": "timestamp-millis"}
            case "array":
                return {"type": "array", "items": ["null", self.schema(type_.element)]}
            case "map":
                if type_.args[0] != VARCHAR:
                    message = f"Avro maps have varchar keys without a length, not {type_.args[0]}"
                    raise QueryError("NOT_SUPPORTED", message)
                return {"type": "map", "values": ["null", self.schema(type_.args[1])]}
            case "char" | "varchar" if type_.args:
                return {"type": "string", "logicalType": type_.base, "maxLength": type_.args[0]}
            case "row":
                self._records += 1
                fields = [(name or f"field{i}", each) for i, (name, each) in enumerate(type_.args)]
                return self.record(f"record_{self._records}", fields)
        if type_.base in ("tinyint", "smallint"):
            message = f"{type_} is not supported by Avro. Use integer instead."
            raise QueryError("NOT_SUPPORTED", message)
        if type_.base not in _PRIMITIVES:
            raise QueryError("NOT_SUPPORTED", f"{type_} in an Avro table is not supported locally")
        return _PRIMITIVES[type_.base]


def to_avro(type_: Type) -> Callable[[Any], Any]:
    """What fastavro writes for a value that is not NULL."""
    match type_.base:
        case "timestamp":
            return lambda value: value.replace(tzinfo=UTC)
        case "char":
            return lambda value: value.ljust(type_.args[0])
        case "array":
            element = _nullable(to_avro(type_.element))
            return lambda value: [element(each) for each in value]
        case "map":
            item = _nullable(to_avro(type_.args[1]))
            return lambda value: {key: item(each) for key, each in value}
        case "row":
            fields = [_nullable(to_avro(each)) for _, each in type_.args]
            return lambda value: {
                name: field(each) for field, (name, each) in zip(fields, value.items(), strict=True)
            }
    return lambda value: value


def _nullable(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else convert(value)


def from_avro(schema: Any, type_: Type, names: dict[str, Any]) -> Callable[[Any], Any]:
    """What a value read with `schema` is in a column of `type_`; `names`: the schemas by name.

    Raises HIVE_BAD_DATA where Hive could not read it.
    """
    if isinstance(schema, list):
        branches = [each for each in schema if each != "null"]
        if len(branches) != 1:
            raise QueryError("NOT_SUPPORTED", "a union in an Avro file is not supported locally")
        return from_avro(branches[0], type_, names)
    if isinstance(schema, str) and schema in names:
        return from_avro(names[schema], type_, names)
    kind = schema["type"] if isinstance(schema, dict) else schema
    if isinstance(kind, dict | list):
        return from_avro(kind, type_, names)
    logical = schema.get("logicalType") if isinstance(schema, dict) else None
    match type_.base, kind, logical:
        case ("boolean", "boolean", _) | ("double", "double", _):
            return lambda value: value
        case ("double", "int" | "long" | "float", None) | ("real", "int" | "long" | "float", None):
            # Avro's own promotions, as those of text and bytes below.
            return float
        case (("integer" | "bigint"), "int", None) | ("bigint", "long", None):
            return lambda value: value
        case (("tinyint" | "smallint"), "int", None):
            limit = 2 ** (7 if type_.base == "tinyint" else 15)
            return lambda value: _in_range(value, limit, type_)
        case ("varchar", "string" | "enum", _):
            return (lambda value: str(value)[: type_.args[0]]) if type_.args else str
        case ("char", "string", _):
            return lambda value: str(value)[: type_.args[0]].ljust(type_.args[0])
        case ("varchar", "bytes", None) if not type_.args:
            return lambda value: value.decode()
        case ("varbinary", "string", None):
            return lambda value: value.encode()
        case ("varbinary", "bytes" | "fixed", None) | ("date", "int", "date"):
            return lambda value: value
        case ("timestamp", "long", "timestamp-millis"):
            return lambda value: value.replace(tzinfo=None)
        case ("decimal", "bytes" | "fixed", "decimal"):
            if type_.args != (schema["precision"], schema.get("scale", 0)):
                raise _mismatch(schema, type_)
            return lambda value: Decimal(value)
        case ("array", "array", _):
            element = _nullable(from_avro(schema["items"], type_.element, names))
            return lambda value: [element(each) for each in value]
        case ("map", "map", _) if type_.args[0].base == "varchar":
            item = _nullable(from_avro(schema["values"], type_.args[1], names))
            return lambda value: [(key, item(each)) for key, each in value.items()]
        case ("row", "record", _):
            return _row(schema, type_, names)
    raise _mismatch(schema, type_)


def _row(schema: Schema, type_: Type, names: dict[str, Any]) -> Callable[[Any], Any]:
    stored = {field["name"].lower(): field for field in schema["fields"]}
    fields = []
    for name, inner in type_.args:
        if name in stored:
            read = _nullable(from_avro(stored[name]["type"], inner, names))
            fields.append((name, stored[name]["name"], read))
        else:
            fields.append((name, "", lambda _: None))
    return lambda value: {name: read(value.get(key)) for name, key, read in fields}


def _in_range(value: int, limit: int, type_: Type) -> int:
    if not -limit <= value < limit:
        raise QueryError("HIVE_BAD_DATA", f"{value} in an Avro file is out of range for {type_}")
    return value


def _mismatch(schema: Any, type_: Type) -> QueryError:
    return QueryError(
        "HIVE_BAD_DATA", f"{json.dumps(schema)} in an Avro file cannot be read as {type_}"
    )
