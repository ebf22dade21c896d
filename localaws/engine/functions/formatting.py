"""format(): Java's format strings. Source of the rules: Trino documentation, "Conversion
functions", and java.util.Formatter."""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import NoReturn

from localaws.engine.functions.errors import FunctionError, invalid
from localaws.java_text import java_float

_SPECIFIER = re.compile(
    r"%(?:(?P<place>[1-9]\d*)\$)?(?P<flags>[-#+ 0,(<]*)(?P<width>[1-9]\d*)?"
    r"(?:\.(?P<precision>\d+))?(?P<conversion>[a-zA-Z%])"
)
# By the kind of an argument, what it may be printed as; %s and %b take all.
_CONVERSIONS = {"integer": "dxXo", "double": "feE", "decimal": "f", "text": "", "boolean": ""}


def format_(pattern: str, kinds: list[str], values: list[str | None]) -> str:
    """`values` as text: numbers with a point, doubles as Java prints them."""
    out: list[str] = []
    at = used = 0
    while (start := pattern.find("%", at)) >= 0:
        out.append(pattern[at:start])
        found = _SPECIFIER.match(pattern, start)
        if not found:
            _invalid(pattern, f"UnknownFormatConversion: Conversion = '{pattern[start:][:2]}'")
        at = found.end()
        conversion = found["conversion"]
        if conversion == "n":
            out.append("\n")
        elif conversion == "%":
            out.append(_placed("%", found))
        else:
            if "<" in found["flags"] or "#" in found["flags"]:
                _unsupported(found[0])
            place = int(found["place"]) if found["place"] else (used := used + 1)
            if place > len(values):
                _invalid(pattern, f"MissingFormatArgument: Format specifier '{found[0]}'")
            out.append(_one(found, pattern, kinds[place - 1], values[place - 1]))
    return "".join(out) + pattern[at:]


def _one(found: re.Match[str], pattern: str, kind: str, value: str | None) -> str:
    conversion, precision = found["conversion"], found["precision"]
    if conversion not in "sSbBdxXofeE":
        _unsupported(found[0])
    if conversion in "sSbB":
        text = str(value) if value is not None else "null"
        if conversion in "bB":
            text = "false" if value is None else value if kind == "boolean" else "true"
        text = text[: int(precision)] if precision else text
        return _placed(text.upper() if conversion in "SB" else text, found)
    if conversion not in _CONVERSIONS[kind] and value is not None:
        _invalid(pattern, f"IllegalFormatConversion: {found[0]} of a value of kind {kind}")
    if value is None:
        return _placed("NULL" if conversion in "XE" else "null", found)
    if conversion in "xXo":
        number = int(value) % 2**64
        text = f"{number:{conversion}}"
        return _padded("", text, found) if "0" in found["flags"] else _placed(text, found)
    return _number(found, conversion, int(precision) if precision else None, value)


def _number(found: re.Match[str], conversion: str, precision: int | None, value: str) -> str:
    if value in ("NaN", "Infinity", "-Infinity"):
        sign = {"-": "-", "I": "+" if "+" in found["flags"] else ""}.get(value[0], "")
        return _placed(sign + value.lstrip("-"), found)
    number = Decimal(value)
    negative = number < 0 or (number == 0 and value.startswith("-") and conversion != "d")
    number = abs(number)
    if conversion == "d":
        text = f"{int(number):,d}" if "," in found["flags"] else f"{int(number):d}"
    elif conversion == "f":
        # Half up, and of the digits that print the double.
        places = 6 if precision is None else precision
        rounded = number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        text = f"{rounded:,f}" if "," in found["flags"] else f"{rounded:f}"
    else:
        text = _scientific(number, 6 if precision is None else precision)
        text = text.upper() if conversion == "E" else text
    if negative:
        before, after = ("(", ")") if "(" in found["flags"] else ("-", "")
    else:
        before = "+" if "+" in found["flags"] else " " if " " in found["flags"] else ""
        after = ""
    if "0" in found["flags"]:
        return _padded(before, text + after, found)
    return _placed(before + text + after, found)


def _scientific(number: Decimal, precision: int) -> str:
    exponent = number.adjusted() if number else 0
    digits = number.scaleb(-exponent).quantize(Decimal(1).scaleb(-precision), ROUND_HALF_UP)
    if digits >= 10:
        exponent += 1
        digits = (digits / 10).quantize(Decimal(1).scaleb(-precision), ROUND_HALF_UP)
    return f"{digits:f}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _placed(text: str, found: re.Match[str]) -> str:
    width = int(found["width"] or 0)
    return text.ljust(width) if "-" in found["flags"] else text.rjust(width)


def _padded(sign: str, text: str, found: re.Match[str]) -> str:
    return sign + text.rjust(int(found["width"] or 0) - len(sign), "0")


def _invalid(pattern: str, why: str) -> NoReturn:
    invalid(f"Invalid format string: {pattern} ({why})")


def _unsupported(specifier: str) -> NoReturn:
    raise FunctionError("NOT_SUPPORTED", f"{specifier} in format() is not supported locally")


FUNCTIONS = [
    ("py_format", format_, ["VARCHAR", "VARCHAR[]", "VARCHAR[]"], "VARCHAR"),
    ("py_java_double", lambda value: java_float(value), ["DOUBLE"], "VARCHAR"),
]
