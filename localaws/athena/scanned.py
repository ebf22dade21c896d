"""What a compiled query reads of each table, for EXPLAIN."""

from dataclasses import dataclass, field
from typing import Any

from localaws.engine import Session
from localaws.objects import StoredObject
from localaws.sql.scope import Scan
from localaws.tables.hive import HiveTable, splits
from localaws.tables.iceberg import IcebergTable
from localaws.tables.iceberg.scan import engine_names
from localaws.tables.projection import is_projected
from localaws.tables.pruning import kept_partitions
from localaws.tables.resolver import Lakehouse


@dataclass(frozen=True)
class Relation:
    """`files` of `size` bytes in all, in `partitions` of the `known` ones (None: not partitioned,
    or projected ones, which nobody counts). `engine_names`: the engine's names of columns."""

    title: str
    columns: list[str]
    files: int | None = None
    size: int = 0
    partitions: int | None = None
    known: int | None = None
    conditions: list[str] = field(default_factory=list)
    engine_names: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        text = f"{self.title}[{', '.join(self.columns)}]"
        if self.partitions is not None:
            of = "projected" if self.known is None else f"of {self.known}"
            text += f" {self.partitions} {of} partitions,"
        if self.files is not None:
            text += f" {self.files} files, {self.size} bytes"
        if self.conditions:
            text += f" where {' AND '.join(self.conditions)}"
        return text

    def shape(self) -> dict[str, Any]:
        return {
            "table": self.title,
            "columns": self.columns,
            "files": self.files,
            "bytes": self.size,
            "partitions": self.partitions,
            "partitionsKnown": self.known,
            "partitionConditions": self.conditions,
        }


def relations(
    scans: list[Scan], sql: str, lakehouse: Lakehouse, session: Session
) -> list[Relation]:
    """`sql`: the finished query, which names the files that it reads."""
    found = []
    for number, scan in enumerate(scans):
        table = scan.table
        title = f"awsdatacatalog.{table.database}.{table.name}"
        columns = sorted(scan.used)
        if isinstance(table, IcebergTable):
            files = [lakehouse.lake.stored_file(task.file) for task in table.tasks()]
            used = [name for name in columns if name in table.field_ids]
            names = engine_names(used, table, f"s{number}_")
            back = {engine: used[i] for i, engine in enumerate(names)}
            found.append(_relation(title, columns, files, sql, engine_names=back))
        elif isinstance(table, HiveTable):
            kept = kept_partitions(scan, table, lakehouse.store, session)
            everything = splits(table, kept, lakehouse.store)
            files = [each.stored for each in everything]
            more: dict[str, Any] = {}
            if table.partition_keys:
                known = None if is_projected(table.glue) else len(table.partitions)
                conditions = [text.replace(f"{scan.alias}.", "") for text in scan.filters]
                read = {each.values for each in everything if str(each.stored.path) in sql}
                more = {"partitions": len(read), "known": known, "conditions": conditions}
            found.append(_relation(title, columns, files, sql, **more))
        else:
            found.append(Relation(title, columns))
    return found


def _relation(
    title: str, columns: list[str], files: list[StoredObject], sql: str, **more: Any
) -> Relation:
    read = [each for each in files if str(each.path) in sql]
    return Relation(title, columns, len(read), sum(each.size for each in read), **more)
