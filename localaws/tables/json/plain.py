"""Lines that need no rule book, many at a time, by Arrow's own JSON reader: the usual ones.

Arrow refuses a whole block for the first thing in it that is not as it was told: a value of another
JSON kind than its column's, a number that the column does not hold, a key that it does not know,
equal keys, what is no JSON. So a block that it reads has nothing on which the SerDes' rules differ
from its own, and every other block goes line by line through `columns.py`, which also tells the
reader here about the keys that it has not met. What Arrow takes all the same is looked for here:
NaN as a number, and decimals of too many digits.

Arrow does not say where a line ends. Each line gets a key more (`_MARK`, as its first), so lines
that are cut off, joined or blank are found by counting it: a document that has that key already has
it twice, which Arrow refuses.
"""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as arrow_json

from localaws.sql.types import Type
from localaws.tables.decoded import arrow_type
from localaws.tables.json.documents import Literal, Tree
from localaws.tables.json.options import JsonOptions

_MARK = "$line"
_BEGIN = re.compile(r'\{[ \t]*"')
# Zero without a sign, where Hive reads a double.
_MINUS_ZERO = re.compile(r"-0[^.0-9eE]")
_INTERNAL = re.compile(r"_col\d+")
# Beyond these documents are left to the rule book.
_MAX_DEPTH, _MAX_KEYS = 50, 500
_BLOCK = 1 << 20  # bytes
# So many blocks in vain, and nothing more is tried.
_MAX_FAILURES = 20

_ISO = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$"
_SPACED = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,3})?$"
_DATE = r"^\d{4}-\d\d-\d\d$"

# What is known of the values at a place: None (only nulls so far), the Arrow type of a scalar, a
# list of one shape, or an object's keys.
Shape = Any
_MIXED = object()


class NotPlain(Exception):
    """A block that Arrow does not read, or reads otherwise than the SerDe."""


class Plain:
    """Reads blocks of lines into the arrays of `columns`, once `learn` has seen their keys."""

    def __init__(self, columns: list[tuple[str, Type]], options: JsonOptions) -> None:
        self._columns, self._options = columns, options
        self._shape: Shape = {}
        self._part: _Part | None = None
        self._changed = False
        self._failures = 0

    @property
    def learns(self) -> bool:
        return self._failures < _MAX_FAILURES

    def learn(self, tree: Tree) -> None:
        if isinstance(tree, dict):
            self._shape = _merged(self._shape, tree)
            self._changed = True

    def read(self, lines: list[str]) -> list[pa.Array]:
        """Raises NotPlain."""
        if not self.learns:
            raise NotPlain
        try:
            found = self._read(lines)
        except NotPlain:
            self._failures += 1
            raise
        self._failures = 0
        return found

    def _read(self, lines: list[str]) -> list[pa.Array]:
        if self._changed:
            self._part = self._planned()
            self._changed = False
        if self._part is None or not all(map(_BEGIN.match, lines)):
            raise NotPlain
        text = "\n".join([f'{{"{_MARK}":0,{line[1:]}' for line in lines])
        if "NaN" in text or "Inf" in text:
            raise NotPlain
        if not self._options.openx and _MINUS_ZERO.search(text):
            raise NotPlain
        encoded = text.encode()
        schema = pa.schema([*self._part.reads, pa.field(_MARK, pa.int64())])
        try:
            found = arrow_json.read_json(
                io.BytesIO(encoded),
                # In blocks, which Arrow reads at once; no line may be longer than one.
                arrow_json.ReadOptions(block_size=max(_BLOCK, 4 * max(map(len, lines)) + 64)),
                arrow_json.ParseOptions(schema, unexpected_field_behavior="error"),
            )
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise NotPlain from None
        marks = found.column(_MARK)
        if len(marks) != len(lines) or marks.null_count:
            raise NotPlain
        rows = found.drop_columns([_MARK]).combine_chunks().to_struct_array().combine_chunks()
        return self._part.made(rows).flatten()

    def _planned(self) -> "_Part | None":
        try:
            return _row(self._columns, self._shape, self._options, top=True)
        except UnicodeEncodeError:  # half a surrogate pair in a key
            return None


def _merged(shape: Shape, tree: Tree, depth: int = 0) -> Shape:
    if tree is None or shape is _MIXED:
        return shape
    if depth > _MAX_DEPTH:
        return _MIXED
    match tree:
        case dict():
            if shape is None:
                shape = {}
            if not isinstance(shape, dict):
                return _MIXED
            for key, value in tree.items():
                if key in shape or len(shape) <= _MAX_KEYS:
                    shape[key] = _merged(shape.get(key), value, depth + 1)
            return shape
        case list():
            if shape is None:
                shape = [None]
            if not isinstance(shape, list):
                return _MIXED
            for value in tree:
                shape[0] = _merged(shape[0], value, depth + 1)
            return shape
    kind = pa.bool_() if isinstance(tree, bool) else pa.string()
    if isinstance(tree, Literal):
        kind = pa.float64()
    return kind if shape is None or shape == kind else _MIXED


@dataclass(frozen=True)
class _Part:
    """`reads`: the type that Arrow reads; `made` turns it into the column's. Raises NotPlain."""

    reads: pa.DataType
    made: Callable[[pa.Array], pa.Array]


def _part(type_: Type, shape: Shape, options: JsonOptions) -> _Part | None:
    """None for a type whose values Arrow does not read as the SerDe does."""
    arrow = arrow_type(type_)
    match type_.base:
        case "boolean" | "tinyint" | "smallint" | "integer" | "bigint" | "double":
            return _Part(arrow, lambda found: found)
        case "decimal":
            return _Part(arrow, _of_its_digits)
        case "real" if options.openx:  # Hive's goes by way of a double
            return _Part(arrow, lambda found: found)
        case "varchar" if not type_.args:
            return _Part(arrow, lambda found: found)
        case "varchar":
            return _Part(arrow, lambda found: pc.utf8_slice_codeunits(found, 0, type_.args[0]))
        case "date":
            return _Part(pa.string(), lambda found: _parsed(found, _DATE, arrow))
        case "timestamp" if not options.timestamp_formats:
            pattern = _ISO if options.openx else _SPACED
            return _Part(pa.string(), lambda found: _parsed(found, pattern, arrow))
        case "array":
            return _list(type_.element, shape, options)
        case "row":
            return _row(list(type_.args), shape, options)
    return None


def _of_its_digits(found: pa.Array) -> pa.Array:
    try:
        found.validate(full=True)
    except pa.ArrowInvalid:
        raise NotPlain from None
    return found


def _parsed(found: pa.Array, pattern: str, arrow: pa.DataType) -> pa.Array:
    if pc.all(pc.match_substring_regex(found, pattern)).as_py() is False:
        raise NotPlain
    try:
        if pa.types.is_date(arrow):
            return found.cast(arrow)
        if pattern == _ISO:
            found = pc.utf8_rtrim(found, "Z")
        return found.cast(pa.timestamp("ms")).cast(arrow)
    except pa.ArrowInvalid:
        raise NotPlain from None


def _list(element: Type, shape: Shape, options: JsonOptions) -> _Part | None:
    inner = _part(element, shape[0] if isinstance(shape, list) else None, options)
    if inner is None:
        return None

    def made(found: pa.ListArray) -> pa.Array:
        values = inner.made(found.values)
        return pa.ListArray.from_arrays(found.offsets, values, mask=found.is_null())

    return _Part(pa.list_(inner.reads), made)


def _row(
    fields: list[tuple[str, Type]], shape: Shape, options: JsonOptions, *, top: bool = False
) -> _Part | None:
    """A struct, or the columns of a table: by the keys that are known."""
    keys = shape if isinstance(shape, dict) else {}
    wanted = {options.key_of(name): name for name, _ in fields}
    if len(wanted) < len(fields) or len(keys) > _MAX_KEYS or options.dots:
        return None
    types, reads, parts = dict(fields), [], {}
    for key, below in keys.items():
        name = wanted.get(options.folded(key))
        if name is None:
            unread = _unread(below)
            if unread is None or (not options.openx and _INTERNAL.fullmatch(key)):
                return None
            reads.append(pa.field(key, unread))
            continue
        part = _part(types[name], below, options)
        if part is None or name in parts or key == _MARK:
            return None
        parts[name] = (len(reads), part)
        reads.append(pa.field(key, part.reads))

    def made(found: pa.StructArray) -> pa.Array:
        children = found.flatten()
        values = [
            parts[name][1].made(children[parts[name][0]])
            if name in parts
            else pa.nulls(len(found), arrow_type(type_))
            for name, type_ in fields
        ]
        names = [name for name, _ in fields]
        mask = None if top else found.is_null()
        return pa.StructArray.from_arrays(values, names, mask=mask)

    return _Part(pa.struct(reads), made)


def _unread(shape: Shape) -> pa.DataType | None:
    """The type of what stands at a key that no column reads."""
    match shape:
        case None:
            return pa.null()
        case dict():
            fields = {key: _unread(below) for key, below in shape.items()}
            if None in fields.values() or len(fields) > _MAX_KEYS:
                return None
            return pa.struct(list(fields.items()))
        case list():
            inner = _unread(shape[0])
            return None if inner is None else pa.list_(inner)
    return None if shape is _MIXED else shape
