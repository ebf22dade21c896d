"""Lines out of raw objects: any bytes, any chunking, any damage."""

import gzip
import io
import tracemalloc
from collections.abc import Iterator
from itertools import chain

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from glue.raw_lines import Compression, Lines, RejectedLine, read_batches

COMPRESSIONS = [None, "gzip", "zstd"]
TEXT = b"".join(b'{"line": %d, "text": "%x"}\n' % (n, n * 7919**9) for n in range(20_000))


def compress(data: bytes, compression: Compression) -> bytes:
    if compression == "gzip":
        return gzip.compress(data, mtime=0)
    if compression == "zstd":
        return zstandard.ZstdCompressor(write_checksum=True).compress(data)
    return data


class Trickle(io.RawIOBase):
    """A stream that gives as few bytes at a time as the network may."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self.data, self.sizes = data, iter(sizes)

    def read(self, size: int = -1) -> bytes:
        size = min(size, next(self.sizes, size))
        found, self.data = self.data[:size], self.data[size:]
        return found


def read(data: bytes, compression: Compression = None, **limits: int) -> list[Lines]:
    return list(read_batches(io.BytesIO(data), compression, **limits))


def joined(batches: list[Lines]) -> Lines:
    return Lines(*(list(chain(*(batch[part] for batch in batches))) for part in range(3)))


def expected(data: bytes, longest: int) -> Lines:
    """The rule again, in the simplest words: split, and a last empty piece is no line."""
    pieces = data.split(b"\n")
    if not pieces[-1]:
        pieces.pop()
    numbered = list(enumerate(pieces, start=1))
    fits = [(number, piece) for number, piece in numbered if len(piece) <= longest]
    return Lines(
        [piece for _, piece in fits],
        [number for number, _ in fits],
        [
            RejectedLine(number, "oversized_line", piece[:65536].decode(errors="replace"))
            for number, piece in numbered
            if len(piece) > longest
        ],
    )


@given(
    parts=st.lists(
        st.lists(st.sampled_from([b"\n", b"\r", b"a", b"{}", b"\xff", b"bcdefghi" * 3]))
    ),
    compression=st.sampled_from(COMPRESSIONS),
    sizes=st.lists(st.integers(1, 9), max_size=40),
    longest=st.integers(0, 40),
    lines_per_batch=st.integers(1, 5),
    bytes_per_batch=st.integers(1, 60),
)
def test_lines_are_what_split_gives(
    parts: list[list[bytes]],
    compression: Compression,
    sizes: list[int],
    longest: int,
    lines_per_batch: int,
    bytes_per_batch: int,
) -> None:
    """`parts` become the members of a gzip and the frames of a zstd object."""
    plain = [b"".join(part) for part in parts]
    stored = b"".join(compress(part, compression) for part in plain)
    batches = list(
        read_batches(Trickle(stored, sizes), compression, lines_per_batch, bytes_per_batch, longest)
    )
    assert joined(batches) == expected(b"".join(plain), longest)
    for batch in batches:
        assert len(batch.lines) + len(batch.rejected) > 0
        assert len(batch.lines) <= lines_per_batch
        assert sum(map(len, batch.lines[:-1])) < bytes_per_batch


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_lines_across_chunks(compression: Compression) -> None:
    data = TEXT + b"x" * 3_000_000 + b"\n" + b"y" * 100_000 + b"\n\r\n\nlast"
    stored = compress(data, compression)
    assert joined(read(stored, compression)) == expected(data, 1 << 24)
    assert joined(read(stored, compression, longest=200_000)) == expected(data, 200_000)
    assert all(
        len(batch.lines) == 8192 for batch in read(compress(TEXT, compression), compression)[:-1]
    )


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_cut_off_object(compression: Compression) -> None:
    stored = compress(TEXT, compression)
    whole = TEXT.split(b"\n")
    found = []
    for length in (1, 10, len(stored) // 2, len(stored) - 1):
        batches = read(stored[:length], compression)
        lines, numbers, [rejected] = joined(batches)
        assert lines == whole[: len(lines)]
        assert numbers == list(range(1, len(lines) + 1))
        assert rejected.number == len(lines) + 1
        assert rejected.reason == "unreadable_object"
        assert rejected.text.startswith(f"{compression}: ")
        found.append(len(lines))
    assert found[:2] == [0, 0]
    assert found[2] > 0.3 * len(whole)
    assert found[3] > 0.99 * len(whole)


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
@pytest.mark.parametrize("sizes", [[], [1] * 20_000, [4097] * 300])
def test_damage_in_the_middle_shows_alike_however_the_bytes_arrive(
    compression: Compression, sizes: list[int]
) -> None:
    stored = bytearray(compress(TEXT, compression))
    stored[len(stored) * 3 // 4] ^= 0x55
    lines, _, [rejected] = joined(list(read_batches(Trickle(bytes(stored), sizes), compression)))
    assert rejected.reason == "unreadable_object"
    assert joined(read(bytes(stored), compression)) == (
        lines,
        list(range(1, len(lines) + 1)),
        [rejected],
    )


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_something_else_than_compressed_data(compression: Compression) -> None:
    for garbage in (b"hello", TEXT):
        [batch] = read(garbage, compression)
        assert (batch.lines, [row[:2] for row in batch.rejected]) == (
            [],
            [(1, "unreadable_object")],
        )
        lines, _, [rejected] = joined(read(compress(TEXT, compression) + garbage, compression))
        assert rejected.number == len(lines) + 1
        # Arrow gives zstd in steps, and does not say what it had when the damage came.
        assert len(lines) == 20_000 if compression == "gzip" else len(lines) > 19_800
    assert read(b"", compression) == []


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_an_error_of_the_stream_is_not_the_objects_fault(compression: Compression) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if not (found := super().read(min(size, 1000))):
                raise ConnectionResetError("the network went away")
            return found

    with pytest.raises(ConnectionResetError, match="the network went away"):
        list(read_batches(Broken(compress(TEXT, compression)[:50_000]), compression))


def test_an_unknown_compression_is_refused() -> None:
    with pytest.raises(ValueError, match="must be gzip, zstd or None, not 'bz2'"):
        read(b"", "bz2")  # type: ignore[arg-type]


class Endless(io.RawIOBase):
    """`total` bytes of one line, made while they are read, then its end and one more line."""

    def __init__(self, total: int) -> None:
        self.parts = self._parts(total)

    def _parts(self, total: int) -> Iterator[bytes]:
        block = b"x" * 65536
        for _ in range(total // len(block)):
            yield block
        yield b"\nlast"

    def read(self, size: int = -1) -> bytes:
        return next(self.parts, b"")


def test_a_line_of_a_gigabyte_needs_little_memory() -> None:
    tracemalloc.start()
    try:
        [batch] = read_batches(Endless(1 << 30), None)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert batch == ([b"last"], [2], [(1, "oversized_line", "x" * 65536)])
    assert peak < 64 << 20
