"""Mathematical and bitwise functions.

Expected values: Trino documentation, "Mathematical functions" and "Bitwise functions", and its
TestMathFunctions and TestBitwiseFunctions.
"""

import math
from uuid import UUID

import pytest


@pytest.mark.parametrize(
    ("expression", "value", "type_"),
    [
        ("cbrt(27.0E0)", "3.0", "double"),
        ("degrees(pi())", "180.0", "double"),
        ("e()", "2.718281828459045", "double"),
        ("pi()", "3.141592653589793", "double"),
        ("infinity()", "Infinity", "double"),
        ("nan()", "NaN", "double"),
        ("ln(1.0E0)", "0.0", "double"),
        ("ln(0)", "-Infinity", "double"),
        ("ln(-1)", "NaN", "double"),
        ("log2(8)", "3.0", "double"),
        ("log10(100)", "2.0", "double"),
        ("log10(0)", "-Infinity", "double"),
        ("log(2, 256)", "8.0", "double"),
        ("mod(5, 3)", "2", "integer"),
        ("mod(-5, 3)", "-2", "integer"),
        ("mod(DECIMAL '5.0', DECIMAL '2.1')", "0.8", "decimal(2,1)"),
        ("mod(5.0E0, 2.1E0)", str(math.fmod(5.0, 2.1)), "double"),
        ("sign(-7)", "-1", "integer"),
        ("sign(DECIMAL '-123.45')", "-1", "decimal(1,0)"),
        ("sign(1.25E0)", "1.0", "double"),
        ("truncate(17.18E0)", "17.0", "double"),
        ("truncate(-17.88E0)", "-17.0", "double"),
        ("truncate(DECIMAL '-17.18')", "-17", "decimal(2,0)"),
        ("truncate(DECIMAL '0.99')", "0", "decimal(1,0)"),
        ("sin(infinity())", "NaN", "double"),
        ("acos(2)", "NaN", "double"),
        ("acos(1)", "0.0", "double"),
        ("atan2(1.0E0, 1.0E0)", str(math.pi / 4), "double"),
        ("tanh(0.0E0)", "0.0", "double"),
        ("to_base(2147483648, 16)", "80000000", "varchar(64)"),
        ("to_base(-255, 2)", "-11111111", "varchar(64)"),
        ("to_base(0, 10)", "0", "varchar(64)"),
        ("from_base('ff', 16)", "255", "bigint"),
        ("from_base('-z', 36)", "-35", "bigint"),
        ("width_bucket(3.14E0, 0, 4, 3)", "3", "bigint"),
        ("width_bucket(2, 0, 4, 3)", "2", "bigint"),
        ("width_bucket(infinity(), 0, 4, 3)", "4", "bigint"),
        ("width_bucket(-1, 0, 3.2E0, 4)", "0", "bigint"),
        ("width_bucket(3.14E0, 4, 0, 3)", "1", "bigint"),
        ("width_bucket(3.14E0, ARRAY[0.0E0, 2.0E0, 4.0E0])", "2", "bigint"),
        ("width_bucket(5, ARRAY[0.0E0, 2.0E0, 4.0E0])", "3", "bigint"),
        ("normal_cdf(0, 1, 0)", "0.5", "double"),
        ("bitwise_and(19, 25)", "17", "bigint"),
        ("bitwise_or(19, 25)", "27", "bigint"),
        ("bitwise_xor(19, 25)", "10", "bigint"),
        ("bitwise_not(19)", "-20", "bigint"),
        ("bitwise_left_shift(1, 2)", "4", "integer"),
        ("bitwise_left_shift(5, 2)", "20", "integer"),
        ("bitwise_left_shift(TINYINT '7', 5)", "-32", "tinyint"),
        ("bitwise_left_shift(BIGINT '1', 64)", "0", "bigint"),
        ("bitwise_right_shift(8, 3)", "1", "integer"),
        ("bitwise_right_shift(SMALLINT '-1', 15)", "1", "smallint"),
        ("bitwise_right_shift_arithmetic(-8, 2)", "-2", "integer"),
        ("bitwise_right_shift_arithmetic(BIGINT '-7', 64)", "-1", "bigint"),
        ("bitwise_left_shift(BIGINT '1', CAST(BIGINT '3' AS integer))", "8", "bigint"),
        ("sign(REAL '-0.5')", "-1.0", "real"),
        ("sign(REAL 'NaN')", "NaN", "real"),
        ("mod(REAL '5.5', 2)", "1.5", "real"),
        ("mod(REAL '5.5', REAL '0')", "NaN", "real"),
        ("bit_count(9, 64)", "2", "bigint"),
        ("bit_count(-7, 64)", "62", "bigint"),
        ("bit_count(-7, 8)", "6", "bigint"),
    ],
)
def test_value(query, expression, value, type_) -> None:
    _, types, rows = query(f"SELECT {expression}")
    assert (rows[0][0], types[0]) == (value, type_)


def test_random(query) -> None:
    """Source: Trino documentation, "Mathematical functions", random(n) and random(m, n)."""
    chosen = "random(10), rand(1, 5), random(tinyint '2'), random(-3, bigint '-1')"
    _, types, rows = query(f"SELECT {chosen} FROM UNNEST(sequence(1, 200))")
    assert types == ["integer", "integer", "tinyint", "bigint"]
    drawn = [{int(value) for value in column} for column in zip(*rows, strict=True)]
    assert drawn == [set(range(10)), {1, 2, 3, 4}, {0, 1}, {-3, -2}]
    assert query("SELECT random(CAST(NULL AS integer)), random(1, NULL)")[2] == [(None, None)]


def test_uuid(query) -> None:
    _, types, rows = query("SELECT uuid() FROM UNNEST(ARRAY[1, 2])")
    assert types == ["uuid"]
    assert len(set(rows)) == 2
    assert all(UUID(value).version == 4 for (value,) in rows)


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("random(0)", "INVALID_FUNCTION_ARGUMENT: bound must be positive"),
        ("random(5, 5)", "INVALID_FUNCTION_ARGUMENT: start value must be less than stop value"),
        ("TRY(uuid())", "NOT_SUPPORTED"),
        ("to_base(255, 1)", "INVALID_FUNCTION_ARGUMENT: Radix must be between 2 and 36"),
        ("from_base('Z', 37)", "INVALID_FUNCTION_ARGUMENT"),
        ("from_base('9', 8)", "INVALID_FUNCTION_ARGUMENT: Not a valid base-8 number: 9"),
        ("from_base('9223372036854775808', 10)", "INVALID_FUNCTION_ARGUMENT"),
        ("width_bucket(3.14E0, 0, 4, 0)", "INVALID_FUNCTION_ARGUMENT"),
        ("width_bucket(nan(), 0, 4, 3)", "INVALID_FUNCTION_ARGUMENT"),
        ("width_bucket(3.14E0, 0, 0, 3)", "INVALID_FUNCTION_ARGUMENT"),
        ("width_bucket(1, ARRAY[1.0E0, 0.0E0])", "INVALID_FUNCTION_ARGUMENT"),
        ("bit_count(7, 1)", "INVALID_FUNCTION_ARGUMENT"),
        ("bit_count(9, 4)", "INVALID_FUNCTION_ARGUMENT"),
        ("mod(5, 0)", "DIVISION_BY_ZERO"),
        ("ln('x')", "FUNCTION_NOT_FOUND"),
        ("bitwise_right_shift(1, BIGINT '3')", "FUNCTION_NOT_FOUND"),
        ("bitwise_right_shift_arithmetic(1, BIGINT '3')", "FUNCTION_NOT_FOUND"),
    ],
)
def test_failure(failure, expression, error) -> None:
    assert error in failure(f"SELECT {expression}")
