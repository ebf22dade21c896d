"""Aggregate functions.

Expected values: Trino documentation, "Aggregate functions", and Trino's own tests and
implementation (TestAggregations, TestApproximatePercentile's nearest ranks, TestListAgg,
CentralMomentsAggregation, MaxAggregationFunction for NaN). That approx_percentile of a decimal is a
real is reported in trinodb/trino issue 23880, that a bigint must be exact as a double in 21707.
"""

import math
import statistics
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAN = "0e0 / 0e0"
SOME = "(VALUES 1, 2, NULL, 2) AS t(x)"
PAIRS = "(VALUES (1, 'a'), (2, NULL), (3, 'c'), (NULL, 'd')) AS t(x, y)"
ENTRIES = "(VALUES ('a', 1), ('b', 2), ('a', 3), (NULL, 4), ('c', NULL)) AS t(k, v)"
POINTS = "(VALUES (1e0, 2e0), (3e0, 4e0), (5e0, 7e0)) AS t(y, x)"
FLOATS = f"(VALUES 1e0, {NAN}, NULL, 3e0) AS t(x)"


@pytest.mark.parametrize(
    ("call", "relation", "value", "type_"),
    [
        ("count(*)", SOME, "4", "bigint"),
        ("count()", SOME, "4", "bigint"),
        ("count(x)", SOME, "3", "bigint"),
        ("count(DISTINCT x)", SOME, "2", "bigint"),
        ("count_if(x > 1)", SOME, "2", "bigint"),
        ("count_if(x IS NULL)", SOME, "1", "bigint"),
        ("sum(x)", SOME, "5", "bigint"),
        ("sum(DISTINCT x)", SOME, "3", "bigint"),
        ("avg(x)", SOME, "1.6666666666666667", "double"),
        ("sum(x) FILTER (WHERE x > 1)", SOME, "4", "bigint"),
        ("count(*) FILTER (WHERE x > 5)", SOME, "0", "bigint"),
        ("sum(x) FILTER (WHERE x > 5)", SOME, None, "bigint"),
        ("min(x)", SOME, "1", "integer"),
        ("max(x)", SOME, "2", "integer"),
        ("max(x, 2)", SOME, "[2, 2]", "array(integer)"),
        ("min(x, 9)", SOME, "[1, 2, 2]", "array(integer)"),
        ("arbitrary(x)", "(VALUES NULL, 7) AS t(x)", "7", "integer"),
        ("any_value(x)", "(VALUES NULL, 7) AS t(x)", "7", "integer"),
        ("array_agg(x)", SOME, "[1, 2, null, 2]", "array(integer)"),
        ("array_agg(x ORDER BY x DESC)", SOME, "[2, 2, 1, null]", "array(integer)"),
        ("array_agg(x ORDER BY x NULLS FIRST)", SOME, "[null, 1, 2, 2]", "array(integer)"),
        ("array_agg(DISTINCT x ORDER BY x)", SOME, "[1, 2, null]", "array(integer)"),
        ("array_agg(x) FILTER (WHERE x IS NOT NULL)", SOME, "[1, 2, 2]", "array(integer)"),
        ("bool_and(x > 1)", SOME, "false", "boolean"),
        ("bool_or(x > 1)", SOME, "true", "boolean"),
        ("every(x > 0)", SOME, "true", "boolean"),
        ("bitwise_and_agg(x)", "(VALUES 6, 12, NULL) AS t(x)", "4", "bigint"),
        ("bitwise_or_agg(x)", "(VALUES 6, 12, NULL) AS t(x)", "14", "bigint"),
        ("bitwise_xor_agg(x)", "(VALUES 6, 12, NULL) AS t(x)", "10", "bigint"),
        # Sums and averages of each type.
        ("sum(x)", "(VALUES REAL '1.5', REAL '2') AS t(x)", "3.5", "real"),
        ("avg(x)", "(VALUES REAL '1.5', REAL '2') AS t(x)", "1.75", "real"),
        ("sum(x)", "(VALUES 1e0, 2.5e0) AS t(x)", "3.5", "double"),
        ("sum(x)", "(VALUES DECIMAL '1.75', DECIMAL '1.80') AS t(x)", "3.55", "decimal(38,2)"),
        ("avg(x)", "(VALUES DECIMAL '1.75', DECIMAL '1.80') AS t(x)", "1.78", "decimal(3,2)"),
        ("avg(x)", "(VALUES DECIMAL '-1.75', DECIMAL '-1.80') AS t(x)", "-1.78", "decimal(3,2)"),
        (
            "avg(x)",
            "(VALUES DECIMAL '9999999999999999999999999999.99', DECIMAL '1.00') AS t(x)",
            "5000000000000000000000000000.50",
            "decimal(30,2)",
        ),
        ("sum(x)", "(VALUES TINYINT '100', TINYINT '100') AS t(x)", "200", "bigint"),
        # NaN is neither the largest nor the smallest, unless it is alone.
        ("max(x)", FLOATS, "3.0", "double"),
        ("min(x)", FLOATS, "1.0", "double"),
        ("max(x, 5)", FLOATS, "[3.0, 1.0, NaN]", "array(double)"),
        ("min(x, 5)", FLOATS, "[1.0, 3.0, NaN]", "array(double)"),
        ("max_by(x, x)", FLOATS, "3.0", "double"),
        ("min_by(x, x)", FLOATS, "1.0", "double"),
        ("max(x)", f"(VALUES {NAN}) AS t(x)", "NaN", "double"),
        # Values with the largest and smallest key; a value may be NULL, a key not.
        ("max_by(y, x)", PAIRS, "c", "varchar(1)"),
        ("min_by(y, x)", PAIRS, "a", "varchar(1)"),
        ("max_by(y, x)", "(VALUES (1, 'a'), (2, NULL)) AS t(x, y)", None, "varchar(1)"),
        ("max_by(y, x, 2)", PAIRS, "[c, null]", "array(varchar(1))"),
        ("min_by(y, x, 5)", PAIRS, "[a, null, c]", "array(varchar(1))"),
        # Maps.
        ("histogram(x)", SOME, "{1=1, 2=2}", "map(integer, bigint)"),
        ("map_agg(k, v)", ENTRIES, "{a=1, b=2, c=null}", "map(varchar(1), integer)"),
        ("multimap_agg(k, v)", ENTRIES, "{a=[1, 3], b=[2], c=[null]}", "map(varchar(1), array(integer))"),
        ("map_agg(k, v)", "(VALUES (CAST(NULL AS varchar), 1)) AS t(k, v)", None, "map(varchar, integer)"),
        (
            "map_union(m)",
            "(VALUES map(ARRAY['a'], ARRAY[1]), NULL, map(ARRAY['a', 'b'], ARRAY[2, 3])) AS t(m)",
            "{a=1, b=3}",
            "map(varchar(1), integer)",
        ),
        # Text.
        ("listagg(x, ',') WITHIN GROUP (ORDER BY x)", "(VALUES 'a', 'c', NULL, 'b') AS t(x)", "a,b,c", "varchar"),
        ("listagg(x) WITHIN GROUP (ORDER BY x DESC)", "(VALUES 'a', 'c', 'b') AS t(x)", "cba", "varchar"),
        ("listagg(DISTINCT x, '-') WITHIN GROUP (ORDER BY x)", "(VALUES 'a', 'b', 'a') AS t(x)", "a-b", "varchar"),
        ("listagg(x, ',') WITHIN GROUP (ORDER BY x) FILTER (WHERE x > 'a')", "(VALUES 'a', 'c') AS t(x)", "c", "varchar"),
        ("listagg(x, ',') WITHIN GROUP (ORDER BY x)", "(VALUES CAST(NULL AS varchar)) AS t(x)", None, "varchar"),
        # Approximate ones are exact, or the nearest rank.
        ("approx_distinct(x)", SOME, "2", "bigint"),
        ("approx_distinct(x, 0.1)", SOME, "2", "bigint"),
        ("approx_distinct(x)", f"(VALUES {NAN}, {NAN}) AS t(x)", "1", "bigint"),
        ("approx_percentile(x, 0.5)", "(VALUES -1, 1) AS t(x)", "1", "bigint"),
        ("approx_percentile(x, 0.5)", "(VALUES -1, NULL, 2, 3) AS t(x)", "2", "bigint"),
        ("approx_percentile(x, ARRAY[0, 0.5, 1])", "(VALUES -1, 2, 3) AS t(x)", "[-1, 2, 3]", "array(bigint)"),
        ("approx_percentile(x, 0.9)", "(VALUES 1.5e0, 2.5e0) AS t(x)", "2.5", "double"),
        ("approx_percentile(x, 0.5)", "(VALUES DECIMAL '1.5', DECIMAL '2.5') AS t(x)", "2.5", "real"),
        # Statistics.
        ("stddev(x)", "(VALUES 1, 2, 3, 7) AS t(x)", "2.6299556396765835", "double"),
        ("stddev_pop(x)", "(VALUES 1, 2, 3, 7) AS t(x)", "2.277608394786075", "double"),
        ("variance(x)", "(VALUES 1, 2, 3, 7) AS t(x)", "6.916666666666667", "double"),
        ("var_pop(x)", "(VALUES 1, 2, 3, 7) AS t(x)", "5.1875", "double"),
        ("var_samp(x)", "(VALUES 1) AS t(x)", None, "double"),
        ("var_pop(x)", "(VALUES 1) AS t(x)", "0.0", "double"),
        ("skewness(x)", "(VALUES 1, 2) AS t(x)", None, "double"),
        ("skewness(x)", "(VALUES 1, 1, 1) AS t(x)", "NaN", "double"),
        ("kurtosis(x)", "(VALUES 1, 2, 3) AS t(x)", None, "double"),
        ("kurtosis(x)", "(VALUES 1, 1, 1, 1) AS t(x)", "NaN", "double"),
        ("geometric_mean(x)", "(VALUES 1, 4, 16) AS t(x)", "4.0", "double"),
        ("geometric_mean(x)", "(VALUES 0e0, 4e0) AS t(x)", "0.0", "double"),
        ("geometric_mean(x)", "(VALUES -1e0, 4e0) AS t(x)", "NaN", "double"),
        ("covar_pop(y, x)", POINTS, "3.3333333333333335", "double"),
        ("covar_samp(y, x)", POINTS, "5.0", "double"),
        ("covar_pop(y, x)", "(VALUES (1e0, nan()), (1e0, 2e0)) AS t(y, x)", "NaN", "double"),
        ("corr(y, x)", "(VALUES (1e0, 2e0)) AS t(y, x)", None, "double"),
        ("corr(y, x)", "(VALUES (1e0, 2e0), (2e0, 2e0)) AS t(y, x)", None, "double"),
        ("covar_samp(y, x)", "(VALUES (1e0, 2e0)) AS t(y, x)", None, "double"),
        ("covar_pop(y, x)", "(VALUES (1e0, 2e0)) AS t(y, x)", "0.0", "double"),
        ("regr_slope(y, x)", "(VALUES (3e0, 1e0), (5e0, 2e0)) AS t(y, x)", "2.0", "double"),
        ("regr_intercept(y, x)", "(VALUES (3e0, 1e0), (5e0, 2e0)) AS t(y, x)", "1.0", "double"),
        ("regr_slope(y, x)", "(VALUES (3e0, 1e0), (5e0, 1e0)) AS t(y, x)", None, "double"),
        # Forms for real and double only: an integer takes the first that fits.
        ("corr(y, x)", "(VALUES (1, 2), (3, 4)) AS t(y, x)", "1.0", "real"),
    ],
)  # fmt: skip
def test_value(query, call, relation, value, type_) -> None:
    _, types, rows = query(f"SELECT {call} FROM {relation}")
    assert (types, rows) == ([type_], [(value,)])


NONE = "(VALUES (1, 'a', true, 1e0)) AS t(i, s, b, d) WHERE i > 1"


@pytest.mark.parametrize(
    "call",
    [
        "sum(i)", "avg(i)", "sum(d)", "avg(d)", "min(i)", "max(s)", "min(d)", "max(d)", "max(i, 2)",
        "min_by(s, i)", "max_by(s, d)", "max_by(s, i, 2)", "arbitrary(i)", "array_agg(i)",
        "bool_and(b)", "bool_or(b)", "every(b)", "bitwise_and_agg(i)", "bitwise_or_agg(i)",
        "bitwise_xor_agg(i)", "histogram(s)", "map_agg(s, i)", "multimap_agg(s, i)",
        "map_union(map(ARRAY[s], ARRAY[i]))", "approx_percentile(i, 0.5)",
        "approx_percentile(d, ARRAY[0.5])", "stddev(d)", "var_pop(d)", "skewness(d)",
        "kurtosis(d)", "geometric_mean(d)", "corr(d, d)", "covar_pop(d, d)", "regr_slope(d, d)",
        "listagg(s, ',') WITHIN GROUP (ORDER BY s)", "avg(CAST(i AS decimal(5, 2)))",
        "sum(CAST(i AS decimal(5, 2)))",
    ],
)  # fmt: skip
def test_no_rows_give_null(query, call) -> None:
    assert query(f"SELECT {call} FROM {NONE}")[2] == [(None,)]


@pytest.mark.parametrize("call", ["count(*)", "count(i)", "count_if(b)", "approx_distinct(s)"])
def test_no_rows_give_zero(query, call) -> None:
    assert query(f"SELECT {call} FROM {NONE}")[2] == [("0",)]


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("sum(x) FROM (VALUES 9223372036854775807, 1) AS t(x)", "NUMERIC_VALUE_OUT_OF_RANGE: bigint addition overflow"),
        ("sum(x) OVER () FROM (VALUES 9223372036854775807, 1) AS t(x)", "NUMERIC_VALUE_OUT_OF_RANGE: bigint addition"),
        ("max(x, 0) FROM (VALUES 1) AS t(x)", "INVALID_FUNCTION_ARGUMENT: second argument of max/min must be"),
        ("max(x, 10001) FROM (VALUES 1) AS t(x)", "INVALID_FUNCTION_ARGUMENT: second argument of max/min must be"),
        ("approx_distinct(x, 0.5) FROM (VALUES 1) AS t(x)", "INVALID_FUNCTION_ARGUMENT: Standard error must be in"),
        ("approx_percentile(x, 1.5) FROM (VALUES 1) AS t(x)", "INVALID_FUNCTION_ARGUMENT: Percentile must be between 0 and 1"),
        ("approx_percentile(x, 0.5) FROM (VALUES 5083102846751276221) AS t(x)", "INVALID_FUNCTION_ARGUMENT: no exact double"),
        (f"approx_percentile(x, 0.5) FROM (VALUES {NAN}) AS t(x)", "INVALID_FUNCTION_ARGUMENT: value must be finite; was NaN"),
        ("array_agg(DISTINCT x ORDER BY y) FROM (VALUES (1, 2)) AS t(x, y)", "EXPRESSION_NOT_IN_DISTINCT"),
        ("sum(DISTINCT x) OVER () FROM (VALUES 1) AS t(x)", "NOT_SUPPORTED"),
        ("listagg(x, ',') FROM (VALUES 'a') AS t(x)", "SYNTAX_ERROR"),
        ("listagg(x, x) WITHIN GROUP (ORDER BY x) FROM (VALUES 'a') AS t(x)", "SYNTAX_ERROR"),
        ("listagg(x, ',') WITHIN GROUP (ORDER BY x) FROM (VALUES 1) AS t(x)", "FUNCTION_NOT_FOUND"),
        (
            "listagg(rpad('', 600000, x), ',') WITHIN GROUP (ORDER BY x) FROM (VALUES 'a', 'b') AS t(x)",
            "EXCEEDED_FUNCTION_MEMORY_LIMIT",
        ),
        ("sum(x) FROM (VALUES 'a') AS t(x)", "FUNCTION_NOT_FOUND"),
        ("sum(sum(x)) FROM (VALUES 1) AS t(x)", ""),
        # Not done exactly here, so not at all.
        ("count(DISTINCT m) FROM (VALUES map(ARRAY['a'], ARRAY[1])) AS t(m)", "NOT_SUPPORTED"),
        ("max(x) FROM (VALUES ARRAY[1]) AS t(x)", "NOT_SUPPORTED"),
        ("checksum(x) FROM (VALUES 1) AS t(x)", "FUNCTION_NOT_FOUND"),
        ("approx_set(x) FROM (VALUES 1) AS t(x)", "FUNCTION_NOT_FOUND"),
        ("numeric_histogram(2, x) FROM (VALUES 1e0) AS t(x)", "FUNCTION_NOT_FOUND"),
        ("approx_percentile(x, 2, 0.5) FROM (VALUES 1) AS t(x)", "FUNCTION_NOT_FOUND"),
    ],
)  # fmt: skip
def test_failure(failure, sql, error) -> None:
    assert failure(f"SELECT {sql}").startswith(error)


def test_over_windows(query) -> None:
    _, _, rows = query(
        "SELECT sum(x) OVER w, avg(x) OVER w, max(x, 2) OVER w, array_agg(x) OVER w,"
        " approx_percentile(x, 0.5) OVER w, map_agg(x, y) OVER w, max_by(y, x) OVER w,"
        " count_if(x > 1) OVER w, avg(CAST(x AS decimal(3, 1))) OVER w"
        " FROM (VALUES (1, 'a'), (2, 'b')) AS t(x, y) WINDOW w AS (ORDER BY x)"
    )
    assert rows == [
        ("1", "1.0", "[1]", "[1]", "1", "{1=a}", "a", "0", "1.0"),
        ("3", "1.5", "[2, 1]", "[1, 2]", "2", "{1=a, 2=b}", "b", "1", "1.5"),
    ]


def test_rows_come_in_order_without_order_by(query) -> None:
    _, _, ((found,),) = query(
        "SELECT array_join(array_agg(x), ',') FROM UNNEST(sequence(1, 9000)) AS t(x)"
    )
    assert found == ",".join(map(str, range(1, 9001)))


# ---- against Python

numbers = st.lists(st.one_of(st.none(), st.integers(-1000, 1000)), min_size=1, max_size=12)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(numbers)  # fmt: skip
def test_agrees_with_python(query, values) -> None:
    known = [value for value in values if value is not None]
    rows = ", ".join("CAST(NULL AS integer)" if v is None else str(v) for v in values)
    _, _, (row,) = query(
        "SELECT sum(x), avg(CAST(x AS decimal(6, 1))), approx_percentile(x, 0.25), max(x, 3),"
        " stddev(x), skewness(x), kurtosis(x), count(DISTINCT x), count(*)"
        f" FROM (VALUES {rows}) AS t(x)"
    )
    n = len(known)
    average = None
    if n:
        exact = Decimal(sum(known)) / n
        average = str(exact.quantize(Decimal("0.1"), ROUND_HALF_UP))
    assert row[:4] == (
        str(sum(known)) if n else None,
        average.replace("-0.0", "0.0") if average else None,
        str(sorted(known)[min(n - 1, math.floor(n * 0.25))]) if n else None,
        f"[{', '.join(map(str, sorted(known, reverse=True)[:3]))}]" if n else None,
    )
    assert row[7:] == (str(len(set(known))), str(len(values)))
    expected = (
        statistics.stdev(known) if n > 1 else None,
        _skewness(known) if n > 2 else None,
        _kurtosis(known) if n > 3 else None,
    )
    for found, value in zip(row[4:7], expected, strict=True):
        if value is None:
            assert found is None
        else:
            assert float(found) == pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True)


def _moment(values: list[int], power: int) -> float:
    mean = statistics.fmean(values)
    return sum((value - mean) ** power for value in values)


def _skewness(values: list[int]) -> float:
    if len(set(values)) == 1:
        return math.nan
    return math.sqrt(len(values)) * _moment(values, 3) / _moment(values, 2) ** 1.5


def _kurtosis(values: list[int]) -> float:
    if len(set(values)) == 1:
        return math.nan
    n = len(values)
    spread = (n - 1) * n * (n + 1) / ((n - 2) * (n - 3)) * _moment(values, 4)
    return spread / _moment(values, 2) ** 2 - 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))
