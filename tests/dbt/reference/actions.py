"""Who did what where, counted event by event."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import timedelta
from typing import Any

Event = Mapping[str, Any]
Row = dict[str, Any]


def actions_by_location(events: Iterable[Event]) -> list[Row]:
    return [
        {
            "location": location,
            "action": action,
            **_counts(found),
            "first_event_at": min(event["event_at"] for event in found),
            "last_event_at": max(event["event_at"] for event in found),
        }
        for (location, action), found in _grouped(events, lambda e: (e["location"], e["action"]))
    ]


def actions_by_location_daily(events: Iterable[Event]) -> list[Row]:
    return [
        {"location": location, "action": action, **_counts(found), "event_date": day}
        for (location, action, day), found in _grouped(
            events, lambda e: (e["location"], e["action"], e["event_at"].date())
        )
    ]


def actions_hourly(events: Iterable[Event]) -> list[Row]:
    def group(event: Event) -> tuple:
        at = event["event_at"]
        into_the_hour = timedelta(minutes=at.minute, seconds=at.second, microseconds=at.microsecond)
        device = "unknown" if event["device"] is None else event["device"]
        return event["location"], device, event["action"], at - into_the_hour

    return [
        {
            "location": location,
            "device": device,
            "action": action,
            **_counts(found),
            "event_hour": hour,
            "event_date": hour.date(),
        }
        for (location, device, action, hour), found in _grouped(events, group)
    ]


def _counts(events: list[Event]) -> Row:
    return {"event_count": len(events), "user_count": len({e["user_id"] for e in events})}


def _grouped(
    events: Iterable[Event], group: Callable[[Event], Hashable]
) -> Iterable[tuple[Any, list[Event]]]:
    groups: dict[Hashable, list[Event]] = {}
    for event in events:
        groups.setdefault(group(event), []).append(event)
    return groups.items()
