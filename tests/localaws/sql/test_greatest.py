"""GREATEST and LEAST.

Expected values: Trino documentation, "Comparison functions", and Trino's TestMathFunctions.
"""

import pytest

NAN = "0e0 / 0e0"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("greatest(1, 2, 3)", "3"),
        ("least(3, 1, 2)", "1"),
        ("greatest('a', 'c', 'b')", "c"),
        ("greatest(1, NULL, 3)", None),
        ("least(NULL, 1)", None),
        ("greatest(1, 2.5e0)", "2.5"),
        ("greatest(1)", "1"),
        ("least(DATE '2020-01-02', DATE '2020-01-01')", "2020-01-01"),
        (f"greatest(1.5e0, {NAN})", "1.5"),
        (f"least({NAN}, 1.5e0)", "1.5"),
        (f"greatest({NAN}, {NAN})", "NaN"),
    ],
)
def test_value(evaluate, expression, value) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("greatest(1, 'a')", "FUNCTION_NOT_FOUND"),
        ("greatest(ARRAY[1], ARRAY[2])", "NOT_SUPPORTED"),
    ],
)
def test_failure(failure, expression, error) -> None:
    assert failure(f"SELECT {expression}").startswith(error)
