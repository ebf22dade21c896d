"""Reading NDJSON as the OpenX JSON SerDe does, one document a line.

Source of the rules: the SerDe's README (keys are matched without regard to case; a line that is
no JSON object fails the query unless `ignore.malformed.json` is true, then it is a row of NULLs).
A value that does not fit its column's type fails with HIVE_BAD_DATA, it is never changed.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from localaws.engine import Session
from localaws.sql.errors import QueryError
from localaws.sql.quoting import quoted, text_literal
from localaws.sql.types import VARCHAR, Type
from localaws.tables.decoded import lines_sql
from localaws.tables.hive import HiveTable
from localaws.tables.text_lines import FILE, text_list

OPENX = "org.openx.data.jsonserde.JsonSerDe"
HIVE = "org.apache.hive.hcatalog.data.JsonSerDe"
SERDES = (OPENX, HIVE, "org.apache.hadoop.hive.serde2.JsonSerDe")

# Arrays and maps in one another: with each level the engine takes twice as long to plan.
MAX_LISTS = 10

# In a path: any key of a map.
ANY = "*"

# A key tree: each key in lower case -> (its spellings in the documents, the keys below).
Keys = dict[str, tuple[set[str], "Keys"]]


def table_sql(
    columns: list[tuple[str, Type]],
    files: list[Path],
    codec: str,
    table: HiveTable,
    scratch: Path,
    session: Session,
) -> str:
    """A relation of `columns` and "$file" over a JSON table's files, compressed in one way."""
    options = JsonOptions.of(table)
    keys = options.applied(keys_of(files, codec, scratch, session))
    return scan_sql(columns, lines_sql(files, codec, 0, scratch), keys, options)


@dataclass(frozen=True)
class JsonOptions:
    """SerDe properties. Source: Athena user guide, "OpenX JSON SerDe" and "Hive JSON SerDe"."""

    openx: bool
    ignore_malformed: bool = False
    case_sensitive: bool = False
    dots: bool = False
    mapping: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, table: HiveTable) -> "JsonOptions":
        """Raises NOT_SUPPORTED for a property that is not known."""
        openx = table.serde == OPENX
        found: dict[str, Any] = {"openx": openx, "mapping": {}}
        for name, value in table.serde_parameters.items():
            told = value.lower() == "true"
            if name in ("paths", "serialization.format", "explicit.null"):
                continue  # the crawler's note of the keys; what concerns writing
            if openx and name.startswith("mapping."):
                found["mapping"][name.removeprefix("mapping.").lower()] = value
            elif openx and name == "ignore.malformed.json":
                found["ignore_malformed"] = told
            elif openx and name == "case.insensitive":
                found["case_sensitive"] = not told
            elif openx and name == "dots.in.keys":
                found["dots"] = told
            else:
                message = f"{table.database}.{table.name}: SerDe property {name}"
                raise QueryError("NOT_SUPPORTED", f"{message} is not supported locally")
        return cls(**found)

    def applied(self, keys: Keys) -> Keys:
        """Where to find each field: the tree by the names of fields, not of keys."""
        found: Keys = {}
        for key, (spellings, below) in keys.items():
            if self.case_sensitive:
                spellings = {each for each in spellings if each == key} or {key}
            found[key] = (spellings, self.applied(below))
        if self.dots:
            for key in list(found):
                found.setdefault(key.replace(".", "_"), found[key])
        mapped = {name: found.get(key.lower(), ({key}, {})) for name, key in self.mapping.items()}
        if self.case_sensitive:
            mapped = {name: ({self.mapping[name]}, below) for name, (_, below) in mapped.items()}
        return {**found, **mapped}


def scan_sql(columns: list[tuple[str, Type]], source: str, keys: Keys, options: JsonOptions) -> str:
    """A relation of `columns` and "$file" over `source`, a relation (line, "$file")."""
    paths: list[str] = []
    fields = _Fields(keys, options, paths)
    values = [f"{fields.value(type_, (name,))} AS {quoted(name)}" for name, type_ in columns]
    failure = "NULL"
    if not options.ignore_malformed:
        failure = "tr_fail('HIVE_CURSOR_ERROR', 'Row is not a valid JSON Object')::VARCHAR"
    document = (
        "CASE WHEN json_valid(line) AND json_type(line) = 'OBJECT' THEN line "
        f"WHEN regexp_full_match(line, '[\\t-\\r ]*') THEN NULL ELSE {failure} END"
    )
    extracted = "document"
    if paths:
        extracted = f"json_extract_string(tr_serde_exact(document), {text_list(paths)})"
    return (
        f"(SELECT {', '.join([*values, quoted(FILE)])} FROM "
        f"(SELECT {extracted} AS v, {quoted(FILE)} FROM "
        f"(SELECT {document} AS document, {quoted(FILE)} FROM {source})))"
    )


def keys_of(paths: list[Path], codec: str, scratch: Path, session: Session) -> Keys:
    """The keys that the documents have, found once per (immutable) file."""
    tree: Keys = {}
    for path in paths:
        _merge(tree, _file_keys(path, codec, scratch, Hidden(session)))
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
def _file_keys(path: Path, codec: str, scratch: Path, hidden: Hidden) -> Keys:
    documents = (
        f"(SELECT tr_json_shallow(line)::JSON AS document FROM "
        f"{lines_sql([path], codec, 0, scratch)} "
        "WHERE json_valid(line) AND json_type(line) = 'OBJECT')"
    )
    structure, _ = structure_of(documents, hidden.session)
    return _key_tree(json.loads(structure) if structure else {})


def structure_of(documents: str, session: Session) -> tuple[str | None, int]:
    """What the engine finds in all documents of a relation (document), as JSON, and how many they
    are. One document of each structure stands for all: the engine's own aggregate holds every
    text that it is given."""
    ((structure, count),) = session.rows(
        "SELECT json_group_structure(document::JSON), coalesce(sum(documents), 0)::BIGINT FROM "
        "(SELECT any_value(document::VARCHAR) AS document, count(*) AS documents "
        f"FROM {documents} WHERE document IS NOT NULL GROUP BY json_structure(document)::VARCHAR)"
    )
    return structure, count


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


class _Fields:
    """SQL of the values at paths of field names; `paths` collects the JSON paths they need."""

    def __init__(self, keys: Keys, options: JsonOptions, paths: list[str]) -> None:
        self._keys, self._options, self._paths = keys, options, paths

    def value(self, type_: Type, path: tuple[str, ...]) -> str:
        found = self._text_at(path)
        if type_.base == "row":
            fields = ", ".join(
                f"{quoted(name)} := {self.value(inner, (*path, name))}"
                for name, inner in type_.args
            )
            return f"CASE WHEN tr_serde_object({found}) THEN struct_pack({fields}) END"
        return self._converted(found, type_, path)

    def _text_at(self, path: tuple[str, ...]) -> str:
        places = []
        for spelled in _spelled(path, self._keys):
            self._paths.append(_json_path(spelled))
            places.append(f"v[{len(self._paths)}]")
        return _one_of(places, path[-1])

    def _converted(self, found: str, type_: Type, path: tuple[str, ...], depth: int = 0) -> str:
        """`found`, the text of a JSON value (NULL for null), as a value of `type_`."""
        column = text_literal(path[0])
        if depth == MAX_LISTS and type_.base in ("array", "map"):
            message = f"column {path[0]}: more than {MAX_LISTS} arrays and maps in one another"
            raise QueryError("NOT_SUPPORTED", f"{message} are not supported locally in JSON tables")
        match type_.base:
            case "varchar":
                text = f"tr_serde_text({found})"
                return f"substr({text}, 1, {type_.args[0]})" if type_.args else text
            case "tinyint" | "smallint" | "integer" | "bigint":
                return f"CAST(tr_serde_integer({found}, {column}) AS {type_.duckdb()})"
            case "real" | "double":
                return f"CAST(tr_serde_double({found}, {column}) AS {type_.duckdb()})"
            case "decimal":
                return f"CAST(tr_serde_number({found}, {column}) AS {type_.duckdb()})"
            case "boolean":
                return f"tr_serde_boolean({found}, {column})"
            case "date":
                return f"tr_serde_date({found}, {column})"
            case "timestamp":
                zone = "Z?" if self._options.openx else ""
                return f"tr_serde_timestamp({found}, {column}, '{zone}')"
            case "array":
                item = f"x{depth}"
                element = self._element(item, type_.element, path, depth + 1)
                return (
                    f"CASE WHEN tr_serde_array({found}) THEN "
                    f"list_transform(json_extract({found}, '$[*]'), lambda {item}: {element}) END"
                )
            case "map" if type_.args[0] == VARCHAR:
                return self._map(found, type_, path, depth)
        raise QueryError(
            "NOT_SUPPORTED", f"column {path[0]}: {type_} in a JSON table is not supported locally"
        )

    def _map(self, found: str, type_: Type, path: tuple[str, ...], depth: int) -> str:
        item = f"x{depth}"
        # The keys of a map are data: what is below them is found by the keys of any of them.
        value = self._element(f"{item}.value", type_.args[1], (*path, ANY), depth + 1)
        key = f"{item}.key"
        if self._options.openx:
            key = f"tr_serde_lower_key({key})"
        entries = f"map_entries(json_transform({found}::JSON, '\"MAP(VARCHAR,JSON)\"'))"
        return (
            f"CASE WHEN tr_serde_object({found}) THEN map_from_entries(list_transform({entries}, "
            f"lambda {item}: struct_pack(k := {key}, v := {value}))) END"
        )

    def _element(self, item: str, type_: Type, path: tuple[str, ...], depth: int) -> str:
        """An element of an array, or a field of one: `item` is SQL of type JSON."""
        found = f"json_extract_string({item}, '$')"
        if type_.base != "row":
            return self._converted(found, type_, path, depth)
        below = _below(self._keys, path)
        fields = []
        for name, inner in type_.args:
            places = [
                f"json_extract({item}, {text_literal(_json_path(p))})"
                for p in _spelled((name,), below)
            ]
            place = _one_of(places, name)
            fields.append(f"{quoted(name)} := {self._element(place, inner, (*path, name), depth)}")
        return f"CASE WHEN tr_serde_object({found}) THEN struct_pack({', '.join(fields)}) END"


def _one_of(places: list[str], name: str) -> str:
    """The value of a key that documents spell in several ways, each of them in one."""
    if len(places) == 1:
        return places[0]
    return f"tr_serde_one([{', '.join(places)}], {text_literal(name)})"


def _below(keys: Keys, path: tuple[str, ...]) -> Keys:
    for name in path:
        if name == ANY:
            merged: Keys = {}
            for _, below in keys.values():
                _merge(merged, below)
            keys = merged
        else:
            keys = keys.get(name, (set(), {}))[1]
    return keys
