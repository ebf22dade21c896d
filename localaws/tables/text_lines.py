"""Text files as relations of lines, in the engine; and line by line, in Python.

A line ends in LF, CRLF or CR; a BOM before the first is no part of it; bytes that are no UTF-8 are
U+FFFD. Source: Trino's TextLineReader and OpenXJsonDeserializer, which read as Hadoop and Java do.
"""

import codecs
import io
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path

import pyarrow as pa

from localaws.sql.errors import QueryError
from localaws.sql.quoting import text_literal

# The column that names the file a row comes from: no column of a table is called so.
FILE = "$file"

# By the object's name, as Hadoop does: ending -> the codec's name for pyarrow.
_CODECS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}
_FOREIGN = (".snappy", ".lz4", ".lzo", ".lzo_deflate", ".deflate")
# What no line of a plain file holds.
_NEVER, _NULL = "\x1c\x1d\x1e\x1f", "\x1f\x1e\x1d\x1c\x1f"

# Source: the Athena user guide, "Considerations and limitations for SQL queries".
MAX_LINE = 200 << 20

_BLOCK = 1 << 20
# The engine keeps several buffers of its longest line.
_LONG = 8 << 20


def text_list(values: list[str]) -> str:
    return "[" + ", ".join(text_literal(value) for value in values) + "]"


def compression(key: str) -> str:
    """pyarrow's name of an object's codec, `none` where it has none.

    Raises NOT_SUPPORTED for Hadoop's own block formats.
    """
    for ending, codec in _CODECS.items():
        if key.endswith(ending):
            return codec
    if key.endswith(_FOREIGN):
        raise QueryError("NOT_SUPPORTED", f"text in {key} is compressed in an unsupported way")
    return "none"


def _blocks(path: Path, codec: str) -> Iterator[bytes]:
    """A text file's bytes. Raises HIVE_CURSOR_ERROR for what cannot be decompressed."""
    try:
        stream = pa.input_stream(str(path), compression=None if codec == "none" else codec)
        with io.BufferedReader(stream, _BLOCK) as blocks:
            while block := blocks.read(_BLOCK):
                yield block
    except OSError as error:
        raise QueryError("HIVE_CURSOR_ERROR", f"Failed to read a text file: {error}") from None


def line_blocks(path: Path, codec: str) -> Iterator[list[str]]:
    """All lines, some at a time. Raises HIVE_CURSOR_ERROR for one longer than Athena reads."""
    decoder = io.IncrementalNewlineDecoder(
        codecs.getincrementaldecoder("utf-8-sig")("replace"), translate=True
    )
    begun: list[str] = []
    length = 0
    for block in chain(_blocks(path, codec), [b""]):
        first, *lines = decoder.decode(block, final=not block).split("\n")
        begun.append(first)
        length += len(first)
        if length > MAX_LINE:
            message = "TextLineLengthLimitExceededException: Too many bytes before newline"
            raise QueryError("HIVE_CURSOR_ERROR", f"{message}: {MAX_LINE}")
        if lines:
            last = lines.pop()
            yield ["".join(begun), *lines]
            begun, length = [last], len(last)
    if length:
        yield ["".join(begun)]


def read_lines(path: Path, codec: str, skip: int = 0) -> Iterator[str]:
    """The lines after the first `skip`. Raises as `line_blocks` does."""
    return islice(chain.from_iterable(line_blocks(path, codec)), skip, None)


@lru_cache(maxsize=10_000)
def is_plain(path: Path, codec: str) -> bool:
    """Whether the engine's own reader finds the same lines in a file: found once per (immutable)
    file, up to the first thing that it would stumble over."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    before, unended = b"\n", 0
    for block in _blocks(path, codec):
        joined = before + block
        # The engine passes over blank lines, and takes a NUL for a quote.
        odd = b"\r" in block or b"\0" in block or b"\x1c" in block or b"\n\n" in joined
        end = block.rfind(b"\n")
        unended = len(block) - end - 1 if end >= 0 else unended + len(block)
        if odd or unended > _LONG or joined.startswith(b"\n" + codecs.BOM_UTF8):
            return False
        try:
            decoder.decode(block)
        except UnicodeDecodeError:
            return False
        before = block[-1:]
    return not decoder.getstate()[0]


def plain_lines_sql(paths: list[Path], codec: str, skip: int = 0) -> str:
    """A relation (line, "$file") of the lines of plain text files.

    The codec is none, gzip or zstd: what the engine reads.
    """
    files = text_list([str(path) for path in paths])
    return (
        f"read_csv({files}, columns = {{'line': 'VARCHAR'}}, delim = '{_NEVER}', quote = '', "
        f"escape = '', header = false, auto_detect = false, nullstr = '{_NULL}', skip = {skip}, "
        f"strict_mode = false, max_line_size = {2 * _LONG}, compression = '{codec}', "
        f"filename = '{FILE}')"
    )
