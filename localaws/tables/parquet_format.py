"""Reading Parquet files of a Hive table: columns by name, types checked against the catalog."""

import re
from functools import lru_cache
from pathlib import Path

from localaws.engine import Session
from localaws.sql.errors import QueryError
from localaws.sql.quoting import quoted
from localaws.sql.types import Type
from localaws.tables.hive import HiveTable
from localaws.tables.json_format import Hidden
from localaws.tables.text_lines import FILE, text_list

SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"

_WIDER = {
    "BIGINT": ("INTEGER", "SMALLINT", "TINYINT"),
    "INTEGER": ("SMALLINT", "TINYINT"),
    "SMALLINT": ("TINYINT",),
    "DOUBLE": ("FLOAT",),
}
_TIMESTAMPS = ("TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S")
_ZONED = ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS", "TIMESTAMP_NS WITH TIME ZONE")


def scan_sql(
    columns: list[tuple[str, Type]], paths: list[Path], table: HiveTable, session: Session
) -> str:
    """A relation of `columns` and "$file". Raises HIVE_BAD_DATA for a type that differs."""
    if table.serde_parameters.get("parquet.column.index.access", "").lower() == "true":
        message = f"{table.name}: parquet.column.index.access is not supported locally"
        raise QueryError("NOT_SUPPORTED", message)
    files = text_list([str(path) for path in paths])
    shapes = {_stored(str(path), Hidden(session)) for path in paths}
    # Together the engine would find a type for files that differ; each must fit by itself.
    for file_columns in shapes:
        for name, type_ in columns:
            _value(name, type_, _by_name(file_columns))
    union = ", union_by_name = true" if len(shapes) > 1 else ""
    source = f"read_parquet({files}{union}, filename = '{FILE}')"
    stored = _by_name(_described(source, session) if union else shapes.pop())
    values = [f"{_value(name, type_, stored)} AS {quoted(name)}" for name, type_ in columns]
    return f"(SELECT {', '.join([*values, quoted(FILE)])} FROM {source})"


def unconverted(columns: list[tuple[str, Type]], path: Path, session: Session) -> set[str]:
    """The columns whose values are those of the file as they are."""
    stored = _by_name(_stored(str(path), Hidden(session)))
    return {
        name
        for name, type_ in columns
        if name in stored and _fits(name, type_, stored) == quoted(stored[name][0])
    }


def _fits(name: str, type_: Type, stored: dict[str, tuple[str, str]]) -> str | None:
    """None where a partition of its own types makes a file fit, and not the table's."""
    try:
        return _value(name, type_, stored)
    except QueryError:
        return None


def _described(source: str, session: Session) -> tuple[tuple[str, str], ...]:
    found = session.rows(f"DESCRIBE SELECT * FROM {source}")
    return tuple((name, type_) for name, type_, *_ in found)


@lru_cache(maxsize=10_000)
def _stored(path: str, hidden: Hidden) -> tuple[tuple[str, str], ...]:
    """The columns of one (immutable) file."""
    return _described(f"read_parquet({text_list([path])})", hidden.session)


def _by_name(columns: tuple[tuple[str, str], ...]) -> dict[str, tuple[str, str]]:
    return {name.lower(): (name, type_) for name, type_ in columns}


def _value(name: str, type_: Type, stored: dict[str, tuple[str, str]]) -> str:
    if name not in stored:
        return f"CAST(NULL AS {type_.duckdb()})"
    spelled, found = stored[name]
    column, wanted = quoted(spelled), _canonical(type_.duckdb())
    if type_.base == "timestamp":
        if found in _TIMESTAMPS:
            return _milliseconds(f"CAST({column} AS TIMESTAMP)", found)
        if found in _ZONED:
            # Written as an instant (Spark does): Athena shows it in UTC.
            return _milliseconds(f"timezone('UTC', {column})", found)
    elif found == wanted or found in _WIDER.get(wanted, ()):
        return column if found == wanted else f"CAST({column} AS {wanted})"
    elif type_.base in ("row", "array", "map"):
        if _spelling(found) == _spelling(wanted):
            return column
        message = f"column {name}: {found} in a Parquet file read as {type_}"
        raise QueryError("NOT_SUPPORTED", f"{message} is not supported locally")
    elif type_.base == "varchar" and found == "VARCHAR":
        return f"substr({column}, 1, {type_.args[0]})" if type_.args else column
    elif type_.base == "decimal" and found.startswith("DECIMAL"):
        return f"CAST({column} AS {type_.duckdb()})"
    raise QueryError(
        "HIVE_BAD_DATA",
        f"Field {name}'s type {found} in parquet file is incompatible with type {type_} "
        "defined in table schema",
    )


def _spelling(nested: str) -> str:
    """A nested type without what DuckDB writes in more than one way."""
    return re.sub(r'[\s"]', "", nested).upper().replace("REAL", "FLOAT")


def _canonical(duckdb_type: str) -> str:
    return {"REAL": "FLOAT"}.get(duckdb_type, duckdb_type).replace(", ", ",")


def _milliseconds(sql: str, found: str) -> str:
    """Hive timestamps have precision 3 on Athena; finer ones are rounded."""
    return sql if found in ("TIMESTAMP_MS", "TIMESTAMP_S") else f"tr_round_timestamp({sql}, 1000)"
