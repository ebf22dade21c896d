"""Writing query results as the Parquet files of a Hive table, whole or not at all."""

import shutil
import tempfile
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from localaws.engine import Session
from localaws.objects import ObjectStore
from localaws.sql.errors import QueryError
from localaws.sql.types import Type, quoted, text_literal
from localaws.tables.locations import NULL_PARTITION, partition_folder, split_location

MAX_PARTITIONS = 100
# Parquet codecs that Athena's `write_compression` names, as DuckDB names them.
COMPRESSIONS = {
    "SNAPPY": "snappy",
    "ZSTD": "zstd",
    "GZIP": "gzip",
    "LZ4": "lz4",
    "NONE": "uncompressed",
}


@dataclass(frozen=True)
class Written:
    """The partitions written, by their values as text; the rows."""

    partitions: list[tuple[str, ...]]
    rows: int


def check_types(columns: list[tuple[str, Type]]) -> None:
    """Raises QueryError for a column that a Hive table cannot hold."""
    for name, type_ in columns:
        if type_.base == "timestamp" and type_.args[0] != 3:
            message = (
                f"Incorrect timestamp precision for {type_}; the configured precision is "
                f"MILLISECONDS; column name: {name}"
            )
            raise QueryError("NOT_SUPPORTED", message)
        if type_.base == "unknown":
            raise QueryError("COLUMN_TYPE_UNKNOWN", f"Column type is unknown: {name}")
        try:
            type_.hive()
        except ValueError as error:
            raise QueryError("NOT_SUPPORTED", str(error)) from None


def write_parquet(
    sql: str,
    columns: list[tuple[str, Type]],
    partitioned_by: list[str],
    location: str,
    compression: str,
    session: Session,
    store: ObjectStore,
    scratch: Path,
) -> Written:
    """Run `sql` (columns c0, c1, ...) and land its rows under `location`.

    `partitioned_by` are the last of `columns`. Nothing is landed when anything fails; the
    partitions are not yet in the catalog. Raises HIVE_TOO_MANY_OPEN_PARTITIONS.
    """
    folder = Path(tempfile.mkdtemp(dir=scratch))
    try:
        if partitioned_by:
            return _write_partitions(
                sql, columns, partitioned_by, location, compression, session, store, folder
            )
        names = ", ".join(f"c{i} AS {quoted(name)}" for i, (name, _) in enumerate(columns))
        target = folder / "data.parquet"
        rows = _copy(f"SELECT {names} FROM ({sql})", target, compression, session)
        if rows:
            _land([target], location, store)
        return Written([], rows)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_partitions(
    sql: str,
    columns: list[tuple[str, Type]],
    partitioned_by: list[str],
    location: str,
    compression: str,
    session: Session,
    store: ObjectStore,
    folder: Path,
) -> Written:
    data = columns[: -len(partitioned_by)]
    places = range(len(data), len(columns))
    keys = ", ".join(f"c{i}" for i in places)
    session.run(f"CREATE TEMP TABLE written AS {sql}")
    try:
        found = session.rows(
            f"SELECT {', '.join(f'CAST(c{i} AS VARCHAR)' for i in places)} FROM "
            f"(SELECT DISTINCT {keys} FROM written) ORDER BY ALL LIMIT {MAX_PARTITIONS + 1}"
        )
        if len(found) > MAX_PARTITIONS:
            message = f"Exceeded limit of {MAX_PARTITIONS} open writers for partitions/buckets"
            raise QueryError("HIVE_TOO_MANY_OPEN_PARTITIONS", message)
        _check_values(value for values in found for value in values)
        names = ", ".join(f"c{i} AS {quoted(name)}" for i, (name, _) in enumerate(data))
        rows, partitions = 0, []
        files: list[tuple[Path, str]] = []
        for number, values in enumerate(found):
            condition = " AND ".join(
                f"CAST(c{i} AS VARCHAR) IS NOT DISTINCT FROM "
                + ("NULL" if value is None else text_literal(value))
                for i, value in zip(places, values, strict=True)
            )
            target = folder / f"{number}.parquet"
            query = f"SELECT {names} FROM written WHERE {condition}"
            rows += _copy(query, target, compression, session)
            named = tuple(NULL_PARTITION if value is None else value for value in values)
            partitions.append(named)
            files.append((target, partition_folder(partitioned_by, list(named))))
        for target, below in files:
            _land([target], location.rstrip("/") + "/" + below, store)
        return Written(partitions, rows)
    finally:
        session.run("DROP TABLE IF EXISTS written")


def _check_values(values: Iterable[str | None]) -> None:
    """Raises HIVE_INVALID_PARTITION_VALUE as Trino's HiveWriteUtils does."""
    for value in values:
        if value == "":
            message = "an empty text as partition value is not supported locally: use NULL"
            raise QueryError("NOT_SUPPORTED", message)
        if value is not None and not all(" " <= character <= "~" for character in value):
            message = (
                "Hive partition keys can only contain printable ASCII characters (0x20 - 0x7E). "
                f"Invalid value: {value.encode().hex(' ').upper()}"
            )
            raise QueryError("HIVE_INVALID_PARTITION_VALUE", message)


def _copy(query: str, target: Path, compression: str, session: Session) -> int:
    """The query's rows into one Parquet file; how many they are."""
    return session.run(
        f"COPY ({query}) TO {text_literal(str(target))} (FORMAT parquet, COMPRESSION {compression})"
    )


def _land(files: list[Path], location: str, store: ObjectStore) -> None:
    bucket, prefix = split_location(location)
    if bucket not in store.buckets():
        raise QueryError("HIVE_WRITER_OPEN_ERROR", f"The specified bucket does not exist: {bucket}")
    for file in files:
        store.put_file(bucket, f"{prefix}{uuid.uuid4()}.parquet", file)
