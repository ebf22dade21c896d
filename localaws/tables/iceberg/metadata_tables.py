"""`"t$snapshots"` and its like: what an Iceberg table's metadata says, as tables.

Source of names and types: Trino documentation, "Iceberg connector", metadata tables (those that
the Athena user guide lists).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyiceberg.conversions import from_bytes
from pyiceberg.manifest import DataFile, ManifestFile
from pyiceberg.partitioning import PartitionField
from pyiceberg.table import Table
from pyiceberg.table.snapshots import ancestors_of
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import NestedField

from localaws.sql.quoting import quoted, text_literal
from localaws.sql.types import (
    BIGINT,
    BOOLEAN,
    INTEGER,
    VARBINARY,
    VARCHAR,
    Type,
    array,
    row,
    timestamp_tz,
)
from localaws.tables.iceberg.statistics import partition_statistics, partition_values
from localaws.tables.iceberg.table import IcebergTable
from localaws.tables.iceberg.types import trino_type

_TIME = timestamp_tz(3, "UTC")


def _map(key: Type, value: Type) -> Type:
    return Type("map", (key, value))


@dataclass(frozen=True)
class MetadataTable:
    """A small table whose rows are known when it is named."""

    database: str
    name: str
    columns: tuple[tuple[str, Type], ...]
    rows: list[tuple]
    partition_keys: tuple[str, ...] = ()
    hidden_columns: tuple[tuple[str, Type], ...] = ()

    def sql(self) -> str:
        nothing = ", ".join(
            f"CAST(NULL AS {type_.duckdb()}) AS {quoted(name)}" for name, type_ in self.columns
        )
        parts = [f"SELECT {nothing} WHERE false"]
        for values in self.rows:
            given = (
                constant(value, type_)
                for value, (_, type_) in zip(values, self.columns, strict=True)
            )
            parts.append(f"SELECT {', '.join(given)}")
        return f"({' UNION ALL '.join(parts)})"


def metadata_table(table: IcebergTable, kind: str) -> MetadataTable | None:
    """The table that `t$kind` names; None where there is none."""
    if kind not in _TABLES:
        return None
    columns, rows = _TABLES[kind](table)
    return MetadataTable(table.database, f"{table.name}${kind}", tuple(columns.items()), rows)


_Content = tuple[dict[str, Type], list[tuple]]


def _snapshots(table: IcebergTable) -> _Content:
    columns = {
        "committed_at": _TIME,
        "snapshot_id": BIGINT,
        "parent_id": BIGINT,
        "operation": VARCHAR,
        "manifest_list": VARCHAR,
        "summary": _map(VARCHAR, VARCHAR),
    }
    rows = []
    for each in table.table.metadata.snapshots:
        operation = each.summary.operation.value if each.summary else None
        summary = dict(each.summary.additional_properties) if each.summary else {}
        rows.append(
            (
                _time(each.timestamp_ms),
                each.snapshot_id,
                each.parent_snapshot_id,
                operation,
                each.manifest_list,
                summary,
            )
        )
    return columns, rows


def _history(table: IcebergTable) -> _Content:
    columns = {
        "made_current_at": _TIME,
        "snapshot_id": BIGINT,
        "parent_id": BIGINT,
        "is_current_ancestor": BOOLEAN,
    }
    metadata = table.table.metadata
    ancestors = {each.snapshot_id for each in ancestors_of(metadata.current_snapshot(), metadata)}
    rows = []
    for entry in metadata.snapshot_log:
        snapshot = metadata.snapshot_by_id(entry.snapshot_id)
        parent = snapshot.parent_snapshot_id if snapshot else None
        current = entry.snapshot_id in ancestors
        rows.append((_time(entry.timestamp_ms), entry.snapshot_id, parent, current))
    return columns, rows


def _refs(table: IcebergTable) -> _Content:
    columns = {
        "name": VARCHAR,
        "type": VARCHAR,
        "snapshot_id": BIGINT,
        "max_reference_age_in_ms": BIGINT,
        "min_snapshots_to_keep": INTEGER,
        "max_snapshot_age_in_ms": BIGINT,
    }
    rows = [
        (
            name,
            ref.snapshot_ref_type.value.upper(),
            ref.snapshot_id,
            ref.max_ref_age_ms,
            ref.min_snapshots_to_keep,
            ref.max_snapshot_age_ms,
        )
        for name, ref in table.table.metadata.refs.items()
    ]
    return columns, rows


def _manifests(table: IcebergTable) -> _Content:
    summary = row(
        ("contains_null", BOOLEAN),
        ("contains_nan", BOOLEAN),
        ("lower_bound", VARCHAR),
        ("upper_bound", VARCHAR),
    )
    columns = {
        "path": VARCHAR,
        "length": BIGINT,
        "partition_spec_id": INTEGER,
        "added_snapshot_id": BIGINT,
        "added_data_files_count": INTEGER,
        "added_rows_count": BIGINT,
        "existing_data_files_count": INTEGER,
        "existing_rows_count": BIGINT,
        "deleted_data_files_count": INTEGER,
        "deleted_rows_count": BIGINT,
        "partition_summaries": array(summary),
    }
    snapshot = table.table.metadata.current_snapshot()
    rows = [
        (
            each.manifest_path,
            each.manifest_length,
            each.partition_spec_id,
            each.added_snapshot_id,
            each.added_files_count,
            each.added_rows_count,
            each.existing_files_count,
            each.existing_rows_count,
            each.deleted_files_count,
            each.deleted_rows_count,
            _summaries(each, table.table),
        )
        for each in (snapshot.manifests(table.table.io) if snapshot else [])
    ]
    return columns, rows


def _summaries(manifest: ManifestFile, table: Table) -> list[tuple]:
    spec = table.specs()[manifest.partition_spec_id]
    types = spec.partition_type(table.schema()).fields
    return [
        (
            summary.contains_null,
            summary.contains_nan,
            _partition_text(field, type_, summary.lower_bound),
            _partition_text(field, type_, summary.upper_bound),
        )
        for field, type_, summary in zip(
            spec.fields, types, manifest.partitions or [], strict=False
        )
    ]


def _partition_text(field: PartitionField, type_: NestedField, bound: bytes | None) -> str | None:
    if bound is None:
        return None
    value = from_bytes(type_.field_type, bound)
    return field.transform.to_human_string(type_.field_type, value)


def _files(table: IcebergTable) -> _Content:
    counts, bounds = _map(INTEGER, BIGINT), _map(INTEGER, VARCHAR)
    columns = {
        "content": INTEGER,
        "file_path": VARCHAR,
        "file_format": VARCHAR,
        "record_count": BIGINT,
        "file_size_in_bytes": BIGINT,
        "column_sizes": counts,
        "value_counts": counts,
        "null_value_counts": counts,
        "nan_value_counts": counts,
        "lower_bounds": bounds,
        "upper_bounds": bounds,
        "key_metadata": VARBINARY,
        "split_offsets": array(BIGINT),
        "equality_ids": array(INTEGER),
    }
    rows = [
        (
            int(file.content),
            file.file_path,
            file.file_format.value,
            file.record_count,
            file.file_size_in_bytes,
            file.column_sizes,
            file.value_counts,
            file.null_value_counts,
            file.nan_value_counts,
            _bounds(file.lower_bounds, table.table),
            _bounds(file.upper_bounds, table.table),
            file.key_metadata,
            file.split_offsets,
            file.equality_ids,
        )
        for file in _data_files(table)
    ]
    return columns, rows


def _bounds(bounds: dict[int, bytes] | None, table: Table) -> dict[int, str] | None:
    if bounds is None:
        return None
    schema, texts = table.schema(), {}
    for field_id, bound in bounds.items():
        try:
            type_ = schema.find_type(field_id)
        except ValueError:
            # of a column that was dropped
            continue
        texts[field_id] = IdentityTransform().to_human_string(type_, from_bytes(type_, bound))
    return texts


def _data_files(table: IcebergTable) -> list[DataFile]:
    return [task.file for task in table.tasks()]


def _partitions(table: IcebergTable) -> _Content:
    values = partition_values(table.table)
    metrics = {
        field.field_id: (field.name.lower(), trino_type(field.field_type))
        for field in table.schema.fields
        if field.field_type.is_primitive and field.field_id not in values.identities
    }
    columns: dict[str, Type] = {}
    if values.fields:
        columns["partition"] = row(
            *((name, trino_type(type_)) for name, type_ in values.fields.values())
        )
    columns |= {"record_count": BIGINT, "file_count": BIGINT, "total_size": BIGINT}
    if metrics:
        columns["data"] = row(
            *(
                (
                    name,
                    row(
                        ("min", type_),
                        ("max", type_),
                        ("null_count", BIGINT),
                        ("nan_count", BIGINT),
                    ),
                )
                for name, type_ in metrics.values()
            )
        )
    rows = []
    for each in partition_statistics(_data_files(table), table.table):
        partition = [each.values] if values.fields else []
        data = [tuple(each.column(field_id) for field_id in metrics)] if metrics else []
        rows.append((*partition, each.rows, each.files, each.size, *data))
    return columns, rows


_TABLES: dict[str, Callable[[IcebergTable], _Content]] = {
    "snapshots": _snapshots,
    "history": _history,
    "refs": _refs,
    "manifests": _manifests,
    "files": _files,
    "partitions": _partitions,
}


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def constant(value: Any, type_: Type) -> str:
    """A Python value as a constant of the engine."""
    return f"CAST({_plain(value, type_)} AS {type_.duckdb()})"


def _plain(value: Any, type_: Type) -> str:
    if value is None:
        return "NULL"
    match type_.base:
        case "map":
            key_type, value_type = type_.args
            keys = ", ".join(constant(key, key_type) for key in value)
            values = ", ".join(constant(each, value_type) for each in value.values())
            return f"map([{keys}], [{values}])"
        case "array":
            return f"[{', '.join(constant(each, type_.element) for each in value)}]"
        case "row":
            fields = (
                f"{quoted(name)} := {constant(each, inner)}"
                for each, (name, inner) in zip(value, type_.args, strict=True)
            )
            return f"struct_pack({', '.join(fields)})"
        case "varbinary":
            return f"unhex('{bytes(value).hex()}')"
    return text_literal(str(value))
