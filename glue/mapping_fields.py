"""What a mapping does to a document; mapping.py says what its file looks like."""

from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any

from glue import mapping_formats as formats
from glue.event_document import KNOWN_KEYS

UNMAPPED = "unmapped"

Path = tuple[str, ...]
Document = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """How one of our fields is made; the options are those of the mapping file.

    `paths` has one path, none beside a constant, several for a uuid5 only.
    """

    paths: tuple[Path, ...] = ()
    constant: Any = None
    default: Any = None
    values: dict[str, Any] = field(default_factory=dict)
    format: str = ""
    zone: tzinfo = UTC
    items: dict[str, "Field"] | None = None

    @property
    def takes(self) -> tuple[Path, ...]:
        """The paths whose values move into our field."""
        return () if self.format == formats.UUID5 else self.paths

    def read(self, document: Document, source: str) -> Any:
        """The value of our field, None where there is none."""
        if not self.paths:
            return self.constant
        found = [_at(document, path) for path in self.paths]
        if self.format == formats.UUID5:
            return formats.derived_uuid(source, found)
        value = found[0]
        if value is None or value == "":
            return value if self.default is None else self.default
        if self.items is not None:
            return self._items(value, source)
        if self.values:
            return self.values.get(formats.as_text(value), value)
        return formats.moment(value, self.format, self.zone) if self.format else value

    def _items(self, value: Any, source: str) -> Any:
        if type(value) is not list:
            return value
        known = KNOWN_KEYS["metadata"]["purchase"]["items"]
        by_path = {(name,): part for name, part in self.items.items()}
        return [
            _mapped(item, by_path, known, source) if type(item) is dict else item for item in value
        ]


@dataclass(frozen=True)
class Mapping:
    """A valid mapping file. `name` is its source; `fields`: path of our field -> how it is made.

    Instances can be pickled: they travel to Spark's workers.
    """

    name: str
    fields: dict[Path, Field]

    def apply(self, document: Document) -> Document:
        """Our document for one of theirs, which stays as it is; numbers are int or Decimal.

        Never raises: a value that cannot be converted is left for the parser to reject.
        """
        return _mapped(document, self.fields, KNOWN_KEYS, self.name)


def _mapped(
    document: Document, fields: dict[Path, Field], known: dict[str, Any], source: str
) -> Document:
    ours: Document = {}
    for target, how in fields.items():
        value = how.read(document, source)
        if value is not None:
            _put(ours, target, value)
    rest = document
    for how in fields.values():
        for path in how.takes:
            rest = _without(rest, path)
    kept, moved = _split(rest, known)
    _merge(ours, kept)
    if moved:
        name = UNMAPPED
        while name in ours:
            name += "_"
        ours[name] = moved
    return ours


def _at(document: Any, path: Path) -> Any:
    for key in path:
        if type(document) is not dict:
            return None
        document = document.get(key)
    return document


def _put(document: Document, path: Path, value: Any) -> None:
    for key in path[:-1]:
        document = document.setdefault(key, {})
    document[path[-1]] = value


def _without(document: Document, path: Path) -> Document:
    """A copy without the value at the path, and without the objects that this empties."""
    key, *below = path
    if key not in document:
        return document
    rest = dict(document)
    if not below:
        del rest[key]
    elif type(rest[key]) is dict:
        left = _without(rest[key], tuple(below))
        if left or not rest[key]:
            rest[key] = left
        else:
            del rest[key]
    return rest


def _split(rest: Document, known: dict[str, Any]) -> tuple[Document, Document]:
    """What can stay in its place, and what the parser would take for a field of ours."""
    kept: Document = {}
    moved: Document = {}
    for key, value in rest.items():
        if key not in known:
            kept[key] = value
        elif known[key] and type(value) is dict and key != "items":
            stays, goes = _split(value, known[key])
            if stays:
                kept[key] = stays
            if goes or not value:
                moved[key] = goes
        else:
            moved[key] = value
    return kept, moved


def _merge(ours: Document, kept: Document) -> None:
    for key, value in kept.items():
        if key in ours:  # an object of fields, in both
            _merge(ours[key], value)
        else:
            ours[key] = value
