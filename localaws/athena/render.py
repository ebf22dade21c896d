"""Values as Athena prints them in a result."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from ipaddress import IPv6Address

import pyarrow as pa

from localaws.java_text import java_float
from localaws.sql.errors import QueryError
from localaws.sql.intervals import day_to_second_text, year_to_month_text
from localaws.sql.time_zones import tz
from localaws.sql.types import Type


def rendered_rows(
    batches: Iterable[pa.RecordBatch], types: tuple[Type, ...]
) -> Iterator[tuple[str | None, ...]]:
    """Each row's values as text, None for NULL."""
    for batch in batches:
        columns = [
            [None if value is None else render(value, type_) for value in _values(column)]
            for column, type_ in zip(batch.columns, types, strict=True)
        ]
        yield from zip(*columns, strict=True)


def _values(column: pa.Array) -> list:
    try:
        return column.to_pylist()
    except OverflowError:
        message = "a date before the year 1 or after 9999 cannot be shown locally"
        raise QueryError("NOT_SUPPORTED", message) from None


def render(value: object, type_: Type) -> str:
    """One value that is not NULL.

    Raises NOT_SUPPORTED where Athena's text is not known.
    """
    match type_.base:
        case "varchar" | "json" | "uuid":
            return str(value)
        case "char":
            return str(value).ljust(type_.args[0])
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
        case "timestamp with time zone" if type_.zone:
            local = value.astimezone(tz(type_.zone))
            return f"{_timestamp(local, type_.args[0])} {type_.zone}"
        case "timestamp with time zone":
            raise QueryError(
                "NOT_SUPPORTED",
                "a timestamp with time zone whose zone differs from row to row cannot be shown "
                "locally: use x AT TIME ZONE 'UTC'",
            )
        case "interval day to second":
            return day_to_second_text(value)
        case "interval year to month":
            return year_to_month_text(value)
        case "time":
            return _time(value, type_.args[0])
        case "time with time zone" if type_.zone:
            return _time(value, type_.args[0]) + type_.zone
        case "ipaddress":
            return _address(value)
        case "varbinary":
            return " ".join(f"{byte:02x}" for byte in bytes(value))
        case "array":
            return f"[{', '.join(_nested(each, type_.element) for each in value)}]"
        case "map":
            key, inner = type_.args
            pairs = (f"{_nested(k, key)}={_nested(v, inner)}" for k, v in value)
            return f"{{{', '.join(pairs)}}}"
        case "row":
            # A field without a name is its value alone: engine version 3.
            fields = (
                f"{name}={_nested(each, inner)}" if name else _nested(each, inner)
                for (name, inner), each in zip(type_.args, value.values(), strict=True)
            )
            return f"{{{', '.join(fields)}}}"
    raise QueryError("NOT_SUPPORTED", f"a result of type {type_} is not supported locally")


def _nested(value: object, type_: Type) -> str:
    return "null" if value is None else render(value, type_)


def _time(value: object, precision: int) -> str:
    assert isinstance(value, time)
    text = value.strftime("%H:%M:%S")
    return f"{text}.{value.microsecond:06d}"[: 9 + precision] if precision else text


def _address(value: object) -> str:
    """IPv4 addresses are kept as IPv6 ones; of those Java spells zeros out as RFC 5952 says."""
    address = IPv6Address(bytes(value))
    return str(address.ipv4_mapped or address)


def _timestamp(value: object, precision: int) -> str:
    assert isinstance(value, datetime)
    text = value.strftime("%Y-%m-%d %H:%M:%S")
    # strftime does not pad years before 1000.
    text = text.rjust(19, "0")
    return f"{text}.{value.microsecond:06d}"[: 20 + precision] if precision else text
