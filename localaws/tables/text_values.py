"""Values as Hive writes them into text: LazySimple fields and JSON documents.

Source of the rules: Trino's text encodings and JSON serializers, made to write what Hive writes.
"""

import base64
import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from localaws.java_text import java_float
from localaws.sql.errors import QueryError
from localaws.sql.types import Type

# A value that is not NULL as text; values are what pyarrow's `to_pylist` gives.
Text = Callable[[Any], str]

# Hive's separators by depth: between fields, elements, map keys and values, and so on inwards.
SEPARATORS = "\x01\x02\x03\x04\x05\x06\x07\x08"
NULL = "\\N"


def hive_date(value: date) -> str:
    return f"{value.year:d}-{value.month:02d}-{value.day:02d}"


def hive_timestamp(value: datetime) -> str:
    """A fraction only where there is one, without zeros at its end."""
    fraction = f".{value.microsecond:06d}".rstrip("0") if value.microsecond else ""
    return f"{hive_date(value)} {value:%H:%M:%S}{fraction}"


def _plain(type_: Type) -> Text | None:
    """Types whose text is the same everywhere."""
    match type_.base:
        case "boolean":
            return lambda value: "true" if value else "false"
        case "tinyint" | "smallint" | "integer" | "bigint":
            return str
        case "decimal":
            return lambda value: f"{value:f}"
        case "real":
            return lambda value: java_float(value, single=True)
        case "double":
            return java_float
        case "date":
            return hive_date
        case "timestamp":
            return hive_timestamp
        case "varchar":
            return str
        case "char":
            return lambda value: value.ljust(type_.args[0])
    return None


def field_text(type_: Type, separators: str, null: str, escape: str | None, depth: int = 1) -> Text:
    """A field of a line of a LazySimple table. Raises NOT_SUPPORTED where it nests too deep."""
    if depth > len(separators) - (type_.base == "map"):
        raise QueryError("NOT_SUPPORTED", f"{type_} nests too deep for a text table")

    def inner(part: Type, below: int) -> Text:
        text = field_text(part, separators, null, escape, below)
        return lambda value: null if value is None else text(value)

    match type_.base:
        case "varbinary":
            return lambda value: base64.b64encode(value).decode()
        case "varchar" | "char" if escape:
            text = _plain(type_)
            special = str.maketrans({each: escape + each for each in {escape, *separators}})
            return lambda value: text(value).translate(special)
        case "array":
            element = inner(type_.element, depth + 1)
            return lambda value: separators[depth].join(map(element, value))
        case "map":
            key, item = (inner(part, depth + 2) for part in type_.args)
            return lambda value: separators[depth].join(
                f"{key(k)}{separators[depth + 1]}{item(v)}" for k, v in value
            )
        case "row":
            fields = [inner(part, depth + 1) for _, part in type_.args]
            return lambda value: separators[depth].join(
                field(each) for field, each in zip(fields, value.values(), strict=True)
            )
    text = _plain(type_)
    if text is None:
        raise QueryError("NOT_SUPPORTED", f"{type_} in a text table is not supported locally")
    return text


def json_text(type_: Type, *, openx: bool) -> Text:
    """A value of a JSON document, as Hive's SerDe or OpenX's writes it."""

    def inner(part: Type) -> Text:
        text = json_text(part, openx=openx)
        return lambda value: "null" if value is None else text(value)

    match type_.base:
        case "varchar" | "char" | "date":
            text = _plain(type_)
            return lambda value: _json_string(text(value))
        case "timestamp":
            if openx:
                return lambda value: f'"{hive_timestamp(value).replace(" ", "T")}Z"'
            return lambda value: f'"{hive_timestamp(value)}"'
        case "decimal":
            # Python's text of a decimal is Java's; a string from OpenX.
            return (lambda value: f'"{value}"') if openx else str
        case "real" | "double":
            text = _plain(type_)
            return lambda value: text(value) if _is_finite(value) else f'"{text(value)}"'
        case "varbinary":
            if openx:
                return lambda value: f'"{base64.b64encode(value).decode()}"'
            raise QueryError("NOT_SUPPORTED", "varbinary in a JSON table is not supported locally")
        case "array":
            element = inner(type_.element)
            return lambda value: f"[{','.join(map(element, value))}]"
        case "map":
            key, item = _plain(type_.args[0]), inner(type_.args[1])
            if key is None:
                raise QueryError("NOT_SUPPORTED", f"Unsupported map key type: {type_.args[0]}")
            return lambda value: (
                f"{{{','.join(f'{_json_string(key(k))}:{item(v)}' for k, v in value)}}}"
            )
        case "row":
            names = [(name or f"field{i}").lower() for i, (name, _) in enumerate(type_.args)]
            return json_object(names, [part for _, part in type_.args], openx=openx)
    text = _plain(type_)
    if text is None:
        raise QueryError("NOT_SUPPORTED", f"{type_} in a JSON table is not supported locally")
    return text


def json_object(names: list[str], types: list[Type], *, openx: bool) -> Text:
    """A dict as one document. NULL is written as null by Hive's SerDe, not at all by OpenX's."""
    parts = [
        (f"{_json_string(name)}:", json_text(type_, openx=openx))
        for name, type_ in zip(names, types, strict=True)
    ]

    def document(value: dict[str, Any]) -> str:
        written = (
            name + ("null" if each is None else text(each))
            for (name, text), each in zip(parts, value.values(), strict=True)
            if not (openx and each is None)
        )
        return f"{{{','.join(written)}}}"

    return document


def _json_string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _is_finite(value: float) -> bool:
    return value - value == 0
