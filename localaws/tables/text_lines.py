"""Text files as relations of lines, in the engine; and line by line, in Python."""

import io
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from localaws.sql.errors import QueryError
from localaws.sql.quoting import text_literal

# The column that names the file a row comes from: no column of a table is called so.
FILE = "$file"

# By the object's name, as Hadoop does: ending -> the codec's name for pyarrow.
_CODECS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}
_FOREIGN = (".snappy", ".lz4", ".lzo", ".lzo_deflate", ".deflate")
# What no text holds: a line with the first would fail as two columns, not be read wrongly.
_NEVER, _NULL = "\x1c\x1d\x1e\x1f", "\x1f\x1e\x1d\x1c\x1f"


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


def open_text(path: Path, codec: str) -> io.BufferedIOBase:
    """The bytes of a text file."""
    stream = pa.input_stream(str(path), compression=None if codec == "none" else codec)
    return io.BufferedReader(stream, 1 << 20)


def read_lines(path: Path, codec: str, skip: int = 0) -> Iterator[str]:
    """Lines as Hadoop ends them: LF, CRLF or CR. Raises HIVE_BAD_DATA for what is no UTF-8."""
    with io.TextIOWrapper(open_text(path, codec), "utf-8", newline=None) as lines:
        try:
            for number, line in enumerate(lines):
                if number >= skip:
                    yield line.removesuffix("\n")
        except UnicodeDecodeError:
            raise QueryError("HIVE_BAD_DATA", "a text file is not valid UTF-8") from None


def lines_sql(paths: list[Path], codec: str, skip: int = 0) -> str:
    """A relation (line, "$file") of the lines of text files that are not blank.

    The codec is none, gzip or zstd: what the engine reads.
    """
    files = text_list([str(path) for path in paths])
    return (
        f"read_csv({files}, columns = {{'line': 'VARCHAR'}}, delim = '{_NEVER}', quote = '', "
        f"escape = '', header = false, auto_detect = false, nullstr = '{_NULL}', skip = {skip}, "
        # Not strict: one file may end its lines in LF and in CRLF.
        f"strict_mode = false, max_line_size = 67108864, compression = '{codec}', "
        f"filename = '{FILE}')"
    )


def all_lines_sql(paths: list[Path], codec: str, skip: int = 0) -> str:
    """As `lines_sql`, with the blank lines, which DuckDB passes over."""
    parts = [f"SELECT * FROM {lines_sql(paths, codec, skip)}"]
    for path in paths:
        if count := _blank_lines(path, codec, skip):
            parts.append(f"SELECT '', {text_literal(str(path))} FROM range({count})")
    return f"({' UNION ALL '.join(parts)})"


@lru_cache(maxsize=10_000)
def _blank_lines(path: Path, codec: str, skip: int) -> int:
    """Counted once per (immutable) file."""
    blank = 0
    with open_text(path, codec) as lines:
        for number, line in enumerate(lines):
            text = line.rstrip(b"\r\n")
            if b"\r" in text or line.endswith(b"\r\r\n"):
                message = "lines that end in CR alone are not supported locally"
                raise QueryError("NOT_SUPPORTED", message)
            if not text and number < skip:
                raise QueryError("NOT_SUPPORTED", "a blank header line is not supported locally")
            blank += not text
    return blank
