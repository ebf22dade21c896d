"""date_format, date_parse, format_datetime, parse_datetime and ISO 8601.

Expected values: Trino documentation, "MySQL date functions" and "Java date functions"; Trino's
TestDateTimeFunctions; of what is read leniently, Joda-Time's DateTimeFormatterBuilder and
DateTimeParserBucket.
"""

import pytest

MOMENT = "TIMESTAMP '2001-01-09 13:04:05.321'"


@pytest.mark.parametrize(
    ("letter", "text"),
    [
        ("%a", "Tue"),
        ("%b", "Jan"),
        ("%c", "1"),
        ("%d", "09"),
        ("%e", "9"),
        ("%f", "321000"),
        ("%H", "13"),
        ("%h", "01"),
        ("%I", "01"),
        ("%i", "04"),
        ("%j", "009"),
        ("%k", "13"),
        ("%l", "1"),
        ("%M", "January"),
        ("%m", "01"),
        ("%p", "PM"),
        ("%r", "01:04:05 PM"),
        ("%S", "05"),
        ("%s", "05"),
        ("%T", "13:04:05"),
        ("%v", "02"),
        ("%W", "Tuesday"),
        ("%x", "2001"),
        ("%Y", "2001"),
        ("%y", "01"),
        ("%%", "%"),
        ("foo", "foo"),
        ("%g", "g"),
        ("%4", "4"),
        ("%v %x %f %", "02 2001 321000 "),
    ],
)
def test_letter_of_date_format(evaluate, letter, text) -> None:
    assert evaluate(f"date_format({MOMENT}, '{letter}')") == text


@pytest.mark.parametrize("letter", ["%D", "%U", "%u", "%V", "%w", "%X"])
@pytest.mark.parametrize("call", [f"date_format({MOMENT}, '{{}}')", "date_parse('x', '{}')"])
def test_letters_that_trino_does_not_know(failure, call, letter) -> None:
    error = f"INVALID_FUNCTION_ARGUMENT: {letter} not supported in date format string"
    assert failure(f"SELECT {call.format(letter)}") == error


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("date_format(DATE '2022-10-20', '%m-%d-%Y %H')", "10-20-2022 00"),
        # Rounded to milliseconds, not cut off.
        ("date_format(TIMESTAMP '2020-12-31 23:59:59.999500', '%Y %f')", "2021 000000"),
        ("date_format(TIMESTAMP '2001-08-22 03:04:05.321 +07:09', '%H:%i')", "03:04"),
        (
            "format_datetime(TIMESTAMP '2001-08-22 03:04:05.321', 'YYYY/MM/dd HH:mm')",
            "2001/08/22 03:04",
        ),
        (
            "format_datetime(TIMESTAMP '2001-08-22 03:04:05.321 +07:09', 'YYYY/MM/dd HH:mm ZZZZ')",
            "2001/08/22 03:04 +07:09",
        ),
        (
            "format_datetime(TIMESTAMP '2024-07-05 00:04:05.321 America/New_York', "
            "'yyyy-MM-dd''T''HH:mm:ss.SSSZZ')",
            "2024-07-05T00:04:05.321-04:00",
        ),
        ("format_datetime(TIMESTAMP '2024-07-05 00:04 UTC', 'Z ZZ ZZZ')", "+0000 +00:00 UTC"),
        (
            f"format_datetime({MOMENT}, 'E EEEE MMM MMMM M d D DDD e w xxxx')",
            "Tue Tuesday Jan January 1 9 9 009 2 2 2001",
        ),
        (
            f"format_datetime({MOMENT}, 'h K H k a m s S SS SSSSS y yy yyyyy')",
            "1 1 13 13 PM 4 5 3 32 32100 2001 01 02001",
        ),
        ("format_datetime(TIMESTAMP '2001-01-01 00:00', 'h K H k')", "12 0 0 24"),
        (f"format_datetime({MOMENT}, 'd ''de'' MMMM, ''o''''clock''')", "9 de January, o'clock"),
        ("to_iso8601(DATE '2001-08-22')", "2001-08-22"),
        ("to_iso8601(TIMESTAMP '2001-08-22 03:04:05.321')", "2001-08-22T03:04:05.321"),
        ("to_iso8601(TIMESTAMP '2001-08-22 03:04:05')", "2001-08-22T03:04:05"),
    ],
)
def test_written(evaluate, expression, text) -> None:
    assert evaluate(expression) == text


@pytest.mark.parametrize(
    ("text", "pattern", "moment"),
    [
        ("2013", "%Y", "2013-01-01 00:00:00.000"),
        ("2013-05", "%Y-%m", "2013-05-01 00:00:00.000"),
        ("2013-05-17 12:35:10", "%Y-%m-%d %h:%i:%s", "2013-05-17 00:35:10.000"),
        ("2013-05-17 12:35:10 PM", "%Y-%m-%d %h:%i:%s %p", "2013-05-17 12:35:10.000"),
        ("2013-05-17 12:35:10 am", "%Y-%m-%d %r", "2013-05-17 00:35:10.000"),
        ("13:04:05 PM", "%H:%i:%s %p", "1970-01-01 13:04:05.000"),
        ("2013-05-17 23:35:10.1234567", "%Y-%m-%d %T.%f", "2013-05-17 23:35:10.123"),
        ("2013 14", "%x %v", "2013-04-01 00:00:00.000"),
        ("2020-366", "%Y-%j", "2020-12-31 00:00:00.000"),
        ("JAN 5 2020", "%M %e %Y", "2020-01-05 00:00:00.000"),
        ("january 05 2020", "%b %d %Y", "2020-01-05 00:00:00.000"),
        ("Wed, 2020-01-01", "%a, %Y-%m-%d", "2020-01-01 00:00:00.000"),
        ("69", "%y", "2069-01-01 00:00:00.000"),
        ("70", "%y", "1970-01-01 00:00:00.000"),
        ("1-2-3", "%Y-%m-%d", "0001-02-03 00:00:00.000"),
        # A month or a day without a year is in 2000, which has a February 29.
        ("02-29", "%m-%d", "2000-02-29 00:00:00.000"),
        ("10:20", "%H:%i", "1970-01-01 10:20:00.000"),
        ("2020-06-17t10", "%Y-%m-%dT%H", "2020-06-17 10:00:00.000"),
        ("x", "x", "1970-01-01 00:00:00.000"),
    ],
)
def test_date_parse(query, text, pattern, moment) -> None:
    of_data = f"SELECT date_parse(x, '{pattern}') FROM (VALUES '{text}', NULL) AS t(x)"
    assert query(of_data)[2] == [(moment,), (None,)]
    assert query(f"SELECT date_parse('{text}', '{pattern}')")[2] == [(moment,)]


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("", "%Y"),
        ("2013-13", "%Y-%m"),
        ("2013-0", "%Y-%m"),
        ("2013-02-29", "%Y-%m-%d"),
        ("2013-366", "%Y-%j"),
        ("2013 53", "%x %v"),
        ("2013 ", "%Y"),
        (" 2013", "%Y"),
        ("24:00", "%H:%i"),
        ("13 PM", "%h %p"),
        ("0 AM", "%l %p"),
        ("10:60", "%H:%i"),
        ("7", "%y"),
        ("jAN", "%b"),
        # Numbers take all the digits they can, and give none back.
        ("20131", "%Y%m%d"),
        ("15", "%d5"),
    ],
)
def test_what_date_parse_does_not_read(failure, text, pattern) -> None:
    error = f'INVALID_FUNCTION_ARGUMENT: Invalid format: "{text}"'
    assert failure(f"SELECT date_parse('{text}', '{pattern}')") == error


@pytest.mark.parametrize(
    ("text", "pattern", "moment"),
    [
        ("1960/01/22 03:04", "YYYY/MM/dd HH:mm", "1960-01-22 03:04:00.000 UTC"),
        ("1960/01/22 03:04 +0500", "YYYY/MM/dd HH:mm Z", "1960-01-22 03:04:00.000 +05:00"),
        ("1960/01/22 03:04 -05:30", "YYYY/MM/dd HH:mm ZZ", "1960-01-22 03:04:00.000 -05:30"),
        ("2020-06-10T01:02:03.4Z", "yyyy-MM-dd''T''HH:mm:ss.SZ", "2020-06-10 01:02:03.400 UTC"),
        ("20200610", "yyyyMMdd", "2020-06-10 00:00:00.000 UTC"),
        ("12020", "yyyyy", None),
        ("2020 1 3", "xxxx w e", "2020-01-01 00:00:00.000 UTC"),
        ("24", "k", "1970-01-01 00:00:00.000 UTC"),
        ("11 PM", "K a", "1970-01-01 23:00:00.000 UTC"),
        ("1 Jun 98", "d MMM yy", "1998-06-01 00:00:00.000 UTC"),
        ("1 June 1998", "d MMM yy", "1998-06-01 00:00:00.000 UTC"),
    ],
)
def test_parse_datetime(evaluate, text, pattern, moment) -> None:
    assert evaluate(f"TRY(parse_datetime('{text}', '{pattern}'))") == moment


def test_offsets_in_data_are_subtracted(query) -> None:
    moments = "(VALUES '1960/01/22 03:04 +0500', '1960/01/22 03:04 Z') AS t(x)"
    sql = f"SELECT parse_datetime(x, 'yyyy/MM/dd HH:mm Z') AT TIME ZONE 'UTC' FROM {moments}"
    assert query(sql)[2] == [("1960-01-21 22:04:00.000 UTC",), ("1960-01-22 03:04:00.000 UTC",)]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2020", "2020-01-01 00:00:00.000 UTC"),
        ("2020-5", "2020-05-01 00:00:00.000 UTC"),
        ("2020-5-1", "2020-05-01 00:00:00.000 UTC"),
        ("2020-W10", "2020-03-02 00:00:00.000 UTC"),
        ("2020-W53-5T10", "2021-01-01 10:00:00.000 UTC"),
        ("2020-123", "2020-05-02 00:00:00.000 UTC"),
        ("2020-05-11T", "2020-05-11 00:00:00.000 UTC"),
        ("T10:11", "1970-01-01 10:11:00.000 UTC"),
        ("2020-05-11T11:15:05,0559", "2020-05-11 11:15:05.055 UTC"),
        ("2020-05-11T11+01", "2020-05-11 11:00:00.000 +01:00"),
        ("2020-05-11T11:15-0530", "2020-05-11 11:15:00.000 -05:30"),
    ],
)
def test_from_iso8601_timestamp(evaluate, text, moment) -> None:
    assert evaluate(f"from_iso8601_timestamp('{text}')") == moment
    if moment.endswith("UTC"):
        assert evaluate(f"from_iso8601_timestamp(x) FROM (VALUES '{text}') AS t(x)") == moment


@pytest.mark.parametrize(
    ("text", "day"),
    [("2020-05-11", "2020-05-11"), ("2020-W10", "2020-03-02"), ("2020-123", "2020-05-02")],
)
def test_from_iso8601_date(evaluate, text, day) -> None:
    assert evaluate(f"from_iso8601_date('{text}')") == day


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("from_iso8601_date('2020-05-11T10:00')", "INVALID_FUNCTION_ARGUMENT: Invalid format"),
        ("from_iso8601_date('2021-W53')", "INVALID_FUNCTION_ARGUMENT: Invalid format"),
        ("from_iso8601_timestamp('2020-366T25')", "INVALID_FUNCTION_ARGUMENT: Invalid format"),
        ("from_iso8601_timestamp_nanos('2020-01-01T00:00')", "NOT_SUPPORTED"),
        (
            f"format_datetime({MOMENT}, 'YYYY/MM/dd HH:mm ZZZZ')",
            "INVALID_FUNCTION_ARGUMENT: format_datetime for TIMESTAMP type, cannot use 'Z' nor 'z'",
        ),
        (f"format_datetime({MOMENT}, 'YYYYTMM')", "INVALID_FUNCTION_ARGUMENT: Illegal pattern"),
        (f"format_datetime({MOMENT}, 'G')", "NOT_SUPPORTED: line 1:8: format_datetime: the format"),
        ("parse_datetime('CET', 'ZZZ')", "NOT_SUPPORTED"),
        ("date_parse('2020 2021', '%Y %y')", "NOT_SUPPORTED"),
        ("date_parse('10 3', '%v %a')", "NOT_SUPPORTED"),
        ("date_parse('2020-01-01', x) FROM (VALUES '%Y') AS t(x)", "NOT_SUPPORTED"),
        ("TRY(date_parse(x, '%a %Y-%m-%d')) FROM (VALUES 'a') AS t(x)", "NOT_SUPPORTED"),
    ],
)
def test_failure(failure, expression, error) -> None:
    assert failure(f"SELECT {expression}").startswith(error)
