"""What a crawler makes of documents: schemas of JSON and Parquet, exclusions."""

import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localaws.crawler import infer, infer_parquet
from localaws.crawler.documents import Documents, InferenceError
from localaws.crawler.exclusions import excluded
from localaws.engine import Session
from localaws.engine.duckdb_engine import DuckDBEngine


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    # The engine reads below its folders only.
    engine = DuckDBEngine(tmp_path_factory.getbasetemp(), tmp_path_factory.mktemp("scratch"))
    with engine.session() as session:
        yield session


@pytest.fixture
def inferred(session: Session, tmp_path: Path) -> Any:
    def columns(*lines: str) -> dict[str, str]:
        path = tmp_path / "documents"
        path.write_text("\n".join(lines), encoding="utf-8")
        return dict(infer.infer([path], "none", tmp_path, session).columns)

    return columns


@pytest.mark.parametrize(
    ("lines", "type_"),
    [
        (['{"a": 1}'], "int"),
        (['{"a": 2147483647}', '{"a": -2147483648}'], "int"),
        (['{"a": 1}', '{"a": 2147483648}'], "bigint"),
        (['{"a": -2147483649}'], "bigint"),
        (['{"a": 9223372036854775807}', '{"a": -9223372036854775808}'], "bigint"),
        (['{"a": 9223372036854775808}'], "string"),
        (['{"a": 1.5}'], "double"),
        (['{"a": 1}', '{"a": 1.5}'], "double"),
        (['{"a": 1e3}'], "double"),
        (['{"a": true}'], "boolean"),
        (['{"a": "x"}'], "string"),
        (['{"a": "2025-03-01T10:00:00Z"}'], "string"),
        (['{"a": "1"}'], "string"),
        (['{"a": null}'], "string"),
        (['{"a": null}', '{"a": 1}', "{}"], "int"),
        (['{"a": 1}', '{"a": "x"}'], "string"),
        (['{"a": true}', '{"a": 1}'], "string"),
        (['{"a": 1}', '{"a": {"b": 1}}'], "string"),
        (['{"a": [1]}', '{"a": {"b": 1}}'], "string"),
        (['{"a": {}}'], "string"),
        (['{"a": {"B": 1, "c": {"d": [true]}}}'], "struct<b:int,c:struct<d:array<boolean>>>"),
        (['{"a": {"b": 1}}', '{"a": {"c": 5000000000}}'], "struct<b:int,c:bigint>"),
        (['{"a": []}'], "array<string>"),
        (['{"a": [null]}', '{"a": [1, 5000000000]}'], "array<bigint>"),
        (['{"a": [1, "x"]}'], "array<string>"),
        (['{"a": [[1], [5000000000]]}'], "array<array<bigint>>"),
        (['{"a": [{"b": 1}, {"c": "x"}]}'], "array<struct<b:int,c:string>>"),
        (['{"a": [{"b": [{"c": 5000000000}]}]}'], "array<struct<b:array<struct<c:bigint>>>>"),
        (['{"a": 1, "A": 2}'], "int"),
        (['{"a": 1, "A": "x"}'], "string"),
    ],
)
def test_types(inferred: Any, lines: list[str], type_: str) -> None:
    assert inferred(*lines) == {"a": type_}


def test_keys_are_lower_case_in_the_order_of_their_appearance(inferred: Any) -> None:
    columns = inferred('{"Zulu": 1, "alpha": 2}', '{"mike": [{"y": 1}, {"x": 1}], "alpha": 2}')
    assert list(columns.items()) == [
        ("zulu", "int"),
        ("alpha", "int"),
        ("mike", "array<struct<y:int,x:int>>"),
    ]


def test_the_order_is_the_same_every_time(session: Session, tmp_path: Path) -> None:
    paths = []
    for number in range(12):
        paths.append(tmp_path / f"{number:02}")
        keys = [f"k{number + 3}", "k2", f"k{number}"]
        lines = [json.dumps({"m": dict.fromkeys(keys, 1), **dict.fromkeys(keys, 1)})] * 3000
        paths[-1].write_text("\n".join(lines))
    found = {str(infer.infer(paths, "none", tmp_path, session).columns) for _ in range(8)}
    assert len(found) == 1
    columns = [name for name, _ in infer.infer(paths, "none", tmp_path, session).columns]
    assert columns[:4] == ["m", "k3", "k2", "k0"]
    assert columns[4:] == sorted(columns[4:])


ODD_KEYS = [
    'a"b',
    "a.b",
    "a b",
    "a*",
    "*",
    "$",
    "a[0]",
    "a[*]",
    "a'b",
    "a\\",
    '\\"',
    "a/b",
    "~1",
    "~*",
    "#",
    "0",
    "ü",
]


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_keys_are_measured_too(inferred: Any, key: str) -> None:
    assert inferred(json.dumps({key: 5_000_000_000, "x": 1})) == {key: "bigint", "x": "int"}
    below = json.dumps({"o": {key: 5_000_000_000}, "l": [{"m": 1}, {"m": {}, key: [[2**31]]}]})
    assert inferred(below) == {
        "o": f"struct<{key}:bigint>",
        "l": f"array<struct<m:string,{key}:array<array<bigint>>>>",
    }


@pytest.mark.parametrize("key", ["", "\n", "a\0b", "k" * 256])
def test_what_no_column_is_called_is_left_out_by_name(
    inferred: Any, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert inferred(json.dumps({key: 1, "x": 1})) == {"x": "int"}
    assert f"the key at {f'/{key}'!r} is left out" in caplog.text


def test_a_field_without_a_name_is_left_out(inferred: Any) -> None:
    assert inferred('{"a": {"": 1, "b": 2}, "c": [{"": 1}]}') == {
        "a": "struct<b:int>",
        "c": "array<string>",
    }
    long = "k" * 256
    assert inferred(json.dumps({"a": {long: 1}})) == {"a": f"struct<{long}:int>"}


def test_lines_that_are_no_objects_are_passed_over(inferred: Any) -> None:
    lines = ["", "hello", '{"a": 1', "[1]", '"x"', "7", "null", '{"a": 1}{"b": 2}', '{"c": 1}']
    assert inferred(*lines) == {"c": "int"}
    assert inferred(*(f"{line}\r" for line in lines)) == {"c": "int"}


def test_counts_and_compression(session: Session, tmp_path: Path) -> None:
    paths = [tmp_path / "a", tmp_path / "b"]
    paths[0].write_bytes(gzip.compress(b'{"a": 1}\nbroken\n'))
    paths[1].write_bytes(gzip.compress(b'{"b": 1}\n{"a": 2}'))
    found = infer.infer(paths, "gzip", tmp_path, session)
    assert found == Documents([("a", "int"), ("b", "int")], 3, "json", "gzip")


# A second opinion: documents drawn at random, and a few lines of Python that type them.
names = st.sampled_from(["a", "b", "c_d", "e.f", 'g"h', "*", "i[*]", "j\\", "k/l", "~0"])
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.integers(-9, 9)
    | st.sampled_from([0.5, -1.25, 1e300])
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


def reference(seen: list[Any]) -> str:
    """The type of all the values that one key was seen with."""
    seen = [value for value in seen if value is not None]
    kinds = {type(value) for value in seen}
    if kinds == {dict} and any(seen):
        fields = reference_columns([value for value in seen if value])
        # An empty object beside others says nothing, alone it is no struct.
        return f"struct<{','.join(f'{name}:{type_}' for name, type_ in fields.items())}>"
    if kinds == {list}:
        return f"array<{reference([element for value in seen for element in value])}>"
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "int" if all(-(2**31) <= value < 2**31 for value in seen) else "bigint"
    return "double" if kinds and kinds <= {int, float} else "string"


def reference_columns(documents: list[dict[str, Any]]) -> dict[str, str]:
    keys = dict.fromkeys(key for document in documents for key in document)  # in their order
    return {
        key: reference([document[key] for document in documents if key in document]) for key in keys
    }


def has_empty_object(value: Any) -> bool:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return value == {} or any(has_empty_object(each) for each in below)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    documents=st.lists(
        st.dictionaries(names, values, min_size=1, max_size=4), min_size=1, max_size=6
    )
)
def test_against_a_reference(
    documents: list[dict[str, Any]], session: Session, tmp_path_factory: pytest.TempPathFactory
) -> None:
    documents = [each for each in documents if not has_empty_object(each)]
    place = tmp_path_factory.mktemp("lines")
    path = place / "documents"
    path.write_text("".join(f"{json.dumps(each)}\n" for each in documents))
    found = infer.infer([path], "none", place, session)
    assert found.columns == list(reference_columns(documents).items())
    assert found.documents == len(documents)


# ---- Parquet


def test_parquet_types(tmp_path: Path) -> None:
    item = pa.struct([("SKU", pa.string()), ("price", pa.decimal128(12, 2))])
    schema = pa.schema(
        [
            ("Flag", pa.bool_()),
            ("tiny", pa.int8()),
            ("small", pa.int16()),
            ("i", pa.int32()),
            ("l", pa.int64()),
            ("u", pa.uint32()),
            ("f", pa.float32()),
            ("d", pa.float64()),
            ("s", pa.string()),
            ("bin", pa.binary()),
            ("day", pa.date32()),
            ("at", pa.timestamp("us", tz="UTC")),
            ("local", pa.timestamp("ms")),
            ("items", pa.list_(item)),
            ("tags", pa.map_(pa.string(), pa.int64())),
            ("code", pa.dictionary(pa.int32(), pa.string())),
        ]
    )
    path = tmp_path / "a"
    pq.write_table(schema.empty_table(), path)
    assert dict(infer_parquet.infer([path]).columns) == {
        "flag": "boolean",
        "tiny": "tinyint",
        "small": "smallint",
        "i": "int",
        "l": "bigint",
        "u": "bigint",
        "f": "float",
        "d": "double",
        "s": "string",
        "bin": "binary",
        "day": "date",
        "at": "timestamp",
        "local": "timestamp",
        "items": "array<struct<sku:string,price:decimal(12,2)>>",
        "tags": "map<string,bigint>",
        "code": "string",
    }


def test_parquet_files_of_one_table(tmp_path: Path) -> None:
    paths = [tmp_path / "a", tmp_path / "b"]
    pq.write_table(pa.table({"x": [1, 2]}), paths[0])
    pq.write_table(pa.table({"y": [Decimal("1.5")], "x": [3]}), paths[1])
    found = infer_parquet.infer(paths)
    assert found == Documents([("x", "bigint"), ("y", "decimal(2,1)")], 3, "parquet", "none")

    pq.write_table(pa.table({"x": ["text"]}), paths[1])
    with pytest.raises(InferenceError, match="x is bigint in one file and string in another"):
        infer_parquet.infer(paths)
    pq.write_table(pa.table({"x": pa.array([1], pa.time64("us"))}), paths[1])
    with pytest.raises(InferenceError, match="column x has the type time64"):
        infer_parquet.infer(paths[1:])


# ---- exclusions, the cases of the Glue developer guide first


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*.csv", "market.csv", True),
        ("*.csv", "departments/market.csv", False),
        ("*.*", "market.csv", True),
        ("*.{csv,avro}", "market.avro", True),
        ("*.{csv,avro}", "market.json", False),
        ("foo.?", "foo.c", True),
        ("foo.?", "foo.cc", False),
        ("*/*", "departments/market.csv", True),
        ("*/*", "departments/north/market.csv", False),
        ("departments/**", "departments/north/market.csv", True),
        ("**.csv", "departments/north/market.csv", True),
        ("2015/0[1-3]/*", "2015/02/a", True),
        ("2015/0[1-3]/*", "2015/04/a", False),
        ("[!a]x", "bx", True),
        ("[!a]x", "ax", False),
        (r"a\*b", "a*b", True),
        (r"a\*b", "axb", False),
        ("a.b", "axb", False),
        ("a+(b)|c", "a+(b)|c", True),
        ("a,b", "a,b", True),
    ],
)
def test_exclusions(pattern: str, path: str, matches: bool) -> None:
    assert excluded(path, ["nothing", pattern]) is matches
