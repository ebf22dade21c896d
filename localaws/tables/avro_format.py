"""Reading Avro files of a Hive table: fields by name, with the schema of the table where it tells
one (`avro.schema.literal`), else with the file's own. A field that a file does not have is NULL."""

import json
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa

from localaws.sql.errors import QueryError
from localaws.sql.quoting import quoted
from localaws.sql.types import Type
from localaws.tables import decoded
from localaws.tables.avro_schema import from_avro, literal_schema
from localaws.tables.hive import HiveTable
from localaws.tables.text_lines import FILE

SERDE = "org.apache.hadoop.hive.serde2.avro.AvroSerDe"
_BATCH_ROWS = 20_000


def scan_sql(
    columns: list[tuple[str, Type]], files: list[Path], table: HiveTable, scratch: Path
) -> str:
    """A relation of `columns` and "$file". Raises HIVE_BAD_DATA for a type that differs."""
    literal = literal_schema({**table.parameters, **table.serde_parameters})
    schema = decoded.arrow_schema(columns)
    way = f"avro {json.dumps(literal)} {[str(type_) for _, type_ in columns]}"
    source = decoded.scan_sql(
        files, way, schema, partial(_decode, columns, literal, schema), scratch
    )
    names = ", ".join(quoted(name) for name in [*schema.names, FILE])
    return f"(SELECT {names} FROM {source})"


def _decode(
    columns: list[tuple[str, Type]], literal: Any, schema: pa.Schema, path: Path
) -> Iterator[pa.RecordBatch]:
    with path.open("rb") as file:
        try:
            reader = fastavro.reader(file, reader_schema=literal)
            record = literal or reader.writer_schema
            if not isinstance(record, dict) or record.get("type") != "record":
                raise QueryError("HIVE_BAD_DATA", "an Avro file does not hold records")
            fields = {field["name"].lower(): field for field in record["fields"]}
            names = _named(record, {})
            reads = [
                (fields[name]["name"], from_avro(fields[name]["type"], type_, names))
                if name in fields
                else None
                for name, type_ in columns
            ]
            while rows := list(islice(reader, _BATCH_ROWS)):
                yield _batch(rows, reads, schema)
        except (ValueError, EOFError, fastavro.read.SchemaResolutionError) as error:
            raise QueryError("HIVE_BAD_DATA", f"an Avro file cannot be read: {error}") from None


def _batch(rows: list[dict], reads: list[Any], schema: pa.Schema) -> pa.RecordBatch:
    if not reads:
        return pa.RecordBatch.from_struct_array(pa.nulls(len(rows), pa.struct([])))
    arrays = []
    for read, field in zip(reads, schema, strict=True):
        if read is None:
            arrays.append(pa.nulls(len(rows), field.type))
            continue
        key, convert = read
        values = (row[key] for row in rows)
        converted = [None if value is None else convert(value) for value in values]
        arrays.append(pa.array(converted, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _named(schema: Any, names: dict[str, Any]) -> dict[str, Any]:
    """The schemas that have a name, by that name."""
    if isinstance(schema, list):
        for each in schema:
            _named(each, names)
    elif isinstance(schema, dict):
        if "name" in schema:
            names[schema["name"]] = schema
            if "namespace" in schema:
                names[f"{schema['namespace']}.{schema['name']}"] = schema
        for each in schema.get("fields", ()):
            _named(each["type"], names)
        for part in ("items", "values"):
            _named(schema.get(part), names)
        if isinstance(schema.get("type"), dict | list):
            _named(schema["type"], names)
    return names
