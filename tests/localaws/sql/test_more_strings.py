"""String, URL and binary functions that run in Python, and format().

Expected values: Trino documentation, "String functions and operators", "URL functions", "Binary
functions and operators", "Conversion functions", and its TestStringFunctions, TestUrlFunctions,
TestVarbinaryFunctions and TestFormatFunction; java.util.Formatter for the rest of format().
"""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localaws.engine.functions.strings import levenshtein_distance, strpos


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("codepoint('x')", "120"),
        ("codepoint('宇')", "23431"),
        ("concat_ws('abc', 'def')", "def"),
        ("concat_ws(',', 'def', 'pqr', 'mno')", "def,pqr,mno"),
        ("concat_ws(',', 'def', NULL, 'mno')", "def,mno"),
        ("concat_ws(',', ARRAY['a', NULL, 'c'])", "a,c"),
        ("concat_ws(CAST(NULL AS varchar), 'a', 'b')", None),
        ("hamming_distance('hello', 'jello')", "1"),
        ("hamming_distance('你好', '你坏')", "1"),
        ("levenshtein_distance('kitten', 'sitting')", "3"),
        ("levenshtein_distance('', 'hello')", "5"),
        ("levenshtein_distance('hello na\u00efve world', 'hello naive world')", "1"),
        ("luhn_check('4242424242424242')", "true"),
        ("luhn_check('1234567891234567')", "false"),
        ("luhn_check('')", "false"),
        ("normalize('\u0041\u0308')", "\u00c4"),
        ("replace('aaa', 'a', 'bb')", "bbbbbb"),
        ("soundex('jim')", "J500"),
        ("soundex('JIM')", "J500"),
        ("soundex('Tymczak')", "T522"),
        ("soundex('Pfister')", "P236"),
        ("soundex('Ashcraft')", "A261"),
        ("split('a.b.c', '.')", "[a, b, c]"),
        ("split('a.b.c', '.', 1)", "[a.b.c]"),
        ("split('a.b.c', '.', 2)", "[a, b.c]"),
        ("split('a..b..c', '..')", "[a, b, c]"),
        ("split('a.', '.')", "[a, ]"),
        ("split('', '.')", "[]"),
        ("split_part('abc-@-def-@-ghi', '-@-', 2)", "def"),
        ("split_part('abc-@-def-@-ghi', '-@-', 4)", None),
        ("split_part('abc', '', 2)", "b"),
        ("split_part('', 'abc', 1)", ""),
        ("strpos('high', 'ig')", "2"),
        ("strpos('high', 'igx')", "0"),
        ("strpos('信念,爱,希望', '爱', 1)", "4"),
        ("strpos('abc/xyz/foo/bar', '/', 2)", "8"),
        ("strpos('abc/xyz/foo/bar', '/', -1)", "12"),
        ("strpos('abc/xyz/foo/bar', '/', -2)", "8"),
        ("strpos('abc/xyz/foo/bar', '/', 4)", "0"),
        ("strpos('aaa', 'aa', -1)", "2"),
        ("strpos('high', '', 3)", "1"),
        ("translate('abcd', '', '')", "abcd"),
        ("translate('abcd', 'a', 'z')", "zbcd"),
        ("translate('abcda', 'a', 'z')", "zbcdz"),
        ("translate('Palhoça', 'ç', 'c')", "Palhoca"),
        ("translate('abcd', 'b', '')", "acd"),
        ("translate('abcd', 'aa', 'xy')", "xbcd"),
        ("trim('!foo!', '!')", "foo"),
        ("ltrim('xxfoox', 'x')", "foox"),
        ("url_extract_protocol('http://example.com/path1/p.php?k1=v1#Ref1')", "http"),
        ("url_extract_host('http://example.com:8080/path1/p.php?k1=v1#Ref1')", "example.com"),
        ("url_extract_host('https://username@example.com')", "example.com"),
        ("url_extract_host('http://[::1]:80/')", "[::1]"),
        ("url_extract_port('http://example.com:8080/path1/p.php?k1=v1#Ref1')", "8080"),
        ("url_extract_port('http://example.com/')", None),
        ("url_extract_path('http://example.com/path1/p.php?k1=v1#Ref1')", "/path1/p.php"),
        ("url_extract_path('http://example.com/a%20b')", "/a b"),
        ("url_extract_query('http://example.com/path1/p.php?k1=v1&k2=v2#Ref1')", "k1=v1&k2=v2"),
        ("url_extract_fragment('http://example.com/path1/p.php?k1=v1#Ref1')", "Ref1"),
        ("url_extract_query('http://example.com/path1/p.php')", ""),
        ("url_extract_host('mailto:test@example.com')", ""),
        ("url_extract_protocol('mailto:test@example.com')", "mailto"),
        ("url_extract_path('foo')", "foo"),
        ("url_extract_protocol('foo')", ""),
        ("url_extract_host('http://not uri/cannot contain whitespace')", None),
        ("url_extract_parameter('http://example.com/p?k1=v1&k2=v%202&k3&k4#Ref1', 'k2')", "v 2"),
        ("url_extract_parameter('http://example.com/p?k1=v1&k2=v2&k3&k4#Ref1', 'k3')", ""),
        ("url_extract_parameter('http://example.com/p?k1=v1&k2=v2&k3&k4#Ref1', 'k6')", None),
        ("url_extract_parameter('http://example.com/foo', 'k')", None),
        ("url_encode('http://test')", "http%3A%2F%2Ftest"),
        ("url_encode('http://test?a=b&c=d')", "http%3A%2F%2Ftest%3Fa%3Db%26c%3Dd"),
        ("url_encode('~@:.-*_+ ☃')", "%7E%40%3A.-*_%2B+%E2%98%83"),
        ("url_decode('http%3A%2F%2Ftest%3Fa%3Db+c')", "http://test?a=b c"),
        ("url_decode('%7E%40%3A.-*_%2B+%E2%98%83')", "~@:.-*_+ ☃"),
        ("to_hex(from_base64('aGVsbG8='))", "68656C6C6F"),
        ("to_hex(from_base64('aGVsbG8'))", "68656C6C6F"),
        ("to_base64url(X'FBFF')", "-_8="),
        ("to_hex(from_base64url('-_8'))", "FBFF"),
        ("to_base32(to_utf8('hello'))", "NBSWY3DP"),
        ("from_utf8(from_base32('NBSWY3DP'))", "hello"),
        ("from_utf8(from_hex('E8BFB7'))", "迷"),
        ("substr(to_hex(sha512(to_utf8(''))), 1, 8)", "CF83E135"),
        ("to_hex(md5(to_utf8('hashme')))", "533F6357E0210E67D91F651BC49E1278"),
        # RFC 2202, test case 2.
        ("to_hex(hmac_md5(to_utf8('what do ya want for nothing?'), to_utf8('Jefe')))", "750C783E6AB0B503EAA86E310A5DB738"),
        ("crc32(to_utf8('CRC me!'))", "38028046"),
        ("to_hex(to_big_endian_64(1))", "0000000000000001"),
        ("from_big_endian_64(from_hex('FFFFFFFFFFFFFFFF'))", "-1"),
        ("to_hex(to_big_endian_32(-1))", "FFFFFFFF"),
        ("to_hex(to_ieee754_64(1.0E0))", "3FF0000000000000"),
        ("from_ieee754_32(from_hex('3F800000'))", "1.0"),
        ("to_hex(reverse(from_hex('0102')))", "0201"),
        ("length(from_hex('0102'))", "2"),
        ("format('%s%%', 123)", "123%"),
        ("format('%.4f', pi())", "3.1416"),
        ("format('%08d', -123)", "-0000123"),
        ("format('%03d', 8)", "008"),
        ("format('%-4s|%4s', 'ab', 'cd')", "ab  |  cd"),
        ("format('%s, %s!', 'hello', 'world')", "hello, world!"),
        ("format('%2$s %1$s', 'a', 'b')", "b a"),
        ("format('%,.2f', DECIMAL '1234567.89')", "1,234,567.89"),
        ("format('%,d', 1234567)", "1,234,567"),
        ("format('%.1f', 0.15E0)", "0.2"),
        ("format('%x', 258)", "102"),
        ("format('%x', -1)", "ffffffffffffffff"),
        ("format('%e', 12.34E0)", "1.234000e+01"),
        ("format('%s', 1E10)", "1.0E10"),
        ("format('%s', DATE '2001-08-22')", "2001-08-22"),
        ("format('%b', true)", "true"),
        ("format('%S', 'abc')", "ABC"),
        ("format('%s', CAST(NULL AS bigint))", "null"),
        ("format('%+d %(d', 5, -5)", "+5 (5)"),
    ],
)  # fmt: skip
def test_value(evaluate, expression, value) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("codepoint('hello')", "FUNCTION_NOT_FOUND"),
        ("hamming_distance('hello', 'he')", "INVALID_FUNCTION_ARGUMENT"),
        ("luhn_check('abcd424242424242')", "INVALID_FUNCTION_ARGUMENT"),
        ("soundex('ö')", "INVALID_FUNCTION_ARGUMENT"),
        ("split('a.b', '.', 0)", "INVALID_FUNCTION_ARGUMENT: Limit must be positive"),
        ("split('a.b', '')", "INVALID_FUNCTION_ARGUMENT: The delimiter may not be the empty string"),
        ("split_part('abc', 'b', 0)", "INVALID_FUNCTION_ARGUMENT: Index must be greater than zero"),
        ("strpos('a', 'b', 0)", "INVALID_FUNCTION_ARGUMENT"),
        ("url_decode('%zz')", "INVALID_FUNCTION_ARGUMENT"),
        ("from_base64('%%')", "INVALID_FUNCTION_ARGUMENT"),
        ("from_hex('0g')", "INVALID_FUNCTION_ARGUMENT"),
        ("from_big_endian_64(X'00')", "INVALID_FUNCTION_ARGUMENT"),
        ("from_utf8(X'FF')", "NOT_SUPPORTED"),
        ("format('%d', 'x')", "INVALID_FUNCTION_ARGUMENT: Invalid format string"),
        ("format('%s %s', 'x')", "INVALID_FUNCTION_ARGUMENT: Invalid format string"),
        ("format('%tY', DATE '2001-08-22')", "NOT_SUPPORTED"),
        ("format('x')", "FUNCTION_NOT_FOUND"),
        ("word_stem('going')", "FUNCTION_NOT_FOUND"),
        ("xxhash64(X'00')", "FUNCTION_NOT_FOUND"),
    ],
)  # fmt: skip
def test_failure(failure, expression, error) -> None:
    assert error in failure(f"SELECT {expression}")


@given(st.text("abc"), st.text("abc"))
def test_levenshtein_distance_is_a_metric_with_known_bounds(left, right) -> None:
    distance = levenshtein_distance(left, right)
    assert distance == levenshtein_distance(right, left)
    assert (distance == 0) == (left == right)
    assert abs(len(left) - len(right)) <= distance <= max(len(left), len(right))
    # Each step mends at most one letter that is too many or one that is missing.
    extra = sum((Counter(left) - Counter(right)).values())
    missing = sum((Counter(right) - Counter(left)).values())
    assert distance >= max(extra, missing)


@given(st.text("ab", max_size=12), st.text("ab", min_size=1, max_size=3), st.integers(1, 4))
def test_strpos_counts_overlapping_occurrences_from_both_ends(text, part, instance) -> None:
    places = [i + 1 for i in range(len(text)) if text.startswith(part, i)]
    from_start = places[instance - 1] if instance <= len(places) else 0
    from_end = places[-instance] if instance <= len(places) else 0
    assert strpos(text, part, instance) == from_start
    assert strpos(text, part, -instance) == from_end
