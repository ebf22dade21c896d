"""JSON functions.

Expected values: Trino documentation, "JSON functions and operators", and its TestJsonExtract and
TestJsonFunctions.
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localaws.engine.functions.json import extract, parse


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("""json_extract_scalar('{"a": 1.10, "b": 1e3}', '$.a')""", "1.10"),
        ("""json_extract_scalar('{"a": 1.10, "b": 1e3}', '$.b')""", "1e3"),
        ("""json_extract_scalar('{"a": 1.1x}', '$.a')""", None),
        ("""json_extract_scalar('{"a": {"b": [1, "x"]}}', '$.a.b[1]')""", "x"),
        ("""json_extract_scalar('{"a b": {"c": 1}}', '$["a b"].c')""", "1"),
        ("""json_extract_scalar('{"a": {"b": 1}}', '$["a"]["b"]')""", "1"),
        ("json_extract_scalar('[1, 2]', '$')", None),
        ("json_extract_scalar('[1, 2]', '$[2]')", None),
        ("json_extract_scalar('[1, 2]', '$[1]')", "2"),
        ("""json_extract_scalar('{"a": true}', '$.a')""", "true"),
        ("json_extract_scalar('not json', '$.a')", None),
        ("""json_extract_scalar('{"a": null}', '$.a')""", None),
        # Of a repeated key the first is found; json_parse keeps the last.
        ("""json_extract_scalar('{"a": 1, "a": 2}', '$.a')""", "1"),
        ("""json_format(json_parse('{"a": 1, "a": 2}'))""", '{"a":2}'),
        # What stands behind the value is not looked at.
        ("""json_extract_scalar('{"a": 1, "b": ', '$.a')""", "1"),
        ("""json_extract_scalar('{"a": 1, "b": ', '$.b')""", None),
        ("""json_format(json_extract('{"a": [1,2]}', '$.a'))""", "[1,2]"),
        ("""json_format(json_extract('{"b": 1, "a": 2.50}', '$'))""", '{"b":1,"a":2.5}'),
        ("""json_format(json_extract('{"a": null}', '$.a'))""", "null"),
        ("""json_extract('{"a": null}', '$.b')""", None),
        ("""json_format(json_parse('{"b": 1, "a": 1e10}'))""", '{"a":1.0E10,"b":1}'),
        ("""json_format(JSON '"\\u001f\\n"')""", '"\\u001F\\n"'),
        ("json_format(JSON '[1, 2, 3]')", "[1,2,3]"),
        ("json_array_length('[1, 2, 3]')", "3"),
        ("json_array_length(JSON '[]')", "0"),
        ("json_array_length('{}')", None),
        ("json_array_length('[1, 2')", None),
        ("json_array_contains('[1, 2, 3]', 2)", "true"),
        ("json_array_contains('[1, 2, 3]', 2.0)", "false"),
        ("json_array_contains('[1.5]', 1.5)", "true"),
        ("json_array_contains('[true]', true)", "true"),
        ("""json_array_contains('["1"]', '1')""", "true"),
        ("json_array_contains('[1]', '1')", "false"),
        ("json_array_contains('{}', 1)", None),
        ("json_array_contains(JSON '[1, [2]]', 2)", "false"),
        ("""json_format(json_array_get('["a", [3, 9], "c"]', 1))""", "[3,9]"),
        ("""json_format(json_array_get('["c", [3, 9], 1.50]', -1))""", "1.50"),
        ("json_format(json_array_get('[1e3, 9]', 0))", "1e3"),
        # Beyond 16 bits characters are written as a pair (Trino 435).
        ("""json_format(json_parse('"\U0001f600"'))""", r'"\uD83D\uDE00"'),
        ("json_format(CAST('a\U0001f600' AS json))", r'"a\uD83D\uDE00"'),
        ("CAST(CAST('a\U0001f600' AS json) AS varchar)", "a\U0001f600"),
        ("json_array_get('[]', 0)", None),
        ("""json_size('{"x": {"a": 1, "b": 2}}', '$.x')""", "2"),
        ("""json_size('{"x": [1, 2, 3]}', '$.x')""", "3"),
        ("""json_size('{"x": {"a": 1, "b": 2}}', '$.x.a')""", "0"),
        ("""json_size('{"x": 1}', '$.y')""", None),
        ("is_json_scalar('1')", "true"),
        ("is_json_scalar('[1, 2, 3]')", "false"),
        ("is_json_scalar(JSON 'null')", "true"),
        ("json_extract_scalar(CAST(NULL AS varchar), '$.a')", None),
        ("try(json_parse('nope'))", None),
    ],
)
def test_value(evaluate, expression, value) -> None:
    assert evaluate(expression) == value


def test_paths_may_be_data(query) -> None:
    document = '{"a": 1, "b": 2}'
    _, _, rows = query(
        f"SELECT json_extract_scalar('{document}', p) FROM (VALUES '$.a', '$.b', '$.c') t(p)"
    )
    assert rows == [("1",), ("2",), (None,)]


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("json_parse('nope')", "INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: 'nope'"),
        ("json_parse('[1,]')", "INVALID_FUNCTION_ARGUMENT"),
        ("""json_array_get('["a"]', 0)""", "NOT_SUPPORTED: json_array_get of a text"),
        ("""TRY(json_array_get('["a"]', 0))""", "NOT_SUPPORTED: line 1:12: TRY of"),
        ("json_parse('NaN')", "INVALID_FUNCTION_ARGUMENT"),
        ("json_extract('{}', 'a.b')", "INVALID_FUNCTION_ARGUMENT: Invalid JSON path: 'a.b'"),
        ("json_extract('{}', '$.')", "INVALID_FUNCTION_ARGUMENT"),
        ("json_extract('{}', '$..a')", "INVALID_FUNCTION_ARGUMENT"),
        ("is_json_scalar('nope')", "INVALID_FUNCTION_ARGUMENT: Invalid JSON value: nope"),
        ("json_format('{}')", "FUNCTION_NOT_FOUND"),
    ],
)
def test_failure(failure, expression, error) -> None:
    assert error in failure(f"SELECT {expression}")


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc_1", min_size=1), inner),
    max_leaves=8,
)


@given(documents)
def test_parsing_keeps_the_document_and_sorts_its_keys(document) -> None:
    text = json.dumps(document)
    parsed = parse(text)
    assert json.loads(parsed) == document
    assert json.loads(parsed, object_pairs_hook=lambda pairs: [k for k, _ in pairs]) == json.loads(
        json.dumps(document, sort_keys=True), object_pairs_hook=lambda pairs: [k for k, _ in pairs]
    )


@given(st.dictionaries(st.text("ab:_1", min_size=1), documents, min_size=1), st.data())
def test_each_field_is_found_by_its_path(document, data) -> None:
    key = data.draw(st.sampled_from(sorted(document)))
    found = extract(json.dumps(document), f"$.{key}")
    assert json.loads(found) == document[key]
