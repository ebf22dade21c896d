"""The schema of JSON documents, as Glue's JSON classifier types them.

Types: whole numbers are int, or bigint where one does not fit; other numbers double; objects
struct; lists array; what is a text somewhere, or of several kinds, is string, and so is what is
always null. Every document is read, lines that are no JSON object are passed over.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from localaws.engine import Session
from localaws.tables.json_format import lines_sql, text, text_list

INT_MAX = 2**31 - 1


@dataclass(frozen=True)
class Documents:
    """What the files hold: columns as (name, Hive type), and counts of documents and lines."""

    columns: list[tuple[str, str]]
    documents: int
    lines: int


def infer(paths: list[Path], compression: str, session: Session) -> Documents:
    """The schema of NDJSON files. Keys come in the order of their first appearance."""
    source = (
        f"(SELECT CASE WHEN json_valid(line) AND json_type(line) = 'OBJECT' THEN line::JSON END "
        f"AS document FROM {lines_sql(paths, compression)})"
    )
    ((structure, documents, lines),) = session.rows(
        f"SELECT json_group_structure(document), count(document), count(*) FROM {source}"
    )
    shape = json.loads(structure) if structure else {}
    if not isinstance(shape, dict):
        return Documents([], documents, lines)
    wide = _wide_integers(shape, source, session)
    return Documents(_columns(shape, "$", wide), documents, lines)


def _columns(shape: dict, path: str, wide: set[str]) -> list[tuple[str, str]]:
    """Keys that differ only in case are one column, typed by the wider of both."""
    columns: dict[str, str] = {}
    for key, below in shape.items():
        name, type_ = key.lower(), _type(below, f"{path}.{_step(key)}", wide)
        columns[name] = type_ if columns.get(name, type_) == type_ else "string"
    return list(columns.items())


def _step(key: str) -> str:
    escaped = key.replace('"', '\\"')
    return f'"{escaped}"'


def _type(shape: object, path: str, wide: set[str]) -> str:
    match shape:
        case dict() if shape:
            fields = ",".join(f"{name}:{type_}" for name, type_ in _columns(shape, path, wide))
            return f"struct<{fields}>"
        case [element]:
            return f"array<{_type(element, f'{path}[*]', wide)}>"
        case "UBIGINT" | "BIGINT":
            return "bigint" if path in wide else "int"
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
        case "UBIGINT" | "BIGINT":
            return [path]
    return []


def _wide_integers(shape: dict, source: str, session: Session) -> set[str]:
    """The paths of whole numbers that do not all fit an int."""
    paths = _integer_paths(shape, "$")
    if not paths:
        return set()
    # A path with a wildcard gives a list, one without is made to.
    found = [text(path) if "[*]" in path else text_list([path]) for path in paths]
    values = ", ".join(
        f"max(list_max(list_transform(json_extract_string(document, {each}), "
        "lambda x: abs(try_cast(x AS HUGEINT)))))"
        for each in found
    )
    (largest,) = session.rows(f"SELECT {values} FROM {source}")
    return {
        path
        for path, value in zip(paths, largest, strict=True)
        if value is not None and value > INT_MAX
    }
