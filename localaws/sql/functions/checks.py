"""For which types the engine compares as Trino does; a check raises BadArgument for the others.

Trino compares by three rules: EQUAL (NULL inside gives NULL, or fails), IDENTICAL (NULL is NULL,
NaN is NaN: DISTINCT, map keys) and by order (NULL inside fails). The engine has IDENTICAL alone
for nested values, and compares maps entry by entry where Trino disregards their order.
"""

from collections.abc import Iterator

from localaws.sql.functions.registry import BadArgument
from localaws.sql.types import Type


def _parts(type_: Type) -> Iterator[Type]:
    yield type_
    match type_.base:
        case "array" | "map":
            for part in type_.args:
                yield from _parts(part)
        case "row":
            for _, part in type_.args:
                yield from _parts(part)


def distinguishable(type_: Type) -> None:
    """IDENTICAL."""
    if any(part.base in ("map", "json") for part in _parts(type_)):
        raise BadArgument(f"telling values of type {type_} apart is not supported locally")


def equatable(type_: Type) -> None:
    """EQUAL; NaN, which equals nothing, is the caller's."""
    if type_.base in ("array", "row", "map", "json"):
        raise BadArgument(f"comparing values of type {type_} is not supported locally")


def orderable(type_: Type) -> None:
    """Smaller and larger; where NaN comes is the caller's."""
    if type_.base in ("array", "row", "map", "json"):
        raise BadArgument(f"ordering values of type {type_} is not supported locally")


def is_floating(type_: Type) -> bool:
    return type_.base in ("real", "double")
