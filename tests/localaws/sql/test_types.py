"""Names of types, literals and how values are shown.

Expected values: Trino documentation, "Data types", and Trino's TestTypeCoercion,
TestDecimalParametricType, TestUuidType, TestIpAddressType, TestTimeType, TestDoubleOperators.
That a number with a point is a double: dbt-athena's own test_connections (1 / 0.0 is Infinity).
"""

import pytest

from localaws.sql.coercions import can_coerce, can_store, common_type
from localaws.sql.type_parser import parse_trino_type

UUID = "12151fd2-7586-11e9-8f9e-2a86e4085a59"


@pytest.mark.parametrize(
    ("expression", "value", "type_"),
    [
        ("1", "1", "integer"),
        ("2147483648", "2147483648", "bigint"),
        ("1.5", "1.5", "double"),
        (".5", "0.5", "double"),
        ("5.", "5.0", "double"),
        ("1E-2", "0.01", "double"),
        ("0.1 + 0.2", "0.30000000000000004", "double"),
        ("123456789012345678901234567890.5", "1.2345678901234568E29", "double"),
        ("DECIMAL '1.50'", "1.50", "decimal(3,2)"),
        ("DECIMAL '-.5'", "-0.5", "decimal(1,1)"),
        ("DECIMAL '0.000'", "0.000", "decimal(3,3)"),
        ("REAL '1.1'", "1.1", "real"),
        ("DOUBLE PRECISION '-Infinity'", "-Infinity", "double"),
        ("DOUBLE 'NaN'", "NaN", "double"),
        ("TINYINT '5'", "5", "tinyint"),
        ("BOOLEAN 'true'", "true", "boolean"),
        ("0xFF", "255", "integer"),
        ("1_000", "1000", "integer"),
        ("'it''s'", "it's", "varchar(4)"),
        ("VARCHAR 'abc'", "abc", "varchar"),
        ("CHAR 'ab '", "ab ", "char(3)"),
        ("X'68 65 6C'", "68 65 6c", "varbinary"),
        ("x''", "", "varbinary"),
        (f"UUID '{UUID.upper()}'", UUID, "uuid"),
        ("IPADDRESS '10.0.0.1'", "10.0.0.1", "ipaddress"),
        ("IPADDRESS '::ffff:1.2.3.4'", "1.2.3.4", "ipaddress"),
        ("IPADDRESS '2001:0db8:0000:0000:0000:ff00:0042:8329'", "2001:db8::ff00:42:8329", "ipaddress"),
        ("TIME '12:34:56'", "12:34:56", "time(0)"),
        ("TIME '1:2'", "01:02:00", "time(0)"),
        ("TIME '12:34:56.789'", "12:34:56.789", "time(3)"),
        ("TIME '12:34:56.789 -00:30'", "12:34:56.789-00:30", "time(3) with time zone"),
        ("JSON '{\"b\": 1.50, \"a\": [true]}'", '{"a":[true],"b":1.5}', "json"),
        ("ARRAY[1, 2.5]", "[1.0, 2.5]", "array(double)"),
        ("ARRAY[DECIMAL '1.5', 10]", "[1.5, 10.0]", "array(decimal(11,1))"),
        ("MAP(ARRAY['a'], ARRAY[NULL])", "{a=null}", "map(varchar(1), unknown)"),
        ("ROW(1, 'x')", "{1, x}", "row(integer, varchar(1))"),
        (f"ARRAY[UUID '{UUID}']", f"[{UUID}]", "array(uuid)"),
        ("ROW(IPADDRESS '::1', TIME '01:02:03')", "{::1, 01:02:03}", "row(ipaddress, time(0))"),
        ("NULL", None, "unknown"),
        ("current_user", "123456789012", "varchar"),
        ("CURRENT_CATALOG", "awsdatacatalog", "varchar"),
        ("current_schema", "default", "varchar"),
    ],
)  # fmt: skip
def test_literal(query, expression, value, type_) -> None:
    _, types, rows = query(f"SELECT {expression}")
    assert (rows, types) == ([(value,)], [type_])


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("CAST('a' AS string)", "TYPE_NOT_FOUND: line 1:8: Unknown type: string"),
        ("CAST('a' AS text)", "TYPE_NOT_FOUND: line 1:8: Unknown type: text"),
        ("CAST(1 AS int64)", "TYPE_NOT_FOUND: line 1:8: Unknown type: int64"),
        ("CAST(1 AS float)", "TYPE_NOT_FOUND: line 1:8: Unknown type: float"),
        ("CAST(1 AS numeric(3,1))", "TYPE_NOT_FOUND"),
        ("CAST(1 AS struct<a int>)", "SYNTAX_ERROR: line 1:24: mismatched input '<'"),
        ("CAST(1 AS decimal(39,0))", "TYPE_NOT_FOUND"),
        ("CAST(1 AS decimal(2,3))", "TYPE_NOT_FOUND"),
        ("TRY_CAST(1 AS datetime)", "TYPE_NOT_FOUND"),
        ("STRING 'a'", "TYPE_NOT_FOUND"),
        ("FLOAT '1.5'", "TYPE_NOT_FOUND"),
        ("CAST(1 AS hyperloglog)", "NOT_SUPPORTED: line 1:8: the type hyperloglog is not supported locally"),
        ("CAST(DATE '2020-01-01' AS timestamp(9))", "NOT_SUPPORTED"),
        ("DATE '2020-01-01'[1]", "NOT_SUPPORTED"),
        ("UUID '12151fd2'", "INVALID_LITERAL"),
        # Also where nothing would be evaluated.
        ("TRY(DATE '2024-02-30')", "INVALID_LITERAL: line 1:12: '2024-02-30' is not a valid DATE"),
        ("TRY(BIGINT 'x')", "INVALID_LITERAL: line 1:12: 'x' is not a valid BIGINT literal"),
        ("TINYINT '128'", "INVALID_LITERAL"),
        ("DOUBLE '1,5'", "INVALID_LITERAL"),
        ("BOOLEAN 'yes'", "INVALID_LITERAL: line 1:8: 'yes' is not a valid BOOLEAN literal"),
        ("IPADDRESS '10.0.0.256'", "INVALID_LITERAL"),
        ("TIME '24:00:00'", "INVALID_LITERAL"),
        ("TIME '12:00:00 +15:00'", "INVALID_LITERAL"),
        ("TIME '12:00:00.1234567'", "NOT_SUPPORTED"),
        ("DECIMAL '1e3'", "INVALID_LITERAL"),
        ("X'6'", "SYNTAX_ERROR: line 1:8: Binary literal must contain an even number of digits"),
        ("X'zz'", "SYNTAX_ERROR: line 1:8: Binary literal can only contain hexadecimal digits"),
        ("X '68'", "TYPE_NOT_FOUND: line 1:8: Unknown type: X"),
        ("INTERVAL 1 DAY", "SYNTAX_ERROR: line 1:17: mismatched input '1'"),
        ("1E", "SYNTAX_ERROR"),
        ("12abc", "SYNTAX_ERROR"),
        ("1e400", "NUMERIC_VALUE_OUT_OF_RANGE"),
        ("99999999999999999999", "NUMERIC_VALUE_OUT_OF_RANGE"),
        ("CAST(1 AS )", "SYNTAX_ERROR: line 1:18: mismatched input ')'"),
    ],
)  # fmt: skip
def test_what_is_no_literal(failure, expression, error) -> None:
    assert failure(f"SELECT {expression}").startswith(error)


def test_what_is_no_statement(failure) -> None:
    assert failure("THIS IS NOT SQL").startswith("SYNTAX_ERROR: line 1:1: mismatched input 'THIS'")
    assert failure("SELECT 1 FROM") == "SYNTAX_ERROR: line 1:14: mismatched input '<EOF>'"
    assert failure("SELECT 1 1") == "SYNTAX_ERROR: line 1:10: mismatched input '1'"


@pytest.mark.parametrize(
    ("spelling", "type_"),
    [
        ("INT", "integer"),
        ("decimal", "decimal(38,0)"),
        ("decimal(5)", "decimal(5,0)"),
        ("char", "char(1)"),
        ("timestamp", "timestamp(3)"),
        ("timestamp(6) without time zone", "timestamp(6)"),
        ("time(6) with time zone", "time(6) with time zone"),
        ("double precision", "double"),
        ("interval day to second", "interval day to second"),
        ("array<map<varchar, bigint>>", "array(map(varchar, bigint))"),
        ("varchar(3) array array", "array(array(varchar(3)))"),
        ("row(int, decimal(3, 1))", "row(integer, decimal(3,1))"),
        ('row("A b" double precision, c array(int))', "row(A b double, c array(integer))"),
        ("row(double precision, timestamp with time zone)", "row(double, timestamp(3) with time zone)"),
    ],
)  # fmt: skip
def test_spelling(spelling, type_) -> None:
    assert str(parse_trino_type(spelling)) == type_


@pytest.mark.parametrize(
    ("left", "right", "common", "left_fits", "right_fits"),
    [
        ("unknown", "bigint", "bigint", True, False),
        ("tinyint", "bigint", "bigint", True, False),
        ("bigint", "real", "real", True, False),
        ("real", "double", "double", True, False),
        ("decimal(3,1)", "double", "double", True, False),
        ("integer", "decimal(5,2)", "decimal(12,2)", False, False),
        ("bigint", "decimal(38,20)", "decimal(38,20)", True, False),
        ("decimal(3,1)", "decimal(4,3)", "decimal(5,3)", False, False),
        ("decimal(38,10)", "decimal(38,20)", "decimal(38,20)", True, False),
        ("varchar(3)", "varchar", "varchar", True, False),
        ("varchar(3)", "char(5)", "char(5)", True, False),
        ("char(3)", "varchar(5)", "char(5)", False, False),
        ("char(3)", "char(5)", "char(5)", True, False),
        ("date", "timestamp(6)", "timestamp(6)", True, False),
        ("timestamp(3)", "timestamp(6)", "timestamp(6)", True, False),
        ("time(0)", "time(3)", "time(3)", True, False),
        ("array(integer)", "array(bigint)", "array(bigint)", True, False),
        ("map(integer, varchar(1))", "map(bigint, varchar)", "map(bigint, varchar)", True, False),
        ("row(a integer, b date)", "row(a bigint, c date)", "row(a bigint, date)", True, False),
        ("integer", "varchar", None, False, False),
        ("boolean", "integer", None, False, False),
        ("array(integer)", "array(varchar)", None, False, False),
        ("row(integer)", "row(integer, integer)", None, False, False),
        ("uuid", "varchar", None, False, False),
        ("json", "varchar", None, False, False),
    ],
)
def test_coercion(left, right, common, left_fits, right_fits) -> None:
    one, other = (parse_trino_type(each) for each in (left, right))
    result = common_type(one, other)
    assert (str(result) if result else None) == common
    assert common_type(other, one) == result
    assert (can_coerce(one, other), can_coerce(other, one)) == (left_fits, right_fits)


@pytest.mark.parametrize(
    ("source", "column", "fits"),
    [
        ("bigint", "integer", True),
        ("varchar", "varchar(3)", True),
        ("varchar", "char(3)", True),
        ("timestamp(3) with time zone", "timestamp(6)", True),
        ("double", "decimal(5,2)", True),
        ("array(bigint)", "array(integer)", True),
        ("array(varchar)", "array(varchar(3))", False),
        ("array(varchar(2))", "array(varchar(3))", True),
        ("integer", "varchar", False),
        ("varchar", "date", False),
    ],
)
def test_what_a_column_takes(source, column, fits) -> None:
    assert can_store(parse_trino_type(source), parse_trino_type(column)) == fits
