"""A cleaned zone that grows batch by batch, as the flatten job leaves it, written by hand.

The flatten job itself is tested elsewhere; here its rule is written anew in a few lines: of the
copies of an event the first by (ingest date, object, line) stays, the touched days are written
whole, and published_days numbers them. Every object has one more line, which is no JSON; of those
there is no more than the count in the ledger.
"""

import gzip
import io
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from glue.tables import ACTIVITY_SCHEMA, EXCLUDED_SCHEMA, ITEMS_SCHEMA
from loaders import publication, published_days
from loaders.cleaned_state import State

BUCKET = "user-activity-cleaned"
PUBLISHED_AT = datetime(2025, 2, 1, tzinfo=UTC)


class Document(NamedTuple):
    """One line of a raw object. Copies of an event have the same event_id."""

    event_id: str
    user_id: int
    action: str
    event_at: datetime
    device: str | None
    location: str
    page: str | None
    # (sku, quantity, cents) of a purchase
    items: tuple[tuple[str, int, int], ...] = ()
    extra: str | None = None


class Batch(NamedTuple):
    """The documents that one raw object brings."""

    ingest_date: date
    name: str
    documents: tuple[Document, ...]


class CleanedZone:
    """The tables of the cleaned zone on an endpoint, and the batches they were made of."""

    def __init__(
        self, s3: Any, query: Callable[[str], Any], root: Path, prefix: str = "user-activity"
    ) -> None:
        self.s3, self.query = s3, query
        self.bucket = f"{prefix}-cleaned"
        self.database = self.bucket.replace("-", "_")
        self.batches: list[Batch] = []
        self.publication = 0
        self.days: dict[date, int] = {}
        self.ingest_dates: set[date] = set()
        self.written: dict[tuple[str, date], list[dict[str, Any]]] = {}
        for table in (*publication.TABLES, published_days.TABLE):
            ddl = (root / f"loaders/ddl/{table}.sql").read_text()
            names = {
                "database": self.database,
                "location": f"s3://{self.bucket}/{table}/",
                "revision": 0,
            }
            query(ddl.format(**names))

    def take(self, batches: Iterable[Batch]) -> set[date]:
        """Flatten these batches as well; returns the days that were published."""
        self.batches += batches
        return self._publish()

    def withdraw(self, names: Iterable[str]) -> set[date]:
        """As if these raw objects had never come."""
        self.batches = [batch for batch in self.batches if batch.name not in set(names)]
        return self._publish()

    def _publish(self) -> set[date]:
        wanted = _flattened(self.batches)
        changed = {
            place
            for place in wanted.keys() | self.written.keys()
            if wanted.get(place) != self.written.get(place)
        }
        touched = {day for _, day in changed}
        self.publication += 1
        for table, day in changed:
            self._write(table, day, wanted.get((table, day), []))
        self.written = wanted
        self.days |= dict.fromkeys(touched, self.publication)
        self._write_days()
        self._write_ledger()
        return touched

    def _write(self, table: str, day: date, rows: list[dict[str, Any]]) -> None:
        place = f"{table}/run={self.publication}/event_date={day}/"
        partition = f"partition (event_date = '{day}')"
        self.query(f"alter table {self.database}.{table} drop if exists {partition}")
        if not rows:
            return
        self._put(f"{place}part-0.parquet", pa.Table.from_pylist(rows, SCHEMAS[table]))
        location = f"location 's3://{self.bucket}/{place}'"
        self.query(f"alter table {self.database}.{table} add {partition} {location}")

    def _write_days(self) -> None:
        days = {
            day.isoformat(): {
                "publication": number,
                "published_at": (PUBLISHED_AT + timedelta(days=number)).isoformat(),
            }
            for day, number in self.days.items()
        }
        body = published_days.file(State(days=days))
        key = f"{published_days.TABLE}/days.parquet"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def _write_ledger(self) -> None:
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for (table, _), rows in self.written.items():
            for row in rows if table in OUTCOMES else []:
                found[row["source_object"]][OUTCOMES[table]] += 1
        self.ingest_dates |= {batch.ingest_date for batch in self.batches}
        for day in self.ingest_dates:
            entries = [
                {"cleaned": 0, "dropped": 0, "duplicates": 0, **found[address(batch)]}
                | {"source_object": address(batch), "lines": len(batch.documents) + 1}
                | {"quarantined": {"malformed_json": 1}, "conversions": {}}
                for batch in self.batches
                if batch.ingest_date == day
            ]
            key = f"flatten_ledger/ingest_date={day}/"
            body = gzip.compress("\n".join(map(json.dumps, entries)).encode())
            self.s3.put_object(Bucket=self.bucket, Key=f"{key}part-0.json.gz", Body=body)
            partition = f"partition (ingest_date = '{day}') location 's3://{self.bucket}/{key}'"
            self.query(f"alter table {self.database}.flatten_ledger add if not exists {partition}")

    def _put(self, key: str, table: pa.Table) -> None:
        content = io.BytesIO()
        pq.write_table(table, content)
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content.getvalue())


OUTCOMES = {"user_activity": "cleaned", "user_activity_excluded": "duplicates"}
SCHEMAS = {
    "user_activity": ACTIVITY_SCHEMA,
    "user_activity_items": ITEMS_SCHEMA,
    "user_activity_excluded": EXCLUDED_SCHEMA,
}


def _flattened(batches: Iterable[Batch]) -> dict[tuple[str, date], list[dict[str, Any]]]:
    """(table, event_date) -> its rows."""
    tables: dict[tuple[str, date], list[dict[str, Any]]] = defaultdict(list)
    seen: set[str] = set()
    for batch in sorted(batches, key=lambda batch: (batch.ingest_date, batch.name)):
        for number, document in enumerate(batch.documents, start=1):
            row = _row(document, batch, number)
            day = document.event_at.date()
            if document.event_id in seen:
                tables["user_activity_excluded", day].append({**row, "reason": "duplicate"})
                continue
            seen.add(document.event_id)
            tables["user_activity", day].append(row)
            tables["user_activity_items", day] += _items(document, row)
    return {place: rows for place, rows in tables.items() if rows}


def _row(document: Document, batch: Batch, line_number: int) -> dict[str, Any]:
    is_purchase = document.action == "purchase"
    cents = sum(quantity * price for _, quantity, price in document.items)
    return {
        "event_id": document.event_id,
        "user_id": document.user_id,
        "action": document.action,
        "event_at": document.event_at,
        "device": document.device,
        "location": document.location,
        "page": document.page,
        "order_id": f"order-{document.event_id}" if is_purchase else None,
        "currency": "EUR" if is_purchase else None,
        "purchase_total": Decimal(cents) / 100 if is_purchase else None,
        "item_count": len(document.items) if is_purchase else None,
        "extra": document.extra,
        "source_object": address(batch),
        "line_number": line_number,
        "ingest_date": batch.ingest_date,
    }


def _items(document: Document, row: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "event_id": document.event_id,
            "order_id": row["order_id"],
            "item_number": number,
            "sku": sku,
            "quantity": quantity,
            "unit_price": Decimal(price) / 100,
            "event_at": document.event_at,
        }
        for number, (sku, quantity, price) in enumerate(document.items, start=1)
    ]


def address(batch: Batch) -> str:
    """Of the raw object that a batch came in."""
    return f"s3://user-activity-raw/logs/{batch.ingest_date}/{batch.name}"


def shifted(document: Document, by: timedelta) -> Document:
    """The same event, said to be at another time: a copy that contradicts."""
    return document._replace(event_at=document.event_at + by)
