"""Raw objects as Spark tasks read them: an object in, its parsed lines and one closing row out.

Python reads the objects, not Spark: only so has each line its number and its object, is a broken
archive one quarantine row and not a failed job, and is the memory bounded whatever a line's
length. An object is read by one task; `uap upload` cuts large files.
"""

import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import urlsplit

import boto3
import pyarrow as pa
import pyarrow.compute as pc
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

from glue import mapping
from glue.event_batch import PARSED_DDL, PARSED_SCHEMA, parse_batch
from glue.raw_lines import Lines, read_batches

# The `reason` of the row that closes an object; its raw_line is Closing as JSON.
END_OF_OBJECT = "end_of_object"

STAGED_SCHEMA = pa.schema(
    [pa.field("ingest_date", pa.date32()), pa.field("source_object", pa.string()), *PARSED_SCHEMA]
)
STAGED_DDL = f"ingest_date date, source_object string, {PARSED_DDL}"

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
IN_MEMORY = 64 << 20  # bytes of a compressed object; a larger one waits on the worker's disk
ATTEMPTS = 5


class RawObject(NamedTuple):
    """`url`: s3://bucket/key (or a local path); `etag` without quotes; `size` in bytes."""

    url: str
    etag: str
    size: int
    ingest_date: date
    source: str


class Closing(NamedTuple):
    """What was read of one object: `documents` counts its lines that are not blank, before any
    parsing; `event_days` and `conversions` the parsed events by date and by converted field."""

    documents: int
    event_days: dict[str, int]
    conversions: dict[str, int]

    @classmethod
    def from_json(cls, text: str) -> "Closing":
        return cls(**json.loads(text))


def parse_objects(
    mappings: Mapping[str, str],
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """For DataFrame.mapInArrow: rows of RawObject in, rows of STAGED_DDL out.

    `mappings`: source -> the text of its mapping file.
    """

    def parse(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        parsed = {source: mapping.parse(text) for source, text in mappings.items()}
        for batch in batches:
            for row in batch.to_pylist():
                yield from _parse_object(RawObject(**row), parsed.get(row["source"]))

    return parse


def _parse_object(raw: RawObject, shape: mapping.Mapping | None) -> Iterator[pa.RecordBatch]:
    documents, days, conversions = 0, Counter[str](), Counter[str]()
    with open_object(raw.url, raw.etag) as stream:
        for lines in read_batches(stream, COMPRESSIONS.get(Path(raw.url).suffix)):
            documents += sum(1 for line in lines.lines if line.strip(b" \t\r"))
            documents += len(lines.rejected)
            for batch in _parsed(lines, shape):
                days.update(_counts(batch.column("event_date").cast(pa.string())))
                conversions.update(_counts(pc.list_flatten(batch.column("conversions"))))
                yield _staged(batch, raw)
    closing = Closing(documents, dict(sorted(days.items())), dict(sorted(conversions.items())))
    yield _staged(_rejected([(0, END_OF_OBJECT, json.dumps(closing._asdict()))]), raw)


def _parsed(lines: Lines, shape: mapping.Mapping | None) -> Iterator[pa.RecordBatch]:
    if lines.lines:
        yield parse_batch(lines.lines, lines.numbers, shape)
    if lines.rejected:
        yield _rejected(lines.rejected)


def _rejected(rows: Iterable[tuple[int, str, str]]) -> pa.RecordBatch:
    """Rows of (line_number, reason, raw_line) that no parser has seen."""
    names = ("line_number", "reason", "raw_line")
    rows = [dict(zip(names, row, strict=True)) for row in rows]
    return pa.RecordBatch.from_pylist(rows, schema=PARSED_SCHEMA)


def _counts(values: pa.Array) -> dict[str, int]:
    counted = pc.value_counts(values.drop_null()).to_pylist()
    return {entry["values"]: entry["counts"] for entry in counted}


def _staged(batch: pa.RecordBatch, raw: RawObject) -> pa.RecordBatch:
    rows = batch.num_rows
    place = [
        pa.repeat(pa.scalar(raw.ingest_date, pa.date32()), rows),
        pa.repeat(pa.scalar(raw.url), rows),
    ]
    return pa.RecordBatch.from_arrays([*place, *batch.columns], schema=STAGED_SCHEMA)


def open_object(url: str, etag: str | None = None) -> BinaryIO:
    """The bytes of an object, all of them here; a local path serves as well.

    Raises ValueError when the object is gone or holds other content than `etag` names.
    """
    if not url.startswith("s3://"):
        return Path(url).open("rb")
    place = urlsplit(url, allow_fragments=False)
    request = {"Bucket": place.netloc, "Key": url.removeprefix(f"s3://{place.netloc}/")}
    if etag:
        request["IfMatch"] = etag
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
        except (HTTPClientError, OSError):
            copy.close()
            if attempt == ATTEMPTS:
                raise
            time.sleep(0.2 * 2**attempt)
        else:
            copy.seek(0)
            return copy
    raise AssertionError("unreachable")
