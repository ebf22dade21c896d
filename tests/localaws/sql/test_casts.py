"""CAST and TRY_CAST between all types but JSON.

Expected values: Trino documentation, "Conversion functions", and Trino's TestDecimalCasts,
TestCharacterStringCasts, TestDoubleOperators, TestBooleanOperators, TestUuidOperators, TestTime.
A double as text has an exponent since Trino 370 (pull request 10657), before Athena's version 3.
"""

import pytest

UUID = "12151fd2-7586-11e9-8f9e-2a86e4085a59"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("CAST(123456 AS varchar)", "123456"),
        ("CAST(12.5 AS varchar)", "1.25E1"),
        ("CAST(100.0 AS varchar)", "1.0E2"),
        ("CAST(-1.50 AS varchar)", "-1.5E0"),
        ("CAST(0e0 AS varchar)", "0E0"),
        ("CAST(-0e0 AS varchar)", "-0E0"),
        ("CAST(1e-7 AS varchar)", "1.0E-7"),
        ("CAST(DOUBLE 'NaN' AS varchar)", "NaN"),
        (
            "CAST(TIMESTAMP '2020-03-29 02:30:00.499999' AS timestamp(0) with time zone)",
            "2020-03-29 02:30:01 UTC",
        ),
        ("CAST('1.5f' AS double)", "1.5"),
        ("TRY_CAST('1x' AS double)", None),
        # A real has 7 digits as text; ties go up (Trino 435).
        ("CAST(REAL '3.4028235E38' AS varchar)", "3.402823E38"),
        ("CAST(REAL '12345685' AS varchar)", "1.234569E7"),
        ("CAST(REAL '-2097152.75' AS varchar)", "-2.097153E6"),
        ("CAST(REAL '9999999.5' AS varchar)", "1.0E7"),
        ("CAST(REAL '0.1' AS varchar)", "1.0E-1"),
        ("CAST(REAL '12345678' AS json)", "1.2345678E7"),
        ("CAST(DECIMAL '0.1' AS varchar)", "0.1"),
        ("CAST(DECIMAL '-.05' AS varchar)", "-0.05"),
        ("CAST(CAST('0.' || rpad('1', 38, '0') AS decimal(38,38)) AS varchar)", "0.1" + 37 * "0"),
        ("array_join(ARRAY[DECIMAL '0.5', NULL], ',', '-')", "0.5,-"),
        ("format('%s', DECIMAL '0.5')", "0.5"),
        # A time zone is read and forgotten (Trino 435).
        ("CAST(lower('2020-01-01 00:00:00 ') || 'UTC' AS timestamp)", "2020-01-01 00:00:00.000"),
        (
            "CAST('2020-01-01 12:30:00.123456 America/New_York' AS timestamp)",
            "2020-01-01 12:30:00.123",
        ),
        ("CAST('2020-01-01 00:00:00+02:00' AS timestamp)", "2020-01-01 00:00:00.000"),
        ("CAST('2020-01-01 Z' AS timestamp)", "2020-01-01 00:00:00.000"),
        ("TRY_CAST('2020-01-01 pm' AS timestamp)", None),
        ("TRY_CAST('2020-01-01 00:00:00 +99:00' AS timestamp)", None),
        ("CAST(DECIMAL '-1.50' AS varchar)", "-1.50"),
        ("CAST(true AS varchar)", "true"),
        ("CAST(true AS integer)", "1"),
        ("CAST(false AS double)", "0.0"),
        ("CAST(true AS decimal(3,1))", "1.0"),
        ("CAST(2 AS boolean)", "true"),
        ("CAST(0.5 AS boolean)", "true"),
        ("CAST(DECIMAL '0.0' AS boolean)", "false"),
        ("CAST('T' AS boolean)", "true"),
        ("CAST('0' AS boolean)", "false"),
        ("CAST('+1' AS integer)", "1"),
        ("CAST(' 1.5 ' AS double)", "1.5"),
        ("CAST('1e3' AS real)", "1000.0"),
        ("CAST('1.55' AS decimal(2,1))", "1.6"),
        ("CAST('-1.55' AS decimal(2,1))", "-1.6"),
        ("CAST('1e1' AS decimal(3,0))", "10"),
        ("CAST(0.5 AS integer)", "1"),
        ("CAST(-0.5 AS integer)", "-1"),
        ("CAST(0.49999999999999994 AS integer)", "0"),
        ("CAST(2147483647.4 AS integer)", "2147483647"),
        ("CAST(DECIMAL '0.5' AS integer)", "1"),
        ("CAST(DECIMAL '-0.5' AS integer)", "-1"),
        ("CAST(DECIMAL '9.95' AS decimal(3,1))", "10.0"),
        ("CAST(1.005 AS decimal(3,2))", "1.01"),
        ("CAST(REAL '0.1' AS decimal(10,9))", "0.100000000"),
        ("CAST(1e300 AS real)", "Infinity"),
        ("CAST(-3.4028235677973366e38 AS real)", "-Infinity"),
        # Java divides the digits, of which a double cannot hold 18.
        ("CAST(DECIMAL '-7.67998469984428528' AS double)", "-7.679984699844286"),
        ("CAST(DECIMAL '12345678901234567890.123' AS double)", "1.2345678901234567E19"),
        ("CAST(DECIMAL '123456789.5' AS real)", "1.2345679E8"),
        ("CAST('banana' AS varchar(3))", "ban"),
        ("CAST('bar' AS char(5))", "bar  "),
        ("CAST('banana' AS char(3))", "ban"),
        ("CAST(CAST('bar' AS char(5)) AS varchar(10))", "bar  "),
        ("CAST(CAST('b' AS char(5)) AS varchar(2))", "b "),
        ("CAST(CAST('b' AS char(2)) AS char(3))", "b  "),
        ("CAST('12:34' AS time)", "12:34:00.000"),
        ("CAST('1:2:3.5' AS time(1))", "01:02:03.5"),
        ("CAST(TIME '12:34:56.5' AS varchar)", "12:34:56.5"),
        ("CAST(TIME '12:34:56' AS time(6))", "12:34:56.000000"),
        ("CAST(TIMESTAMP '2020-01-02 03:04:05.678' AS time)", "03:04:05.678"),
        ("CAST(TIMESTAMP '2020-01-02 23:04:05' AS date)", "2020-01-02"),
        ("CAST(DATE '2020-01-02' AS timestamp)", "2020-01-02 00:00:00.000"),
        (f"CAST(UUID '{UUID}' AS varchar)", UUID),
        (f"CAST(lower('{UUID.upper()}') AS uuid)", UUID),
        ("CAST(ARRAY['1', NULL] AS array(integer))", "[1, null]"),
        ("CAST(ARRAY[ARRAY[1.5]] AS array(array(integer)))", "[[2]]"),
        ("CAST(MAP(ARRAY[1, 2], ARRAY['1', NULL]) AS map(varchar, bigint))", "{1=1, 2=null}"),
        ("CAST(ROW(1, '2') AS ROW(a varchar, b integer))", "{a=1, b=2}"),
        ("CAST(ARRAY[ROW(1)] AS array(row(x double)))", "[{x=1.0}]"),
        ("CAST(CAST(NULL AS ROW(x integer)) AS ROW(a varchar))", None),
        ("TRY_CAST('1.5' AS integer)", None),
        ("TRY_CAST(ARRAY['1', 'x'] AS array(integer))", None),
        ("TRY_CAST('2020-02-30' AS date)", None),
    ],
)
def test_cast(evaluate, expression, value) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("TRY_CAST(lower('1:2:3.456') AS time(0))", "NOT_SUPPORTED: shortening the time 1:2:3.456"),
        ("CAST('2020-02-29' AS array(integer))", "TYPE_MISMATCH: line 1:8: Cannot cast varchar(10) to array(integer)"),
        ("date_add('day', 1, DATE '9999-12-31')", "NOT_SUPPORTED: a date before the year 1 or after 9999"),
        ("CAST(123 AS varchar(2))", "INVALID_CAST_ARGUMENT: Value 123 cannot be represented as varchar(2)"),
        ("CAST(12.5 AS varchar(3))", "INVALID_CAST_ARGUMENT: Value 1.25E1 cannot be represented"),
        ("CAST(' 12' AS bigint)", "INVALID_CAST_ARGUMENT: Cannot cast ' 12' to BIGINT"),
        ("CAST('1.5' AS bigint)", "INVALID_CAST_ARGUMENT: Cannot cast '1.5' to BIGINT"),
        ("CAST('yes' AS boolean)", "INVALID_CAST_ARGUMENT: Cannot cast 'yes' to BOOLEAN"),
        ("CAST('99.99' AS decimal(3,1))", "INVALID_CAST_ARGUMENT"),
        ("CAST(DECIMAL '99.95' AS decimal(3,1))", "INVALID_CAST_ARGUMENT"),
        ("CAST(1000 AS decimal(3,0))", "INVALID_CAST_ARGUMENT"),
        ("CAST(DOUBLE 'NaN' AS decimal(3,1))", "INVALID_CAST_ARGUMENT"),
        ("CAST(DOUBLE 'NaN' AS integer)", "INVALID_CAST_ARGUMENT"),
        ("CAST(1e20 AS bigint)", "INVALID_CAST_ARGUMENT"),
        ("CAST(2147483647.5 AS integer)", "INVALID_CAST_ARGUMENT"),
        ("CAST(300 AS tinyint)", "INVALID_CAST_ARGUMENT"),
        ("CAST('25:00' AS time)", "INVALID_CAST_ARGUMENT: Value cannot be cast to time: 25:00"),
        ("CAST(lower('X') AS uuid)", "INVALID_CAST_ARGUMENT: Cannot cast value to UUID: x"),
        ("CAST(MAP(ARRAY['1', '01'], ARRAY[1, 2]) AS map(bigint, bigint))", "INVALID"),
        ("CAST(1 AS date)", "TYPE_MISMATCH: line 1:8: Cannot cast integer to date"),
        ("CAST(DATE '2020-01-01' AS bigint)", "TYPE_MISMATCH"),
        ("CAST('a' AS varbinary)", "TYPE_MISMATCH"),
        ("CAST(X'41' AS varchar)", "TYPE_MISMATCH"),
        ("CAST(1 AS array(integer))", "TYPE_MISMATCH: line 1:8: Cannot cast integer to array(integer)"),
        ("CAST(ROW(1, 2) AS ROW(a integer))", "TYPE_MISMATCH"),
        ("CAST(CAST('a' AS char(1)) AS integer)", "TYPE_MISMATCH"),
        # Not known to the engine.
        ("CAST(lower('10.0.0.1') AS ipaddress)", "TYPE_MISMATCH"),
        ("CAST(TIME '12:34:56.789' AS time(0))", "TYPE_MISMATCH"),
        ("CAST(lower('1:2:3.456') AS time(0))", "NOT_SUPPORTED"),
    ],
)  # fmt: skip
def test_cast_that_fails(failure, expression, error) -> None:
    assert failure(f"SELECT {expression}").startswith(error)
