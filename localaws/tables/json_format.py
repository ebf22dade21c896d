"""Reading NDJSON as the OpenX JSON SerDe does, one document a line.

Source of the rules: the SerDe's README (keys are matched without regard to case; a line that is
no JSON object fails the query unless `ignore.malformed.json` is true, then it is a row of NULLs).
A value that does not fit its column's type fails with HIVE_BAD_DATA, it is never changed.
"""

import gzip
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from localaws.engine import Session
from localaws.sql.errors import QueryError
from localaws.sql.types import Type, quoted, text_literal

OPENX = "org.openx.data.jsonserde.JsonSerDe"
HIVE = "org.apache.hive.hcatalog.data.JsonSerDe"
SERDES = (OPENX, HIVE, "org.apache.hadoop.hive.serde2.JsonSerDe")

# The column that names the file a row comes from: no column of a table is called so.
FILE = "$file"

# A key tree: each key in lower case -> (its spellings in the documents, the keys below).
Keys = dict[str, tuple[set[str], "Keys"]]


def text_list(values: list[str]) -> str:
    return "[" + ", ".join(text_literal(value) for value in values) + "]"


def lines_sql(paths: list[Path], compression: str) -> str:
    """A relation (line, "$file") of the lines of text files that are not blank."""
    files = text_list([str(path) for path in paths])
    return (
        f"read_csv({files}, columns = {{'line': 'VARCHAR'}}, delim = '\x01', quote = '', "
        f"escape = '', header = false, auto_detect = false, nullstr = '\x02', "
        # Not strict: one file may end its lines in LF and in CRLF.
        f"strict_mode = false, max_line_size = 67108864, compression = '{compression}', "
        f"filename = '{FILE}')"
    )


def all_lines_sql(paths: list[Path], compression: str) -> str:
    """As `lines_sql`, with the blank lines, which DuckDB passes over: each is a row of NULLs
    (Trino's TestOpenxJsonFormat)."""
    parts = [f"SELECT * FROM {lines_sql(paths, compression)}"]
    for path in paths:
        if count := _blank_lines(path, compression):
            parts.append(f"SELECT '', {text_literal(str(path))} FROM range({count})")
    return f"({' UNION ALL '.join(parts)})"


@lru_cache(maxsize=10_000)
def _blank_lines(path: Path, compression: str) -> int:
    """Counted once per (immutable) file."""
    with gzip.open(path) if compression == "gzip" else path.open("rb") as file:
        return sum(line in (b"\n", b"\r\n") for line in file)


def scan_sql(
    columns: list[tuple[str, Type]],
    source: str,
    keys: Keys,
    *,
    ignore_malformed: bool,
) -> str:
    """A relation of `columns` and "$file" over `source`, a relation (line, "$file")."""
    paths: list[str] = []
    values = [f"{_value(type_, (name,), keys, paths)} AS {quoted(name)}" for name, type_ in columns]
    failure = "NULL"
    if not ignore_malformed:
        failure = "tr_fail('HIVE_CURSOR_ERROR', 'Row is not a valid JSON Object')::VARCHAR"
    document = (
        "CASE WHEN json_valid(line) AND json_type(line) = 'OBJECT' THEN line "
        f"WHEN trim(line) = '' THEN NULL ELSE {failure} END"
    )
    extracted = f"json_extract_string(document, {text_list(paths)})" if paths else "document"
    return (
        f"(SELECT {', '.join([*values, quoted(FILE)])} FROM "
        f"(SELECT {extracted} AS v, {quoted(FILE)} FROM "
        f"(SELECT {document} AS document, {quoted(FILE)} FROM {source})))"
    )


def keys_of(paths: list[Path], compression: str, session: Session) -> Keys:
    """The keys that the documents have, found once per (immutable) file."""
    tree: Keys = {}
    for path in paths:
        _merge(tree, _file_keys(path, compression, Hidden(session)))
    return tree


class Hidden:
    """Keeps the session out of the cache's key."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def __eq__(self, _: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=10_000)
def _file_keys(path: Path, compression: str, hidden: Hidden) -> Keys:
    ((structure,),) = hidden.session.rows(
        "SELECT json_group_structure(line::JSON) FROM "
        f"{lines_sql([path], compression)} WHERE json_valid(line) AND json_type(line) = 'OBJECT'"
    )
    return _key_tree(json.loads(structure) if structure else {})


def _key_tree(structure: object) -> Keys:
    if isinstance(structure, list):
        structure = structure[0] if structure else {}
    if not isinstance(structure, dict):
        return {}
    tree: Keys = {}
    for key, below in structure.items():
        _merge(tree, {key.lower(): ({key}, _key_tree(below))})
    return tree


def _merge(into: Keys, other: Keys) -> None:
    for key, (spellings, below) in other.items():
        known, tree = into.setdefault(key, (set(), {}))
        known |= spellings
        _merge(tree, below)


def _spelled(path: tuple[str, ...], keys: Keys) -> Iterator[tuple[str, ...]]:
    """The paths, as they are spelled in the documents, that match `path` without case."""
    head, *rest = path
    spellings, below = keys.get(head, ({head}, {}))
    for spelling in sorted(spellings):
        if not rest:
            yield (spelling,)
        else:
            for tail in _spelled(tuple(rest), below):
                yield (spelling, *tail)


def _json_path(path: tuple[str, ...]) -> str:
    return "$" + "".join('."' + part.replace('"', '\\"') + '"' for part in path)


def _text_at(path: tuple[str, ...], keys: Keys, paths: list[str]) -> str:
    places = []
    for spelled in _spelled(path, keys):
        paths.append(_json_path(spelled))
        places.append(f"v[{len(paths)}]")
    return _one_of(places, path[-1])


def _one_of(places: list[str], name: str) -> str:
    """The value of a key that documents spell in several ways, each of them in one."""
    if len(places) == 1:
        return places[0]
    return f"tr_serde_one([{', '.join(places)}], {text_literal(name)})"


def _value(type_: Type, path: tuple[str, ...], keys: Keys, paths: list[str]) -> str:
    found = _text_at(path, keys, paths)
    if type_.base == "row":
        fields = ", ".join(
            f"{quoted(name)} := {_value(inner, (*path, name), keys, paths)}"
            for name, inner in type_.args
        )
        return f"CASE WHEN tr_serde_object({found}) THEN struct_pack({fields}) END"
    return _converted(found, type_, path, keys)


def _converted(found: str, type_: Type, path: tuple[str, ...], keys: Keys, depth: int = 0) -> str:
    """`found`, the text of a JSON value (NULL for null), as a value of `type_`."""
    column = text_literal(path[0])
    match type_.base:
        case "varchar":
            return f"substr({found}, 1, {type_.args[0]})" if type_.args else found
        case "tinyint" | "smallint" | "integer" | "bigint":
            return f"CAST(tr_serde_integer({found}, {column}) AS {type_.duckdb()})"
        case "real" | "double" | "decimal":
            return f"CAST(tr_serde_number({found}, {column}) AS {type_.duckdb()})"
        case "boolean":
            return f"tr_serde_boolean({found}, {column})"
        case "date":
            return f"tr_serde_date({found}, {column})"
        case "timestamp":
            return f"tr_serde_timestamp({found}, {column})"
        case "array":
            item = f"x{depth}"
            element = _element(item, type_.element, path, keys, depth + 1)
            return (
                f"CASE WHEN tr_serde_array({found}) THEN "
                f"list_transform(json_extract({found}, '$[*]'), lambda {item}: {element}) END"
            )
    raise QueryError(
        "NOT_SUPPORTED", f"column {path[0]}: {type_} in a JSON table is not supported locally"
    )


def _element(item: str, type_: Type, path: tuple[str, ...], keys: Keys, depth: int) -> str:
    """An element of an array, or a field of one: `item` is SQL of type JSON."""
    found = f"json_extract_string({item}, '$')"
    if type_.base != "row":
        return _converted(found, type_, path, keys, depth)
    below = _below(keys, path)
    fields = []
    for name, inner in type_.args:
        places = [
            f"json_extract({item}, {text_literal(_json_path(p))})" for p in _spelled((name,), below)
        ]
        place = _one_of(places, name)
        fields.append(f"{quoted(name)} := {_element(place, inner, (*path, name), keys, depth)}")
    return f"CASE WHEN tr_serde_object({found}) THEN struct_pack({', '.join(fields)}) END"


def _below(keys: Keys, path: tuple[str, ...]) -> Keys:
    for name in path:
        keys = keys.get(name, (set(), {}))[1]
    return keys
