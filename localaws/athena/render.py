"""Values as Athena prints them in a result."""

import struct
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa

from localaws.sql.errors import QueryError
from localaws.sql.types import Type


def rendered_rows(
    batches: Iterable[pa.RecordBatch], types: tuple[Type, ...]
) -> Iterator[tuple[str | None, ...]]:
    """Each row's values as text, None for NULL."""
    for batch in batches:
        columns = [
            [None if value is None else render(value, type_) for value in column.to_pylist()]
            for column, type_ in zip(batch.columns, types, strict=True)
        ]
        yield from zip(*columns, strict=True)


def render(value: object, type_: Type) -> str:
    """One value that is not NULL.

    Raises NOT_SUPPORTED where Athena's text is not known.
    """
    match type_.base:
        case "varchar" | "char" | "json":
            return str(value)
        case "boolean":
            return "true" if value else "false"
        case "tinyint" | "smallint" | "integer" | "bigint":
            return str(value)
        case "real" | "double":
            return java_float(float(value), single=type_.base == "real")
        case "decimal":
            assert isinstance(value, Decimal)
            return f"{value:f}"
        case "date":
            assert isinstance(value, date)
            return value.isoformat()
        case "timestamp":
            return _timestamp(value, type_.args[0])
        case "timestamp with time zone" if type_.zone == "UTC":
            return f"{_timestamp(value, type_.args[0])} UTC"
        case "timestamp with time zone":
            raise QueryError(
                "NOT_SUPPORTED",
                "a timestamp with time zone other than UTC cannot be shown locally: "
                "use x AT TIME ZONE 'UTC'",
            )
        case "varbinary":
            return " ".join(f"{byte:02x}" for byte in bytes(value))
        case "array":
            return f"[{', '.join(_nested(each, type_.element) for each in value)}]"
        case "map":
            key, inner = type_.args
            pairs = (f"{_nested(k, key)}={_nested(v, inner)}" for k, v in value)
            return f"{{{', '.join(pairs)}}}"
        case "row":
            fields = (
                f"{name or f'field{i}'}={_nested(each, inner)}"
                for i, ((name, inner), each) in enumerate(
                    zip(type_.args, value.values(), strict=True)
                )
            )
            return f"{{{', '.join(fields)}}}"
    raise QueryError("NOT_SUPPORTED", f"a result of type {type_} is not supported locally")


def _nested(value: object, type_: Type) -> str:
    return "null" if value is None else render(value, type_)


def _timestamp(value: object, precision: int) -> str:
    assert isinstance(value, datetime)
    text = value.strftime("%Y-%m-%d %H:%M:%S")
    # strftime does not pad years before 1000.
    text = text.rjust(19, "0")
    return f"{text}.{value.microsecond:06d}"[: 20 + precision] if precision else text


def java_float(value: float, *, single: bool = False) -> str:
    """Java's Double.toString: plain from 0.001 to 10,000,000, else with an exponent."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    digits = Decimal(_shortest(value, single))
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        text = f"{digits:f}"
        return text if "." in text else f"{text}.0"
    sign, numbers, exponent = digits.as_tuple()
    written = "".join(map(str, numbers)).rstrip("0") or "0"
    power = len(numbers) + exponent - 1
    return f"{'-' if sign else ''}{written[0]}.{written[1:] or '0'}E{power}"


def _shortest(value: float, single: bool) -> str:
    """The fewest digits that read back as the same value (as a 32-bit float for real)."""
    if not single:
        return repr(value)
    shorter = (f"{value:.{digits}g}" for digits in range(1, 10))
    return next(text for text in shorter if _as_single(float(text)) == value)


def _as_single(value: float) -> float:
    return struct.unpack("f", struct.pack("f", value))[0]
