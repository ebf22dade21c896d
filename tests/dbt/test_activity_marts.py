"""What is counted per day, hour and week by SQL against counts by loops, on made-up histories."""

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.dbt.asking import Project, rows_of
from tests.dbt.reference import actions
from tests.dbt.reference.active_users import active_users_daily
from tests.dbt.reference.lifecycle import user_lifecycle_daily
from tests.dbt.reference.retention import retention_cohorts

Rows = list[dict[str, Any]]
Ask = Callable[..., Rows]
UserDays = set[tuple[int, date]]

# A Wednesday; a week later the year is another one.
FIRST_DAY = date(2024, 12, 25)
# Around what matters: the next day, weeks and their edges, 28 days and theirs, and longer silence.
STEPS = st.sampled_from([1, 2, 5, 6, 7, 8, 13, 26, 27, 28, 29, 30, 56, 57])
WRONG = st.sampled_from([date(2024, 11, 30), date(2026, 12, 31), date.max])
# When the newest events arrived.
ARRIVALS = st.integers(0, 500).map(lambda days: FIRST_DAY + timedelta(days=days))
EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "user_id": st.integers(1, 3),
            "action": st.sampled_from(["login", "view", "purchase"]),
            "device": st.sampled_from(["mobile", "unknown", None]),
            "location": st.sampled_from(["EU", "US"]),
            # milliseconds around the hours that surround a midnight
            "event_at": st.builds(
                lambda hours, milliseconds: (
                    datetime(2025, 1, 1) + timedelta(hours=hours, milliseconds=milliseconds)
                ),
                st.sampled_from([0, 1, 23, 24, 25]),
                st.sampled_from([-1, 0, 1, 1_800_000]),
            ),
        }
    ),
    max_size=30,
)
EXAMPLES = settings(max_examples=60, deadline=None)


@st.composite
def histories(draw: st.DrawFn, wrong_clocks: bool = False) -> UserDays:
    """On which days up to five users were active, or said to be by a clock that is wrong."""
    user_days = set()
    if wrong_clocks:
        user_days |= {(draw(st.integers(0, 5)), day) for day in draw(st.lists(WRONG, max_size=2))}
    for user in range(draw(st.integers(0, 5))):
        day = FIRST_DAY + timedelta(days=draw(st.integers(0, 40)))
        user_days.add((user, day))
        for step in draw(st.lists(STEPS, max_size=8)):
            day += timedelta(days=step)
            user_days.add((user, day))
    return user_days


def after(*days: int) -> UserDays:
    """One user, active so many days after the first day."""
    return {(1, FIRST_DAY + timedelta(days=day)) for day in days}


CALENDAR_FROM = date(2024, 12, 1)
CALENDAR = f"""
    select date_day, cast(date_trunc('week', date_day) as date) as week_start
    from unnest(sequence(date '{CALENDAR_FROM}', date '2026-12-31')) as calendar (date_day)
"""
# The first and the last day there are: the flatten job takes what clocks say.
ENDS = {(1, date.min), (1, date.max), *after(0)}


def ask_of(
    ask: Ask, model: str, user_days: UserDays, arrival: date = date.max, **variables: Any
) -> Rows:
    rows = [{"user_id": user, "activity_date": day} for user, day in user_days]
    daily = [{"event_date": day, "ingest_date": arrival} for _, day in user_days]
    inputs = {"fct_user_days": rows, "int_events__daily": daily, "dim_dates": CALENDAR}
    return ask(model, inputs, **variables)


def newest_of(user_days: UserDays, arrival: date) -> date:
    return min(arrival, max((day for _, day in user_days), default=arrival))


def in_order(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: [str(value) for value in row.values()])


@EXAMPLES
@example(user_days=after(0, 6) | {(2, day) for _, day in after(7, 27, 28)})
@example(user_days=ENDS)
@given(user_days=histories())
def test_active_users_equal_those_of_a_loop(ask: Ask, user_days: UserDays) -> None:
    found = ask_of(ask, "active_users_daily", user_days)
    assert in_order(found) == in_order(active_users_daily(user_days))


@EXAMPLES
@example(user_days=after(0, 28, 57), arrival=date.max, dormant_after_days=28)
@example(user_days=ENDS, arrival=FIRST_DAY, dormant_after_days=28)
@given(
    user_days=histories(wrong_clocks=True),
    arrival=ARRIVALS,
    dormant_after_days=st.sampled_from([1, 2, 7, 28, 30]),
)
def test_the_lifecycle_equals_that_of_a_loop(
    ask: Ask, user_days: UserDays, arrival: date, dormant_after_days: int
) -> None:
    found = ask_of(
        ask, "user_lifecycle_daily", user_days, arrival, dormant_after_days=dormant_after_days
    )
    newest = newest_of(user_days, arrival)
    assert in_order(found) == in_order(user_lifecycle_daily(user_days, newest, dormant_after_days))


@EXAMPLES
@given(user_days=histories())
def test_the_lifecycle_explains_every_change_of_monthly_users(
    ask: Ask, user_days: UserDays
) -> None:
    """The promise that the description of user_lifecycle_daily makes."""
    changes: Counter[date] = Counter()
    for row in ask_of(ask, "user_lifecycle_daily", user_days):
        sign = {"new": 1, "resurrected": 1, "returning": 0, "dormant": -1}[row["lifecycle_status"]]
        changes[row["activity_date"]] += sign * row["user_count"]
    for row in ask_of(ask, "active_users_daily", user_days):
        until = row["activity_date"]
        assert row["monthly_active_users"] == sum(
            change for day, change in changes.items() if day <= until
        )


@EXAMPLES
@example(user_days=after(0, 6, 13), arrival=date.max)
@example(user_days=ENDS, arrival=FIRST_DAY)
@given(user_days=histories(wrong_clocks=True), arrival=ARRIVALS)
def test_cohorts_equal_those_of_a_loop(ask: Ask, user_days: UserDays, arrival: date) -> None:
    found = ask_of(ask, "retention_cohorts", user_days, arrival)
    newest = newest_of(user_days, arrival)
    assert in_order(found) == in_order(retention_cohorts(user_days, newest, CALENDAR_FROM))


@pytest.mark.parametrize(
    "model", ["actions_by_location", "actions_by_location_daily", "actions_hourly"]
)
@EXAMPLES
@given(events=EVENTS)
def test_actions_equal_those_of_a_loop(ask: Ask, model: str, events: Rows) -> None:
    rows = [event | {"event_date": event["event_at"].date()} for event in events]
    daily = rolled_up(events)
    expected = getattr(actions, model)(events)
    found = ask(model, {"fct_events": rows, "int_events__daily": daily})
    assert in_order(found) == in_order(expected)


def rolled_up(events: Rows) -> Rows:
    """As far as actions_by_location reads them: some rows a day, location and action."""
    found: dict[tuple, list[datetime]] = {}
    for event in events:
        key = (event["location"], event["action"], event["device"], event["event_at"].date())
        found.setdefault(key, []).append(event["event_at"])
    return [
        {"location": location, "action": action, "event_count": len(times)}
        | {"first_event_at": min(times), "last_event_at": max(times)}
        for (location, action, _, _), times in found.items()
    ]


@settings(max_examples=30, deadline=None)
@example(user_days=after(0, 27), day=FIRST_DAY + timedelta(days=27), active={1, 2})
@example(user_days=after(0, 27, 54, 55), day=FIRST_DAY + timedelta(days=27), active=set())
@example(user_days=ENDS, day=date.min, active={2})
@example(user_days=ENDS, day=date.max, active=set())
@given(
    user_days=histories(),
    day=st.integers(0, 60).map(lambda days: FIRST_DAY + timedelta(days=days)),
    active=st.sets(st.integers(0, 5)),
)
def test_a_day_published_again_changes_active_users_as_a_full_refresh_does(
    ask: Ask,
    connect: Callable[[str], Any],
    root: Path,
    user_days: UserDays,
    day: date,
    active: set[int],
) -> None:
    """What the run reads and merges ends 27 days from the day, on either side as far as needed."""
    before = ask_of(ask, "active_users_daily", user_days)
    user_days = {each for each in user_days if each[1] != day} | {(user, day) for user in active}

    project = Project(root)
    loaded = project.relation("active_users_daily", before)
    rows = [{"user_id": user, "activity_date": at} for user, at in user_days]
    user_days_now = project.relation("fct_user_days", rows)
    sql = project.render("active_users_daily", lambda _: user_days_now, [str(day)])
    sql = sql.replace("with\n", f"with\n\nactive_users_daily as {loaded},\n", 1)

    table = {row["activity_date"]: row for row in before}
    for row in rows_of(connect("athena"), sql):
        assert table.get(row["activity_date"]) != row
        table[row["activity_date"]] = row
        if row["daily_active_users"] is None:
            del table[row["activity_date"]]
    assert in_order(list(table.values())) == in_order(ask_of(ask, "active_users_daily", user_days))
