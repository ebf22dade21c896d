"""The dbt project against a running endpoint: the real adapter, S3, Glue and Athena calls.

The zones are written by hand here, as the crawler and the flatten job leave them; that these
really leave them so is for tests/pipeline to show.
"""

import gzip
import hashlib
import io
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from glue.tables import ACTIVITY_SCHEMA
from loaders import publication, published_days
from loaders.cleaned_state import State
from tests.dbt.asking import texts_of
from tests.dbt.local_endpoint import client_of, running

pytestmark = pytest.mark.slow

LOGS = """
create external table user_activity_raw.logs (
    event_id string,
    user_id int,
    action string,
    `timestamp` string,
    metadata struct<device:string,location:string,app_version:string,page:string>
)
partitioned by (ingest_date string)
row format serde 'org.openx.data.jsonserde.JsonSerDe'
with serdeproperties ('ignore.malformed.json' = 'true')
location 's3://user-activity-raw/logs/'
"""
MIDNIGHT = datetime(2025, 1, 1)
# Unit tests bring their own rows: once is enough, in test_build_answers_the_question.
BUILD = ["build", "--exclude-resource-type", "unit_test"]


def declared(root: Path, source: str) -> str:
    """What `uap declare` runs."""
    return (
        (root / f"loaders/ddl/raw_{source}.sql")
        .read_text()
        .format(
            database="user_activity_raw",
            table=source,
            location=f"s3://user-activity-raw/{source}/",
            first="2025-01-01",
            digest="",
        )
    )


def source_object(day: datetime) -> str:
    return f"s3://user-activity-raw/logs/ingest_date={day:%Y-%m-%d}/part-0.json.gz"


class Event(NamedTuple):
    """An event of the cleaned zone, and the line of the raw zone it came from."""

    number: int
    day: int
    ingest_day: int
    action: str = "view"
    location: str = "EU"
    device: str = "mobile"

    @property
    def event_id(self) -> str:
        return f"{self.number:08d}-0000-4000-8000-000000000000"

    @property
    def event_at(self) -> datetime:
        return MIDNIGHT + timedelta(days=self.day, seconds=self.number, milliseconds=123)

    @property
    def ingest_date(self) -> datetime:
        return MIDNIGHT + timedelta(days=self.ingest_day)

    def line(self) -> str:
        return json.dumps(
            {
                "event_id": self.event_id,
                "user_id": self.number % 7,
                "action": self.action,
                "timestamp": f"{self.event_at.isoformat(timespec='milliseconds')}Z",
                "metadata": {"device": self.device, "location": self.location},
            }
        )

    def row(self) -> dict[str, Any]:
        return {
            "event_id": self.event_id,
            "user_id": self.number % 7,
            "action": self.action,
            "event_at": self.event_at,
            "device": self.device,
            "location": self.location,
            "source_object": source_object(self.ingest_date),
            "line_number": self.number + 1,
            "ingest_date": self.ingest_date.date(),
        }


EVENTS = [
    Event(
        number,
        day=number % 3,
        ingest_day=number % 3,
        action=("view", "login", "purchase")[number % 5 % 3],
        location=("US", "EU", "ASIA")[number % 7 % 3],
    )
    for number in range(300)
]


class Lake:
    """The raw and cleaned zones on an endpoint, and dbt set to work on them."""

    def __init__(self, environment: dict[str, str], dbt: Callable, target: Path, root: Path):
        self.environment, self.dbt, self.target = environment, dbt, target
        # What published_days says, and what each day holds.
        self.publication, self.days, self.landed = 0, {}, {}
        self.s3, self.glue, self.athena = (
            client_of(environment, service) for service in ("s3", "glue", "athena")
        )
        for zone in ("raw", "cleaned", "analytics", "results"):
            self.s3.create_bucket(Bucket=f"user-activity-{zone}")
        for database in ("user_activity_raw", "user_activity_cleaned"):
            self.glue.create_database(DatabaseInput={"Name": database})
        self.query(LOGS)
        self.query(declared(root, "users"))
        for table in (*publication.TABLES, published_days.TABLE):
            ddl = (root / f"loaders/ddl/{table}.sql").read_text()
            location = f"s3://user-activity-cleaned/{table}/"
            names = {"database": "user_activity_cleaned", "location": location, "revision": 0}
            self.query(ddl.format(**names))

    def query(self, sql: str) -> list[tuple[str | None, ...]]:
        """Rows as text, without the header."""
        return texts_of(self.athena, sql, "s3://user-activity-results/")[1]

    def land(self, events: list[Event]) -> None:
        """Leave these events, and no others, in both zones."""
        for bucket in ("user-activity-raw", "user-activity-cleaned"):
            for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
                for found in page.get("Contents", []):
                    self.s3.delete_object(Bucket=bucket, Key=found["Key"])
        for day in {event.ingest_date for event in events}:
            lines = [event.line() for event in events if event.ingest_date == day]
            # as far as this lake has rows for them
            entry = {"lines": len(lines), "cleaned": len(lines), "dropped": 0, "duplicates": 0}
            entry |= {"source_object": source_object(day), "quarantined": {}, "run_id": "r1"}
            self.s3.put_object(
                Bucket="user-activity-cleaned",
                Key=f"flatten_ledger/ingest_date={day:%Y-%m-%d}/part-0.json.gz",
                Body=gzip.compress(json.dumps(entry).encode()),
            )
            self.s3.put_object(
                Bucket="user-activity-raw",
                Key=f"logs/ingest_date={day:%Y-%m-%d}/part-0.json.gz",
                # sent twice, and then a line cut short
                Body=gzip.compress("\n".join([*lines, lines[0], '{"event_id": "']).encode()),
            )
        for day in {event.event_at.date() for event in events}:
            rows = [event.row() for event in events if event.event_at.date() == day]
            parquet = io.BytesIO()
            pq.write_table(pa.Table.from_pylist(rows, ACTIVITY_SCHEMA), parquet)
            self.s3.put_object(
                Bucket="user-activity-cleaned",
                Key=f"user_activity/event_date={day}/part-0.parquet",
                Body=parquet.getvalue(),
            )
        self.publish(events)
        cleaned = ("user_activity", "flatten_ledger")
        for table in ("user_activity_raw.logs", *(f"user_activity_cleaned.{t}" for t in cleaned)):
            self.query(f"msck repair table {table}")

    def publish(self, events: list[Event]) -> None:
        """Number the days that hold others than before."""
        landed: dict[date, set[Event]] = {}
        for event in events:
            landed.setdefault(event.event_at.date(), set()).add(event)
        self.publication += 1
        for day in self.landed.keys() | landed.keys():
            if self.landed.get(day) != landed.get(day):
                self.days[day] = self.publication
        self.landed = landed
        days = {
            day.isoformat(): {"publication": number, "published_at": f"{MIDNIGHT}+00:00"}
            for day, number in self.days.items()
        }
        self.s3.put_object(
            Bucket="user-activity-cleaned",
            Key="published_days/days.parquet",
            Body=published_days.file(State(days=days)),
        )

    def run(self, *arguments: str, **options: Any) -> dict[str, int | None]:
        """Run dbt, which must succeed; how many rows each model wrote."""
        result = self.dbt(*arguments, **options, **self.environment)
        assert result.returncode == 0, result.stdout
        results = json.loads((self.target / "run_results.json").read_text())["results"]
        return {
            result["unique_id"].rpartition(".")[2]: result["adapter_response"].get("rows_affected")
            for result in results
            if result["unique_id"].startswith("model.")
        }

    def fail(self, *arguments: str, **options: Any) -> str:
        """Run dbt, which must not succeed, and without a traceback; what it says."""
        result = self.dbt(*arguments, **options, **self.environment)
        assert result.returncode != 0
        assert "Traceback" not in result.stdout + result.stderr
        return result.stdout

    def merged_days(self) -> str:
        """The event dates that the latest merge into fct_events was limited to."""
        pages = self.athena.get_paginator("list_query_executions").paginate()
        for query_id in (query_id for page in pages for query_id in page["QueryExecutionIds"]):
            execution = self.athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
            query = execution["Query"]
            if re.search(r"merge into \S*fct_events\W", query):
                days = re.findall(
                    r"target\.event_date between date '(.*?)' and date '(.*?)'", query
                )
                return ", ".join(f"{first} to {last}" for first, last in days)
        raise AssertionError("there was no merge")


@pytest.fixture(scope="module")
def lake(
    tmp_path_factory: pytest.TempPathFactory, dbt: Callable, workspace: Path, root: Path
) -> Iterator[Lake]:
    with running(tmp_path_factory.mktemp("localaws")) as environment:
        yield Lake(environment, dbt, workspace / "target", root)


@pytest.fixture
def project(root: Path, tmp_path: Path) -> Path:
    """A copy of the project, to break."""
    for name in ("dbt_project.yml", "models", "macros", "seeds", "analyses", "tests"):
        source, copy = root / name, tmp_path / name
        shutil.copytree(source, copy) if source.is_dir() else shutil.copy(source, copy)
    return tmp_path


def test_build_answers_the_question(lake: Lake) -> None:
    lake.land(EVENTS)
    lake.run("build", "--full-refresh")

    expected = Counter((event.location, event.action) for event in EVENTS)
    users = {(event.location, event.action, event.number % 7) for event in EVENTS}
    assert sorted(
        lake.query(
            "select location, action, event_count, user_count"
            " from user_activity_analytics.actions_by_location"
        )
    ) == sorted(
        (location, action, str(count), str(sum(u[:2] == (location, action) for u in users)))
        for (location, action), count in expected.items()
    )
    daily = Counter((str(event.event_at.date()), event.location, event.action) for event in EVENTS)
    assert (
        Counter(
            {
                row[:3]: int(row[3])
                for row in lake.query(
                    "select event_date, location, action, event_count"
                    " from user_activity_analytics.actions_by_location_daily"
                )
            }
        )
        == daily
    )


def test_a_run_is_limited_to_the_days_published(lake: Lake) -> None:
    every_event = "select * from user_activity_analytics.fct_events order by event_id"
    lake.land(EVENTS)
    lake.run("run", "--select", "+fct_events")
    assert lake.run("run", "--select", "fct_events") == {"fct_events": 0}

    events = [
        *EVENTS[10:],  # ten have left,
        Event(1000, day=0, ingest_day=3),  # one comes late,
        Event(1001, day=3, ingest_day=3),  # one opens a day,
        Event(8, day=2, ingest_day=2, device="tablet"),  # and of two another copy
        Event(5, day=1, ingest_day=2),  # was first: one on another day
    ]
    lake.land(events)
    lake.run("run", "--select", "+fct_events")
    after_the_run = lake.query(every_event)
    # session ids may change on the two days after
    assert lake.merged_days() == "2025-01-01 to 2025-01-06"
    lake.run("run", "--full-refresh", "--select", "fct_events")
    assert after_the_run == lake.query(every_event)
    assert len(after_the_run) == len(events)

    lake.land([*events, Event(1002, day=1, ingest_day=1)])  # landed late, under an old date
    lake.run("run", "--select", "+fct_events")
    assert lake.merged_days() == "2025-01-02 to 2025-01-04"

    dates = "{backfill_from: 2025-01-01, backfill_to: 2025-01-01}"
    assert lake.run("run", "--select", "fct_events", "--vars", dates) == {"fct_events": 0}
    assert lake.merged_days() == "2025-01-01 to 2025-01-03"


def test_a_backfill_names_its_days(lake: Lake) -> None:
    lake.land(EVENTS)
    lake.run("run", "--select", "+fct_events")
    for dates, said in (
        ("{backfill_from: 2025-01-01}", "a backfill needs both its days"),
        ("{backfill_from: 2025-01-02, backfill_to: 2025-01-01}", "is before backfill_from"),
        ("{backfill_from: 2025-01-01, backfill_to: tomorrow}", "tomorrow is not a date such as"),
    ):
        assert said in lake.fail("run", "--select", "fct_events", "--vars", dates)


def test_a_changed_model_is_rebuilt_whole(lake: Lake, project: Path) -> None:
    """Else its old days would be by the old rule, and its new ones by the new."""
    lake.land(EVENTS)
    lake.run("run", "--select", "+fct_user_days")
    assert lake.run("run", "--select", "fct_user_days") == {"fct_user_days": 0}
    model = project / "models/marts/core/fct_user_days.sql"
    model.write_text(model.read_text().replace("= 'view'", "in ('view', 'login')"))
    views = "select sum(view_count) from user_activity_analytics.fct_user_days"
    ((before,),) = lake.query(views)
    lake.run("run", "--select", "fct_user_days", project=project)
    assert lake.query(views) == [
        (str(int(before) + sum(event.action == "login" for event in EVENTS)),)
    ]
    # a comment changes nothing
    model.write_text(model.read_text() + "-- the end\n")
    assert lake.run("run", "--select", "fct_user_days", project=project) == {"fct_user_days": 0}
    # the rules that its parents go by are its own as well
    lake.run("run", "--vars", "{session_gap_minutes: 0}", "--select", "+fct_user_days")
    sessions = "select sum(session_count) from user_activity_analytics.fct_user_days"
    assert lake.query(sessions) == [(str(len(EVENTS)),)]


def test_a_run_by_another_rule_is_not_taken_for_one_by_this(lake: Lake) -> None:
    """It ended before it could say by which rule the table is."""
    lake.land(EVENTS)
    lake.run("run", "--select", "+fct_user_days")
    count = "select sum(session_count) from user_activity_analytics.fct_user_days"
    before = lake.query(count)
    rule = "{session_gap_minutes: 0, backfill_from: 2025-01-01, backfill_to: 2025-01-09}"
    lake.run("run", "--vars", rule, "--select", "+fct_user_days")
    assert lake.query(count) == [(str(len(EVENTS)),)] != before
    lake.run("run", "--select", "+fct_user_days")
    assert lake.query(count) == before


def test_a_gap_of_more_than_a_day_is_refused(lake: Lake) -> None:
    lake.land(EVENTS)
    said = lake.fail("run", "--vars", "{session_gap_minutes: 1441}", "--select", "fct_sessions")
    assert "session_gap_minutes is 1441" in said


def test_an_empty_lake_builds_and_fills(lake: Lake) -> None:
    lake.land([])
    lake.run(*BUILD, "--full-refresh")
    assert lake.run("run", "--select", "fct_events") == {"fct_events": 0}
    lake.land(EVENTS)
    assert lake.run(*BUILD)["fct_events"] == len(EVENTS)


def test_descriptions_reach_the_catalog_and_the_docs(lake: Lake, manifest: dict[str, Any]) -> None:
    lake.land([*EVENTS, Event(1000, day=1, ingest_day=3)])
    lake.run(*BUILD)
    # fct_events as its merge left it, which writes the table's catalog entry anew
    for name in ("fct_events", "actions_by_location", "stg_cleaned__events"):
        table = lake.glue.get_table(DatabaseName="user_activity_analytics", Name=name)["Table"]
        assert table["Description"].strip()
        assert all(column.get("Comment") for column in table["StorageDescriptor"]["Columns"])

    result = lake.dbt("docs", "generate", **lake.environment)
    assert result.returncode == 0, result.stdout
    catalog = json.loads((lake.target / "catalog.json").read_text())
    assert catalog["errors"] is None
    for kind in ("nodes", "sources"):
        for unique_id, node in manifest[kind].items():
            if node["resource_type"] in ("model", "seed", "source"):
                assert list(node["columns"]) == list(catalog[kind][unique_id]["columns"])


def test_an_unknown_location_is_told_and_stops_nothing(lake: Lake) -> None:
    lake.land([*EVENTS, Event(1000, day=1, ingest_day=1, location="MOON")])
    test = "relationships_dim_locations_location__location__ref_locations_"
    stored = f"select * from user_activity_analytics_dbt_test__audit.{test}"
    # the second time the table with what was found is there
    for command in (BUILD, ["test", "--select", test]):
        result = lake.dbt(*command, **lake.environment)
        assert result.returncode == 0, result.stdout
        assert "Got 1 result, configured to warn if != 0" in result.stdout
        assert "WARN=1 ERROR=0 SKIP=0" in result.stdout
        assert lake.query(stored) == [("MOON",)]


def test_a_lost_event_fails_its_test(lake: Lake) -> None:
    lake.land(EVENTS)
    lake.run("run", "--select", "+assert_raw_events_are_in_fct_events_once")
    lake.s3.put_object(
        Bucket="user-activity-raw",
        Key="logs/ingest_date=2025-01-03/part-1.json.gz",
        Body=gzip.compress(Event(1000, day=2, ingest_day=2).line().encode()),
    )
    said = lake.fail("test", "--select", "assert_raw_events_are_in_fct_events_once")
    assert "Got 1 result, configured to fail if != 0" in said


def test_a_broken_model_fails_in_athenas_words(lake: Lake, project: Path) -> None:
    mart = project / "models/marts/product/actions_by_location.sql"
    mart.write_text(mart.read_text().replace("        user_id,", "        user_name,"))
    lake.land(EVENTS)
    said = lake.fail("run", "--select", "+actions_by_location", project=project)
    assert "COLUMN_NOT_FOUND" in said
    assert "user_name" in said


def test_a_new_column_waits_for_a_full_refresh(lake: Lake, project: Path) -> None:
    model = project / "models/marts/core/fct_events.sql"
    text = model.read_text().replace("        extra,\n", "        extra,\n        place,\n")
    text = text.replace("        events.extra,\n", "        events.extra,\n        events.place,\n")
    model.write_text(text.replace("        place,\n", "        lower(location) as place,\n", 1))
    described = model.with_suffix(".yml")
    described.write_text(described.read_text() + "      - {name: place, data_type: varchar}\n")
    lake.land(EVENTS)
    lake.run("run", "--select", "+fct_events")
    said = lake.fail("run", "--select", "fct_events", project=project)
    assert "In the model, not in the table: place;" in said
    assert "Build it anew: dbt run --full-refresh --select fct_events+" in said
    lake.run("run", "--full-refresh", "--select", "fct_events+", project=project)
    places = lake.query("select distinct place from user_activity_analytics.fct_events")
    assert sorted(places) == [("asia",), ("eu",), ("us",)]


DRIFTED_LOGS = LOGS.replace("user_id int", "user_id string").replace(
    "struct<device:string,location:string,app_version:string,page:string>", "string"
)
NARROW_LOGS = LOGS.replace(",app_version:string,page:string", "")


@pytest.mark.parametrize("table", ["crawled when less was sent", "drifted", "declared"])
def test_raw_documents_are_read_however_their_table_came_to_be(
    lake: Lake, root: Path, table: str
) -> None:
    first = {"event_id": "a", "user_id": 7, "action": "view", "timestamp": "2025-01-01T01:00:00Z"}
    there = {"device": "mobile", "location": "EU"}
    rows = [("a", "7", "2025-01-01 01:00:00.000", "mobile", "EU", "2025-01-01")]
    lines = [first | {"metadata": there}, {"no": "event"}]
    if table in ("drifted", "declared"):
        lines += [
            first | {"event_id": "b", "user_id": "8", "metadata": there},
            first | {"event_id": "c", "user_id": "x", "timestamp": "soon", "metadata": "none"},
            first | {"event_id": "d", "metadata": ["mobile"]},
            first | {"event_id": "e", "metadata": {"device": {"os": 1}, "location": 3}},
        ]
        rows += [
            ("b", "8", *rows[0][2:]),
            ("c", None, None, None, None, "2025-01-01"),
            ("d", "7", rows[0][2], None, None, "2025-01-01"),
            ("e", "7", rows[0][2], None, "3", "2025-01-01"),
        ]
    lake.land([])
    lake.s3.put_object(
        Bucket="user-activity-raw",
        Key="logs/ingest_date=2025-01-01/part-0.json.gz",
        Body=gzip.compress("\n".join(["{broken", *map(json.dumps, lines)]).encode()),
    )
    ddl = {"drifted": DRIFTED_LOGS, "declared": declared(root, "logs")}
    lake.query("drop table user_activity_raw.logs")
    try:
        lake.query(ddl.get(table, NARROW_LOGS))
        if table != "declared":
            lake.query("msck repair table user_activity_raw.logs")
        lake.run("run", "--select", "stg_raw__logs")
        found = lake.query(
            "select event_id, user_id, event_at, device, location, ingest_date"
            " from user_activity_analytics.stg_raw__logs order by event_id"
        )
        assert found == rows
    finally:
        lake.query("drop table user_activity_raw.logs")
        lake.query(LOGS)


def test_every_version_of_a_profile_is_a_row(lake: Lake) -> None:
    profile = {
        "user_id": 7,
        "name": "A. Person",
        "email": "a@example.com",
        "country": "SE",
        "plan": "free",
        "signed_up_at": "2024-12-01T00:00:00.000Z",
        "updated_at": "2024-12-01T00:00:00.000Z",
    }
    changed = profile | {"plan": "pro", "updated_at": "2025-01-02T10:00:00.500Z", "user_id": "7"}
    changed["email"] = " A@Example.com "
    for day, version in enumerate((profile, changed), 1):
        lake.s3.put_object(
            Bucket="user-activity-raw",
            Key=f"users/ingest_date=2025-01-0{day}/part-0.json.gz",
            Body=gzip.compress(f"{json.dumps(version)}\n{{broken\n".encode()),
        )
    salt = "it's a secret"
    lake.run("run", "--select", "stg_raw__users", UAP_PII_SALT=salt)
    columns = "user_id, email_hash, country, plan, signed_up_at, updated_at, ingest_date"
    common = ("7", hashlib.sha256(f"{salt}a@example.com".encode()).hexdigest(), "SE")
    signed_up = "2024-12-01 00:00:00.000"
    assert lake.query(
        f"select {columns} from user_activity_analytics.stg_raw__users order by updated_at"
    ) == [
        (*common, "free", signed_up, signed_up, "2025-01-01"),
        (*common, "pro", signed_up, "2025-01-02 10:00:00.500", "2025-01-02"),
    ]
