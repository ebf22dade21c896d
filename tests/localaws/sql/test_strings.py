"""Strings, regular expressions, hashes, JSON.

Expected values: Trino documentation, "String functions", "Regular expression functions", "Binary
functions", "JSON functions".
"""

import pytest


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'it''s'", "it's"),
        ("'a' || 'b'", "ab"),
        ("concat('a', 'b', 'c')", "abc"),
        ("concat('a', NULL)", None),
        ("lower('ÄB')", "äb"),
        ("upper('ß')", "ß"),
        ("length('größe')", "5"),
        ("reverse('abc')", "cba"),
        ("trim('  a ')", "a"),
        ("trim(BOTH 'x' FROM 'xax')", "a"),
        ("ltrim('  a ')", "a "),
        ("replace('abc', 'b')", "ac"),
        ("replace('abc', 'b', 'xx')", "axxc"),
        ("replace('abc', '', '-')", "-a-b-c-"),
        ("strpos('abc', 'c')", "3"),
        ("strpos('abc', 'x')", "0"),
        ("position('b' IN 'abc')", "2"),
        ("substr('hello', 2)", "ello"),
        ("substr('hello', 2, 3)", "ell"),
        ("substr('hello', -3, 2)", "ll"),
        ("substr('hello', 0)", ""),
        ("substr('hello', 9)", ""),
        ("substring('hello' FROM 2 FOR 2)", "el"),
        ("split('a,b,', ',')", "[a, b, ]"),
        ("split_part('a,b', ',', 2)", "b"),
        ("split_part('a,b', ',', 3)", None),
        ("lpad('7', 3, '0')", "007"),
        ("rpad('abc', 2, 'x')", "ab"),
        ("starts_with('abc', 'ab')", "true"),
        ("chr(65)", "A"),
        ("'abc' LIKE 'a%'", "true"),
        ("'a%c' LIKE 'a\\%c' ESCAPE '\\'", "true"),
        ("'a\\c' LIKE 'a\\c'", "true"),
        ("CAST('hello' AS varchar(3))", "hel"),
        ("CAST(true AS varchar)", "true"),
        ("CAST(DECIMAL '1.50' AS varchar)", "1.50"),
        # Trino's TestDoubleOperators.testCastToVarchar
        ("CAST(37.7E0 AS varchar)", "3.77E1"),
        ("CAST(0.1e0 AS varchar)", "1.0E-1"),
        ("CAST(-12e2 AS varchar)", "-1.2E3"),
        ("CAST(12345678.9e0 AS varchar(50))", "1.23456789E7"),
        ("CAST(REAL '0.1' AS varchar)", "1.0E-1"),
        ("CAST(0e0 AS varchar)", "0E0"),
        ("CAST(0e0 / 0e0 AS varchar)", "NaN"),
        ("'abc' NOT LIKE 'b%'", "true"),
        ("'abc' NOT LIKE 'a%'", "false"),
        ("'a_c' NOT LIKE 'a#_c' ESCAPE '#'", "false"),
        # Trino trims all whitespace but no-break spaces, the engine spaces alone.
        ("length(trim(chr(9) || 'a' || chr(10)))", "1"),
        ("length(ltrim(chr(160) || 'a'))", "2"),
        # Code points are reversed, not letters with their accents.
        ("to_hex(to_utf8(reverse('e' || chr(769))))", "CC8165"),
        ("regexp_extract('xb', '(a|x)b', 1)", "x"),
        ("json_extract_scalar('{\"a\": 1.10, \"b\": 1e3}', '$.a')", "1.10"),
        ("json_extract_scalar('{\"a\": 1.10, \"b\": 1e3}', '$.b')", "1e3"),
        ("json_extract_scalar('{\"a\": 1.1x}', '$.a')", None),
        ('json_format(json_parse(\'{"a": 1, "b": 2}\'))', '{"a":1,"b":2}'),
        ("regexp_like('1a 2b 14m', '\\d+b')", "true"),
        ("regexp_extract('1a 2b 14m', '\\d+')", "1"),
        ("regexp_extract('1a 2b 14m', '(\\d+)([a-z]+)', 2)", "a"),
        ("regexp_extract('abc', '\\d+')", None),
        ("regexp_replace('1a 2b 14m', '\\d+[ab] ')", "14m"),
        ("regexp_replace('1a 2b 14m', '(\\d+)([ab]) ', '3c$2 ')", "3ca 3cb 14m"),
        ("to_hex(md5(to_utf8('a')))", "0CC175B9C0F1B6A831C399E269772661"),
        (
            "to_hex(sha256(to_utf8('')))",
            "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
        ),
        ("to_utf8('hi')", "68 69"),
        ('json_extract_scalar(\'{"a": {"b": [1, "x"]}}\', \'$.a.b[1]\')', "x"),
        ("json_extract_scalar('[1, 2]', '$')", None),
        ("json_extract_scalar('{\"a\": true}', '$.a')", "true"),
        ("json_extract_scalar('not json', '$.a')", None),
        ("json_extract_scalar('{\"a\": null}', '$.a')", None),
        ("json_format(json_extract('{\"a\": [1,2]}', '$.a'))", "[1,2]"),
        ("json_array_length('[1, 2, 3]')", "3"),
        ("json_array_length('{}')", None),
    ],
)
def test_value(evaluate, expression, value) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("concat('a')", "FUNCTION_NOT_FOUND"),
        ("lower(1)", "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters (integer)"),
        ("nosuch('a')", "FUNCTION_NOT_FOUND: line 1:8: Function 'nosuch' not registered"),
        ("strpos('a', 'b', 2)", "FUNCTION_NOT_FOUND"),
        ("split_part('a', ',', 0)", "INVALID_FUNCTION_ARGUMENT: Index must be greater than zero"),
        ("regexp_like('a', '(?=a)')", "NOT_SUPPORTED"),
        ("regexp_like('aa', '(a)\\1')", "NOT_SUPPORTED"),
        ("regexp_extract('a', '\\p{L}')", "NOT_SUPPORTED"),
        ("json_parse('nope')", "INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON"),
        ("CAST(12345 AS varchar(3))", "INVALID_CAST_ARGUMENT"),
        ("CAST(12e2 AS varchar(4))", "INVALID_CAST_ARGUMENT"),
        ("'abc' LIKE 'a#bc' ESCAPE '#'", "INVALID_FUNCTION_ARGUMENT"),
        ("'abc' LIKE 'abc' ESCAPE '##'", "INVALID_FUNCTION_ARGUMENT"),
        ("regexp_extract('abc', 'b', 1)", "INVALID_FUNCTION_ARGUMENT: Pattern has 0 groups"),
        ("regexp_extract('abc', '(x)?b', 1)", "NOT_SUPPORTED"),
        ("try(regexp_extract('abc', '(x)?b', 1))", "NOT_SUPPORTED"),
        ("regexp_replace('abc', 'b*', '-')", "NOT_SUPPORTED"),
        ("regexp_replace('abc', '(b)', '$2')", "NOT_SUPPORTED"),
        ('json_format(json_parse(\'{"b": 1, "a": 2}\'))', "NOT_SUPPORTED"),
        ("chr(-1)", "INVALID_FUNCTION_ARGUMENT"),
        ("CAST('a' AS varbinary)", "TYPE_MISMATCH"),
        ("CAST('a' AS nosuchtype)", "SYNTAX_ERROR"),
    ],
)
def test_failure(failure, expression, error) -> None:
    assert failure(f"SELECT {expression}").startswith(error)
