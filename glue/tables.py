"""The tables of the cleaned zone: their columns, and where a run writes them.

Every line that is not blank has one row in one of user_activity, user_activity_excluded and
quarantine, found by source_object and line_number.
"""

import pyarrow as pa

from glue.event_batch import PARSED_SCHEMA

ACTIVITY = "user_activity"
EXCLUDED = "user_activity_excluded"
ITEMS = "user_activity_items"
SEED_DOCUMENTS = "user_activity_json"
QUARANTINE = "quarantine"
LEDGER = "flatten_ledger"

# user_activity_excluded.reason
DROPPED = "dropped"
DUPLICATE = "duplicate"

# Partition keys are columns of no file: their values stand in the folders' names.
_PLACE = [("source_object", pa.string()), ("line_number", pa.int64()), ("ingest_date", pa.date32())]
_EVENT = [
    PARSED_SCHEMA.field(name)
    for name in (
        "event_id",
        "user_id",
        "action",
        "event_at",
        "device",
        "location",
        "app_version",
        "page",
        "order_id",
        "currency",
        "purchase_total",
        "item_count",
        "items",
        "extra",
    )
]
ACTIVITY_SCHEMA = pa.schema([*_EVENT, *_PLACE])
EXCLUDED_SCHEMA = pa.schema([("reason", pa.string()), *ACTIVITY_SCHEMA])
ITEMS_SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("order_id", pa.string()),
        ("item_number", pa.int32()),
        ("sku", pa.string()),
        ("quantity", pa.int32()),
        ("unit_price", pa.decimal128(12, 2)),
        PARSED_SCHEMA.field("event_at"),
    ]
)
QUARANTINE_SCHEMA = pa.schema(
    [
        ("reason", pa.string()),
        ("raw_line", pa.string()),
        ("source_object", pa.string()),
        ("line_number", pa.int64()),
        ("run_id", pa.string()),
    ]
)
KEYS = {QUARANTINE: "ingest_date", LEDGER: "ingest_date"}


def folder(root: str, table: str, run_id: str, value: str) -> str:
    """Where a run writes one partition of a table."""
    return f"{root}/{table}/run={run_id}/{KEYS.get(table, 'event_date')}={value}"
