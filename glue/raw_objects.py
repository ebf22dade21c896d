"""Read raw objects: their parsed lines into staging files, and what was found in them.

Python reads the objects, not Spark: only so has each line its number and its object, is a broken
archive one quarantine row and not a failed job, and is the memory bounded whatever a line's
length. An object is read by one task; `uap upload` cuts large files.
"""

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import urlsplit

import boto3
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
)

from glue import mapping, storage
from glue.duplicates import COPY_SCHEMA, NEW, by_bucket, fingerprints
from glue.event_batch import PARSED_SCHEMA, parse_batch
from glue.raw_lines import Lines, read_batches
from glue.tables import ACTIVITY_SCHEMA

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
IN_MEMORY = 64 << 20  # bytes of a compressed object; a larger one waits on the worker's disk
ATTEMPTS = 5
# What a connection that breaks under a body raises.
BROKEN_OFF = (HTTPClientError, IncompleteReadError, FlexibleChecksumError, OSError)
# What a task holds before it writes it down, whichever comes first.
STAGED_ROWS = 250_000
STAGED_BYTES = 128 << 20

REJECTED_SCHEMA = pa.schema(
    [
        ("reason", pa.string()),
        ("raw_line", pa.string()),
        ("source_object", pa.string()),
        ("line_number", pa.int64()),
        ("ingest_date", pa.date32()),
    ]
)


class RawObject(NamedTuple):
    """`url`: s3://bucket/key (or a local path); `etag` without quotes; `size` in bytes."""

    url: str
    etag: str
    size: int
    ingest_date: date
    source: str


class Closing(NamedTuple):
    """What was read of one object: `documents` counts its lines that are not blank, before any
    parsing; `event_dates` the days of its events; `conversions` events by converted field."""

    url: str
    documents: int
    event_dates: list[str]
    conversions: dict[str, int]


@dataclass
class Staged:
    """What a task has read: `events`, files of a staging folder with their day and number of
    rows; `rejected`, the same by day of arrival."""

    closings: list[Closing] = field(default_factory=list)
    events: list[tuple[str, str, int]] = field(default_factory=list)
    rejected: list[tuple[str, str, int]] = field(default_factory=list)


def stage(
    objects: Sequence[RawObject], mappings: Mapping[str, str], folder: str, buckets: int
) -> Iterator[tuple[int, bytes] | tuple[None, Staged]]:
    """Read these objects into files below `folder`, a place of this task's own.

    Yields the copies of events for glue.duplicates, by bucket, as Arrow IPC (COPY_SCHEMA), and at
    last what was staged. `mappings`: source -> the text of its mapping file.
    """
    shapes = {source: mapping.parse(text) for source, text in mappings.items()}
    staged = Staged()
    batches: list[pa.RecordBatch] = []

    def write_down() -> Iterator[tuple[int, bytes]]:
        table = pa.Table.from_batches(batches)
        batches.clear()
        is_event = pc.is_null(table["reason"])
        events = table.filter(is_event)
        _write(events, "event_date", ACTIVITY_SCHEMA, folder, staged.events)
        rejected = table.filter(pc.invert(is_event))
        _write(rejected, "ingest_date", REJECTED_SCHEMA, folder, staged.rejected)
        copies = _copies(events)
        for bucket, rows in by_bucket(copies, fingerprints(copies["event_id"]), buckets):
            yield bucket, to_ipc(rows)

    rows = size = 0
    for raw in objects:
        for batch in _parse(raw, shapes.get(raw.source), staged.closings):
            batches.append(batch)
            # Added up one by one: a task may read very many small objects.
            rows, size = rows + batch.num_rows, size + batch.nbytes
            if rows >= STAGED_ROWS or size >= STAGED_BYTES:
                yield from write_down()
                rows = size = 0
    if batches:
        yield from write_down()
    yield None, staged


def _parse(
    raw: RawObject, shape: mapping.Mapping | None, closings: list[Closing]
) -> Iterator[pa.RecordBatch]:
    documents, days, conversions = 0, set[str](), Counter[str]()
    with open_object(raw.url, raw.etag) as stream:
        for lines in read_batches(stream, COMPRESSIONS.get(Path(raw.url).suffix)):
            documents += sum(1 for line in lines.lines if line.strip(b" \t\r"))
            documents += len(lines.rejected)
            for batch in _parsed(lines, shape):
                days.update(map(str, pc.unique(batch["event_date"]).drop_null().to_pylist()))
                conversions.update(pc.list_flatten(batch["conversions"]).to_pylist())
                yield _placed(batch, raw)
    closings.append(Closing(raw.url, documents, sorted(days), dict(sorted(conversions.items()))))


def _parsed(lines: Lines, shape: mapping.Mapping | None) -> Iterator[pa.RecordBatch]:
    if lines.lines:
        yield parse_batch(lines.lines, lines.numbers, shape)
    if lines.rejected:
        names = ("line_number", "reason", "raw_line")
        rows = [dict(zip(names, row, strict=True)) for row in lines.rejected]
        yield pa.RecordBatch.from_pylist(rows, schema=PARSED_SCHEMA)


def _placed(batch: pa.RecordBatch, raw: RawObject) -> pa.RecordBatch:
    place = {
        "source_object": pa.repeat(pa.scalar(raw.url), batch.num_rows),
        "ingest_date": pa.repeat(pa.scalar(raw.ingest_date, pa.date32()), batch.num_rows),
    }
    names = [*batch.schema.names, *place]
    return pa.RecordBatch.from_arrays([*batch.columns, *place.values()], names=names)


def _write(
    table: pa.Table, key: str, schema: pa.Schema, folder: str, files: list[tuple[str, str, int]]
) -> None:
    """A file for each day; days are few, and of most loads nearly all rows have one."""
    if not table.num_rows:
        return
    days = table[key].cast(pa.int32()).to_numpy()
    order = np.argsort(days, kind="stable")
    values, starts = np.unique(days[order], return_index=True)
    if len(values) > 1:
        table = table.take(pa.array(order))
    for value, start, end in zip(values, starts, [*starts[1:], len(days)], strict=True):
        day = str(pa.scalar(int(value), pa.int32()).cast(pa.date32()))
        url = f"{folder}/{key}={day}/{len(files)}.arrow"
        storage.write_arrow(url, table.slice(start, end - start).select(schema.names))
        files.append((day, url, int(end - start)))


def _copies(events: pa.Table) -> pa.Table:
    rows = events.num_rows
    marks = {
        "origin": pa.repeat(pa.scalar(NEW, pa.int8()), rows),
        "was_duplicate": pa.repeat(pa.scalar(False), rows),
    }
    for name, column in marks.items():
        events = events.append_column(name, column)
    return events.select(COPY_SCHEMA.names)


def to_ipc(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def from_ipc(body: bytes) -> pa.Table:
    return pa.ipc.open_stream(body).read_all()


def open_object(url: str, etag: str | None = None) -> BinaryIO:
    """The bytes of an object, all of them here; a local path serves as well.

    Raises ValueError when the object is gone or holds other content than `etag` names.
    """
    if not url.startswith("s3://"):
        return Path(url).open("rb")
    place = urlsplit(url, allow_fragments=False)
    request = {"Bucket": place.netloc, "Key": url.removeprefix(f"s3://{place.netloc}/")}
    if etag:
        request["IfMatch"] = f'"{etag}"'
    s3 = boto3.client("s3", config=Config(retries={"mode": "standard", "max_attempts": ATTEMPTS}))
    for attempt in range(1, ATTEMPTS + 1):
        copy = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115, the caller closes it
        try:
            # The client retries the request; a connection that breaks under the body is ours.
            shutil.copyfileobj(s3.get_object(**request)["Body"], copy, 1 << 20)
        except ClientError as error:
            copy.close()
            if error.response["Error"]["Code"] in ("PreconditionFailed", "412", "NoSuchKey"):
                message = f"{url} was replaced or removed since the run was planned: run it again"
                raise ValueError(message) from None
            raise
        except BROKEN_OFF:
            copy.close()
            if attempt == ATTEMPTS:
                raise
            time.sleep(0.2 * 2**attempt)
        else:
            copy.seek(0)
            return copy
    raise AssertionError("unreachable")
