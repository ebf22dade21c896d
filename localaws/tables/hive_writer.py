"""Writing query results as the files of a Hive table, whole or not at all."""

import shutil
import tempfile
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from localaws.engine import Session
from localaws.objects import ObjectStore
from localaws.sql.errors import QueryError
from localaws.sql.quoting import quoted, text_literal
from localaws.sql.types import Type
from localaws.tables.bucketing import bucket_of
from localaws.tables.encoders import BATCH_ROWS, FORMATS, Rows
from localaws.tables.locations import NULL_PARTITION, partition_folder, split_location
from localaws.tables.text_values import hive_timestamp

MAX_WRITERS = 100
_BUCKET = "bucket"


@dataclass(frozen=True)
class Target:
    """What to write where. `partitioned_by` are the last of `columns`; `format` and `codec` are
    names of `encoders.FORMATS`; `properties` are the SerDe's; `known`: the locations of the
    partitions that exist, by their values; `closed`: why one of them must not be written to."""

    columns: list[tuple[str, Type]]
    location: str
    format: str
    codec: str
    properties: dict[str, str] = field(default_factory=dict)
    partitioned_by: tuple[str, ...] = ()
    bucketed_by: tuple[str, ...] = ()
    buckets: int = 0
    known: dict[tuple[str, ...], str] = field(default_factory=dict)
    closed: dict[tuple[str, ...], QueryError] = field(default_factory=dict)

    @property
    def data(self) -> list[tuple[str, Type]]:
        return self.columns[: len(self.columns) - len(self.partitioned_by)]


@dataclass(frozen=True)
class Written:
    """The partitions written, by their values as text; the rows; the objects' URLs."""

    partitions: list[tuple[str, ...]]
    rows: int
    objects: list[str]


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


def write(sql: str, target: Target, session: Session, store: ObjectStore, scratch: Path) -> Written:
    """Run `sql` (columns c0, c1, ...) and land its rows under `target.location`.

    Everything is written beside the store first and becomes visible at once; nothing is landed
    when anything fails, nor when the process is killed. The partitions are not yet in the catalog.
    Raises HIVE_TOO_MANY_OPEN_PARTITIONS, HIVE_INVALID_PARTITION_VALUE.
    """
    folder = Path(tempfile.mkdtemp(dir=scratch))
    try:
        if target.partitioned_by or target.bucketed_by:
            files, partitions, rows = _write_groups(sql, target, session, folder)
        else:
            file = folder / "data"
            rows = _encode(sql, target, file, session)
            url = target.location.rstrip("/") + "/" + _file_name(target)
            files, partitions = ({url: file} if rows else {}), []
        _land(files, target.location, store)
        return Written(partitions, rows, list(files))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _encode(sql: str, target: Target, file: Path, session: Session) -> int:
    names = ", ".join(f"c{i} AS {quoted(name)}" for i, (name, _) in enumerate(target.data))
    rows = Rows(f"SELECT {names} FROM ({sql})", target.data)
    encode = FORMATS[target.format].encode
    return encode(rows, file, target.codec, target.properties, session)


def _write_groups(
    sql: str, target: Target, session: Session, folder: Path
) -> tuple[dict[str, Path], list[tuple[str, ...]], int]:
    """One file a partition and bucket: the rows go to a file of their own first, since only the
    end of the query tells how many groups there are."""
    staged = folder / "staged"
    if target.bucketed_by:
        _stage_with_buckets(sql, target, staged, session)
    else:
        place = text_literal(str(staged))
        session.run(f"COPY ({sql}) TO {place} (FORMAT parquet, COMPRESSION uncompressed)")
    source = f"read_parquet({text_literal(str(staged))})"
    first = len(target.data)
    keys = [f"c{i}" for i in range(first, len(target.columns))]
    by = [*keys, *([_BUCKET] if target.bucketed_by else [])]
    groups = session.rows(
        f"SELECT DISTINCT {', '.join(by)} FROM {source} ORDER BY ALL LIMIT {MAX_WRITERS + 1}"
    )
    if len(groups) > MAX_WRITERS:
        message = f"Exceeded limit of {MAX_WRITERS} open writers for partitions/buckets"
        raise QueryError("HIVE_TOO_MANY_OPEN_PARTITIONS", message)
    types = [type_ for _, type_ in target.columns[first:]]
    files: dict[str, Path] = {}
    partitions: dict[tuple[str, ...], None] = {}
    rows = 0
    for number, group in enumerate(groups):
        values = tuple(map(_partition_text, group[: len(keys)], types))
        if values in target.closed:
            raise target.closed[values]
        partitions[values] = None
        same = " AND ".join(
            f"{column} IS NOT DISTINCT FROM {_constant(value, type_)}"
            for column, value, type_ in zip(by, group, [*types, None], strict=False)
        )
        file = folder / str(number)
        rows += _encode(f"SELECT * FROM {source} WHERE {same}", target, file, session)
        below = partition_folder(list(target.partitioned_by), list(values))
        place = target.known.get(values) or target.location.rstrip("/") + "/" + below
        bucket = group[-1] if target.bucketed_by else None
        files[place.rstrip("/") + "/" + _file_name(target, bucket)] = file
    return files, list(partitions) if keys else [], rows


def _stage_with_buckets(sql: str, target: Target, staged: Path, session: Session) -> None:
    names = [name for name, _ in target.data]
    places = [names.index(name) for name in target.bucketed_by]
    bucket = bucket_of([target.data[i][1] for i in places], target.buckets)
    writer: pq.ParquetWriter | None = None
    try:
        for batch in session.batches(sql, BATCH_ROWS):
            values = zip(*(batch.column(i).to_pylist() for i in places), strict=True)
            numbers = pa.array(map(bucket, values), pa.int32())
            numbered = batch.append_column(_BUCKET, numbers)
            writer = writer or pq.ParquetWriter(staged, numbered.schema, compression="none")
            writer.write_batch(numbered)
    finally:
        if writer:
            writer.close()
    if not writer:
        columns = f"*, 0 AS {_BUCKET}"
        session.run(
            f"COPY (SELECT {columns} FROM ({sql})) TO {text_literal(str(staged))} (FORMAT parquet)"
        )


def _constant(value: Any, type_: Type | None) -> str:
    if value is None:
        return "NULL"
    if type_ is None:
        return str(value)
    return f"CAST({text_literal(str(value))} AS {type_.duckdb()})"


def _partition_text(value: Any, type_: Type) -> str:
    """A partition's value as its folder and the catalog spell it.

    Raises HIVE_INVALID_PARTITION_VALUE as Trino's HiveWriteUtils does.
    """
    match type_.base:
        case _ if value is None:
            return NULL_PARTITION
        case "boolean":
            return "true" if value else "false"
        case "tinyint" | "smallint" | "integer" | "bigint" | "date":
            return str(value)
        case "timestamp":
            return hive_timestamp(value)
        case "varchar":
            pass
        case _:
            message = f"partition columns of type {type_} cannot be written locally"
            raise QueryError("NOT_SUPPORTED", message)
    if value == "":
        message = "an empty text as partition value is not supported locally: use NULL"
        raise QueryError("NOT_SUPPORTED", message)
    if not all(" " <= character <= "~" for character in value):
        message = (
            "Hive partition keys can only contain printable ASCII characters (0x20 - 0x7E). "
            f"Invalid value: {value.encode().hex(' ').upper()}"
        )
        raise QueryError("HIVE_INVALID_PARTITION_VALUE", message)
    return value


def _file_name(target: Target, bucket: int | None = None) -> str:
    """As Trino's HiveWriterFactory: a bucket's number comes first."""
    ending = FORMATS[target.format].codecs[target.codec]
    name = str(uuid.uuid4())
    return f"{name}{ending}" if bucket is None else f"{bucket:06d}_0_{name}{ending}"


def _land(files: dict[str, Path], location: str, store: ObjectStore) -> None:
    """All files (by URL) of a bucket appear at once."""
    buckets = {split_location(location)[0]: {}}
    for url, file in files.items():
        bucket, prefix = split_location(url)
        buckets.setdefault(bucket, {})[prefix.removesuffix("/")] = file
    for bucket, by_key in buckets.items():
        if bucket not in store.buckets():
            message = f"The specified bucket does not exist: {bucket}"
            raise QueryError("HIVE_WRITER_OPEN_ERROR", message)
        store.put_files(bucket, by_key)
