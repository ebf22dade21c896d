"""Hive's bucket of a row (version 1, the one that tables have without `bucketing_version`).

Source of the rules: Trino's HiveBucketingV1, whose published values the tests use.
"""

import struct
from collections.abc import Callable
from datetime import date
from typing import Any

from localaws.sql.errors import QueryError
from localaws.sql.types import Type

# A value that is not NULL -> a signed 32-bit number; NULL is 0.
Hash = Callable[[Any], int]

_EPOCH = date(1970, 1, 1)


def bucket_of(types: list[Type], buckets: int) -> Callable[[tuple[Any, ...]], int]:
    """The bucket of a row's bucketing values. Raises NOT_SUPPORTED for other types."""
    hashes = [_nullable(hash_of(type_)) for type_ in types]

    def bucket(values: tuple[Any, ...]) -> int:
        result = 0
        for value, hash_ in zip(values, hashes, strict=True):
            result = 31 * result + hash_(value)
        return (result & 0x7FFFFFFF) % buckets

    return bucket


def hash_of(type_: Type) -> Hash:
    match type_.base:
        case "boolean":
            return int
        case "tinyint" | "smallint" | "integer":
            return int
        case "bigint":
            return _fold
        case "real":
            return lambda value: _bits(value, ">f", ">i", 0x7FC00000)
        case "double":
            return lambda value: _fold(_bits(value, ">d", ">q", 0x7FF8000000000000))
        case "varchar":
            start = 1 if type_.args else 0
            return lambda value: _bytes(value.encode(), start)
        case "date":
            return lambda value: (value - _EPOCH).days
        case "array":
            element = _nullable(hash_of(type_.element))
            return lambda value: _sequence(map(element, value))
        case "map":
            key, item = (_nullable(hash_of(part)) for part in type_.args)
            return lambda value: _signed(sum(key(k) ^ item(v) for k, v in value))
    raise QueryError(
        "NOT_SUPPORTED", f"Computation of Hive bucket hashCode is not supported for {type_}"
    )


def _nullable(hash_: Hash) -> Hash:
    return lambda value: 0 if value is None else hash_(value)


def _signed(value: int) -> int:
    return (value + 0x80000000) % 0x100000000 - 0x80000000


def _fold(value: int) -> int:
    """A Java long's hashCode."""
    unsigned = value % 2**64
    return _signed(unsigned ^ (unsigned >> 32))


def _bits(value: float, number: str, bits: str, nan: int) -> int:
    if value != value:
        return nan
    return struct.unpack(bits, struct.pack(number, value))[0]


def _bytes(data: bytes, start: int) -> int:
    result = start
    for byte in data:
        result = (31 * result + (byte - 256 if byte > 127 else byte)) & 0xFFFFFFFF
    return _signed(result)


def _sequence(hashes: Any) -> int:
    result = 0
    for each in hashes:
        result = 31 * result + each
    return _signed(result)
