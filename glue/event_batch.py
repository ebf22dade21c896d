"""A batch of raw lines -> one Arrow record batch of events and rejected lines.

The rules are those of event_document, line by line.
"""

from collections.abc import Sequence

import pyarrow as pa

from glue.event_document import Event, Mapping, Rejected, parse_event

_AMOUNT = pa.decimal128(12, 2)
_ITEM = pa.struct([("sku", pa.string()), ("quantity", pa.int32()), ("unit_price", _AMOUNT)])

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
        ("purchase_total", _AMOUNT),
        ("item_count", pa.int32()),
        ("items", pa.list_(_ITEM)),
        ("extra", pa.string()),
        ("conversions", pa.list_(pa.string())),
    ]
)
# The same for Spark's mapInArrow.
PARSED_DDL = """
    line_number bigint not null, reason string, raw_line string,
    event_id string, user_id bigint, action string, event_at timestamp, event_date date,
    device string, location string, app_version string, page string,
    order_id string, currency string, purchase_total decimal(12,2), item_count int,
    items array<struct<sku: string, quantity: int, unit_price: decimal(12,2)>>,
    extra string, conversions array<string>
"""
_NOTHING = (None,) * len(Event._fields)


def parse_batch(
    lines: Sequence[bytes], numbers: Sequence[int], mapping: Mapping | None = None
) -> pa.RecordBatch:
    """One row of PARSED_SCHEMA per line that is not blank, in their order.

    `numbers` are the line numbers. Blank is a line of spaces, tabs and carriage returns only.
    `raw_line` shows bytes that are not UTF-8 as U+FFFD; `conversions` is null when there are none.
    """
    rows = []
    for number, line in zip(numbers, lines, strict=True):
        if not line.strip(b" \t\r"):
            continue
        try:
            event = parse_event(line, mapping)
        except Rejected as rejected:
            rows.append((number, rejected.reason, line.decode(errors="replace"), *_NOTHING))
        else:
            conversions = list(event.conversions) or None
            rows.append((number, None, None, *event._replace(conversions=conversions)))
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(PARSED_SCHEMA)
    items = PARSED_SCHEMA.get_field_index("items")
    columns[items] = [
        None if row is None else [item._asdict() for item in row] for row in columns[items]
    ]
    return pa.record_batch(
        [
            pa.array(column, field.type)
            for column, field in zip(columns, PARSED_SCHEMA, strict=True)
        ],
        schema=PARSED_SCHEMA,
    )
