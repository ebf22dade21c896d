"""Map functions, subscripts of maps and rows, strings split into maps.

Expected values: Trino documentation, "Map functions and operators", "String functions and
operators", "Data types" (ROW), and Trino's own tests (TestMapOperators, TestStringFunctions,
TestMultimapFromEntriesFunction, TestRowOperators).
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("map()", "{}"),
        ("map(ARRAY[1, 3], ARRAY[2, 4])", "{1=2, 3=4}"),
        ("map(ARRAY['a'], ARRAY[NULL])", "{a=null}"),
        ("map(ARRAY[], ARRAY[])", "{}"),
        ("map(CAST(NULL AS array(integer)), ARRAY[1])", None),
        ("map(ARRAY['key1', 'key2', 'key3'], ARRAY['v1', 'v2', 'v3'])['key2']", "v2"),
        ("map(ARRAY['a'], ARRAY[NULL])['a']", None),
        ("map(ARRAY['a'], ARRAY[1])[NULL]", None),
        ("map(ARRAY['a', 'bbb'], ARRAY[1, 2])['bbb']", "2"),
        ("map(ARRAY[ROW(1, 2)], ARRAY[3])[ROW(1, 2)]", "3"),
        ("element_at(map(ARRAY['a'], ARRAY[1]), 'a')", "1"),
        ("element_at(map(ARRAY['a'], ARRAY[1]), 'bbb')", None),
        ("element_at(map(ARRAY['a'], ARRAY[1]), NULL)", None),
        ("cardinality(map(ARRAY[1, 3], ARRAY[2, 4]))", "2"),
        ("map_keys(map(ARRAY['a', 'b'], ARRAY[1, NULL]))", "[a, b]"),
        ("map_values(map(ARRAY['a', 'b'], ARRAY[1, NULL]))", "[1, null]"),
        ("map_keys(CAST(NULL AS map(integer, integer)))", None),
        ("map_entries(map(ARRAY[1, 2], ARRAY['x', 'y']))", "[{1, x}, {2, y}]"),
        ("map_from_entries(ARRAY[(1, 'x'), (2, 'y')])", "{1=x, 2=y}"),
        ("map_from_entries(ARRAY[(1, 'x'), (2, NULL)])", "{1=x, 2=null}"),
        ("map_from_entries(ARRAY[CAST(ROW(1, 'x') AS ROW(a integer, b varchar))])", "{1=x}"),
        ("multimap_from_entries(ARRAY[(1, 'x'), (2, 'y'), (1, 'z'), (2, NULL)])", "{1=[x, z], 2=[y, null]}"),
        ("map_concat(map(ARRAY[1, 2], ARRAY['a', 'b']), map(ARRAY[2, 3], ARRAY['c', 'd']))", "{2=c, 3=d, 1=a}"),
        ("map_concat(map(), map(ARRAY[1], ARRAY[2]), map(ARRAY[1], ARRAY[3]))", "{1=3}"),
        ("map_concat(map(ARRAY[1], ARRAY['a']), NULL)", None),
        ("split_to_map('a=123,b=.4,c=,=d', ',', '=')", "{a=123, b=.4, c=, =d}"),
        ("split_to_map('a=1,b=2,', ',', '=')", "{a=1, b=2}"),
        ("split_to_map('key=>value', ',', '=>')", "{key=value}"),
        ("split_to_map('', ',', '=')", "{}"),
        ("split_to_map(NULL, ',', '=')", None),
        ("split_to_multimap('a=1,b=2,a=3', ',', '=')", "{a=[1, 3], b=[2]}"),
        ("array_histogram(ARRAY['a', 'b', 'a', NULL])", "{a=2, b=1}"),
        ("array_histogram(ARRAY[ROW(1, 2), ROW(1, 2)])", "{{1, 2}=2}"),
        ("array_histogram(CAST(ARRAY[] AS array(integer)))", "{}"),
        ("array_histogram(CAST(ARRAY[NULL] AS array(integer)))", "{}"),
        ("array_histogram(CAST(NULL AS array(integer)))", None),
        ("TRY(map(ARRAY[1], ARRAY[2])[3])", None),
        ("TRY(map(ARRAY[1, 1], ARRAY[2, 3]))", None),
        # Rows.
        ("ROW(1, 'x')", "{1, x}"),
        ("ROW(1, 'x')[2]", "x"),
        ("(1, 'x')[1]", "1"),
        ("CAST(ROW(1, 'x') AS ROW(a bigint, b varchar)).b", "x"),
        ("CAST(ROW(1, 'x') AS ROW(a bigint, b varchar))[2]", "x"),
        ("CAST(NULL AS ROW(a bigint)).a", None),
        ("CAST(ROW(1, ROW(2)) AS ROW(a bigint, b ROW(integer)))", "{a=1, b={2}}"),
        ("CAST(CAST(ROW(1) AS ROW(\"userId\" integer)) AS json)", '{"userId":1}'),
        ("CAST(CAST(ROW(1) AS ROW(userId integer)) AS json)", '{"userid":1}'),
        ("CAST(CAST(ROW(1) AS ROW(\"a \"\"B\" integer)) AS json)", r'{"a \"B":1}'),
        ("CAST(ARRAY[CAST(ROW(1) AS ROW(\"userId\" integer))] AS json)", '[{"userId":1}]'),
        ("CAST(ROW(1) AS ROW(\"userId\" integer))", "{userId=1}"),
        ("CAST(ROW(1) AS ROW(\"userId\" integer)).userid", "1"),
        ("CAST(json '{\"userid\": 1}' AS ROW(\"userId\" integer))", "{userId=1}"),
        ("CAST(ROW(1, 'x') AS json)", '{"":1,"":"x"}'),
        ("array_agg(ROW(1, 'x'))", "[{1, x}]"),
        ("ARRAY[ROW(1, 'x')][1][2]", "x"),
    ],
)  # fmt: skip
def test_value(evaluate, expression, value) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    ("expression", "type_"),
    [
        ("map()", "map(unknown, unknown)"),
        ("array_histogram(ARRAY['a'])", "map(varchar(1), bigint)"),
        ("map_entries(map(ARRAY[1], ARRAY['a']))", "array(row(integer, varchar(1)))"),
        ("map_concat(map(ARRAY['a'], ARRAY[1]), map(ARRAY['bb'], ARRAY[1]))", "map(varchar(2), integer)"),
        ("split_to_multimap('', ',', '=')", "map(varchar, array(varchar))"),
        ("ROW(1, 2e0)[2]", "double"),
        ("CAST(ROW(1) AS ROW(\"userId\" integer))", "row(userId integer)"),
    ],
)  # fmt: skip
def test_type(query, expression, type_) -> None:
    assert query(f"SELECT {expression}")[1] == [type_]


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("map(ARRAY['a', 'a'], ARRAY[1, 2])", "INVALID_FUNCTION_ARGUMENT: Duplicate map keys (a) are not allowed"),
        ("map(ARRAY['a', NULL], ARRAY[1, 2])", "INVALID_FUNCTION_ARGUMENT: map key cannot be null"),
        ("map(ARRAY['a'], ARRAY[1, 2])", "INVALID_FUNCTION_ARGUMENT: Key and value arrays must be the same length"),
        ("map(ARRAY['a'], ARRAY[1])['b']", "INVALID_FUNCTION_ARGUMENT: Key not present in map: b"),
        ("map(ARRAY[1], ARRAY[1])[2]", "INVALID_FUNCTION_ARGUMENT: Key not present in map: 2"),
        ("map(ARRAY[1], ARRAY[1])['a']", "TYPE_MISMATCH"),
        ("map_from_entries(ARRAY[(1, 'x'), (1, 'y')])", "INVALID_FUNCTION_ARGUMENT: Duplicate map keys (1) are not"),
        ("map_from_entries(ARRAY[(NULL, 'x')])", "INVALID_FUNCTION_ARGUMENT: map key cannot be null"),
        ("map_from_entries(ARRAY[(1, 'x'), NULL])", "INVALID_FUNCTION_ARGUMENT: map entry cannot be null"),
        ("multimap_from_entries(ARRAY[(NULL, 'x')])", "INVALID_FUNCTION_ARGUMENT: map key cannot be null"),
        ("split_to_map('a=1,a=2', ',', '=')", "INVALID_FUNCTION_ARGUMENT: Duplicate keys (a) are not allowed"),
        ("split_to_map('a=1=2', ',', '=')", "INVALID_FUNCTION_ARGUMENT: Key-value delimiter must appear exactly once"),
        ("split_to_map('a=1,,b=2', ',', '=')", "INVALID_FUNCTION_ARGUMENT: Key-value delimiter must appear exactly"),
        ("split_to_map('a', '=', '=')", "INVALID_FUNCTION_ARGUMENT: entryDelimiter and keyValueDelimiter must not"),
        ("split_to_map('a', '', '=')", "INVALID_FUNCTION_ARGUMENT: entryDelimiter is empty"),
        ("split_to_map('a', ',', '')", "INVALID_FUNCTION_ARGUMENT: keyValueDelimiter is empty"),
        ("ROW(1, 2)[3]", "INVALID_FUNCTION_ARGUMENT: line 1:18: Subscript index out of bounds: 3: max value is 2"),
        ("ROW(1, 2)[0]", "INVALID_FUNCTION_ARGUMENT: line 1:18: Invalid subscript index: 0. ROW indices start at 1"),
        ("ROW(1, 2)[1 + 1]", "EXPRESSION_NOT_CONSTANT"),
        ("5[1]", "TYPE_MISMATCH"),
        ("map(ARRAY[map()], ARRAY[1])", "NOT_SUPPORTED"),
        ("map(ARRAY[1], 5)", "FUNCTION_NOT_FOUND"),
    ],
)  # fmt: skip
def test_failure(failure, expression, error) -> None:
    assert failure(f"SELECT {expression}").startswith(error)


def test_keys_of_data_are_looked_up_row_by_row(query) -> None:
    _, _, rows = query(
        "SELECT m[k], element_at(m, 'b') FROM (VALUES (map(ARRAY['a'], ARRAY[1]), 'a'),"
        " (map(ARRAY['a', 'b'], ARRAY[2, 3]), 'b')) t(m, k)"
    )
    assert rows == [("1", None), ("3", "3")]


keys = st.lists(st.integers(0, 3), max_size=4, unique=True)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(left=keys, right=keys)  # fmt: skip
def test_agrees_with_python(query, left, right) -> None:
    one = {key: f"l{key}" for key in left}
    other = {key: f"r{key}" for key in right}
    expected = {
        "map_concat({a}, {b})": other | {k: v for k, v in one.items() if k not in other},
        "map_zip_with({a}, {b}, (k, v, w) -> coalesce(v, '-') || coalesce(w, '-'))": {
            k: one.get(k, "-") + other.get(k, "-") for k in [*left, *other] if k in one or k in other
        },
        "map_filter({a}, (k, v) -> k > 1)": {k: v for k, v in one.items() if k > 1},
        "transform_values({a}, (k, v) -> v || '!')": {k: f"{v}!" for k, v in one.items()},
    }  # fmt: skip
    calls = [each.format(a=_sql(one), b=_sql(other)) for each in expected]
    _, _, (row,) = query(f"SELECT {', '.join(calls)}")
    assert list(row) == [_text(value) for value in expected.values()]


def _sql(entries: dict[int, str]) -> str:
    values = ", ".join(f"'{value}'" for value in entries.values())
    keys_ = ", ".join(map(str, entries))
    return f"map(CAST(ARRAY[{keys_}] AS array(integer)), CAST(ARRAY[{values}] AS array(varchar)))"


def _text(entries: dict[int, str]) -> str:
    return f"{{{', '.join(f'{key}={value}' for key, value in entries.items())}}}"
