"""The lines of text files, whoever reads them, against a few lines of Python; the engine's life."""

import gzip
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localaws.engine.duckdb_engine import DuckDBEngine
from localaws.sql.errors import QueryError
from localaws.tables import decoded, text_lines


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lines")


@pytest.fixture(scope="module")
def engine(place: Path) -> Iterator[DuckDBEngine]:
    yield DuckDBEngine(place, place / "scratch")


PIECES = [
    *(b"\n", b"\n", b"\n", b"\r", b"\r\n", b"\0", b"\x1c", b"\x1c\x1d\x1e\x1f", b"\xef\xbb\xbf"),
    *(b"\xff", b"\xc3", b"\xa9", b"\xe2\x82", b"\xf0\x9f", "é\N{SNOWMAN}😀".encode(), b'"', b" "),
    *(b"a", b"{}", b"\\", b"\t", b"x" * 50),
]
WAYS = {
    "none": lambda data: data,
    "gzip": gzip.compress,
    "zstd": lambda data: pa.compress(data, codec="zstd", asbytes=True),
}


def expected(data: bytes) -> list[str]:
    text = data.removeprefix(b"\xef\xbb\xbf").decode(errors="replace")
    lines = re.split("\r\n|\r|\n", text)
    return lines[:-1] if lines[-1] == "" else lines


@settings(max_examples=150, deadline=None)
@given(
    pieces=st.lists(st.sampled_from(PIECES), max_size=30),
    codec=st.sampled_from(list(WAYS)),
    skip=st.sampled_from([0, 0, 1, 2]),
    block=st.sampled_from([1, 2, 3, 7, 1 << 20]),
)
def test_any_bytes(pieces, codec, skip, block, place: Path, engine: DuckDBEngine) -> None:
    data = b"".join(pieces)
    # A file is immutable: what was found out about one stays known.
    path = place / f"{abs(hash((data, codec, skip, block)))}"
    path.write_bytes(WAYS[codec](data))
    with pytest.MonkeyPatch.context() as patch, engine.session() as session:
        patch.setattr(text_lines, "_BLOCK", block)
        source = decoded.lines_sql([path], codec, skip, place / "scratch")
        rows = session.rows(f'SELECT line, "$file" FROM {source}')
        assert sorted(line for line, _ in rows) == sorted(expected(data)[skip:])
        assert {file for _, file in rows} <= {str(path)}
        assert list(text_lines.read_lines(path, codec, skip)) == expected(data)[skip:]


@pytest.mark.parametrize(
    ("data", "plain"),
    [
        (b"", True),
        (b"a", True),
        (b"a\nb\n", True),
        ("é\n😀".encode(), True),
        (b"\n", False),
        (b"a\n\nb", False),
        (b"a\r\nb", False),
        (b"a\0", False),
        (b"\xff", False),
        (b"\xe2\x82", False),
        (b"\xef\xbb\xbfa\n", False),
        (b"a\n" + b"b" * (10 << 20), False),
    ],
)
def test_what_the_engine_may_read_itself(data, plain, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(data)
    assert text_lines.is_plain(tmp_path / "file", "none") is plain


def test_the_engine_lives_on_after_a_fatal_error(place: Path) -> None:
    engine = DuckDBEngine(place, place / "fatal")
    deep = "repeat('[', 200 + n::INT) || repeat(']', 200 + n::INT)"
    with engine.session() as before:
        assert before.rows("SELECT 1") == [(1,)]
        with engine.session() as session, pytest.raises(QueryError):
            session.rows(f"SELECT json_group_structure(({deep})::JSON) FROM range(2) AS t(n)")
        with pytest.raises(QueryError, match="database has been invalidated"):
            before.rows("SELECT 1")
    with engine.session() as session:
        # Functions and macros too.
        assert session.rows(f"SELECT json_type(tr_json_shallow({deep})) FROM range(1) AS t(n)") == [
            ("ARRAY",)
        ]


def test_queries_at_once_make_one_copy(tmp_path) -> None:
    made = []

    def decode(path):
        made.append(path)
        time.sleep(0.2)
        yield pa.RecordBatch.from_pydict({"n": [1]})

    file = tmp_path / "file"
    file.touch()
    schema = pa.schema([("n", pa.int64())])
    with ThreadPoolExecutor(8) as threads:
        found = list(
            threads.map(lambda _: decoded.copies([file], "way", schema, decode, tmp_path), range(8))
        )
    assert made == [file]
    assert len({copy for (copy,) in found}) == 1
