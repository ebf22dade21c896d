"""INSERT INTO."""

from typing import Any

from sqlglot import exp

from localaws.athena.ddl import FORMATS, partition_input
from localaws.athena.outcome import Outcome
from localaws.athena.write_options import CODEC_PROPERTIES, codec_of
from localaws.engine import Session
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
from localaws.tables.partition_schemas import closed_partitions
from localaws.tables.projection import refuse_insert
from localaws.tables.resolver import Lakehouse, Plan
from localaws.tables.views import is_view

_WRITTEN = ("PARQUET", "ORC", "AVRO", "TEXTFILE")
_FORMATS_BY_SERDE = {
    **{FORMATS[name][2]: name for name in _WRITTEN},
    **dict.fromkeys(json_format.SERDES, "JSON"),
    json_format.OPENX: "OPENX_JSON",
    csv_format.SERDE: "CSV",
}


def insert(
    tree: exp.Insert, sql: str, database: str, lakehouse: Lakehouse, session: Session
) -> Outcome:
    schema = tree.this
    table = schema.this if isinstance(schema, exp.Schema) else schema
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
            files = iceberg.write_rows(loaded, plan.sql, names, session)
            iceberg.append(loaded, files)
            rows = sum(file.record_count for file in files)
            # Athena leaves manifests of what it writes into Hive tables only.
            objects = None
        else:
            written = _insert_hive(glue, plan, lakehouse, session)
            rows, objects = written.rows, written.objects or None
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
