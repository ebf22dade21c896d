"""What each of Athena's DDL and utility statements says."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Name:
    """`quoted`: written in double quotes, which tables must not be and views may."""

    database: str | None
    table: str
    quoted: bool = False


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    comment: str | None = None


@dataclass(frozen=True)
class CreateDatabase:
    name: str
    if_not_exists: bool
    comment: str | None = None
    location: str | None = None
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AlterDatabase:
    name: str
    properties: dict[str, str]


@dataclass(frozen=True)
class DropDatabase:
    name: str
    if_exists: bool
    cascade: bool


@dataclass(frozen=True)
class CreateTable:
    """`partitioned_by` holds columns of a Hive table, `transforms` those of an Iceberg table."""

    name: Name
    external: bool
    if_not_exists: bool
    columns: tuple[Column, ...]
    comment: str | None = None
    partitioned_by: tuple[Column, ...] = ()
    transforms: tuple[str, ...] = ()
    clustered_by: tuple[str, ...] = ()
    buckets: int | None = None
    serde: str | None = None
    serde_properties: dict[str, str] = field(default_factory=dict)
    delimited: dict[str, str] | None = None
    stored_as: str | None = None
    input_format: str | None = None
    output_format: str | None = None
    location: str | None = None
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DropTable:
    name: Name
    if_exists: bool
    view: bool = False


@dataclass(frozen=True)
class PartitionSpec:
    values: dict[str, str]
    location: str | None = None


@dataclass(frozen=True)
class AddPartitions:
    name: Name
    if_not_exists: bool
    partitions: tuple[PartitionSpec, ...]


@dataclass(frozen=True)
class DropPartitions:
    name: Name
    if_exists: bool
    partitions: tuple[PartitionSpec, ...]


@dataclass(frozen=True)
class RenamePartition:
    name: Name
    partition: PartitionSpec
    to: PartitionSpec


@dataclass(frozen=True)
class SetTableProperties:
    name: Name
    properties: dict[str, str]


@dataclass(frozen=True)
class UnsetTableProperties:
    name: Name
    keys: tuple[str, ...]


@dataclass(frozen=True)
class SetLocation:
    name: Name
    location: str


@dataclass(frozen=True)
class SetPartitionLocation:
    name: Name
    partition: PartitionSpec
    location: str


@dataclass(frozen=True)
class AddColumns:
    name: Name
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class ReplaceColumns:
    name: Name
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class ChangeColumn:
    """`after`: the column that it is put behind; the empty name for FIRST."""

    name: Name
    old: str
    column: Column
    after: str | None = None


@dataclass(frozen=True)
class DropColumn:
    name: Name
    column: str


@dataclass(frozen=True)
class RenameTable:
    name: Name
    to: Name


@dataclass(frozen=True)
class RepairTable:
    name: Name


@dataclass(frozen=True)
class ShowDatabases:
    pattern: str | None = None


@dataclass(frozen=True)
class ShowTables:
    """Tables and views, or views alone."""

    database: str | None = None
    pattern: str | None = None
    views: bool = False


@dataclass(frozen=True)
class ShowColumns:
    name: Name


@dataclass(frozen=True)
class ShowPartitions:
    name: Name


@dataclass(frozen=True)
class ShowTableProperties:
    name: Name
    key: str | None = None


@dataclass(frozen=True)
class ShowCreate:
    name: Name
    view: bool = False


@dataclass(frozen=True)
class Describe:
    """One column of the table, or all; `partition`: one of its partitions."""

    name: Name
    partition: PartitionSpec | None = None
    column: str | None = None
