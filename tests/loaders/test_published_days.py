"""Who reads by the numbers of published_days misses no change, whatever was killed on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from loaders import athena, aws, cleaned_state, publication, published_days
from loaders.cleaned_state import State

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
ACTIVITY = "user_activity"


class Killed(Exception):
    pass


class Lake:
    """A cleaned zone whose state changes without a job: its files are never read."""

    def __init__(self, pipeline: Any) -> None:
        self.settings, self.s3, self.glue, self.athena = pipeline
        aws.ensure_buckets(self.s3, self.settings)

    def state(self) -> State:
        return cleaned_state.read(self.s3, self.settings)[0]

    def commit(self, run_id: str, built: dict[str, bool]) -> None:
        """As a run that built these days of user_activity."""
        before, etag = cleaned_state.read(self.s3, self.settings)
        before = publication.counted_on(self.glue, self.settings, before)
        changed = publication.supersede(before, run_id, {ACTIVITY: built}, NOW)
        cleaned_state.commit(self.s3, self.settings, State(run_id, **changed), etag)

    def follow(self) -> None:
        publication.follow(self.s3, self.glue, self.athena, self.settings)

    def publish(self, run_id: str, built: dict[str, bool]) -> None:
        self.commit(run_id, built)
        self.follow()

    def killed_at(self, call: str) -> None:
        """Follow, until this call of Glue."""

        def kill(**_: object) -> None:
            raise Killed

        self.glue.meta.events.register(f"before-call.glue.{call}", kill)
        try:
            with pytest.raises(Killed):
                self.follow()
        finally:
            self.glue.meta.events.unregister(f"before-call.glue.{call}", kill)

    def days(self) -> dict[str, int]:
        """What a reader sees: {event date: publication}."""
        rows = athena.run(
            self.athena,
            self.settings,
            "select event_date, publication from published_days",
            self.settings.cleaned_database,
        )
        assert len(rows) == len(dict(rows))
        return {day: int(number) for day, number in rows}

    def partitions(self) -> dict[str, str]:
        """{day of user_activity: the run whose files it has}"""
        pages = self.glue.get_paginator("get_partitions").paginate(
            DatabaseName=self.settings.cleaned_database, TableName=ACTIVITY
        )
        return {
            part["Values"][0]: part["StorageDescriptor"]["Location"].split("/run=")[1].split("/")[0]
            for page in pages
            for part in page["Partitions"]
        }


@pytest.fixture
def lake(pipeline) -> Lake:
    return Lake(pipeline)


def test_a_day_has_the_number_of_its_last_publication(lake: Lake) -> None:
    lake.publish("r1", {"2025-01-01": True, "2025-01-02": True})
    assert lake.days() == {"2025-01-01": 1, "2025-01-02": 1}
    lake.publish("r2", {"2025-01-02": True, "2025-01-03": True})
    assert lake.days() == {"2025-01-01": 1, "2025-01-02": 2, "2025-01-03": 2}
    # a day that has lost its rows stays
    lake.publish("r3", {"2025-01-01": False})
    assert lake.days() == {"2025-01-01": 3, "2025-01-02": 2, "2025-01-03": 2}
    assert lake.partitions() == {"2025-01-02": "r2", "2025-01-03": "r2"}


def test_a_day_is_published_by_each_table_that_has_days_of_events() -> None:
    built = {table: {f"2025-01-0{n}": True} for n, table in enumerate(published_days.DAY_TABLES, 1)}
    built["quarantine"] = {"2025-01-09": True}  # a day of arrival
    changed = publication.supersede(State(), "r1", built, NOW)
    this = {"publication": 1, "published_at": "2025-06-01T12:00:00+00:00"}
    assert changed["days"] == dict.fromkeys(["2025-01-01", "2025-01-02", "2025-01-03"], this)


def test_the_time_is_that_of_the_publication(lake: Lake) -> None:
    lake.publish("r1", {"2025-01-01": True})
    rows = athena.run(
        lake.athena,
        lake.settings,
        "select * from published_days",
        lake.settings.cleaned_database,
    )
    assert rows == [["2025-01-01", "1", "2025-06-01 12:00:00.000"]]


def test_whoever_forgets_the_days_counts_on(lake: Lake) -> None:
    lake.publish("r1", {"2025-01-01": True, "2025-01-02": True})
    lake.publish("r2", {"2025-01-02": True})
    state, etag = cleaned_state.read(lake.s3, lake.settings)
    forgotten = publication.forget(state, NOW)
    built = {ACTIVITY: {"2025-01-02": True, "2025-01-05": True}}
    changed = publication.supersede(forgotten, "r3", built, NOW)
    cleaned_state.commit(lake.s3, lake.settings, State("r3", **changed), etag)
    lake.follow()
    assert lake.days() == {"2025-01-01": 3, "2025-01-02": 3, "2025-01-05": 3}


def test_days_without_a_number_get_the_next(lake: Lake) -> None:
    """As an older version of the project has published them."""
    old = {"format": 2, "run_id": "r1", "partitions": {ACTIVITY: {"2025-01-01": "r1"}}}
    aws.write_json(lake.s3, lake.settings.cleaned_bucket, cleaned_state.KEY, old)
    lake.follow()
    assert lake.days() == {}
    lake.publish("r2", {"2025-01-02": True})
    assert lake.days() == {"2025-01-01": 1, "2025-01-02": 1}


def test_a_rebuild_over_another_version_counts_on(lake: Lake) -> None:
    later = {"format": 99, "publication": 7, "days": {"2025-01-01": {"publication": 7}}}
    aws.write_json(lake.s3, lake.settings.cleaned_bucket, cleaned_state.KEY, later)
    state, _ = cleaned_state.read(lake.s3, lake.settings, any_version=True)
    built = {ACTIVITY: {"2025-01-02": True}}
    changed = publication.supersede(publication.forget(state, NOW), "r8", built, NOW)
    assert {day: entry["publication"] for day, entry in changed["days"].items()} == {
        "2025-01-01": 8,
        "2025-01-02": 8,
    }


@pytest.mark.parametrize("lost", ["removed", "restored"])
def test_no_number_is_given_twice(lake: Lake, lost: str) -> None:
    """Not even when the state is gone, or an older one is put in its place."""
    lake.publish("r1", {"2025-01-01": True})
    place = {"Bucket": lake.settings.cleaned_bucket, "Key": cleaned_state.KEY}
    first = lake.s3.get_object(**place)["Body"].read()
    for run_id in ("r2", "r3"):
        lake.publish(run_id, {"2025-01-01": True})
    if lost == "removed":
        lake.s3.delete_object(**place)
    else:
        lake.s3.put_object(**place, Body=first)
    lake.publish("r4", {"2025-01-01": True})
    assert lake.days() == {"2025-01-01": 4}


@pytest.mark.parametrize("call", ["BatchUpdatePartition", "BatchDeletePartition", "UpdateTable"])
def test_a_number_is_seen_after_all_of_its_rows(lake: Lake, call: str) -> None:
    lake.publish("r1", {"2025-01-01": True, "2025-01-02": True})
    lake.commit("r2", {"2025-01-01": True, "2025-01-02": False})
    lake.killed_at(call)
    assert lake.days() == {"2025-01-01": 1, "2025-01-02": 1}
    lake.follow()  # as the next command does
    assert lake.days() == {"2025-01-01": 2, "2025-01-02": 2}
    assert lake.partitions() == {"2025-01-01": "r2"}


def test_days_that_were_turned_back_are_published_once_more(lake: Lake) -> None:
    """By a publication that was held up and, after a newer one, goes on with what it knows."""
    lake.publish("r1", {"2025-01-01": True, "2025-01-02": True, "2025-01-03": True})
    late = lake.state()
    lake.publish("r2", {"2025-01-01": True, "2025-01-02": False})
    publication._follow(lake.s3, lake.glue, lake.athena, lake.settings, late)
    # A reader of now takes r1's rows for those of publication 2 ...
    assert lake.partitions() == dict.fromkeys(["2025-01-01", "2025-01-02", "2025-01-03"], "r1")
    assert lake.days() == {"2025-01-01": 2, "2025-01-02": 2, "2025-01-03": 1}
    lake.follow()
    # ... and finds a greater number when they are right.
    assert lake.partitions() == {"2025-01-01": "r2", "2025-01-03": "r1"}
    assert lake.days() == {"2025-01-01": 3, "2025-01-02": 3, "2025-01-03": 1}
    assert lake.state().run_id == "r2"
    lake.follow()
    assert lake.days() == {"2025-01-01": 3, "2025-01-02": 3, "2025-01-03": 1}


def test_days_turned_back_are_not_forgotten_when_another_run_is_published(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.publish("r1", {"2025-01-01": True})
    late = lake.state()
    lake.publish("r2", {"2025-01-01": True})
    publication._follow(lake.s3, lake.glue, lake.athena, lake.settings, late)
    once_more = publication._once_more

    def after_another_run(*arguments: Any) -> State:
        monkeypatch.setattr(publication, "_once_more", once_more)
        lake.commit("r3", {"2025-01-02": True})
        return once_more(*arguments)

    monkeypatch.setattr(publication, "_once_more", after_another_run)
    lake.follow()
    assert lake.days() == {"2025-01-01": 4, "2025-01-02": 3}


def test_the_first_publication_is_completed_too(lake: Lake) -> None:
    lake.commit("r1", {"2025-01-01": True})
    lake.killed_at("BatchCreatePartition")
    assert not lake.glue.get_tables(
        DatabaseName=lake.settings.cleaned_database, Expression=published_days.TABLE
    )["TableList"]
    lake.follow()
    assert lake.days() == {"2025-01-01": 1}


def test_the_files_of_old_publications_go_when_nobody_reads_them(lake: Lake) -> None:
    lake.publish("r1", {"2025-01-01": True})
    lake.publish("r2", {"2025-01-01": True})
    state = lake.state()
    folder = published_days.folder(1)
    assert folder in state.superseded
    assert folder in publication.expired(state, NOW + publication.GRACE + timedelta(seconds=1))
    assert published_days.folder(2) not in state.superseded


def test_a_table_of_an_older_version_is_declared_anew(lake: Lake) -> None:
    lake.publish("r1", {"2025-01-01": True})
    database = lake.settings.cleaned_database
    athena.run(lake.athena, lake.settings, "drop table published_days", database)
    old = f"create external table published_days (x int) location '{lake.settings.cleaned_url}'"
    athena.run(lake.athena, lake.settings, old, database)
    lake.follow()
    assert lake.days() == {"2025-01-01": 1}


def test_the_table_stays_small() -> None:
    days = {
        str(date(2000, 1, 1) + timedelta(number)): {
            "publication": number * 37 % 3000 + 1,
            "published_at": (NOW + timedelta(days=number * 37 % 3000)).isoformat(),
        }
        for number in range(10_000)
    }
    assert len(published_days.file(replace(State(), days=days))) < 40_000
