"""CREATE TABLE AS: Hive and Iceberg tables."""

from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from localaws.athena.ddl import FORMATS, partition_input
from localaws.athena.outcome import Outcome
from localaws.athena.write_options import CODEC_PROPERTIES, FileFormat, file_format, options_of
from localaws.athena.write_targets import hive_target, named_columns, require_empty
from localaws.catalog import AlreadyExists, EntityNotFound
from localaws.engine import Session
from localaws.sql.errors import QueryError
from localaws.sql.types import Type
from localaws.tables import hive_writer, iceberg, json_format
from localaws.tables.hive_writer import Written
from localaws.tables.resolver import Lakehouse, Plan

_ICEBERG = {
    "table_type",
    "is_external",
    "location",
    "format",
    "partitioning",
    "write_compression",
    "vacuum_max_snapshot_age_seconds",
    "vacuum_min_snapshots_to_keep",
    "vacuum_max_metadata_files_to_keep",
    "optimize_rewrite_delete_file_threshold",
    "optimize_rewrite_data_file_threshold",
    "format_version",
    "with_data",
}
_HIVE = {
    "table_type",
    "is_external",
    "external_location",
    "format",
    "partitioned_by",
    "write_compression",
    "parquet_compression",
    "orc_compression",
    "field_delimiter",
    "bucketed_by",
    "bucket_count",
    "with_data",
}


@dataclass(frozen=True)
class _Target:
    database: str
    name: str
    options: dict[str, Any]

    @property
    def is_iceberg(self) -> bool:
        return str(self.options.get("table_type", "hive")).lower() == "iceberg"


def create_table_as(
    tree: exp.Create, sql: str, database: str, tables: str, lakehouse: Lakehouse, session: Session
) -> Outcome:
    """`tables`: the folder for a Hive table whose statement names none."""
    table = tree.this
    if not isinstance(table, exp.Table):
        raise QueryError("NOT_SUPPORTED", "column names in CREATE TABLE AS are not supported")
    target = _Target((table.db or database).lower(), table.name.lower(), options_of(tree))
    if not target.is_iceberg and not target.options.setdefault("external_location", tables):
        message = "the workgroup has no output location: name an external_location"
        raise QueryError("INVALID_TABLE_PROPERTY", message)
    lakehouse.require_database(target.database)
    _check_options(target)
    with lakehouse.writing(target.database, target.name):
        if _exists(target, lakehouse):
            if tree.args.get("exists"):
                return Outcome("DDL", "CREATE_TABLE_AS_SELECT")
            message = f"Table 'awsdatacatalog.{target.database}.{target.name}' already exists"
            raise QueryError("TABLE_ALREADY_EXISTS", message)
        plan = lakehouse.plan(tree.expression, sql, database, session)
        columns = named_columns(plan)
        if target.options.get("with_data") is False:
            plan = replace(plan, sql=f"SELECT * FROM ({plan.sql}) LIMIT 0", scanned=0)
        create = _create_iceberg if target.is_iceberg else _create_hive
        written = create(target, plan, columns, lakehouse, session)
    return Outcome(
        "DDL",
        "CREATE_TABLE_AS_SELECT",
        update_count=written.rows,
        scanned=plan.scanned,
        written=None if target.is_iceberg else written.objects,
    )


def _check_options(target: _Target) -> None:
    known = _ICEBERG if target.is_iceberg else _HIVE
    for name in target.options:
        if name not in known:
            kind = "Iceberg" if target.is_iceberg else "Hive"
            message = f"the property {name} of {kind} tables is not supported locally"
            raise QueryError("NOT_SUPPORTED", message)
    if not target.is_iceberg and target.options.get("is_external") is False:
        raise QueryError("INVALID_TABLE_PROPERTY", "Hive tables need is_external = true")


def _exists(target: _Target, lakehouse: Lakehouse) -> bool:
    try:
        lakehouse.catalog.get_table(target.database, target.name)
    except EntityNotFound:
        return False
    return True


def _refuse_unnamed_fields(columns: list[tuple[str, Type]]) -> None:
    """Source: Trino's HiveTypeTranslator."""
    types = [type_ for _, type_ in columns]
    for type_ in types:
        if type_.base == "row" and not all(name for name, _ in type_.args):
            message = (
                "Anonymous row type is not supported in Hive. Please give each field a name: "
                f"{type_}"
            )
            raise QueryError("NOT_SUPPORTED", message)
        # What is inside is looked at in its turn.
        if type_.base == "row":
            types += [each for _, each in type_.args]
        elif type_.base in ("array", "map"):
            types += type_.args


def _create_hive(
    target: _Target,
    plan: Plan,
    columns: list[tuple[str, Type]],
    lakehouse: Lakehouse,
    session: Session,
) -> Written:
    location = target.options["external_location"]
    format_ = file_format(target.options)
    require_empty(location, lakehouse)
    hive_writer.check_types(columns)
    _refuse_unnamed_fields(columns)
    layout = hive_target(target.options, columns, location, format_)
    written = hive_writer.write(plan.sql, layout, session, lakehouse.store, lakehouse.scratch)
    glue = _hive_table(target.name, layout, format_)
    partitions = [partition_input(glue, list(values)) for values in written.partitions]
    lakehouse.catalog.create_table(target.database, glue, partitions)
    return written


def _hive_table(name: str, layout: hive_writer.Target, format_: FileFormat) -> dict[str, Any]:
    input_format, output_format, serde = FORMATS[format_.format]
    if format_.format == "JSON":
        serde = json_format.HIVE
    parameters = {"EXTERNAL": "TRUE", "has_encrypted_data": "false"}
    if format_.codec_named:
        key = CODEC_PROPERTIES.get(format_.format, "write.compression")
        parameters[key] = format_.codec
    bucketing = {}
    if layout.bucketed_by:
        bucketing = {
            "BucketColumns": list(layout.bucketed_by),
            "NumberOfBuckets": layout.buckets,
        }
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
        "PartitionKeys": [
            {"Name": n, "Type": t.hive()} for n, t in layout.columns[len(layout.data) :]
        ],
        "StorageDescriptor": {
            "Columns": [{"Name": n, "Type": t.hive()} for n, t in layout.data],
            "Location": layout.location,
            "InputFormat": input_format,
            "OutputFormat": output_format,
            "SerdeInfo": {"SerializationLibrary": serde, "Parameters": format_.properties},
            **bucketing,
        },
    }


def _create_iceberg(
    target: _Target,
    plan: Plan,
    columns: list[tuple[str, Type]],
    lakehouse: Lakehouse,
    session: Session,
) -> Written:
    location = target.options.get("location")
    if not location:
        raise QueryError("INVALID_TABLE_PROPERTY", "location is missing: location = 's3://...'")
    if target.options.get("is_external") is not False:
        raise QueryError("INVALID_TABLE_PROPERTY", "Iceberg tables need is_external = false")
    require_empty(location, lakehouse)
    format_ = file_format({"write_compression": "ZSTD", **target.options})
    if format_.format != "PARQUET":
        message = f"Iceberg tables of {format_.format} files are not supported locally"
        raise QueryError("NOT_SUPPORTED", message)
    codec = "uncompressed" if format_.codec == "NONE" else format_.codec.lower()
    properties = {
        "write.parquet.compression-codec": codec,
        **{
            name: str(value)
            for name, value in target.options.items()
            if name.startswith(("vacuum_", "optimize_"))
        },
    }
    table = lakehouse.lake.create(
        target.database,
        target.name,
        [(name, type_, None) for name, type_ in columns],
        target.options.get("partitioning", []),
        location,
        properties,
    )
    files = iceberg.write_rows(table, plan.sql, [name for name, _ in columns], session)
    if files:
        iceberg.append(table, files)
    else:
        iceberg.write_first_metadata(table)
    try:
        lakehouse.lake.publish(table, {})
    except AlreadyExists:
        message = f"Table '{target.database}.{target.name}' already exists"
        raise QueryError("TABLE_ALREADY_EXISTS", message) from None
    rows = sum(file.record_count for file in files)
    return Written([], rows, [file.file_path for file in files])
