"""What the crawler's inference makes of lines that no writer should have written."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from localaws.crawler import infer
from localaws.engine import Session
from localaws.engine.duckdb_engine import DuckDBEngine


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    engine = DuckDBEngine(tmp_path_factory.getbasetemp(), tmp_path_factory.mktemp("scratch"))
    with engine.session() as session:
        yield session


KNOWN = [("id", "int")]
NAMED = [*KNOWN, ("name", "string")]


@pytest.mark.parametrize(
    ("line", "columns", "documents"),
    [
        (b'{"id":2,"name":"x\xffy"}', NAMED, 3),
        (b'{"id":2,"n\xff":1.5}', [*KNOWN, ("n\ufffd", "double")], 3),
        (b'\xfe{"id":2,"name":1}', KNOWN, 2),
        (b'{"id":2,"name":"x\0y"}', KNOWN, 2),
        (b"\0" * 64, KNOWN, 2),
        (b'\xef\xbb\xbf{"id":2,"name":1}', KNOWN, 2),
        (b'{"id":2,"name":"x"}\r', NAMED, 3),
        (b'{"id":2,\r"name":"x"}', KNOWN, 2),
        (b'{"id":2}\r{"name":"x"}', NAMED, 4),
        (b"\r\r", KNOWN, 2),
        (b'{"id":2,"name":"' + b"y" * (2 << 20) + b'"}', NAMED, 3),
        (b'{"id":2,"name":"' + b"y" * (9 << 20) + b'"}', NAMED, 3),
        (b'{"id":2,"name":"' + b"y" * (2 << 20), KNOWN, 2),
        (b'{"id":2,"a":' + b"[" * 5000, KNOWN, 2),
    ],
)
def test_odd_lines(line: bytes, columns, documents, session: Session, tmp_path: Path) -> None:
    data = b'{"id":1}\n' + line + b'\n{"id":3}'
    (tmp_path / "plain").write_bytes(data)
    (tmp_path / "gzip").write_bytes(gzip.compress(data, 1))
    for name, codec in (("plain", "none"), ("gzip", "gzip")):
        found = infer.infer([tmp_path / name], codec, tmp_path, session)
        assert (found.columns, found.documents) == (columns, documents)


@pytest.mark.parametrize("depth", [3, 99, 100, 101, 126, 127, 128, 5000])
@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"b":', "}"), ('[{"b":', "}]")])
def test_any_depth(depth: int, begin: str, end: str, session: Session, tmp_path: Path) -> None:
    path = tmp_path / "documents"
    # Brackets in a text are none, and beside what is deep the rest is still typed.
    path.write_text(
        f'{{"text":"{begin * 200}"}}\n'.replace('"b"', "b")
        + f'{{"a":{begin * depth}1{end * depth},"x":1}}\n{{"x":5000000000}}\n'
    )
    found = infer.infer([path], "none", tmp_path, session)
    types = dict(found.columns)
    assert found.documents == 3
    assert (types["text"], types["x"]) == ("string", "bigint")
    # What is deeper than a query can read is text.
    levels = {"[": 10, '{"b":': 99, '[{"b":': 20}[begin]
    found = depth * (begin.count("[") + begin.count("{"))
    assert types["a"].count("<") == min(found, levels)
    assert types["a"].rstrip(">").endswith("int" if found <= levels else "string")


def test_many_brackets_that_are_not_deep(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "documents"
    path.write_text(f'{{"a":[{",".join(["""{"b":[1]}"""] * 500)}],"c":"\\"[{{"}}')
    found = infer.infer([path], "none", tmp_path, session)
    assert found.columns == [("a", "array<struct<b:array<int>>>"), ("c", "string")]
