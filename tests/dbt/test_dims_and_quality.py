"""Versions of profiles, drift and volumes by SQL, against loops over rows that hypothesis makes up.

The arithmetic of the other dimensions and quality marts is in the unit tests beside them, and
whether a run adds up to a full refresh is for test_any_order.py to show.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dbt.reference.quality import TRACKED, drift, versions, volumes

Ask = Callable[..., list[dict[str, Any]]]
Rows = list[dict[str, Any]]

FIRST = date(2025, 1, 1)
EXAMPLES = settings(max_examples=50, deadline=None)
UPDATES = st.builds(
    lambda user, minute, day, content: {
        "user_id": user,
        "updated_at": minute and datetime(2025, 1, 1) + timedelta(minutes=minute),
        "ingest_date": FIRST + timedelta(days=day),
        **dict(zip(TRACKED, content, strict=True)),
    },
    st.sampled_from([1, 1, 1, 2, None]),
    st.sampled_from([1, 2, 3, 4, 5, None]),
    st.integers(0, 2),
    st.tuples(
        # mostly the same, so that one column alone changes often
        st.sampled_from(["a", "a", "a", "b", None]),
        st.sampled_from(["DE", None]),
        st.sampled_from(["free", "free", "free", "pro"]),
        st.sampled_from([datetime(2024, 12, 1)] * 3 + [None]),
    ),
)


def a_day(most: int) -> st.SearchStrategy[date]:
    return st.integers(0, most).map(lambda days: FIRST + timedelta(days=days))


def test_calendar_days_are_those_of_python(ask: Ask) -> None:
    rows = ask("dim_dates", {}, calendar_from="2019-12-20", calendar_to="2033-01-10")
    assert [row["date_day"] for row in rows] == sorted(row["date_day"] for row in rows)
    assert (rows[0]["date_day"], rows[-1]["date_day"]) == (date(2019, 12, 20), date(2033, 1, 10))
    for row in rows:
        day = row["date_day"]
        assert tuple(day.isocalendar()) == (row["iso_year"], row["iso_week"], row["day_of_week"])
        assert f"{day:%A}" == row["day_name"]
        assert (day.year, day.month) == (row["year_number"], row["month_number"])
        assert (day.month + 2) // 3 == row["quarter_number"]
        assert (day.weekday() > 4) == row["is_weekend"]
        assert day - timedelta(days=day.weekday()) == row["week_start"]
        assert day.replace(day=1) == row["month_start"]


@EXAMPLES
@given(users=st.lists(UPDATES, min_size=4, max_size=20))
def test_versions_of_profiles(ask: Ask, users: Rows) -> None:
    def key(row: dict[str, Any]) -> tuple[int, int]:
        return row["user_id"], row["version_number"]

    answer = ask("dim_users_history", {"stg_raw__users": users})
    assert sorted(answer, key=key) == sorted(versions(users), key=key)


@EXAMPLES
@given(
    daily=st.dictionaries(a_day(14), st.integers(1, 60), min_size=1),
    carried=st.dictionaries(
        st.tuples(st.sampled_from(["page", "extra.ab"]), a_day(14)), st.integers(1, 60)
    ),
)
def test_drift_of_fields(
    ask: Ask, daily: dict[date, int], carried: dict[tuple[str, date], int]
) -> None:
    days = [{"event_date": day, "event_count": count} for day, count in daily.items()]
    fields = [
        {"event_date": day, "field": field, "event_count": min(count, daily[day])}
        for (field, day), count in carried.items()
        if day in daily
    ]
    answer = ask("schema_drift", {"int_events__daily": days, "int_event_fields__daily": fields})
    found = {(row["field"], row["event_date"]): row["drift"] for row in answer}
    assert found == drift(days, fields)
    for row in answer:
        assert row["share"] == row["carrying_count"] / row["event_count"]


@EXAMPLES
@given(
    rows=st.lists(
        st.builds(
            lambda action, weeks, odd, count, late: {
                "action": action,
                "event_date": FIRST + timedelta(days=7 * weeks + odd),
                "ingest_date": FIRST + timedelta(days=7 * weeks + odd + late),
                "event_count": count,
            },
            st.sampled_from(["view", "login"]),
            st.integers(0, 7),
            st.sampled_from([0, 0, 0, 1]),
            st.sampled_from([1, 5, 9, 64, 80, 100, 300]),
            # by a clock that is fast, now and then
            st.sampled_from([0, 0, 0, 0, 1, 1, -20]),
        ),
        min_size=1,
        max_size=30,
    ),
    calendar_starts=st.sampled_from([0, 0, 10]),
)
def test_odd_volumes(ask: Ask, rows: Rows, calendar_starts: int) -> None:
    calendar = [FIRST + timedelta(days=day) for day in range(calendar_starts, 90)]
    inputs = {"int_events__daily": rows, "dim_dates": [{"date_day": day} for day in calendar]}
    answer = ask("volume_anomalies", inputs)
    found = {
        (row["action"], row["event_date"]): (
            row["event_count"],
            row["expected_count"],
            row["is_anomaly"],
        )
        for row in answer
    }
    assert found == volumes(rows, calendar)
    assert len(found) == len(answer)


def test_times_in_unit_tests_are_quoted(root: Path) -> None:
    """dbt writes an unquoted one as a text that Athena casts to null, on both sides of the test."""

    def times(value: Any) -> list[datetime]:
        if isinstance(value, dict | list):
            inner = value.values() if isinstance(value, dict) else value
            return [each for item in inner for each in times(item)]
        return [value] if isinstance(value, datetime) else []

    files = {path.name: yaml.safe_load(path.read_text()) for path in root.glob("models/**/*.yml")}
    tests = [test for file in files.values() for test in file.get("unit_tests", [])]
    assert tests
    assert {test["name"]: times(test) for test in tests if times(test)} == {}


def test_only_what_went_missing_lately_is_a_warning(ask: Ask) -> None:
    """Not what came anew, nor what is long known, nor days that a wrong clock put in the future."""
    last = FIRST + timedelta(days=20)
    days = [last, last - timedelta(days=6), last - timedelta(days=7), last + timedelta(days=1)]
    news = [(day, word) for day in days for word in ("disappeared", "appeared", None)]
    daily = [{"ingest_date": FIRST}, {"ingest_date": last}]
    drifted = [{"field": "page", "drift": word, "event_date": day} for day, word in news]
    counts = {"disappeared": -9.0, "appeared": 9.0, None: None}
    anomalies = [
        {"action": "view", "is_anomaly": bool(word), "deviation": counts[word], "event_date": day}
        for day, word in news
    ]
    for test, parents in {
        "assert_no_field_has_disappeared": {"schema_drift": drifted},
        "assert_no_action_falls_short": {"volume_anomalies": anomalies},
    }.items():
        warnings = ask(test, {**parents, "int_events__daily": daily})
        assert sorted(row["event_date"] for row in warnings) == sorted(days[:2])
