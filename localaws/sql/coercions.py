"""Implicit coercions: the type that two have in common, and what a column takes.

They follow Trino's `TypeCoercion`: what is not listed here is a TYPE_MISMATCH, never a guess.
"""

from localaws.sql.types import (
    INTEGER_DIGITS,
    INTEGERS,
    MAX_CHAR,
    Type,
    decimal,
    row,
    timestamp,
    timestamp_tz,
)

_NUMBERS = (*INTEGERS, "real", "double")


def common_type(left: Type, right: Type) -> Type | None:
    """The type both sides are coerced to when they meet, or None when Trino has none."""
    if left == right or right.base == "unknown":
        return left
    if left.base == "unknown":
        return right
    if left.base == right.base:
        return _common_same_base(left, right)
    for one, other in ((left, right), (right, left)):
        if (widened := _widened(one, other.base)) is not None:
            return common_type(widened, other)
    return None


def can_coerce(source: Type, target: Type) -> bool:
    """Whether Trino converts `source` to `target` without being asked."""
    if source == target or source.base == "unknown":
        return True
    if source.base != target.base and _widened(source, target.base) is None:
        return False
    common = common_type(source, target)
    return common is not None and _unnamed(common) == _unnamed(target)


def can_store(source: Type, target: Type) -> bool:
    """Whether INSERT and its like put `source` into a column of type `target`.

    Any two types that have one in common will do, which is then cast (and may fail); of limited
    text inside of other values only what is coerced. Source: Trino's StatementAnalyzer.
    """
    if target.base in ("array", "map", "row") and _has_limited_text(target):
        return can_coerce(source, target)
    return common_type(source, target) is not None


def _has_limited_text(type_: Type) -> bool:
    parts = [field for _, field in type_.args] if type_.base == "row" else type_.args
    if type_.base in ("array", "map", "row"):
        return any(_has_limited_text(part) for part in parts)
    return type_.is_string and bool(type_.args)


def _widened(source: Type, base: str) -> Type | None:
    """The least type of `base` that holds all of `source`, where Trino goes there by itself."""
    match source.base, base:
        case (("tinyint" | "smallint" | "integer" | "bigint" | "real"), _) if base in _NUMBERS:
            wider = _NUMBERS.index(base) > _NUMBERS.index(source.base)
            return Type(base) if wider else None
        case (("tinyint" | "smallint" | "integer" | "bigint"), "decimal"):
            return decimal(INTEGER_DIGITS[source.base], 0)
        case ("decimal", ("real" | "double")):
            return Type(base)
        case ("date", "timestamp"):
            return timestamp(0)
        case ("date", "timestamp with time zone"):
            return timestamp_tz(0, "UTC")
        case ("timestamp", "timestamp with time zone"):
            return timestamp_tz(source.args[0], "UTC")
        case ("varchar", "char"):
            # Not the other way: a char column must equal a literal without its padding.
            return Type("char", (min(MAX_CHAR, *source.args),) if source.args else (MAX_CHAR,))
    return None


def _unnamed(type_: Type) -> Type:
    """Without the names of row fields, which coercion does not look at."""
    match type_.base:
        case "array" | "map":
            return Type(type_.base, tuple(_unnamed(each) for each in type_.args))
        case "row":
            return row(*((None, _unnamed(each)) for _, each in type_.args))
    return type_


def _common_same_base(left: Type, right: Type) -> Type | None:
    match left.base:
        case "decimal":
            scale = max(left.args[1], right.args[1])
            whole = max(left.args[0] - left.args[1], right.args[0] - right.args[1])
            return decimal(min(38, whole + scale), scale)
        case "varchar" | "char":
            if not (left.args and right.args):
                return Type(left.base)
            return Type(left.base, (max(left.args[0], right.args[0]),))
        case "timestamp" | "time":
            return Type(left.base, (max(left.args[0], right.args[0]),))
        case "timestamp with time zone" | "time with time zone":
            zone = left.zone if left.zone == right.zone else None
            return Type(left.base, (max(left.args[0], right.args[0]),), zone)
        case "array" | "map":
            parts = [common_type(a, b) for a, b in zip(left.args, right.args, strict=True)]
            return Type(left.base, tuple(parts)) if all(parts) else None
        case "row" if len(left.args) == len(right.args):
            fields = []
            for (name, a), (other_name, b) in zip(left.args, right.args, strict=True):
                common = common_type(a, b)
                if common is None:
                    return None
                fields.append((name if name == other_name else None, common))
            return row(*fields)
    return None
