"""Which of the lines with one event_id stays: the first by ingest_date, source_object and line.

The rule looks at lines only, not at runs: however many runs it took to read them, in whatever
order, the same line stays.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

NEW = 0  # read in this run
KEPT = 1  # published by an earlier run
REMOVED = 2  # published by an earlier run, and read again in this one

# Of each line as much as the rule needs.
COPY_SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("event_date", pa.date32()),
        ("ingest_date", pa.date32()),
        ("source_object", pa.string()),
        ("line_number", pa.int64()),
        ("origin", pa.int8()),
        ("was_duplicate", pa.bool_()),
    ]
)
_WORDS = 9  # of four bytes, in the 36 characters of a UUID
_PRIME = np.uint64(0x9E3779B97F4A7C15)


def fingerprints(event_ids: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """A hash of 64 bits of each UUID text, the same on every machine. No nulls."""
    if isinstance(event_ids, pa.ChunkedArray):
        parts = [fingerprints(chunk) for chunk in event_ids.chunks]
        return np.concatenate(parts) if parts else np.empty(0, np.uint64)
    _, offsets, characters = event_ids.buffers()
    if not len(event_ids):
        return np.empty(0, np.uint64)
    start = np.frombuffer(offsets, np.int32)[event_ids.offset]
    words = np.frombuffer(characters, np.uint8)[start : start + 4 * _WORDS * len(event_ids)]
    words = words.view(np.uint32).reshape(-1, _WORDS) if start % 4 == 0 else _aligned(words)
    mixed = np.zeros(len(event_ids), np.uint64)
    for column in range(_WORDS):
        mixed ^= words[:, column]
        mixed *= _PRIME
        mixed ^= mixed >> np.uint64(29)
    return mixed


def _aligned(words: np.ndarray) -> np.ndarray:
    return words.copy().view(np.uint32).reshape(-1, _WORDS)


def by_bucket(rows: pa.Table, prints: np.ndarray, buckets: int) -> Iterator[tuple[int, pa.Table]]:
    """Rows by their fingerprints: all of one event_id are in one bucket, whichever table they are
    from."""
    bucket = (prints % np.uint64(buckets)).astype(np.int64)
    order = np.argsort(bucket, kind="stable")
    cuts = np.searchsorted(bucket[order], np.arange(buckets + 1))
    ordered = rows.take(pa.array(order))
    for number in range(buckets):
        if cuts[number] < cuts[number + 1]:
            yield number, ordered.slice(cuts[number], cuts[number + 1] - cuts[number])


def losing_lines(pool: Iterable[pa.Table]) -> pa.Table:
    """The lines of the pool (COPY_SCHEMA) that are duplicates: event_date, source_object,
    line_number.

    The pool holds all copies of an event_id that is among the new or the removed lines. Of other
    ids it may miss copies, so their kept lines stay what they were.
    """
    # Nearly all ids occur once. Eight bytes a line find the others; only these lines are then
    # compared by their whole id and place.
    pool = list(pool)
    prints = [fingerprints(copies["event_id"]) for copies in pool]
    values, counts = np.unique(
        np.concatenate([*prints, np.empty(0, np.uint64)]), return_counts=True
    )
    repeated = values[counts > 1]
    suspicious = [
        copies.filter(pc.or_(copies["was_duplicate"], pa.array(np.isin(each, repeated))))
        for copies, each in zip(pool, prints, strict=True)
    ]
    lines = pa.concat_tables([*suspicious, COPY_SCHEMA.empty_table()]).combine_chunks()
    lines = lines.append_column("is_removed", pc.equal(lines["origin"], REMOVED))
    order = ("event_id", "is_removed", "ingest_date", "source_object", "line_number")
    lines = lines.sort_by([(name, "ascending") for name in order])
    if not len(lines):
        return lines.select(["event_date", "source_object", "line_number"])

    ids = lines["event_id"].combine_chunks()
    is_first = np.ones(len(lines), bool)
    is_first[1:] = pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)
    group = np.cumsum(is_first) - 1
    origin = lines["origin"].to_numpy()
    decided_anew = np.logical_or.reduceat(origin != KEPT, np.flatnonzero(is_first))[group]
    was_duplicate = lines["was_duplicate"].to_numpy()
    loses = np.where(decided_anew, ~is_first, was_duplicate) & (origin != REMOVED)
    return lines.filter(pa.array(loses)).select(["event_date", "source_object", "line_number"])
