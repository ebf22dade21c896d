"""The catalog follows the state, from whatever a killed publication left."""

import gzip
import json
import uuid
from datetime import UTC, datetime, timedelta

import click
import pytest

from loaders import athena, aws, cleaned_state, publication, published_days
from loaders.cleaned_state import State

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
LEDGER = "flatten_ledger"


@pytest.fixture
def lake(pipeline):
    aws.ensure_buckets(pipeline.s3, pipeline.settings)
    return pipeline


def write(lake, run_id: str, value: str, **entry: object) -> None:
    """A file of the one table that is made of JSON."""
    key = publication.folder(LEDGER, run_id, value) + "part-0.json.gz"
    body = gzip.compress(json.dumps({"run_id": run_id, **entry}).encode())
    lake.s3.put_object(Bucket=lake.settings.cleaned_bucket, Key=key, Body=body)


def follow(lake, partitions: dict[str, str], **state: object) -> None:
    _, etag = cleaned_state.read(lake.s3, lake.settings)
    state = State(run_id=uuid.uuid4().hex, partitions={LEDGER: partitions}, **state)
    cleaned_state.commit(lake.s3, lake.settings, state, etag)
    followed, _ = publication.follow(lake.s3, lake.glue, lake.athena, lake.settings)
    assert followed == state


def rows(lake) -> list[list[str | None]]:
    return athena.run(
        lake.athena,
        lake.settings,
        f"select cast(ingest_date as varchar), run_id from {LEDGER} order by 1, 2",
        lake.settings.cleaned_database,
    )


def test_readers_see_what_the_state_names_and_nothing_else(lake) -> None:
    for run_id in ("r1", "r2", "killed"):
        for value in ("2025-01-01", "2025-01-02"):
            write(lake, run_id, value)
    follow(lake, {"2025-01-01": "r1"})
    assert rows(lake) == [["2025-01-01", "r1"]]
    follow(lake, {"2025-01-01": "r1"})
    follow(lake, {"2025-01-01": "r2", "2025-01-02": "r1"})
    assert rows(lake) == [["2025-01-01", "r2"], ["2025-01-02", "r1"]]
    follow(lake, {"2025-01-02": "r1"})
    assert rows(lake) == [["2025-01-02", "r1"]]


def test_hundreds_of_days_are_published(lake) -> None:
    days = [str(NOW.date() + timedelta(days=day)) for day in range(230)]
    write(lake, "r2", days[-1])
    follow(lake, dict.fromkeys(days, "r1"))
    follow(lake, dict.fromkeys(days[30:], "r2"))
    assert rows(lake) == [[days[-1], "r2"]]
    pages = lake.glue.get_paginator("get_partitions").paginate(
        DatabaseName=lake.settings.cleaned_database, TableName=LEDGER
    )
    assert sum(len(page["Partitions"]) for page in pages) == 200


def test_a_table_of_an_older_version_is_declared_anew_with_all_its_days(lake) -> None:
    write(lake, "r1", "2025-01-01")
    write(lake, "r2", "2025-01-02")
    database = lake.settings.cleaned_database
    aws.ensure_database(lake.glue, database)
    old = f"create external table {LEDGER} (x string) partitioned by (day string) location '{{}}'"
    athena.run(lake.athena, lake.settings, old.format(lake.settings.cleaned_url), database)
    follow(lake, {"2025-01-01": "r1", "2025-01-02": "r2"})
    assert rows(lake) == [["2025-01-01", "r1"], ["2025-01-02", "r2"]]


def test_the_json_table_comes_and_goes_with_its_option(lake) -> None:
    def tables() -> set[str]:
        answer = lake.glue.get_tables(DatabaseName=lake.settings.cleaned_database)
        return {table["Name"] for table in answer["TableList"]}

    always = {*publication.TABLES, published_days.TABLE}
    follow(lake, {})
    assert tables() == always
    follow(lake, {}, output_format="json")
    assert tables() == {*always, "user_activity_json"}
    follow(lake, {})
    assert tables() == always


def test_a_run_supersedes_the_days_it_built() -> None:
    partitions = {"quarantine": {"2025-01-01": "r1", "2025-01-02": "r1"}}
    state = State(partitions=partitions, publication=3)
    built = {"quarantine": {"2025-01-01": True, "2025-01-02": False, "2025-01-03": True}}
    changed = publication.supersede(state, "r2", built, NOW)
    assert changed["partitions"] == {"quarantine": {"2025-01-01": "r2", "2025-01-03": "r2"}}
    folders = ["quarantine/run=r1/ingest_date=2025-01-01/"]
    folders += ["quarantine/run=r1/ingest_date=2025-01-02/", "published_days/publication=3/"]
    assert changed["superseded"] == dict.fromkeys(folders, "2025-06-01T12:00:00+00:00")
    assert state.partitions == {"quarantine": {"2025-01-01": "r1", "2025-01-02": "r1"}}
    after = State(**changed)
    assert publication.expired(after, NOW + publication.GRACE) == []
    late = NOW + publication.GRACE + timedelta(seconds=1)
    assert publication.expired(after, late) == list(changed["superseded"])


def test_what_is_forgotten_may_still_be_read_for_a_while() -> None:
    state = State("r1", [], "json", {"quarantine": {"2025-01-01": "r1"}}, {"old/": "x"}, {"l": "d"})
    forgotten = publication.forget(state, NOW)
    since = NOW.isoformat()
    superseded = {"old/": "x", "quarantine/run=r1/ingest_date=2025-01-01/": since}
    assert forgotten == State(None, [], "json", superseded=superseded)


def test_a_run_without_its_files_is_not_published(lake) -> None:
    built = {LEDGER: {"2025-01-01": True, "2025-01-02": False}}
    with pytest.raises(click.ClickException, match="run=r1/ingest_date=2025-01-01/ are not in"):
        publication.check_files(lake.s3, lake.settings, "r1", built)
    write(lake, "r1", "2025-01-01")
    publication.check_files(lake.s3, lake.settings, "r1", built)


def test_leftovers_are_removed_when_nobody_can_need_them(lake) -> None:
    published, superseded, killed, young = (
        f"{time:%Y%m%dT%H%M%SZ}-0123456{digit}"
        for digit, time in enumerate(
            [
                NOW - timedelta(days=3),
                NOW - timedelta(days=2),
                NOW - timedelta(days=1),
                NOW - timedelta(hours=1),
            ]
        )
    )
    for run_id in (published, superseded, killed, young):
        write(lake, run_id, "2025-01-01")
        plan = f"_runs/run={run_id}/plan.json"
        lake.s3.put_object(Bucket=lake.settings.cleaned_bucket, Key=plan, Body=b"{}")
    foreign = f"{LEDGER}/notes.txt"
    lake.s3.put_object(Bucket=lake.settings.cleaned_bucket, Key=foreign, Body=b"mine")
    state = State(
        partitions={LEDGER: {"2025-01-01": published}},
        superseded={publication.folder(LEDGER, superseded, "2025-01-01"): NOW.isoformat()},
    )
    publication.remove_leftovers(lake.s3, lake.settings, state, NOW)
    keys = {entry["Key"] for entry in aws.objects(lake.s3, lake.settings.cleaned_bucket, "")}
    assert foreign in keys
    assert {
        run_id for run_id in (published, superseded, killed, young) for key in keys if run_id in key
    } == {
        published,
        superseded,
        young,
    }
    assert not any(killed in key for key in keys)
