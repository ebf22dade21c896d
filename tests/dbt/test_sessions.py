"""Sessions by SQL against sessions by a loop, on histories that hypothesis makes up."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.dbt.reference.sessions import sessions

START = datetime(2025, 1, 1)
COLUMNS = ("event_id", "user_id", "action", "event_at", "event_date")

# Pauses around what matters: none, the gap to the microsecond, hours, days.
PAUSES = st.sampled_from(
    [
        timedelta(0),
        timedelta(minutes=7),
        timedelta(minutes=30),
        timedelta(minutes=30, microseconds=1),
        timedelta(hours=5),
        timedelta(hours=24),
        timedelta(days=3),
    ]
)
# Going on for days without a break takes many events.
MARATHON = st.integers(40, 250).map(lambda n: [timedelta(minutes=29)] * n)
ACTIONS = st.sampled_from(["view"] * 8 + ["login", "purchase", "logout"])


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """The events of up to three users, in the order of nothing."""
    events = []
    for user in range(draw(st.integers(1, 3))):
        at = START + timedelta(minutes=draw(st.integers(0, 2 * 24 * 60)))
        pauses = draw(st.lists(PAUSES, max_size=12))
        if draw(st.booleans()):
            middle = draw(st.integers(0, len(pauses)))
            pauses[middle:middle] = draw(MARATHON)
        for number, pause in enumerate([timedelta(0), *pauses]):
            at += pause
            action = draw(ACTIONS) if len(pauses) < 30 or number % 9 == 0 else "view"
            # ids that are in another order than the events
            events.append(an_event(f"{user}-{draw(st.integers(0, 9))}-{number}", user, action, at))
    return draw(st.permutations(events)) if len(events) < 20 else events[::-1]


def an_event(event_id: str, user_id: int, action: str, at: datetime) -> dict[str, Any]:
    return dict(zip(COLUMNS, (event_id, user_id, action, at, at.date()), strict=True))


TWO_DAYS = [
    an_event(f"e{number:03}", 1, "view", START + number * timedelta(minutes=29))
    for number in range(200)
]
FIRST_AND_LAST_DAY = [
    an_event("a", 1, "view", datetime.min),
    an_event("b", 1, "view", datetime.max),
]


@settings(max_examples=60, deadline=None)
@example(events=TWO_DAYS)
@example(events=FIRST_AND_LAST_DAY)
@given(events=histories())
def test_sessions_equal_those_of_a_loop(
    ask: Callable[..., list[dict[str, Any]]], events: list[dict[str, Any]]
) -> None:
    rows = ask("int_events__sessionized", {"int_events__deduplicated": events})
    found = {row["event_id"]: (row["session_id"], row["session_event_number"]) for row in rows}
    assert len(rows) == len(events)
    assert found == sessions(events)


def test_the_rule_can_be_set(ask: Callable[..., list[dict[str, Any]]]) -> None:
    events = [
        an_event("a", 1, "view", START),
        an_event("b", 1, "login", START + timedelta(minutes=40)),
        an_event("c", 1, "open", START + timedelta(minutes=50)),
    ]
    rows = ask(
        "int_events__sessionized",
        {"int_events__deduplicated": events},
        session_gap_minutes=60,
        session_start_actions=["open", "start"],
    )
    assert {row["event_id"]: row["session_id"] for row in rows} == {"a": "a", "b": "a", "c": "c"}


def test_a_session_touches_at_most_two_days(ask: Callable[..., list[dict[str, Any]]]) -> None:
    rows = ask("int_events__sessionized", {"int_events__deduplicated": TWO_DAYS})
    days: dict[str, set] = {}
    for row in rows:
        days.setdefault(row["session_id"], set()).add(row["event_date"])
    assert len(set().union(*days.values())) == 5
    assert max(map(len, days.values())) == 2
