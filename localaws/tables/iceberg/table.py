"""A table as a query sees it: one snapshot, its columns, its data files."""

from dataclasses import dataclass
from functools import cached_property

from pyiceberg.manifest import DataFile
from pyiceberg.schema import Schema
from pyiceberg.table import Table

from localaws.sql.errors import QueryError
from localaws.sql.types import Type
from localaws.tables.iceberg.types import trino_type


@dataclass(frozen=True)
class IcebergTable:
    """A snapshot of an Iceberg table: what a query reads stays what it was planned on."""

    database: str
    name: str
    table: Table
    snapshot_id: int | None
    # Time travel shows the columns of its time, a plain query those of today.
    time_travel: bool = False

    @cached_property
    def schema(self) -> Schema:
        snapshot = self.table.snapshot_by_id(self.snapshot_id) if self.time_travel else None
        if snapshot is None or snapshot.schema_id is None:
            return self.table.schema()
        return self.table.schemas()[snapshot.schema_id]

    @cached_property
    def columns(self) -> tuple[tuple[str, Type], ...]:
        return tuple((field.name, trino_type(field.field_type)) for field in self.schema.fields)

    # Hidden partitioning: no column stands for a folder.
    partition_keys: tuple[str, ...] = ()

    def data_files(self) -> list[DataFile]:
        """Raises NOT_SUPPORTED for delete files, which other engines may have written."""
        if self.snapshot_id is None:
            return []
        tasks = list(self.table.scan(snapshot_id=self.snapshot_id).plan_files())
        if any(task.delete_files for task in tasks):
            message = f"{self.database}.{self.name}: merge-on-read delete files"
            raise QueryError("NOT_SUPPORTED", f"{message} are not supported locally")
        return [task.file for task in tasks]
