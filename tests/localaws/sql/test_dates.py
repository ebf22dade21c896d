"""Dates, timestamps, time zones.

Expected values: Trino documentation, "Date and time functions and operators"; the zone of an
Athena session is UTC.
"""

import re

import pytest

from localaws.sql.dialect import parse_query
from localaws.sql.queries import analyze


@pytest.mark.parametrize(
    ("expression", "value", "type_"),
    [
        # A pattern without a year is in 1970.
        ("date_parse('10:20', '%H:%i')", "1970-01-01 10:20:00.000", "timestamp(3)"),
        ("date_parse('01:05 pm', '%h:%i %p')", "1970-01-01 13:05:00.000", "timestamp(3)"),
        ("CAST('2020-01-01 00:00:00.6' AS timestamp(0))", "2020-01-01 00:00:01", "timestamp(0)"),
        ("TRY_CAST('abc' AS timestamp)", None, "timestamp(3)"),
        # Trino cuts finer timestamps to milliseconds here.
        (
            "date_format(CAST('2020-01-01 00:00:00.123456' AS timestamp(6)), '%f')",
            "123000",
            "varchar",
        ),
        # The first of the two hours that the end of daylight saving time gives the same name.
        (
            "date_trunc('hour', TIMESTAMP '2020-11-01 05:30:00 UTC' AT TIME ZONE 'America/New_York')"
            " AT TIME ZONE 'UTC'",
            "2020-11-01 05:00:00 UTC",
            "timestamp(0) with time zone",
        ),
        ("DATE '2024-02-29'", "2024-02-29", "date"),
        ("TIMESTAMP '2024-01-01 10:00:00.5'", "2024-01-01 10:00:00.5", "timestamp(1)"),
        ("TIMESTAMP '2024-01-01 10:00:00.123456'", "2024-01-01 10:00:00.123456", "timestamp(6)"),
        (
            "TIMESTAMP '2024-01-01 10:00:00 UTC'",
            "2024-01-01 10:00:00 UTC",
            "timestamp(0) with time zone",
        ),
        ("DATE '2024-01-31' + INTERVAL '1' MONTH", "2024-02-29", "date"),
        ("DATE '2024-01-01' - INTERVAL '1' DAY", "2023-12-31", "date"),
        (
            "TIMESTAMP '2024-01-01 00:00:00' + INTERVAL '1' HOUR",
            "2024-01-01 01:00:00.000",
            "timestamp(3)",
        ),
        ("date_trunc('month', DATE '2024-05-17')", "2024-05-01", "date"),
        (
            "date_trunc('hour', TIMESTAMP '2024-05-17 10:20:30.123')",
            "2024-05-17 10:00:00.000",
            "timestamp(3)",
        ),
        ("date_trunc('week', DATE '2024-05-19')", "2024-05-13", "date"),
        ("date_add('day', 1, DATE '2024-02-28')", "2024-02-29", "date"),
        ("date_add('month', -1, DATE '2024-03-31')", "2024-02-29", "date"),
        (
            "date_add('second', 86, TIMESTAMP '2020-03-01 00:00:00')",
            "2020-03-01 00:01:26",
            "timestamp(0)",
        ),
        (
            "date_diff('second', TIMESTAMP '2020-03-01 00:00:00', TIMESTAMP '2020-03-02 00:00:00')",
            "86400",
            "bigint",
        ),
        (
            "date_diff('day', TIMESTAMP '2024-01-01 23:00:00', TIMESTAMP '2024-01-02 01:00:00')",
            "0",
            "bigint",
        ),
        ("date_diff('day', DATE '2020-03-01', DATE '2020-03-02')", "1", "bigint"),
        ("date_diff('month', DATE '2024-01-31', DATE '2024-02-29')", "1", "bigint"),
        ("date_diff('week', DATE '2024-01-01', DATE '2024-01-14')", "1", "bigint"),
        ("year(DATE '2024-05-17')", "2024", "bigint"),
        ("day_of_week(DATE '2024-01-07')", "7", "bigint"),
        ("extract(DOW FROM DATE '2024-01-07')", "7", "bigint"),
        ("week(DATE '2024-12-30')", "1", "bigint"),
        ("year_of_week(DATE '2024-12-30')", "2025", "bigint"),
        ("millisecond(TIMESTAMP '2024-01-01 00:00:05.321')", "321", "bigint"),
        ("hour(TIMESTAMP '2024-01-01 05:00:00')", "5", "bigint"),
        ("CAST('2024-01-02' AS date)", "2024-01-02", "date"),
        ("CAST(TIMESTAMP '2024-01-02 23:59:59' AS date)", "2024-01-02", "date"),
        ("CAST('2024-01-02 03:04:05.678' AS timestamp)", "2024-01-02 03:04:05.678", "timestamp(3)"),
        (
            "CAST(TIMESTAMP '2024-01-01 00:00:00.123556' AS timestamp(3))",
            "2024-01-01 00:00:00.124",
            "timestamp(3)",
        ),
        (
            "CAST(TIMESTAMP '2024-01-02 03:04:05.678' AS varchar)",
            "2024-01-02 03:04:05.678",
            "varchar",
        ),
        ("TRY_CAST('2024-13-01' AS date)", None, "date"),
        ("date('2024-01-02')", "2024-01-02", "date"),
        ("from_iso8601_date('2020-05-11')", "2020-05-11", "date"),
        (
            "from_iso8601_timestamp('2020-05-11T11:15:05Z')",
            "2020-05-11 11:15:05.000 UTC",
            "timestamp(3) with time zone",
        ),
        ("TRY(from_iso8601_timestamp('never'))", None, "timestamp(3) with time zone"),
        (
            "date_format(TIMESTAMP '2022-10-20 05:10:00', '%Y-%m-%d %H:%i:%s')",
            "2022-10-20 05:10:00",
            "varchar",
        ),
        ("date_parse('2022/10/20 05', '%Y/%m/%d %H')", "2022-10-20 05:00:00.000", "timestamp(3)"),
        ("to_unixtime(TIMESTAMP '1970-01-01 00:00:01.500')", "1.5", "double"),
        ("to_unixtime(DATE '1970-01-02')", "86400.0", "double"),
        (
            "coalesce(DATE '1970-01-02', TIMESTAMP '1970-01-01 00:00:00 UTC')",
            "1970-01-02 00:00:00 UTC",
            "timestamp(0) with time zone",
        ),
        ("from_unixtime(1.5)", "1970-01-01 00:00:01.500 UTC", "timestamp(3) with time zone"),
        ("TIMESTAMP '2024-01-02 00:00:00' > DATE '2024-01-01'", "true", "boolean"),
        ("to_milliseconds(DATE '2024-01-02' - DATE '2024-01-01')", "86400000", "bigint"),
    ],
)
def test_value_and_type(query, expression, value, type_) -> None:
    _, types, rows = query(f"SELECT {expression}")
    assert (rows, types) == ([(value,)], [type_])


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2020-05-11", "2020-05-11 00:00:00.000"),
        ("2020-05-11T11:15", "2020-05-11 11:15:00.000"),
        ("2020-05-11T11:15:05", "2020-05-11 11:15:05.000"),
        ("2020-05-11T11:15:05.055Z", "2020-05-11 11:15:05.055"),
        ("2020-05-11T11:15:05.055+01:00", "2020-05-11 10:15:05.055"),
        ("2020-05-11T11:15:05-0530", "2020-05-11 16:45:05.000"),
        ("2020-05-11T11:15:05-01", "2020-05-11 12:15:05.000"),
        ("2020-05-11T23:59:59.999999Z", "2020-05-11 23:59:59.999"),
    ],
)
def test_iso8601_in_utc(evaluate, text, utc) -> None:
    assert (
        evaluate(f"CAST(from_iso8601_timestamp('{text}') AT TIME ZONE 'UTC' AS timestamp)") == utc
    )


@pytest.mark.parametrize(
    "text",
    [
        "2020-05-11 11:15",
        "2020-13-01",
        "2020-05-11T25:00:00Z",
        "2020-05-11Z",
        "",
        "now",
        "2020-W54",
    ],
)
def test_what_is_not_iso8601_fails(failure, text) -> None:
    error = failure(f"SELECT from_iso8601_timestamp('{text}')")
    assert error == f'INVALID_FUNCTION_ARGUMENT: Invalid format: "{text}"'


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("date_parse(' 2020-01-01', '%Y-%m-%d')", "INVALID_FUNCTION_ARGUMENT"),
        ("date_parse('2020  01', '%Y %m')", "INVALID_FUNCTION_ARGUMENT"),
        ("date_parse('Mon 2020-01-01', '%a %Y-%m-%d')", "NOT_SUPPORTED: a date whose weekday"),
        (
            "date_trunc('fortnight', DATE '2024-01-01')",
            "INVALID_FUNCTION_ARGUMENT: 'fortnight' is not a valid DATE field",
        ),
        (
            "date_format(TIMESTAMP '2022-10-20 05:10:00', '%V')",
            "INVALID_FUNCTION_ARGUMENT: %V not supported in date format string",
        ),
        (
            "CAST('2024-01-01 10:00:00' AS date)",
            "INVALID_CAST_ARGUMENT: Value cannot be cast to date",
        ),
        ("DATE '2024-02-30'", "INVALID_LITERAL"),
        ("DATE '2024-01-01' = '2024-01-01'", "TYPE_MISMATCH"),
        ("DATE '2024-01-01' + INTERVAL '1' HOUR", "INVALID_FUNCTION_ARGUMENT"),
        ("INTERVAL '1' FORTNIGHT", "TYPE_NOT_FOUND: line 1:8: Unknown type: INTERVAL"),
    ],
)
def test_failure(failure, expression, error) -> None:
    assert failure(f"SELECT {expression}").startswith(error)


def test_now_is_one_moment_in_utc(query) -> None:
    _, types, ((same, zone),) = query(
        "SELECT now() = current_timestamp, CAST(now() AS date) = current_date"
    )
    assert (types, same, zone) == (["boolean", "boolean"], "true", "true")


@pytest.mark.parametrize(
    ("expression", "constant"),
    [
        ("DATE '2024-01-10' - INTERVAL '7' DAY", "2024-01-03"),
        ("date_add('month', -1, DATE '2024-03-31')", "2024-02-29"),
        ("date_parse('2024-01-01', '%Y-%m-%d')", "2024-01-01 00:00:00.000"),
        ("from_iso8601_timestamp('2024-01-01T02:00:00+02:00')", "2024-01-01 02:00:00.000 +02:00"),
        ("TIMESTAMP '2024-01-01 00:00 Asia/Tokyo'", "2024-01-01 00:00:00 Asia/Tokyo"),
    ],
)
def test_a_filter_compares_with_a_constant(engine, expression, constant) -> None:
    """Only so can the engine skip files by their statistics."""
    sql = f"SELECT x FROM (VALUES 'a') AS t(x) WHERE x > CAST({expression} AS varchar)"
    output, _ = analyze(parse_query(sql), sql, None, "default")
    with engine.session() as session:
        plan = session.rows(f"EXPLAIN {output.sql}")[0][1]
    assert f"'{constant}'".replace(" ", "") in re.sub(r"[│\s]", "", plan)
