"""Trees gathered into Arrow arrays, a column at a time: one class a kind of type.

`add` takes a tree (documents.py) and raises BadValue for one that the type cannot hold; what it had
taken in by then is dropped by `cut`. Source of the rules: Trino's OpenXJsonDeserializer and
JsonDeserializer, class by class.
"""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from localaws.sql.types import Type
from localaws.tables.decoded import arrow_type
from localaws.tables.json import moments, scalars
from localaws.tables.json.documents import Literal, Repeated, Tree, pairs_of, text_of
from localaws.tables.json.options import JsonOptions
from localaws.tables.json.scalars import BadValue, DuplicateKey, Unparsed

_RANGES = {"tinyint": 7, "smallint": 15, "integer": 31, "bigint": 63}
# Of how many shapes of objects the way to read them is kept.
_MOST_SHAPES = 10_000


class Column(Protocol):
    size: int

    def add(self, tree: Tree) -> None: ...

    def cut(self, size: int) -> None:
        """Only the first `size` values stay."""

    def take(self) -> pa.Array:
        """All values; the column is empty then."""


class Unreadable(Exception):
    """A type that the SerDe does not read."""


class Nulls:
    """In the place of a column that cannot be read."""

    def __init__(self, type_: Type) -> None:
        self._type = arrow_type(type_)
        self.size = 0

    def add(self, _: Tree) -> None:
        self.size += 1

    def cut(self, size: int) -> None:
        self.size = size

    def take(self) -> pa.Array:
        size, self.size = self.size, 0
        return pa.nulls(size, self._type)


def column(type_: Type, options: JsonOptions) -> Column:
    """Raises Unreadable."""
    match type_.base:
        case "array":
            return _Array(column(type_.element, options), options)
        case "map":
            key, value = type_.args
            # OpenX reads a key as it reads a text, Hive by rules of their own.
            return _Map(
                _Scalars(key, _key_conversion(key, options), options),
                column(value, options),
                options,
            )
        case "row":
            names = [name for name, _ in type_.args]
            return _Row(names, [column(each, options) for _, each in type_.args], options)
    return _Scalars(type_, _conversion(type_, options), options)


class _Scalars:
    def __init__(self, type_: Type, convert: Callable[[Tree], Any], options: JsonOptions) -> None:
        self._type, self._convert = type_, convert
        self._lenient = options.null_for_invalid
        self._values: list[Any] = []
        self.size = 0

    def add(self, tree: Tree) -> None:
        if tree is None:
            self._values.append(None)
        else:
            try:
                self._values.append(self._convert(tree))
            except Unparsed:
                if not self._lenient:
                    raise
                self._values.append(None)
        self.size += 1

    def since(self, begin: int) -> list[Any]:
        return self._values[begin:]

    def cut(self, size: int) -> None:
        del self._values[size:]
        self.size = size

    def take(self) -> pa.Array:
        values, self._values, self.size = self._values, [], 0
        arrow = arrow_type(self._type)
        match self._type.base:
            case "date":
                return pa.array(values, pa.int32()).view(arrow)
            case "timestamp":
                return pa.array(values, pa.int64()).view(arrow)
            case "varchar" | "char":
                try:
                    return pa.array(values, arrow)
                except UnicodeEncodeError:
                    return pa.array([_whole_characters(value) for value in values], arrow)
        return pa.array(values, arrow)


class _Array:
    def __init__(self, elements: Column, options: JsonOptions) -> None:
        self._elements, self._openx = elements, options.openx
        self._ends: list[int | None] = []
        self.size = 0

    def add(self, tree: Tree) -> None:
        add = self._elements.add
        if isinstance(tree, list):
            for element in tree:
                add(element)
        elif tree is not None and not self._openx:
            raise BadValue("start of array expected")
        # OpenX takes "" for no array, anything else for the one element of an array.
        elif tree == "":
            tree = None
        elif tree is not None:
            add(tree)
        self._ends.append(None if tree is None else self._elements.size)
        self.size += 1

    def cut(self, size: int) -> None:
        del self._ends[size:]
        self._elements.cut(_last(self._ends))
        self.size = size

    def take(self) -> pa.Array:
        offsets, self._ends, self.size = _offsets(self._ends), [], 0
        return pa.ListArray.from_arrays(offsets, self._elements.take())


class _Map:
    def __init__(self, keys: _Scalars, values: Column, options: JsonOptions) -> None:
        self._keys, self._values, self._options = keys, values, options
        self._ends: list[int | None] = []
        self.size = 0

    def add(self, tree: Tree) -> None:
        if isinstance(tree, dict):
            self._add_all(tree)
        elif tree is None or (self._options.openx and isinstance(tree, str) and _is_blank(tree)):
            tree = None
        else:
            raise BadValue(f"{_kind(tree)} cannot be a map")
        self._ends.append(None if tree is None else self._keys.size)
        self.size += 1

    def _add_all(self, tree: dict[str, Tree]) -> None:
        """Of keys that are equal once they have the map's type the last stays."""
        pairs = pairs_of(tree)
        if self._options.openx:
            pairs = self._options.distinct(pairs)
        begin = self._keys.size
        for key, _ in pairs:
            self._keys.add(key)
        keys = self._keys.since(begin)
        last = {key: at for at, key in enumerate(keys)}
        plain = len(last) == len(keys) and None not in last
        kept = pairs
        if not plain:
            kept = [pairs[at] for at, key in enumerate(keys) if key is not None and last[key] == at]
            self._keys.cut(begin)
            for key, _ in kept:
                self._keys.add(key)
        # Hive reads the values of all keys, and fails at any that it cannot read.
        first = self._values.size
        if not self._options.openx:
            for _, value in pairs:
                self._values.add(value)
            self._values.cut(first)
        for _, value in kept:
            self._values.add(value)

    def cut(self, size: int) -> None:
        del self._ends[size:]
        self._keys.cut(_last(self._ends))
        self._values.cut(_last(self._ends))
        self.size = size

    def take(self) -> pa.Array:
        offsets, self._ends, self.size = _offsets(self._ends), [], 0
        return pa.MapArray.from_arrays(offsets, self._keys.take(), self._values.take())


class _Row:
    def __init__(self, names: list[str], fields: list[Column], options: JsonOptions) -> None:
        self._fields, self._options = Fields(names, fields, options), options
        self._null: list[bool] = []
        self.size = 0

    def add(self, tree: Tree) -> None:
        if isinstance(tree, dict):
            self._fields.add(tree)
        elif tree is None:
            self._fields.add_nulls()
        elif not self._options.openx:
            raise BadValue("start of object expected")
        elif isinstance(tree, list):
            self._fields.add(tree)
        elif isinstance(tree, str) and _is_blank(tree):
            self._fields.add_nulls()
        else:
            raise BadValue(f"{_kind(tree)} cannot be a struct")
        self._null.append(tree is None)
        self.size += 1

    def cut(self, size: int) -> None:
        del self._null[size:]
        self._fields.cut(size)
        self.size = size

    def take(self) -> pa.Array:
        null, self._null, self.size = self._null, [], 0
        mask = pa.array(null, pa.bool_())
        return pa.StructArray.from_arrays(self._fields.take(), self._fields.names, mask=mask)


class Fields:
    """Columns that the keys of objects fill, whether of a struct or of a table.

    `once`: whether two keys of one column fail, as they do at the top of Hive's documents.
    """

    def __init__(
        self, names: list[str], columns: list[Column], options: JsonOptions, *, once: bool = False
    ) -> None:
        self.names, self.columns = names, columns
        self._options, self._once = options, once
        # By the keys that an object has, in order: what goes into each column.
        self._ways: dict[tuple[str, ...], list[_Step]] = {}

    def add(self, tree: dict[str, Tree] | list[Tree]) -> None:
        """An object by its keys; an array, as OpenX reads one, by position."""
        for add, key in self._way(tree):
            add(None if key is None else tree[key])

    def add_each(
        self, tree: dict[str, Tree] | list[Tree], fail: Callable[[str, BadValue], None]
    ) -> None:
        """As `add`, but what does not fit is NULL and handed to `fail`."""
        size = self.columns[0].size if self.columns else 0
        for (add, key), name, each in zip(self._way(tree), self.names, self.columns, strict=True):
            try:
                add(None if key is None else tree[key])
            except BadValue as error:
                fail(name, error)
                each.cut(size)
                each.add(None)

    def add_nulls(self) -> None:
        for each in self.columns:
            each.add(None)

    def cut(self, size: int) -> None:
        for each in self.columns:
            each.cut(size)

    def take(self) -> list[pa.Array]:
        return [each.take() for each in self.columns]

    def _way(self, tree: dict[str, Tree] | list[Tree]) -> "list[_Step]":
        if isinstance(tree, list):
            given = len(tree)
            return [(each.add, at if at < given else None) for at, each in enumerate(self.columns)]
        if type(tree) is Repeated:
            keys = [key for key, _ in tree.pairs]
            return self._openx_way(keys) if self._options.openx else self._hive_way(keys, tree)
        shape = tuple(tree)
        way = self._ways.get(shape)
        if way is None:
            openx = self._options.openx
            way = self._openx_way(shape) if openx else self._hive_way(shape, tree)
            # A way through equal keys holds values.
            if len(self._ways) < _MOST_SHAPES and len({*map(str.lower, shape)}) == len(shape):
                self._ways[shape] = way
        return way

    def _openx_way(self, keys: Sequence[str]) -> "list[_Step]":
        options = self._options
        by_key: dict[str, list[str]] = {}
        for key in keys:
            by_key.setdefault(options.folded(key), []).append(key)
        way: list[_Step] = []
        for name, each in zip(self.names, self.columns, strict=True):
            own = by_key.get(options.key_of(name), [])
            if not own and options.dots:
                own = [key for key in keys if options.dotted(name.lower(), key)]
                own = [key for key in own if options.folded(key) == options.folded(own[0])]
            doubtful = len(own) > 1 and not options.ignore_malformed
            add = partial(_fail, own[-1]) if doubtful else each.add
            way.append((add, own[-1] if own else None))
        return way

    def _hive_way(self, keys: Sequence[str], tree: dict[str, Tree]) -> "list[_Step]":
        names = [name.lower() for name in self.names]
        found: list[list[str]] = [[] for _ in names]
        for key in keys:
            name, place = key.lower(), _INTERNAL.fullmatch(key)
            if name in names:
                found[names.index(name)].append(key)
            elif place and int(place[1]) >= len(names):
                raise BadValue(f"there is no column {key}")
            elif place:
                found[int(place[1])].append(key)
        way: list[_Step] = []
        for each, own in zip(self.columns, found, strict=True):
            add = each.add
            if len(own) > 1:
                values = [value for key, value in pairs_of(tree) if key in own]
                add = partial(_fail, own[-1]) if self._once else partial(_add_last, each, values)
            way.append((add, own[-1] if own else None))
        return way


# What takes a value in, and the key that it stands at (None: it is NULL).
_Step = tuple[Callable[[Tree], None], str | int | None]
# Hive finds columns by such keys too.
_INTERNAL = re.compile(r"_col(\d+)", re.ASCII)


def _fail(key: str, _: Tree) -> None:
    raise DuplicateKey(key)


def _add_last(column: Column, values: list[Tree], _: Tree) -> None:
    """Hive reads the values of all equal keys, and fails at any that it cannot read."""
    size = column.size
    for value in values:
        column.cut(size)
        column.add(value)


def _last(ends: list[int | None]) -> int:
    return next((end for end in reversed(ends) if end is not None), 0)


def _offsets(ends: list[int | None]) -> pa.Array:
    """Arrow's offsets: where an entry begins, NULL for one that is NULL."""
    offsets: list[int | None] = []
    begin = 0
    for end in ends:
        offsets.append(None if end is None else begin)
        begin = begin if end is None else end
    return pa.array([*offsets, begin], pa.int32())


def _is_blank(text: str) -> bool:
    return not text.strip("".join(map(chr, range(0x21))))


def _kind(tree: Tree) -> str:
    match tree:
        case dict():
            return "an object"
        case list():
            return "an array"
    return f"the value {tree}"


def _whole_characters(text: str | None) -> str | None:
    """Halves of surrogate pairs that stand alone are question marks, as in Java's UTF-8."""
    if text is None:
        return None
    units = text.encode("utf-16-le", "surrogatepass")
    return "".join(
        "?" if "\ud800" <= character <= "\udfff" else character
        for character in units.decode("utf-16-le", "surrogatepass")
    )


def _scalar(tree: Tree, type_: Type) -> str:
    if isinstance(tree, dict | list):
        raise BadValue(f"{_kind(tree)} cannot be {type_}")
    return tree if isinstance(tree, str) else ("true" if tree else "false")


def _conversion(type_: Type, options: JsonOptions) -> Callable[[Tree], Any]:
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


def _key_conversion(type_: Type, options: JsonOptions) -> Callable[[Tree], Any]:
    if options.openx:
        return _conversion(type_, options)
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
        return lambda text: text if len(text) <= size else _whole_characters(text)[:size]
    return lambda text: _whole_characters(text)[:size].ljust(size)


def _openx_text(type_: Type, options: JsonOptions) -> Callable[[Tree], str]:
    if not type_.args:
        return lambda tree: tree if type(tree) is str else text_of(tree, options.distinct)
    cut = _cut_to(type_)
    return lambda tree: cut(text_of(tree, options.distinct))


def _base64(tree: Tree) -> bytes:
    if type(tree) is not str:
        raise BadValue(f"{_kind(tree)} cannot be binary")
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
            return lambda tree: (_whole_characters(_scalar(tree, type_)) or "").encode()
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
        raise BadValue(f"{_kind(tree)} cannot be {type_}")
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
