"""Trees as the scalar values of a type, by the rules of OpenX and of Hive."""

import base64
import binascii
from collections.abc import Callable
from typing import Any

import numpy as np

from localaws.sql.types import Type
from localaws.tables.json import moments, scalars
from localaws.tables.json.documents import Literal, Tree, text_of
from localaws.tables.json.options import JsonOptions
from localaws.tables.json.scalars import BadValue, Unparsed

_RANGES = {"tinyint": 7, "smallint": 15, "integer": 31, "bigint": 63}


class Unreadable(Exception):
    """A type that the SerDe does not read."""


def _scalar(tree: Tree, type_: Type) -> str:
    if isinstance(tree, dict | list):
        raise BadValue(f"{kind_of(tree)} cannot be {type_}")
    return tree if isinstance(tree, str) else ("true" if tree else "false")


def conversion(type_: Type, options: JsonOptions) -> Callable[[Tree], Any]:
    """From a tree that is not None to what `take` makes an array of."""
    of_text = _texts(type_, options)
    if not options.openx:
        return _hive_conversion(type_, of_text)
    match type_.base:
        case "varchar" | "char":
            return _openx_text(type_, options)
        case "boolean":
            # Whatever is not the word true is false, also an object.
            return lambda tree: tree is True or (isinstance(tree, str) and tree.lower() == "true")
        case "varbinary":
            return _base64
    return lambda tree: of_text(_scalar(tree, type_))


def key_conversion(type_: Type, options: JsonOptions) -> Callable[[Tree], Any]:
    if options.openx:
        return conversion(type_, options)
    if type_.base in _RANGES:
        bits = _RANGES[type_.base]
        return lambda text: _within(_java_whole(text), bits)
    if type_.base == "real":
        return scalars.real_of
    if type_.base == "double":
        return scalars.double_of
    if type_.base == "decimal":
        return _decimal(*type_.args)
    return _hive_conversion(type_, _texts(type_, options))


def _texts(type_: Type, options: JsonOptions) -> Callable[[str], Any]:
    """From a text to a value; raises Unparsed. Raises Unreadable for a type."""
    match type_.base:
        case "tinyint" | "smallint" | "integer" | "bigint":
            bits = _RANGES[type_.base]
            return lambda text: _within(scalars.whole_of(text), bits)
        case "double":
            return scalars.double_of
        case "real":
            return scalars.real_of
        case "decimal":
            return _decimal(*type_.args)
        case "date":
            return moments.openx_day_of if options.openx else moments.day_of
        case "timestamp":
            usual = moments.openx_time_of if options.openx else moments.hive_time_of
            formats = moments.formats_of(options.timestamp_formats, escaped=not options.openx)
            return moments.by_patterns(formats, usual) if formats else usual
        case "boolean" | "varchar" | "char" | "varbinary":
            return str
    raise Unreadable(f"{type_} in a JSON table")


def _decimal(precision: int, scale: int) -> Callable[[str], Any]:
    def convert(text: str) -> Any:
        found = scalars.scaled(text, precision, scale)
        if found is None:
            raise Unparsed(f"{text} is no number")
        return found

    return convert


def _cut_to(type_: Type) -> Callable[[str], str]:
    """The text as varchar(n) and char(n) hold it."""
    if not type_.args:
        return str
    size = type_.args[0]
    if type_.base == "varchar":
        return lambda text: text if len(text) <= size else whole_characters(text)[:size]
    return lambda text: whole_characters(text)[:size].ljust(size)


def _openx_text(type_: Type, options: JsonOptions) -> Callable[[Tree], str]:
    if not type_.args:
        return lambda tree: tree if type(tree) is str else text_of(tree, options.distinct)
    cut = _cut_to(type_)
    return lambda tree: cut(text_of(tree, options.distinct))


def _base64(tree: Tree) -> bytes:
    if type(tree) is not str:
        raise BadValue(f"{kind_of(tree)} cannot be binary")
    try:
        return base64.b64decode(
            tree + "=" * (-len(tree) % 4 if "=" not in tree else 0), validate=True
        )
    except (binascii.Error, ValueError):
        raise BadValue(f"{tree} is no Base64") from None


def _hive_conversion(type_: Type, of_text: Callable[[str], Any]) -> Callable[[Tree], Any]:
    match type_.base:
        case "boolean":
            return lambda tree: _scalar(tree, type_).lower() == "true"
        case "varchar" | "char":
            cut = _cut_to(type_)
            return lambda tree: cut(_scalar(tree, type_))
        case "varbinary":
            return lambda tree: (whole_characters(_scalar(tree, type_)) or "").encode()
        case "tinyint" | "smallint" | "integer" | "bigint":
            low, high = _jackson_range(type_.base)
            return lambda tree: _jackson_whole(_number(tree, type_), low, high)
        case "double":
            return lambda tree: _jackson_double(_number(tree, type_))
        case "real":
            return lambda tree: _rounded_real(_jackson_double(_number(tree, type_)))
        case "decimal":
            # What is no number is NULL, one that is too large fails.
            return lambda tree: scalars.scaled(_scalar(tree, type_), *type_.args)
    return lambda tree: of_text(_scalar(tree, type_))


def _number(tree: Tree, type_: Type) -> str:
    if not isinstance(tree, Literal):
        raise BadValue(f"{kind_of(tree)} cannot be {type_}")
    return tree


def _jackson_range(base: str) -> tuple[int, int]:
    # Jackson's bytes may be unsigned: 128 is read as -128.
    return (-128, 255) if base == "tinyint" else (-(1 << _RANGES[base]), (1 << _RANGES[base]) - 1)


def _jackson_whole(text: str, low: int, high: int) -> int:
    if text.lstrip("-").isdigit():
        found = int(text) if len(text) < 30 else high + 1
    else:
        number = float(text)
        inside = float(low) <= number <= float(high)
        found = min(int(number), high) if inside else high + 1
    if not low <= found <= high:
        raise BadValue(f"Numeric value ({text}) out of range")
    return found - 256 if high == 255 and found > 127 else found


def _jackson_double(text: str) -> float:
    return 0.0 if text == "-0" else float(text)


def _java_whole(text: str) -> int:
    if not scalars.is_whole(text):
        raise BadValue(f'For input string: "{text}"')
    return int(text)


def _rounded_real(number: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.float32(number))


def _within(number: int, bits: int) -> int:
    if not -(1 << bits) <= number < 1 << bits:
        raise Unparsed(f"{number} is out of range")
    return number


def kind_of(tree: Tree) -> str:
    match tree:
        case dict():
            return "an object"
        case list():
            return "an array"
    return f"the value {tree}"


def whole_characters(text: str | None) -> str | None:
    """Halves of surrogate pairs that stand alone are question marks, as in Java's UTF-8."""
    if text is None:
        return None
    units = text.encode("utf-16-le", "surrogatepass")
    return "".join(
        "?" if "\ud800" <= character <= "\udfff" else character
        for character in units.decode("utf-16-le", "surrogatepass")
    )
