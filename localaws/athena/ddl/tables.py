"""CREATE, DROP and ALTER TABLE, as far as they are about the table as a whole."""

import time
from typing import Any

from localaws.athena.ddl.common import (
    changed,
    done,
    existing_table,
    failed,
    glue_column,
    place,
    require_database,
    require_hive,
    task_failed,
)
from localaws.athena.ddl.formats import FORMATS, SERDE_OUTPUT
from localaws.athena.outcome import Outcome
from localaws.catalog import AlreadyExists, EntityNotFound
from localaws.objects import NoSuchBucket
from localaws.sql.errors import QueryError
from localaws.sql.hive import statements as s
from localaws.sql.type_parser import parse_type
from localaws.tables import iceberg
from localaws.tables.locations import split_location
from localaws.tables.resolver import Lakehouse
from localaws.tables.views import is_view

# Source: Athena user guide, "Creating Iceberg tables", "Table properties".
_ICEBERG_PROPERTIES = (
    "format",
    "write_compression",
    "compression_level",
    "optimize_rewrite_data_file_threshold",
    "optimize_rewrite_delete_file_threshold",
    "optimize_rewrite_min_data_file_size_bytes",
    "optimize_rewrite_max_data_file_size_bytes",
    "vacuum_min_snapshots_to_keep",
    "vacuum_max_snapshot_age_seconds",
    "vacuum_max_metadata_files_to_keep",
    "write_target_data_file_size_bytes",
    "write_object_storage_enabled",
    "write_data_path_enabled",
    "format_version",
)


def create(statement: s.CreateTable, lakehouse: Lakehouse, database: str) -> Outcome:
    database, name = place(statement.name, database)
    kind = statement.properties.get("table_type", "HIVE").upper()
    if kind == "ICEBERG" and statement.external:
        message = "External keyword not supported for table type ICEBERG"
        raise QueryError("NOT_SUPPORTED", message)
    if not statement.location:
        message = "No location was specified for table. An S3 location must be specified"
        raise QueryError("INVALID_TABLE_PROPERTY", message)
    if kind != "ICEBERG" and not statement.external:
        raise QueryError("NOT_SUPPORTED", f"External keyword required for table type {kind}")
    split_location(statement.location)
    require_database(database, lakehouse)
    try:
        lakehouse.catalog.get_table(database, name)
    except EntityNotFound:
        pass
    else:
        if statement.if_not_exists:
            return done("CREATE_TABLE")
        raise task_failed(f"AlreadyExistsException(message:Table {name} already exist)")
    _refuse_twice([each.name for each in (*statement.columns, *statement.partitioned_by)])
    if kind == "ICEBERG":
        _create_iceberg(statement, lakehouse, database, name)
    else:
        lakehouse.catalog.create_table(database, _hive_input(statement, name))
    return done("CREATE_TABLE")


def _refuse_twice(names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise failed(f"SemanticException [Error 10036]: Duplicate column name: {name}")


def _hive_input(statement: s.CreateTable, name: str) -> dict[str, Any]:
    if not statement.columns:
        raise QueryError("SYNTAX_ERROR", f"table {name} has no columns")
    if statement.transforms:
        message = f"partition column {statement.transforms[0]} needs a type"
        raise QueryError("SYNTAX_ERROR", message)
    format_ = statement.stored_as or "TEXTFILE"
    if format_ not in FORMATS:
        raise QueryError("NOT_SUPPORTED", f"STORED AS {format_} is not supported locally")
    input_format, output_format, serde = FORMATS[format_]
    if statement.serde and not statement.stored_as:
        output_format = SERDE_OUTPUT
    storage: dict[str, Any] = {
        "Columns": [glue_column(each) for each in statement.columns],
        # As Hadoop writes a path.
        "Location": statement.location.rstrip("/"),
        "InputFormat": statement.input_format or input_format,
        "OutputFormat": statement.output_format or output_format,
        "SerdeInfo": {
            "SerializationLibrary": statement.serde or serde,
            "Parameters": {
                "serialization.format": "1",
                **(statement.delimited or {}),
                **statement.serde_properties,
            },
        },
    }
    if statement.buckets is not None:
        columns = {each.name for each in statement.columns}
        for each in statement.clustered_by:
            if each not in columns:
                message = f"SemanticException [Error 10002]: Invalid column reference {each}"
                raise failed(message)
        storage["BucketColumns"] = list(statement.clustered_by)
        storage["NumberOfBuckets"] = statement.buckets
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        **({"Description": statement.comment} if statement.comment else {}),
        "Parameters": {
            "EXTERNAL": "TRUE",
            "transient_lastDdlTime": str(int(time.time())),
            **({"comment": statement.comment} if statement.comment else {}),
            **statement.properties,
        },
        "PartitionKeys": [glue_column(each) for each in statement.partitioned_by],
        "StorageDescriptor": storage,
    }


def _create_iceberg(
    statement: s.CreateTable, lakehouse: Lakehouse, database: str, name: str
) -> None:
    if statement.partitioned_by:
        message = "an Iceberg table is partitioned by its own columns: name them without a type"
        raise QueryError("NOT_SUPPORTED", message)
    stored = (statement.stored_as, statement.input_format, statement.serde, statement.delimited)
    if any(each is not None for each in stored) or statement.buckets is not None:
        message = "Iceberg create table statement does not allow STORED AS/BY"
        raise QueryError("NOT_SUPPORTED", message)
    columns = []
    for column in statement.columns:
        try:
            type_ = parse_type(column.type, timestamp_precision=6)
        except ValueError as error:
            raise QueryError("TYPE_NOT_FOUND", f"column {column.name}: {error}") from None
        columns.append((column.name, type_, column.comment))
    properties = {k: v for k, v in statement.properties.items() if k.lower() != "table_type"}
    _check_iceberg_properties(properties)
    table = lakehouse.lake.create(
        database, name, columns, list(statement.transforms), statement.location, properties
    )
    iceberg.write_first_metadata(table)
    lakehouse.lake.publish(table, {})


def _check_iceberg_properties(keys: dict[str, str] | tuple[str, ...]) -> None:
    for key in keys:
        if key not in _ICEBERG_PROPERTIES:
            raise QueryError("NOT_SUPPORTED", f"Unsupported table property key: {key}")


def drop(statement: s.DropTable, lakehouse: Lakehouse, database: str) -> Outcome:
    """DROP TABLE leaves the objects of an external table and removes those of an Iceberg table."""
    database, name = place(statement.name, database)
    kind = "DROP_VIEW" if statement.view else "DROP_TABLE"
    with lakehouse.writing(database, name):
        try:
            glue = lakehouse.catalog.get_table(database, name)
        except EntityNotFound:
            if statement.if_exists:
                return done(kind)
            if statement.view:
                message = f"line 1:1: View 'awsdatacatalog.{database}.{name}' does not exist"
                raise QueryError("TABLE_NOT_FOUND", message) from None
            message = f"SemanticException [Error 10001]: Table not found {database}.{name}"
            raise failed(message) from None
        if is_view(glue) != statement.view:
            word = "DROP VIEW" if is_view(glue) else "DROP TABLE"
            raise QueryError("NOT_SUPPORTED", f"{database}.{name}: use {word}")
        lakehouse.catalog.delete_table(database, name)
        if iceberg.is_iceberg(glue):
            _delete_objects(glue["StorageDescriptor"]["Location"], lakehouse)
    return done(kind)


def _delete_objects(location: str, lakehouse: Lakehouse) -> None:
    bucket, prefix = split_location(location)
    try:
        keys = [each.key for each in lakehouse.store.list(bucket, prefix)]
        lakehouse.store.delete(bucket, keys)
    except NoSuchBucket:
        return


# ---- ALTER TABLE


def set_properties(statement: s.SetTableProperties, lakehouse: Lakehouse, database: str) -> Outcome:
    owner, table = place(statement.name, database)
    with lakehouse.writing(owner, table):
        glue = existing_table(statement.name, database, lakehouse)
        if iceberg.is_iceberg(glue):
            _check_iceberg_properties(statement.properties)
            with lakehouse.lake.load(glue).transaction() as transaction:
                transaction.set_properties(statement.properties)
            return done("ALTER_TABLE_PROPERTIES")
    return changed(
        statement.name,
        database,
        lakehouse,
        "ALTER_TABLE_PROPERTIES",
        lambda glue: glue.setdefault("Parameters", {}).update(statement.properties),
    )


def unset_properties(
    statement: s.UnsetTableProperties, lakehouse: Lakehouse, database: str
) -> Outcome:
    """Iceberg tables only, as in Athena's user guide."""
    owner, table = place(statement.name, database)
    with lakehouse.writing(owner, table):
        glue = existing_table(statement.name, database, lakehouse)
        if not iceberg.is_iceberg(glue):
            message = "Query type not supported by DDL engine.: UNSET TBLPROPERTIES"
            raise QueryError("NOT_SUPPORTED", message)
        _check_iceberg_properties(statement.keys)
        loaded = lakehouse.lake.load(glue)
        known = [key for key in statement.keys if key in loaded.properties]
        with loaded.transaction() as transaction:
            transaction.remove_properties(*known)
    return done("ALTER_TABLE_PROPERTIES")


def set_location(statement: s.SetLocation, lakehouse: Lakehouse, database: str) -> Outcome:
    split_location(statement.location)

    def change(glue: dict[str, Any]) -> None:
        require_hive(glue, "ALTER TABLE SET LOCATION")
        glue["StorageDescriptor"]["Location"] = statement.location

    return changed(statement.name, database, lakehouse, "ALTER_TABLE_SET_LOCATION", change)


def rename(statement: s.RenameTable, lakehouse: Lakehouse, database: str) -> Outcome:
    """Iceberg tables only, as on Athena; the objects stay where they are."""
    old, new = place(statement.name, database), place(statement.to, database)
    with lakehouse.writing(*old):
        glue = existing_table(statement.name, database, lakehouse)
        if not iceberg.is_iceberg(glue):
            message = "Query type not supported by DDL engine.: ALTER TABLE RENAME of a Hive table"
            raise QueryError("NOT_SUPPORTED", message)
        try:
            lakehouse.catalog.create_table(new[0], {**glue, "Name": new[1]})
        except AlreadyExists:
            message = f"Table '{'.'.join(new)}' already exists"
            raise QueryError("TABLE_ALREADY_EXISTS", message) from None
        except EntityNotFound:
            raise QueryError("SCHEMA_NOT_FOUND", f"Schema '{new[0]}' does not exist") from None
        lakehouse.catalog.delete_table(*old)
    return done("ALTER_TABLE_RENAME")
