"""Sums and bounds of the data files of each partition."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pyiceberg.conversions import from_bytes
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import (
    DateType,
    DoubleType,
    FloatType,
    IcebergType,
    TimestampType,
    TimestamptzType,
)

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class PartitionFields:
    """`fields`: of all specs, partition field id -> (name, type of its values). identities: ids
    of the columns that the current spec partitions by as they are."""

    fields: dict[int, tuple[str, IcebergType]]
    identities: set[int]


def partition_values(table: Table) -> PartitionFields:
    schema, fields = table.schema(), {}
    for spec in table.specs().values():
        for each in spec.fields:
            column = schema.find_column_name(each.source_id)
            if column is not None:
                type_ = each.transform.result_type(schema.find_type(each.source_id))
                fields.setdefault(each.field_id, (each.name, type_))
    identities = {
        each.source_id
        for each in table.spec().fields
        if isinstance(each.transform, IdentityTransform)
    }
    return PartitionFields(fields, identities)


@dataclass
class PartitionStatistics:
    """`values` of all partition fields, None where the files' spec has no such field."""

    values: tuple
    rows: int = 0
    files: int = 0
    size: int = 0
    bounds: dict[int, tuple] = field(default_factory=dict)

    def column(self, field_id: int) -> tuple[Any, Any, int | None, int | None] | None:
        """(lowest, highest, nulls, NaNs) of a column, None where a file does not tell."""
        found = self.bounds.get(field_id)
        return found[:4] if found else None


def partition_statistics(files: Iterable[DataFile], table: Table) -> list[PartitionStatistics]:
    fields, found = partition_values(table).fields, {}
    for file in files:
        spec = table.specs()[file.spec_id]
        places = {each.field_id: i for i, each in enumerate(spec.fields)}
        values = tuple(
            readable(file.partition[places[field_id]], type_) if field_id in places else None
            for field_id, (_, type_) in fields.items()
        )
        known = found.setdefault((file.spec_id, values), PartitionStatistics(values))
        _add(known, file, table)
    return list(found.values())


def _add(known: PartitionStatistics, file: DataFile, table: Table) -> None:
    first = known.files == 0
    known.rows += file.record_count
    known.files += 1
    known.size += file.file_size_in_bytes
    for column in table.schema().fields:
        if not column.field_type.is_primitive:
            continue
        new = _bounds(file, column.field_id, column.field_type)
        if not first:
            new = _merged(known.bounds.get(column.field_id), new)
        if new is not None:
            known.bounds[column.field_id] = new
        else:
            known.bounds.pop(column.field_id, None)


def _bounds(file: DataFile, field_id: int, type_: IcebergType) -> tuple | None:
    """(lowest, highest, nulls, NaNs, whether there are only nulls)."""
    nulls = (file.null_value_counts or {}).get(field_id)
    nans = (file.nan_value_counts or {}).get(field_id)
    low, high = (
        readable(from_bytes(type_, bounds[field_id]), type_) if field_id in bounds else None
        for bounds in (file.lower_bounds or {}, file.upper_bounds or {})
    )
    if low is None and high is None and nulls is None:
        return None
    # Bounds of floating point columns do not tell of NaN: no bounds where there may be some.
    if isinstance(type_, FloatType | DoubleType) and nans:
        low = high = None
    only_nulls = low is None and nulls is not None and nulls == file.record_count
    return low, high, nulls, nans, only_nulls


def _merged(known: tuple | None, new: tuple | None) -> tuple | None:
    if known is None or new is None:
        return None
    (low, high, nulls, nans, empty), (low2, high2, nulls2, nans2, empty2) = known, new
    if empty:
        bounds = low2, high2
    elif empty2:
        bounds = low, high
    else:
        bounds = (
            None if None in (low, low2) else min(low, low2),
            None if None in (high, high2) else max(high, high2),
        )
    return (
        *bounds,
        None if None in (nulls, nulls2) else nulls + nulls2,
        None if None in (nans, nans2) else nans + nans2,
        empty and empty2,
    )


def readable(value: Any, type_: IcebergType) -> Any:
    """What PyIceberg keeps as a number of days or microseconds, as the date or time it is."""
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    match type_:
        case DateType():
            return _EPOCH + timedelta(days=value)
        case TimestampType():
            return datetime(1970, 1, 1) + timedelta(microseconds=value)
        case TimestamptzType():
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value)
    return value
