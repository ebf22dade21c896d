"""The statement that would create a table, as SHOW CREATE TABLE gives it.

Sources: Hive's DDLTask.showCreateTable; rows of Athena's answers in aoyagikouhei/athena-local
(docs/dev/measurements/result-files.md) and in dyfanjones/noctua (tests).
"""

from typing import Any

from localaws.athena.ddl.describe import described_columns, iceberg_type_text
from localaws.athena.ddl.formats import LAZY_SIMPLE
from localaws.tables import iceberg
from localaws.tables.iceberg.types import trino_type

# In the order that Hive's grammar wants them.
_DELIMITERS = {
    "field.delim": "FIELDS TERMINATED BY",
    "escape.delim": "ESCAPED BY",
    "colelction.delim": "COLLECTION ITEMS TERMINATED BY",
    "mapkey.delim": "MAP KEYS TERMINATED BY",
    "line.delim": "LINES TERMINATED BY",
    "serialization.null.format": "NULL DEFINED AS",
}
_JAVA_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f"}
# Shown by its own clause, or of no use in a statement.
_HIDDEN = ("EXTERNAL", "comment", "metadata_location", "previous_metadata_location")


def hive_table(title: str, glue: dict[str, Any]) -> str:
    """`title`: the table's name as the statement has it, with its database or without."""
    storage = glue["StorageDescriptor"]
    columns = ", \n".join(map(_column, described_columns(glue)))
    parts = [f"CREATE EXTERNAL TABLE `{title}`(\n{columns})"]
    parameters = glue.get("Parameters") or {}
    if comment := glue.get("Description") or parameters.get("comment"):
        parts.append(f"COMMENT '{_escaped(comment)}'")
    if keys := glue.get("PartitionKeys"):
        listed = ", \n".join(map(_column, keys))
        parts.append(f"PARTITIONED BY ( \n{listed})")
    if storage.get("BucketColumns"):
        listed = ", \n".join(f"  {each}" for each in storage["BucketColumns"])
        parts.append(f"CLUSTERED BY ( \n{listed}) \nINTO {storage['NumberOfBuckets']} BUCKETS")
    parts += [
        _row_format(storage.get("SerdeInfo") or {}),
        f"STORED AS INPUTFORMAT \n  '{storage.get('InputFormat', '')}' ",
        f"OUTPUTFORMAT \n  '{storage.get('OutputFormat', '')}'",
        f"LOCATION\n  '{_escaped(storage.get('Location', '').rstrip('/'))}'",
    ]
    shown = sorted((k, str(v)) for k, v in parameters.items() if k not in _HIDDEN)
    if shown:
        listed = ", \n".join(f"  '{k}'='{_escaped(v)}'" for k, v in shown)
        parts.append(f"TBLPROPERTIES (\n{listed})")
    return "\n".join(parts)


def _column(column: dict[str, Any]) -> str:
    comment = column.get("Comment")
    text = f"  `{column['Name']}` {column['Type']}"
    return f"{text} COMMENT '{_escaped(comment)}'" if comment else text


def _row_format(serde: dict[str, Any]) -> str:
    library = serde.get("SerializationLibrary", "")
    parameters = serde.get("Parameters") or {}
    own = {key: value for key, value in parameters.items() if key != "serialization.format"}
    if library == LAZY_SIMPLE and own and set(own) <= set(_DELIMITERS):
        lines = [
            f"  {clause} '{_java(own[key])}' " for key, clause in _DELIMITERS.items() if key in own
        ]
        return "\n".join(["ROW FORMAT DELIMITED ", *lines]).rstrip("\n")
    text = f"ROW FORMAT SERDE \n  '{_escaped(library)}' "
    if parameters.get("serialization.format", "1") != "1":
        own = parameters
    if not own:
        return text
    listed = ", \n".join(f"  '{key}'='{_escaped(value)}'" for key, value in sorted(own.items()))
    return f"{text}\nWITH SERDEPROPERTIES ( \n{listed}) "


def _escaped(text: str) -> str:
    """Source: Hive's HiveStringUtils.escapeHiveCommand."""
    return text.replace("\\", "\\\\").replace("'", "\\'").replace(";", "\\;")


def _java(text: str) -> str:
    """Source: StringEscapeUtils.escapeJava, then escapeHiveCommand for the quote."""
    escaped = (
        _JAVA_ESCAPES.get(char) or (char if " " <= char <= "~" else f"\\u{ord(char):04X}")
        for char in text
    )
    return "".join(escaped).replace("'", "\\'")


# ---- Iceberg


def iceberg_table(title: str, table: iceberg.Table) -> str:
    columns = ",\n".join(
        f"  {field.name} {iceberg_type_text(trino_type(field.field_type))}"
        + (f" COMMENT '{_escaped(field.doc)}'" if field.doc else "")
        for field in table.schema().fields
    )
    parts = [f"CREATE TABLE {title} (\n{columns})"]
    if partitioned := [_transform(table, part) for part in table.spec().fields]:
        parts.append(f"PARTITIONED BY ({', '.join(partitioned)})")
    parts.append(f"LOCATION '{table.metadata.location.rstrip('/')}'")
    listed = ",\n".join(f"  '{k}'='{_escaped(v)}'" for k, v in iceberg_properties(table).items())
    return "\n".join([*parts, f"TBLPROPERTIES (\n{listed}\n);"])


def iceberg_properties(table: iceberg.Table) -> dict[str, str]:
    """As Athena spells them; PyIceberg's own are left out."""
    own = {key: value for key, value in table.properties.items() if "." not in key}
    return {"table_type": "iceberg", **dict(sorted(own.items()))}


def _transform(table: iceberg.Table, part: Any) -> str:
    column = f"`{table.schema().find_column_name(part.source_id)}`"
    name, _, argument = str(part.transform).partition("[")
    if name == "identity":
        return column
    return f"{name}({argument[:-1]}, {column})" if argument else f"{name}({column})"
