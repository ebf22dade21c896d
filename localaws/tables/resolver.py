"""Names to tables, and compiled queries to SQL that the engine can run: the catalog's side."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
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
from localaws.sql.types import VARCHAR, Type, quoted, text_literal
from localaws.tables import (
    csv_format,
    iceberg,
    information_schema,
    json_format,
    parquet_format,
)
from localaws.tables.hive import HiveTable, Split, load_hive_table, splits
from localaws.tables.iceberg import IcebergTable, Lake, is_iceberg
from localaws.tables.iceberg.metadata_tables import MetadataTable, metadata_table
from localaws.tables.information_schema import InformationSchemaTable
from localaws.tables.pruning import kept_partitions, matching, partition_value
from localaws.tables.readings import Reading, resolve
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
    ) -> MetadataTable:
        """`t$snapshots` and its like."""
        base, _, kind = name.rpartition("$")
        glue = self.glue_table(database, base)
        if is_iceberg(glue) and version is None:
            found = metadata_table(self._iceberg_table(glue, None), kind)
            if found is not None:
                return found
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

    def readings(self, scans: list[Scan], session: Session) -> dict[str, Reading]:
        """What stands behind the markers of the scans."""
        return {
            scan.marker: self._reading(scan, f"s{number}_", session)
            for number, scan in enumerate(scans)
        }

    def _reading(self, scan: Scan, prefix: str, session: Session) -> Reading:
        """`prefix`: begins the names by which the engine's plan tells this scan from others."""
        table = scan.table
        if isinstance(table, InformationSchemaTable):
            return Reading(self._scan_catalog(scan, table, session))
        if isinstance(table, MetadataTable):
            if "$path" in scan.used:
                raise QueryError("COLUMN_NOT_FOUND", "Column '$path' cannot be resolved")
            return Reading(table.sql())
        if isinstance(table, IcebergTable):
            return iceberg.read(table, scan.used, self.lake, prefix)
        return self._scan_hive(scan, table, session)

    def _scan_catalog(self, scan: Scan, table: InformationSchemaTable, session: Session) -> str:
        names = information_schema.table_names(self.catalog)
        keys = tuple((key, VARCHAR) for key in table.partition_keys)
        kept = matching(names, keys, scan.alias, scan.filters, session) if keys else []
        return information_schema.rows_sql(table, [names[i] for i in kept], self.catalog, self.lake)

    def _scan_hive(self, scan: Scan, table: HiveTable, session: Session) -> Reading:
        kept = kept_partitions(scan, table, self.store, session)
        found = splits(table, kept, self.store)
        data = [each for each in table.data_columns if each[0] in scan.used]
        keys = [each for each in table.partition_columns if each[0] in scan.used]
        if not found:
            return Reading(_empty(data + keys))
        names = ", ".join(f"f.{quoted(name)}" for name, _ in data)
        relation = self._relation(table, data, found, session)
        reading = Reading(relation, sum(each.stored.size for each in found))
        if table.serde == parquet_format.SERDE:
            paths = tuple(each.stored.path for each in found)
            reading = Reading(relation, 0, paths, {name: name for name, _ in data})
        if not keys and "$path" not in scan.used:
            return replace(reading, sql=f"(SELECT {names or '1 AS one'} FROM {relation} AS f)")
        key_columns = [name for name, _ in keys]
        rows = ", ".join(_place(each, table, keys) for each in found)
        columns = ", ".join([quoted(json_format.FILE), '"$path"', *map(quoted, key_columns)])
        selected = ", ".join(
            [*([names] if names else []), *(f"p.{quoted(k)}" for k in key_columns)]
        )
        prefix = f"{selected}, " if selected else ""
        located = (
            f'(SELECT {prefix}p."$path" FROM {relation} AS f '
            f'JOIN (VALUES {rows}) AS p({columns}) ON f."$file" = p."$file")'
        )
        return replace(reading, sql=located)

    def _relation(
        self,
        table: HiveTable,
        columns: list[tuple[str, Type]],
        found: list[Split],
        session: Session,
    ) -> str:
        if table.serde == parquet_format.SERDE:
            paths = [each.stored.path for each in found]
            return parquet_format.scan_sql(columns, paths, session)
        groups: dict[str, list[Path]] = {}
        for each in found:
            groups.setdefault(_compression(each.stored.key), []).append(each.stored.path)
        if table.serde in json_format.SERDES:
            parts = [
                self._json(table, columns, files, compression, session)
                for compression, files in groups.items()
            ]
        elif table.serde == csv_format.SERDE:
            parts = [
                csv_format.scan_sql(columns, files, compression, table)
                for compression, files in groups.items()
            ]
        else:
            message = f"{table.database}.{table.name}: SerDe {table.serde or '(none)'}"
            raise QueryError("NOT_SUPPORTED", f"{message} is not supported locally")
        return f"({' UNION ALL '.join(f'SELECT * FROM {part}' for part in parts)})"

    def _json(
        self,
        table: HiveTable,
        columns: list[tuple[str, Type]],
        files: list[Path],
        compression: str,
        session: Session,
    ) -> str:
        parameters = {**table.serde_parameters}
        for partition in table.partitions:
            if partition.serde_parameters:
                parameters = {**parameters, **partition.serde_parameters}
        _refuse_json_options(table, parameters)
        ignore = parameters.get("ignore.malformed.json", "false").lower() == "true"
        keys = json_format.keys_of(files, compression, session)
        source = json_format.all_lines_sql(files, compression)
        return json_format.scan_sql(
            columns, source, keys, ignore_malformed=ignore and table.serde == json_format.OPENX
        )


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


def _refuse_json_options(table: HiveTable, parameters: dict[str, str]) -> None:
    for name in parameters:
        if name.startswith("mapping.") or name in ("dots.in.keys", "case.insensitive"):
            message = f"{table.database}.{table.name}: SerDe property {name}"
            raise QueryError("NOT_SUPPORTED", f"{message} is not supported locally")


def _compression(key: str) -> str:
    """As Hadoop does: by the object's name."""
    return "gzip" if key.endswith(".gz") else "none"


def _empty(columns: list[tuple[str, Type]]) -> str:
    nothing = [f"CAST(NULL AS {type_.duckdb()}) AS {quoted(name)}" for name, type_ in columns]
    path = 'NULL::VARCHAR AS "$path"'
    return f"(SELECT {', '.join([*nothing, path])} WHERE false)"


def _place(each: Split, table: HiveTable, keys: list[tuple[str, Type]]) -> str:
    """One row of the relation that gives each file its partition's values."""
    by_name = dict(zip(table.partition_keys, each.values, strict=True))
    values = [partition_value(by_name[name], type_) for name, type_ in keys]
    paths = (text_literal(str(each.stored.path)), text_literal(each.url))
    return f"({', '.join([*paths, *values])})"
