"""What CREATE TABLE AS and UNLOAD write and where to, checked before they write."""

from typing import Any

from localaws.athena.write_options import FileFormat
from localaws.objects import NoSuchBucket
from localaws.sql.errors import QueryError
from localaws.sql.types import Type
from localaws.tables import hive_writer
from localaws.tables.locations import split_location
from localaws.tables.resolver import Lakehouse, Plan


def named_columns(plan: Plan) -> list[tuple[str, Type]]:
    if None in plan.output.names:
        place = plan.output.names.index(None) + 1
        raise QueryError("MISSING_COLUMN_NAME", f"Column name not specified at position {place}")
    columns = plan.columns()
    names = [name for name, _ in columns]
    for name, type_ in columns:
        if names.count(name) > 1:
            message = f"Column name '{name}' specified more than once"
            raise QueryError("DUPLICATE_COLUMN_NAME", message)
        if type_.base == "unknown":
            raise QueryError("COLUMN_TYPE_UNKNOWN", f"Column type is unknown: {name}")
    return columns


def require_empty(location: str, lakehouse: Lakehouse) -> None:
    bucket, prefix = split_location(location)
    try:
        found = lakehouse.store.list(bucket, prefix)
    except NoSuchBucket:
        message = f"The specified bucket does not exist: {bucket}"
        raise QueryError("HIVE_METASTORE_ERROR", message) from None
    if found:
        message = (
            f"Target directory for table is not empty: {location}. You may need to manually clean "
            "the data at this location before running queries"
        )
        raise QueryError("HIVE_PATH_ALREADY_EXISTS", message)


def hive_target(
    options: dict[str, Any],
    columns: list[tuple[str, Type]],
    location: str,
    format_: FileFormat,
) -> hive_writer.Target:
    """Raises what Athena says of partition and bucket columns that do not fit."""
    keys = [key.lower() for key in options.get("partitioned_by", [])]
    names = [name for name, _ in columns]
    if keys and (names[-len(keys) :] != keys or len(keys) == len(names)):
        message = (
            "Partition keys must be the last columns in the table and in the same order as the "
            f"table properties: {keys}"
        )
        raise QueryError("HIVE_COLUMN_ORDER_MISMATCH", message)
    if ("bucketed_by" in options) != ("bucket_count" in options):
        message = "Must specify 'bucketed_by' and 'bucket_count' together"
        raise QueryError("INVALID_TABLE_PROPERTY", message)
    bucketed_by = [name.lower() for name in options.get("bucketed_by", [])]
    buckets = str(options.get("bucket_count", "1"))
    if not buckets.isdigit() or not 1 <= int(buckets) <= 1_000_000:
        message = "bucket_count must be greater than 0 and at most 1000000"
        raise QueryError("INVALID_TABLE_PROPERTY", message)
    missing = [name for name in bucketed_by if name not in names]
    if missing:
        message = f"Bucketing columns {missing} not present in schema"
        raise QueryError("INVALID_TABLE_PROPERTY", message)
    if set(bucketed_by) & set(keys):
        message = f"Bucketing columns {bucketed_by} cannot be partition columns"
        raise QueryError("INVALID_TABLE_PROPERTY", message)
    return hive_writer.Target(
        columns,
        location,
        format_.format,
        format_.codec,
        format_.properties,
        tuple(keys),
        tuple(bucketed_by),
        int(buckets),
    )
