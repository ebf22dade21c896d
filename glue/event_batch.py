"""A batch of raw lines -> one Arrow record batch of events and rejected lines.

The rules are those of event_document, line by line; most lines take the way of fast_events.
"""

from collections.abc import Iterable, Sequence

import pyarrow as pa

from glue.event_document import Event, Mapping, Rejected, parse_event
from glue.fast_events import AMOUNT, ITEM, fast_events

# reason and raw_line of a rejected line, or the fields of Event.
PARSED_SCHEMA = pa.schema(
    [
        pa.field("line_number", pa.int64(), nullable=False),
        ("reason", pa.string()),
        ("raw_line", pa.string()),
        ("event_id", pa.string()),
        ("user_id", pa.int64()),
        ("action", pa.string()),
        ("event_at", pa.timestamp("us", "UTC")),
        ("event_date", pa.date32()),
        ("device", pa.string()),
        ("location", pa.string()),
        ("app_version", pa.string()),
        ("page", pa.string()),
        ("order_id", pa.string()),
        ("currency", pa.string()),
        ("purchase_total", AMOUNT),
        ("item_count", pa.int32()),
        ("items", pa.list_(ITEM)),
        ("extra", pa.string()),
        ("conversions", pa.list_(pa.string())),
    ]
)
_NOTHING = (None,) * len(Event._fields)


def parse_batch(
    lines: Sequence[bytes], numbers: Sequence[int], mapping: Mapping | None = None
) -> pa.RecordBatch:
    """One row of PARSED_SCHEMA per line that is not blank, in their order.

    `numbers` are the line numbers. Blank is a line of spaces, tabs and carriage returns only.
    `raw_line` shows bytes that are not UTF-8 as U+FFFD; `conversions` is null when there are none.
    """
    parsed = _fast_rows(lines if mapping is None else [])
    places = parsed.column("line_number").to_pylist()
    if len(places) < len(lines):
        rest = sorted(set(range(len(lines))).difference(places))
        both = pa.Table.from_batches([parsed, _slow_rows(lines, rest, mapping)])
        in_order = both.sort_by("line_number").combine_chunks()
        [parsed] = in_order.to_batches() or [parsed]
    line_numbers = pa.array(numbers, pa.int64()).take(parsed.column("line_number"))
    return pa.record_batch([line_numbers, *parsed.columns[1:]], schema=PARSED_SCHEMA)


# Until the end line_number is the place in the batch.


def _fast_rows(lines: Sequence[bytes]) -> pa.RecordBatch:
    events = fast_events(lines)
    columns = [
        events.column(field.name)
        if field.name in events.schema.names
        else pa.nulls(len(events), field.type)
        for field in PARSED_SCHEMA
    ]
    return pa.record_batch(columns, schema=PARSED_SCHEMA)


def _slow_rows(
    lines: Sequence[bytes], places: Iterable[int], mapping: Mapping | None
) -> pa.RecordBatch:
    rows = []
    for place in places:
        line = lines[place]
        if not line.strip(b" \t\r"):
            continue
        try:
            event = parse_event(line, mapping)
        except Rejected as rejected:
            rows.append((place, rejected.reason, line.decode(errors="replace"), *_NOTHING))
        else:
            conversions = list(event.conversions) or None
            rows.append((place, None, None, *event._replace(conversions=conversions)))
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(PARSED_SCHEMA)
    items = PARSED_SCHEMA.get_field_index("items")
    columns[items] = [
        None if row is None else [item._asdict() for item in row] for row in columns[items]
    ]
    types = PARSED_SCHEMA.types
    arrays = [pa.array(column, type_) for column, type_ in zip(columns, types, strict=True)]
    return pa.record_batch(arrays, schema=PARSED_SCHEMA)
