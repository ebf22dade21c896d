"""CREATE TABLE AS and INSERT INTO."""

from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from localaws.athena.ddl import FORMATS, partition_input
from localaws.athena.outcome import Outcome
from localaws.catalog import AlreadyExists, EntityNotFound
from localaws.engine import Session
from localaws.objects import NoSuchBucket
from localaws.sql.errors import QueryError
from localaws.sql.queries import analyze
from localaws.sql.relations import coerced_output
from localaws.sql.scope import Scope
from localaws.sql.types import Type, can_coerce
from localaws.tables import hive_writer, iceberg, parquet_format
from localaws.tables.hive import load_hive_table
from localaws.tables.locations import split_location
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
}
_HIVE = {
    "table_type",
    "is_external",
    "external_location",
    "format",
    "partitioned_by",
    "write_compression",
    "parquet_compression",
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
    target = _Target((table.db or database).lower(), table.name.lower(), _options(tree))
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
        columns = _named(plan)
        rows = (_create_iceberg if target.is_iceberg else _create_hive)(
            target, plan, columns, lakehouse, session
        )
    return Outcome("DDL", "CREATE_TABLE_AS_SELECT", update_count=rows, scanned=plan.scanned)


def _options(tree: exp.Create) -> dict[str, Any]:
    options: dict[str, Any] = {}
    properties = tree.args.get("properties")
    for each in properties.expressions if properties else []:
        match each:
            case exp.LocationProperty():
                options["location"] = each.this.name
            case exp.FileFormatProperty():
                options["format"] = each.this.name
            case exp.PartitionedByProperty():
                options["partitioned_by"] = _value(each.this)
            case exp.Property():
                options[each.this.name.lower()] = _value(each.args.get("value"))
            case _:
                message = f"the table property {type(each).__name__} is not supported locally"
                raise QueryError("NOT_SUPPORTED", message)
    return options


def _value(node: exp.Expression | None) -> Any:
    match node:
        case exp.Array() | exp.Tuple() | exp.Schema():
            return [each.name for each in node.expressions]
        case exp.Boolean():
            return node.this
        case None:
            raise QueryError("SYNTAX_ERROR", "mismatched input: a table property has no value")
    return node.name


def _check_options(target: _Target) -> None:
    known = _ICEBERG if target.is_iceberg else _HIVE
    for name in target.options:
        if name not in known:
            kind = "Iceberg" if target.is_iceberg else "Hive"
            message = f"the property {name} of {kind} tables is not supported locally"
            raise QueryError("NOT_SUPPORTED", message)
    format_ = target.options.get("format", "parquet").lower()
    if format_ != "parquet":
        message = f"writing tables in format {format_} is not supported locally: use parquet"
        raise QueryError("NOT_SUPPORTED", message)


def _exists(target: _Target, lakehouse: Lakehouse) -> bool:
    try:
        lakehouse.catalog.get_table(target.database, target.name)
    except EntityNotFound:
        return False
    return True


def _named(plan: Plan) -> list[tuple[str, Type]]:
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


def _compression(target: _Target, default: str) -> str:
    named = target.options.get("write_compression") or target.options.get("parquet_compression")
    codec = hive_writer.COMPRESSIONS.get((named or default).upper())
    if codec is None:
        raise QueryError("INVALID_TABLE_PROPERTY", f"write_compression {named} of Parquet files")
    return codec


def _require_empty(location: str, lakehouse: Lakehouse) -> None:
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
) -> int:
    location = target.options["external_location"]
    _require_empty(location, lakehouse)
    keys = [key.lower() for key in target.options.get("partitioned_by", [])]
    names = [name for name, _ in columns]
    if keys and (names[-len(keys) :] != keys or len(keys) == len(names)):
        message = (
            "Partition keys must be the last columns in the table and in the same order as the "
            f"table properties: {keys}"
        )
        raise QueryError("HIVE_COLUMN_ORDER_MISMATCH", message)
    hive_writer.check_types(columns)
    compression = _compression(target, "GZIP")
    written = hive_writer.write_parquet(
        plan.sql, columns, keys, location, compression, session, lakehouse.store, lakehouse.scratch
    )
    data = columns[: len(columns) - len(keys)]
    input_format, output_format, serde = FORMATS["PARQUET"]
    glue = {
        "Name": target.name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "has_encrypted_data": "false"},
        "PartitionKeys": [{"Name": n, "Type": t.hive()} for n, t in columns[len(data) :]],
        "StorageDescriptor": {
            "Columns": [{"Name": n, "Type": t.hive()} for n, t in data],
            "Location": location,
            "InputFormat": input_format,
            "OutputFormat": output_format,
            "SerdeInfo": {"SerializationLibrary": serde, "Parameters": {}},
        },
    }
    lakehouse.catalog.create_table(target.database, glue)
    inputs = [partition_input(glue, list(values)) for values in written.partitions]
    lakehouse.catalog.create_partitions(target.database, target.name, inputs)
    return written.rows


def _create_iceberg(
    target: _Target,
    plan: Plan,
    columns: list[tuple[str, Type]],
    lakehouse: Lakehouse,
    session: Session,
) -> int:
    location = target.options.get("location")
    if not location:
        raise QueryError("INVALID_TABLE_PROPERTY", "location is missing: location = 's3://...'")
    if target.options.get("is_external") is not False:
        raise QueryError("INVALID_TABLE_PROPERTY", "Iceberg tables need is_external = false")
    _require_empty(location, lakehouse)
    codec = _compression(target, "ZSTD")
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
    return rows


def _write_iceberg(
    table: iceberg.Table, sql: str, names: list[str], session: Session
) -> tuple[list, int]:
    batches = session.batches(iceberg.named_columns(sql, names), iceberg.BATCH_ROWS)
    files = list(iceberg.data_files(table, batches))
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
        else:
            rows = _insert_hive(glue, plan, lakehouse, session)
    return Outcome("DML", "INSERT", update_count=rows, scanned=plan.scanned)


def _can_store(source: Type, target: Type) -> bool:
    """Beyond what is coerced everywhere, INSERT cuts text and takes whole decimals as integers."""
    whole = source.base == "decimal" and source.args[1] == 0 and target.is_integer
    return can_coerce(source, target) or (source.is_string and target.is_string) or whole


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
        _can_store(a, b) for a, b in zip(output.types, wanted, strict=False)
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


def _insert_hive(glue: dict[str, Any], plan: Plan, lakehouse: Lakehouse, session: Session) -> int:
    table = load_hive_table(glue, lakehouse.catalog)
    place = (table.database, table.name)
    if table.serde != parquet_format.SERDE:
        message = f"INSERT into {'.'.join(place)} ({table.serde}) is not supported locally"
        raise QueryError("NOT_SUPPORTED", message)
    hive_writer.check_types(plan.columns())
    written = hive_writer.write_parquet(
        plan.sql,
        list(table.columns),
        list(table.partition_keys),
        table.storage["Location"],
        "snappy",
        session,
        lakehouse.store,
        lakehouse.scratch,
    )
    known = {partition.values for partition in table.partitions}
    new = [values for values in written.partitions if values not in known]
    inputs = [partition_input(glue, list(values)) for values in new]
    lakehouse.catalog.create_partitions(*place, inputs)
    return written.rows
