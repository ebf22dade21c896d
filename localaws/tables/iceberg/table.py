"""A table as a query sees it: one snapshot, its columns, its data files."""

from dataclasses import dataclass, field
from functools import cached_property

from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask, Table

from localaws.sql.errors import QueryError
from localaws.sql.types import Type
from localaws.tables import hidden_columns
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

    # The tasks that `tasks` has given, by the paths of their files.
    planned: dict[str, FileScanTask] = field(default_factory=dict, compare=False)

    # Hidden partitioning: no column stands for a folder.
    partition_keys: tuple[str, ...] = ()
    hidden_columns: tuple[tuple[str, Type], ...] = hidden_columns.OF_ICEBERG

    @property
    def title(self) -> str:
        return f"{self.database}.{self.name}"

    @cached_property
    def schema(self) -> Schema:
        snapshot = self.table.snapshot_by_id(self.snapshot_id) if self.time_travel else None
        if snapshot is None or snapshot.schema_id is None:
            return self.table.schema()
        return self.table.schemas()[snapshot.schema_id]

    @cached_property
    def columns(self) -> tuple[tuple[str, Type], ...]:
        return tuple(
            (field.name.lower(), trino_type(field.field_type)) for field in self.schema.fields
        )

    @cached_property
    def field_ids(self) -> dict[str, int]:
        return {field.name.lower(): field.field_id for field in self.schema.fields}

    def tasks(self, row_filter: BooleanExpression | None = None) -> list[FileScanTask]:
        """The data files that may hold rows for the filter, each with its delete files.

        `row_filter` speaks of the current schema's names. Raises NOT_SUPPORTED for files that
        other engines may have written: equality deletes, deletion vectors, ORC, Avro; and for
        tables of format version 3 (default values, deletion vectors).
        """
        if self.snapshot_id is None:
            return []
        if self.table.format_version > 2:
            message = f"{self.title}: Iceberg format version {self.table.format_version}"
            raise QueryError("NOT_SUPPORTED", f"{message} is not supported locally")
        scan = self.table.scan(row_filter or AlwaysTrue(), snapshot_id=self.snapshot_id)
        try:
            tasks = list(scan.plan_files())
        except ValueError as error:
            if "equality deletes" not in str(error):
                raise
            message = f"{self.title}: equality delete files are not supported locally"
            raise QueryError("NOT_SUPPORTED", message) from None
        for task in tasks:
            for file in (task.file, *task.delete_files):
                _require_readable(file, self.title)
            self.planned[task.file.file_path] = task
        return tasks


def _require_readable(file: DataFile, title: str) -> None:
    if file.file_format != FileFormat.PARQUET:
        kind = "data" if file.content == DataFileContent.DATA else "delete"
        message = f"{title}: {kind} files in format {file.file_format} are not supported locally"
        raise QueryError("NOT_SUPPORTED", message)
