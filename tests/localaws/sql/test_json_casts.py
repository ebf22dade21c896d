"""CAST to and from JSON.

Expected values: Trino documentation, "JSON functions and operators", and Trino's
TestJsonOperators, TestRowOperators, TestMapOperators, TestArrayOperators.
"""

import pytest

INFINITY = "DOUBLE 'Infinity'"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("NULL", None),
        ("1", "1"),
        ("9223372036854775807", "9223372036854775807"),
        ("'abc'", '"abc"'),
        ("'\"a\":2' || chr(9) || chr(31)", '"\\"a\\":2\\t\\u001F"'),
        ("true", "true"),
        ("1.234", "1.234"),
        ("1e308", "1.0E308"),
        ("1e-3", "0.001"),
        ("REAL '3.14'", "3.14"),
        ("DOUBLE 'NaN'", '"NaN"'),
        (INFINITY, '"Infinity"'),
        ("DECIMAL '3.10'", "3.10"),
        ("DATE '2001-08-22'", '"2001-08-22"'),
        ("TIMESTAMP '1970-01-01 00:00:01'", '"1970-01-01 00:00:01"'),
        ("ARRAY[1, NULL, 456]", "[1,null,456]"),
        ("ARRAY[]", "[]"),
        ("ARRAY[ARRAY[1, 23], NULL, ARRAY[456]]", "[[1,23],null,[456]]"),
        ("ARRAY[JSON '{\"a\": 1}', JSON 'null']", '[{"a":1},null]'),
        ("MAP(ARRAY['b', 'a'], ARRAY[2, NULL])", '{"a":null,"b":2}'),
        ("MAP(ARRAY[2, 10], ARRAY[1.5, 2e9])", '{"10":2.0E9,"2":1.5}'),
        ("MAP(ARRAY[true], ARRAY['x'])", '{"true":"x"}'),
        ("CAST(ROW(123, 'abc', NULL) AS ROW(v1 bigint, v2 varchar, v3 boolean))", '{"v1":123,"v2":"abc","v3":null}'),
        ("ROW(1, ROW('x'))", '{"":1,"":{"":"x"}}'),
        ("CAST(NULL AS ROW(a integer))", None),
    ],
)  # fmt: skip
def test_to_json(query, expression, value) -> None:
    _, types, rows = query(f"SELECT CAST({expression} AS JSON)")
    assert (rows, types) == ([(value,)], ["json"])


@pytest.mark.parametrize(
    ("document", "type_", "value"),
    [
        ("null", "varchar", None),
        ("128", "varchar", "128"),
        ("12345678901234567890", "varchar", "12345678901234567890"),
        ("128.9", "varchar", "1.289E2"),
        ("1e309", "varchar", "Infinity"),
        ("true", "varchar", "true"),
        ('"null"', "varchar", "null"),
        ('"a\\nb"', "varchar", "a\nb"),
        ('"test "', "varchar(5)", "test "),
        ("null", "bigint", None),
        ("128.9", "bigint", "129"),
        ("1234567890123456789.0", "bigint", "1234567890123456768"),
        ("1e-324", "bigint", "0"),
        ("true", "integer", "1"),
        ('"128"', "smallint", "128"),
        (" 128", "bigint", "128"),
        ("-9223372036854775808", "bigint", "-9223372036854775808"),
        ("12345678901234567890", "double", "1.2345678901234567E19"),
        ("1e309", "double", "Infinity"),
        ('"NaN"', "double", "NaN"),
        ("false", "double", "0.0"),
        ("128.9", "real", "128.9"),
        ("1e39", "real", "Infinity"),
        ("0", "boolean", "false"),
        ("128.9", "boolean", "true"),
        ('"True"', "boolean", "true"),
        ("123.456", "decimal(10,5)", "123.45600"),
        ("true", "decimal(10,5)", "1.00000"),
        ("[1,null,456]", "array(integer)", "[1, null, 456]"),
        ("[[1,23],[456]]", "array(array(integer))", "[[1, 23], [456]]"),
        ("[[1, 23], 456]", "array(json)", "[[1,23], 456]"),
        ("[null]", "array(json)", "[null]"),
        ("null", "array(integer)", None),
        ('{"k1": 1, "k2": null}', "map(varchar, integer)", "{k1=1, k2=null}"),
        ('{"1": [1], "2": []}', "map(bigint, array(double))", "{1=[1.0], 2=[]}"),
        ('{"k1": [1, 23], "k2": 456}', "map(varchar, json)", "{k1=[1,23], k2=456}"),
        ('{"v1": 123, "V2": "abc"}', "row(v1 bigint, v2 varchar, v3 boolean)", "{v1=123, v2=abc, v3=null}"),
        ('[123, "abc", true]', "row(v1 bigint, v2 varchar, v3 boolean)", "{v1=123, v2=abc, v3=true}"),
        ("[1, [2, 3]]", "row(integer, array(integer))", "{1, [2, 3]}"),
        ("null", "row(a integer)", None),
    ],
)  # fmt: skip
def test_from_json(evaluate, document, type_, value) -> None:
    assert evaluate(f"CAST(JSON '{document}' AS {type_})") == value


@pytest.mark.parametrize(
    ("document", "type_"),
    [
        ("12345678901234567890", "bigint"),
        ("12345678901", "integer"),
        ('"128.9"', "bigint"),
        ('"true"', "bigint"),
        ('{"x": 123}', "bigint"),
        ('{"x": 123}', "varchar"),
        ('"test "', "varchar(4)"),
        ('"abc"', "decimal(10,3)"),
        ("1234567890123456", "decimal(10,3)"),
        ('"128"', "boolean"),
        ('{"a": 1}', "array(integer)"),
        ('[1, "abc"]', "array(integer)"),
        ("[1]", "map(varchar, integer)"),
        ("1", "row(a integer)"),
        ("[1]", "row(a integer, b integer)"),
        ('{"a": 1, "A": 2}', "row(a integer)"),
        ('{"a": 1}', "row(integer)"),
    ],
)
def test_json_that_does_not_fit(failure, evaluate, document, type_) -> None:
    error = failure(f"SELECT CAST(JSON '{document}' AS {type_})")
    assert error.startswith("INVALID_CAST_ARGUMENT: ")
    assert evaluate(f"TRY_CAST(JSON '{document}' AS {type_})") is None


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("CAST(X'00' AS JSON)", "TYPE_MISMATCH: line 1:8: Cannot cast varbinary to json"),
        ("CAST(JSON '{}' AS map(array(integer), integer))", "TYPE_MISMATCH"),
        # Trino has such rows.
        (
            'CAST(JSON \'[1,2]\' AS ROW("a" integer, "A" integer))',
            "TYPE_MISMATCH: line 1:8: fields of one name",
        ),
        (
            "CAST(JSON '[]' AS array(ROW(a integer, a integer)))",
            "TYPE_MISMATCH: line 1:8: fields of one name",
        ),
        # Java would write 1E-7.
        ("CAST(DECIMAL '0.0000001' AS JSON)", "TYPE_MISMATCH"),
        # The engine reads parts of documents as doubles.
        ("CAST(JSON '[0.1]' AS array(decimal(38,10)))", "TYPE_MISMATCH"),
    ],
)
def test_cast_that_does_not_exist(failure, expression, error) -> None:
    assert failure(f"SELECT {expression}").startswith(error)


def test_a_document_that_went_there_and_back(evaluate) -> None:
    type_ = "array(row(a map(varchar, array(bigint)), b double))"
    value = "[{a={x=[1, null], y=null}, b=1.5}, null]"
    made = "ROW(MAP(ARRAY['y', 'x'], ARRAY[NULL, ARRAY[1, NULL]]), 1.5)"
    sql = f"CAST(CAST(CAST(ARRAY[{made}, NULL] AS {type_}) AS JSON) AS {type_})"
    assert evaluate(sql) == value


@pytest.mark.parametrize(
    "type_",
    [
        *("bigint", "varchar", "boolean", "json", "array(json)", "array(integer)"),
        *("map(varchar, json)", "map(varchar, integer)", "map(bigint, array(varchar))"),
        *("row(a json)", "array(map(varchar, json))", "map(varchar, row(a integer))"),
    ],
)
def test_a_path_that_is_not_there_is_null_in_every_type(query, type_) -> None:
    """Unlike JSON's null it is no document at all; the cast of NULL is NULL."""
    documents = "(VALUES JSON '{}', NULL) AS t(j)"
    _, _, rows = query(
        f"SELECT CAST(json_extract(j, '$.gone') AS {type_}) IS NULL, "
        f"CAST(j AS json) IS NULL, CAST(CAST(NULL AS json) AS {type_}) IS NULL FROM {documents}"
    )
    assert sorted(rows) == [("true", "false", "true"), ("true", "true", "true")]
