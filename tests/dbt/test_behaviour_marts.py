"""Funnels, paths, conversions, sessions and revenue by SQL against the same in plain Python.

On histories that hypothesis makes up: full builds, and runs for one touched day. Of the facts that
the marts are made of, runs for one touched day are compared with full builds.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.dbt.asking import Project, rows_of
from tests.dbt.reference.conversions import conversions, revenue_daily, sessions_daily
from tests.dbt.reference.funnels import funnel_attempts, funnels_daily
from tests.dbt.reference.paths import path_transitions_daily
from tests.dbt.reference.sessions import sessions

Row = dict[str, Any]
Inputs = dict[str, list[Row]]
Ask = Callable[..., list[Row]]
Rebuild = Callable[..., list[Row]]

START = datetime(2025, 1, 1)
# Around the ends of the windows below, none, and what leads from one day to the next. In
# milliseconds, as the cleaned zone is read.
PAUSES = [
    timedelta(0),
    timedelta(milliseconds=59_999),
    timedelta(minutes=1),
    timedelta(minutes=59),
    timedelta(minutes=60),
    timedelta(minutes=60, milliseconds=1),
    timedelta(hours=11),
    timedelta(hours=13),
    timedelta(hours=23),
    timedelta(hours=24),
]
# The longest there can be: so a few events go on for days without a break.
SESSION_GAP = timedelta(hours=24)
# Any of them make a funnel: no event is at two of them.
STEPS = [("login", None), ("view", "/a"), ("view", "/b"), ("purchase", None)]
ACTIONS = [*STEPS, ("view", None), ("purchase", "/a"), ("share", None)]
AMOUNTS = [None, Decimal("0.00"), Decimal("0.01"), Decimal("9999999999.99")]
FATES = ["stays", "comes", "leaves", "changes"]
DEFINITIONS = [
    {"conversion": "bought", "action": "purchase", "page": None, "has_value": True},
    {"conversion": "stayed", "action": "purchase", "page": None, "has_value": False},
    {"conversion": "seen", "action": "view", "page": "/a", "has_value": False},
]
# The key of a row, and a column that a tombstone lacks.
KEYS = {
    "int_events__sessionized": (("event_id", "event_date"), "event_at"),
    "fct_events": (("event_id", "event_date"), "event_at"),
    "fct_sessions": (("session_id", "session_date"), "user_id"),
    "fct_user_days": (("user_id", "activity_date"), "event_count"),
    "fct_purchases": (("event_id", "event_date"), "event_at"),
    "funnel_attempts": (("funnel", "attempt_id"), "entered_at"),
    "funnels_daily": (("funnel", "step_number", "entry_date"), "entered_count"),
    "path_transitions_daily": (("from_page", "to_page", "event_date"), "transition_count"),
    "conversions": (("conversion", "event_id"), "event_at"),
    "sessions_daily": (("location", "device", "session_date"), "session_count"),
}
# Model -> its parents, in the order they are built.
FACTS = {
    "int_events__sessionized": ["int_events__deduplicated"],
    "fct_events": ["int_events__deduplicated", "int_events__sessionized"],
    "fct_sessions": ["fct_events"],
    "fct_user_days": ["fct_events"],
    "fct_purchases": ["fct_events", "fct_purchase_items"],
}


def a_funnel(funnel: str, window: int, steps: Iterable[tuple[str, str | None]]) -> list[Row]:
    """Its rows of the seed."""
    return [
        {
            "funnel": funnel,
            "step_number": number,
            "step_name": f"{action} {page}",
            "action": action,
            "page": page,
            "window_minutes": window,
        }
        for number, (action, page) in enumerate(steps, start=1)
    ]


FUNNELS = a_funnel("long", 1440, STEPS) + a_funnel("short", 60, STEPS[1:])


@st.composite
def histories(draw: st.DrawFn, users: int = 4) -> list[Row]:
    """Rows of fct_events, in the order of nothing."""
    events = []
    for user in range(draw(st.integers(1, users))):
        minutes = draw(st.sampled_from([0, 1, 700, 1380, 1439]))
        at = START + timedelta(days=draw(st.integers(0, 3)), minutes=minutes)
        for number, pause in enumerate(draw(st.lists(st.sampled_from(PAUSES), max_size=12))):
            at += pause
            # ids that are in another order than the events
            event_id = f"{user}-{draw(st.integers(0, 9))}-{number}"
            events.append({"event_id": event_id, "user_id": user, **draw(what_happened(at))})
    return with_sessions(draw(st.permutations(events)))


@st.composite
def what_happened(draw: st.DrawFn, at: datetime) -> Row:
    action, page = draw(st.sampled_from(ACTIONS))
    is_purchase = action == "purchase"
    return {
        "action": action,
        "device": draw(st.sampled_from(["mobile", "desktop", None])),
        "location": draw(st.sampled_from(["EU", "US"])),
        "page": page,
        "currency": draw(st.sampled_from(["EUR", "USD", None])) if is_purchase else None,
        "purchase_total": draw(st.sampled_from(AMOUNTS)) if is_purchase else None,
        "event_at": at,
        "event_date": at.date(),
    }


def with_sessions(events: Iterable[Row]) -> list[Row]:
    events = list(events)
    placed = sessions(events, gap=SESSION_GAP)
    return [
        {**event, "session_id": place.session_id, "session_event_number": place.number}
        for event in events
        for place in [placed[event["event_id"]]]
    ]


@st.composite
def changed_days(draw: st.DrawFn) -> tuple[list[Row], list[Row], date]:
    """A history, the same after events of one day have come, left or changed, and this day."""
    events = draw(histories(users=2))
    day = draw(st.sampled_from([event["event_date"] for event in events] or [START.date()]))
    before, after = [], []
    for event in events:
        fate = draw(st.sampled_from(FATES)) if event["event_date"] == day else "stays"
        if fate != "comes":
            before.append(event)
        if fate == "changes":
            after.append(event | draw(what_happened(event["event_at"])))
        elif fate != "leaves":
            after.append(event)
    return with_sessions(before), with_sessions(after), day


def views(user_id: int, *seen: tuple[int, str], start: datetime = START) -> list[Row]:
    """Views of pages, so many hours after the start."""
    return [
        {
            "event_id": f"{user_id}-{number}",
            "user_id": user_id,
            "action": "view",
            "device": None,
            "location": "EU",
            "page": page,
            "currency": None,
            "purchase_total": None,
            "event_at": at,
            "event_date": at.date(),
        }
        for number, (hours, page) in enumerate(seen)
        for at in [start + timedelta(hours=hours)]
    ]


# As far as a change can be felt: without the event of the first day, user 1's purchase on the third
# goes on with the session of the second; and user 2's session of the third day ends on the fourth.
FIRST, *LATER = views(1, (12, "/a"), (35, "/a"), (58, "/a")) + views(2, (71, "/a"), (73, "/a"))
LATER[1] |= {"action": "purchase"}
FAR = with_sessions([FIRST, *LATER]), with_sessions(LATER), START.date()
# As far back as one must read: without the event of the first day, that of the second would begin
# a session, and the third day's would go on with it.
*EARLIER, LAST = views(1, (12, "/a"), (35, "/a"), (58, "/a"))
BACK = with_sessions(EARLIER), with_sessions([*EARLIER, LAST]), LAST["event_date"]
# An attempt at a funnel, begun before midnight: the step after it comes, and the entry.
ENTRY, STEP = views(1, (23, "/a"), (24, "/b"))
STEP_COMES = with_sessions([ENTRY]), with_sessions([ENTRY, STEP]), STEP["event_date"]
ENTRY_COMES = with_sessions([STEP]), with_sessions([ENTRY, STEP]), ENTRY["event_date"]
# The first and the last day there are, one of which comes again.
FIRST_DAY = views(1, (0, "/a"), (1, "/b"), start=datetime.min)
LAST_DAY = views(2, (22, "/a"), (23, "/b"), start=datetime(9999, 12, 31))
FIRST_COMES = with_sessions(LAST_DAY), with_sessions(FIRST_DAY + LAST_DAY), date.min
LAST_COMES = with_sessions(FIRST_DAY), with_sessions(FIRST_DAY + LAST_DAY), date.max


def edges(test: Callable[..., None]) -> Callable[..., None]:
    """A test of changed days also tries those that a window one day too small would miss."""
    for change in (ENTRY_COMES, STEP_COMES, BACK, FAR):
        test = example(change=change)(test)
    return test


@st.composite
def funnels(draw: st.DrawFn) -> list[Row]:
    """Rows of the seed: up to three funnels of one to four steps."""
    rows = []
    for funnel in ("first", "second", "third")[: draw(st.integers(1, 3))]:
        window = draw(st.sampled_from([1, 60, 1440]))
        steps = draw(st.lists(st.sampled_from(STEPS), min_size=1, unique=True))
        rows += a_funnel(funnel, window, steps)
    return draw(st.permutations(rows))


def fct_sessions(events: Iterable[Row]) -> list[Row]:
    """As far as sessions_daily reads it."""
    members: dict[str, list[Row]] = defaultdict(list)
    for event in sorted(events, key=lambda event: event["session_event_number"]):
        members[event["session_id"]].append(event)
    return [
        {
            "user_id": those[0]["user_id"],
            "device": those[0]["device"],
            "location": those[0]["location"],
            "event_count": len(those),
            "purchase_count": sum(event["action"] == "purchase" for event in those),
            "duration_seconds": (those[-1]["event_at"] - those[0]["event_at"])
            // timedelta(seconds=1),
            "is_bounce": len(those) == 1,
            "session_date": those[0]["event_date"],
        }
        for those in members.values()
    ]


def fct_purchases(events: Iterable[Row]) -> list[Row]:
    """As far as revenue_daily reads it; every other one has items."""
    purchases = [event for event in events if event["action"] == "purchase"]
    return [
        {**event, "unit_count": number if number % 2 else None}
        for number, event in enumerate(purchases)
    ]


def alike(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Rows to compare, whatever their order; their text tells 1 from 1.0, which == does not."""
    return sorted(repr(sorted(row.items())) for row in rows)


@settings(max_examples=30, deadline=None)
@given(events=histories(), steps=funnels())
def test_funnels(ask: Ask, events: list[Row], steps: list[Row]) -> None:
    attempts = ask("funnel_attempts", {"fct_events": events, "funnels": steps})
    assert alike(attempts) == alike(funnel_attempts(events, steps))
    days = ask("funnels_daily", {"funnel_attempts": attempts, "funnels": steps})
    assert alike(days) == alike(funnels_daily(attempts, steps))


@settings(max_examples=30, deadline=None)
@given(events=histories())
def test_paths(ask: Ask, events: list[Row]) -> None:
    rows = ask("path_transitions_daily", {"fct_events": events})
    assert alike(rows) == alike(path_transitions_daily(events))


@settings(max_examples=20, deadline=None)
@given(events=histories())
def test_conversions_sessions_and_revenue(ask: Ask, events: list[Row]) -> None:
    inputs = {"fct_events": events, "conversion_definitions": DEFINITIONS}
    rows = ask("conversions", inputs)
    assert alike(rows) == alike(conversions(events, DEFINITIONS))
    rows = ask("sessions_daily", {"fct_sessions": fct_sessions(events)})
    assert alike(rows) == alike(sessions_daily(fct_sessions(events)))
    rows = ask("revenue_daily", {"fct_purchases": fct_purchases(events)})
    assert alike(rows) == alike(revenue_daily(fct_purchases(events)))


@pytest.fixture(scope="session")
def rebuild(connect: Callable[[str], Any], ask: Ask, root: Path) -> Rebuild:
    """What a model's table holds after a run for one touched day, merged as dbt merges.

    `loaded` is what it held before; `variables` stand in for those of dbt_project.yml.
    """
    athena, project = connect("athena"), Project(root)

    def rebuilt(
        model: str, inputs: Inputs, loaded: list[Row], day: date, **variables: int
    ) -> list[Row]:
        sql = project.sql(model, inputs, variables, [str(day)])
        table, count = f"from {model}\n", sql.count(f"from {model}\n")
        assert count == 1
        sql = sql.replace(table, f"from {project.relation(model, loaded)}\n")
        key, alive = KEYS[model]
        held = {tuple(row[column] for column in key): row for row in loaded}
        for row in rows_of(athena, sql):
            found = tuple(row[column] for column in key)
            if row[alive] is None:
                del held[found]
            else:
                held[found] = row
        return list(held.values())

    return rebuilt


@settings(max_examples=20, deadline=None)
@edges
@example(change=FIRST_COMES)
@example(change=LAST_COMES)
@given(change=changed_days())
def test_a_touched_day_changes_no_day_that_is_not_rebuilt(
    rebuild: Rebuild, change: tuple[list[Row], list[Row], date]
) -> None:
    before, after, day = change
    for model, answer, parents in [
        ("funnel_attempts", lambda e: funnel_attempts(e, FUNNELS), {"funnels": FUNNELS}),
        ("path_transitions_daily", path_transitions_daily, {}),
        (
            "conversions",
            lambda e: conversions(e, DEFINITIONS),
            {"conversion_definitions": DEFINITIONS},
        ),
    ]:
        held = rebuild(model, {"fct_events": after, **parents}, answer(before), day)
        assert alike(held) == alike(answer(after))

    then, now = (funnel_attempts(events, FUNNELS) for events in (before, after))
    inputs = {"funnel_attempts": now, "funnels": FUNNELS}
    held = rebuild("funnels_daily", inputs, funnels_daily(then, FUNNELS), day)
    assert alike(held) == alike(funnels_daily(now, FUNNELS))

    then, now = (fct_sessions(events) for events in (before, after))
    held = rebuild("sessions_daily", {"fct_sessions": now}, sessions_daily(then), day)
    assert alike(held) == alike(sessions_daily(now))


@settings(max_examples=6, deadline=None)
@edges
@given(change=changed_days())
def test_a_touched_day_changes_no_fact_of_a_day_that_is_not_rebuilt(
    ask: Ask, rebuild: Rebuild, change: tuple[list[Row], list[Row], date]
) -> None:
    *histories, day = change
    gap = SESSION_GAP // timedelta(minutes=1)
    then, now = (
        {"int_events__deduplicated": events, "fct_purchase_items": []} for events in histories
    )
    for model, parents in FACTS.items():
        before, after = ({name: built[name] for name in parents} for built in (then, now))
        then[model], now[model] = (
            ask(model, inputs, session_gap_minutes=gap) for inputs in (before, after)
        )
        held = rebuild(model, after, then[model], day, session_gap_minutes=gap)
        assert alike(held) == alike(now[model])
