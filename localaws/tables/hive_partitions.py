"""`t$partitions` of a Hive table: its partition columns, a row for each partition.

Source: Athena user guide, "Listing partitions for a specific table"; Trino's Hive connector,
"$partitions table".
"""

from dataclasses import dataclass

from localaws.sql.errors import QueryError
from localaws.sql.quoting import quoted
from localaws.sql.types import Type
from localaws.tables.hive import HiveTable
from localaws.tables.projection import is_projected
from localaws.tables.pruning import partition_value

KIND = "partitions"


@dataclass(frozen=True)
class HivePartitions:
    database: str
    name: str
    columns: tuple[tuple[str, Type], ...]
    values: tuple[tuple[str, ...], ...]
    partition_keys: tuple[str, ...] = ()
    hidden_columns: tuple[tuple[str, Type], ...] = ()

    def sql(self) -> str:
        names = ", ".join(quoted(name) for name, _ in self.columns)
        nothing = ", ".join(f"CAST(NULL AS {type_.duckdb()})" for _, type_ in self.columns)
        rows = "".join(f" UNION ALL SELECT {self._row(each)}" for each in self.values)
        return f"(SELECT * FROM (SELECT {nothing} WHERE false{rows}) AS f({names}))"

    def _row(self, values: tuple[str, ...]) -> str:
        pairs = zip(values, self.columns, strict=True)
        return ", ".join(partition_value(value, type_) for value, (_, type_) in pairs)


def partitions_table(table: HiveTable) -> HivePartitions:
    """Raises TABLE_NOT_FOUND for a table without partitions, NOT_SUPPORTED for projected ones."""
    title = f"{table.database}.{table.name}${KIND}"
    if not table.partition_keys:
        message = f"Table 'awsdatacatalog.{title}' does not exist"
        raise QueryError("TABLE_NOT_FOUND", message)
    if is_projected(table.glue):
        message = f"{title} of projected partitions is not supported locally"
        raise QueryError("NOT_SUPPORTED", message)
    values = tuple(partition.values for partition in table.partitions)
    return HivePartitions(table.database, f"{table.name}${KIND}", table.partition_columns, values)
