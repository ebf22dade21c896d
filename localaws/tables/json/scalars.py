"""Texts of JSON values as numbers: what Java's parsers take, and nothing else."""

import re
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, InvalidOperation

import numpy as np


class BadValue(Exception):
    """A value that its column cannot hold; str() says why."""


class DuplicateKey(BadValue):
    """Equal keys where one value is wanted; str() is the key."""


class Unparsed(BadValue):
    """A text that does not parse: NULL with `use.null.for.invalid.data`."""


_WHOLE = re.compile(r"[+-]?\d+")
_HEX = re.compile(r"0[xX][0-9a-fA-F]+")
_OCTAL = re.compile(r"0[0-7]+")
# Java's BigDecimal and Double.valueOf.
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_DOUBLE = re.compile(r"[+-]?(NaN|Infinity|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[fFdD]?)", re.ASCII)
_HEX_DOUBLE = re.compile(
    r"[+-]?0[xX]([0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?\d+[fFdD]?", re.ASCII
)
_TRIMMED = "".join(map(chr, range(0x21)))
_LONG = 1 << 63
_EXACT = Context(prec=1_000_000, Emax=10**9, Emin=-(10**9))
# A scale of Java's is an int, and so are its exponents.
_MAX_EXPONENT = (1 << 31) - 1


def long_of(text: str) -> int | None:
    """Decimal, hexadecimal (0x1F) or octal (017) digits; None for others, and beyond 64 bits."""
    if _HEX.fullmatch(text):
        found = int(text, 16)
    elif _OCTAL.fullmatch(text):
        found = int(text, 8)
    elif _WHOLE.fullmatch(text) and (len(text) == 1 or not "0" <= text[1] <= "8" or text[0] != "0"):
        found = int(text) if len(text) < 30 else _LONG
    else:
        return None
    return found if -_LONG <= found < _LONG else None


def is_whole(text: str) -> bool:
    return _WHOLE.fullmatch(text) is not None


def decimal_of(text: str) -> Decimal | None:
    match = _DECIMAL.fullmatch(text)
    if match is None:
        return None
    if match[2] and abs(int(match[2][1:])) > _MAX_EXPONENT - len(text):
        return None
    return Decimal(text)


def canonical(text: str) -> str | None:
    """A word without quotes as OpenX writes it; None for one that is neither boolean nor number."""
    if text.lower() in ("true", "false"):
        return text.lower()
    whole = long_of(text)
    if whole is not None:
        return str(whole)
    number = decimal_of(text)
    if number is None:
        return None
    # Java's zero has no sign. The two write numbers alike otherwise.
    return str(number if number else number.copy_abs())


def whole_of(text: str) -> int:
    """What stands behind a point is cut off. Raises Unparsed, also beyond 64 bits."""
    found = long_of(text)
    if found is None:
        number = decimal_of(text)
        if number is None or number.adjusted() > 20:
            raise Unparsed(f"{text} is no number of 64 bits")
        found = int(number.to_integral_value(ROUND_DOWN)) if number.adjusted() >= 0 else 0
    if not -_LONG <= found < _LONG:
        raise Unparsed(f"{text} is no number of 64 bits")
    return found


def double_of(text: str) -> float:
    """As Java's Double.parseDouble. Raises Unparsed."""
    trimmed = text.strip(_TRIMMED)
    if _DOUBLE.fullmatch(trimmed):
        return float(trimmed if trimmed[-1] in "yN" else trimmed.rstrip("fFdD"))
    if _HEX_DOUBLE.fullmatch(trimmed):
        try:
            return float.fromhex(trimmed.rstrip("fFdD") if "p" in trimmed.lower() else trimmed)
        except OverflowError:
            return float("-inf" if trimmed.startswith("-") else "inf")
    raise Unparsed(f"{text} is no number")


def real_of(text: str) -> float:
    """As Java's Float.parseFloat, which rounds once. Raises Unparsed."""
    exact = double_of(text)
    with np.errstate(over="ignore"):
        near = np.float32(exact)
    number = decimal_of(text.strip(_TRIMMED).rstrip("fFdD"))
    if number is None or not np.isfinite(near) or Decimal(exact) == number:
        return float(near)
    # The double lies between the text and the real: where it is just between two reals,
    # the text says which is nearer.
    for other in (np.nextafter(near, np.float32("-inf")), np.nextafter(near, np.float32("inf"))):
        middle = (Decimal(float(near)) + Decimal(float(other))) / 2
        if Decimal(exact) == middle and (number < middle) == (other < near):
            return float(other)
    return float(near)


def scaled(text: str, precision: int, scale: int) -> Decimal | None:
    """The decimal of a text, rounded half up; None for no number. Raises Unparsed for one that is
    too large."""
    number = decimal_of(text)
    if number is None:
        return None
    if number.adjusted() > 100_000:
        raise BadValue(f"{text} is too large for any decimal")
    if number.adjusted() > 40:
        raise Unparsed(f"{text} is too large for decimal({precision},{scale})")
    try:
        found = number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _EXACT)
    except InvalidOperation:
        found = Decimal(0).scaleb(-scale)
    if len(found.as_tuple().digits) > precision:
        raise Unparsed(f"{text} is too large for decimal({precision},{scale})")
    return found
