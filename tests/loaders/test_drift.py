"""The words for what changed between two schemas."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from loaders.drift import drift, parse, spell

METADATA = "struct<device:string,items:array<struct<sku:string,price:decimal(12,2)>>>"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({}, {}, []),
        ({"metadata": METADATA}, {"metadata": METADATA}, []),
        ({"a": "int", "b": "int"}, {"b": "int", "a": "int"}, []),
        ({}, {"page": "string"}, ["new field page (string)"]),
        ({"page": "string"}, {}, ["page no longer occurs"]),
        ({"user_id": "bigint"}, {"user_id": "string"}, ["user_id was bigint, is now string"]),
        (
            {"metadata": "struct<device:string>"},
            {"metadata": "struct<device:string,experiment:string>"},
            ["new field metadata.experiment (string)"],
        ),
        (
            {"metadata": "struct<device:string>"},
            {"metadata": "struct<device:struct<os:string,model:string>>"},
            ["metadata.device was string, is now struct<os:string,model:string>"],
        ),
        (
            {"metadata": METADATA},
            {"metadata": METADATA.replace("decimal(12,2)", "double").replace("sku", "article")},
            [
                "new field metadata.items[].article (string)",
                "metadata.items[].price was decimal(12,2), is now double",
                "metadata.items[].sku no longer occurs",
            ],
        ),
        (
            {"tags": "array<array<int>>"},
            {"tags": "array<array<bigint>>"},
            ["tags[][] was int, is now bigint"],
        ),
        ({"a": "array<int>"}, {"a": "int"}, ["a was array<int>, is now int"]),
        (
            {"a": "map<string,struct<b:int>>"},
            {"a": "map<string,struct<b:bigint>>"},
            ["a was map<string,struct<b:int>>, is now map<string,struct<b:bigint>>"],
        ),
        ({"a": "struct<>"}, {"a": "struct<b:int>"}, ["new field a.b (int)"]),
    ],
)
def test_words(before: dict[str, str], after: dict[str, str], words: list[str]) -> None:
    assert drift(before, after) == words


LEAVES = st.sampled_from(["string", "int", "bigint", "decimal(12,2)", "map<string,struct<a:int>>"])
NAMES = st.text("abcdefgh_$- ", min_size=1, max_size=4)


def structs(types: st.SearchStrategy) -> st.SearchStrategy:
    return st.dictionaries(NAMES, types, max_size=4)


TYPES = st.recursive(LEAVES, lambda inner: structs(inner) | st.tuples(inner).map(list))
SCHEMAS = structs(TYPES)


def texts(schema: dict[str, Any]) -> dict[str, str]:
    return {name: spell(type_) for name, type_ in schema.items()}


def places(type_: Any, path: str = "") -> list[tuple[str, Any]]:
    """Every struct in a schema, the schema itself too: (prefix of its fields' paths, struct)."""
    match type_:
        case dict():
            prefix = f"{path}." if path else ""
            below = [each for name, t in type_.items() for each in places(t, f"{prefix}{name}")]
            return [(prefix, type_), *below]
        case [element]:
            return places(element, f"{path}[]")
    return []


@given(TYPES)
def test_a_type_is_read_as_it_is_spelled(type_: Any) -> None:
    assert parse(spell(type_)) == type_


@given(st.dictionaries(st.text(), st.text("struc<>(),:ay ") | TYPES.map(spell)))
def test_a_schema_equals_itself_also_where_it_is_nonsense(schema: dict[str, str]) -> None:
    assert drift(schema, dict(reversed(schema.items()))) == []


@given(SCHEMAS, TYPES, TYPES, NAMES, st.data())
def test_one_change_is_exactly_one_sentence(
    schema: dict[str, Any], type_: Any, other: Any, name: str, data: st.DataObject
) -> None:
    """A field somewhere that only one of two schemas has, or that has another type in each."""
    assume(type(type_) is not type(other))
    prefix, struct = data.draw(st.sampled_from(places(schema)))
    path = f"{prefix}{name}"

    struct.pop(name, None)
    without = texts(schema)
    struct[name] = type_
    with_type = texts(schema)
    struct[name] = other
    with_other = texts(schema)

    assert drift(without, with_type) == [f"new field {path} ({spell(type_)})"]
    assert drift(with_type, without) == [f"{path} no longer occurs"]
    assert drift(with_type, with_other) == [f"{path} was {spell(type_)}, is now {spell(other)}"]
