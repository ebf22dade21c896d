"""Intervals and the arithmetic of moments.

Expected values: Trino documentation, "Date and time operators" and "Interval functions"; Trino's
TestIntervalDayTime and TestDateTimeFunctions. Intervals have milliseconds: a timestamp plus one has
at least three digits of a second.
"""

import pytest

DAY_TO_SECOND = "interval day to second"
YEAR_TO_MONTH = "interval year to month"


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("'12 10:45:32.123' DAY TO SECOND", "12 10:45:32.123"),
        ("'12 10:45:32.12' DAY TO SECOND", "12 10:45:32.120"),
        ("'12 10:45' DAY TO SECOND", "12 10:45:00.000"),
        ("'12 10' DAY TO SECOND", "12 10:00:00.000"),
        ("'12' DAY TO SECOND", "12 00:00:00.000"),
        ("'12 10:45' DAY TO MINUTE", "12 10:45:00.000"),
        ("'12 10' DAY TO HOUR", "12 10:00:00.000"),
        ("'90' DAY", "90 00:00:00.000"),
        ("'10:45:32.123' HOUR TO SECOND", "0 10:45:32.123"),
        ("'10:45' HOUR TO MINUTE", "0 10:45:00.000"),
        ("'45:32.12' MINUTE TO SECOND", "0 00:45:32.120"),
        ("'45' MINUTE", "0 00:45:00.000"),
        ("'32.123' SECOND", "0 00:00:32.123"),
        ("'90061.234' SECOND", "1 01:01:01.234"),
        ("'-12 10:45' DAY TO MINUTE", "-12 10:45:00.000"),
        ("-'3' DAY", "-3 00:00:00.000"),
        ("'1-2' YEAR TO MONTH", "1-2"),
        ("'-3' YEAR", "-3-0"),
        ("'14' MONTH", "1-2"),
    ],
)
def test_literal(query, literal, value) -> None:
    _, types, rows = query(f"SELECT INTERVAL {literal}, CAST(INTERVAL {literal} AS varchar)")
    assert rows == [(value, value)]
    assert types[0] == (DAY_TO_SECOND if ":" in value else YEAR_TO_MONTH)


@pytest.mark.parametrize(
    "literal",
    ["'12 10' DAY", "'12 -10' DAY TO HOUR", "'--12' DAY", "'1.5' DAY", "'2' WEEK", "'1-2' MONTH"],
)
def test_what_is_no_literal(failure, literal) -> None:
    assert failure(f"SELECT INTERVAL {literal}").startswith(("INVALID_LITERAL", "TYPE_NOT_FOUND"))


@pytest.mark.parametrize(
    ("expression", "value", "type_"),
    [
        ("DATE '2012-08-08' + INTERVAL '2' DAY", "2012-08-10", "date"),
        ("DATE '2012-08-08' - INTERVAL '2' DAY", "2012-08-06", "date"),
        ("INTERVAL '48' HOUR + DATE '2012-08-08'", "2012-08-10", "date"),
        ("DATE '2024-03-31' - INTERVAL '1' MONTH", "2024-02-29", "date"),
        ("TIME '01:00' + INTERVAL '3' HOUR", "04:00:00.000", "time(3)"),
        ("TIME '01:00' - INTERVAL '3' HOUR", "22:00:00.000", "time(3)"),
        (
            "TIMESTAMP '2012-08-08 01:00' + INTERVAL '29' HOUR",
            "2012-08-09 06:00:00.000",
            "timestamp(3)",
        ),
        (
            "TIMESTAMP '2012-10-31 01:00:00.000000' + INTERVAL '1' DAY",
            "2012-11-01 01:00:00.000000",
            "timestamp(6)",
        ),
        (
            "TIMESTAMP '2012-10-31 01:00' + INTERVAL '1' MONTH",
            "2012-11-30 01:00:00",
            "timestamp(0)",
        ),
        (
            "TIMESTAMP '2024-03-09 12:00 America/New_York' + INTERVAL '1' DAY",
            "2024-03-10 13:00:00.000 America/New_York",
            "timestamp(3) with time zone",
        ),
        ("INTERVAL '2' DAY + INTERVAL '3' HOUR", "2 03:00:00.000", DAY_TO_SECOND),
        ("INTERVAL '2' DAY - INTERVAL '3' HOUR", "1 21:00:00.000", DAY_TO_SECOND),
        ("INTERVAL '3' YEAR + INTERVAL '5' MONTH", "3-5", YEAR_TO_MONTH),
        ("INTERVAL '3' YEAR - INTERVAL '5' MONTH", "2-7", YEAR_TO_MONTH),
        ("INTERVAL '6' SECOND * 2", "0 00:00:12.000", DAY_TO_SECOND),
        ("2.5 * INTERVAL '1' DAY", "2 12:00:00.000", DAY_TO_SECOND),
        ("INTERVAL '3' SECOND / 2", "0 00:00:01.500", DAY_TO_SECOND),
        ("INTERVAL '4' DAY / 2.5", "1 14:24:00.000", DAY_TO_SECOND),
        ("- INTERVAL '6' DAY", "-6 00:00:00.000", DAY_TO_SECOND),
        ("DATE '2020-03-02' - DATE '2020-02-28'", "3 00:00:00.000", DAY_TO_SECOND),
        (
            "TIMESTAMP '2020-01-01 00:00:00.0015' - TIMESTAMP '2020-01-01 00:00:00'",
            "0 00:00:00.002",
            DAY_TO_SECOND,
        ),
        (
            "TIMESTAMP '2020-01-01 00:00:00 UTC' - TIMESTAMP '2020-01-01 00:00:00 +01:00'",
            "0 01:00:00.000",
            DAY_TO_SECOND,
        ),
        ("INTERVAL '2' DAY > INTERVAL '47' HOUR", "true", "boolean"),
        ("INTERVAL '1' YEAR = INTERVAL '12' MONTH", "true", "boolean"),
        ("sum(INTERVAL '36' HOUR)", "1 12:00:00.000", DAY_TO_SECOND),
        (
            "avg(x) FROM (VALUES INTERVAL '1' MONTH, INTERVAL '2' MONTH) AS t(x)",
            "0-2",
            YEAR_TO_MONTH,
        ),
        ("hour(INTERVAL '-49' HOUR)", "-1", "bigint"),
        ("extract(DAY FROM INTERVAL '49' HOUR)", "2", "bigint"),
        ("month(INTERVAL '14' MONTH)", "2", "bigint"),
        ("millisecond(INTERVAL '1.234' SECOND)", "234", "bigint"),
        ("to_milliseconds(parse_duration('1d'))", "86400000", "bigint"),
        ("parse_duration('42.8ms')", "0 00:00:00.043", DAY_TO_SECOND),
        ("parse_duration('3.81 d')", "3 19:26:24.000", DAY_TO_SECOND),
        ("parse_duration('1234 us ')", "0 00:00:00.001", DAY_TO_SECOND),
        ("parse_duration('1234.567m')", "0 20:34:34.020", DAY_TO_SECOND),
        ("human_readable_seconds(96)", "1 minute, 36 seconds", "varchar"),
        ("human_readable_seconds(3762)", "1 hour, 2 minutes, 42 seconds", "varchar"),
        (
            "human_readable_seconds(56363463)",
            "93 weeks, 1 day, 8 hours, 31 minutes, 3 seconds",
            "varchar",
        ),
        ("human_readable_seconds(-0.3)", "0 seconds", "varchar"),
    ],
)
def test_value_and_type(query, expression, value, type_) -> None:
    _, types, rows = query(f"SELECT {expression}")
    assert (rows, types) == ([(value,)], [type_])


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        (
            "DATE '2024-01-01' + INTERVAL '1' HOUR",
            "INVALID_FUNCTION_ARGUMENT: Cannot add hour, minutes or seconds to a date",
        ),
        (
            "DATE '2024-01-01' - INTERVAL '1' HOUR",
            "INVALID_FUNCTION_ARGUMENT: Cannot subtract hour, minutes or seconds from a date",
        ),
        ("INTERVAL '1' DAY + INTERVAL '1' MONTH", "TYPE_MISMATCH"),
        ("INTERVAL '1' DAY * INTERVAL '1' DAY", "TYPE_MISMATCH"),
        ("2 / INTERVAL '1' DAY", "TYPE_MISMATCH"),
        ("INTERVAL '1' DAY - DATE '2020-01-01'", "TYPE_MISMATCH"),
        ("TIME '01:00' + INTERVAL '1' MONTH", "TYPE_MISMATCH"),
        ("INTERVAL '1' DAY = INTERVAL '1' MONTH", "TYPE_MISMATCH"),
        ("INTERVAL '6' DAY / 0", "INVALID_FUNCTION_ARGUMENT: Cannot divide by double 0.0"),
        ("parse_duration('1f')", "INVALID_FUNCTION_ARGUMENT: Unknown time unit: f"),
        (
            "parse_duration('abc')",
            "INVALID_FUNCTION_ARGUMENT: duration is not a valid data duration string: abc",
        ),
    ],
)
def test_failure(failure, expression, error) -> None:
    assert failure(f"SELECT {expression}").startswith(error)
