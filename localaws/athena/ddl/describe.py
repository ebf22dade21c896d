"""DESCRIBE, which SHOW COLUMNS of a view is another name for.

Layout: measured by aoyagikouhei/athena-local (docs/dev/measurements/query-results.md, "DESCRIBE and
SHOW COLUMNS"): each row is one text, Hive's with columns 20 wide.
"""

from typing import Any

from localaws.athena.ddl.common import existing_table, failed, require_hive, task_failed
from localaws.athena.ddl.formats import WITH_COMMENTS
from localaws.athena.outcome import Outcome
from localaws.sql.errors import QueryError
from localaws.sql.hive import statements as s
from localaws.sql.types import VARCHAR, Type
from localaws.tables import iceberg
from localaws.tables.iceberg.types import trino_type
from localaws.tables.resolver import Lakehouse
from localaws.tables.views import is_view, load_view

_COLUMNS = [(name, VARCHAR) for name in ("col_name", "data_type", "comment")]


def describe(statement: s.Describe, lakehouse: Lakehouse, database: str) -> Outcome:
    glue = existing_table(statement.name, database, lakehouse)
    if is_view(glue):
        return described_view(glue)
    require_unquoted(statement.name)
    if iceberg.is_iceberg(glue):
        if statement.partition or statement.column:
            message = "DESCRIBE of a part of an Iceberg table is not supported locally"
            raise QueryError("NOT_SUPPORTED", message)
        rows = _iceberg_rows(lakehouse.lake.load(glue))
    else:
        rows = _hive_rows(statement, glue, lakehouse)
    return Outcome("UTILITY", "DESCRIBE_TABLE", list(_COLUMNS), ((row,) for row in rows))


def described_view(glue: dict[str, Any]) -> Outcome:
    rows = [(f"{name}\t{type_}",) for name, type_ in load_view(glue).columns]
    return Outcome("UTILITY", "DESC_VIEW", [("column", VARCHAR), ("type", VARCHAR)], rows)


def require_unquoted(name: s.Name) -> None:
    if name.quoted:
        message = f"no viable alternative at input '\"{name.table}\"': use backticks"
        raise QueryError("SYNTAX_ERROR", message)


def padded(text: str) -> str:
    return f"{text:<20}"


def _hive_rows(statement: s.Describe, glue: dict[str, Any], lakehouse: Lakehouse) -> list[str]:
    columns = described_columns(glue)
    keys = glue.get("PartitionKeys", [])
    if statement.partition is not None:
        _require_partition(statement.partition, glue, lakehouse)
    if statement.column is not None:
        for each in [*columns, *keys]:
            if each["Name"] == statement.column:
                return [_row(each)]
        raise task_failed(f"cannot find field {statement.column}")
    rows = [_row(each) for each in [*columns, *keys]]
    if keys:
        heading = "\t".join(map(padded, ("col_name", "data_type", "comment")))
        rows += ["\t \t ", "# Partition Information\t \t ", f"# {heading}", "\t \t "]
        rows += [_row(each) for each in keys]
    return rows


def described_columns(glue: dict[str, Any]) -> list[dict[str, Any]]:
    """The columns with the comments that Athena shows: some SerDes hide the catalog's."""
    storage = glue["StorageDescriptor"]
    serde = (storage.get("SerdeInfo") or {}).get("SerializationLibrary", "")
    columns = storage.get("Columns") or []
    if serde in WITH_COMMENTS:
        return columns
    return [{**each, "Comment": "from deserializer"} for each in columns]


def _row(column: dict[str, Any]) -> str:
    texts = (column["Name"], column["Type"], column.get("Comment") or "")
    row = [padded(text) for text in texts]
    # What stands behind a tab in a comment is lost.
    return "\t".join([*row[:2], row[2].split("\t")[0]])


def _require_partition(spec: s.PartitionSpec, glue: dict[str, Any], lakehouse: Lakehouse) -> None:
    require_hive(glue, "DESCRIBE ... PARTITION")
    keys = [each["Name"] for each in glue.get("PartitionKeys", [])]
    values = [spec.values.get(key) for key in keys]
    known = lakehouse.catalog.partitions(glue["DatabaseName"], glue["Name"])
    if set(keys) != set(spec.values) or values not in [each["Values"] for each in known]:
        raise failed(f"SemanticException [Error 10006]: Partition not found {spec.values}")


def _iceberg_rows(table: iceberg.Table) -> list[str]:
    rows = ["# Table schema:\t\t", "# col_name\tdata_type\tcomment"]
    for field in table.schema().fields:
        rows.append(
            f"{field.name}\t{iceberg_type_text(trino_type(field.field_type))}\t{field.doc or ''}"
        )
    rows += ["\t\t", "# Partition spec:\t\t", "# field_name\tfield_transform\tcolumn_name"]
    for part in table.spec().fields:
        source = table.schema().find_column_name(part.source_id)
        rows.append(f"{part.name}\t{part.transform}\t{source}")
    return rows


def iceberg_type_text(type_: Type) -> str:
    """Hive's names in Iceberg's spacing."""
    match type_.base:
        case "array":
            return f"array<{iceberg_type_text(type_.element)}>"
        case "map":
            return f"map<{', '.join(map(iceberg_type_text, type_.args))}>"
        case "row":
            fields = (f"{name}: {iceberg_type_text(inner)}" for name, inner in type_.args)
            return f"struct<{', '.join(fields)}>"
        case "decimal":
            return f"decimal({type_.args[0]}, {type_.args[1]})"
        case "timestamp with time zone":
            return "timestamp"
    return type_.hive()
