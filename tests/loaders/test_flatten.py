"""From files to cleaned tables against localaws, which runs the real Glue job on Spark."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import click
import pytest

from loaders import (
    athena,
    aws,
    cleaned_state,
    flatten,
    generate,
    ground_truth,
    mapping_files,
    upload,
)
from loaders.flatten import Scope

pytestmark = pytest.mark.slow

PER_OBJECT = """
    with cleaned as (
        select source_object, count(*) as rows from user_activity group by 1
    ),
    excluded as (
        select
            source_object,
            count_if(reason = 'dropped') as dropped,
            count_if(reason = 'duplicate') as duplicates
        from user_activity_excluded
        group by 1
    ),
    quarantined as (
        select source_object, count(*) as rows from quarantine group by 1
    )
    select
        ledger.source_object,
        ledger.lines,
        coalesce(cleaned.rows, 0),
        coalesce(excluded.dropped, 0),
        coalesce(excluded.duplicates, 0),
        coalesce(quarantined.rows, 0)
    from flatten_ledger as ledger
    left join cleaned on ledger.source_object = cleaned.source_object
    left join excluded on ledger.source_object = excluded.source_object
    left join quarantined on ledger.source_object = quarantined.source_object
    order by 1
"""


class Lake:
    """The cleaned zone of one prefix, and what it must hold."""

    def __init__(self, pipeline: Any) -> None:
        self.settings, self.s3, self.glue, self.athena = pipeline
        aws.ensure_buckets(self.s3, self.settings)

    def land(self, folder: Path, source: str = "logs") -> None:
        sources = upload.find_sources([folder], None, source)
        upload.upload(sources, self.s3, self.settings)

    def flatten(self, *scope: Scope, **parameters: Any) -> flatten.Run | None:
        clients = self.s3, self.glue, self.athena, self.settings
        return (
            flatten.flatten(*clients, None, None, *scope)
            if scope
            else flatten.flatten(*clients, **parameters)
        )

    def query(self, statement: str) -> list[list[str | None]]:
        return athena.run(self.athena, self.settings, statement, self.settings.cleaned_database)

    def published_days(self) -> list[tuple[str, int]]:
        days = "select event_date, publication from published_days order by 1"
        return [(day, int(number)) for day, number in self.query(days)]

    def content_of_days(self) -> dict[str, set[tuple[str, ...]]]:
        """{event date: its lines, and where they stand}"""
        days: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        for table in ("user_activity", "user_activity_excluded"):
            lines = f"select event_date, source_object, line_number from {table}"
            for day, *line in self.query(lines):
                days[day].add((table, *line))
        return days

    def runs(self) -> int:
        return len(self.glue.get_job_runs(JobName=self.settings.job)["JobRuns"])

    def expected(self, truth: dict[str, Any], dropped: str = "logout") -> list[list[str]]:
        """The rows of PER_OBJECT."""
        rows = []
        for path, counts in sorted(truth["files"].items()):
            left_out = counts["events"].get(dropped, 0)
            numbers = (
                counts["lines"],
                sum(counts["events"].values()) - left_out,
                left_out,
                counts["duplicates"],
                sum(counts["malformed"].values()),
            )
            url = f"s3://{self.settings.raw_bucket}/{path}.gz"
            rows.append([url, *map(str, numbers)])
        return rows


@pytest.fixture
def lake(pipeline) -> Lake:
    return Lake(pipeline)


def test_days_that_come_one_by_one_end_as_the_ground_truth(tmp_path: Path, lake: Lake) -> None:
    data = tmp_path / "data"
    parameters = generate.Parameters(events=3_000, users=200, duplicates=0.05, late=0.05)
    truth, _ = generate.generate(parameters, data)
    days: dict[str, set[tuple[str, ...]]] = {}
    for number, folder in enumerate(sorted((data / "logs").iterdir(), reverse=True), 1):
        lake.land(folder)  # the last day first
        assert lake.flatten()
        after = lake.content_of_days()
        changed = {day for day, content in after.items() if days.get(day) != content}
        assert changed
        assert changed <= {day for day, published in lake.published_days() if published == number}
        days = after
    assert lake.query(PER_OBJECT) == lake.expected(truth)
    by_location_action = "select location, action, count(*) from {} group by 1, 2 order by 1, 2"
    expected = ground_truth.events_by_location_action(truth, {"logout"})
    expected = [[*key, str(events)] for key, events in expected.items()]
    assert lake.query(by_location_action.format("user_activity")) == expected
    assert lake.query("select count(*), count(distinct event_id) from user_activity") == [
        [str(sum(int(row[2]) for row in expected))] * 2
    ]
    assert lake.query("select count(*) from user_activity_items") == [
        [str(truth["purchase_items"])]
    ]
    reasons = "select reason, count(*) from quarantine group by 1 order by 1"
    reasons_of = {reason: str(n) for reason, n in truth["malformed_by_reason"].items() if n}
    assert dict(lake.query(reasons)) == reasons_of

    # nothing new: nothing runs
    before = lake.runs()
    assert lake.flatten() is None
    assert lake.runs() == before == 3

    # other rules: all days again, from what is published; the seed's nested JSON beside it
    run = lake.flatten(drop_actions=(), output_format="json")
    assert run.totals["objects"] == 0
    assert lake.query(PER_OBJECT) == lake.expected(truth, dropped="nothing")
    expected = ground_truth.events_by_location_action(truth, ())
    expected = [[*key, str(events)] for key, events in expected.items()]
    documents = (
        "select metadata.location, action, count(*) from user_activity_json group by 1, 2"
        " order by 1, 2"
    )
    assert lake.query(documents) == expected

    # a backfill, and a rebuild, change nothing
    for number, scope in enumerate((Scope(every=True), Scope(every=True, rebuild=True)), 5):
        assert lake.flatten(scope).totals["objects"] == len(truth["files"])
        assert lake.query(by_location_action.format("user_activity")) == expected
        assert lake.published_days() == [(day, number) for day in sorted(days)]


SHOP = """
source = "shop"

[fields]
event_id = { path = "meta.id", format = "uuid5" }
user_id = "account.id"
action = { path = "type", values = { PageView = "view" } }
timestamp = { path = "ts", format = "%s" }
"metadata.device" = { constant = "desktop" }
"metadata.location" = { path = "account.region" }
"""


def test_a_replay_after_a_fixed_mapping_doubles_nothing(tmp_path: Path, lake: Lake) -> None:
    documents = tmp_path / "shop"
    documents.mkdir()
    for number, region in enumerate(["EU", "US"]):
        lines = [
            {
                "meta": {"id": f"order-{number}-{line}"},
                "account": {"id": line, "region": region},
                "type": "PageView",
                "ts": 1735725600000 + line if line % 2 else "2025-01-01T10:00:00Z",
            }
            for line in range(10)
        ]
        text = "\n".join(map(json.dumps, [*lines, lines[1]]))
        (documents / f"{region}.ndjson").write_text(text + "\n")

    def register(form: str) -> None:
        mapping_files.register(lake.s3, lake.settings, "shop", SHOP % form)

    register("iso")
    lake.land(documents, "shop")
    run = lake.flatten()
    # epoch milliseconds are no ISO text
    assert run.totals["quarantined"] == {"bad_type": 12}
    assert run.totals["cleaned"] == 10
    first_run = run.run_id

    # the same rules would quarantine the same lines
    before = lake.runs()
    assert lake.flatten(Scope(replay=True)) is None
    register("epoch_ms")
    assert lake.flatten(Scope(replay=True, reasons=["missing_field"])) is None
    assert lake.runs() == before
    run = lake.flatten(Scope(replay=True, reasons=["bad_type"]))
    # ISO text where there are no milliseconds stays a time: nothing is left in the quarantine
    assert run.totals["cleaned"] == 20
    assert run.totals["duplicates"] == 2
    assert run.totals["quarantined"] == {}
    assert lake.query("select count(*), count(distinct event_id) from user_activity") == [
        ["20", "20"]
    ]
    assert lake.query("select count(*) from quarantine") == [["0"]]
    assert lake.query("select distinct run_id from flatten_ledger") == [[run.run_id]]
    assert run.run_id != first_run


def test_a_replaced_object_takes_the_place_of_what_it_was(tmp_path: Path, lake: Lake) -> None:
    data = tmp_path / "data"
    generate.generate(generate.Parameters(events=400, days=1, users=50, late=0), data)
    lake.land(data / "logs")
    lake.flatten()
    other = tmp_path / "other"
    truth, _ = generate.generate(
        generate.Parameters(events=300, days=1, users=50, late=0, seed=7), other
    )
    sources = upload.find_sources([other / "logs"], None)
    upload.upload(sources, lake.s3, lake.settings, replace=True)
    lake.flatten()
    assert lake.query(PER_OBJECT) == lake.expected(truth)


def test_after_an_older_version_every_day_is_built_again(lake: Lake) -> None:
    state = {"run_id": "r1", "partitions": {"user_activity": {"2025-01-01": "r1"}}}
    all_days = []

    def planned(*arguments: Any) -> dict[str, Any]:
        all_days.append(arguments[5])
        return {}

    def land(number: int) -> None:
        document = {"format": number, **state}
        aws.write_json(lake.s3, lake.settings.cleaned_bucket, cleaned_state.KEY, document)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flatten, "_plan", planned)
        patch.setattr(flatten.glue_job, "run", lambda *_: None)
        land(3)
        with pytest.raises(click.ClickException, match="left no"):
            lake.flatten()
        assert all_days == [True]
        land(cleaned_state.FORMAT)
        assert lake.flatten() is None
    assert all_days == [True]


def test_a_failed_job_is_one_line_and_publishes_nothing(tmp_path: Path, lake: Lake) -> None:
    data = tmp_path / "data"
    generate.generate(generate.Parameters(events=100, days=1, users=10, late=0), data)
    lake.land(data / "logs")
    plan = flatten._plan

    def of_an_object_that_is_gone(*arguments: Any) -> dict[str, Any]:
        document = plan(*arguments)
        for raw in document["objects"]:
            raw["etag"] = "0" * 32
        return document

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flatten, "_plan", of_an_object_that_is_gone)
        with pytest.raises(click.ClickException) as failure:
            lake.flatten()
    message = failure.value.message
    assert "ended as FAILED" in message
    assert "was replaced or removed since the run was planned" in message
    assert "\n" not in message
    assert cleaned_state.read(lake.s3, lake.settings) == (cleaned_state.State(), None)
    assert lake.flatten()
