"""Arithmetic, casts between numbers, mathematical functions.

Expected values: Trino documentation, "Mathematical functions and operators", "Decimal functions
and operators", "Conversion functions".
"""

import pytest


@pytest.mark.parametrize(
    ("expression", "value", "type_"),
    [
        ("ceil(DECIMAL '1.5')", "2", "decimal(2,0)"),
        # Trino 435: NULL is not divided.
        ("CAST(NULL AS integer) / 0", None, "integer"),
        ("CAST(NULL AS integer) % 0", None, "integer"),
        ("CAST(NULL AS decimal(5,2)) / DECIMAL '0'", None, "decimal(5,2)"),
        ("floor(DECIMAL '-1.55')", "-2", "decimal(2,0)"),
        ("abs(REAL '1.1')", "1.1", "real"),
        ("round(15, 1)", "15", "integer"),
        ("CAST('1.5' AS decimal)", "2", "decimal(38,0)"),
        ("DECIMAL '1.5'", "1.5", "decimal(2,1)"),
        ("TRY_CAST('abc' AS decimal)", None, "decimal(38,0)"),
        ("5 / 2", "2", "integer"),
        ("-7 / 2", "-3", "integer"),
        ("-7 % 3", "-1", "integer"),
        ("7 / 2e0", "3.5", "double"),
        ("1 / 0e0", "Infinity", "double"),
        ("0 / 0e0", "NaN", "double"),
        ("5e0 % 0e0", "NaN", "double"),
        ("DECIMAL '1.23' + 1", "2.23", "decimal(13,2)"),
        ("DECIMAL '1.23' * DECIMAL '2.5'", "3.075", "decimal(5,3)"),
        ("10 / DECIMAL '4.0'", "2.5", "decimal(12,1)"),
        ("1 / DECIMAL '3.00'", "0.33", "decimal(14,2)"),
        ("DECIMAL '2.00' / 3", "0.67", "decimal(3,2)"),
        ("DECIMAL '-2.00' / 3", "-0.67", "decimal(3,2)"),
        ("DECIMAL '7.5' % 2", "1.5", "decimal(2,1)"),
        ("DECIMAL '1.23456'", "1.23456", "decimal(6,5)"),
        ("9223372036854775807", "9223372036854775807", "bigint"),
        ("-9223372036854775808", "-9223372036854775808", "bigint"),
        ("1e10", "1.0E10", "double"),
        ("1e-5", "1.0E-5", "double"),
        ("123456.789e0", "123456.789", "double"),
        ("1e7", "1.0E7", "double"),
        ("1e6", "1000000.0", "double"),
        # Java's Double.toString has two digits where one would do.
        ("4.9E-324", "4.9E-324", "double"),
        ("-2e-323", "-2.0E-323", "double"),
        ("CAST(4.9E-324 AS varchar)", "4.9E-324", "varchar"),
        ("CAST(4.9E-324 AS json)", "4.9E-324", "json"),
        ("REAL '1.4E-45'", "1.4E-45", "real"),
        ("CAST(REAL '1.4E-45' AS json)", "1.4E-45", "json"),
        ("CAST(2.5e0 AS integer)", "3", "integer"),
        ("CAST(-2.5e0 AS integer)", "-3", "integer"),
        ("CAST(3.5e0 AS bigint)", "4", "bigint"),
        ("CAST(DECIMAL '2.5' AS integer)", "3", "integer"),
        ("CAST(1.005e0 AS decimal(10,2))", "1.01", "decimal(10,2)"),
        ("CAST('12' AS bigint)", "12", "bigint"),
        ("CAST('1e3' AS double)", "1000.0", "double"),
        ("TRY_CAST('1.5' AS integer)", None, "integer"),
        ("TRY_CAST('abc' AS double)", None, "double"),
        ("TRY(10 / 0)", None, "integer"),
        ("round(2.5e0)", "3.0", "double"),
        ("round(-2.5e0)", "-3.0", "double"),
        ("round(DECIMAL '2.345', 2)", "2.350", "decimal(5,3)"),
        ("round(7)", "7", "integer"),
        ("abs(-5)", "5", "integer"),
        ("ceil(1.2e0)", "2.0", "double"),
        ("mod(7, 3)", "1", "integer"),
        ("sqrt(-1e0)", "NaN", "double"),
        ("power(2, 10)", "1024.0", "double"),
        ("greatest(1, 3, 2)", "3", "integer"),
        ("greatest(1, NULL, 2)", None, "integer"),
        ("least(DECIMAL '1.5', 2)", "1.5", "decimal(11,1)"),
    ],
)
def test_value_and_type(query, expression, value, type_) -> None:
    _, types, rows = query(f"SELECT {expression}")
    assert (rows, types) == ([(value,)], [type_])


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("'1'::int", "SYNTAX_ERROR"),
        ("10 / 0", "DIVISION_BY_ZERO: Division by zero"),
        ("10 % 0", "DIVISION_BY_ZERO: Division by zero"),
        ("DECIMAL '1.0' / 0", "DIVISION_BY_ZERO: Division by zero"),
        ("2147483647 + 1", "NUMERIC_VALUE_OUT_OF_RANGE: integer addition overflow"),
        ("9223372036854775807 + 1", "NUMERIC_VALUE_OUT_OF_RANGE: bigint addition overflow"),
        ("CAST('1.5' AS integer)", "INVALID_CAST_ARGUMENT: Cannot cast '1.5' to INTEGER"),
        ("CAST('abc' AS bigint)", "INVALID_CAST_ARGUMENT: Cannot cast 'abc' to BIGINT"),
        ("CAST('yes' AS boolean)", "INVALID_CAST_ARGUMENT: Cannot cast 'yes' to BOOLEAN"),
        ("CAST(300 AS tinyint)", "NUMERIC_VALUE_OUT_OF_RANGE"),
        ("'1' = 1", "TYPE_MISMATCH: line 1:8: Cannot apply operator: varchar(1) = integer"),
        ("1 + 'a'", "TYPE_MISMATCH: line 1:8: Cannot apply operator: integer + varchar(1)"),
        ("1 || 'a'", "TYPE_MISMATCH"),
        ("NOT 1", "TYPE_MISMATCH"),
        ("99999999999999999999", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ],
)
def test_failure(failure, expression, error) -> None:
    assert failure(f"SELECT {expression}").startswith(error)


def test_conditions_that_do_not_apply_are_not_evaluated(evaluate) -> None:
    assert evaluate("CASE WHEN 1 = 1 THEN 1 ELSE 1 / 0 END") == "1"
    assert evaluate("IF(1 = 2, 1 / 0)") is None
    assert evaluate("coalesce(1, 1 / 0)") == "1"
