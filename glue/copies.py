"""The copies of events on their way through Spark: to the bucket of their event_id, and there to
the decision which of them stays. What travels is (bucket, Arrow IPC)."""

from collections.abc import Collection, Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from glue import storage, tables
from glue.days import counted
from glue.duplicates import (
    COPY_SCHEMA,
    KEPT,
    REMOVED,
    by_bucket,
    fingerprints,
    losing_lines,
)
from glue.ledger import Counts
from glue.raw_objects import from_ipc, to_ipc

COLUMNS = ["event_id", "ingest_date", "source_object", "line_number"]


def published_copies(
    table: str, value: str, url: str, again: Collection[str], buckets: int
) -> Iterator[tuple[int, bytes] | tuple[None, Counts]]:
    """The events of one published file, by bucket, and at last its rows."""
    has_reason = table == tables.EXCLUDED
    rows = storage.read_parquet(url, [*COLUMNS, "reason"] if has_reason else COLUMNS)
    counts = counted(table, value, rows)
    is_again = pc.is_in(rows["source_object"], pa.array(sorted(again), pa.string()))
    event_date = pa.scalar(value).cast(pa.date32())
    marks = {
        "event_date": pa.repeat(event_date, len(rows)),
        "origin": pc.if_else(is_again, pa.scalar(REMOVED, pa.int8()), pa.scalar(KEPT, pa.int8())),
        "was_duplicate": pc.equal(rows["reason"], tables.DUPLICATE)
        if has_reason
        else pa.repeat(pa.scalar(False), len(rows)),
    }
    for name, column in marks.items():
        rows = rows.append_column(name, column)
    copies = rows.select(COPY_SCHEMA.names)
    for bucket, here in by_bucket(copies, fingerprints(copies["event_id"]), buckets):
        yield bucket, to_ipc(here)
    yield None, counts


def fingerprints_of(value: str, url: str, buckets: int) -> Iterator[tuple[int, bytes]]:
    """The events of one published file, eight bytes each, by bucket."""
    prints = fingerprints(storage.read_parquet(url, ["event_id"])["event_id"])
    day = pa.repeat(pa.scalar(value), len(prints)).dictionary_encode()
    history = pa.table({"fingerprint": prints, "event_date": day})
    for bucket, here in by_bucket(history, prints, buckets):
        yield bucket, to_ipc(here)


def days_with_copies(pairs: Iterable[tuple[int, bytes]]) -> Iterator[str]:
    """The days of which fingerprints_of told, with an event that is new or removed."""
    affected, history = [np.empty(0, np.uint64)], []
    for _, body in pairs:
        rows = from_ipc(body)
        if "fingerprint" in rows.schema.names:
            history.append(rows)
        else:
            anew = rows.filter(pc.not_equal(rows["origin"], KEPT))
            affected.append(fingerprints(anew["event_id"]))
    wanted = np.unique(np.concatenate(affected))
    for rows in history:
        if np.isin(rows["fingerprint"].to_numpy(), wanted).any():
            yield rows["event_date"][0].as_py()


def losers_by_day(bucket: int, bodies: Iterable[bytes], folder: str) -> Iterator[tuple[str, str]]:
    """Write the losing lines of a bucket, a file a day; yields (day, url)."""
    lines = losing_lines(from_ipc(body) for body in bodies)
    for day in pc.unique(lines["event_date"]).to_pylist():
        url = f"{folder}/duplicates/event_date={day}/{bucket:05}.arrow"
        storage.write_arrow(url, lines.filter(pc.equal(lines["event_date"], day)))
        yield str(day), url
