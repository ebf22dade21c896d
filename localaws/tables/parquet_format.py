"""Reading Parquet files of a Hive table: columns by name, types checked against the catalog."""

from functools import lru_cache
from pathlib import Path

import pyarrow.parquet as pq

from localaws.engine import Session
from localaws.engine.column_types import ColumnType
from localaws.sql.errors import QueryError
from localaws.sql.quoting import quoted
from localaws.sql.types import INTEGERS, Type
from localaws.tables.hive import HiveTable
from localaws.tables.parquet_scans import parquet_sql
from localaws.tables.parquet_types import BYTES, FIXED, SIGNED, converted
from localaws.tables.text_lines import FILE

SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"

# A file's columns by name in lower case: (as they are spelled, their types).
_Stored = dict[str, tuple[str, ColumnType]]


def scan_sql(
    columns: list[tuple[str, Type]], paths: list[Path], table: HiveTable, session: Session
) -> str:
    """A relation of `columns` and "$file". Raises HIVE_BAD_DATA for a type that differs."""
    if table.serde_parameters.get("parquet.column.index.access", "").lower() == "true":
        message = f"{table.name}: parquet.column.index.access is not supported locally"
        raise QueryError("NOT_SUPPORTED", message)
    # Of files whose types differ the engine would make one type: each kind is read by itself.
    alike: dict[tuple[tuple[str, ColumnType] | None, ...], list[str]] = {}
    for path in paths:
        stored = _stored(str(path), Hidden(session))
        alike.setdefault(tuple(stored.get(name) for name, _ in columns), []).append(str(path))
    parts = []
    for found, files in alike.items():
        values = [
            f"{_value(name, type_, each)} AS {quoted(name)}"
            for (name, type_), each in zip(columns, found, strict=True)
        ]
        source = parquet_sql(files, f"filename = '{FILE}'")
        parts.append(f"SELECT {', '.join([*values, quoted(FILE)])} FROM {source}")
    return f"({' UNION ALL '.join(parts)})"


def unconverted(columns: list[tuple[str, Type]], path: Path, session: Session) -> set[str]:
    """The columns whose values compare as those of the file do."""
    stored = _stored(str(path), Hidden(session))
    return {
        name
        for name, type_ in columns
        if name in stored and _compares_alike(name, type_, stored[name])
    }


def _compares_alike(name: str, type_: Type, stored: tuple[str, ColumnType]) -> bool:
    if type_.base in INTEGERS and stored[1].name in SIGNED:
        return True
    try:
        return _value(name, type_, stored) == quoted(stored[0])
    except QueryError:
        # A partition of its own types makes the file fit, and not the table's.
        return False


def _value(name: str, type_: Type, stored: tuple[str, ColumnType] | None) -> str:
    if stored is None:
        return f"CAST(NULL AS {type_.duckdb()})"
    spelled, found = stored
    return converted(quoted(spelled), found, type_, name)


class Hidden:
    """Keeps the session out of a cache's key."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def __eq__(self, _: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=10_000)
def _stored(path: str, hidden: Hidden) -> _Stored:
    """The columns of one (immutable) file."""
    found = dict(hidden.session.columns(f"SELECT * FROM {parquet_sql([path])}"))
    if BYTES in found.values():
        # The engine does not tell bytes of one length from others, and Trino does.
        with pq.ParquetFile(path) as file:
            leaves = [file.schema.column(i) for i in range(len(file.schema))]
        fixed = {leaf.path for leaf in leaves if leaf.physical_type == "FIXED_LEN_BYTE_ARRAY"}
        found |= {name: FIXED for name in found if name in fixed and found[name] == BYTES}
    return {name.lower(): (name, type_) for name, type_ in reversed(found.items())}
