"""Reading NDJSON as the OpenX and the Hive JSON SerDe do, one document a line.

The documents of a file are read once, into a Parquet copy with all columns of the table; what does
not fit is noted beside it, and fails the queries that read its column.
"""

import json
from collections.abc import Iterator
from functools import lru_cache, partial
from itertools import chain, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from localaws.sql.errors import QueryError
from localaws.sql.quoting import quoted
from localaws.sql.types import Type
from localaws.tables import decoded
from localaws.tables.hive import HiveTable
from localaws.tables.json.columns import Nulls, column
from localaws.tables.json.conversions import Unreadable
from localaws.tables.json.documents import Malformed, Tree, read_hive, read_openx
from localaws.tables.json.fields import Column, Fields
from localaws.tables.json.options import HIVE, OPENX, SERDES, JsonOptions
from localaws.tables.json.plain import NotPlain, Plain
from localaws.tables.json.scalars import BadValue, DuplicateKey
from localaws.tables.parquet_scans import parquet_sql
from localaws.tables.text_lines import FILE, line_blocks, text_list

__all__ = ["FILE", "HIVE", "OPENX", "SERDES", "table_sql", "text_list"]

_BATCH_ROWS = 100_000
# What is read at once, and how many lines are looked at by themselves where not all are usual.
_BLOCKS = 8
_PARTS = (4096, 256)
# In a copy's footer: column -> why it cannot be read, "" for whole lines.
_FAULTS = b"faults"

Faults = dict[str, tuple[str, str]]


def table_sql(
    columns: list[tuple[str, Type]], files: list[Path], codec: str, table: HiveTable, scratch: Path
) -> str:
    """A relation of `columns` and "$file" over a JSON table's files, compressed in one way.

    Raises HIVE_CURSOR_ERROR for a line that is no document, HIVE_BAD_DATA for a value that one of
    `columns` cannot hold, NOT_SUPPORTED for a type.
    """
    options = JsonOptions.of(table)
    all_columns = list({**dict(table.data_columns), **dict(columns)}.items())
    schema = decoded.arrow_schema(all_columns)
    way = f"json {codec} {options} {[str(type_) for _, type_ in all_columns]}"
    decode = partial(_decode, all_columns, options, codec, schema)
    copies = decoded.copies(files, way, schema, decode, scratch)
    for copy in copies:
        found = _faults(copy)
        for name in ("", *(name for name, _ in columns)):
            if name in found:
                raise QueryError(*found[name])
    names = ", ".join(quoted(name) for name in [*(name for name, _ in columns), FILE])
    return f"(SELECT {names} FROM {parquet_sql(copies)})"


@lru_cache(maxsize=10_000)
def _faults(copy: Path) -> Faults:
    noted = (pq.read_metadata(copy).metadata or {}).get(_FAULTS)
    return json.loads(noted) if noted else {}


def _decode(
    columns: list[tuple[str, Type]],
    options: JsonOptions,
    codec: str,
    schema: pa.Schema,
    path: Path,
) -> Iterator[pa.RecordBatch]:
    table = Rows(columns, options, schema)
    blocks = line_blocks(path, codec)
    while lines := list(chain.from_iterable(islice(blocks, _BLOCKS))):
        yield from table.add(lines)
    yield from table.rest()


class Rows:
    """The rows of a table, from blocks of lines. `faults` has the first fault of each column."""

    def __init__(
        self, columns: list[tuple[str, Type]], options: JsonOptions, schema: pa.Schema
    ) -> None:
        self._options, self._schema = options, schema
        self.faults: Faults = {}
        self._size = 0
        self.plain = Plain(columns, options)
        self._ready: list[pa.RecordBatch] = []
        self._read = read_openx if options.openx else read_hive
        self._fields = Fields(
            [name for name, _ in columns],
            [self._column(name, type_) for name, type_ in columns],
            options,
            once=not options.openx,
        )

    def _column(self, name: str, type_: Type) -> Column:
        try:
            return column(type_, self._options)
        except Unreadable as error:
            message = f"column {name}: {error} is not supported locally"
            self.faults[name] = ("NOT_SUPPORTED", message)
            return Nulls(type_)

    def add(self, lines: list[str]) -> Iterator[pa.RecordBatch]:
        """The order of rows is not that of the lines: a table has none."""
        self._add(lines, _PARTS)
        if self._size >= _BATCH_ROWS:
            self._take()
        if sum(batch.num_rows for batch in self._ready) >= _BATCH_ROWS:
            yield self._together()

    def rest(self) -> Iterator[pa.RecordBatch]:
        """What is left, and in the schema of the last batch what was at fault."""
        self._take()
        noted = {_FAULTS: json.dumps(self.faults)}
        yield self._together().replace_schema_metadata(noted)

    def _add(self, lines: list[str], parts: tuple[int, ...]) -> None:
        try:
            self._ready.append(self._batch(self.plain.read(lines), len(lines)))
            return
        except NotPlain:
            pass
        parts = tuple(size for size in parts if size < len(lines))
        if parts and self.plain.learns:
            for begin in range(0, len(lines), parts[0]):
                self._add(lines[begin : begin + parts[0]], parts[1:])
        else:
            for line in lines:
                self._add_line(line)

    def _add_line(self, line: str) -> None:
        tree: Tree = None
        try:
            tree = self._read(line)
        except Malformed as error:
            if not self._options.ignore_malformed:
                self._no_document("", str(error))
        if self.plain.learns:
            self.plain.learn(tree)
        try:
            if tree is None:
                self._fields.add_nulls()
            else:
                self._fields.add(tree)
        except BadValue:
            self._fields.cut(self._size)
            self._add_what_fits(tree)
        self._size += 1

    def _add_what_fits(self, tree: Tree) -> None:
        try:
            self._fields.add_each(tree, self._bad)
        except BadValue as error:  # of no column in particular
            self._fields.add_nulls()
            self._bad("", error)

    def _no_document(self, name: str, why: str) -> None:
        message = f"Row is not a valid JSON Object - JSONException: {why}"
        self.faults.setdefault(name, ("HIVE_CURSOR_ERROR", message))

    def _bad(self, name: str, error: BadValue) -> None:
        if isinstance(error, DuplicateKey):
            self._no_document(name, f'Duplicate key "{error}"')
        else:
            message = f"Error Parsing a column in the table: column {name}: {error}"
            self.faults.setdefault(name, ("HIVE_BAD_DATA", message))

    def _take(self) -> None:
        self._ready.append(self._batch(self._fields.take(), self._size))
        self._size = 0

    def _batch(self, arrays: list[pa.Array], size: int) -> pa.RecordBatch:
        if not arrays:
            return pa.RecordBatch.from_struct_array(pa.nulls(size, pa.struct([])))
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)

    def _together(self) -> pa.RecordBatch:
        ready, self._ready = self._ready, []
        return pa.concat_batches(ready)
