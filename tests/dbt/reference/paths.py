"""Paths as the description of path_transitions_daily has them, a session at a time."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import pairwise
from typing import Any

Row = Mapping[str, Any]
Step = tuple[str, str, date]


def path_transitions_daily(events: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows of the mart. Events have session_id, session_event_number, page and event_date."""
    sessions: dict[str, list[Row]] = {}
    for event in sorted(events, key=lambda event: event["session_event_number"]):
        if event["page"] is not None:
            sessions.setdefault(event["session_id"], []).append(event)
    taken: Counter[Step] = Counter()
    taken_by: Counter[Step] = Counter()
    for pages in sessions.values():
        steps = _steps(pages)
        taken.update(steps)
        taken_by.update(set(steps))
    return [
        {
            "from_page": step[0],
            "to_page": step[1],
            "transition_count": count,
            "session_count": taken_by[step],
            "event_date": step[2],
        }
        for step, count in taken.items()
    ]


def _steps(pages: list[Row]) -> list[Step]:
    first, last = pages[0], pages[-1]
    return [
        ("(entry)", first["page"], first["event_date"]),
        *((one["page"], next_["page"], next_["event_date"]) for one, next_ in pairwise(pages)),
        (last["page"], "(exit)", last["event_date"]),
    ]
