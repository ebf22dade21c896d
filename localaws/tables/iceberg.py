"""Iceberg tables: PyIceberg over the Glue catalog and the store in this process.

A commit swaps the table's `metadata_location` in Glue under a version check, so two writers never
lose each other's data; it keeps what a commit through PyIceberg's own Glue catalog would wipe
(table description, column comments).
"""

import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.io.pyarrow import _dataframe_to_data_files
from pyiceberg.manifest import DataFile
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema, assign_fresh_schema_ids
from pyiceberg.serializers import FromInputFile, ToOutputFile
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.metadata import new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.table.update import update_table_metadata
from pyiceberg.transforms import parse_transform
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
)

from localaws.catalog import Catalog, ConcurrentModification
from localaws.objects import ObjectStore, StoredObject
from localaws.sql import hive, types
from localaws.sql.errors import QueryError
from localaws.sql.types import Type, quoted, text_literal
from localaws.tables.json_format import FILE
from localaws.tables.store_io import StoreIO, object_key

BATCH_ROWS = 500_000
MAX_OPEN_PARTITIONS = 100

_SIMPLE: dict[str, type[IcebergType]] = {
    "boolean": BooleanType,
    "integer": IntegerType,
    "bigint": LongType,
    "real": FloatType,
    "double": DoubleType,
    "varchar": StringType,
    "varbinary": BinaryType,
    "date": DateType,
}


def is_iceberg(glue: dict[str, Any]) -> bool:
    return (glue.get("Parameters") or {}).get("table_type", "").upper() == "ICEBERG"


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


class Lake(NoopCatalog):
    """Loads, creates and commits the Iceberg tables of the catalog."""

    def __init__(self, catalog: Catalog, store: ObjectStore, scratch: Path) -> None:
        super().__init__("localaws")
        self._catalog, self._store = catalog, store
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
        schema = assign_fresh_schema_ids(_schema(columns))
        metadata = new_table_metadata(
            schema=schema,
            partition_spec=_partition_spec(partitioning, schema),
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
                    "Columns": _glue_columns(table.schema()),
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
        location = _metadata_location(metadata.location, _version(current.metadata_location) + 1)
        ToOutputFile.table_metadata(metadata, self.io.new_output(location), overwrite=False)
        glue["Parameters"]["previous_metadata_location"] = current.metadata_location
        glue["Parameters"]["metadata_location"] = location
        comments = {
            column["Name"]: column.get("Comment") for column in glue["StorageDescriptor"]["Columns"]
        }
        glue["StorageDescriptor"]["Columns"] = _glue_columns(metadata.schema(), comments)
        try:
            self._catalog.update_table(database, glue, expected_version=glue["VersionId"])
        except ConcurrentModification as error:
            self.io.delete(location)
            raise CommitFailedException(str(error)) from error
        return CommitTableResponse(metadata=metadata, metadata_location=location)

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


# ---- reading


def scan_sql(table: IcebergTable, columns: list[tuple[str, Type]], lake: Lake) -> str:
    """A relation of `columns` and "$path"; columns are found by field id, as Iceberg has it."""
    files = [(data_file, lake.stored_file(data_file)) for data_file in table.data_files()]
    return files_sql(table, columns, files)


def files_sql(
    table: IcebergTable,
    columns: list[tuple[str, Type]],
    files: list[tuple[DataFile, StoredObject]],
) -> str:
    """A relation of `columns`, "$path", and each row's place: "$file", "$row"."""
    if not files:
        nothing = [f"CAST(NULL AS {type_.duckdb()}) AS {quoted(name)}" for name, type_ in columns]
        places = ['NULL::VARCHAR AS "$path"', 'NULL::VARCHAR AS "$file"', '0 AS "$row"']
        return f"(SELECT {', '.join([*nothing, *places])} WHERE false)"
    fields = ", ".join(
        f"{field.field_id}: {{name: {text_literal(field.name)}, "
        f"type: {text_literal(trino_type(field.field_type).duckdb())}, default_value: NULL}}"
        for field in table.schema.fields
    )
    paths = ", ".join(text_literal(str(stored.path)) for _, stored in files)
    urls = ", ".join(
        f"({text_literal(str(stored.path))}, {text_literal(data_file.file_path)})"
        for data_file, stored in files
    )
    names = ", ".join(f"f.{quoted(name)}" for name, _ in columns)
    selected = f"{names}, " if names else ""
    return (
        f'(SELECT {selected}u.url AS "$path", f."$file", f.file_row_number AS "$row" '
        f"FROM read_parquet([{paths}], schema = MAP {{{fields}}}, "
        f"filename = '{FILE}', file_row_number = true) AS f "
        f'JOIN (VALUES {urls}) AS u(path, url) ON f."$file" = u.path)'
    )


def trino_type(type_: IcebergType) -> Type:
    """Raises NOT_SUPPORTED for a type that the engine does not hold."""
    match type_:
        case BooleanType():
            return types.BOOLEAN
        case IntegerType():
            return types.INTEGER
        case LongType():
            return types.BIGINT
        case FloatType():
            return types.REAL
        case DoubleType():
            return types.DOUBLE
        case StringType():
            return types.VARCHAR
        case BinaryType():
            return types.VARBINARY
        case DateType():
            return types.DATE
        case DecimalType():
            return types.decimal(type_.precision, type_.scale)
        case TimestampType():
            return types.timestamp(6)
        case TimestamptzType():
            return types.timestamp_tz(6, "UTC")
        case ListType():
            return types.array(trino_type(type_.element_type))
        case MapType():
            return Type("map", (trino_type(type_.key_type), trino_type(type_.value_type)))
        case StructType():
            return types.row(*((f.name, trino_type(f.field_type)) for f in type_.fields))
    raise QueryError("NOT_SUPPORTED", f"Iceberg type {type_} is not supported locally")


# ---- writing


def data_files(table: Table, batches: Iterable[pa.RecordBatch]) -> Iterator[DataFile]:
    """Write batches as data files of `table` (not yet committed), in bounded memory.

    Raises ICEBERG_TOO_MANY_OPEN_PARTITIONS as Athena does, for more than 100 partitions.
    """
    schema = table.schema().as_arrow()
    write_uuid = uuid.uuid4()
    partitions: set = set()
    for number, batch in enumerate(batches):
        if not batch.num_rows:
            continue
        rows = pa.Table.from_batches([batch]).cast(_like(schema, batch.schema))
        for written in _dataframe_to_data_files(
            table.metadata, rows, table.io, write_uuid=uuid.uuid5(write_uuid, str(number))
        ):
            partitions.add(repr(written.partition))
            if len(partitions) > MAX_OPEN_PARTITIONS:
                message = f"Exceeded limit of {MAX_OPEN_PARTITIONS} open writers for partitions"
                raise QueryError("ICEBERG_TOO_MANY_OPEN_PARTITIONS", message)
            yield written


def _like(schema: pa.Schema, given: pa.Schema) -> pa.Schema:
    """The table's Arrow schema; the batch's columns have its names and order already."""
    if schema.names != given.names:
        raise ValueError(f"columns {given.names} are not the table's {schema.names}")
    return schema


def named_columns(sql: str, names: list[str]) -> str:
    """A compiled query (columns c0, c1, ...) under the table's column names."""
    columns = ", ".join(f"c{i} AS {quoted(name)}" for i, name in enumerate(names))
    return f"SELECT {columns} FROM ({sql}) AS q"


def append(table: Table, added: Iterable[DataFile]) -> None:
    """Raises QueryError ICEBERG_COMMIT_ERROR when another writer was faster."""
    replace_files(table, [], added)


def replace_files(table: Table, removed: Iterable[DataFile], added: Iterable[DataFile]) -> None:
    """One snapshot without the files `removed` and with the files `added`."""
    removed, added = list(removed), list(added)
    if not removed and not added:
        return
    try:
        with table.transaction() as transaction:
            snapshot = transaction.update_snapshot()
            with snapshot.overwrite() if removed else snapshot.fast_append() as update:
                for each in removed:
                    update.delete_data_file(each)
                for each in added:
                    update.append_data_file(each)
    except CommitFailedException as error:
        raise QueryError("ICEBERG_COMMIT_ERROR", f"Failed to commit: {error}") from error


def _schema(columns: list[tuple[str, Type, str | None]]) -> Schema:
    ids = iter(range(1, 100_000))

    def convert(name: str, type_: Type) -> IcebergType:
        if simple := _SIMPLE.get(type_.base):
            return simple()
        match type_.base:
            case "decimal":
                return DecimalType(*type_.args)
            case "timestamp" | "timestamp with time zone":
                if type_.args[0] != 6:
                    message = (
                        f"Timestamp precision ({type_.args[0]}) not supported for Iceberg. "
                        'Use "timestamp(6)" instead.'
                    )
                    raise QueryError("NOT_SUPPORTED", message)
                return TimestampType() if type_.base == "timestamp" else TimestamptzType()
            case "array":
                return ListType(
                    element_id=next(ids),
                    element_type=convert(name, type_.element),
                    element_required=False,
                )
            case "map":
                key, value = type_.args
                return MapType(
                    key_id=next(ids),
                    key_type=convert(name, key),
                    value_id=next(ids),
                    value_type=convert(name, value),
                    value_required=False,
                )
            case "row" if all(field for field, _ in type_.args):
                return StructType(
                    *(
                        NestedField(next(ids), field, convert(name, inner), required=False)
                        for field, inner in type_.args
                    )
                )
        raise QueryError("NOT_SUPPORTED", f"Type not supported for Iceberg: {type_}")

    return Schema(
        *(
            NestedField(next(ids), name, convert(name, type_), required=False, doc=comment)
            for name, type_, comment in columns
        )
    )


def _partition_spec(partitioning: list[str], schema: Schema) -> PartitionSpec:
    """From Athena's spellings: `day(event_at)`, `bucket(event_id, 16)`, `location`."""
    fields = []
    for number, spelling in enumerate(partitioning):
        name, transform = _transform(spelling)
        try:
            source = schema.find_field(name, case_sensitive=False)
        except ValueError:
            message = f"Invalid partition field declaration: {spelling}"
            raise QueryError("COLUMN_NOT_FOUND", message) from None
        suffix = {"identity": ""}.get(transform, "_" + transform.split("[")[0])
        fields.append(
            PartitionField(
                source_id=source.field_id,
                field_id=1000 + number,
                transform=parse_transform(transform),
                name=f"{source.name}{suffix}",
            )
        )
    return PartitionSpec(*fields)


def _transform(spelling: str) -> tuple[str, str]:
    spelling = spelling.strip().strip('"`')
    if re.fullmatch(r"\w+", spelling):
        return spelling.lower(), "identity"
    if match := re.fullmatch(r"(year|month|day|hour)s?\(\s*[\"`]?(\w+)[\"`]?\s*\)", spelling, re.I):
        return match[2].lower(), match[1].lower()
    if match := re.fullmatch(
        r"(bucket|truncate)\(\s*(?:(\d+)\s*,\s*)?[\"`]?([A-Za-z_]\w*)[\"`]?\s*(?:,\s*(\d+))?\s*\)",
        spelling,
        re.I,
    ):
        number = match[2] or match[4]
        if number:
            return match[3].lower(), f"{match[1].lower()}[{number}]"
    raise QueryError("INVALID_TABLE_PROPERTY", f"Invalid partition field declaration: {spelling}")


def _glue_columns(
    schema: Schema, comments: dict[str, str | None] | None = None
) -> list[dict[str, Any]]:
    columns = []
    for field in schema.fields:
        column = {
            "Name": field.name.lower(),
            "Type": trino_type(field.field_type).hive()
            if not isinstance(field.field_type, TimestamptzType)
            else "timestamp",
            "Parameters": {
                "iceberg.field.id": str(field.field_id),
                "iceberg.field.optional": str(field.optional).lower(),
                "iceberg.field.current": "true",
            },
        }
        comment = field.doc or (comments or {}).get(column["Name"])
        if comment:
            column["Comment"] = comment
        columns.append(column)
    return columns


def _metadata_location(location: str, version: int) -> str:
    return f"{location.rstrip('/')}/metadata/{version:05d}-{uuid.uuid4()}.metadata.json"


def _version(metadata_location: str) -> int:
    name = metadata_location.rsplit("/", 1)[-1].split("-", 1)[0]
    return int(name) if name.isdigit() else 0


# ---- schema changes


def write_first_metadata(table: Table) -> None:
    """Metadata of a table created without data."""
    output = table.io.new_output(table.metadata_location)
    ToOutputFile.table_metadata(table.metadata, output, overwrite=True)


def add_columns(table: Table, columns: Iterable[hive.Column]) -> None:
    """Raises COLUMN_ALREADY_EXISTS; rows written before have NULL there."""
    known = {field.name.lower() for field in table.schema().fields}
    with table.update_schema() as update:
        for column in columns:
            if column.name in known:
                message = f"Column '{column.name}' already exists"
                raise QueryError("COLUMN_ALREADY_EXISTS", message)
            try:
                type_ = types.parse_type(column.type, timestamp_precision=6)
            except ValueError as error:
                raise QueryError("TYPE_NOT_FOUND", str(error)) from None
            (field,) = _schema([(column.name, type_, column.comment)]).fields
            update.add_column(column.name, field.field_type, doc=column.comment)


def drop_column(table: Table, name: str) -> None:
    if name not in {field.name.lower() for field in table.schema().fields}:
        raise QueryError("COLUMN_NOT_FOUND", f"Column '{name}' does not exist")
    with table.update_schema() as update:
        update.delete_column(name)
