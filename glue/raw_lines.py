"""The numbered lines of one raw object, in batches, whatever its size and state.

Memory is bounded by the limits given to read_batches, not by the object or its longest line.
"""

import gzip
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, Literal, NamedTuple

import pyarrow as pa

from glue.event_document import OVERSIZED_LINE, UNREADABLE_OBJECT

Compression = Literal["gzip", "zstd"] | None

_CHUNK = 1 << 20
_HEAD = 64 << 10  # what is kept of an oversized line


class RejectedLine(NamedTuple):
    """What is no line to parse: its number, reason code, and text for the quarantine."""

    number: int
    reason: str
    text: str


class Lines(NamedTuple):
    """Lines without their line end, their numbers from 1, and what was rejected among them."""

    lines: list[bytes]
    numbers: list[int]
    rejected: list[RejectedLine]


def read_batches(
    stream: BinaryIO,
    compression: Compression,
    lines_per_batch: int = 8192,
    bytes_per_batch: int = 8 << 20,
    longest: int = 16 << 20,
) -> Iterator[Lines]:
    """All lines of `stream` in order; a batch ends when either limit is reached.

    Only \\n ends a line, so a \\r before it stays; the last line needs no end. Blank lines are
    there too. Of a line of more than `longest` bytes the first 64 KiB come, as `oversized_line`.
    Of a damaged or cut off compressed object the whole lines that can be read before the damage
    come, then one `unreadable_object` with the error. Errors of `stream` itself are raised as they
    are: they say nothing about the object.
    """
    batch, size, number = Lines([], [], []), 0, 0
    source = _Source(stream)
    try:
        for line in _split(_chunks(source, compression), longest):
            number += 1
            if type(line) is bytes:
                batch.lines.append(line)
                batch.numbers.append(number)
                size += len(line)
            else:
                head = line.head.decode(errors="replace")
                batch.rejected.append(RejectedLine(number, OVERSIZED_LINE, head))
                size += len(head)
            if len(batch.lines) >= lines_per_batch or size >= bytes_per_batch:
                yield batch
                batch, size = Lines([], [], []), 0
    except _Damaged as damage:
        batch.rejected.append(RejectedLine(number + 1, UNREADABLE_OBJECT, str(damage)))
    if batch.lines or batch.rejected:
        yield batch


class _Damaged(Exception):
    """The compressed data is not what its format promises."""


class _Oversized(NamedTuple):
    head: bytes


class _Source:
    """`stream` with full reads, so that its chunking decides nothing, and its error remembered."""

    closed = False  # what Arrow asks of a file

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.failed = False

    def read(self, size: int) -> bytes:
        found = b""
        try:
            while len(found) < size and (more := self.stream.read(size - len(found))):
                found = found + more if found else more
        except BaseException:
            self.failed = True
            raise
        return found

    def close(self) -> None:
        """The stream is its owner's to close."""


def _chunks(source: _Source, compression: Compression) -> Iterator[bytes]:
    """The plain bytes; what could be read before _Damaged is raised comes out first."""
    plain: Any = source
    read = source.read
    step = _CHUNK
    if compression == "gzip":
        plain = gzip.GzipFile(fileobj=source)
        read = plain.read1  # read() would lose what it had when the damage came
    elif compression == "zstd":
        plain = pa.CompressedInputStream(pa.PythonFile(source, "r"), "zstd")
        read, step = plain.read, 4096  # which here costs the last step
    elif compression is not None:
        raise ValueError(f"compression must be gzip, zstd or None, not {compression!r}")
    damage = None
    while damage is None:
        parts, size = [], 0
        try:
            while size < _CHUNK and (part := read(step)):
                parts.append(part)
                size += len(part)
        except (OSError, EOFError, zlib.error) as error:
            if source.failed or compression is None:
                raise
            damage = _Damaged(f"{compression}: {error}")
        if parts:
            yield b"".join(parts)
        elif damage is None:
            return
    raise damage


def _split(chunks: Iterator[bytes], longest: int) -> Iterator[bytes | _Oversized]:
    begun = b""  # of a line whose end has not come yet
    oversized = False  # `begun` is only the head of it
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        if not oversized:
            begun += first
        for following in others:
            if oversized or len(begun) > longest:
                yield _Oversized(begun[:_HEAD])
            else:
                yield begun
            begun, oversized = following, False
        if len(begun) > longest:
            begun, oversized = begun[:_HEAD], True
    if oversized:
        yield _Oversized(begun)
    elif begun:
        yield begun
