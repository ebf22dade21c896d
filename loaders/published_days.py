"""The table `published_days`: when which day of events was published last.

It has every event_date that ever was published, also when the day has no rows any more, with the
number of the publication that wrote it last. Who has read all through publication n finds what to
read again: the days with a greater number. Its one file follows from the state alone.
"""

import io
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from loaders.cleaned_state import State

TABLE = "published_days"
# Whose partitions are days of events.
DAY_TABLES = ("user_activity", "user_activity_items", "user_activity_excluded")
LOCATION = re.compile(r"/publication=(\d+)/?$")


def folder(publication: int) -> str:
    """Below the cleaned bucket."""
    return f"{TABLE}/publication={publication}/"


def shown(table: dict[str, Any] | None) -> int:
    """The publication that Glue's `Table` is of; 0 without one."""
    found = LOCATION.search(table["StorageDescriptor"]["Location"]) if table else None
    return int(found[1]) if found else 0


def numbered(state: State, built: Iterable[str], now: datetime) -> dict[str, Any]:
    """`publication` and `days` of the state after one that built these days more.

    A day that has no number yet, because an older version of the project published it or it was
    forgotten, gets this publication's.
    """
    number = state.publication + 1
    this = {"publication": number, "published_at": now.isoformat(timespec="seconds")}
    days = {**dict.fromkeys(_all(state)), **state.days, **dict.fromkeys(built)}
    return {
        "publication": number,
        "days": {day: days[day] or this for day in sorted(days)},
    }


def forgotten(state: State) -> dict[str, Any]:
    """`publication` and `days` of a state that has to build every day anew."""
    return {"publication": state.publication, "days": dict.fromkeys(_all(state))}


def _all(state: State) -> set[str]:
    published = (state.partitions.get(table, {}) for table in DAY_TABLES)
    return {*state.days, *(day for days in published for day in days)}


def file(state: State) -> bytes:
    """The Parquet file of the table's rows."""
    # Here, as every command would wait for it, and nearly all have no table to write.
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [
            ("event_date", pa.date32()),
            ("publication", pa.int64()),
            ("published_at", pa.timestamp("us", "UTC")),
        ]
    )
    # In this order numbers and times rise by little: that takes a few bytes a day.
    rows = sorted(
        (entry["publication"], day, entry["published_at"]) for day, entry in state.days.items()
    )
    columns = {
        "event_date": [datetime.fromisoformat(day).date() for _, day, _ in rows],
        "publication": [number for number, _, _ in rows],
        "published_at": [datetime.fromisoformat(at) for _, _, at in rows],
    }
    content = io.BytesIO()
    pq.write_table(
        pa.table(columns, schema),
        content,
        compression="zstd",
        use_dictionary=False,
        column_encoding="DELTA_BINARY_PACKED",
    )
    return content.getvalue()
