"""Every mart asked through PyAthena, and held to what was generated.

The answers come from ground_truth.json where it counts what the mart counts, and else from the
generated lines and the rules as tests/dbt/reference has them, in plain Python.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import pytest

from tests.dbt.reference.actions import (
    actions_by_location,
    actions_by_location_daily,
    actions_hourly,
)
from tests.dbt.reference.active_users import active_users_daily
from tests.dbt.reference.conversions import conversions, revenue_daily, sessions_daily
from tests.dbt.reference.funnels import funnel_attempts, funnels_daily
from tests.dbt.reference.lifecycle import user_lifecycle_daily
from tests.dbt.reference.paths import path_transitions_daily
from tests.dbt.reference.retention import retention_cohorts
from tests.dbt.reference.sessions import sessions
from tests.pipeline.received import Received, Row, profiles, received

if TYPE_CHECKING:
    from tests.pipeline.conftest import Project

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
MARTS = sorted(path.stem for path in (ROOT / "models" / "marts").rglob("*.sql"))
# A field that none of so many days with events before carried has appeared.
DRIFT_DAYS = 7
# Of an event: when it happened, when it arrived.
DATES = ("event_date", "ingest_date")
CALENDAR_FROM = date(2020, 1, 1)
SECOND = timedelta(seconds=1)
NO_ROW = re.compile(r"where false\s+limit 0\s*$")


class Expected:
    """What the marts must hold, each under its name, as rows of the columns that are compared."""

    def __init__(self, project: Project) -> None:
        self.project = project

    @cached_property
    def received(self) -> Received:
        quarantined = self.project.query(
            "select source_object, line_number from {cleaned}.quarantine"
        )
        assert len(quarantined) == self.project.truth()["malformed"]
        raw = f"s3://{self.project.bucket('raw')}/"
        broken = {
            (url.removeprefix(raw).removesuffix(".gz"), number) for url, number in quarantined
        }
        return received(self.project.folder / "data", broken)

    @cached_property
    def events(self) -> list[Row]:
        """Of fct_events, with their items."""
        events = self.received.events
        placed = sessions(events)
        copies = Counter((e["event_id"], e["event_date"]) for e in self.received.duplicates)
        for event in events:
            place = placed[event["event_id"]]
            event["session_id"], event["session_event_number"] = place.session_id, place.number
            event["duplicate_count"] = copies[event["event_id"], event["event_date"]]
        return events

    @cached_property
    def user_days(self) -> set[tuple]:
        return {(event["user_id"], event["event_date"]) for event in self.events}

    @cached_property
    def newest(self) -> date:
        """The last day of which all is known."""
        return min(max(event[name] for event in self.events) for name in DATES)

    def fct_events(self) -> list[Row]:
        return [{k: v for k, v in event.items() if k != "items"} for event in self.events]

    def fct_sessions(self) -> list[Row]:
        rows = []
        for session_id, events in grouped(self.events, "session_id"):
            pages = [event["page"] for event in events if event["page"] is not None]
            first, last = events[0], events[-1]
            rows.append(
                {
                    "session_id": session_id,
                    "user_id": first["user_id"],
                    "device": first["device"],
                    "location": first["location"],
                    "entry_page": pages[0] if pages else None,
                    "exit_page": pages[-1] if pages else None,
                    "event_count": len(events),
                    "view_count": count(events, "view"),
                    "purchase_count": count(events, "purchase"),
                    "duration_seconds": (last["event_at"] - first["event_at"]) // SECOND,
                    "is_bounce": len(events) == 1,
                    "started_at": first["event_at"],
                    "ended_at": last["event_at"],
                    "session_date": first["event_date"],
                }
            )
        return rows

    def fct_purchases(self) -> list[Row]:
        columns = (
            *("event_id", "order_id", "session_id", "user_id", "device", "location", "currency"),
            *("purchase_total", "item_count", "event_at", "event_date"),
        )
        rows = [
            {
                **{column: event[column] for column in columns},
                "items_total": sum(i["quantity"] * i["unit_price"] for i in event["items"]),
                "unit_count": sum(item["quantity"] for item in event["items"]),
            }
            for event in self.events
            if event["action"] == "purchase"
        ]
        truth = self.project.truth()
        assert len(rows) == truth["purchases"]
        for currency, cents in truth["revenue_cents"].items():
            totals = [row["purchase_total"] for row in rows if row["currency"] == currency]
            assert sum(totals) == Decimal(cents) / 100
        return rows

    def fct_purchase_items(self) -> list[Row]:
        columns = ("event_id", "order_id", "user_id", "currency", "event_at", "event_date")
        rows = [
            {
                **{column: event[column] for column in columns},
                **item,
                "item_number": number,
                "line_total": item["quantity"] * item["unit_price"],
            }
            for event in self.events
            for number, item in enumerate(event["items"], 1)
        ]
        assert len(rows) == self.project.truth()["purchase_items"]
        return rows

    def fct_user_days(self) -> list[Row]:
        return [
            {
                "user_id": user_id,
                "event_count": len(events),
                "view_count": count(events, "view"),
                "purchase_count": count(events, "purchase"),
                "session_count": sum(event["session_event_number"] == 1 for event in events),
                "first_event_at": events[0]["event_at"],
                "last_event_at": events[-1]["event_at"],
                "activity_date": day,
            }
            for (user_id, day), events in grouped(self.events, "user_id", "event_date")
        ]

    def actions_by_location(self) -> list[Row]:
        rows = actions_by_location(self.events)
        columns = ("location", "action", "event_count", "user_count")
        counts = [tuple(row[column] for column in columns) for row in rows]
        assert sorted(counts) == self.project.kept("by_location_action")
        return rows

    def actions_by_location_daily(self) -> list[Row]:
        rows = actions_by_location_daily(self.events)
        columns = ("location", "action", "event_count", "user_count")
        counts = [(str(row["event_date"]), *(row[column] for column in columns)) for row in rows]
        assert sorted(counts) == self.project.kept("by_day_location_action")
        return rows

    def actions_hourly(self) -> list[Row]:
        return actions_hourly(self.events)

    def active_users_daily(self) -> list[Row]:
        rows = active_users_daily(self.user_days)
        assert {str(row["activity_date"]): row["daily_active_users"] for row in rows} == {
            day["event_date"]: day["users_without_logouts"]
            for day in self.project.truth()["active_users"]
            if day["users_without_logouts"]
        }
        return rows

    def user_lifecycle_daily(self) -> list[Row]:
        return user_lifecycle_daily(self.user_days, self.newest)

    def retention_cohorts(self) -> list[Row]:
        return retention_cohorts(self.user_days, self.newest, CALENDAR_FROM)

    def funnel_attempts(self) -> list[Row]:
        return funnel_attempts(self.events, self.seed("funnels"))

    def funnels_daily(self) -> list[Row]:
        return funnels_daily(self.funnel_attempts(), self.seed("funnels"))

    def path_transitions_daily(self) -> list[Row]:
        return path_transitions_daily(self.events)

    def conversions(self) -> list[Row]:
        return conversions(self.events, self.seed("conversion_definitions"))

    def sessions_daily(self) -> list[Row]:
        return sessions_daily(self.fct_sessions())

    def revenue_daily(self) -> list[Row]:
        rows = revenue_daily(self.fct_purchases())
        sold = {
            (str(row["event_date"]), row["location"], row["currency"]): (
                row["purchase_count"],
                row["revenue"] * 100,
            )
            for row in rows
        }
        assert sold == {
            (row["event_date"], row["location"], row["currency"]): (
                row["purchases"],
                row["revenue_cents"],
            )
            for row in self.project.truth()["purchases_by_day_location"]
        }
        return rows

    def dim_actions(self) -> list[Row]:
        described = {row["action"]: row["action_description"] for row in self.seed("actions")}
        fields = ("app_version", "currency", "extra", "item_count", "order_id", "page")
        events_of = dict(grouped(self.events, "action"))
        return [
            {
                "action": action,
                "action_description": described.get(action),
                "observed_fields": ", ".join(
                    field
                    for field in (*fields, "purchase_total")
                    if any(event[field] is not None for event in events_of.get(action, ()))
                ),
                "is_in_contract": action in described,
                **seen(events_of.get(action, ())),
            }
            for action in described.keys() | events_of
        ]

    def dim_devices(self) -> list[Row]:
        return [
            {"device": device, **seen(events)} for device, events in grouped(self.events, "device")
        ]

    def dim_locations(self) -> list[Row]:
        names = {row["location"]: row["location_name"] for row in self.seed("locations")}
        events_of = dict(grouped(self.events, "location"))
        return [
            {
                "location": location,
                "location_name": names.get(location, location),
                **seen(events_of.get(location, ())),
            }
            for location in names.keys() | events_of
        ]

    def dim_dates(self) -> list[Row]:
        days = [CALENDAR_FROM + timedelta(days=n) for n in range(20 * 365 + 5)]
        return [
            {
                "date_day": day,
                "day_name": f"{day:%A}",
                "day_of_week": day.isoweekday(),
                "iso_week": day.isocalendar().week,
                "iso_year": day.isocalendar().year,
                "month_number": day.month,
                "quarter_number": (day.month + 2) // 3,
                "year_number": day.year,
                "is_weekend": day.isoweekday() > 5,
                "week_start": day - timedelta(days=day.weekday()),
                "month_start": day.replace(day=1),
            }
            for day in days
        ]

    def dim_users_history(self) -> list[Row]:
        rows = []
        for user_id, updates in grouped(self.profiles, "user_id", at="updated_at"):
            versions: list[Row] = []
            for profile in updates:
                version = {name: profile[name] for name in ("country", "plan", "signed_up_at")}
                version["email_hash"] = hashed(profile["email"])
                if not versions or versions[-1].items() & version.items() != version.items():
                    if versions:
                        versions[-1]["valid_to"] = profile["updated_at"]
                    versions.append({**version, "valid_from": profile["updated_at"]})
            for number, version in enumerate(versions, 1):
                is_current = number == len(versions)
                version |= {"user_id": user_id, "version_number": number, "is_current": is_current}
                version.setdefault("valid_to", None)
            rows += versions
        truth = self.project.truth()["users"]
        assert len(rows) == truth["documents"]
        for column in ("plan", "country"):
            last = Counter(row[column] for row in rows if row["is_current"])
            assert last == truth[f"last_{column}"]
        return rows

    def dim_users(self) -> list[Row]:
        current = {row["user_id"]: row for row in self.dim_users_history() if row["is_current"]}
        events_of = dict(grouped(self.events, "user_id"))
        rows = []
        for user_id in current.keys() | events_of:
            profile, events = current.get(user_id, {}), events_of.get(user_id, ())
            days = sorted({event["event_date"] for event in events})
            copied = ("email_hash", "country", "plan", "signed_up_at")
            rows.append(
                {
                    "user_id": user_id,
                    **{column: profile.get(column) for column in copied},
                    "updated_at": profile.get("valid_from"),
                    "event_count": len(events),
                    "active_days": len(days),
                    "has_profile": bool(profile),
                    "first_active_on": days[0] if days else None,
                    "last_active_on": days[-1] if days else None,
                }
            )
        return rows

    def event_conservation(self) -> list[Row]:
        rows = []
        for path, counts in self.project.truth()["files"].items():
            dropped = counts["events"].get("logout", 0)
            rows.append(
                {
                    "source_object": f"s3://{self.project.bucket('raw')}/{path}.gz",
                    "line_count": counts["lines"],
                    "cleaned_count": sum(counts["events"].values()) - dropped,
                    "dropped_count": dropped,
                    "duplicate_count": counts["duplicates"],
                    "quarantined_count": sum(counts["malformed"].values()),
                    "difference": 0,
                    "is_balanced": True,
                    "ingest_date": ingest_date(path),
                }
            )
        return rows

    def quarantine_summary(self) -> list[Row]:
        lines: Counter[tuple[str, date]] = Counter()
        objects: Counter[tuple[str, date]] = Counter()
        for path, counts in self.project.truth()["files"].items():
            for reason, n in counts["malformed"].items():
                lines[reason, ingest_date(path)] += n
                objects[reason, ingest_date(path)] += 1
        return [
            {"reason": reason, "line_count": n, "object_count": objects[reason, day]}
            | {"ingest_date": day}
            for (reason, day), n in lines.items()
        ]

    def late_arrivals(self) -> list[Row]:
        delays: Counter[tuple[date, int]] = Counter()
        received: Counter[date] = Counter()
        for arrived in self.project.truth()["by_arrival"]:
            if arrived["action"] != "logout" and arrived["events"]:
                day = date.fromisoformat(arrived["ingest_date"])
                days_late = (day - date.fromisoformat(arrived["event_date"])).days
                delays[day, days_late] += arrived["events"]
                received[day] += arrived["events"]
        return [
            {
                "days_late": days_late,
                "event_count": n,
                "share_of_ingest_date": n / received[day],
                "ingest_date": day,
            }
            for (day, days_late), n in delays.items()
        ]

    def schema_drift(self) -> list[Row]:
        rows = []
        by_day = sorted(grouped(self.events, "event_date"))
        totals = [len(events) for _, events in by_day]
        for field in sorted({field for event in self.events for field in fields_of(event)}):
            carrying = [sum(field in fields_of(event) for event in events) for _, events in by_day]
            for n, (day, _) in enumerate(by_day):
                week = slice(max(n - DRIFT_DAYS, 0), n)
                before, all_before = sum(carrying[week]), sum(totals[week])
                if not any(carrying[: n + 1]) or not (carrying[n] or before):
                    continue
                drift = None
                if carrying[n] and n and not before:
                    drift = "appeared"
                elif not carrying[n] and carrying[n - 1] and before * totals[n] >= 10 * all_before:
                    drift = "disappeared"
                rows.append(
                    {
                        "field": field,
                        "drift": drift,
                        "event_count": totals[n],
                        "carrying_count": carrying[n],
                        "share": carrying[n] / totals[n],
                        "previous_share": before / all_before if n else None,
                        "event_date": day,
                    }
                )
        return rows

    def volume_anomalies(self) -> list[Row]:
        counts = Counter((event["action"], event["event_date"]) for event in self.events)
        days = {day for _, day in counts}
        newest = max(event["ingest_date"] for event in self.events)
        rows = []
        for action in {action for action, _ in counts}:
            for n in range((self.newest - min(days)).days + 1):
                day = min(days) + timedelta(days=n)
                weeks = [day - timedelta(weeks=ago) for ago in (1, 2, 3, 4)]
                usual = [counts[action, week] for week in weeks if week in days]
                expected = float(median(usual)) if len(usual) > 2 else None
                if not counts[action, day] and not expected:
                    continue
                deviation = None if expected is None else counts[action, day] - expected
                is_anomaly = None if day < newest else False
                if deviation is not None:
                    far = abs(deviation) > max(expected / 4, 4 * max(expected, 1) ** 0.5)
                    is_anomaly = far and day < newest
                rows.append(
                    {
                        "action": action,
                        "event_count": counts[action, day],
                        "expected_count": expected,
                        "deviation": deviation,
                        "is_anomaly": is_anomaly,
                        "event_date": day,
                    }
                )
        return rows

    def query_costs(self) -> list[Row]:
        """The nodes of the build by dbt's own results, and their queries by Athena's."""
        results = json.loads((self.project.folder / "target" / "run_results.json").read_text())
        scanned: dict[str, list[int]] = {}
        athena = self.project.client("athena")
        for page in athena.get_paginator("list_query_executions").paginate():
            for query_id in page["QueryExecutionIds"]:
                query = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
                node = re.search(r'"node_id": "([^"]+)"', query["Query"])
                is_free = query["StatementType"] != "DML" and (
                    query.get("SubstatementType") != "CREATE_TABLE_AS_SELECT"
                )
                # the adapter asks for no row, to learn the columns
                if node and not is_free and not NO_ROW.search(query["Query"]):
                    bytes_scanned = query["Statistics"]["DataScannedInBytes"]
                    scanned.setdefault(node[1], []).append(bytes_scanned)
        assert scanned
        rows = []
        for result in results["results"]:
            node_id = result["unique_id"]
            if node_id.startswith(("operation.", "exposure.")):
                continue
            # what a unit test asks reads nothing that is stored, and is not noted
            queries = [] if node_id.startswith("unit_test.") else scanned.get(node_id, [])
            megabytes = sum(max(-(-n // 2**20), 10) for n in queries)
            rows.append(
                {
                    "invocation_id": results["metadata"]["invocation_id"],
                    "node_id": node_id,
                    "status": result["status"],
                    "command": "build",
                    "query_count": len(queries),
                    "bytes_scanned": sum(queries),
                    "bytes_billed": megabytes * 2**20,
                    "cost_usd": megabytes * 5.0 / 2**20,
                }
            )
        return rows

    @cached_property
    def profiles(self) -> list[Row]:
        return profiles(self.project.folder / "data")

    def seed(self, name: str) -> list[Row]:
        """Its rows, typed as the seed is."""
        with (ROOT / "seeds" / f"{name}.csv").open() as file:
            return [{k: typed(v) for k, v in row.items()} for row in csv.DictReader(file)]


def typed(text: str) -> str | int | bool | None:
    if text in ("", "true", "false"):
        return None if not text else text == "true"
    return int(text) if text.isdigit() else text


def ingest_date(path: str) -> date:
    return date.fromisoformat(path.split("/")[1].removeprefix("ingest_date="))


def hashed(email: str) -> str:
    """As nobody gave a salt."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()


def seen(events: Iterable[Row]) -> Row:
    times = [event["event_at"] for event in events]
    return {
        "event_count": len(times),
        "first_event_at": min(times, default=None),
        "last_event_at": max(times, default=None),
    }


def fields_of(event: Row) -> set[str]:
    """Optional fields that the event carries."""
    known = ("order_id", "app_version", "page", "currency", "purchase_total", "item_count")
    unknown = (event["extra"] or {}).get("metadata", {})
    return {name for name in known if event[name] is not None} | {
        f"extra.metadata.{name}" for name in unknown
    }


def grouped(
    rows: Iterable[Row], *columns: str, at: str = "event_at"
) -> Iterable[tuple[Any, list[Row]]]:
    """Rows of one value, or tuple of values, in the order in which they happened."""
    groups: dict[Any, list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row[at], row.get("event_id", ""))):
        values = tuple(row[column] for column in columns)
        groups.setdefault(values if len(columns) > 1 else values[0], []).append(row)
    return groups.items()


def count(events: Iterable[Row], action: str) -> int:
    return sum(event["action"] == action for event in events)


def counted(rows: Iterable[Row]) -> Counter[tuple[tuple[str, Any], ...]]:
    """The rows, comparable whatever their order."""
    return Counter(
        tuple(
            (column, json.dumps(value, sort_keys=True) if column == "extra" else value)
            for column, value in sorted(row.items())
        )
        for row in rows
    )


@pytest.fixture(scope="module")
def expected(months: Project) -> Expected:
    return Expected(months)


@pytest.mark.parametrize("mart", MARTS)
def test_a_mart_holds_what_was_generated(expected: Expected, mart: str) -> None:
    rows: list[Row] = getattr(expected, mart)()
    assert rows
    columns = list(rows[0])
    cursor = expected.project.cursor().execute(
        f"select {', '.join(columns)} from user_activity_analytics.{mart}"
    )
    found = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    for row in found:
        if row.get("extra"):
            row["extra"] = json.loads(row["extra"], parse_float=str)
    found, rows = counted(found), counted(rows)
    assert (found - rows, rows - found) == (Counter(), Counter())


def test_the_data_set_has_all_that_can_go_wrong(expected: Expected) -> None:
    truth = expected.project.truth()
    assert min(truth[key] for key in ("duplicates", "late", "malformed")) > 0
    assert any(truth["conversions"].values())
    assert any(event["extra"] for event in expected.events)
    assert expected.received.dropped
