"""CREATE TABLE AS and INSERT INTO."""

from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from localaws.athena.ddl import FORMATS, partition_input
from localaws.athena.outcome import Outcome
from localaws.athena.write_options import (
    CODEC_PROPERTIES,
    FileFormat,
    codec_of,
    file_format,
    options_of,
)
from localaws.catalog import AlreadyExists, EntityNotFound
from localaws.engine import Session
from localaws.objects import NoSuchBucket
from localaws.sql.coercions import can_store
from localaws.sql.errors import QueryError
from localaws.sql.queries import analyze
from localaws.sql.scope import Scope
from localaws.sql.sources import coerced_output
from localaws.sql.types import Type
from localaws.tables import csv_format, hive_writer, iceberg, json_format
from localaws.tables.hive import HiveTable, load_hive_table
from localaws.tables.hive_scan import TEXT_INPUT
from localaws.tables.hive_writer import Written
from localaws.tables.locations import split_location
from localaws.tables.partition_schemas import closed_partitions
from localaws.tables.projection import refuse_insert
from localaws.tables.resolver import Lakehouse, Plan
from localaws.tables.views import is_view

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


# ---- CREATE TABLE AS


def create_table_as(
    tree: exp.Create, sql: str, database: str, tables: str, lakehouse: Lakehouse, session: Session
) -> Outcome:
    """`tables`: the folder for a Hive table whose statement names none."""
    table = tree.this
    if not isinstance(table, exp.Table):
        raise QueryError("NOT_SUPPORTED", "column names in CREATE TABLE AS are not supported")
    target = _Target((table.db or database).lower(), table.name.lower(), options_of(tree))
    if not target.is_iceberg:
        target.options.setdefault("external_location", tables)
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
        written=[] if target.is_iceberg else written.objects,
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


def named_columns(plan: Plan) -> list[tuple[str, Type]]:
    if None in plan.output.names:
        place = plan.output.names.index(None) + 1
        raise QueryError("MISSING_COLUMN_NAME", f"Column name not specified at position {place}")
    columns = plan.columns()
    names = [name for name, _ in columns]
    for name, type_ in columns:
        if names.count(name) > 1:
            message = f"Column name '{name}' specified more than once"
            raise QueryError("DUPLICATE_COLUMN_NAME", message)
        if type_.base == "unknown":
            raise QueryError("COLUMN_TYPE_UNKNOWN", f"Column type is unknown: {name}")
    return columns


def require_empty(location: str, lakehouse: Lakehouse) -> None:
    bucket, prefix = split_location(location)
    try:
        found = lakehouse.store.list(bucket, prefix)
    except NoSuchBucket:
        message = f"The specified bucket does not exist: {bucket}"
        raise QueryError("HIVE_METASTORE_ERROR", message) from None
    if found:
        message = (
            f"Target directory for table is not empty: {location}. You may need to manually clean "
            "the data at this location before running queries"
        )
        raise QueryError("HIVE_PATH_ALREADY_EXISTS", message)


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
    layout = hive_target(target.options, columns, location, format_)
    written = hive_writer.write(plan.sql, layout, session, lakehouse.store, lakehouse.scratch)
    glue = _hive_table(target.name, layout, format_)
    partitions = [partition_input(glue, list(values)) for values in written.partitions]
    lakehouse.catalog.create_table(target.database, glue, partitions)
    return written


def hive_target(
    options: dict[str, Any],
    columns: list[tuple[str, Type]],
    location: str,
    format_: FileFormat,
) -> hive_writer.Target:
    """Raises what Athena says of partition and bucket columns that do not fit."""
    keys = [key.lower() for key in options.get("partitioned_by", [])]
    names = [name for name, _ in columns]
    if keys and (names[-len(keys) :] != keys or len(keys) == len(names)):
        message = (
            "Partition keys must be the last columns in the table and in the same order as the "
            f"table properties: {keys}"
        )
        raise QueryError("HIVE_COLUMN_ORDER_MISMATCH", message)
    if ("bucketed_by" in options) != ("bucket_count" in options):
        message = "Must specify 'bucketed_by' and 'bucket_count' together"
        raise QueryError("INVALID_TABLE_PROPERTY", message)
    bucketed_by = [name.lower() for name in options.get("bucketed_by", [])]
    buckets = str(options.get("bucket_count", "1"))
    if not buckets.isdigit() or not 1 <= int(buckets) <= 1_000_000:
        message = "bucket_count must be greater than 0 and at most 1000000"
        raise QueryError("INVALID_TABLE_PROPERTY", message)
    missing = [name for name in bucketed_by if name not in names]
    if missing:
        message = f"Bucketing columns {missing} not present in schema"
        raise QueryError("INVALID_TABLE_PROPERTY", message)
    if set(bucketed_by) & set(keys):
        message = f"Bucketing columns {bucketed_by} cannot be partition columns"
        raise QueryError("INVALID_TABLE_PROPERTY", message)
    return hive_writer.Target(
        columns,
        location,
        format_.format,
        format_.codec,
        format_.properties,
        tuple(keys),
        tuple(bucketed_by),
        int(buckets),
    )


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
    files, rows = _write_iceberg(table, plan.sql, [name for name, _ in columns], session)
    if files:
        iceberg.append(table, files)
    else:
        iceberg.write_first_metadata(table)
    try:
        lakehouse.lake.publish(table, {})
    except AlreadyExists:
        message = f"Table '{target.database}.{target.name}' already exists"
        raise QueryError("TABLE_ALREADY_EXISTS", message) from None
    return Written([], rows, [file.file_path for file in files])


def _write_iceberg(
    table: iceberg.Table, sql: str, names: list[str], session: Session
) -> tuple[list, int]:
    batches = session.batches(iceberg.named_columns(sql, names), iceberg.BATCH_ROWS)
    files = iceberg.data_files(table, batches)
    return files, sum(file.record_count for file in files)


# ---- INSERT INTO


def insert(
    tree: exp.Insert, sql: str, database: str, lakehouse: Lakehouse, session: Session
) -> Outcome:
    schema = tree.this
    table = schema.this if isinstance(schema, exp.Schema) else schema
    if tree.args.get("overwrite"):
        raise QueryError("SYNTAX_ERROR", "mismatched input 'OVERWRITE', expecting INTO")
    for part, value in tree.args.items():
        if value and part not in ("this", "expression"):
            message = f"{part.strip('_').upper()} in INSERT is not supported locally"
            raise QueryError("NOT_SUPPORTED", message)
    target = ((table.db or database).lower(), table.name.lower())
    with lakehouse.writing(*target):
        glue = lakehouse.glue_table(*target)
        if is_view(glue):
            raise QueryError("NOT_SUPPORTED", "Inserting into views is not supported")
        stored = lakehouse.table(*target)
        named = [each.name.lower() for each in schema.expressions] if schema is not table else None
        plan = _insert_plan(tree, sql, database, stored.columns, named, lakehouse, session)
        if iceberg.is_iceberg(glue):
            loaded = lakehouse.lake.load(glue)
            names = [name for name, _ in stored.columns]
            files, rows = _write_iceberg(loaded, plan.sql, names, session)
            iceberg.append(loaded, files)
            # Athena leaves manifests of what it writes into Hive tables only.
            objects = []
        else:
            written = _insert_hive(glue, plan, lakehouse, session)
            rows, objects = written.rows, written.objects
    return Outcome("DML", "INSERT", update_count=rows, scanned=plan.scanned, written=objects)


def _insert_plan(
    tree: exp.Insert,
    sql: str,
    database: str,
    columns: tuple[tuple[str, Type], ...],
    named: list[str] | None,
    lakehouse: Lakehouse,
    session: Session,
) -> Plan:
    """The query with exactly the table's columns, in the table's order and types."""
    output, analysis = analyze(tree.expression, sql, lakehouse, database)
    types = dict(columns)
    given = named if named is not None else [name for name, _ in columns]
    for name in given:
        if name not in types:
            message = f"Insert column name does not exist in target table: {name}"
            raise QueryError("COLUMN_NOT_FOUND", message)
    if len(set(given)) != len(given):
        raise QueryError("DUPLICATE_COLUMN_NAME", "Insert column name is specified more than once")
    wanted = [types[name] for name in given]
    if len(output.types) != len(wanted) or not all(
        can_store(a, b) for a, b in zip(output.types, wanted, strict=False)
    ):
        message = (
            "Insert query has mismatched column types: "
            f"Table: [{', '.join(map(str, wanted))}], Query: [{', '.join(map(str, output.types))}]"
        )
        raise QueryError("TYPE_MISMATCH", message)
    output = coerced_output(output, wanted, Scope(analysis))
    values = [
        f"q.c{given.index(name)}" if name in given else f"CAST(NULL AS {type_.duckdb()})"
        for name, type_ in columns
    ]
    selected = ", ".join(f"{value} AS c{i}" for i, value in enumerate(values))
    output = type(output)(
        f"SELECT {selected} FROM ({output.sql}) AS q",
        tuple(types),
        tuple(types.values()),
    )
    return lakehouse.finish(output, analysis, session)


_WRITTEN = ("PARQUET", "ORC", "AVRO", "TEXTFILE")
_FORMATS_BY_SERDE = {
    **{FORMATS[name][2]: name for name in _WRITTEN},
    **dict.fromkeys(json_format.SERDES, "JSON"),
    json_format.OPENX: "OPENX_JSON",
    csv_format.SERDE: "CSV",
}


def _insert_hive(
    glue: dict[str, Any], plan: Plan, lakehouse: Lakehouse, session: Session
) -> Written:
    refuse_insert(glue)
    table = load_hive_table(glue, lakehouse.catalog)
    layout = _existing(table)
    hive_writer.check_types(plan.columns())
    written = hive_writer.write(plan.sql, layout, session, lakehouse.store, lakehouse.scratch)
    new = [values for values in written.partitions if values not in layout.known]
    inputs = [partition_input(glue, list(values)) for values in new]
    lakehouse.catalog.create_partitions(table.database, table.name, inputs)
    return written


def _existing(table: HiveTable) -> hive_writer.Target:
    """How a table's files are written. Raises NOT_SUPPORTED."""
    place = f"{table.database}.{table.name}"
    format_ = _FORMATS_BY_SERDE.get(table.serde)
    input_format = table.storage.get("InputFormat") or TEXT_INPUT
    if format_ is None or input_format not in {each for each, _, _ in map(FORMATS.get, _WRITTEN)}:
        raise QueryError("NOT_SUPPORTED", f"INSERT into {place} ({table.serde or 'no SerDe'})")
    if table.storage.get("BucketColumns"):
        message = f"INSERT into bucketed tables is not supported by Athena: {place}"
        raise QueryError("NOT_SUPPORTED", message)
    if table.parameters.get("skip.header.line.count", "0") != "0":
        message = f"INSERT into {place} with skip.header.line.count is not supported locally"
        raise QueryError("NOT_SUPPORTED", message)
    names = (CODEC_PROPERTIES.get(format_, "write.compression"), "write.compression")
    named = next((table.parameters[name] for name in names if name in table.parameters), None)
    return hive_writer.Target(
        list(table.columns),
        table.storage["Location"],
        format_,
        codec_of(named, format_),
        {**_avro_properties(table), **table.serde_parameters},
        table.partition_keys,
        known={partition.values: partition.location for partition in table.partitions},
        closed=closed_partitions(table),
    )


def _avro_properties(table: HiveTable) -> dict[str, str]:
    return {name: value for name, value in table.parameters.items() if name.startswith("avro.")}
