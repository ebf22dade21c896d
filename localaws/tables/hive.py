"""Hive tables: a Glue table over a folder of objects, with or without partitions."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from localaws.catalog import Catalog
from localaws.objects import NoSuchBucket, ObjectStore, StoredObject
from localaws.sql.errors import QueryError
from localaws.sql.hive_types import field_error
from localaws.sql.type_parser import parse_type
from localaws.sql.types import Type
from localaws.tables.hidden_columns import OF_HIVE, PARTITION
from localaws.tables.locations import is_hidden, split_location
from localaws.tables.projection import is_projected


@dataclass(frozen=True)
class Split:
    """One object to read, with the values of its partition (None where the table has none)."""

    stored: StoredObject
    values: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        return f"s3://{self.stored.bucket}/{self.stored.key}"


@dataclass(frozen=True)
class Partition:
    """`storage` is its StorageDescriptor: how its objects are to be read."""

    values: tuple[str, ...]
    location: str
    storage: dict[str, Any]


@dataclass(frozen=True)
class HiveTable:
    """`glue` is the table as GetTable returns it. `partitions` are those of the catalog, none for
    a table whose partitions are projected."""

    glue: dict[str, Any]
    partitions: tuple[Partition, ...] = field(default=())

    @property
    def database(self) -> str:
        return self.glue["DatabaseName"]

    @property
    def name(self) -> str:
        return self.glue["Name"]

    @property
    def storage(self) -> dict[str, Any]:
        return self.glue.get("StorageDescriptor") or {}

    @property
    def serde(self) -> str:
        return (self.storage.get("SerdeInfo") or {}).get("SerializationLibrary", "")

    @property
    def serde_parameters(self) -> dict[str, str]:
        return (self.storage.get("SerdeInfo") or {}).get("Parameters") or {}

    @property
    def parameters(self) -> dict[str, str]:
        return self.glue.get("Parameters") or {}

    @cached_property
    def data_columns(self) -> tuple[tuple[str, Type], ...]:
        return tuple(_column(each, self) for each in self.storage.get("Columns") or [])

    @cached_property
    def partition_columns(self) -> tuple[tuple[str, Type], ...]:
        return tuple(_column(each, self) for each in self.glue.get("PartitionKeys") or [])

    @property
    def columns(self) -> tuple[tuple[str, Type], ...]:
        return (*self.data_columns, *self.partition_columns)

    @property
    def hidden_columns(self) -> tuple[tuple[str, Type], ...]:
        return (*OF_HIVE, PARTITION) if self.partition_keys else OF_HIVE

    @property
    def partition_keys(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.partition_columns)


def _column(column: dict[str, Any], table: HiveTable) -> tuple[str, Type]:
    """Raises HIVE_INVALID_METADATA as Trino's GlueConverter does, HIVE_UNSUPPORTED_FORMAT."""
    if field_error(column.get("Type", "")):
        message = (
            f"Glue table '{table.database}.{table.name}' column '{column['Name']}' "
            f"has invalid data type: {column['Type']}"
        )
        raise QueryError("HIVE_INVALID_METADATA", message)
    try:
        return column["Name"].lower(), parse_type(column.get("Type", ""))
    except ValueError:
        message = (
            f"{column.get('Type')} of column {column['Name']} in {table.database}.{table.name}"
        )
        raise QueryError("HIVE_UNSUPPORTED_FORMAT", f"Unsupported Hive type: {message}") from None


def require_storage(glue: dict[str, Any]) -> None:
    """Glue takes tables without a StorageDescriptor, resource links for one; Athena reads none.

    Raises HIVE_UNSUPPORTED_FORMAT, as Trino's GlueConverter does.
    """
    if glue.get("StorageDescriptor") is None:
        message = (
            f"Table StorageDescriptor is null for table '{glue['DatabaseName']}.{glue['Name']}'"
        )
        raise QueryError("HIVE_UNSUPPORTED_FORMAT", message)


def load_hive_table(glue: dict[str, Any], catalog: Catalog) -> HiveTable:
    require_storage(glue)
    if not glue.get("PartitionKeys") or is_projected(glue):
        return HiveTable(glue)
    found = catalog.partitions(glue["DatabaseName"], glue["Name"])
    return HiveTable(glue, tuple(map(_partition, found)))


def _partition(partition: dict[str, Any]) -> Partition:
    storage = partition.get("StorageDescriptor") or {}
    return Partition(tuple(partition["Values"]), storage.get("Location", ""), storage)


def splits(table: HiveTable, partitions: list[Partition], store: ObjectStore) -> list[Split]:
    """The objects to read: those of `partitions`, or all of a table without partitions."""
    if not table.partition_keys:
        location = table.storage.get("Location", "")
        return [Split(each) for each in visible_objects(location, store)]
    return [
        Split(each, partition.values)
        for partition in partitions
        for each in visible_objects(partition.location, store)
    ]


def visible_objects(location: str, store: ObjectStore) -> list[StoredObject]:
    bucket, prefix = split_location(location)
    try:
        found = store.list(bucket, prefix)
    except NoSuchBucket:
        message = f"The specified bucket does not exist: {bucket}"
        raise QueryError("HIVE_METASTORE_ERROR", message) from None
    return [
        each
        for each in found
        if each.size and not each.key.endswith("/") and not is_hidden(each.key, prefix)
    ]
