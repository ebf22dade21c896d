"""Random rows of every type, written by the encoders: read back by other readers (pyarrow,
fastavro, json, csv and a LazySimple reader of this file) and by the tables' own."""

import base64
import csv
import datetime
import gzip
import io
import json
import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from pyarrow import orc

from localaws.engine import Session
from localaws.engine.duckdb_engine import DuckDBEngine
from localaws.sql.type_parser import parse_type
from localaws.sql.types import Type
from localaws.tables import avro_format, csv_format, json_format, lazy_simple, orc_format
from localaws.tables.decoded import arrow_schema, lines_sql
from localaws.tables.encoders import FORMATS, Rows
from localaws.tables.hive import HiveTable

TYPES = {
    "b": "boolean", "s": "smallint", "i": "int", "l": "bigint", "f": "float", "d": "double",
    "p": "decimal(20,3)", "v": "string", "n": "varchar(5)", "x": "binary", "da": "date",
    "ts": "timestamp", "a": "array<string>", "aa": "array<array<bigint>>",
    "m": "map<string,double>", "r": "struct<u:string,w:array<int>>",
}  # fmt: skip
# One bit pattern, one text: NaN is not equal to itself.
FLOATS = st.floats(allow_nan=False, width=32)
TEXT = st.text(st.characters(exclude_characters="\n\r\x00", exclude_categories=["Cs"]), max_size=12)
PLAIN = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=12)


def values(type_: Type, text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    match type_.base:
        case "boolean":
            found = st.booleans()
        case "tinyint" | "smallint" | "integer" | "bigint":
            half = 2 ** {"tinyint": 7, "smallint": 15, "integer": 31, "bigint": 63}[type_.base]
            found = st.integers(-half, half - 1)
        case "real":
            found = FLOATS
        case "double":
            found = st.floats(allow_nan=False)
        case "decimal":
            whole = 10 ** type_.args[0] - 1
            found = st.integers(-whole, whole).map(
                lambda number: Decimal(number).scaleb(-type_.args[1])
            )
        case "varchar":
            found = text.map(lambda value: value[: type_.args[0]] if type_.args else value)
        case "varbinary":
            found = st.binary(max_size=8)
        case "date":
            found = st.dates(datetime.date(1, 1, 1), datetime.date(9999, 12, 31))
        case "timestamp":
            found = st.datetimes(datetime.datetime(1800, 1, 1), datetime.datetime(2200, 1, 1)).map(
                lambda value: value.replace(microsecond=value.microsecond // 1000 * 1000)
            )
        case "array":
            found = st.lists(values(type_.element, text), max_size=3)
        case "map":
            item = values(type_.args[1], text)
            keys = text.filter(lambda key: key == key.lower())
            found = st.dictionaries(keys, item, max_size=3).map(lambda value: list(value.items()))
        case "row":
            found = st.fixed_dictionaries({n: values(each, text) for n, each in type_.args})
    return st.none() | found


def rows_of(names: list[str], text: st.SearchStrategy[str]) -> st.SearchStrategy[list[dict]]:
    columns = {name: values(parse_type(TYPES[name]), text) for name in names}
    return st.lists(st.fixed_dictionaries(columns), min_size=1, max_size=5)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("formats")


@pytest.fixture(scope="module")
def session(place: Path) -> Iterator[Session]:
    with DuckDBEngine(place, place / "scratch").session() as session:
        yield session


class Written:
    """Rows encoded into a file of their own."""

    numbers = iter(range(10**9))

    def __init__(
        self,
        session: Session,
        place: Path,
        format_: str,
        codec: str,
        rows: list[dict],
        **properties,
    ) -> None:
        self.columns = [(name, parse_type(TYPES[name])) for name in rows[0]]
        self.session, self.scratch = session, place / "scratch"
        number = next(self.numbers)
        source, self.file = place / f"{number}.source", place / f"{number}.out"
        pq.write_table(pa.Table.from_pylist(rows, arrow_schema(self.columns)), source)
        query = Rows(f"SELECT * FROM read_parquet('{source}')", self.columns)
        names = {name.replace("__", "."): value for name, value in properties.items()}
        count = FORMATS[format_].encode(query, self.file, codec, names, session)
        assert count == len(rows)
        columns = [{"Name": name, "Type": TYPES[name]} for name, _ in self.columns]
        serde = {"SerializationLibrary": SERDES.get(format_, ""), "Parameters": names}
        self.table = HiveTable(
            {"DatabaseName": "d", "Name": "t",
             "StorageDescriptor": {"Columns": columns, "SerdeInfo": serde}}
        )  # fmt: skip

    def read(self, relation: str) -> list[dict]:
        (batch,) = self.session.batches(f'SELECT * EXCLUDE "$file" FROM {relation}', 1000)
        return batch.to_pylist()


SERDES = {"JSON": json_format.HIVE, "OPENX_JSON": json_format.OPENX}
ANY_ROWS = settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@ANY_ROWS
@given(rows=rows_of(list(TYPES), TEXT), codec=st.sampled_from(list(FORMATS["PARQUET"].codecs)))
def test_parquet(session, place, rows, codec) -> None:
    assert pq.read_table(Written(session, place, "PARQUET", codec, rows).file).to_pylist() == rows


@ANY_ROWS
@given(rows=rows_of(list(TYPES), TEXT), codec=st.sampled_from(list(FORMATS["ORC"].codecs)))
def test_orc(session, place, rows, codec) -> None:
    written = Written(session, place, "ORC", codec, rows)
    stored = orc.ORCFile(written.file)
    assert stored.compression == ("UNCOMPRESSED" if codec == "NONE" else codec)
    assert stored.read().to_pylist() == rows
    relation = orc_format.scan_sql(written.columns, [written.file], written.table, written.scratch)
    assert written.read(relation) == rows


@ANY_ROWS
@given(
    rows=rows_of([name for name in TYPES if name != "s"], TEXT),
    codec=st.sampled_from(list(FORMATS["AVRO"].codecs)),
)
def test_avro(session, place, rows, codec) -> None:
    written = Written(session, place, "AVRO", codec, rows)
    with written.file.open("rb") as file:
        reader = fastavro.reader(file)
        assert reader.metadata["avro.codec"] == ("null" if codec == "NONE" else codec.lower())
        stored = list(reader)
    for row in stored:
        if row["m"] is not None:
            row["m"] = list(row["m"].items())
        if row["ts"] is not None:
            row["ts"] = row["ts"].replace(tzinfo=None)
    assert stored == rows
    relation = avro_format.scan_sql(written.columns, [written.file], written.table, written.scratch)
    assert written.read(relation) == rows


JSON_TYPES = [name for name in TYPES if name not in ("x", "da")]


@ANY_ROWS
@given(rows=rows_of(JSON_TYPES, TEXT), openx=st.booleans())
def test_json(session, place, rows, openx) -> None:
    # Hive writes infinite numbers as texts, which it does not read.
    assume(openx or not any(is_infinite(value) for row in rows for value in row.values()))
    written = Written(session, place, "OPENX_JSON" if openx else "JSON", "GZIP", rows)
    documents = gzip.decompress(written.file.read_bytes()).decode().split("\n")
    assert documents.pop() == ""
    for document, row in zip(map(json.loads, documents), rows, strict=True):
        for name, value in row.items():
            assert openx or name in document
            assert same_in_json(document.get(name), value), name
    relation = json_format.table_sql(
        written.columns, [written.file], "gzip", written.table, written.scratch
    )
    assert written.read(relation) == rows


def is_infinite(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(is_infinite, value))
    return isinstance(value, float) and math.isinf(value)


def same_in_json(found: Any, value: Any) -> bool:
    match value:
        case datetime.datetime():
            text = found.replace("T", " ").removesuffix("Z")
            return datetime.datetime.fromisoformat(text) == value
        case Decimal():
            return math.isclose(Decimal(str(found)), value)
        case float() if math.isinf(value):
            return float(found) == value
        case float():
            return math.isclose(found, value, rel_tol=1e-6, abs_tol=1e-37)
        case dict():
            return all(same_in_json(found.get(key), each) for key, each in value.items())
        case [*items] if items and isinstance(items[0], tuple):
            return found.keys() == dict(items).keys() and all(
                same_in_json(found[key], each) for key, each in items
            )
        case [*items]:
            return len(found) == len(items) and all(map(same_in_json, found, items))
    return found == value


# ---- LazySimple


def lazy(text: str, type_: Type, depth: int = 1) -> Any:
    """One field of a line with Hive's own delimiters, without escapes."""
    if text == "\\N":
        return None
    separator = chr(depth + 1)
    match type_.base:
        case "boolean":
            return text == "true"
        case "tinyint" | "smallint" | "integer" | "bigint":
            return int(text)
        case "real" | "double":
            return float(text)
        case "decimal":
            return Decimal(text)
        case "varbinary":
            return base64.b64decode(text)
        case "date":
            year, month, day = map(int, text.split("-"))
            return datetime.date(year, month, day)
        case "timestamp":
            return datetime.datetime.fromisoformat(text)
        case "array":
            return [lazy(part, type_.element, depth + 1) for part in text.split(separator)]
        case "map":
            pairs = (part.split(chr(depth + 2), 1) for part in text.split(separator))
            return [(key, lazy(value, type_.args[1], depth + 2)) for key, value in pairs]
        case "row":
            parts = zip(type_.args, text.split(separator), strict=True)
            return {name: lazy(part, inner, depth + 1) for (name, inner), part in parts}
    return text


def lazy_line(line: str, columns: list[tuple[str, Type]]) -> dict:
    fields = zip(columns, line.split("\x01"), strict=True)
    return {name: lazy(field, type_) for (name, type_), field in fields}


def tells_empty_from_null(value: Any) -> bool:
    """Text cannot: no empty list or map, no list of one NULL or one empty text."""
    match value:
        case [] | [None] | [""]:
            return False
        case [*items]:
            return all(map(tells_empty_from_null, items))
        case dict():
            return all(map(tells_empty_from_null, value.values()))
        case tuple():
            return tells_empty_from_null(value[1])
    return True


UNDELIMITED = st.text(
    st.characters(min_codepoint=9, exclude_characters="\n\r", exclude_categories=["Cs"]),
    max_size=12,
).filter(lambda text: text != "\\N")


@ANY_ROWS
@given(rows=rows_of(list(TYPES), UNDELIMITED))
def test_text(session, place, rows) -> None:
    rows = [row for row in rows if all(map(tells_empty_from_null, row.values()))]
    if not rows:
        return
    written = Written(session, place, "TEXTFILE", "NONE", rows)
    lines = written.file.read_text().split("\n")
    assert lines.pop() == ""
    found = [lazy_line(line, written.columns) for line in lines]
    for one, row in zip(found, rows, strict=True):
        if row["f"] is not None:
            assert math.isclose(one.pop("f"), row["f"], rel_tol=1e-6, abs_tol=1e-45)
        assert one == {name: row[name] for name in one}
    assert read_text(written) == rows


def read_text(written: Written) -> list[dict]:
    columns = tuple(written.columns)
    source = lines_sql([written.file], "none", 0, written.scratch)
    properties = written.table.serde_parameters
    return written.read(lazy_simple.scan_sql(written.columns, columns, source, properties))


@ANY_ROWS
@given(rows=rows_of(["v", "n", "a", "m", "r", "i"], TEXT.filter(lambda text: text != "\\N")))
def test_text_with_delimiters_in_its_values_when_they_are_escaped(session, place, rows) -> None:
    rows = [row for row in rows if all(map(tells_empty_from_null, row.values()))]
    if not rows:
        return
    options = {"field__delim": ",", "collection__delim": "|", "mapkey__delim": ":"}
    written = Written(session, place, "TEXTFILE", "NONE", rows, escape__delim="\\", **options)
    # A value of a NULL's own text is written as one: \N with its backslash escaped is \\N.
    assert read_text(written) == rows


@ANY_ROWS
@given(rows=rows_of(["v"], TEXT).map(lambda rows: [{**row, "n": row["v"]} for row in rows]))
def test_csv(session, place, rows) -> None:
    rows = [{"v": row["v"]} for row in rows if row["v"] is not None]
    if not rows:
        return
    written = Written(session, place, "CSV", "NONE", rows)
    text = io.StringIO(written.file.read_text(), newline="")
    reader = csv.reader(text, doublequote=False, escapechar="\\")
    assert [{"v": value} for (value,) in reader] == rows
    relation = csv_format.scan_sql([written.file], "none", written.table, 0, written.scratch)
    assert written.read(relation) == rows
