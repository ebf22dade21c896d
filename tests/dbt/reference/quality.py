"""Versions of profiles, drift of fields and odd volumes, as the models' descriptions have them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from statistics import median
from typing import Any

Row = Mapping[str, Any]

TRACKED = ("email_hash", "country", "plan", "signed_up_at")


def versions(users: Iterable[Row]) -> list[dict[str, Any]]:
    """What dim_users_history holds. Rows have user_id, updated_at, ingest_date and TRACKED."""
    found = []
    histories = defaultdict(lambda: defaultdict(list))
    for row in users:
        if row["user_id"] is not None and row["updated_at"] is not None:
            histories[row["user_id"]][row["updated_at"]].append(row)
    for user_id, updates in histories.items():
        kept: list[dict[str, Any]] = []
        for updated_at, rows in sorted(updates.items()):
            newest = max(row["ingest_date"] for row in rows)
            received = [row for row in rows if row["ingest_date"] == newest]
            first = min(received, key=lambda row: [_nulls_last(row[name]) for name in TRACKED])
            content = [first[name] for name in TRACKED]
            if kept and [kept[-1][name] for name in TRACKED] == content:
                continue
            if kept:
                kept[-1] |= {"valid_to": updated_at, "is_current": False}
            kept.append(
                dict(zip(TRACKED, content, strict=True))
                | {"user_id": user_id, "version_number": len(kept) + 1}
                | {"valid_from": updated_at, "valid_to": None, "is_current": True}
            )
        found += kept
    return found


def _nulls_last(value: Any) -> tuple[bool, Any]:
    return (True, None) if value is None else (False, value)


def drift(daily: Iterable[Row], fields: Iterable[Row]) -> dict[tuple[str, date], str | None]:
    """(field, event_date) -> the news. Rows of `daily` have event_count and event_date, those of
    `fields` the field too."""
    events: dict[date, int] = defaultdict(int)
    for row in daily:
        events[row["event_date"]] += row["event_count"]
    carrying: dict[str, dict[date, int]] = defaultdict(dict)
    for row in fields:
        carrying[row["field"]][row["event_date"]] = row["event_count"]
    days = sorted(events)
    found: dict[tuple[str, date], str | None] = {}
    for field, counts in carrying.items():
        for place, day in enumerate(days):
            before = days[max(0, place - 7) : place]
            here, there = counts.get(day, 0), sum(counts.get(each, 0) for each in before)
            if day < min(counts) or not (here or there):
                continue
            news = None
            if before and here and not there:
                news = "appeared"
            elif not here and counts.get(before[-1], 0):
                expected_times_all = there * events[day]
                if expected_times_all >= 10 * sum(events[each] for each in before):
                    news = "disappeared"
            found[field, day] = news
    return found


def volumes(
    daily: Iterable[Row], calendar: Iterable[date]
) -> dict[tuple[str, date], tuple[int, float | None, bool | None]]:
    """(action, event_date) -> events, events expected, whether that is an anomaly."""
    daily, calendar = list(daily), set(calendar)
    counts: dict[tuple[str, date], int] = defaultdict(int)
    for row in daily:
        counts[row["action"], row["event_date"]] += row["event_count"]
    observed = {day for _, day in counts}
    newest = max(row["ingest_date"] for row in daily)
    first, last = min(observed), min(max(observed), newest)
    found = {}
    for action in {action for action, _ in counts}:
        for day in (each for each in calendar if first <= each <= last):
            weeks = [day - timedelta(days=days) for days in (7, 14, 21, 28)]
            known = [counts.get((action, each), 0) for each in weeks if each in observed & calendar]
            expected = float(median(known)) if len(known) >= 3 else None
            count = counts.get((action, day), 0)
            if not count and not expected:
                continue
            anomaly = None if expected is None else is_far(count, expected)
            if day >= newest:
                anomaly = False
            found[action, day] = (count, expected, anomaly)
    return found


def is_far(count: int, expected: float) -> bool:
    """By more than a quarter, and more than four times the square root of at least 1."""
    away = abs(count - expected)
    return away > expected / 4 and away**2 > 16 * max(expected, 1)
