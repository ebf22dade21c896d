"""Statistical aggregate functions.

Source of the rules: Trino documentation, "Statistical aggregate functions", and Trino's
implementation: its results that are not finite are NULL for correlation and regression, NaN for
skewness and kurtosis. Where Trino has a form for real and one for double, an integer or decimal
takes the one for real.
"""

from localaws.sql.functions.collecting import collected, plain
from localaws.sql.functions.registry import signature
from localaws.sql.types import DOUBLE, REAL

_FINITE = "tr_finite({0})"
_MOMENTS = ("skewness", "kurtosis")
_OF_PAIRS = (
    *((name, _FINITE) for name in ("corr", "regr_slope", "regr_intercept")),
    *((name, "{0}") for name in ("covar_pop", "covar_samp")),
)
_OF_ONE = {
    "stddev": "stddev_samp",
    "stddev_samp": "stddev_samp",
    "stddev_pop": "stddev_pop",
    "variance": "var_samp",
    "var_samp": "var_samp",
    "var_pop": "var_pop",
}

ENTRIES = (
    *(
        signature(f"{name}(double) -> double", plain(function, DOUBLE))
        for name, function in _OF_ONE.items()
    ),
    *(
        signature(f"{name}(double) -> double", collected(f"tr_{name}({{0}})", "list", DOUBLE))
        for name in _MOMENTS
    ),
    *(
        signature(
            f"{name}({type_}, {type_}) -> {type_}",
            collected(f"CAST({finish} AS {type_})", name, type_of),
        )
        for name, finish in _OF_PAIRS
        for type_, type_of in (("real", REAL), ("double", DOUBLE))
    ),
    signature(
        "geometric_mean(bigint) -> double", collected("exp({0})", "avg", DOUBLE, "tr_ln({0})")
    ),
    signature(
        "geometric_mean(real) -> real",
        collected("CAST(exp({0}) AS REAL)", "avg", REAL, "tr_ln({0})"),
    ),
    signature(
        "geometric_mean(double) -> double", collected("exp({0})", "avg", DOUBLE, "tr_ln({0})")
    ),
)
