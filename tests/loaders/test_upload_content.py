"""What is read of a file: lines as they are, arrays split, large files cut, damage named."""

import gzip
import hashlib
import json
import random
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import click
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loaders import documents, json_array
from loaders.parts import Part, parts_of
from loaders.sources import Source

PATIENT = settings(deadline=None, suppress_health_check=list(HealthCheck))
LINE = b'{"a": 1}\n'
COMPRESS = {
    ".json": bytes,
    ".json.gz": gzip.compress,
    ".json.zst": zstandard.ZstdCompressor().compress,
}


def file(folder: Path, content: bytes, ending: str = ".json") -> Path:
    path = folder / f"file{ending}"
    path.write_bytes(COMPRESS[ending](content))
    return path


def content(path: Path, start: int = 0) -> bytes:
    return b"".join(documents.chunks(path, start))


def parts(path: Path, part_bytes: int = 1 << 30) -> list[Part]:
    return parts_of(Source(path, "logs", date(2025, 3, 4), "file", True), part_bytes)


def as_lines(array: bytes, chunk: int) -> list[bytes]:
    chunks = (array[at : at + chunk] for at in range(0, len(array), chunk))
    return b"".join(json_array.lines(chunks)).splitlines(keepends=True)


@pytest.mark.parametrize("ending", COMPRESS)
def test_lines_as_they_are(tmp_path: Path, ending: str) -> None:
    odd = b'\xef\xbb\xbf{"bom": 1}\r\n\n{"nul": "\0"}\n{"latin": "\xe9"}\n \t\r\n[{"an": "array"}]\n{"cut'
    path = file(tmp_path, odd, ending)
    assert content(path) == odd
    (part,) = parts(path)
    assert (part.size, part.lines, part.name) == (len(odd), 5, "file")
    assert part.sha256 == hashlib.sha256(odd).hexdigest()


@pytest.mark.parametrize("ending", COMPRESS)
@pytest.mark.parametrize(
    "first",
    [
        b"\xff\xfe not ours\n",
        b'{"nul": "\0"}\n',
        b'{"cut',
        b"\xef\xbb\xbf\n",
        b"[ERROR] \0\n",
        b"\n",
    ],
)
def test_a_bad_first_line_is_no_reason_to_refuse_a_file(
    tmp_path: Path, ending: str, first: bytes
) -> None:
    whole = first + (b"" if first.endswith(b"\n") else b"\n") + LINE
    (part,) = parts(file(tmp_path, whole, ending))
    assert part.size == len(whole)


def test_several_frames_and_members(tmp_path: Path) -> None:
    path = tmp_path / "a.json.zst"
    frames = [b"x" * 3_000_000 + b"\n", LINE, b"", LINE * 99]
    path.write_bytes(b"".join(map(COMPRESS[".json.zst"], frames)))
    assert content(path) == b"".join(frames)
    path = tmp_path / "a.json.gz"
    path.write_bytes(b"".join(map(gzip.compress, frames)))
    assert content(path) == b"".join(frames)
    assert content(path, start=3_000_000) == b"\n" + b"".join(frames[1:])


def test_more_content_than_a_chunk_from_any_place(tmp_path: Path) -> None:
    draw = random.Random(1)
    lines = b"".join(b'{"n": %d}\n' % draw.randrange(10**9) for _ in range(200_000))
    for ending in COMPRESS:
        path = file(tmp_path, lines, ending)
        for start in (0, 1, 1 << 20, (1 << 20) + 1, len(lines) - 1, len(lines)):
            assert content(path, start) == lines[start:]


@pytest.mark.parametrize(
    ("name", "raw", "problem"),
    [
        ("a.json", b"", "is empty"),
        ("a.json", b" \n\n", "is blank"),
        ("a.json", b"[]", "is empty"),
        ("a.json.gz", LINE, "not a whole gzip file"),
        ("a.json.gz", gzip.compress(LINE * 99999, mtime=0)[:-20], "not a whole gzip file"),
        ("a.json.gz", gzip.compress(LINE, mtime=0) + b"garbage", "not a whole gzip file"),
        ("a.json.gz", gzip.compress(b"", mtime=0), "is empty"),
        ("a.json.gz", b"", "is empty"),
        ("a.json.zst", LINE, "not a whole Zstandard file"),
        ("a.json.zst", zstandard.compress(random.Random(1).randbytes(9999))[:-20], "not a whole Zst"),
        ("a.json.zst", zstandard.compress(LINE) + b"garbage", "not a whole Zstandard file"),
        ("a.json.zst", zstandard.compress(b""), "is empty"),
        ("a.json.zst", b"", "not a whole Zstandard file"),
        ("a.json", b"PAR1\x00\x00\x01", "is not UTF-8 text"),
        ("a.json", gzip.compress(random.Random(1).randbytes(3_000_000), mtime=0), "is not UTF-8 text"),
        ("a.json", '{"a": "é"}\n'.encode("utf-16"), "is not UTF-8 text"),
        ("a.json", '{"a": "é"}\n'.encode("utf-16-le"), "is not UTF-8 text"),
        ("a.json", b"\xff\xfe\xfd", "is not UTF-8 text"),
        ("a.json", b'{\n  "a": 1\n}\n', "is one JSON value over all its lines"),
        ("a.json", b'[{"a": 1},\n {"a": 2}', "broken JSON array: no ] at the end at byte 20"),
        ("a.json", b'[{"a": 1}\n {"a": 2}]', "'{' where a comma or ] belongs at byte 11"),
        ("a.json", b'[{"a": 1},]', "expecting value at byte 10"),
        ("a.json", b'[{"a": 1}, {"b" 2}]', "expecting ':' delimiter at byte 16"),
        ("a.json", b'[{"a": 1}] {"b": 2}', "'{' after the array at byte 11"),
        ("a.json", b'[\n{"a": "new\nline"}]', "invalid control character at byte 12"),
        ("a.json", b'[{"a": ' + b"[" * 100_000, "nested too deep at byte 1"),
        ("a.json", b'[{"a": 1}, {"b": "' + b"x" * 3_000_000, "unterminated string starting at byte 17"),
    ],
)  # fmt: skip
def test_what_is_no_text_of_lines_is_named(
    tmp_path: Path, name: str, raw: bytes, problem: str
) -> None:
    path = tmp_path / name
    path.write_bytes(raw)
    with pytest.raises(click.ClickException) as refusal:
        parts(path)
    assert refusal.value.message.startswith(str(path)), refusal.value.message
    assert problem in refusal.value.message
    assert "\n" not in refusal.value.message


def test_an_array_keeps_the_spelling_of_its_documents(tmp_path: Path) -> None:
    array = b"""\xef\xbb\xbf [ {"n": 1.50, "e": 1E5, "e": 2, "s": "\xff \\u00e9"},
        {
            "two  blanks": "a  b",\r
            "list": [ 1,
                2 ]
        } , 7, "text", [], null ]\n"""
    for ending in COMPRESS:
        assert content(file(tmp_path, array, ending)).splitlines() == [
            b'{"n": 1.50, "e": 1E5, "e": 2, "s": "\xff \\u00e9"}',
            b'{"two  blanks": "a  b","list": [ 1,2 ]}',
            b"7",
            b'"text"',
            b"[]",
            b"null",
        ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab\"\\é\n[]{},", max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text("k\"\n}", max_size=2), below, max_size=3),
    max_leaves=8,
)  # fmt: skip


@PATIENT
@given(
    st.lists(JSON, max_size=6),
    st.sampled_from([None, 0, 2]),
    st.booleans(),
    st.integers(1, 40),
)
def test_any_array_becomes_its_documents(
    values: list, indent: int | None, ascii_only: bool, chunk: int
) -> None:
    """However it is written, and however it is cut while it is read."""
    values = [{"first": 1}, *values]
    array = json.dumps(values, indent=indent, ensure_ascii=ascii_only).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_array, "CHUNK", max(chunk, 12))
        lines = as_lines(array, max(chunk, 12))
    assert [json.loads(line) for line in lines] == values
    if indent is None:
        assert lines == [json.dumps(v, ensure_ascii=ascii_only).encode() + b"\n" for v in values]


LINES = st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), max_size=30)


@PATIENT
@given(LINES, st.booleans(), st.integers(1, 60), st.sampled_from(list(COMPRESS)))
def test_cut_files_are_the_same_lines(
    tmp_path: Path, lines: list[bytes], ends: bool, part_bytes: int, ending: str
) -> None:
    whole = LINE + b"\n".join(lines) + (b"\n" if ends else b"")
    path = file(tmp_path, whole, ending)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "CHUNK", 16)
        found = parts(path, part_bytes)
        pieces = [content(path, part.start)[: part.size] for part in found]
    assert b"".join(pieces) == whole
    assert [part.sha256 for part in found] == [hashlib.sha256(p).hexdigest() for p in pieces]
    assert all(piece.endswith(b"\n") for piece in pieces[:-1])
    assert [part.lines for part in found] == [
        sum(bool(line.strip(b" \t\r")) for line in piece.split(b"\n")) for piece in pieces
    ]
    for piece in pieces[:-1]:  # no line more than it takes
        assert len(piece) >= part_bytes > len(piece) - len(piece.splitlines(keepends=True)[-1]) or (
            piece.rstrip(b"\n").rfind(b"\n") + 1 < part_bytes <= len(piece)
        )
    names = [f"file-{number:05}" for number in range(1, len(found) + 1)]
    assert [part.name for part in found] == (names if len(found) > 1 else ["file"])


MEASURE = """
import resource, sys
from datetime import date
from pathlib import Path
from loaders.parts import parts_of
from loaders.sources import Source
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
parts_of(Source(Path(sys.argv[1]), "logs", date(2025, 1, 1), "a", True))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize("kind", ["one line", "an array"])
def test_memory_is_bounded(tmp_path: Path, kind: str) -> None:
    """Of a file that Zstandard made ten thousand times smaller; MB more than before."""
    path = tmp_path / "a.json.zst"
    first, rest, last = {
        "one line": (b'{"a": "', b"x" * (1 << 20), b'"}'),
        "an array": (b"[{}", (b',{"a": "' + b"x" * 1014 + b'"}') * 1024, b"]"),
    }[kind]
    with path.open("wb") as out, zstandard.ZstdCompressor().stream_writer(out) as writer:
        writer.write(first)
        for _ in range(150):
            writer.write(rest)
        writer.write(last)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, path], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 100


def test_a_text_file_of_other_lines_is_landed(tmp_path: Path) -> None:
    """Bad lines are evidence, even when all are bad."""
    (part,) = parts(file(tmp_path, b"time,level\n1,INFO\n"))
    assert part.lines == 2


def test_positions_are_bytes() -> None:
    with pytest.raises(json_array.BrokenArray, match=re.escape("at byte 1,000,013")):
        as_lines(b'[{"a": "' + "é".encode() * 500_000 + b'"} , x]', 4096)
