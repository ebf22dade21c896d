"""Funnels as the descriptions of funnel_attempts and funnels_daily have them, an attempt at a time."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

Row = Mapping[str, Any]


def funnel_attempts(events: Iterable[Row], funnels: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows of the mart. Events have its columns of fct_events, funnels those of the seed."""
    events = sorted(events, key=lambda event: (event["event_at"], event["event_id"]))
    steps_of: dict[str, list[Row]] = {}
    for step in sorted(funnels, key=lambda step: step["step_number"]):
        steps_of.setdefault(step["funnel"], []).append(step)
    return [
        _attempt(entry, events[place + 1 :], steps)
        for steps in steps_of.values()
        for place, entry in enumerate(events)
        if _is_at(entry, steps[0])
    ]


def _attempt(entry: Row, later: list[Row], steps: list[Row]) -> dict[str, Any]:
    done, last = 1, entry
    for event in later:
        if event["user_id"] != entry["user_id"]:
            continue
        waited = event["event_at"] - entry["event_at"]
        if waited > timedelta(minutes=steps[0]["window_minutes"]) or _is_at(event, steps[0]):
            break
        if done < len(steps) and _is_at(event, steps[done]):
            done, last = done + 1, event
    is_converted = done == len(steps)
    took = last["event_at"] - entry["event_at"]
    return {
        "attempt_id": entry["event_id"],
        "funnel": steps[0]["funnel"],
        "user_id": entry["user_id"],
        "device": entry["device"],
        "location": entry["location"],
        "steps_completed": done,
        "step_count": len(steps),
        "seconds_to_convert": took // timedelta(seconds=1) if is_converted else None,
        "is_converted": is_converted,
        "entered_at": entry["event_at"],
        "last_step_at": last["event_at"],
        "entry_date": entry["event_at"].date(),
    }


def _is_at(event: Row, step: Row) -> bool:
    return event["action"] == step["action"] and step["page"] in (None, event["page"])


def funnels_daily(attempts: Iterable[Row], funnels: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows of the mart. Attempts are rows of funnel_attempts, funnels those of the seed."""
    days: dict[tuple[str, Any], list[Row]] = {}
    for attempt in attempts:
        days.setdefault((attempt["funnel"], attempt["entry_date"]), []).append(attempt)
    rows = []
    for (funnel, day), entered in days.items():
        before = None
        steps = [step for step in funnels if step["funnel"] == funnel]
        for step in sorted(steps, key=lambda step: step["step_number"]):
            did = [each for each in entered if each["steps_completed"] >= step["step_number"]]
            took = [each["seconds_to_convert"] for each in did if each["is_converted"]]
            timed = took if step["step_number"] == len(steps) else []
            rows.append(
                {
                    "funnel": funnel,
                    "step_name": step["step_name"],
                    "step_number": step["step_number"],
                    "entered_count": len(entered),
                    "attempt_count": len(did),
                    "total_seconds_to_convert": sum(timed) if timed else None,
                    "conversion_rate": len(did) / len(entered),
                    "step_conversion_rate": len(did) / before if before else None,
                    "mean_seconds_to_convert": sum(timed) / len(timed) if timed else None,
                    "entry_date": day,
                }
            )
            before = len(did)
    return rows
