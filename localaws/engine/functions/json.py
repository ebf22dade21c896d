"""JSON documents as Trino reads and writes them.

Source of the rules: Trino documentation, "JSON functions and operators". Values of type JSON are
compact text: numbers with a fraction as Java prints a double, and, once parsed, the keys of
objects in order.
"""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from localaws.engine.functions.errors import FunctionError, invalid
from localaws.java_text import java_float

_MISSING = object()
_STEP = re.compile(r'\.([\w:]+)|\[(\w+)\]|\["((?:[^"\\]|\\["\\])*)"\]')
_PATH = re.compile(rf"\$(?:{_STEP.pattern})*")
_BEYOND_16_BITS = re.compile("[\U00010000-\U0010ffff]")
_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|.)")


# What nests: a quoted text is passed over as a whole.
_BRACKET = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{\]}]', re.DOTALL)
_SHALLOW = 100


class _Number(str):
    """A number with a fraction or an exponent, as it is written."""


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


# Objects come as tuples of pairs, which keep the order and the repeated keys.
_DECODER = json.JSONDecoder(
    object_pairs_hook=tuple, parse_float=_Number, parse_constant=_no_constant
)
_SPACE = re.compile(r"[ \t\n\r]*")
_END_OF_VALUE = re.compile(r"[ \t\n\r,\]}]|\Z")


def _text(value: Any, *, sort: bool) -> str:
    if isinstance(value, _Number):
        return java_float(float(value))
    if isinstance(value, tuple):
        pairs = sorted(dict(value).items(), key=_utf16) if sort else value
        return "{" + ",".join(f"{_string(k)}:{_text(v, sort=sort)}" for k, v in pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_text(each, sort=sort) for each in value) + "]"
    if isinstance(value, str):
        return _string(value)
    return json.dumps(value)


def _utf16(pair: tuple[str, Any]) -> bytes:
    # Java compares the units of UTF-16.
    return pair[0].encode("utf-16-be", "surrogatepass")


def _string(text: str) -> str:
    # Jackson writes the numbers of control characters in upper case.
    escaped = _ESCAPE.sub(
        lambda found: "\\u" + found[1].upper() if found[1] else found[0],
        json.dumps(text, ensure_ascii=False),
    )
    return _BEYOND_16_BITS.sub(_as_units, escaped)


def _as_units(found: re.Match[str]) -> str:
    # Trino writes UTF-8 through Jackson, which escapes both halves of a surrogate pair.
    units = found[0].encode("utf-16-be").hex().upper()
    return f"\\u{units[:4]}\\u{units[4:]}"


def parse(text: str) -> str:
    try:
        return _text(_DECODER.decode(text), sort=True)
    except (ValueError, RecursionError):
        invalid(f"Cannot convert value to JSON: '{text}'")


@lru_cache(maxsize=256)
def _steps(path: str) -> tuple[str, ...]:
    """`$.a[0]["b c"]` as keys. Raises INVALID_FUNCTION_ARGUMENT for what is no path."""
    if not _PATH.fullmatch(path):
        invalid(f"Invalid JSON path: '{path}'")
    return tuple(
        plain or subscript or re.sub(r"\\(.)", r"\1", in_quotes)
        for plain, subscript, in_quotes in _STEP.findall(path)
    )


def _found(text: str, path: str) -> Any:
    """The value at `path`; _MISSING where there is none.

    Read from the front and no further than needed, as Trino does: what is wrong with the text
    after the value is not seen.
    """
    steps = _steps(path)
    try:
        at = _next(text, 0)
        for step in steps:
            if text[at] == "{":
                at = _field(text, at, step)
            elif text[at] == "[":
                at = _element(text, at, step)
            else:
                return _MISSING
            if at < 0:
                return _MISSING
        return _value(text, at)[0]
    except (ValueError, IndexError, RecursionError):
        return _MISSING


def _next(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()


def _value(text: str, at: int) -> tuple[Any, int]:
    """The value that begins at `at`, and where it ends. Raises ValueError where none is."""
    value, end = _DECODER.raw_decode(text, at)
    if not _END_OF_VALUE.match(text, end):
        raise ValueError("not the end of a value")
    return value, end


def _field(text: str, at: int, name: str) -> int:
    """Where the value of an object's first field of this name begins; -1: there is none."""
    at = _next(text, at + 1)
    while text[at] != "}":
        key, end = _DECODER.raw_decode(text, at)
        at = _next(text, end)
        if type(key) is not str or text[at] != ":":
            raise ValueError("not a field")
        at = _next(text, at + 1)
        if key == name:
            return at
        at = _after(text, at, "}")
    return -1


def _element(text: str, at: int, place: str) -> int:
    """Where an element of an array begins; -1: there is none."""
    at = _next(text, at + 1)
    index = int(place) if place.isdecimal() else -1
    current = 0
    while text[at] != "]":
        if current == index:
            return at
        at = _after(text, at, "]")
        current += 1
    return -1


def _after(text: str, at: int, closing: str) -> int:
    """Past the value at `at` and its comma, or at the closing bracket."""
    at = _next(text, _value(text, at)[1])
    if text[at] == closing:
        return at
    following = _next(text, at + 1)
    if text[at] != "," or text[following] == closing:
        raise ValueError("not a comma and a value")
    return following


def extract(text: str, path: str) -> str | None:
    value = _found(text, path)
    return None if value is _MISSING else _text(value, sort=False)


def extract_scalar(text: str, path: str) -> str | None:
    """Numbers as they are written; NULL for objects, arrays and null."""
    value = _found(text, path)
    if value is _MISSING or value is None or isinstance(value, tuple | list):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def size(text: str, path: str) -> int | None:
    value = _found(text, path)
    if value is _MISSING:
        return None
    return len(value) if isinstance(value, tuple | list) else 0


def _array(text: str) -> list[Any] | None:
    value = _found(text, "$")
    return value if isinstance(value, list) else None


def array_length(text: str) -> int | None:
    array = _array(text)
    return None if array is None else len(array)


def array_get(text: str, place: int) -> str | None:
    """Negative places count from the end."""
    array = _array(text)
    if array is None or not -len(array) <= place < len(array) or array[place] is None:
        return None
    value = array[place]
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, str):
        # Trino leaves its quotes out: what it gives is then no JSON.
        message = "json_array_get of a text is not supported locally: use json_extract_scalar"
        raise FunctionError("NOT_SUPPORTED", message)
    return _text(value, sort=False)


def _array_contains(wanted: Callable[[Any, Any], bool]) -> Callable[[str, Any], bool | None]:
    def contains(text: str, value: Any) -> bool | None:
        array = _array(text)
        return None if array is None else any(wanted(each, value) for each in array)

    return contains


def is_scalar(text: str) -> bool:
    try:
        return not isinstance(_DECODER.decode(text), tuple | list)
    except (ValueError, RecursionError):
        invalid(f"Invalid JSON value: {text}")


def shallow(document: str) -> str:
    """A valid document, with null for each object and array that is over a hundred levels deep."""
    kept, depth, start = [], 0, 0
    for found in _BRACKET.finditer(document):
        if found[0] in ("[", "{"):
            depth += 1
            if depth == _SHALLOW + 1:
                kept += (document[start : found.start()], "null")
        elif found[0] in ("]", "}"):
            if depth == _SHALLOW + 1:
                start = found.end()
            depth -= 1
    return "".join([*kept, document[start:]])


FUNCTIONS = [
    ("py_json_shallow", shallow, ["VARCHAR"], "VARCHAR"),
    ("py_json_parse", parse, ["VARCHAR"], "VARCHAR"),
    ("py_json_extract", extract, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("py_json_extract_scalar", extract_scalar, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("py_json_size", size, ["VARCHAR", "VARCHAR"], "BIGINT"),
    ("py_json_array_length", array_length, ["VARCHAR"], "BIGINT"),
    ("py_json_string", _string, ["VARCHAR"], "VARCHAR"),
    ("py_json_array_get", array_get, ["VARCHAR", "BIGINT"], "VARCHAR"),
    ("py_is_json_scalar", is_scalar, ["VARCHAR"], "BOOLEAN"),
    (
        "py_json_array_contains_varchar",
        _array_contains(lambda a, b: type(a) is str and a == b),
        ["VARCHAR", "VARCHAR"],
        "BOOLEAN",
    ),
    (
        "py_json_array_contains_boolean",
        _array_contains(lambda a, b: a is b),
        ["VARCHAR", "BOOLEAN"],
        "BOOLEAN",
    ),
    (
        "py_json_array_contains_bigint",
        _array_contains(lambda a, b: type(a) is int and a == b),
        ["VARCHAR", "BIGINT"],
        "BOOLEAN",
    ),
    (
        "py_json_array_contains_double",
        _array_contains(lambda a, b: isinstance(a, _Number) and float(a) == b),
        ["VARCHAR", "DOUBLE"],
        "BOOLEAN",
    ),
]
