"""The generated users behave like people."""

import json
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from loaders import generate
from loaders.generate import Parameters
from tests.loaders.recount import events_of, lines_of, profiles_of

PARAMETERS = Parameters(
    events=20_000, days=4, users=5_000, duplicates=0, malformed=0, late=0, skew=0
)
DAYS = [date(2025, 1, 1) + timedelta(days=day) for day in range(4)]
MIDNIGHT = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people") / "data"
    generate.generate(PARAMETERS, folder)
    return folder


@pytest.fixture(scope="module")
def events(folder: Path) -> list[dict[str, Any]]:
    lines = lines_of(folder, PARAMETERS.max_lines_per_file)
    return [line.document for line in events_of(lines)]


@pytest.fixture(scope="module")
def profiles(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    return profiles_of(folder)


def test_documents_keep_the_contract(events: list[dict[str, Any]]) -> None:
    for event in events:
        assert UUID(event["event_id"]).variant == "specified in RFC 4122"
        assert 1 <= event["user_id"] <= PARAMETERS.users
        assert event["at"].date() in DAYS
        metadata = event["metadata"]
        assert metadata["device"] in {"mobile", "desktop", "tablet"}
        assert metadata["location"] in {"US", "EU", "ASIA"}
        assert ("page" in metadata) == (event["action"] in {"view", "share"})
        assert ("purchase" in metadata) == (event["action"] == "purchase")
        if purchase := metadata.get("purchase"):
            assert purchase.keys() == {"order_id", "currency", "total", "items"}
            assert 1 <= len(purchase["items"]) <= 4
            amounts = [item["quantity"] * item["unit_price"] for item in purchase["items"]]
            assert sum(amounts) == purchase["total"]


def test_the_schema_drifts_and_not_before_its_day(events: list[dict[str, Any]]) -> None:
    firsts: dict[str, date] = {}
    for event in sorted(events, key=lambda event: event["at"]):
        metadata, day = event["metadata"], event["at"].date()
        for key in metadata.keys() - {"device", "location", "app_version", "page", "purchase"}:
            firsts.setdefault(key, day)
        firsts.setdefault(event["action"], day)
        if type(metadata.get("app_version")) not in (str, type(None)):
            firsts.setdefault("version as number", day)
    assert firsts.pop("share") == DAYS[2]
    for change in ("experiment", "app_build", "version as number"):
        assert firsts.pop(change) == DAYS[2]
    assert firsts == dict.fromkeys(("login", "view", "purchase", "logout"), DAYS[0])


def test_users_actions_and_locations_are_skewed(events: list[dict[str, Any]]) -> None:
    users = Counter(event["user_id"] for event in events)
    most_active = sum(count for _, count in users.most_common(50))
    assert 0.15 < most_active / len(events) < 0.35
    assert len(users) > 1_000
    actions = Counter(event["action"] for event in events)
    assert actions["view"] > actions["login"] > actions["logout"] > actions["purchase"] > 1_000
    assert 0 < actions["share"] < 100
    locations = Counter(event["metadata"]["location"] for event in events)
    assert locations["US"] > locations["EU"] > locations["ASIA"] > 2_000


def test_people_sleep_at_night_where_they_are(events: list[dict[str, Any]]) -> None:
    for location, zone in (("US", -5), ("EU", 1), ("ASIA", 8)):
        hours = Counter(
            (event["at"] + timedelta(hours=zone)).hour
            for event in events
            if event["metadata"]["location"] == location
        )
        evening, night = (sum(hours[h] for h in span) for span in (range(19, 23), range(1, 5)))
        assert evening > 6 * night


def test_a_session_begins_with_the_login_and_ends_with_the_logout(
    events: list[dict[str, Any]],
) -> None:
    by_user_day: dict[tuple[int, date], list[tuple[datetime, str]]] = defaultdict(list)
    for event in events:
        by_user_day[event["user_id"], event["at"].date()].append((event["at"], event["action"]))
    one_session = [
        [action for _, action in sorted(visit)]
        for visit in by_user_day.values()
        # a whole one and no other: they last less than 2.5 hours
        if [action for _, action in visit].count("login") == 1
        and [action for _, action in visit].count("logout") == 1
        and max(visit)[0] - min(visit)[0] < timedelta(hours=2.5)
    ]
    assert len(one_session) > 300
    in_order = [visit[0] == "login" and visit[-1] == "logout" for visit in one_session]
    assert sum(in_order) / len(in_order) > 0.95
    buyers = [visit for visit in one_session if "purchase" in visit]
    assert len(buyers) > 50
    assert all("view" in visit[: visit.index("purchase")] for visit in buyers)


def test_every_user_of_an_event_signed_up_before_it(
    events: list[dict[str, Any]], profiles: list[tuple[str, dict[str, Any]]]
) -> None:
    signed_up = {
        document["user_id"]: datetime.fromisoformat(document["signed_up_at"])
        for _, document in profiles
    }
    assert signed_up.keys() == set(range(1, PARAMETERS.users + 1))
    assert all(signed_up[event["user_id"]] < event["at"] for event in events)
    new = {user for user, moment in signed_up.items() if moment >= MIDNIGHT}
    assert len(new) == PARAMETERS.users * 3 // 10
    assert sum(event["user_id"] in new for event in events) > 500


def test_profiles_are_a_feed_of_changes(profiles: list[tuple[str, dict[str, Any]]]) -> None:
    last: dict[int, dict[str, Any]] = {}
    changes = Counter[str]()
    for ingest_date, document in profiles:
        assert document.keys() == {
            *("user_id", "name", "email", "country", "plan", "signed_up_at", "updated_at")
        }
        before = last.get(document["user_id"])
        last[document["user_id"]] = document
        if before is None:
            assert document["updated_at"] == document["signed_up_at"]
            # everybody there was before lands on the first day
            assert (
                document["updated_at"] < str(DAYS[0]) or document["updated_at"][:10] == ingest_date
            )
            assert ingest_date == str(DAYS[0]) or document["updated_at"][:10] == ingest_date
            continue
        assert document["updated_at"][:10] == ingest_date
        assert document["updated_at"] > before["updated_at"]
        changed = {key for key in document if document[key] != before[key]} - {"updated_at"}
        assert changed and changed <= {"plan", "country"}
        changes.update(changed)
        if "plan" in changed:
            plans = ["free", "pro", "business"]
            assert plans.index(document["plan"]) == plans.index(before["plan"]) + 1
    assert changes["plan"] > changes["country"] > 50
    assert len({document["email"] for document in last.values()}) == PARAMETERS.users
    assert {document["plan"] for document in last.values()} == {"free", "pro", "business"}
    assert len({document["country"] for document in last.values()}) == 18
    assert any(not document["name"].isascii() for document in last.values())


def test_profiles_are_plain_json_lines(folder: Path) -> None:
    for path in folder.glob("users/*/*"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert json.loads(line)["name"].strip()
