"""Numbers as Java prints them: Athena is a Java program."""

import struct
from decimal import Decimal


def java_float(value: float, *, single: bool = False) -> str:
    """Java's Double.toString: plain from 0.001 to 10,000,000, else with an exponent."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    digits = Decimal(_shortest(value, single)).normalize()
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        text = f"{digits:f}"
        return text if "." in text else f"{text}.0"
    sign, numbers, exponent = digits.as_tuple()
    written = "".join(map(str, numbers)).rstrip("0") or "0"
    power = len(numbers) + exponent - 1
    return f"{'-' if sign else ''}{written[0]}.{written[1:] or '0'}E{power}"


def _shortest(value: float, single: bool) -> str:
    """The fewest digits that read back as the same value (as a 32-bit float for real), but two
    where one would do: Java takes the nearest of those, which is another number only where values
    are as far apart as 4.9E-324 and the next."""
    if not single:
        two = f"{value:.1e}"
        return two if float(two) == value else repr(value)
    shorter = (f"{value:.{digits}g}" for digits in range(2, 10))
    return next(text for text in shorter if _as_single(float(text)) == value)


def _as_single(value: float) -> float:
    return struct.unpack("f", struct.pack("f", value))[0]
