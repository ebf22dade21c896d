"""Mathematical functions. Source of the rules: Trino documentation, "Mathematical functions"."""

import math
from bisect import bisect_right
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from itertools import pairwise

from localaws.engine.functions.errors import invalid
from localaws.java_text import java_float

_WIDE = Context(prec=200)

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def cbrt(value: float) -> float:
    root = math.cbrt(value)
    if root == 0:
        return root
    # C's may be off by a bit where there is an exact root: 3.0000000000000004 for 27.
    return float(round(root)) if math.isfinite(root) and round(root) ** 3 == value else root


def to_base(value: int, radix: int) -> str:
    _check_radix(radix)
    digits, rest = "", abs(value)
    while rest:
        rest, digit = divmod(rest, radix)
        digits = _DIGITS[digit] + digits
    return ("-" if value < 0 else "") + (digits or "0")


def from_base(text: str, radix: int) -> int:
    _check_radix(radix)
    digits = text.removeprefix("-") if text.startswith("-") else text.removeprefix("+")
    if not digits or any(each not in _DIGITS[:radix] for each in digits.lower()):
        invalid(f"Not a valid base-{radix} number: {text}")
    value = int(text, radix)
    if not -(2**63) <= value < 2**63:
        invalid(f"Not a valid base-{radix} number: {text}")
    return value


def _check_radix(radix: int) -> None:
    if not 2 <= radix <= 36:
        invalid("Radix must be between 2 and 36")


def width_bucket(value: float, first: float, second: float, count: int) -> int:
    if count <= 0:
        invalid("bucketCount must be greater than 0")
    if math.isnan(value):
        invalid("operand must not be NaN")
    if not (math.isfinite(first) and math.isfinite(second)):
        invalid("bound must be finite")
    if first == second:
        invalid("bounds cannot equal each other")
    lower, upper = min(first, second), max(first, second)
    if value < lower:
        place = 0
    elif value >= upper:
        place = count + 1
    else:
        place = int(count * (value - lower) / (upper - lower)) + 1
    return count - place + 1 if first > second else place


def width_bucket_of_bins(value: float, bins: list[float]) -> int:
    if not bins:
        invalid("Bins cannot be an empty array")
    if math.isnan(value):
        invalid("Operand cannot be NaN")
    if any(each is None or not math.isfinite(each) for each in bins):
        invalid("Bin value must be finite")
    if any(a > b for a, b in pairwise(bins)):
        invalid("Bin values are not sorted in ascending order")
    return bisect_right(bins, value)


def bit_count(value: int, bits: int) -> int:
    if bits == 64:
        return (value % 2**64).bit_count()
    if not 2 <= bits <= 64:
        invalid("Bits specified in bit_count must be between 2 and 64, got " + str(bits))
    if not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
        invalid(
            "Number must be representable with the bits specified. "
            f"{value} can not be represented with {bits} bits"
        )
    return (value % 2**bits).bit_count()


def normal_cdf(mean: float, deviation: float, value: float) -> float:
    if not deviation > 0:
        invalid("standardDeviation must be > 0")
    return 0.5 * (1 + math.erf((value - mean) / (deviation * math.sqrt(2))))


def real_text(value: float) -> str:
    """A real as CAST to varchar writes it: 7 digits at most, half up, always an exponent."""
    if math.isnan(value) or math.isinf(value):
        return java_float(value)
    if value == 0:
        return "-0E0" if math.copysign(1, value) < 0 else "0E0"
    if 0 < abs(value) < 1e-40:
        # Fewer digits than that are kept so near to zero.
        return java_float(value, single=True)
    exact = Decimal(value)
    digits = exact.quantize(Decimal((0, (1,), exact.adjusted() - 6)), ROUND_HALF_UP, _WIDE)
    whole, _, fraction = f"{digits:.6e}".upper().partition("E")
    whole = whole.rstrip("0")
    return f"{whole}{'0' if whole.endswith('.') else ''}E{int(fraction)}"


def _shift(shifted: Callable[[int, int, int], int]) -> Callable[[int, int, int], int]:
    def shift(value: int, places: int, bits: int) -> int:
        if places < 0:
            invalid("shift must be positive")
        result = shifted(value, places, bits) % 2**bits
        return result - 2**bits if result >= 2 ** (bits - 1) else result

    return shift


FUNCTIONS = [
    ("py_to_base", to_base, ["BIGINT", "BIGINT"], "VARCHAR"),
    ("py_from_base", from_base, ["VARCHAR", "BIGINT"], "BIGINT"),
    ("py_width_bucket", width_bucket, ["DOUBLE", "DOUBLE", "DOUBLE", "BIGINT"], "BIGINT"),
    ("py_width_bucket_of_bins", width_bucket_of_bins, ["DOUBLE", "DOUBLE[]"], "BIGINT"),
    ("py_bit_count", bit_count, ["BIGINT", "BIGINT"], "BIGINT"),
    ("py_cbrt", cbrt, ["DOUBLE"], "DOUBLE"),
    *(
        (f"py_shift_{name}", _shift(shifted), ["BIGINT", "BIGINT", "BIGINT"], "BIGINT")
        for name, shifted in (
            ("left", lambda value, places, bits: value << min(places, bits)),
            ("right", lambda value, places, bits: value % 2**bits >> places),
            ("right_arithmetic", lambda value, places, bits: value >> places),
        )
    ),
    ("py_real_text", real_text, ["FLOAT"], "VARCHAR"),
    ("py_normal_cdf", normal_cdf, ["DOUBLE", "DOUBLE", "DOUBLE"], "DOUBLE"),
]
