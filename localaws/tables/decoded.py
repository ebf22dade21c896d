"""Files that the engine does not read as Athena would, as Parquet copies that it does.

A copy is made once per (immutable) file and way to read it; it goes when its file has gone.
"""

import hashlib
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from localaws.sql.quoting import quoted
from localaws.sql.types import Type
from localaws.tables.parquet_scans import parquet_sql
from localaws.tables.text_lines import FILE, is_plain, line_blocks, plain_lines_sql

# The rows of a file; the schema is the same for every file of a table.
Decode = Callable[[Path], Iterable[pa.RecordBatch]]

_LINE = pa.schema([("line", pa.string())])
_copies: dict[Path, Path] = {}
_guard = threading.Lock()
# By the first two digits of a copy's name.
_making = [threading.Lock() for _ in range(256)]


def scan_sql(files: list[Path], way: str, schema: pa.Schema, decode: Decode, scratch: Path) -> str:
    """A relation of `schema`'s columns and "$file". `way` tells how `decode` reads, in full."""
    return parquet_sql(copies(files, way, schema, decode, scratch))


def copies(
    files: list[Path], way: str, schema: pa.Schema, decode: Decode, scratch: Path
) -> list[Path]:
    """Parquet copies of `schema`'s columns and "$file". What the schema of a batch says beside its
    columns stands in the copy's footer."""
    folder = scratch / "decoded"
    folder.mkdir(exist_ok=True)
    _sweep()
    return [_copy(file, way, schema, decode, folder) for file in files]


def lines_sql(files: list[Path], codec: str, skip: int, scratch: Path) -> str:
    """A relation (line, "$file") of the lines of text files, the first `skip` of each left out."""
    plain = [file for file in files if codec != "bz2" and is_plain(file, codec)]
    others = [file for file in files if file not in set(plain)]
    parts = []
    if plain:
        parts.append(plain_lines_sql(plain, codec, skip))
    if others:
        decode = partial(_lines, codec, skip)
        parts.append(scan_sql(others, f"lines {codec} {skip}", _LINE, decode, scratch))
    return f"({' UNION ALL '.join(f'SELECT line, {quoted(FILE)} FROM {part}' for part in parts)})"


def _lines(codec: str, skip: int, file: Path) -> Iterator[pa.RecordBatch]:
    for lines in line_blocks(file, codec):
        kept = lines[skip:]
        skip -= len(lines) - len(kept)
        yield pa.RecordBatch.from_arrays([pa.array(kept, pa.string())], schema=_LINE)


def _copy(file: Path, way: str, schema: pa.Schema, decode: Decode, folder: Path) -> Path:
    name = hashlib.sha256(f"{file}\0{way}\0{schema}".encode()).hexdigest()
    copy = folder / f"{name}.parquet"
    # Queries that come at once wait for the first of them.
    with _making[int(name[:2], 16)]:
        if not copy.exists():
            _make(copy, file, schema, decode)
    with _guard:
        _copies[copy] = file
    return copy


def _make(copy: Path, file: Path, schema: pa.Schema, decode: Decode) -> None:
    stored = schema.append(pa.field(FILE, pa.string()))
    partial = copy.with_name(f"{uuid.uuid4()}.partial")
    try:
        with pq.ParquetWriter(partial, stored, compression="snappy") as writer:
            for batch in decode(file):
                path = pa.repeat(pa.scalar(str(file)), batch.num_rows)
                columns = [*batch.columns, path]
                writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=stored))
                if batch.schema.metadata:
                    writer.add_key_value_metadata(batch.schema.metadata)
        partial.rename(copy)
    finally:
        partial.unlink(missing_ok=True)


def _sweep() -> None:
    """Remove copies whose file is gone: nobody who still reads a file lets it go."""
    with _guard:
        gone = [copy for copy, file in _copies.items() if not file.exists()]
        for copy in gone:
            copy.unlink(missing_ok=True)
            del _copies[copy]


def arrow_type(type_: Type) -> pa.DataType:
    """The type whose Parquet column the engine reads as `type_.duckdb()`."""
    match type_.base:
        case "decimal":
            return pa.decimal128(*type_.args)
        case "timestamp":
            return pa.timestamp("us")
        case "array":
            return pa.list_(arrow_type(type_.element))
        case "map":
            return pa.map_(arrow_type(type_.args[0]), arrow_type(type_.args[1]))
        case "row":
            return pa.struct([(name, arrow_type(each)) for name, each in type_.args])
    return _ARROW[type_.base]


def arrow_schema(columns: list[tuple[str, Type]]) -> pa.Schema:
    return pa.schema([(name, arrow_type(type_)) for name, type_ in columns])


_ARROW = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double": pa.float64(),
    "varchar": pa.string(),
    "char": pa.string(),
    "varbinary": pa.binary(),
    "date": pa.date32(),
}
