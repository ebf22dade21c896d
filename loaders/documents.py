"""The lines of a local file, whatever it is compressed with, in bounded memory."""

import gzip
import zlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import click
import zstandard

from loaders import json_array
from loaders.sources import COMPRESSED

CHUNK = 1 << 20
# Of compressed data at a time: a block of Zstandard can become 30,000 times as long.
ZSTD_CHUNK = 1 << 10


def chunks(path: Path, start: int = 0) -> Iterator[bytes]:
    """The file's lines in chunks of about 1 MiB, from byte `start` of them on.

    Bytes as they are, uncompressed; a JSON array becomes a line for each element.
    Raises click.ClickException when the file cannot be read or holds a broken array.
    """
    content = _content(path)
    first = next(content, b"")
    if json_array.is_array(first):
        content = _skip(_elements(path, chain([first], content)), start)
    elif path.suffix in COMPRESSED:
        content = _skip(chain([first], content), start)
    else:
        content.close()
        content = _content(path, start)
    yield from content


def is_seekable(path: Path) -> bool:
    """Whether lines in the middle of the file can be had without reading what is before them."""
    return path.suffix not in COMPRESSED and not json_array.is_array(next(_content(path), b""))


def _content(path: Path, start: int = 0) -> Iterator[bytes]:
    """The uncompressed bytes in chunks of 1 MiB; only the last one is shorter."""
    try:
        if path.suffix == ".zst":
            yield from _zstd(path)
            return
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            file.seek(start)
            while chunk := file.read(CHUNK):
                yield chunk
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise click.ClickException(f"{path} is not a whole gzip file: {error}") from None
    except zstandard.ZstdError as error:
        raise click.ClickException(f"{path} is not a whole Zstandard file: {error}") from None
    except OSError as error:
        raise click.ClickException(f"cannot read {path}: {error.strerror}") from None


def _zstd(path: Path) -> Iterator[bytes]:
    """Frame by frame: the library's own file reader takes a cut off frame for a whole one."""
    decompressor = zstandard.ZstdDecompressor()
    buffer = bytearray()
    frame = decompressor.decompressobj()
    is_open = True  # an empty file is no frame
    with path.open("rb") as file:
        while data := file.read(ZSTD_CHUNK):
            while data:
                if frame.eof:
                    frame = decompressor.decompressobj()
                buffer += frame.decompress(data)
                data = frame.unused_data if frame.eof else b""
                is_open = not frame.eof
            while len(buffer) >= CHUNK:
                yield bytes(buffer[:CHUNK])
                del buffer[:CHUNK]
    if is_open:
        raise zstandard.ZstdError("it ends too early")
    if buffer:
        yield bytes(buffer)


def _elements(path: Path, content: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from json_array.lines(content)
    except json_array.BrokenArray as error:
        raise click.ClickException(f"{path} {error}") from None


def _skip(content: Iterator[bytes], start: int) -> Iterator[bytes]:
    for chunk in content:
        if start < len(chunk):
            yield chunk[start:]
        start = max(0, start - len(chunk))
