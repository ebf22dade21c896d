"""Reading ORC files of a Hive table: columns by their place, as Athena does unless told otherwise.

Source: Athena user guide, "Handle schema updates" (`orc.column.index.access`).
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
from pyarrow import compute, orc

from localaws.sql.errors import QueryError
from localaws.sql.quoting import quoted
from localaws.sql.types import Type
from localaws.tables import decoded
from localaws.tables.hive import HiveTable
from localaws.tables.text_lines import FILE

SERDE = "org.apache.hadoop.hive.ql.io.orc.OrcSerde"
_MILLISECOND = 1_000_000


def scan_sql(
    columns: list[tuple[str, Type]], files: list[Path], table: HiveTable, scratch: Path
) -> str:
    """A relation of `columns` and "$file". Raises HIVE_BAD_DATA for a type that differs."""
    places = (
        {name: i for i, (name, _) in enumerate(table.data_columns)} if by_place(table) else None
    )
    schema = decoded.arrow_schema(columns)
    way = f"orc {sorted(places.items()) if places else 'by name'} {[str(t) for _, t in columns]}"
    source = decoded.scan_sql(
        files, way, schema, partial(_decode, columns, places, schema), scratch
    )
    names = ", ".join(quoted(name) for name in [*schema.names, FILE])
    return f"(SELECT {names} FROM {source})"


def by_place(table: HiveTable) -> bool:
    return table.serde_parameters.get("orc.column.index.access", "true").lower() == "true"


def _decode(
    columns: list[tuple[str, Type]], places: dict[str, int] | None, schema: pa.Schema, path: Path
) -> Iterator[pa.RecordBatch]:
    try:
        file = orc.ORCFile(path)
    except pa.ArrowException as error:
        raise QueryError("HIVE_BAD_DATA", f"Malformed ORC file: {error}") from None
    stored = file.schema.names
    found = {name.lower(): i for i, name in enumerate(stored)} if places is None else places
    wanted = [found.get(name, len(stored)) for name, _ in columns]
    # pyarrow reads columns in the file's order, each once.
    read = sorted({place for place in wanted if place < len(stored)})
    for stripe in range(file.nstripes):
        # The first column tells how many rows there are when none is wanted.
        batch = file.read_stripe(stripe, columns=[stored[place] for place in read or [0]])
        arrays = [
            _array(batch.column(read.index(place)), name, type_)
            if place in read
            else pa.nulls(batch.num_rows, decoded.arrow_type(type_))
            for place, (name, type_) in zip(wanted, columns, strict=True)
        ]
        yield _batch(arrays, schema, batch.num_rows)


def _batch(arrays: list[pa.Array], schema: pa.Schema, rows: int) -> pa.RecordBatch:
    if arrays:
        return pa.RecordBatch.from_arrays(arrays, schema=schema)
    return pa.RecordBatch.from_struct_array(pa.nulls(rows, pa.struct([])))


def _array(array: pa.Array, name: str, type_: Type) -> pa.Array:
    """A stored column as one of `type_`."""
    stored, target = array.type, decoded.arrow_type(type_)
    if pa.types.is_nested(stored) and type_.base in ("array", "map", "row"):
        return _nested(array, name, type_)
    if type_.base == "timestamp" and pa.types.is_timestamp(stored):
        return _milliseconds(array)
    same = stored.equals(target)
    # Trino reads bytes as any integer, and nothing but bytes as tinyint.
    whole = pa.types.is_integer(stored) and pa.types.is_integer(target)
    widened = whole and (same or type_.base != "tinyint")
    double = pa.types.is_float32(stored) and pa.types.is_float64(target)
    decimal = pa.types.is_decimal(stored) and pa.types.is_decimal(target)
    text = pa.types.is_string(stored) and type_.base == "varbinary"
    if type_.base == "varchar" and same:
        return compute.utf8_slice_codeunits(array, 0, type_.args[0]) if type_.args else array
    if type_.base == "char" and same:
        (length,) = type_.args
        return compute.utf8_rpad(compute.utf8_slice_codeunits(array, 0, length), length, " ")
    if same or widened or double or decimal or text:
        try:
            return (_rounded(array, target.scale) if decimal else array).cast(target)
        except pa.ArrowInvalid as error:
            raise QueryError("HIVE_BAD_DATA", f"column {name} of an ORC file: {error}") from None
    message = f"Malformed ORC file. Cannot read SQL type '{type_}' from ORC type {stored}: {name}"
    raise QueryError("HIVE_BAD_DATA", message)


def _nested(array: pa.Array, name: str, type_: Type) -> pa.Array:
    if type_.base == "array" and pa.types.is_list(array.type):
        values = _array(array.values, name, type_.element)
        return pa.ListArray.from_arrays(_offsets(array), values, mask=_mask(array))
    if type_.base == "map" and pa.types.is_map(array.type):
        keys, items = (
            _array(part, name, each)
            for part, each in zip((array.keys, array.items), type_.args, strict=True)
        )
        offsets = _offsets(array)
        return pa.MapArray.from_arrays(offsets, keys, items, mask=_mask(array))
    if type_.base == "row" and pa.types.is_struct(array.type):
        stored = {field.name.lower(): i for i, field in enumerate(array.type)}
        parts = [
            _array(array.field(stored[field]), name, each)
            if field in stored
            else pa.nulls(len(array), decoded.arrow_type(each))
            for field, each in type_.args
        ]
        names = [field for field, _ in type_.args]
        return pa.StructArray.from_arrays(parts, names, mask=_mask(array))
    message = f"Malformed ORC file. Cannot read SQL type '{type_}' from {array.type}: {name}"
    raise QueryError("HIVE_BAD_DATA", message)


def _rounded(array: pa.Array, scale: int) -> pa.Array:
    """A decimal with no more digits behind the point than `scale`, halves away from zero."""
    if array.type.scale <= scale:
        return array
    wide = array.cast(pa.decimal128(38, array.type.scale))
    return compute.round(wide, scale, round_mode="half_towards_infinity")


def _offsets(array: pa.Array) -> pa.Array:
    return array.offsets


def _mask(array: pa.Array) -> pa.Array | None:
    return array.is_null() if array.null_count else None


def _milliseconds(array: pa.Array) -> pa.Array:
    """Hive timestamps have precision 3 on Athena; finer ones are rounded, halves up. Instants
    (timestamp with local time zone) are shown in UTC."""
    nanoseconds = array.cast(pa.timestamp("ns", tz=array.type.tz)).cast(pa.int64())
    half_up = compute.add(nanoseconds, _MILLISECOND // 2)
    remainder = compute.subtract(
        half_up, compute.multiply(compute.divide(half_up, _MILLISECOND), _MILLISECOND)
    )
    # Arrow divides towards zero.
    floored = compute.subtract(
        compute.divide(half_up, _MILLISECOND),
        compute.cast(compute.less(remainder, 0), pa.int64()),
    )
    return compute.multiply(floored, 1000).cast(pa.timestamp("us"))
