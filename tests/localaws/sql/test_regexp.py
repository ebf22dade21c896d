"""Regular expression functions.

Expected values: Trino documentation, "Regular expression functions", and its
AbstractTestRegexpFunctions; for what has no row there, the Java pattern's documentation.
"""

import pytest


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (r"regexp_like('1a 2b 14m', '\d+b')", "true"),
        ("regexp_like('Stephen', '^Ste(v|ph)en$')", "true"),
        ("regexp_like('Stevens', '^Ste(v|ph)en$')", "false"),
        ("regexp_like('Hello', '^[a-z]+$')", "false"),
        ("regexp_like('Hello', '^(?i)[a-z]+$')", "true"),
        ("regexp_like('hello\nworld', '.*hello\nworld.*')", "true"),
        ("regexp_like('hello\nworld', 'hello.world')", "false"),
        ("regexp_like('hello\nworld', '(?s)hello.world')", "true"),
        (r"regexp_like('test', 'test\b')", "true"),
        ("regexp_like('Straße', '(?i)STRA.E')", "true"),
        # \w, \d and \s are of ASCII, \b is not (Trino 435).
        (r"regexp_like('Ärger', '^\w+$')", "false"),
        (r"regexp_like('Ä', '\W')", "true"),
        (r"regexp_like('Ä', '[^\w]')", "true"),
        (r"regexp_like('Äb', '^[\W\d]b')", "true"),
        (r"regexp_like(chr(383), '(?i)\w')", "false"),
        (r"regexp_like(chr(383), '(?i)s')", "true"),
        (r"regexp_like(chr(160), '\s')", "false"),
        (r"regexp_like('Äx', '\bx')", "false"),
        (r"regexp_like('Ä-x', '\bx')", "true"),
        (r"regexp_like('٣', '\d')", "false"),
        (r"regexp_replace('ä1٣', '[\d]', 'x')", "äx٣"),
        ("regexp_like('a', '(?=a)')", "true"),
        (r"regexp_like('abab', '(ab)\1')", "true"),
        (r"regexp_like('aab', 'a++b')", "true"),
        (r"regexp_like('x=1', '(?<key>\w)=(?<value>\d)')", "true"),
        (r"regexp_like('a.b', '\Qa.b\E')", "true"),
        (r"regexp_like('axb', '\Qa.b\E')", "false"),
        (r"regexp_like('朋', '\p{Lo}')", "true"),
        (r"regexp_like('a', '[^\d\s]')", "true"),
        (r"regexp_like('a]b', '[\]]')", "true"),
        (r"regexp_like('a' || chr(10), 'a\z')", "false"),
        (r"regexp_like('a' || chr(10), 'a\Z')", "true"),
        (r"regexp_count('1a 2b 14m', '\s*[a-z]+\s*')", "3"),
        ("regexp_count('abc', '')", "4"),
        (r"regexp_extract('1a 2b 14m', '\d+')", "1"),
        (r"regexp_extract('1a 2b 14m', '(\d+)([a-z]+)', 2)", "a"),
        (r"regexp_extract('abc', '\d+')", None),
        ("regexp_extract('abc', '(x)?b', 1)", None),
        ("regexp_extract('xb', '(a|x)b', 1)", "x"),
        (r"regexp_extract_all('1a 2b 14m', '\d+')", "[1, 2, 14]"),
        (r"regexp_extract_all('1a 2b 14m', '(\d+)([a-z]+)', 2)", "[a, b, m]"),
        ("regexp_extract_all('ab', '(a)|b', 1)", "[a, null]"),
        (r"regexp_split('1a 2b 14m', '\s*[a-z]+\s*')", "[1, 2, 14, ]"),
        ("regexp_split('a,b,c', 'x')", "[a,b,c]"),
        (r"regexp_position('I have 23 apples, 5 pears and 13 oranges', '\b\d+\b')", "8"),
        (r"regexp_position('I have 23 apples, 5 pears and 13 oranges', '\b\d+\b', 12)", "19"),
        (r"regexp_position('I have 23 apples, 5 pears and 13 oranges', '\b\d+\b', 12, 2)", "31"),
        (r"regexp_position('I have 23 apples, 5 pears and 13 oranges', '\b\d+\b', 12, 3)", "-1"),
        (r"regexp_replace('1a 2b 14m', '\d+[ab] ')", "14m"),
        (r"regexp_replace('1a 2b 14m', '(\d+)([ab]) ', '3c$2 ')", "3ca 3cb 14m"),
        ("regexp_replace('abc有朋$%X自9远方来', '', 'Y')", "YaYbYcY有Y朋Y$Y%YXY自Y9Y远Y方Y来Y"),
        ("regexp_replace('a有朋💰', '.', '1$02')", "1a21有21朋21💰2"),
        (r"regexp_replace('call 555.123.4444 now', '(\d{3})\.(\d{3}).(\d{4})', '($1) $2-$3')",
         "call (555) 123-4444 now"),
        (r"regexp_replace('xxx xxx xxx', 'x', '\x')", "xxx xxx xxx"),
        ("regexp_replace('xxx', 'x', '$05')", "x5x5x5"),
        ("regexp_replace('123456789', '(1)(2)(3)(4)(5)(6)(7)(8)(9)', '$10')", "10"),
        ("regexp_replace('1234567890', '(1)(2)(3)(4)(5)(6)(7)(8)(9)(0)', '$10')", "0"),
        ("regexp_replace('1234567890', '(1)(2)(3)(4)(5)(6)(7)(8)(9)(0)', '$11')", "11"),
        ("regexp_replace('wxyz', '(?<w>w)|(?<xyz>[xyz])', '[${w}](${xyz})')", "[w]()[](x)[](y)[](z)"),
        ("regexp_replace('xyz', '(?<xyz>[xyz])+', '${xyz}')", "z"),
        (r"regexp_replace('5', '(5)', '\$$1')", "$5"),
        ("regexp_replace('x', '.*', 'xxxxx')", "xxxxxxxxxx"),
        ("regexp_replace('baac', 'a*', '-')", "-b--c-"),
        ("regexp_replace(CAST(NULL AS varchar), 'x')", None),
        (r"regexp_replace('new york', '(\w)(\w*)', x -> upper(x[1]) || lower(x[2]))", "New York"),
        ("regexp_replace('abc有朋$%X自9远方来', '', x -> 'Y')", "YaYbYcY有Y朋Y$Y%YXY自Y9Y远Y方Y来Y"),
        ("regexp_replace('a有朋💰', '(.)', x -> '1' || x[1] || '2')", "1a21有21朋21💰2"),
        (r"regexp_replace('new york city', '(yo\w*)', x -> upper(x[1]))", "new YORK city"),
        (r"regexp_replace('new york', '(\w*)', x -> '<' || x[1] || '>')", "<new><> <york><>"),
        (r"regexp_replace('new', '(\w*)', x -> CAST(length(x[1]) AS varchar))", "30"),
        ("regexp_replace('abbabba', 'abba', x -> 'm')", "mbba"),
        ("regexp_replace('new york', '(a)', x -> upper(x[1]))", "new york"),
        ("regexp_replace('', '', x -> 'Y')", "Y"),
        ("regexp_replace('abde', 'ab(c)?de', x -> IF(x[1] IS NULL, 'foo', 'bar'))", "foo"),
        ("regexp_replace('abde', 'ab(c)?de', x -> 'OK' || x[1])", None),
        ("regexp_replace('aaa', '(b)?', x -> x[1])", None),
        ("regexp_replace(NULL, '(a)', x -> upper(x[1]))", None),
        ("regexp_replace('new', NULL, x -> upper(x[1]))", None),
        ("transform(ARRAY['a1', 'b2'], e -> regexp_replace(e, '([a-z])', x -> upper(x[1]) || e))", "[Aa11, Bb22]"),
        ("try(regexp_extract('abc', 'b', 1))", None),
    ],
)  # fmt: skip
def test_value(evaluate, expression, value) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    ("expression", "type_"),
    [
        ("regexp_replace('a有朋💰', '.', 'Y')", "varchar(14)"),
        ("regexp_replace('a有朋💰', '.', '1$02')", "varchar(44)"),
        ("regexp_replace('fun stuff.', '[a-z]', '*')", "varchar(65)"),
        ("regexp_replace('fun stuff.', '[a-z]')", "varchar(10)"),
        ("regexp_extract('abc', 'b')", "varchar(3)"),
        ("regexp_extract_all('abc', 'b')", "array(varchar(3))"),
        ("regexp_replace(CAST('x' AS varchar), '.*', 'xxxxx')", "varchar"),
        ("regexp_replace('abc', 'b', x -> 'm')", "varchar"),
    ],
)
def test_type(query, expression, type_) -> None:
    assert query(f"SELECT {expression}")[1] == [type_]


def test_a_function_of_null_replaces_nothing(failure) -> None:
    """Trino knows no such overload: the lambda must give a varchar."""
    error = failure("SELECT regexp_replace('aaa', '(a)', x -> NULL)")
    assert error.startswith("FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters")


def test_patterns_may_be_data(query) -> None:
    _, _, rows = query(
        "SELECT regexp_like(x, p) FROM (VALUES ('abc', 'b'), ('abc', 'z'), (NULL, 'z')) t(x, p)"
    )
    assert rows == [("true",), ("false",), (None,)]


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("regexp_like('Straße', '(?i)strasse')", "NOT_SUPPORTED: (?i) over a letter"),
        ("regexp_like('strasse', '(?i)straße')", "NOT_SUPPORTED: (?i) with a letter"),
        ("regexp_like('abc', '[invalid')", "INVALID_FUNCTION_ARGUMENT"),
        ("regexp_like('abc', '(')", "INVALID_FUNCTION_ARGUMENT"),
        ("regexp_like('abc', ')')", "INVALID_FUNCTION_ARGUMENT"),
        ("regexp_extract('abc', 'b', 1)", "INVALID_FUNCTION_ARGUMENT: Pattern has 0 groups. Cannot access group 1"),
        ("regexp_extract('abc', 'b', -1)", "INVALID_FUNCTION_ARGUMENT: Group cannot be negative"),
        ("regexp_position('abc', 'b', 0)", "INVALID_FUNCTION_ARGUMENT"),
        ("regexp_position('abc', 'b', BIGINT '1')", "FUNCTION_NOT_FOUND"),
        ("regexp_position('abc', 'b', 1, BIGINT '1')", "FUNCTION_NOT_FOUND"),
        ("regexp_replace('xxx', 'x', '$1')", "INVALID_FUNCTION_ARGUMENT"),
        ("regexp_replace('xxx', 'x', '$a')", "INVALID_FUNCTION_ARGUMENT"),
        ("regexp_replace('xxx', 'x', '$')", "INVALID_FUNCTION_ARGUMENT"),
        ("regexp_replace('xxx', '(?<name>x)', '${nam}')", "INVALID_FUNCTION_ARGUMENT"),
        (r"regexp_replace('xxx', 'x', '\')", "INVALID_FUNCTION_ARGUMENT"),
        (r"regexp_replace('new', '(\w)', x -> upper(x[2]))", "INVALID_FUNCTION_ARGUMENT"),
        (r"regexp_replace('new', '(\w)', x -> upper(x[0]))", "INVALID_FUNCTION_ARGUMENT"),
        ("regexp_replace('x', 'x', x -> upper(x[1]))", "INVALID_FUNCTION_ARGUMENT"),
        ("regexp_replace('x', 'x', x -> 1)", "TYPE_MISMATCH: line 1:33: the lambda must evaluate to varchar"),
        ("regexp_replace(1, 'x', x -> 'a')", "FUNCTION_NOT_FOUND"),
        ("regexp_like('a', '[a-z&&[^b]]')", "NOT_SUPPORTED"),
        ("regexp_like('a', '(?<=a+)b')", "NOT_SUPPORTED"),
        (r"regexp_like('a', '\h')", "NOT_SUPPORTED"),
        (r"regexp_like('a', '\p{Hiragana}')", "NOT_SUPPORTED"),
        ("regexp_like('a', 'a(?i)b|c')", "NOT_SUPPORTED"),
        ("regexp_like(1, 'a')", "FUNCTION_NOT_FOUND"),
    ],
)  # fmt: skip
def test_failure(failure, expression, error) -> None:
    assert error in failure(f"SELECT {expression}")
