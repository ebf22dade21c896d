"""Lines that no writer should have written: JSON and text tables read them as Athena does.

Expected values: Trino's TextLineReader (line ends, BOM), Java's UTF-8 (U+FFFD) and its
OpenXJsonDeserializer (a line that begins with no bracket is a row of NULLs; one that is malformed
fails the query, or is such a row with `ignore.malformed.json`).
"""

import gzip
import re

import pyarrow as pa
import pytest

GOOD = b'{"id":1,"name":"a"}'
NOTHING = (None, None)
# What stands between two good lines -> its rows in a JSON table.
ODD = {
    "invalid UTF-8 in a text": (b'{"id":2,"name":"x\xffy"}', [("2", "x\ufffdy")]),
    "a character cut off": (b'{"id":2,"name":"\xe2\x82"}', [("2", "\ufffd")]),
    "invalid UTF-8 in a key": (b'{"id":2,"n\xc3me":"x"}', [("2", None)]),
    "invalid UTF-8 before the object": (b'\xfe{"id":2}', [NOTHING]),
    "NUL in a text": (b'{"id":2,"name":"x\0y"}', [("2", "x\0y")]),
    "NULs alone": (b"\0" * 64, [NOTHING]),
    "NUL first": (b'\0{"id":2}', [("2", None)]),
    "separators of files": (b'{"id":2,"name":"\x1c\x1d\x1e\x1f"}', [("2", "\x1c\x1d\x1e\x1f")]),
    "a BOM": (b'\xef\xbb\xbf{"id":2}', [NOTHING]),
    "CRLF": (b'{"id":2,"name":"x"}\r', [("2", "x")]),
    "CR inside": (b'{"id":2,\r"name":"x"}', [NOTHING, NOTHING]),
    "CR between": (b'{"id":2}\r{"id":3}', [("2", None), ("3", None)]),
    "CR CR LF": (b'{"id":2}\r\r', [("2", None), NOTHING]),
    "a blank line": (b"", [NOTHING]),
    "blanks of other kinds": (b" \x0c\x0b ", [NOTHING]),
    "two objects": (b'{"id":2}{"id":3}', [("2", None)]),
    "a long text": (b'{"id":2,"name":"x","more":"' + b"y" * (2 << 20) + b'"}', [("2", "x")]),
    "a long broken line": (b'{"id":2,"name":"' + b"y" * (2 << 20), [NOTHING]),
    "a line longer than the buffer": (b'{"id":2,"a":"' + b"y" * (9 << 20) + b'"}', [("2", None)]),
    "nested as deep as the engine goes": (b'{"id":2,"a":' + b"[" * 125 + b"]" * 125 + b"}", [("2", None)]),
    "nested deeper": (b'{"id":2,"name":"x","a":' + b"[" * 126 + b"]" * 126 + b"}", [("2", "x")]),
    "nested thousands deep": (b'{"a":' * 5000 + b"1" + b"}" * 5000, [NOTHING]),
    "broken thousands deep": (b'{"id":2,"a":' + b"[" * 5000, [NOTHING]),
}  # fmt: skip
# Those of them that are malformed.
MALFORMED = ("CR inside", "a long broken line", "broken thousands deep")
COMPRESSED = {
    "a": lambda data: data,
    "a.gz": gzip.compress,
    "a.zst": lambda data: pa.compress(data, codec="zstd", asbytes=True),
}
OPENX = "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'"
LENIENT = f"{OPENX} WITH SERDEPROPERTIES ('ignore.malformed.json' = 'true')"
REGEX = (
    "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe' "
    "WITH SERDEPROPERTIES ('input.regex' = '(.*)')"
)


def put(athena, data: bytes) -> None:
    for key, compressed in COMPRESSED.items():
        athena.put(f"t/{key}", compressed(data))


def create(athena, name: str, columns: str, how: str) -> None:
    athena(f"CREATE EXTERNAL TABLE {name} ({columns}) {how} LOCATION 's3://{athena.bucket}/t/'")


def per_object(athena, table: str) -> dict[str, int]:
    rows = athena(f'SELECT "$path", count(*) FROM {table} GROUP BY 1')
    return {path.rpartition("/")[2]: int(count) for path, count in rows}


@pytest.mark.parametrize("what", ODD)
def test_json_tables(athena, what) -> None:
    line, expected = ODD[what]
    put(athena, b"\n".join([GOOD, line, GOOD]))
    create(athena, "j", "id int, name string", LENIENT)
    rows = [("1", "a"), *expected, ("1", "a")]
    found = athena("SELECT id, name FROM j")
    assert sorted(found, key=str) == sorted(rows * len(COMPRESSED), key=str)
    assert athena("SELECT count(*), count(id) FROM j") == [
        (str(len(found)), str(sum(id_ is not None for id_, _ in found)))
    ]
    assert per_object(athena, "j") == dict.fromkeys(COMPRESSED, len(rows))

    create(athena, "strict", "id int, name string", OPENX)
    if what in MALFORMED:
        assert athena.fails("SELECT id FROM strict").startswith("HIVE_CURSOR_ERROR: Row is not")
    else:
        assert len(athena("SELECT id FROM strict")) == len(found)


@pytest.mark.parametrize("what", ODD)
def test_text_tables(athena, what) -> None:
    data = b"\n".join([GOOD, ODD[what][0], GOOD])
    put(athena, data)
    lines = re.split("\r\n|\r|\n", data.decode(errors="replace"))
    create(athena, "d", "line string", "ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t'")
    create(athena, "r", "line string", REGEX)
    expected = sorted(lines * len(COMPRESSED))
    for table in ("d", "r"):
        assert per_object(athena, table) == dict.fromkeys(COMPRESSED, len(lines))
        if len(data) < 1 << 20:
            assert sorted(line for (line,) in athena(f"SELECT line FROM {table}")) == expected
        else:
            lengths = athena(f"SELECT length(line) FROM {table}")
            assert sorted(int(each) for (each,) in lengths) == sorted(map(len, expected))


@pytest.mark.parametrize("ends", ["\n", "\r", "\r\n"])
def test_a_bom_before_the_first_line_and_lines_to_skip(athena, ends) -> None:
    put(athena, f"\ufeffx\t1{ends}{ends}y\t2{ends}z\t3{ends}".encode())
    how = "ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t'"
    create(athena, "t", "a string, n int", how)
    rows = [("x", "1"), ("", None), ("y", "2"), ("z", "3")]
    assert sorted(athena("SELECT a, n FROM t")) == sorted(rows * len(COMPRESSED), key=str)
    athena("ALTER TABLE t SET TBLPROPERTIES ('skip.header.line.count' = '2')")
    assert sorted(athena("SELECT a, n FROM t")) == sorted(rows[2:] * len(COMPRESSED))


def test_a_line_of_75_megabytes_and_one_that_athena_does_not_read(athena) -> None:
    create(athena, "t", "id int, name string", LENIENT)
    text = b"x" * 75_000_000
    athena.put("t/a.gz", gzip.compress(b'{"id":1,"name":"' + text + b'"}\n' + GOOD, 1))
    assert sorted(athena("SELECT length(name) FROM t")) == [("1",), ("75000000",)]
    athena.put("t/a.gz", gzip.compress(GOOD + b"\n" + text * 3, 1))
    error = athena.fails("SELECT count(*) FROM t")
    assert "TextLineLengthLimitExceededException: Too many bytes before newline" in error


def test_what_cannot_be_decompressed_fails_its_queries_only(athena) -> None:
    create(athena, "t", "id int", LENIENT)
    athena.put("t/a.gz", gzip.compress(GOOD * 1000)[:40])
    assert athena.fails("SELECT id FROM t").startswith("HIVE_CURSOR_ERROR: Failed to read")
    assert athena("SELECT 1") == [("1",)]


def test_arrays_nested_deeper_than_documents_are(athena) -> None:
    """What is no array stands for an array of one."""
    create(athena, "t", f"id int, a {'array<' * 12}int{'>' * 12}", LENIENT)
    athena.put("t/a", b'{"id":1,"a":' + b"[" * 10 + b"7" + b"]" * 10 + b"}")
    assert athena("SELECT * FROM t") == [("1", "[" * 12 + "7" + "]" * 12)]
