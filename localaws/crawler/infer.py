"""The schema of JSON documents, as Glue's JSON classifier types them.

Types: whole numbers are int, or bigint where one does not fit (string where it does not fit that
either); other numbers double; objects struct; lists array; what is a text somewhere, or of several
kinds, is string, and so is what is always null. Every document is read, lines that are no JSON
object are passed over, and so is what is nested over a hundred levels deep. What is in as many
arrays as a query can read is string.
"""

import json
import logging
import re
from pathlib import Path
from typing import Any

from localaws.crawler.documents import Documents
from localaws.crawler.structure import MAX_LISTS, structure_of
from localaws.engine import Session
from localaws.sql.quoting import text_literal
from localaws.tables.decoded import lines_sql

INT_MAX = 2**31 - 1
BIGINT_MAX = 2**63 - 1

# Keys in the order of their appearance, with those below each.
Order = dict[str, "Order"]
Columns = list[tuple[str, str]]

# Source: the Glue API reference, Column: a name and a type are text of a single line.
_SINGLE_LINE = re.compile(r"[ -\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF\t]+")
_LONGEST_NAME = 255
# In our pointers: every element of the array. No step of a pointer begins so.
_ELEMENTS = "~*"

log = logging.getLogger("localaws.crawler")

# Documents whose keys set the order of the columns.
SAMPLE = 1000


def infer(paths: list[Path], compression: str, scratch: Path, session: Session) -> Documents:
    """The schema of NDJSON files. Raises QueryError for what cannot be decompressed.

    Keys come in the order in which the first documents have them, then by name: the engine reads
    in parallel, and its own order is another one every time.
    """
    source = _documents(paths, compression, scratch)
    structure, documents = structure_of(source, session)
    shape = json.loads(structure) if structure else {}
    columns: Columns = []
    if isinstance(shape, dict):
        first = session.rows(
            f"SELECT document FROM {_documents(paths[:1], compression, scratch)} "
            f"WHERE document IS NOT NULL LIMIT {SAMPLE}"
        )
        seen: Order = {}
        for (document,) in first:
            _note_order(json.loads(document), seen)
        shape = _ordered(shape, seen)
        columns = _columns(shape, "", _integer_types(shape, source, session))
    return Documents(columns, documents, "json", compression)


def _documents(paths: list[Path], compression: str, scratch: Path) -> str:
    """A relation (document), NULL for a line that is no JSON object."""
    return (
        "(SELECT CASE WHEN json_valid(line) AND json_type(line) = 'OBJECT' "
        "THEN tr_json_shallow(line)::JSON END "
        f"AS document FROM {lines_sql(paths, compression, 0, scratch)})"
    )


def _note_order(value: object, seen: Order) -> None:
    match value:
        case dict():
            for key, below in value.items():
                _note_order(below, seen.setdefault(key, {}))
        case list():
            for element in value:
                _note_order(element, seen)


def _ordered(shape: object, seen: Order) -> Any:
    match shape:
        case dict():
            keys = [key for key in seen if key in shape]
            keys += sorted(key for key in shape if key not in seen)
            return {key: _ordered(shape[key], seen.get(key, {})) for key in keys}
        case [element]:
            return [_ordered(element, seen)]
    return shape


def _columns(shape: dict, pointer: str, integers: dict[str, str], lists: int = 0) -> Columns:
    """Keys that differ only in case are one column, a string where their types differ."""
    columns: dict[str, str] = {}
    for key, below in shape.items():
        at = f"{pointer}{_step(key)}"
        if not _SINGLE_LINE.fullmatch(key) or (not pointer and len(key) > _LONGEST_NAME):
            log.warning("the key at %r is left out: nothing in a Glue table is called so", at)
            continue
        name, type_ = key.lower(), _type(below, at, integers, lists)
        columns[name] = type_ if columns.get(name, type_) == type_ else "string"
    return list(columns.items())


def _step(key: str) -> str:
    """A key in a JSON pointer (RFC 6901), which can name every key; a JSON path cannot."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def _type(shape: object, pointer: str, integers: dict[str, str], lists: int) -> str:
    match shape:
        case dict():
            columns = _columns(shape, pointer, integers, lists)
            fields = ",".join(f"{name}:{type_}" for name, type_ in columns)
            return f"struct<{fields}>" if fields else "string"
        case [element] if lists < MAX_LISTS:
            return f"array<{_type(element, pointer + _ELEMENTS, integers, lists + 1)}>"
        case "BIGINT" | "UBIGINT" | "HUGEINT":
            return integers[pointer]
        case "DOUBLE":
            return "double"
        case "BOOLEAN":
            return "boolean"
    return "string"


def _integer_pointers(shape: object, pointer: str) -> list[str]:
    match shape:
        case dict():
            return [
                found
                for key, below in shape.items()
                for found in _integer_pointers(below, f"{pointer}{_step(key)}")
            ]
        case [element]:
            return _integer_pointers(element, pointer + _ELEMENTS)
        case "BIGINT" | "UBIGINT" | "HUGEINT":
            return [pointer]
    return []


def _integer_types(shape: dict, source: str, session: Session) -> dict[str, str]:
    """The types of the places of whole numbers: the narrowest that holds them all."""
    pointers = _integer_pointers(shape, "")
    if not pointers:
        return {}
    # The negative numbers of a type reach one further than the positive ones.
    values = ", ".join(
        f"max(list_max(list_transform(list_transform({_texts_at(each)}, "
        "lambda x: try_cast(x AS HUGEINT)), lambda n: greatest(n, -n - 1))))"
        for each in pointers
    )
    (largest,) = session.rows(f"SELECT {values} FROM {source}")
    return {each: _integer(value or 0) for each, value in zip(pointers, largest, strict=True)}


def _texts_at(pointer: str) -> str:
    """SQL of the list of texts at `pointer` in a document."""
    *arrays, last = (text_literal(each or "$") for each in pointer.split(_ELEMENTS))
    if not arrays:
        return f"json_extract_string(document, [{last}])"
    found = "[document]"
    for each in arrays:
        elements = f"json_extract(json_extract(x, {each}), '$[*]')"
        found = f"flatten(list_transform({found}, lambda x: {elements}))"
    return f"list_transform({found}, lambda x: json_extract_string(x, {last}))"


def _integer(largest: int) -> str:
    if largest > BIGINT_MAX:
        return "string"
    return "bigint" if largest > INT_MAX else "int"
