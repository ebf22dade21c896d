"""Athena's DDL and utility statements, carried out on the Glue catalog.

What they answer was measured on Athena by aoyagikouhei/athena-local (docs/dev/measurements/
statements.md, query-results.md, result-files.md); where that is silent, Hive's DDLTask.
"""

from collections.abc import Callable
from typing import Any

from localaws.athena.ddl import columns, databases, describe, partitions, show, tables
from localaws.athena.ddl.formats import FORMATS
from localaws.athena.ddl.partitions import partition_input
from localaws.athena.outcome import Outcome
from localaws.sql.hive import statements as s
from localaws.tables.resolver import Lakehouse

__all__ = ["FORMATS", "execute", "partition_input"]


def execute(statement: object, lakehouse: Lakehouse, database: str) -> Outcome:
    """`statement` is what `hive.parse_ddl` gives; `database` the one that bare names mean."""
    return _HANDLERS[type(statement)](statement, lakehouse, database)


_HANDLERS: dict[type, Callable[[Any, Lakehouse, str], Outcome]] = {
    s.CreateDatabase: databases.create,
    s.AlterDatabase: databases.alter,
    s.DropDatabase: databases.drop,
    s.ShowDatabases: databases.show,
    s.CreateTable: tables.create,
    s.DropTable: tables.drop,
    s.SetTableProperties: tables.set_properties,
    s.UnsetTableProperties: tables.unset_properties,
    s.SetLocation: tables.set_location,
    s.RenameTable: tables.rename,
    s.AddColumns: columns.add,
    s.ReplaceColumns: columns.replace_all,
    s.ChangeColumn: columns.change,
    s.DropColumn: columns.drop,
    s.AddPartitions: partitions.add,
    s.DropPartitions: partitions.drop,
    s.RenamePartition: partitions.rename,
    s.SetPartitionLocation: partitions.set_location,
    s.RepairTable: partitions.repair,
    s.ShowTables: show.tables,
    s.ShowColumns: show.columns,
    s.ShowPartitions: show.partitions,
    s.ShowTableProperties: show.properties,
    s.ShowCreate: show.create,
    s.Describe: describe.describe,
}
