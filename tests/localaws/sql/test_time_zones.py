"""Timestamps with time zone.

Expected values: Trino documentation, "Date and time functions and operators"; Trino's
TestTimestampWithTimeZone, TestAtTimeZone and TestDateTimeFunctions. The zone of an Athena session
is UTC. Of two equal local times a literal means the first (java.time), with_timezone the one that
Joda-Time takes.
"""

import pytest

NEW_YORK = "America/New_York"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (
            "TIMESTAMP '2012-10-31 01:00 UTC' AT TIME ZONE 'America/Los_Angeles'",
            "2012-10-30 18:00:00 America/Los_Angeles",
        ),
        ("TIMESTAMP '2024-07-05 12:34:56.789 America/New_York'", None),
        ("TIMESTAMP '2024-07-05 12:34:56.789 -00:30'", None),
        ("TIMESTAMP '2020-05-01 12:34:56.123456 Asia/Kathmandu'", None),
        ("TIMESTAMP '1500-05-01 12:34:56 Asia/Kolkata'", None),
        ("TIMESTAMP '2024-01-01 00:00:00+00:00'", "2024-01-01 00:00:00 UTC"),
        ("TIMESTAMP '2024-01-01 00:00:00Z'", "2024-01-01 00:00:00 UTC"),
        ("TIMESTAMP '2024-01-01 GMT'", "2024-01-01 00:00:00 UTC"),
        ("TIMESTAMP '2024-01-01 1:02 +0530'", "2024-01-01 01:02:00 +05:30"),
        (f"TIMESTAMP '2020-11-01 01:30 {NEW_YORK}' AT TIME ZONE 'UTC'", "2020-11-01 05:30:00 UTC"),
        (
            "TIMESTAMP '2020-10-25 02:30 Europe/Berlin' AT TIME ZONE 'UTC'",
            "2020-10-25 00:30:00 UTC",
        ),
        (
            "with_timezone(TIMESTAMP '2020-10-25 02:30', 'Europe/Berlin') AT TIME ZONE 'UTC'",
            "2020-10-25 01:30:00 UTC",
        ),
        # Clocks skip this time: no literal (below), but a CAST.
        (
            f"CAST('2020-03-08 02:30 {NEW_YORK}' AS timestamp(0) with time zone)",
            f"2020-03-08 03:30:00 {NEW_YORK}",
        ),
        (
            "with_timezone(TIMESTAMP '2022-11-01 09:08:07.321', 'America/Los_Angeles')",
            "2022-11-01 09:08:07.321 America/Los_Angeles",
        ),
        (
            "at_timezone(TIMESTAMP '2022-11-01 09:08:07.321', 'America/Los_Angeles')",
            "2022-11-01 02:08:07.321 America/Los_Angeles",
        ),
        (
            "TIMESTAMP '2020-01-01 00:00' AT TIME ZONE INTERVAL '-30' MINUTE",
            "2019-12-31 23:30:00 -00:30",
        ),
        ("TIMESTAMP '2020-01-01 10:00:00 UTC' = TIMESTAMP '2020-01-01 12:00:00 +02:00'", "true"),
        ("TIMESTAMP '2020-01-01 10:00:00' < TIMESTAMP '2020-01-01 12:00:01 +02:00'", "true"),
        (f"CAST(TIMESTAMP '2024-07-05 23:00 {NEW_YORK}' AS date)", "2024-07-05"),
        (f"CAST(TIMESTAMP '2024-07-05 23:00 {NEW_YORK}' AS timestamp(0))", "2024-07-05 23:00:00"),
        (f"hour(TIMESTAMP '2024-07-05 23:00 {NEW_YORK}')", "23"),
        (
            "CAST('2024-07-05 12:34:56.789 +02:00' AS timestamp with time zone)",
            "2024-07-05 12:34:56.789 +02:00",
        ),
        ("CAST(DATE '2020-01-01' AS timestamp with time zone)", "2020-01-01 00:00:00.000 UTC"),
        ("extract(TIMEZONE_HOUR FROM TIMESTAMP '2020-01-01 00:00 -08:30')", "-8"),
        ("extract(TIMEZONE_MINUTE FROM TIMESTAMP '2020-01-01 00:00 -08:30')", "-30"),
        (f"timezone_hour(TIMESTAMP '2024-07-05 12:00 {NEW_YORK}')", "-4"),
        ("timezone(TIMESTAMP '2024-01-01 12:00:00 Asia/Tokyo')", "Asia/Tokyo"),
        ("timezone(TIMESTAMP '2024-01-01 12:00:00 +01:00')", "+01:00"),
        ("current_timezone()", "UTC"),
        ("from_unixtime(7200, 'Asia/Shanghai')", "1970-01-01 10:00:00.000 Asia/Shanghai"),
        ("from_unixtime(7200, 'Europe/Moscow')", "1970-01-01 05:00:00.000 Europe/Moscow"),
        ("from_unixtime(0, 1, 10)", "1970-01-01 01:10:00.000 +01:10"),
        ("from_unixtime(-1.0005)", "1969-12-31 23:59:59.000 UTC"),
        ("to_unixtime(TIMESTAMP '1970-01-01 01:00:00.123456 +01:00')", "0.123456"),
        ("to_iso8601(TIMESTAMP '2001-08-22 03:04:05.321 +07:09')", "2001-08-22T03:04:05.321+07:09"),
        ("to_iso8601(TIMESTAMP '2001-08-22 03:04:05.321 UTC')", "2001-08-22T03:04:05.321Z"),
        (
            "from_iso8601_timestamp('2020-05-11T11:15:05.055+01:00')",
            "2020-05-11 11:15:05.055 +01:00",
        ),
        ("hour(from_iso8601_timestamp('2020-01-01T10:00:00+02:00'))", "10"),
        (f"last_day_of_month(TIMESTAMP '2020-01-31 23:00 {NEW_YORK}')", "2020-01-31"),
        (
            f"date_diff('day', TIMESTAMP '2024-03-09 12:00 {NEW_YORK}', "
            f"TIMESTAMP '2024-03-10 12:00 {NEW_YORK}')",
            "1",
        ),
        (
            f"date_diff('hour', TIMESTAMP '2024-03-09 12:00 {NEW_YORK}', "
            f"TIMESTAMP '2024-03-10 12:00 {NEW_YORK}')",
            "23",
        ),
    ],
)
def test_value(evaluate, expression, value) -> None:
    """A literal without a value is shown as it is written."""
    assert evaluate(expression) == (value or expression.split("'")[1])


OFFSETS = "(VALUES '2020-05-11T00:15:05+02:00', 'bad', NULL) AS t(x)"


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("CAST(TRY(from_iso8601_timestamp(x)) AS date)", ["2020-05-11", None, None]),
        (
            "TRY(from_iso8601_timestamp(x)) AT TIME ZONE 'UTC'",
            ["2020-05-10 22:15:05.000 UTC", None, None],
        ),
        ("TRY(from_iso8601_timestamp(x) > TIMESTAMP '2020-05-11 00:00')", ["false", None, None]),
        ("TRY(to_unixtime(from_iso8601_timestamp(x)))", ["1.589148905E9", None, None]),
        (
            "TRY(to_iso8601(from_iso8601_timestamp(x)))",
            ["2020-05-11T00:15:05.000+02:00", None, None],
        ),
        ("timezone(TRY(from_iso8601_timestamp(x)))", ["+02:00", None, None]),
        (
            "TRY(date_trunc('day', from_iso8601_timestamp(x))) AT TIME ZONE 'UTC'",
            ["2020-05-10 22:00:00.000 UTC", None, None],
        ),
        (
            "TRY(date_add('month', 1, from_iso8601_timestamp(x))) AT TIME ZONE 'UTC'",
            ["2020-06-10 22:15:05.000 UTC", None, None],
        ),
        (
            "TRY(date_add('hour', 1, from_iso8601_timestamp(x))) AT TIME ZONE 'UTC'",
            ["2020-05-10 23:15:05.000 UTC", None, None],
        ),
        (
            "TRY(from_iso8601_timestamp(x) + INTERVAL '1' DAY) AT TIME ZONE 'UTC'",
            ["2020-05-11 22:15:05.000 UTC", None, None],
        ),
        # A month by the clocks of the text's zone.
        (
            "TRY(date_diff('month', from_iso8601_timestamp(x), TIMESTAMP '2020-06-10 22:15:05 UTC'))",
            ["1", None, None],
        ),
        (
            "TRY(date_diff('hour', TIMESTAMP '2020-05-11 00:15:05', from_iso8601_timestamp(x)))",
            ["-2", None, None],
        ),
        ("TRY(date_format(from_iso8601_timestamp(x), '%d %H'))", ["11 00", None, None]),
    ],
)
def test_what_needs_no_zone_of_data(query, expression, values) -> None:
    assert query(f"SELECT {expression} FROM {OFFSETS}")[2] == [(value,) for value in values]


def test_data_in_utc_is_shown(query) -> None:
    times = "(VALUES '2020-05-11T11:15:05Z', '2020-05-11', '2020-05-11T11:15:05+00:00') AS t(x)"
    rows = query(f"SELECT u FROM (SELECT from_iso8601_timestamp(x) AS u FROM {times}) AS s")[2]
    expected = ["2020-05-11 11:15:05.000 UTC", "2020-05-11 00:00:00.000 UTC"]
    assert rows == [(value,) for value in (*expected, expected[0])]


@pytest.mark.parametrize(
    ("query_text", "error"),
    [
        (
            "SELECT from_iso8601_timestamp(x) FROM (VALUES '2020-05-11T11:15:05+02:00') AS t(x)",
            "NOT_SUPPORTED: the time zone +02:00, which only the data tells",
        ),
        (
            "SELECT TIMESTAMP '2020-03-08 02:30 America/New_York'",
            "INVALID_LITERAL: line 1:8: '2020-03-08 02:30 America/New_York' is not a valid TIMESTAMP",
        ),
        (
            "SELECT TRY(coalesce(from_iso8601_timestamp(x), now())) FROM "
            "(VALUES '2020-05-11T11:15:05+02:00') AS t(x)",
            "NOT_SUPPORTED: line 1:12: TRY of what the engine may refuse",
        ),
        (
            "SELECT CAST(x AS timestamp with time zone) FROM (VALUES '2020-01-01 Asia/Tokyo') AS t(x)",
            "NOT_SUPPORTED: the time zone of '2020-01-01 Asia/Tokyo'",
        ),
        (
            "SELECT CASE WHEN x THEN TIMESTAMP '2020-01-01 UTC' ELSE TIMESTAMP '2020-01-01 CET' END "
            "FROM (VALUES true) AS t(x)",
            "NOT_SUPPORTED: a timestamp with time zone whose zone differs",
        ),
        ("SELECT at_timezone(now(), 'Mars/Base')", "NOT_SUPPORTED"),
        ("SELECT at_timezone(now(), 'america/new_york')", "NOT_SUPPORTED"),
        ("SELECT at_timezone(now(), '+15:00')", "NOT_SUPPORTED"),
        ("SELECT TIMESTAMP '2020-01-01 EST'", "NOT_SUPPORTED: line 1:8: the time zone EST"),
        ("SELECT TIMESTAMP '2020-13-01 Asia/Tokyo'", "INVALID_LITERAL"),
        ("SELECT from_unixtime_nanos(1)", "NOT_SUPPORTED"),
        (
            "SELECT to_iso8601(TIMESTAMP '1800-01-01 00:00 America/New_York')",
            "INVALID_ARGUMENTS: Timezone with non-zero seconds offset",
        ),
    ],
)
def test_failure(failure, query_text, error) -> None:
    assert failure(query_text).startswith(error)
