"""Names to tables, and compiled queries to SQL that the engine can run: the catalog's side."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any

from sqlglot import exp

from localaws.catalog import Catalog, EntityNotFound
from localaws.engine import Engine, Session
from localaws.objects import ObjectStore
from localaws.sql.errors import QueryError
from localaws.sql.queries import analyze
from localaws.sql.scope import Analysis, Output, Scan, View
from localaws.sql.types import VARCHAR, Type
from localaws.tables import (
    hive_scan,
    iceberg,
    information_schema,
)
from localaws.tables.hive import HiveTable, load_hive_table
from localaws.tables.hive_partitions import KIND as PARTITIONS
from localaws.tables.hive_partitions import HivePartitions, partitions_table
from localaws.tables.iceberg import IcebergTable, Lake, is_iceberg
from localaws.tables.iceberg.metadata_tables import MetadataTable, metadata_table
from localaws.tables.information_schema import InformationSchemaTable
from localaws.tables.pruning import matching
from localaws.tables.readings import Planned, Reading, resolve
from localaws.tables.time_travel import snapshot_of
from localaws.tables.views import is_view, load_view

_Relation = HiveTable | IcebergTable | InformationSchemaTable | View


@dataclass
class Lakehouse:
    """What statements work on: the catalog, the objects, a scratch folder beside them."""

    catalog: Catalog
    store: ObjectStore
    scratch: Path
    account: str
    engine: Engine
    lake: Lake = field(init=False)
    _locks: dict[tuple[str, str], RLock] = field(default_factory=dict)
    _guard: RLock = field(default_factory=RLock)

    def __post_init__(self) -> None:
        self.lake = Lake(self.catalog, self.store, self.scratch)

    @contextmanager
    def writing(self, database: str, name: str) -> Iterator[None]:
        """One writer a table in this process; others wait, so that none of them has to fail."""
        with self._guard:
            lock = self._locks.setdefault((database, name), RLock())
        with lock:
            yield

    def glue_table(self, database: str, name: str) -> dict[str, Any]:
        """Raises SCHEMA_NOT_FOUND, TABLE_NOT_FOUND."""
        try:
            return self.catalog.get_table(database, name)
        except EntityNotFound:
            pass
        self.require_database(database)
        message = f"Table 'awsdatacatalog.{database}.{name}' does not exist"
        raise QueryError("TABLE_NOT_FOUND", message)

    def require_database(self, database: str) -> None:
        try:
            self.catalog.get_database(database)
        except EntityNotFound:
            raise QueryError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist") from None

    # ---- the compiler's view of the catalog

    def table(self, database: str, name: str, version: exp.Version | None = None) -> _Relation:
        if database == information_schema.NAME:
            return information_schema.information_schema_table(name)
        if "$" in name:
            return self._metadata_table(database, name, version)
        glue = self.glue_table(database, name)
        if is_iceberg(glue):
            return self._iceberg_table(glue, version)
        if version is not None:
            message = f"{database}.{name}: only Iceberg tables have versions"
            raise QueryError("NOT_SUPPORTED", message)
        return load_view(glue) if is_view(glue) else load_hive_table(glue, self.catalog)

    def _iceberg_table(self, glue: dict[str, Any], version: exp.Version | None) -> IcebergTable:
        table, place = self.lake.load(glue), (glue["DatabaseName"], glue["Name"])
        if version is not None:
            snapshot_id = snapshot_of(table, version, self, self._evaluate)
            return IcebergTable(*place, table, snapshot_id, time_travel=True)
        current = table.metadata.current_snapshot()
        return IcebergTable(*place, table, current.snapshot_id if current else None)

    def _evaluate(self, sql: str) -> Any:
        with self.engine.session() as session:
            ((value,),) = session.rows(f"SELECT {sql}")
        return value

    def _metadata_table(
        self, database: str, name: str, version: exp.Version | None
    ) -> MetadataTable | HivePartitions:
        """`t$snapshots` and its like."""
        base, _, kind = name.rpartition("$")
        glue = self.glue_table(database, base)
        if is_iceberg(glue) and version is None:
            found = metadata_table(self._iceberg_table(glue, None), kind)
            if found is not None:
                return found
        elif kind == PARTITIONS and version is None and not is_view(glue):
            return partitions_table(load_hive_table(glue, self.catalog))
        if version is not None:
            raise QueryError("NOT_SUPPORTED", "This connector does not support versioned tables")
        message = f"Table 'awsdatacatalog.{database}.{name}' does not exist"
        raise QueryError("TABLE_NOT_FOUND", message)

    # ---- from a compiled query to one the engine runs

    def plan(self, tree: exp.Expression, sql: str, database: str, session: Session) -> "Plan":
        """Raises QueryError where the query is wrong or not supported."""
        output, analysis = analyze(tree, sql, self, database)
        return self.finish(output, analysis, session)

    def finish(self, output: Output, analysis: Analysis, session: Session) -> "Plan":
        """The query's scan markers replaced by what is to be read."""
        text, scanned = resolve(output.sql, self.readings(analysis.scans, session), session)
        return Plan(text, output, scanned)

    def readings(self, scans: list[Scan], session: Session) -> dict[str, Reading | Planned]:
        """What stands behind the markers of the scans."""
        return {
            scan.marker: self._reading(scan, f"s{number}_", session)
            for number, scan in enumerate(scans)
        }

    def _reading(self, scan: Scan, prefix: str, session: Session) -> Reading | Planned:
        """`prefix`: begins the names by which the engine's plan tells this scan from others."""
        table = scan.table
        if isinstance(table, InformationSchemaTable | MetadataTable | HivePartitions):
            if isinstance(table, InformationSchemaTable):
                return Reading(self._scan_catalog(scan, table, session))
            return Reading(table.sql())
        if isinstance(table, IcebergTable):
            return iceberg.read(table, scan.used, self.lake, prefix, session)
        return hive_scan.read(scan, table, self.store, self.scratch, session, prefix)

    def _scan_catalog(self, scan: Scan, table: InformationSchemaTable, session: Session) -> str:
        names = information_schema.table_names(self.catalog)
        keys = tuple((key, VARCHAR) for key in table.partition_keys)
        kept = matching(names, keys, scan.alias, scan.filters, session) if keys else []
        return information_schema.rows_sql(table, [names[i] for i in kept], self.catalog, self.lake)


@dataclass(frozen=True)
class Plan:
    """`sql` gives columns c0, c1, ...; `scanned` is what it reads, in bytes."""

    sql: str
    output: Output
    scanned: int

    def columns(self) -> list[tuple[str, Type]]:
        """As a table or view made from the query has them: the catalog's names are lower case."""
        return [(name.lower(), type_) for name, type_ in self.headings()]

    def headings(self) -> list[tuple[str, Type]]:
        """As a result shows them: in the case that the query chose."""
        return list(zip(self.output.column_names, self.output.types, strict=True))
