"""Trees gathered into Arrow arrays, a column at a time: one class a kind of type.

`add` takes a tree (documents.py) and raises BadValue for one that the type cannot hold; what it had
taken in by then is dropped by `cut`. Source of the rules: Trino's OpenXJsonDeserializer and
JsonDeserializer, class by class.
"""

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from localaws.sql.types import Type
from localaws.tables.decoded import arrow_type
from localaws.tables.json.conversions import conversion, key_conversion, kind_of, whole_characters
from localaws.tables.json.documents import Tree, pairs_of
from localaws.tables.json.fields import Column, Fields
from localaws.tables.json.options import JsonOptions
from localaws.tables.json.scalars import BadValue, Unparsed


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
                _Scalars(key, key_conversion(key, options), options),
                column(value, options),
                options,
            )
        case "row":
            names = [name for name, _ in type_.args]
            return _Row(names, [column(each, options) for _, each in type_.args], options)
    return _Scalars(type_, conversion(type_, options), options)


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
                    return pa.array([whole_characters(value) for value in values], arrow)
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
            raise BadValue(f"{kind_of(tree)} cannot be a map")
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
            raise BadValue(f"{kind_of(tree)} cannot be a struct")
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
