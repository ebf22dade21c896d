"""The columns of a table or a struct, which the keys of objects fill."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import pyarrow as pa

from localaws.tables.json.documents import Repeated, Tree, pairs_of
from localaws.tables.json.options import JsonOptions
from localaws.tables.json.scalars import BadValue, DuplicateKey

# Of how many shapes of objects the way to read them is kept.
_MOST_SHAPES = 10_000


class Column(Protocol):
    size: int

    def add(self, tree: Tree) -> None: ...

    def cut(self, size: int) -> None:
        """Only the first `size` values stay."""

    def take(self) -> pa.Array:
        """All values; the column is empty then."""


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
