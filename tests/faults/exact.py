"""The zones held against the ground truth, object by object."""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Collection
from typing import Any

import zstandard

from tests.faults.lake import Lake

DROPPED = ("logout",)


def raw_zone(lake: Lake, paths: Collection[str] | None = None) -> None:
    """Every file of the data set (or those in `paths`) is one object with its bytes, and nothing
    else is there."""
    if paths is None:
        truth = lake.truth()
        paths = [*truth["files"], *truth["users"]["files"]]
    # What is not a document begins with an underscore: the manifests of the loads.
    there = {key: body_of(lake, key) for key in lake.objects("raw") if not key.startswith("_")}
    assert {plain(key): body for key, body in there.items()} == {
        path: (lake.folder / "data" / path).read_bytes() for path in paths
    }


def cleaned_zone(lake: Lake, paths: Collection[str] | None = None) -> None:
    """Counts of every raw object, in the tables and in the ledger, are the ground truth's.

    `paths`: the files that are landed, when the others follow them in the order of keys.
    """
    files = {path: file for path, file in lake.truth()["files"].items() if path.startswith("logs/")}
    expected = {
        path: outcomes(file) for path, file in files.items() if paths is None or path in paths
    }
    assert in_tables(lake) == expected
    assert in_ledger(lake) == {
        path: {
            "lines": files[path]["lines"],
            **counts,
            "conversions": {k: n for k, n in files[path]["conversions"].items() if n},
        }
        for path, counts in expected.items()
    }
    rows_are_unique(lake)
    days_are_published(lake)


def outcomes(file: dict[str, Any]) -> dict[str, Any]:
    """Where the lines of a file go."""
    return {
        "cleaned": sum(n for action, n in file["events"].items() if action not in DROPPED),
        "dropped": sum(n for action, n in file["events"].items() if action in DROPPED),
        "duplicates": file["duplicates"],
        "quarantined": {reason: n for reason, n in file["malformed"].items() if n},
    }


def in_tables(lake: Lake) -> dict[str, dict[str, Any]]:
    """What a reader counts, in the shape of `outcomes`."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for table, reason in (
        ("user_activity", "'cleaned'"),
        ("user_activity_excluded", "reason"),
        ("quarantine", "'quarantined ' || reason"),
    ):
        for source, outcome, count in lake.query(
            f"select source_object, {reason}, count(*) from {table} group by 1, 2"
        ):
            found[path_of(lake, source)][outcome] += int(count)
    return {
        path: {
            "cleaned": counts["cleaned"],
            "dropped": counts["dropped"],
            "duplicates": counts["duplicate"],
            "quarantined": {
                outcome.removeprefix("quarantined "): count
                for outcome, count in counts.items()
                if outcome.startswith("quarantined ")
            },
        }
        for path, counts in found.items()
    }


def in_ledger(lake: Lake) -> dict[str, dict[str, Any]]:
    """What the job says; a row per object."""
    names = ("lines", "cleaned", "dropped", "duplicates")
    rows = lake.query(
        f"select source_object, {', '.join(names)}, json_format(cast(quarantined as json)),"
        " json_format(cast(conversions as json)) from flatten_ledger"
    )
    ledger = {
        path_of(lake, source): {
            **dict(zip(names, map(int, counts), strict=True)),
            "quarantined": _positive(quarantined),
            "conversions": _positive(conversions),
        }
        for source, *counts, quarantined, conversions in rows
    }
    assert len(ledger) == len(rows), "an object has two rows in the ledger"
    return ledger


def rows_are_unique(lake: Lake) -> None:
    """No line is in two places, no event is there twice, no item without its event."""
    every = " union all ".join(
        f"select source_object, line_number from {table}"
        for table in ("user_activity", "user_activity_excluded", "quarantine")
    )
    assert (
        lake.query(
            f"select source_object, line_number from ({every}) group by 1, 2 having count(*) > 1"
        )
        == []
    )
    kept = (
        "select event_id from user_activity union all"
        " select event_id from user_activity_excluded where reason = 'dropped'"
    )
    assert lake.query(f"select event_id from ({kept}) group by 1 having count(*) > 1") == []
    ((items, places, in_events),) = lake.query(
        "select (select count(*) from user_activity_items),"
        " (select count(*) from (select distinct event_id, item_number from user_activity_items)),"
        " (select coalesce(sum(item_count), 0) from user_activity)"
    )
    assert items == places == in_events


def days_are_published(lake: Lake) -> None:
    """published_days has every day once, with the numbers of the newest publication at most."""
    state = json.loads(lake.body("cleaned", "_state/flatten.json"))
    rows = lake.query("select cast(event_date as varchar), publication from published_days")
    days = {day: int(number) for day, number in rows}
    assert len(days) == len(rows)
    assert days == {day: entry["publication"] for day, entry in state["days"].items()}
    assert max(days.values()) == state["publication"]
    for table in ("user_activity", "user_activity_items", "user_activity_excluded"):
        there = lake.query(f"select distinct cast(event_date as varchar) from {table}")
        assert {day for (day,) in there} <= days.keys()


def path_of(lake: Lake, source: str) -> str:
    """The file that became `s3://bucket/key`."""
    return plain(source.removeprefix(f"s3://{lake.settings.raw_bucket}/"))


def plain(key: str) -> str:
    return key.removesuffix(".gz").removesuffix(".zst")


def body_of(lake: Lake, key: str) -> bytes:
    body = lake.body("raw", key)
    if key.endswith(".gz"):
        return gzip.decompress(body)
    return zstandard.ZstdDecompressor().decompressobj().decompress(body)


def _positive(text: str | None) -> dict[str, int]:
    return {name: count for name, count in json.loads(text or "{}").items() if count}
