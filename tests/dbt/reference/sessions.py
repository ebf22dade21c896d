"""Sessions as the description of int_events__sessionized has them, one event at a time."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

Event = Mapping[str, Any]

GAP = timedelta(minutes=30)


class Placed(NamedTuple):
    """Where an event stands: which session, and at which place in it, from 1."""

    session_id: str
    number: int


def sessions(
    events: Iterable[Event],
    gap: timedelta = GAP,
    starts: Iterable[str] = ("login",),
    ends: Iterable[str] = ("logout",),
) -> dict[str, Placed]:
    """event_id -> its place. Events have event_id, user_id, action and event_at."""
    placed: dict[str, Placed] = {}
    ordered = sorted(events, key=lambda e: (e["user_id"], e["event_at"], e["event_id"]))
    for _, history in groupby(ordered, key=lambda e: e["user_id"]):
        session, number = "", 0
        last: Event | None = None
        # the newest day on which the user took a break, of those walked through so far
        day_of_break: date | None = None
        for event in history:
            is_break = (
                last is None
                or event["event_at"] - last["event_at"] > gap
                or event["action"] in starts
                or last["action"] in ends
            )
            went_on_all_day = (
                last is not None
                and _day(last) < _day(event)
                and day_of_break is not None
                and day_of_break < _day(last)
            )
            if is_break:
                day_of_break = _day(event)
            if is_break or went_on_all_day:
                session, number = event["event_id"], 0
            number += 1
            placed[event["event_id"]] = Placed(session, number)
            last = event
    return placed


def _day(event: Event) -> date:
    at: datetime = event["event_at"]
    return at.date()
