"""Loading, creating and committing the catalog's Iceberg tables.

A commit swaps the table's `metadata_location` in Glue under a version check, so two writers never
lose each other's data; it keeps what a commit through PyIceberg's own Glue catalog would wipe
(table description, column comments).
"""

import uuid
from pathlib import Path
from typing import Any

from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.manifest import DataFile
from pyiceberg.schema import assign_fresh_schema_ids
from pyiceberg.serializers import FromInputFile, ToOutputFile
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.metadata import TableMetadata, new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.table.update import update_table_metadata

from localaws.catalog import Catalog, ConcurrentModification
from localaws.objects import ObjectStore, StoredObject
from localaws.sql.errors import QueryError
from localaws.sql.types import Type
from localaws.tables.iceberg.types import glue_columns, iceberg_schema, partition_spec
from localaws.tables.store_io import StoreIO, object_key


def is_iceberg(glue: dict[str, Any]) -> bool:
    return (glue.get("Parameters") or {}).get("table_type", "").upper() == "ICEBERG"


class Lake(NoopCatalog):
    """Loads, creates and commits the Iceberg tables of the catalog."""

    def __init__(self, catalog: Catalog, store: ObjectStore, scratch: Path) -> None:
        super().__init__("localaws")
        self._catalog, self._store = catalog, store
        self.scratch = scratch
        self.io = StoreIO(store, scratch)

    def load(self, glue: dict[str, Any]) -> Table:
        location = (glue.get("Parameters") or {}).get("metadata_location")
        title = f"{glue['DatabaseName']}.{glue['Name']}"
        if not location:
            message = f"Table is missing [metadata_location] property: {title}"
            raise QueryError("ICEBERG_INVALID_METADATA", message)
        try:
            metadata = FromInputFile.table_metadata(self.io.new_input(location))
        except FileNotFoundError:
            message = f"Metadata not found in metadata location for table {title}"
            raise QueryError("ICEBERG_MISSING_METADATA", message) from None
        return Table((glue["DatabaseName"], glue["Name"]), metadata, location, self.io, self)

    def load_table(self, identifier: tuple[str, str]) -> Table:
        """PyIceberg's hook: a commit that lost a race looks again before it tries again."""
        return self.load(self._catalog.get_table(*identifier))

    def create(
        self,
        database: str,
        name: str,
        columns: list[tuple[str, Type, str | None]],
        partitioning: list[str],
        location: str,
        properties: dict[str, str],
    ) -> Table:
        """An empty table, its metadata written but not yet in the catalog: `publish` does that."""
        schema = assign_fresh_schema_ids(iceberg_schema(columns))
        metadata = new_table_metadata(
            schema=schema,
            partition_spec=partition_spec(partitioning, schema),
            sort_order=UNSORTED_SORT_ORDER,
            location=location.rstrip("/"),
            properties=properties,
        )
        metadata_location = _metadata_location(metadata.location, 0)
        return Table((database, name), metadata, metadata_location, self.io, _Unpublished(self.io))

    def publish(self, table: Table, table_properties: dict[str, str]) -> None:
        """Put a created table into the catalog. Raises AlreadyExists."""
        database, name = table.name()
        self._catalog.create_table(
            database,
            {
                "Name": name,
                "TableType": "EXTERNAL_TABLE",
                "Parameters": {
                    **table_properties,
                    "table_type": "ICEBERG",
                    "metadata_location": table.metadata_location,
                },
                "StorageDescriptor": {
                    "Columns": glue_columns(table.schema()),
                    "Location": table.metadata.location,
                },
                "PartitionKeys": [],
            },
        )

    def commit_table(
        self, table: Table, requirements: tuple, updates: tuple
    ) -> CommitTableResponse:
        """PyIceberg's hook: raises CommitFailedException when somebody else was faster."""
        database, name = table.name()
        glue = self._catalog.get_table(database, name)
        current = self.load(glue)
        for requirement in requirements:
            requirement.validate(current.metadata)
        metadata = update_table_metadata(
            current.metadata, updates, metadata_location=current.metadata_location
        )
        if metadata == current.metadata:
            return CommitTableResponse(
                metadata=current.metadata, metadata_location=current.metadata_location
            )
        location = self._swap(glue, current.metadata_location, metadata)
        return CommitTableResponse(metadata=metadata, metadata_location=location)

    def commit_metadata(self, table: Table, metadata: TableMetadata) -> str:
        """Make `metadata` that of a loaded table. The location of its file.

        Raises CommitFailedException when somebody else was faster.
        """
        glue = self._catalog.get_table(*table.name())
        if glue["Parameters"].get("metadata_location") != table.metadata_location:
            raise CommitFailedException("The table has changed")
        return self._swap(glue, table.metadata_location, metadata)

    def _swap(self, glue: dict[str, Any], current: str, metadata: TableMetadata) -> str:
        location = _metadata_location(metadata.location, _version(current) + 1)
        ToOutputFile.table_metadata(metadata, self.io.new_output(location), overwrite=False)
        glue["Parameters"]["previous_metadata_location"] = current
        glue["Parameters"]["metadata_location"] = location
        storage = glue.setdefault("StorageDescriptor", {"Location": metadata.location})
        comments = {
            column["Name"].lower(): column.get("Comment") for column in storage.get("Columns", [])
        }
        storage["Columns"] = glue_columns(metadata.schema(), comments)
        try:
            self._catalog.update_table(
                glue["DatabaseName"], glue, expected_version=glue["VersionId"]
            )
        except ConcurrentModification as error:
            self.io.delete(location)
            raise CommitFailedException(str(error)) from error
        return location

    def stored_file(self, data_file: DataFile) -> StoredObject:
        try:
            return self._store.get(*object_key(data_file.file_path))
        except LookupError:
            message = f"Failed to open s3 object: {data_file.file_path}"
            raise QueryError("ICEBERG_CANNOT_OPEN_SPLIT", message) from None


class _Unpublished(NoopCatalog):
    """Where a table that is still being created commits: to its first metadata file."""

    def __init__(self, io: StoreIO) -> None:
        super().__init__("localaws")
        self._io = io

    def commit_table(
        self, table: Table, requirements: tuple, updates: tuple
    ) -> CommitTableResponse:
        metadata = update_table_metadata(table.metadata, updates)
        ToOutputFile.table_metadata(
            metadata, self._io.new_output(table.metadata_location), overwrite=True
        )
        return CommitTableResponse(metadata=metadata, metadata_location=table.metadata_location)


def _metadata_location(location: str, version: int) -> str:
    return f"{location.rstrip('/')}/metadata/{version:05d}-{uuid.uuid4()}.metadata.json"


def _version(metadata_location: str) -> int:
    name = metadata_location.rsplit("/", 1)[-1].split("-", 1)[0]
    return int(name) if name.isdigit() else 0
