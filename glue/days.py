"""Build partitions of the cleaned zone: staged and published rows in, Parquet files out."""

import gzip
import json
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from glue import storage, tables
from glue.fast_events import whole_milliseconds
from glue.ledger import CLEANED, Counts
from glue.tables import ACTIVITY, EXCLUDED, ITEMS, QUARANTINE, SEED_DOCUMENTS

# By these the rows of a table are counted.
COUNTED = {
    ACTIVITY: ["source_object"],
    EXCLUDED: ["source_object", "reason"],
    QUARANTINE: ["source_object", "reason"],
}
# Rows that are sorted together and become a row group: bounds the memory of a task.
PIECE_ROWS = 250_000
PIECE_BYTES = 128 << 20


@dataclass(frozen=True)
class Part:
    """One file of a partition: `value` of its key, `number` of the file, the Arrow files with new
    rows and the Parquet files with published ones, and those with the day's duplicates."""

    value: str
    number: int
    staged: list[str]
    published: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Output:
    """Where a run writes, and by which rules. `again`: the objects whose published rows are left
    out, because the run has read them again."""

    root: str
    run_id: str
    again: frozenset[str]
    drop_actions: frozenset[str]
    output_format: str

    def url(self, table: str, part: Part, ending: str) -> str:
        folder = tables.folder(self.root, table, self.run_id, part.value)
        return f"{folder}/part-{part.number:05}.{ending}"


def build_day(part: Part, output: Output) -> Counts:
    """Write a part of a day of user_activity, user_activity_excluded and user_activity_items;
    returns the rows of the first two, as they are read back from the files."""
    duplicates = [storage.read_arrow(url) for url in part.duplicates]
    losers = pa.concat_tables(duplicates) if duplicates else None
    with _Writers(part, output) as writers:
        for piece in _pieces(part, output.again, tables.ACTIVITY_SCHEMA):
            is_duplicate = _is_among(piece, losers)
            is_dropped = pc.is_in(
                piece["action"], pa.array(sorted(output.drop_actions), pa.string())
            )
            is_dropped = is_dropped.to_numpy(zero_copy_only=False)
            activity = _sorted(piece.filter(pa.array(~is_duplicate & ~is_dropped)))
            writers.write(ACTIVITY, activity)
            items = _items(activity)
            if len(items) != (pc.sum(activity["item_count"]).as_py() or 0):
                raise RuntimeError(f"items were lost or made up in {part.value}")
            writers.write(ITEMS, items)
            if output.output_format == "json":
                writers.documents(activity)
            is_excluded = is_duplicate | is_dropped
            reason = np.where(is_duplicate, tables.DUPLICATE, tables.DROPPED)
            excluded = piece.add_column(0, "reason", pa.array(reason, pa.string()))
            writers.write(EXCLUDED, _sorted(excluded.filter(pa.array(is_excluded))))
    return writers.read_back(ACTIVITY) + writers.read_back(EXCLUDED)


def build_quarantine(part: Part, output: Output) -> Counts:
    """Write a part of a day of arrival of the quarantine; the rows as they are read back."""
    with _Writers(part, output) as writers:
        for piece in _pieces(part, output.again, tables.QUARANTINE_SCHEMA, output.run_id):
            order = [("source_object", "ascending"), ("line_number", "ascending")]
            writers.write(QUARANTINE, piece.sort_by(order))
    return writers.read_back(QUARANTINE)


class _Writers:
    """The files of a part: each comes to be with its first row, none without."""

    def __init__(self, part: Part, output: Output) -> None:
        self._part, self._output = part, output
        self._stack = ExitStack()
        self._open: dict[str, Any] = {}

    def __enter__(self) -> "_Writers":
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def write(self, table: str, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        if table not in self._open:
            url = self._output.url(table, self._part, "zstd.parquet")
            stream = self._stack.enter_context(storage.writing(url))
            # An id occurs once: a dictionary of them would only be built to be given up.
            words = [name for name in rows.schema.names if name not in ("event_id", "raw_line")]
            options = {"compression": "zstd", "compression_level": 3, "use_dictionary": words}
            writer = pq.ParquetWriter(stream, rows.schema, **options)
            self._open[table] = self._stack.enter_context(writer)
        self._open[table].write_table(rows)

    def read_back(self, table: str) -> Counts:
        """The rows of a file, once it is closed."""
        if table not in self._open:
            return Counts()
        url = self._output.url(table, self._part, "zstd.parquet")
        return counted(table, self._part.value, storage.read_parquet(url, COUNTED[table]))

    def documents(self, activity: pa.Table) -> None:
        """user_activity nested again, for the JSON output: `timestamp` and `metadata`."""
        if not activity.num_rows:
            return
        if SEED_DOCUMENTS not in self._open:
            url = self._output.url(SEED_DOCUMENTS, self._part, "json.gz")
            stream = self._stack.enter_context(storage.writing(url))
            file = gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0)
            self._open[SEED_DOCUMENTS] = self._stack.enter_context(file)
        columns = ("event_id", "user_id", "action", "event_at", "device", "location")
        for row in activity.select(columns).to_pylist():
            moment = row.pop("event_at").astimezone(UTC).replace(tzinfo=None)
            metadata = {"device": row.pop("device"), "location": row.pop("location")}
            row |= {"timestamp": f"{moment.isoformat(timespec='milliseconds')}Z"}
            line = json.dumps({**row, "metadata": metadata}, ensure_ascii=False)
            self._open[SEED_DOCUMENTS].write(line.encode() + b"\n")


def _pieces(
    part: Part, again: Collection[str], schema: pa.Schema, run_id: str | None = None
) -> Iterator[pa.Table]:
    """The rows of a part, some hundred thousand at a time."""

    def all_rows() -> Iterator[pa.Table]:
        left_out = pa.array(sorted(again), pa.string())
        for url in part.published:
            for rows in storage.parquet_pieces(url, PIECE_ROWS):
                kept = pc.invert(pc.is_in(rows["source_object"], left_out))
                yield _cut(rows.filter(kept).select(schema.names).cast(schema))
        for url in part.staged:
            rows = storage.read_arrow(url)
            if run_id:
                rows = rows.append_column("run_id", pa.repeat(pa.scalar(run_id), len(rows)))
            yield rows.select(schema.names).cast(schema)

    gathered: list[pa.Table] = []
    for rows in all_rows():
        gathered.append(rows)
        total = sum(each.num_rows for each in gathered)
        if total >= PIECE_ROWS or sum(each.nbytes for each in gathered) >= PIECE_BYTES:
            yield pa.concat_tables(gathered)
            gathered.clear()
    if gathered:
        yield pa.concat_tables(gathered)


def _cut(rows: pa.Table) -> pa.Table:
    """Published rows with the times that this version gives them: older ones kept microseconds."""
    place = rows.schema.get_field_index("event_at")
    if place < 0:
        return rows
    moments = rows["event_at"].cast(pa.int64()).cast(pa.timestamp("us"))
    return rows.set_column(place, rows.schema.field(place), whole_milliseconds(moments))


def _is_among(rows: pa.Table, losers: pa.Table | None) -> np.ndarray:
    """Which rows are the losing lines."""
    among = np.zeros(rows.num_rows, bool)
    if losers is not None:
        place = ["source_object", "line_number"]
        numbered = rows.select(place).append_column("row", pa.array(np.arange(len(among))))
        among[numbered.join(losers.select(place), place, join_type="left semi")["row"]] = True
    return among


def _sorted(events: pa.Table) -> pa.Table:
    """By action, place and time, so that the statistics of a file let a reader skip."""
    keys = (events["event_at"].cast(pa.int64()).to_numpy(), _rank(events["location"]))
    return events.take(pa.array(np.lexsort((*keys, _rank(events["action"])))))


def _rank(texts: pa.ChunkedArray) -> np.ndarray:
    encoded = texts.combine_chunks().dictionary_encode()
    rank = np.empty(len(encoded.dictionary), np.int64)
    rank[pc.sort_indices(encoded.dictionary).to_numpy()] = np.arange(len(rank))
    return rank[encoded.indices.to_numpy()]


def _items(activity: pa.Table) -> pa.Table:
    """One row per item of a purchase; item_number is its place in the list, from 1."""
    bought = activity.filter(pc.greater(activity["item_count"], 0))
    lists = bought["items"].combine_chunks()
    parents = pc.list_parent_indices(lists)
    items = pc.list_flatten(lists)
    sizes = pc.list_value_length(lists).to_numpy()
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    columns = {name: bought[name].take(parents) for name in ("event_id", "order_id", "event_at")}
    columns["item_number"] = pa.array(np.arange(len(items)) - first + 1, pa.int32())
    columns |= {name: pc.struct_field(items, name) for name in ("sku", "quantity", "unit_price")}
    return pa.table({name: columns[name] for name in tables.ITEMS_SCHEMA.names})


def counted(table: str, value: str, rows: pa.Table) -> Counts:
    """Rows of a partition by source object and reason."""
    names = COUNTED[table]
    return Counts(
        {
            (table, value, row["source_object"], row.get("reason", CLEANED)): row["count_all"]
            for row in rows.group_by(names).aggregate([([], "count_all")]).to_pylist()
        }
    )
