"""Athena's DDL and utility statements, carried out on the Glue catalog."""

import fnmatch
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from localaws.athena.outcome import Outcome, listing
from localaws.catalog import AlreadyExists, EntityNotFound
from localaws.objects import NoSuchBucket
from localaws.sql import hive
from localaws.sql.errors import QueryError
from localaws.sql.types import parse_type
from localaws.tables import iceberg
from localaws.tables.json_format import OPENX
from localaws.tables.locations import (
    NULL_PARTITION,
    is_hidden,
    partition_folder,
    split_location,
    unescape,
)
from localaws.tables.resolver import Lakehouse
from localaws.tables.views import is_view

_TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_LAZY_SIMPLE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
# Source: Hive's StorageFormatDescriptors: STORED AS -> (input format, output format, SerDe).
FORMATS = {
    "TEXTFILE": (_TEXT_INPUT, _TEXT_OUTPUT, _LAZY_SIMPLE),
    "JSON": (_TEXT_INPUT, _TEXT_OUTPUT, OPENX),
    "PARQUET": (
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    ),
    "ORC": (
        "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat",
        "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
        "org.apache.hadoop.hive.ql.io.orc.OrcSerde",
    ),
    "AVRO": (
        "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat",
        "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat",
        "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
    ),
}
_DONE = Outcome("DDL", "DDL")


def execute(statement: object, lakehouse: Lakehouse, database: str) -> Outcome:
    """`statement` is what `hive.parse_ddl` gives; `database` the one that bare names mean."""
    return _HANDLERS[type(statement)](statement, lakehouse, database)


def _place(name: hive.Name, database: str) -> tuple[str, str]:
    return name.database or database, name.table


# ---- databases


def _create_database(statement: hive.CreateDatabase, lakehouse: Lakehouse, _: str) -> Outcome:
    database: dict[str, Any] = {"Name": statement.name, "Parameters": statement.properties}
    if statement.comment:
        database["Description"] = statement.comment
    if statement.location:
        split_location(statement.location)
        database["LocationUri"] = statement.location
    try:
        lakehouse.catalog.create_database(database)
    except AlreadyExists:
        if not statement.if_not_exists:
            message = f"Database {statement.name} already exists"
            raise QueryError("SCHEMA_ALREADY_EXISTS", message) from None
    return replace(_DONE, substatement_type="CREATE_DATABASE")


def _drop_database(statement: hive.DropDatabase, lakehouse: Lakehouse, _: str) -> Outcome:
    try:
        tables = lakehouse.catalog.tables(statement.name)
    except EntityNotFound:
        if statement.if_exists:
            return replace(_DONE, substatement_type="DROP_DATABASE")
        raise QueryError("SCHEMA_NOT_FOUND", f"Database does not exist: {statement.name}") from None
    if tables and not statement.cascade:
        message = f"Database {statement.name} is not empty. One or more tables exist."
        raise QueryError("HIVE_METASTORE_ERROR", message)
    lakehouse.catalog.delete_database(statement.name)
    return replace(_DONE, substatement_type="DROP_DATABASE")


# ---- tables


def _create_table(statement: hive.CreateTable, lakehouse: Lakehouse, database: str) -> Outcome:
    database, name = _place(statement.name, database)
    lakehouse.require_database(database)
    done = replace(_DONE, substatement_type="CREATE_TABLE")
    try:
        lakehouse.catalog.get_table(database, name)
    except EntityNotFound:
        pass
    else:
        if statement.if_not_exists:
            return done
        message = f"Table {name} already exists in database {database}"
        raise QueryError("TABLE_ALREADY_EXISTS", message)
    if statement.properties.get("table_type", "").upper() == "ICEBERG":
        _create_iceberg(statement, lakehouse, database, name)
    elif not statement.external:
        message = "external table must be created with the EXTERNAL keyword"
        raise QueryError("NOT_SUPPORTED", f"only Iceberg tables are managed: an {message}")
    else:
        lakehouse.catalog.create_table(database, _hive_input(statement, name))
    return done


def _hive_input(statement: hive.CreateTable, name: str) -> dict[str, Any]:
    if not statement.location:
        raise QueryError("INVALID_TABLE_PROPERTY", "LOCATION is missing: LOCATION 's3://...'")
    if not statement.columns:
        raise QueryError("SYNTAX_ERROR", f"table {name} has no columns")
    if statement.transforms:
        message = f"partition column {statement.transforms[0]} needs a type"
        raise QueryError("SYNTAX_ERROR", message)
    split_location(statement.location)
    format_ = statement.stored_as or "TEXTFILE"
    if format_ not in FORMATS:
        raise QueryError("NOT_SUPPORTED", f"STORED AS {format_} is not supported locally")
    input_format, output_format, serde = FORMATS[format_]
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        **({"Description": statement.comment} if statement.comment else {}),
        "Parameters": {"EXTERNAL": "TRUE", **statement.properties},
        "PartitionKeys": [_glue_column(each) for each in statement.partitioned_by],
        "StorageDescriptor": {
            "Columns": [_glue_column(each) for each in statement.columns],
            "Location": statement.location,
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
        },
    }


def _glue_column(column: hive.Column) -> dict[str, str]:
    try:
        glue = {"Name": column.name, "Type": parse_type(column.type).hive()}
    except ValueError as error:
        raise QueryError("HIVE_METASTORE_ERROR", f"column {column.name}: {error}") from None
    return {**glue, "Comment": column.comment} if column.comment else glue


def _create_iceberg(
    statement: hive.CreateTable, lakehouse: Lakehouse, database: str, name: str
) -> None:
    if statement.external or statement.partitioned_by:
        message = "an Iceberg table is created without EXTERNAL and partitioned by its own columns"
        raise QueryError("NOT_SUPPORTED", message)
    if not statement.location:
        raise QueryError("INVALID_TABLE_PROPERTY", "LOCATION is missing: LOCATION 's3://...'")
    columns = []
    for column in statement.columns:
        try:
            type_ = parse_type(column.type, timestamp_precision=6)
        except ValueError as error:
            raise QueryError("TYPE_NOT_FOUND", f"column {column.name}: {error}") from None
        columns.append((column.name, type_, column.comment))
    properties = {k: v for k, v in statement.properties.items() if k.lower() != "table_type"}
    table = lakehouse.lake.create(
        database, name, columns, list(statement.transforms), statement.location, properties
    )
    iceberg.write_first_metadata(table)
    lakehouse.lake.publish(table, {})


def _drop_table(statement: hive.DropTable, lakehouse: Lakehouse, database: str) -> Outcome:
    """DROP TABLE leaves the objects of an external table and removes those of an Iceberg table."""
    database, name = _place(statement.name, database)
    kind = "DROP_VIEW" if statement.view else "DROP_TABLE"
    with lakehouse.writing(database, name):
        try:
            glue = lakehouse.catalog.get_table(database, name)
        except EntityNotFound:
            if statement.if_exists:
                return replace(_DONE, substatement_type=kind)
            message = f"{'View' if statement.view else 'Table'} '{database}.{name}' does not exist"
            raise QueryError("TABLE_NOT_FOUND", message) from None
        if is_view(glue) != statement.view:
            word = "DROP VIEW" if is_view(glue) else "DROP TABLE"
            raise QueryError("NOT_SUPPORTED", f"{database}.{name}: use {word}")
        lakehouse.catalog.delete_table(database, name)
        if iceberg.is_iceberg(glue):
            _delete_objects(glue["StorageDescriptor"]["Location"], lakehouse)
    return replace(_DONE, substatement_type=kind)


def _delete_objects(location: str, lakehouse: Lakehouse) -> None:
    bucket, prefix = split_location(location)
    try:
        keys = [each.key for each in lakehouse.store.list(bucket, prefix)]
        lakehouse.store.delete(bucket, keys)
    except NoSuchBucket:
        return


def _changed(
    name: hive.Name, lakehouse: Lakehouse, database: str, change: Callable[[dict[str, Any]], None]
) -> Outcome:
    """A new version of the table, with `change` made to it."""
    database, table = _place(name, database)
    with lakehouse.writing(database, table):
        glue = lakehouse.glue_table(database, table)
        change(glue)
        lakehouse.catalog.update_table(database, glue, expected_version=glue["VersionId"])
    return replace(_DONE, substatement_type="ALTER_TABLE")


def _set_properties(
    statement: hive.SetTableProperties, lakehouse: Lakehouse, database: str
) -> Outcome:
    def change(glue: dict[str, Any]) -> None:
        if iceberg.is_iceberg(glue):
            reserved = {"metadata_location", "table_type"} & set(statement.properties)
            if reserved:
                raise QueryError("INVALID_TABLE_PROPERTY", f"{sorted(reserved)[0]} is reserved")
        glue["Parameters"] = {**glue.get("Parameters", {}), **statement.properties}

    return _changed(statement.name, lakehouse, database, change)


def _set_location(statement: hive.SetLocation, lakehouse: Lakehouse, database: str) -> Outcome:
    split_location(statement.location)

    def change(glue: dict[str, Any]) -> None:
        _require_hive(glue, "ALTER TABLE SET LOCATION")
        glue["StorageDescriptor"]["Location"] = statement.location

    return _changed(statement.name, lakehouse, database, change)


def _require_hive(glue: dict[str, Any], what: str) -> None:
    title = f"{glue['DatabaseName']}.{glue['Name']}"
    if iceberg.is_iceberg(glue):
        raise QueryError("NOT_SUPPORTED", f"{what} on the Iceberg table {title} is not supported")
    if is_view(glue):
        raise QueryError("NOT_SUPPORTED", f"{what}: {title} is a view")


def _add_columns(statement: hive.AddColumns, lakehouse: Lakehouse, database: str) -> Outcome:
    place = _place(statement.name, database)
    if iceberg.is_iceberg(lakehouse.glue_table(*place)):
        with lakehouse.writing(*place):
            iceberg.add_columns(
                lakehouse.lake.load(lakehouse.glue_table(*place)), statement.columns
            )
        return replace(_DONE, substatement_type="ALTER_TABLE")

    def change(glue: dict[str, Any]) -> None:
        _require_hive(glue, "ALTER TABLE ADD COLUMNS")
        columns = glue["StorageDescriptor"]["Columns"]
        taken = {each["Name"] for each in [*columns, *glue.get("PartitionKeys", [])]}
        for column in statement.columns:
            if column.name in taken:
                message = f"Column '{column.name}' already exists"
                raise QueryError("COLUMN_ALREADY_EXISTS", message)
            columns.append(_glue_column(column))

    return _changed(statement.name, lakehouse, database, change)


def _replace_columns(
    statement: hive.ReplaceColumns, lakehouse: Lakehouse, database: str
) -> Outcome:
    def change(glue: dict[str, Any]) -> None:
        _require_hive(glue, "ALTER TABLE REPLACE COLUMNS")
        glue["StorageDescriptor"]["Columns"] = [_glue_column(each) for each in statement.columns]

    return _changed(statement.name, lakehouse, database, change)


def _drop_column(statement: hive.DropColumn, lakehouse: Lakehouse, database: str) -> Outcome:
    place = _place(statement.name, database)
    with lakehouse.writing(*place):
        glue = lakehouse.glue_table(*place)
        if not iceberg.is_iceberg(glue):
            message = "ALTER TABLE DROP COLUMN is only supported on Iceberg tables"
            raise QueryError("NOT_SUPPORTED", message)
        iceberg.drop_column(lakehouse.lake.load(glue), statement.column)
    return replace(_DONE, substatement_type="ALTER_TABLE")


def _rename_table(statement: hive.RenameTable, lakehouse: Lakehouse, database: str) -> Outcome:
    """Iceberg tables only, as on Athena; the objects stay where they are."""
    old, new = _place(statement.name, database), _place(statement.to, database)
    with lakehouse.writing(*old):
        glue = lakehouse.glue_table(*old)
        if not iceberg.is_iceberg(glue):
            message = "ALTER TABLE RENAME is only supported on Iceberg tables"
            raise QueryError("NOT_SUPPORTED", message)
        try:
            lakehouse.catalog.create_table(new[0], {**glue, "Name": new[1]})
        except AlreadyExists:
            raise QueryError(
                "TABLE_ALREADY_EXISTS", f"Table '{'.'.join(new)}' already exists"
            ) from None
        except EntityNotFound:
            raise QueryError("SCHEMA_NOT_FOUND", f"Schema '{new[0]}' does not exist") from None
        lakehouse.catalog.delete_table(*old)
    return replace(_DONE, substatement_type="ALTER_TABLE")


# ---- partitions


def _add_partitions(statement: hive.AddPartitions, lakehouse: Lakehouse, database: str) -> Outcome:
    place = _place(statement.name, database)
    with lakehouse.writing(*place):
        glue = lakehouse.glue_table(*place)
        known = {tuple(each["Values"]) for each in lakehouse.catalog.partitions(*place)}
        inputs = []
        for spec in statement.partitions:
            values = _partition_values(spec, glue)
            if tuple(values) in known:
                if statement.if_not_exists:
                    continue
                raise QueryError("ALREADY_EXISTS", f"Partition already exists: {spec.values}")
            inputs.append(partition_input(glue, values, spec.location))
        lakehouse.catalog.create_partitions(*place, inputs)
    return replace(_DONE, substatement_type="ALTER_TABLE_ADD_PARTITION")


def _drop_partitions(
    statement: hive.DropPartitions, lakehouse: Lakehouse, database: str
) -> Outcome:
    place = _place(statement.name, database)
    with lakehouse.writing(*place):
        glue = lakehouse.glue_table(*place)
        known = {tuple(each["Values"]) for each in lakehouse.catalog.partitions(*place)}
        dropped = []
        for spec in statement.partitions:
            values = _partition_values(spec, glue)
            if tuple(values) in known:
                dropped.append(values)
            elif not statement.if_exists:
                raise QueryError("NOT_FOUND", f"Partition does not exist: {spec.values}")
        lakehouse.catalog.delete_partitions(*place, dropped)
    return replace(_DONE, substatement_type="ALTER_TABLE_DROP_PARTITION")


def _partition_values(spec: hive.PartitionSpec, glue: dict[str, Any]) -> list[str]:
    keys = [each["Name"] for each in glue.get("PartitionKeys", [])]
    if set(keys) != set(spec.values):
        given = ", ".join(spec.values)
        message = f"partition spec ({given}) does not name the partition columns: {keys}"
        raise QueryError("INVALID_PARTITION_SPEC", message)
    return [spec.values[key] for key in keys]


def partition_input(
    glue: dict[str, Any], values: list[str], location: str | None = None
) -> dict[str, Any]:
    """A new partition of a table: the table's own storage, at the partition's folder."""
    storage = dict(glue["StorageDescriptor"])
    if location:
        split_location(location)
    keys = [each["Name"] for each in glue["PartitionKeys"]]
    below = partition_folder(keys, values)
    storage["Location"] = location or f"{storage['Location'].rstrip('/')}/{below}"
    return {"Values": values, "StorageDescriptor": storage}


def _repair(statement: hive.RepairTable, lakehouse: Lakehouse, database: str) -> Outcome:
    """MSCK REPAIR TABLE: partitions for the `key=value` folders that have none yet."""
    place = _place(statement.name, database)
    with lakehouse.writing(*place):
        glue = lakehouse.glue_table(*place)
        _require_hive(glue, "MSCK REPAIR TABLE")
        keys = [each["Name"] for each in glue.get("PartitionKeys", [])]
        if not keys:
            return replace(_DONE, substatement_type="MSCK_REPAIR_TABLE")
        known = {tuple(each["Values"]) for each in lakehouse.catalog.partitions(*place)}
        found = _partition_folders(glue["StorageDescriptor"]["Location"], keys, lakehouse)
        new = sorted(set(found) - known)
        inputs = [partition_input(glue, list(values), found[values]) for values in new]
        lakehouse.catalog.create_partitions(*place, inputs)
    added = [
        f"Repair: Added partition to metastore {place[1]}:{partition_folder(keys, list(v))[:-1]}"
        for v in new
    ]
    return listing("MSCK_REPAIR_TABLE", "result", added)


def _partition_folders(
    location: str, keys: list[str], lakehouse: Lakehouse
) -> dict[tuple[str, ...], str]:
    """partition values -> location, of the folders named after `keys` that hold an object."""
    bucket, prefix = split_location(location)
    try:
        objects = lakehouse.store.list(bucket, prefix)
    except NoSuchBucket:
        raise QueryError("HIVE_METASTORE_ERROR", f"bucket {bucket} does not exist") from None
    found = {}
    for stored in objects:
        folders = stored.key[len(prefix) :].split("/")[:-1][: len(keys)]
        pairs = [folder.partition("=") for folder in folders]
        if is_hidden(stored.key, prefix) or [unescape(k).lower() for k, _, _ in pairs] != keys:
            continue
        values = tuple(unescape(value) or NULL_PARTITION for _, _, value in pairs)
        found[values] = f"s3://{bucket}/{prefix}{'/'.join(folders)}/"
    return found


# ---- SHOW and DESCRIBE


def _show(statement: hive.Show, lakehouse: Lakehouse, database: str) -> Outcome:
    catalog = lakehouse.catalog
    match statement.what:
        case "databases":
            names = [each["Name"] for each in catalog.databases()]
            return listing("SHOW_DATABASES", "database_name", _matching(names, statement.pattern))
        case "tables" | "views":
            inside = statement.database or database
            lakehouse.require_database(inside)
            names = [
                each["Name"]
                for each in catalog.tables(inside)
                if statement.what == "tables" or is_view(each)
            ]
            found = _matching(names, statement.pattern)
            return listing(f"SHOW_{statement.what.upper()}", "tab_name", found)
    glue = lakehouse.glue_table(*_place(statement.name, database))
    match statement.what:
        case "columns":
            columns = [*glue["StorageDescriptor"]["Columns"], *glue.get("PartitionKeys", [])]
            return listing("SHOW_COLUMNS", "field", [each["Name"] for each in columns])
        case "partitions":
            return listing("SHOW_PARTITIONS", "partition", _show_partitions(glue, lakehouse))
        case _:
            lines = [f"{k}\t{v}" for k, v in sorted(glue.get("Parameters", {}).items())]
            return listing("SHOW_TBLPROPERTIES", "prpt_name", lines)


def _matching(names: list[str], pattern: str | None) -> list[str]:
    """Hive's patterns: `*` for any text, `|` for alternatives."""
    names = sorted(names)
    if pattern is None:
        return names
    choices = [choice.lower().replace("%", "*") for choice in pattern.split("|")]
    return [name for name in names if any(fnmatch.fnmatchcase(name, each) for each in choices)]


def _show_partitions(glue: dict[str, Any], lakehouse: Lakehouse) -> list[str]:
    keys = [each["Name"] for each in glue.get("PartitionKeys", [])]
    if not keys:
        title = f"{glue['DatabaseName']}.{glue['Name']}"
        raise QueryError("NOT_SUPPORTED", f"Table {title} is not a partitioned table")
    partitions = lakehouse.catalog.partitions(glue["DatabaseName"], glue["Name"])
    return sorted(partition_folder(keys, each["Values"])[:-1] for each in partitions)


def _describe(statement: hive.Describe, lakehouse: Lakehouse, database: str) -> Outcome:
    glue = lakehouse.glue_table(*_place(statement.name, database))
    keys = glue.get("PartitionKeys", [])
    lines = [_described(each) for each in [*glue["StorageDescriptor"]["Columns"], *keys]]
    if keys:
        lines += ["", "# Partition Information", "# col_name\tdata_type\tcomment", ""]
        lines += [_described(each) for each in keys]
    return listing("DESCRIBE", "col_name", lines)


def _described(column: dict[str, str]) -> str:
    return f"{column['Name']:<20}\t{column['Type']:<20}\t{column.get('Comment', ''):<20}"


_HANDLERS: dict[type, Callable[[Any, Lakehouse, str], Outcome]] = {
    hive.CreateDatabase: _create_database,
    hive.DropDatabase: _drop_database,
    hive.CreateTable: _create_table,
    hive.DropTable: _drop_table,
    hive.SetTableProperties: _set_properties,
    hive.SetLocation: _set_location,
    hive.AddColumns: _add_columns,
    hive.ReplaceColumns: _replace_columns,
    hive.DropColumn: _drop_column,
    hive.RenameTable: _rename_table,
    hive.AddPartitions: _add_partitions,
    hive.DropPartitions: _drop_partitions,
    hive.RepairTable: _repair,
    hive.Show: _show,
    hive.Describe: _describe,
}
