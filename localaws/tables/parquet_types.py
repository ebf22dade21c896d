"""A value of a Parquet file, as the engine finds it, as a value of a column's type.

Source of the rules: Trino's ColumnReaderFactory (what is read as what) and ParquetTypeUtils
(fields of structs by name, without case).
"""

from dataclasses import dataclass

from localaws.engine.column_types import ColumnType
from localaws.sql.errors import QueryError
from localaws.sql.quoting import text_literal
from localaws.sql.types import INTEGERS, VARCHAR, Type
from localaws.tables.nested_values import converted_list, converted_map, field, packed

BYTES, FIXED = ColumnType("BLOB"), ColumnType("BLOB of a fixed length")
SIGNED = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")
_UNSIGNED = ("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_BITS = dict(zip((*SIGNED, *_UNSIGNED), (8, 16, 32, 64, 8, 16, 32, 64), strict=True))
_TIMESTAMPS = ("TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S")
_ZONED = ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS", "TIMESTAMP_NS WITH TIME ZONE")
# Trino's short decimals, which it reads as integers where they have no fraction.
_SHORT = 18


def converted(value: str, stored: ColumnType, type_: Type, column: str) -> str:
    """SQL of `value` as `type_`: `value` itself where nothing is to be done.

    Raises HIVE_BAD_DATA where Trino would not read it.
    """
    return _Reader(column).value(value, stored, type_)


@dataclass(frozen=True)
class _Reader:
    column: str

    def value(self, value: str, stored: ColumnType, type_: Type, depth: int = 0) -> str:
        match type_.base, stored.kind:
            case ("array", "LIST"):
                return self._array(value, stored, type_, depth)
            case ("map", "MAP"):
                return self._map(value, stored, type_, depth)
            case ("row", "STRUCT"):
                return self._row(value, stored, type_, depth)
        found = self._plain(value, stored.name, type_) if not stored.kind else None
        if found is None:
            raise QueryError(
                "HIVE_BAD_DATA",
                f"Field {self.column}'s type {stored.name} in parquet file is incompatible with "
                f"type {type_} defined in table schema",
            )
        return found

    def _array(self, value: str, stored: ColumnType, type_: Type, depth: int) -> str:
        ((_, child),) = stored.parts

        def element(item: str) -> str:
            return self._inside(item, child, type_.element, depth + 1)

        unchanged = element("x") == "x"
        return value if unchanged else converted_list(value, element, depth)

    def _map(self, value: str, stored: ColumnType, type_: Type, depth: int) -> str:
        (_, key_type), (_, item_type) = stored.parts

        def key(part: str) -> str:
            return self._inside(part, key_type, type_.args[0], depth + 1)

        def item(part: str) -> str:
            return self._inside(part, item_type, type_.args[1], depth + 1)

        unchanged = (key("x"), item("x")) == ("x", "x")
        return value if unchanged else converted_map(value, key, item, depth)

    def _inside(self, value: str, stored: ColumnType, type_: Type, depth: int) -> str:
        if type_.base == "row" and stored.kind == "STRUCT" and not _common(stored, type_):
            message = f"column {self.column}: {stored.name} in a Parquet file has no field of"
            raise QueryError("NOT_SUPPORTED", f"{message} {type_}: not supported locally")
        return self.value(value, stored, type_, depth)

    def _row(self, value: str, stored: ColumnType, type_: Type, depth: int) -> str:
        """A field that the file does not have is NULL; a struct is where it has none at all."""
        if not _common(stored, type_):
            return f"CAST(NULL AS {type_.duckdb()})"
        by_name = {name.lower(): (name, each) for name, each in reversed(stored.parts)}
        fields, kept = [], []
        for name, inner in type_.args:
            if name.lower() not in by_name:
                fields.append((name, f"CAST(NULL AS {inner.duckdb()})"))
                continue
            spelled, each = by_name[name.lower()]
            part = field(value, spelled)
            fields.append((name, self.value(part, each, inner, depth)))
            if fields[-1][1] == part:
                kept.append(spelled)
        if kept == [name for name, _ in stored.parts] and len(kept) == len(fields):
            return value
        return packed(value, fields)

    def _plain(self, value: str, stored: str, type_: Type) -> str | None:
        wanted = type_.duckdb()
        match type_.base:
            case "timestamp" if stored in _TIMESTAMPS:
                return _milliseconds(f"CAST({value} AS TIMESTAMP)", stored)
            case "timestamp" if stored in _ZONED:
                # Written as an instant (Spark does): Athena shows it in UTC.
                return _milliseconds(f"timezone('UTC', {value})", stored)
            case base if base in INTEGERS:
                return self._integer(value, stored, type_)
            case "date" if stored == "INTEGER":
                return f"(DATE '1970-01-01' + {value})"
            case "double" if stored == "FLOAT":
                return f"CAST({value} AS DOUBLE)"
            case "decimal":
                return _decimal(value, stored, type_)
            case "varchar" | "char":
                return _text(value, stored, type_)
            case "varbinary" if stored == "VARCHAR":
                return f"encode({value})"
            case "varbinary" if stored == FIXED.name:
                return value
        return value if stored == {"REAL": "FLOAT"}.get(wanted, wanted) else None

    def _integer(self, value: str, stored: str, type_: Type) -> str | None:
        wanted = type_.duckdb()
        if stored == wanted:
            return value
        if stored.startswith("DECIMAL"):
            precision, scale = _decimal_parameters(stored)
            if scale or precision > _SHORT:
                return None
        elif stored not in _BITS:
            return None
        elif _BITS[stored] < _BITS[wanted] + (stored in SIGNED):
            return f"CAST({value} AS {wanted})"
        limit = 2 ** (_BITS[wanted] - 1)
        message = text_literal(f"Field {self.column}: a value in parquet file is out of range for ")
        failure = f"tr_fail('HIVE_BAD_DATA', {message} || '{type_}: ' || {value})"
        return (
            f"CASE WHEN {value} >= {limit} OR {value} < -{limit} THEN {failure} "
            f"ELSE CAST({value} AS {wanted}) END"
        )


def _common(stored: ColumnType, type_: Type) -> bool:
    """Whether a struct has any field of a row."""
    return not {name.lower() for name, _ in stored.parts}.isdisjoint(
        name.lower() for name, _ in type_.args
    )


def _text(value: str, stored: str, type_: Type) -> str | None:
    match stored:
        case BYTES.name | FIXED.name if stored == BYTES.name or type_ == VARCHAR:
            # Without a mark that it is UTF-8: what is not fails.
            value = f"decode({value})"
        case "JSON":
            value = f"CAST({value} AS VARCHAR)"
        case "VARCHAR":
            pass
        case _:
            return None
    if type_.base == "char":
        return f"tr_char({value}, {type_.args[0]})"
    return f"substr({value}, 1, {type_.args[0]})" if type_.args else value


def _decimal(value: str, stored: str, type_: Type) -> str | None:
    precision, scale = type_.args
    if stored.startswith("DECIMAL"):
        same = _decimal_parameters(stored) == (precision, scale)
        return value if same else f"CAST({value} AS {type_.duckdb()})"
    whole = stored in _BITS and _BITS[stored] <= 32 and precision <= _SHORT
    return f"CAST({value} AS {type_.duckdb()})" if whole else None


def _decimal_parameters(stored: str) -> tuple[int, int]:
    precision, scale = stored.removeprefix("DECIMAL(").removesuffix(")").split(",")
    return int(precision), int(scale)


def _milliseconds(sql: str, stored: str) -> str:
    """Hive timestamps have precision 3 on Athena; finer ones are rounded."""
    return sql if stored in ("TIMESTAMP_MS", "TIMESTAMP_S") else f"tr_round_timestamp({sql}, 1000)"
