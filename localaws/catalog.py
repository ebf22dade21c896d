"""The Glue Data Catalog seen from inside the process: the same durable state that moto serves.

Databases, tables, table versions and partitions are one row of `State` each, so a commit to one
table costs the same whatever else the catalog holds; the rest of Glue (crawlers, jobs, tags, ...)
is one small row. Dicts have the shapes of the Glue API and are deep copies, both ways.
"""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime
from threading import RLock
from typing import Any

from moto.glue.models import FakeTable, GlueBackend, glue_backends

from localaws.routes import AwsError
from localaws.settings import ACCOUNT, DEFAULT_REGION
from localaws.state import Row, State

# API_TableInput of the Glue reference; what else GetTable returns is not the caller's to set.
TABLE_INPUT = (
    "Name",
    "Description",
    "Owner",
    "LastAccessTime",
    "LastAnalyzedTime",
    "Retention",
    "StorageDescriptor",
    "PartitionKeys",
    "ViewOriginalText",
    "ViewExpandedText",
    "TableType",
    "Parameters",
    "TargetTable",
    "ViewDefinition",
)
PARTITION_INPUT = (
    "Values",
    "LastAccessTime",
    "StorageDescriptor",
    "Parameters",
    "LastAnalyzedTime",
)


class EntityNotFound(AwsError, LookupError):
    def __init__(self, message: str) -> None:
        super().__init__("EntityNotFoundException", message)


class AlreadyExists(AwsError, ValueError):
    def __init__(self, message: str) -> None:
        super().__init__("AlreadyExistsException", message)


class ConcurrentModification(AwsError, RuntimeError):
    def __init__(self, message: str) -> None:
        super().__init__("ConcurrentModificationException", message)


class Catalog:
    """All of Glue below one data directory. One instance a process (moto is global)."""

    def __init__(self, state: State, region: str = DEFAULT_REGION) -> None:
        self._state = state
        self._region = region
        self._lock = RLock()
        self.backend = glue_backends[ACCOUNT][region] = GlueBackend(region, ACCOUNT)
        # The rows on disk, and the very objects they were written from:
        # moto replaces a version or a partition, it never changes one.
        self._saved: dict[tuple[str, str], dict[Row, Any]] = {}
        self._load()

    def databases(self) -> list[dict[str, Any]]:
        with self._lock:
            return [_present(each.as_dict()) for each in self.backend.databases.values()]

    def get_database(self, name: str) -> dict[str, Any]:
        """Raises EntityNotFound."""
        with self._lock:
            return _present(self._database(name).as_dict())

    def create_database(self, input: dict[str, Any]) -> None:
        """`input`: a DatabaseInput. Raises AlreadyExists."""
        input = {**deepcopy(input), "Name": input["Name"].lower()}
        with self.mutation(input["Name"]):
            if input["Name"] in self.backend.databases:
                raise AlreadyExists(f"Database {input['Name']} already exists.")
            self.backend.create_database(input["Name"], input)

    def update_database(self, name: str, input: dict[str, Any]) -> None:
        """Raises EntityNotFound."""
        with self.mutation(name):
            self._database(name).input = {**deepcopy(input), "Name": name.lower()}

    def delete_database(self, name: str) -> None:
        """Remove a database with all its tables, as Glue's DeleteDatabase does (Athena's
        DROP DATABASE without CASCADE must look first). Raises EntityNotFound."""
        with self.mutation(name):
            self._database(name)
            self.backend.delete_database(name.lower())

    def tables(self, database: str) -> list[dict[str, Any]]:
        """In the order of their creation. Raises EntityNotFound."""
        with self._lock:
            return [_present(each.as_dict()) for each in self._database(database).tables.values()]

    def get_table(self, database: str, name: str) -> dict[str, Any]:
        """The current version, `VersionId` included. Raises EntityNotFound."""
        with self._lock:
            return _present(self._table(database, name).as_dict())

    def create_table(
        self, database: str, input: dict[str, Any], partitions: Sequence[dict[str, Any]] = ()
    ) -> None:
        """`input`: a TableInput; fields that only GetTable returns are left out. The table appears
        with its `partitions` (PartitionInputs), each of other values.
        Raises EntityNotFound (database), AlreadyExists."""
        input = table_input(input)
        with self.mutation(database, [input["Name"]]):
            if input["Name"] in self._database(database).tables:
                raise AlreadyExists(f"Table {database.lower()}.{input['Name']} already exists.")
            self.backend.create_table(database.lower(), input["Name"], input)
            stored = self._table(database, input["Name"])
            for each in partitions:
                stored.create_partition(partition_input(each))

    def update_table(
        self,
        database: str,
        input: dict[str, Any],
        expected_version: str | None = None,
        skip_archive: bool = False,
    ) -> None:
        """Make `input` the table's next version.

        expected_version: the VersionId it was made from; any when None. skip_archive: forget the
        version it replaces. Raises EntityNotFound, ConcurrentModification.
        """
        input = table_input(input)
        with self.mutation(database, [input["Name"]]):
            table = self._table(database, input["Name"])
            current = str(table._current_version)
            if expected_version is not None and expected_version != current:
                raise ConcurrentModification(
                    f"Update table failed due to concurrent modifications: {database.lower()}."
                    f"{input['Name']} is at version {current}, not {expected_version}."
                )
            table.update(input)
            if skip_archive:
                table.versions.pop(current, None)

    def delete_table(self, database: str, name: str) -> None:
        """Raises EntityNotFound."""
        with self.mutation(database, [name]):
            self._table(database, name)
            self.backend.delete_table(database.lower(), name.lower())

    def delete_table_version(self, database: str, name: str, version: str) -> None:
        """Forget a version that is not the current one. Raises EntityNotFound."""
        with self.mutation(database, [name]):
            table = self._table(database, name)
            if version == str(table._current_version):
                raise AwsError(
                    "InvalidInputException",
                    f"Version {version} of {table.name} is the current one, it cannot be deleted.",
                )
            if version not in table.versions:
                raise EntityNotFound(f"Version {version} of table {table.name} not found.")
            table.delete_version(version)

    def table_versions(self, database: str, name: str) -> list[dict[str, Any]]:
        """Every version that is kept, the current one too, each with its `VersionId`. Raises
        EntityNotFound."""
        with self._lock:
            table = self._table(database, name)
            return [_present(table.as_dict(version)) for version in table.versions]

    def partitions(self, database: str, table: str) -> list[dict[str, Any]]:
        """In the order of their creation. Raises EntityNotFound."""
        with self._lock:
            found = self._table(database, table).partitions.values()
            return [_present(each.as_dict()) for each in found]

    def partition_values(self, database: str, table: str) -> list[tuple[str, ...]]:
        """Of all partitions, sorted. Raises EntityNotFound."""
        with self._lock:
            found = self._table(database, table).partitions.values()
            return sorted(tuple(each.values) for each in found)

    def partition(self, database: str, table: str, values: Iterable[str]) -> dict[str, Any]:
        """Raises EntityNotFound."""
        values = list(values)
        with self._lock:
            stored = self._table(database, table)
            _require_partitions(stored, [values])
            return _present(stored.partitions[str(values)].as_dict())

    def create_partitions(self, database: str, table: str, inputs: list[dict[str, Any]]) -> None:
        """All of them or none. `inputs`: PartitionInputs. Raises EntityNotFound, AlreadyExists."""
        inputs = [partition_input(each) for each in inputs]
        with self.mutation(database, [table]):
            stored = self._table(database, table)
            for each in inputs:
                if str(each["Values"]) in stored.partitions:
                    raise AlreadyExists(f"Partition {each['Values']} already exists.")
            for each in inputs:
                stored.create_partition(each)

    def update_partition(
        self, database: str, table: str, values: list[str], input: dict[str, Any]
    ) -> None:
        """Replace the partition `values`. Raises EntityNotFound, AlreadyExists (new values)."""
        input = partition_input(input)
        with self.mutation(database, [table]):
            stored = self._table(database, table)
            _require_partitions(stored, [values])
            if values != input["Values"] and str(input["Values"]) in stored.partitions:
                raise AlreadyExists(f"Partition {input['Values']} already exists.")
            stored.update_partition(values, input)

    def delete_partitions(self, database: str, table: str, values: list[list[str]]) -> None:
        """All of them or none. Raises EntityNotFound."""
        with self.mutation(database, [table]):
            stored = self._table(database, table)
            _require_partitions(stored, values)
            for each in values:
                stored.delete_partition(each)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold the catalog while moto reads it."""
        with self._lock:
            yield

    @contextmanager
    def mutation(self, database: str | None = None, tables: Iterable[str] = ()) -> Iterator[None]:
        """Hold the catalog while `backend` changes; the change is on disk when the block ends.

        Name the database and the tables it is about; with neither, the rest of Glue is saved.
        """
        with self._lock:
            try:
                yield
            finally:
                self._save(database and database.lower(), [each.lower() for each in tables])

    def _database(self, name: str) -> Any:
        try:
            return self.backend.databases[name.lower()]
        except KeyError:
            raise EntityNotFound(f"Database {name.lower()} not found.") from None

    def _table(self, database: str, name: str) -> FakeTable:
        try:
            return self._database(database).tables[name.lower()]
        except KeyError:
            raise EntityNotFound(f"Table {database.lower()}.{name.lower()} not found.") from None

    def _load(self) -> None:
        for name, database in self._state.items("glue_database"):
            self.backend.databases[name] = database
        for name, table in self._state.items("glue_table"):
            database, table_name = json.loads(name)
            self.backend.databases[database].tables[table_name] = table
        for name, version in self._state.items("glue_table_version"):
            database, table, version_id = json.loads(name)
            self.backend.databases[database].tables[table].versions[version_id] = version
        for name, partition in self._state.items("glue_partition"):
            database, table, *_ = json.loads(name)
            partitions = self.backend.databases[database].tables[table].partitions
            partitions[str(partition.values)] = partition
        for name, database in self.backend.databases.items():
            for table in database.tables.values():
                self._saved[name, table.name] = _table_rows(table)
        for _, rest in self._state.items("glue_rest"):
            self.backend.__dict__.update(_unpickle_rest(rest, self.backend))

    def _save(self, database: str | None, tables: list[str]) -> None:
        puts: dict[Row, Any] = {}
        deletes: list[Row] = []
        stored = self.backend.databases.get(database)
        if not tables:
            puts[Row("glue_rest", "")] = _pickle_rest(self.backend)
            if stored:
                puts[Row("glue_database", database)] = _without_tables(stored)
        if database and not stored:
            deletes.append(Row("glue_database", database))
            tables = [table for owner, table in self._saved if owner == database]
        now = {}
        for name in tables:
            table = stored.tables.get(name) if stored else None
            before = self._saved.get((database, name), {})
            now[database, name] = after = _table_rows(table) if table else {}
            puts |= {row: value for row, value in after.items() if before.get(row) is not value}
            deletes += [row for row in before if row not in after]
        try:
            self._state.write(puts, deletes)
        except BaseException:  # a full disk: nobody may see what a restart would not find
            vars(self.backend).update(vars(GlueBackend(self._region, ACCOUNT)))
            self._saved = {}
            self._load()
            raise
        self._saved |= now
        for key, rows in now.items():
            if not rows:
                del self._saved[key]


def table_input(table: dict[str, Any]) -> dict[str, Any]:
    """A TableInput of one's own, with table and column names in lower case as Glue stores them."""
    own = {field: deepcopy(table[field]) for field in TABLE_INPUT if table.get(field) is not None}
    own["Name"] = own["Name"].lower()
    for column in own.get("PartitionKeys", []):
        column["Name"] = column["Name"].lower()
    _lower_columns(own)
    return own


def partition_input(partition: dict[str, Any]) -> dict[str, Any]:
    """A PartitionInput of one's own, with column names in lower case."""
    own = {field: deepcopy(partition[field]) for field in PARTITION_INPUT if field in partition}
    _lower_columns(own)
    return own


def _lower_columns(owner: dict[str, Any]) -> None:
    for column in (owner.get("StorageDescriptor") or {}).get("Columns") or []:
        column["Name"] = column["Name"].lower()


def _require_partitions(table: FakeTable, values: list[list[str]]) -> None:
    for each in values:
        if str(each) not in table.partitions:
            raise EntityNotFound(f"Partition {each} of {table.name} not found.")


def _present(shape: dict[str, Any]) -> dict[str, Any]:
    """A copy without the fields that moto leaves empty, as over HTTP; times are aware, in UTC."""
    return {
        field: value.replace(tzinfo=UTC) if isinstance(value, datetime) else deepcopy(value)
        for field, value in shape.items()
        if value is not None
    }


def _without_tables(database: Any) -> Any:
    header = object.__new__(type(database))
    header.__dict__ = {**database.__dict__, "tables": type(database.tables)()}
    return header


def _table_rows(table: FakeTable) -> dict[Row, Any]:
    """The rows of one table: its header, its versions, its partitions."""
    of_table = (table.database_name, table.name)
    rows: dict[Row, Any] = {
        Row("glue_table_version", json.dumps([*of_table, version_id])): version
        for version_id, version in table.versions.items()
    }
    for partition in table.partitions.values():
        rows[Row("glue_partition", json.dumps([*of_table, *partition.values]))] = partition
    header = object.__new__(FakeTable)
    header.__dict__ = {**table.__dict__, "versions": {}, "partitions": type(table.partitions)()}
    rows[Row("glue_table", json.dumps(of_table))] = header
    return rows


def _pickle_rest(backend: GlueBackend) -> bytes:
    """Everything but the databases; what refers to the backend finds the next one again."""
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, protocol=5)
    pickler.persistent_id = lambda value: "backend" if value is backend else None
    pickler.dump({name: value for name, value in vars(backend).items() if name != "databases"})
    return buffer.getvalue()


def _unpickle_rest(data: bytes, backend: GlueBackend) -> dict[str, Any]:
    unpickler = pickle.Unpickler(io.BytesIO(data))
    unpickler.persistent_load = lambda _: backend
    return unpickler.load()
