"""Strings, regular expressions, hashes, JSON.

Expected values: Trino documentation, "String functions", "Regular expression functions", "Binary
functions", "JSON functions".
"""

import pytest


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        # Source: Trino 435.
        ("concat_ws(',', ARRAY[CAST(NULL AS varchar)])", ""),
        ("concat_ws(CAST(NULL AS varchar), ARRAY['a', 'b'])", None),
        ("concat_ws(',', ARRAY['a', NULL, 'b'])", "a,b"),
        ("concat_ws(',', CAST(NULL AS array(varchar)))", None),
        ("typeof(with_timezone(DATE '2020-01-31', 'UTC'))", "timestamp(0) with time zone"),
        ("'it''s'", "it's"),
        ("'a' || 'b'", "ab"),
        ("concat('a', 'b', 'c')", "abc"),
        ("concat('a', NULL)", None),
        ("'a' || NULL", None),
        ("NULL || 'a'", None),
        ("'a' || NULL || 'b'", None),
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
        # A pattern that is computed: SQLAlchemy's contains(autoescape=True).
        ("'b%c' LIKE '%' || 'b/%' || '%' ESCAPE '/'", "true"),
        ("'bxc' LIKE '%' || 'b/%' || '%' ESCAPE '/'", "false"),
        ("'a%' LIKE 'a/%' ESCAPE NULL", None),
        ("'bxc' NOT LIKE '%' || 'b/%' || '%' ESCAPE '/'", "true"),
        ("'a/b' LIKE concat('a', '//b') ESCAPE substr('x/', 2)", "true"),
        ("'a' LIKE CAST(NULL AS varchar) ESCAPE '/'", None),
        # Trino trims all whitespace but no-break spaces, the engine spaces alone.
        ("length(trim(chr(9) || 'a' || chr(10)))", "1"),
        ("length(ltrim(chr(160) || 'a'))", "2"),
        # Code points are reversed, not letters with their accents.
        ("to_hex(to_utf8(reverse('e' || chr(769))))", "CC8165"),
        ("to_hex(md5(to_utf8('a')))", "0CC175B9C0F1B6A831C399E269772661"),
        (
            "to_hex(sha256(to_utf8('')))",
            "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
        ),
        ("to_utf8('hi')", "68 69"),
    ],
)
def test_value(evaluate, expression, value) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("concat('a')", "FUNCTION_NOT_FOUND"),
        ("codepoint('')", "INVALID_FUNCTION_ARGUMENT: Input string must be a single character"),
        ("TRY(from_utf8(X'FF'))", "NOT_SUPPORTED: line 1:12: TRY of"),
        ("lower(1)", "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters (integer)"),
        ("nosuch('a')", "FUNCTION_NOT_FOUND: line 1:8: Function 'nosuch' not registered"),
        ("split_part('a', ',', 0)", "INVALID_FUNCTION_ARGUMENT: Index must be greater than zero"),
        ("CAST(12345 AS varchar(3))", "INVALID_CAST_ARGUMENT"),
        ("CAST(12e2 AS varchar(4))", "INVALID_CAST_ARGUMENT"),
        ("'abc' LIKE 'a#bc' ESCAPE '#'", "INVALID_FUNCTION_ARGUMENT"),
        ("'abc' LIKE 'abc' ESCAPE '##'", "INVALID_FUNCTION_ARGUMENT"),
        (
            "'abc' LIKE concat('a#', 'bc') ESCAPE '#'",
            "INVALID_FUNCTION_ARGUMENT: Escape character must be followed by",
        ),
        (
            "'abc' LIKE concat('ab', 'c#') ESCAPE '#'",
            "INVALID_FUNCTION_ARGUMENT: Escape character must be followed by",
        ),
        (
            "'abc' LIKE concat('ab', 'c') ESCAPE '##'",
            "INVALID_FUNCTION_ARGUMENT: Escape string must be a single",
        ),
        (
            "'abc' LIKE 1",
            "TYPE_MISMATCH: line 1:8: Pattern for LIKE expression must evaluate to a varchar",
        ),
        ("chr(-1)", "INVALID_FUNCTION_ARGUMENT"),
        ("CAST('a' AS nosuchtype)", "TYPE_NOT_FOUND: line 1:8: Unknown type: nosuchtype"),
    ],
)
def test_failure(failure, expression, error) -> None:
    assert failure(f"SELECT {expression}").startswith(error)


@pytest.mark.parametrize(
    ("expression", "type_"),
    [
        # Source: Trino 435.
        ("replace('abc', 'b')", "varchar(3)"),
        ("replace('abc', CAST('b' AS varchar), 'xx')", "varchar(11)"),
        ("replace(CAST('a' AS varchar), 'b', 'xx')", "varchar"),
        ("regexp_replace('abc', 'b', 'xx')", "varchar(15)"),
        ("url_encode('a b')", "varchar(36)"),
        ("json_extract_scalar('[1]', '$[0]')", "varchar(3)"),
        ("json_extract_scalar(JSON '[1]', '$[0]')", "varchar"),
    ],
)
def test_length_of_the_result(query, expression, type_) -> None:
    assert query(f"SELECT {expression}")[1] == [type_]
