"""Comparison: NULLs inside of arrays, rows and maps, NaN, char, JSON; operands that do not fit.

Expected values: Trino's TestArrayOperators, TestRowOperators, TestMapOperators, TestJsonOperators,
TestDoubleOperators, TestCharOperators. Equality of nested values is held against a second
implementation in Python, decimal arithmetic against Python's decimals.
"""

from decimal import ROUND_HALF_UP, Decimal, localcontext

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# `query` keeps nothing between its calls.
SHARED = HealthCheck.function_scoped_fixture
NAN = "DOUBLE 'NaN'"
MAP = "MAP(ARRAY[1, 2], ARRAY['a', 'b'])"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("ARRAY[1, 2] = ARRAY[1, 2]", "true"),
        ("ARRAY[1, NULL] = ARRAY[1, 2]", None),
        ("ARRAY[1, NULL] = ARRAY[2, NULL]", "false"),
        ("ARRAY[1] = ARRAY[1, NULL]", "false"),
        ("ARRAY[NULL] <> ARRAY[NULL]", None),
        ("ARRAY[1, 2] <> ARRAY[1, 3]", "true"),
        ("ARRAY[] = ARRAY[]", "true"),
        ("ARRAY[1] = CAST(NULL AS array(integer))", None),
        ("ARRAY[1] = ARRAY[1.0]", "true"),
        ("ARRAY[1] < ARRAY[1, 2]", "true"),
        ("ARRAY[2] > ARRAY[1, 5]", "true"),
        ("ARRAY[2] BETWEEN ARRAY[1] AND ARRAY[3]", "true"),
        ("ARRAY[1] IN (ARRAY[2], ARRAY[1])", "true"),
        ("ARRAY[1] IN (ARRAY[NULL], ARRAY[2])", None),
        ("ARRAY[1, NULL] IS DISTINCT FROM ARRAY[1, NULL]", "false"),
        ("ARRAY[1, NULL] IS NOT DISTINCT FROM ARRAY[1, 2]", "false"),
        ("ROW(1, NULL) = ROW(2, NULL)", "false"),
        ("ROW(1, NULL) = ROW(1, 2)", None),
        ("ROW(1, 'b') > ROW(1, 'a')", "true"),
        ("ROW(1, 2) IN (ROW(1, 2), ROW(3, 4))", "true"),
        ("ROW(1, 2) NOT IN (ROW(3, 4))", "true"),
        ("ROW(1, NULL) IS DISTINCT FROM ROW(1, NULL)", "false"),
        ("CASE ARRAY[NULL] WHEN ARRAY[NULL] THEN 'y' ELSE 'n' END", "n"),
        ("NULLIF(ARRAY[1], ARRAY[1])", None),
        (f"{MAP} = MAP(ARRAY[2, 1], ARRAY['b', 'a'])", "true"),
        (f"{MAP} = MAP(ARRAY[2, 3], ARRAY['b', 'a'])", "false"),
        ("MAP(ARRAY[1], ARRAY[NULL]) = MAP(ARRAY[1], ARRAY[2])", None),
        ("MAP(ARRAY[1], ARRAY[2]) <> MAP(ARRAY[1], ARRAY[3])", "true"),
        ('JSON \'{"a": 1, "b": 2}\' = JSON \'{"b": 2, "a": 1}\'', "true"),
        ("JSON '[1,2]' <> JSON '[2,1]'", "true"),
        ("JSON 'null' = JSON 'null'", "true"),
        (f"{NAN} = {NAN}", "false"),
        (f"{NAN} <> {NAN}", "true"),
        (f"{NAN} > 5", "false"),
        (f"5 < {NAN}", "false"),
        (f"NOT ({NAN} >= 5e0)", "true"),
        (f"{NAN} IS DISTINCT FROM {NAN}", "false"),
        (f"{NAN} IN ({NAN}, 1e0)", "false"),
        (f"{NAN} BETWEEN 0 AND {NAN}", "false"),
        (f"NULLIF({NAN}, {NAN})", "NaN"),
        (f"ARRAY[{NAN}] = ARRAY[{NAN}]", "false"),
        (f"{NAN} = CAST(NULL AS double)", None),
        ("0e0 = -0e0", "true"),
        ("CAST('a' AS char(3)) = 'a'", "true"),
        ("CAST('a' AS char(3)) = CAST('a' AS char(5))", "true"),
        ("CAST('a' AS char(3)) = concat('a', '')", "true"),
        ("CAST('a' AS char(3)) < 'b'", "true"),
        ("'a' = 'a '", "false"),
        ("IPADDRESS '9.0.0.1' < IPADDRESS '10.0.0.1'", "true"),
        ("TIME '12:00' < TIME '12:00:00.001'", "true"),
        ("NULL = NULL", None),
    ],
)
def test_comparison(evaluate, expression, value) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("1 = '1'", "TYPE_MISMATCH: line 1:8: Cannot apply operator: integer = varchar(1)"),
        ("true = 1", "TYPE_MISMATCH"),
        ("ARRAY['a'] = ARRAY[1]", "TYPE_MISMATCH"),
        ("ROW(1) = ROW(1, 2)", "TYPE_MISMATCH"),
        ("DATE '2020-01-01' = '2020-01-01'", "TYPE_MISMATCH"),
        ("1 IN (1, 'a')", "TYPE_MISMATCH"),
        # Trino fails here too, where it gets to the NULL.
        ("ARRAY[1, NULL] < ARRAY[1, 3]", "NOT_SUPPORTED: comparing values of type array(integer)"),
        ("ROW(1, NULL) < ROW(1, 3)", "NOT_SUPPORTED"),
        (f"{MAP} < {MAP}", "NOT_SUPPORTED"),
        (f"{MAP} IS DISTINCT FROM {MAP}", "NOT_SUPPORTED"),
        ("CAST('a' AS char(3)) < concat('a', '')", "NOT_SUPPORTED"),
    ],
)
def test_comparison_that_fails(failure, expression, error) -> None:
    assert failure(f"SELECT {expression}").startswith(error)


Nested = list | int | None
_NUMBERS = st.one_of(st.none(), st.integers(0, 1))
_ARRAYS = st.one_of(
    st.none(), st.lists(st.one_of(st.none(), st.lists(_NUMBERS, max_size=2)), max_size=2)
)


def equal(left: Nested, right: Nested) -> bool | None:
    """Three-valued: what is certainly unequal wins over what is unknown."""
    if left is None or right is None:
        return None
    if isinstance(left, int) or isinstance(right, int):
        return left == right
    if len(left) != len(right):
        return False
    parts = [equal(*pair) for pair in zip(left, right, strict=True)]
    return False if False in parts else None if None in parts else True


def written(value: Nested) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    return f"ARRAY[{', '.join(written(each) for each in value)}]"


@settings(max_examples=25, deadline=None, suppress_health_check=[SHARED])
@given(st.lists(st.tuples(_ARRAYS, _ARRAYS), min_size=8, max_size=8))
def test_equality_of_arrays_agrees_with_python(query, pairs) -> None:
    type_ = "array(array(integer))"
    columns = ", ".join(
        f"CAST({written(a)} AS {type_}) = CAST({written(b)} AS {type_})" for a, b in pairs
    )
    _, _, rows = query(f"SELECT {columns}")
    shown = {True: "true", False: "false", None: None}
    assert rows == [tuple(shown[equal(a, b)] for a, b in pairs)]


@st.composite
def decimals(draw, digits: int = 16) -> Decimal:
    precision = draw(st.integers(1, digits))
    scale = draw(st.integers(0, min(precision, 6)))
    unscaled = draw(st.integers(-(10**precision) + 1, 10**precision - 1))
    return Decimal(unscaled).scaleb(-scale)


@settings(max_examples=25, deadline=None, suppress_health_check=[SHARED])
@given(st.lists(st.tuples(decimals(), decimals()), min_size=4, max_size=4))
def test_decimal_arithmetic_agrees_with_python(query, pairs) -> None:
    """Results are exact, quotients rounded half up to the larger scale."""
    columns, expected = [], []
    for left, right in pairs:
        scale = max(-left.as_tuple().exponent, -right.as_tuple().exponent)
        with localcontext(prec=76):
            results = {"+": left + right, "-": left - right, "*": left * right}
            if right:
                step = Decimal(1).scaleb(-scale)
                results["/"] = (left / right).quantize(step, ROUND_HALF_UP)
                results["%"] = left % right
        for symbol, result in results.items():
            columns.append(f"DECIMAL '{left:f}' {symbol} DECIMAL '{right:f}'")
            expected.append(result)
    _, _, (row,) = query(f"SELECT {', '.join(columns)}")
    assert [Decimal(value) for value in row] == expected


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (" || ".join(["'a'"] * 700), "a" * 700),
        (" + ".join(["1"] * 700), "700"),
        (" AND ".join(["1 = 1"] * 700), "true"),
        (f"5 IN ({', '.join(map(str, range(1000)))})", "true"),
    ],
)
def test_long_chain(evaluate, expression, value) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    ("expression", "value", "type_"),
    [
        ("nullif(1e0, 1e0) % 0e0", None, "double"),
        ("pow(-1, infinity())", "NaN", "double"),
        ("cbrt(-0e0)", "-0.0", "double"),
        ("- - 5", "5", "integer"),
        ("-(1.5)", "-1.5", "double"),
        ("-CAST(5 AS smallint)", "-5", "smallint"),
        ("CAST(1 AS tinyint) + 1", "2", "integer"),
        ("CAST(1 AS smallint) * CAST(2 AS tinyint)", "2", "smallint"),
        ("REAL '1.5' * 2", "3.0", "real"),
        ("DECIMAL '1.5' + 1.0", "2.5", "double"),
        ("DECIMAL '1.5' + REAL '1'", "2.5", "real"),
        ("DECIMAL '1.5' + BIGINT '1'", "2.5", "decimal(21,1)"),
        ("1 / 0.0", "Infinity", "double"),
        ("1 / -0.0", "-Infinity", "double"),
        ("5.5 % 2", "1.5", "double"),
        ("DECIMAL '-7.5' % 2", "-1.5", "decimal(2,1)"),
        ("CAST(10.5 AS decimal(38,2)) / CAST(8 AS decimal(38,2))", "1.31", "decimal(38,2)"),
    ],
)
def test_arithmetic(query, expression, value, type_) -> None:
    _, types, rows = query(f"SELECT {expression}")
    assert (rows, types) == ([(value,)], [type_])


@pytest.mark.parametrize(
    "expression",
    [
        "-CAST(-128 AS tinyint)",
        "CAST(127 AS tinyint) + CAST(1 AS tinyint)",
        "-9223372036854775808 / -1",
        "DECIMAL '99999999999999999999999999999999999999' + 1",
        "DECIMAL '12345678901234567890' * DECIMAL '12345678901234567890'",
    ],
)
def test_overflow(failure, expression) -> None:
    assert failure(f"SELECT {expression}").startswith("NUMERIC_VALUE_OUT_OF_RANGE: ")
