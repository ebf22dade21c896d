"""Documents of another shape become documents of ours by a mapping file (TOML):

    source = "shop"                          # names the folder in the raw zone

    [fields]                                 # our field = where it is in their document
    event_id = "meta.id"                     # keys joined by dots; `\\.` is a dot in a key
    user_id = "account.id"
    action = { path = "type", values = { PageView = "view", SignIn = "login" } }
    timestamp = { path = "ts", format = "epoch_ms" }
    metadata.device = { path = "client.kind", default = "desktop" }
    metadata.location = { constant = "EU" }
    metadata.purchase.items = { path = "cart[]", fields = { sku = "code", quantity = "n" } }

A field takes a `path` or a `constant`, and besides a path
- `default`: the value where the path leads to nothing, null or an empty string;
- `values`: {theirs: ours}; what is not listed stays as it is;
- `format` of the timestamp: `iso` (as it is), `epoch_s`, `epoch_ms`, `epoch_us` or a pattern of
  strptime; with `zone`, an IANA name, for texts that name no zone (else they are UTC);
- `format = "uuid5"` of the event_id, for logs without UUIDs, also with several `paths`;
- `fields` of the items, inside each element of the list.

What a mapping takes leaves its old place; all else stays where it was and ends up among the
unknown keys. Where it would be taken for a field of ours, it moves below the key `unmapped`.
Paths of a uuid5 are only read: their values cannot be told from the UUID.

Nothing but the standard library: the job's workers and the command line read the same file.
"""

import re
import tomllib
from datetime import UTC, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from glue import mapping_formats as formats
from glue.event_document import KNOWN_KEYS
from glue.mapping_fields import Field, Mapping, Path

SOURCE = re.compile(r"[a-z][a-z0-9_]*")
# A backslash makes the next character a part of the key.
KEY = re.compile(r"(?:[^.\\]|\\.)+", re.DOTALL)
PATH = re.compile(rf"{KEY.pattern}(?:\.{KEY.pattern})*", re.DOTALL)
# Raw sources that need no mapping.
RESERVED = ("logs", "users")
REQUIRED = (
    "event_id",
    "user_id",
    "action",
    "timestamp",
    "metadata.device",
    "metadata.location",
)
ITEMS = "metadata.purchase.items"
# What a constant, a default or a value of ours is; all other fields are texts.
INTEGERS = ("user_id", "quantity")
AMOUNTS = ("metadata.purchase.total", "unit_price")
# Each event has its own.
OWN = ("event_id", "timestamp", ITEMS)


class MappingError(ValueError):
    """A mapping file that cannot be used; `problems`: a sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def parse(text: str) -> Mapping:
    """Read a mapping file. Raises MappingError, which names all that is wrong with it."""
    try:
        table = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise MappingError([f"it is no TOML: {error}"]) from None
    problems = [f"unknown key {key}" for key in table if key not in ("source", "fields")]
    source = table.get("source")
    if type(source) is not str or not SOURCE.fullmatch(source):
        problems.append(
            f"source = {source!r} names no folder: use lower-case letters, digits and underscores, "
            "a letter first"
            if "source" in table
            else 'source is missing: name the folder in the raw zone, as in source = "shop"'
        )
    elif source in RESERVED:
        problems.append(f"source = {source!r} is taken by documents that need no mapping")
    fields = table.get("fields")
    if type(fields) is not dict:
        raise MappingError([*problems, "the table [fields] is missing"])
    known = _names(KNOWN_KEYS)
    given = _flat(fields, known)
    missing = [name for name in REQUIRED if name not in given]
    problems += [f"{name} is required and missing from [fields]" for name in missing]
    parsed = _Fields(problems)
    made = parsed.fields(given, known)
    if problems:
        raise MappingError(problems)
    return Mapping(source, {tuple(name.split(".")): how for name, how in made.items()})


def _names(known: dict[str, Any], prefix: str = "") -> list[str]:
    """Of all fields, with dots."""
    names = []
    for key, below in known.items():
        name = prefix + key
        names += [name] if not below or name == ITEMS else _names(below, name + ".")
    return names


def _flat(table: dict[str, Any], known: list[str], prefix: str = "") -> dict[str, Any]:
    """`metadata.page = …` is a nested table to TOML, and `"metadata.page" = …` a name."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        name = prefix + key
        if type(value) is dict and any(other.startswith(name + ".") for other in known):
            flat |= _flat(value, known, name + ".")
        else:
            flat[name] = value
    return flat


class _Fields:
    """Reads the tables of fields and notes what is wrong with them."""

    def __init__(self, problems: list[str]) -> None:
        self._problems = problems

    def fields(self, table: dict[str, Any], known: list[str], within: str = "") -> dict[str, Field]:
        made = {}
        for name, given in table.items():
            if name not in known:
                self._wrong(f"{within}{name}", f"is no field of ours: use {', '.join(known)}")
            elif type(given) in (str, dict):
                options = {"path": given} if type(given) is str else given
                made[name] = self._field(name, within + name, options)
            else:
                self._wrong(within + name, "is neither a path nor a table with one")
        return made

    def _wrong(self, name: str, what: str) -> None:
        self._problems.append(f"{name} {what}")

    def _field(self, name: str, title: str, given: dict[str, Any]) -> Field:
        allowed = ["path", "constant", "default", "values"]
        if name in OWN:
            allowed = ["path"]
        allowed += {
            "event_id": ["paths", "format"],
            "timestamp": ["format", "zone"],
            ITEMS: ["fields"],
        }.get(name, [])
        for option in given:
            if option not in allowed:
                self._wrong(title, f"takes no {option}: only {', '.join(allowed)}")
        if sum(option in given for option in ("path", "paths", "constant")) != 1:
            one_of = [option for option in ("path", "paths", "constant") if option in allowed]
            self._wrong(title, f"needs {' or '.join(one_of)}, and only one of them")
        if "constant" in given and len(given) > 1:
            self._wrong(title, "takes nothing beside a constant")
        for option in ("constant", "default"):
            if option in given:
                self._is_ours(name, title, option, given[option])
        form = self._format(name, title, given)
        return Field(
            paths=self._paths(name, title, given),
            constant=given.get("constant"),
            default=given.get("default"),
            values=self._values(name, title, given.get("values", {})),
            format=form,
            zone=self._zone(title, given, form),
            items=self._items(title, given) if name == ITEMS else None,
        )

    def _paths(self, name: str, title: str, given: dict[str, Any]) -> tuple[Path, ...]:
        texts = given["paths"] if "paths" in given else [given[k] for k in ("path",) if k in given]
        if type(texts) is not list or ("paths" in given and not texts):
            self._wrong(title, "needs a list of paths")
            return ()
        if "paths" in given and given.get("format") != formats.UUID5:
            self._wrong(title, f"takes several paths only with format = {formats.UUID5!r}")
        return tuple(self._path(title, text, is_list=name == ITEMS) for text in texts)

    def _path(self, title: str, text: Any, is_list: bool) -> Path:
        if type(text) is not str:
            self._wrong(title, f"has a path that is no string: {text!r}")
            return ()
        if is_list and not text.endswith("[]"):
            self._wrong(title, f'needs the path of a list, as in "cart[]", not {text!r}')
        path = text.removesuffix("[]") if is_list else text
        if not PATH.fullmatch(path):
            self._wrong(title, f"has a bad path {text!r}: join keys by single dots")
        elif re.search(r"(?<!\\)\[\d*\]", path):
            self._wrong(
                title, f"has a bad path {text!r}: only {ITEMS} reads a list, by [] at its end"
            )
        return tuple(re.sub(r"\\(.)", r"\1", key, flags=re.DOTALL) for key in KEY.findall(path))

    def _format(self, name: str, title: str, given: dict[str, Any]) -> str:
        form = given.get("format", formats.ISO if name == "timestamp" else "")
        if type(form) is not str:
            self._wrong(title, f"has a format that is no string: {form!r}")
        elif name == "event_id" and form not in ("", formats.UUID5):
            self._wrong(title, f"has an unknown format {form!r}: the only one is uuid5")
        elif name == "timestamp" and "%" in form:
            if not formats.is_date_pattern(form):
                self._wrong(title, f"has a pattern by which strptime reads no date: {form!r}")
        elif name == "timestamp" and form != formats.ISO and form not in formats.EPOCHS:
            known = ", ".join([formats.ISO, *formats.EPOCHS])
            example = "%d/%m/%Y %H:%M:%S"
            self._wrong(
                title, f"has an unknown format {form!r}: use {known} or a pattern like {example}"
            )
        return form

    def _zone(self, title: str, given: dict[str, Any], form: str) -> tzinfo:
        zone = given.get("zone")
        if zone is None:
            return UTC
        if form in tuple(formats.EPOCHS):
            self._wrong(title, "takes no zone with an epoch, which counts from UTC")
        try:
            return ZoneInfo(zone)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._wrong(title, f"has an unknown zone {zone!r}: use one like Europe/Berlin")
            return UTC

    def _values(self, name: str, title: str, values: Any) -> dict[str, Any]:
        if type(values) is not dict:
            self._wrong(title, 'needs a table of values, as in { PageView = "view" }')
            return {}
        for theirs, ours in values.items():
            self._is_ours(name, title, f"values.{theirs}", ours)
        return values

    def _is_ours(self, name: str, title: str, option: str, value: Any) -> None:
        if name in INTEGERS:
            is_right, kind = type(value) is int, "an integer"
        elif name in AMOUNTS:
            is_right, kind = type(value) in (int, Decimal), "a number"
        else:
            is_right, kind = type(value) is str and value != "", "a text"
        if not is_right:
            self._wrong(title, f"needs {kind} as {option}, not {value!r}")

    def _items(self, title: str, given: dict[str, Any]) -> dict[str, Field]:
        inside = given.get("fields", {})
        known = list(KNOWN_KEYS["metadata"]["purchase"]["items"])
        if type(inside) is not dict or not inside:
            self._wrong(title, f"needs fields: where {', '.join(known)} are inside an element")
            return {}
        return self.fields(inside, known, within=f"{title}[].")
