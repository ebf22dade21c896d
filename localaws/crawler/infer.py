"""The schema of JSON documents, as Glue's JSON classifier types them.

Types: whole numbers are int, or bigint where one does not fit (string where it does not fit that
either); other numbers double; objects struct; lists array; what is a text somewhere, or of several
kinds, is string, and so is what is always null. Every document is read, lines that are no JSON
object are passed over, and so is what is nested over a hundred levels deep. What is in as many
arrays as a query can read is string.
"""

import json
from pathlib import Path
from typing import Any

from localaws.crawler.documents import Documents
from localaws.crawler.structure import MAX_LISTS, structure_of
from localaws.engine import Session
from localaws.sql.quoting import text_literal
from localaws.tables.decoded import lines_sql
from localaws.tables.text_lines import text_list

INT_MAX = 2**31 - 1
BIGINT_MAX = 2**63 - 1

# Keys in the order of their appearance, with those below each.
Order = dict[str, "Order"]


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
    columns: list[tuple[str, str]] = []
    if isinstance(shape, dict):
        first = session.rows(
            f"SELECT document FROM {_documents(paths[:1], compression, scratch)} "
            f"WHERE document IS NOT NULL LIMIT {SAMPLE}"
        )
        seen: Order = {}
        for (document,) in first:
            _note_order(json.loads(document), seen)
        shape = _ordered(shape, seen)
        columns = _columns(shape, "$", _integer_types(shape, source, session))
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


def _columns(
    shape: dict, path: str, integers: dict[str, str], lists: int = 0
) -> list[tuple[str, str]]:
    """Keys that differ only in case are one column, a string where their types differ."""
    columns: dict[str, str] = {}
    for key, below in shape.items():
        name, type_ = key.lower(), _type(below, f"{path}.{_step(key)}", integers, lists)
        columns[name] = type_ if columns.get(name, type_) == type_ else "string"
    return list(columns.items())


def _step(key: str) -> str:
    escaped = key.replace('"', '\\"')
    return f'"{escaped}"'


def _type(shape: object, path: str, integers: dict[str, str], lists: int) -> str:
    match shape:
        case dict() if shape:
            fields = ",".join(
                f"{name}:{type_}" for name, type_ in _columns(shape, path, integers, lists)
            )
            return f"struct<{fields}>"
        case [element] if lists < MAX_LISTS:
            return f"array<{_type(element, f'{path}[*]', integers, lists + 1)}>"
        case "BIGINT" | "UBIGINT" | "HUGEINT":
            return integers[path]
        case "DOUBLE":
            return "double"
        case "BOOLEAN":
            return "boolean"
    return "string"


def _integer_paths(shape: object, path: str) -> list[str]:
    match shape:
        case dict():
            return [
                found
                for key, below in shape.items()
                for found in _integer_paths(below, f"{path}.{_step(key)}")
            ]
        case [element]:
            return _integer_paths(element, f"{path}[*]")
        case "BIGINT" | "UBIGINT" | "HUGEINT":
            return [path]
    return []


def _integer_types(shape: dict, source: str, session: Session) -> dict[str, str]:
    """The types of the paths of whole numbers: the narrowest that holds them all."""
    paths = _integer_paths(shape, "$")
    if not paths:
        return {}
    # A path with a wildcard gives a list, one without is made to. The negative numbers of a type
    # reach one further than the positive ones.
    found = [text_literal(path) if "[*]" in path else text_list([path]) for path in paths]
    values = ", ".join(
        f"max(list_max(list_transform(list_transform(json_extract_string(document, {each}), "
        "lambda x: try_cast(x AS HUGEINT)), lambda n: greatest(n, -n - 1))))"
        for each in found
    )
    (largest,) = session.rows(f"SELECT {values} FROM {source}")
    return {path: _integer(value or 0) for path, value in zip(paths, largest, strict=True)}


def _integer(largest: int) -> str:
    if largest > BIGINT_MAX:
        return "string"
    return "bigint" if largest > INT_MAX else "int"
