"""Which raw objects a run reads, beside a ledger that is put there by hand."""

import gzip
import json
from datetime import date
from typing import Any

import click
import pytest

from loaders import aws, flatten_plan
from loaders.cleaned_state import State
from loaders.flatten_plan import Work

RULES = {"logs": "rules-1"}


@pytest.fixture
def lake(pipeline):
    aws.ensure_buckets(pipeline.s3, pipeline.settings)
    return pipeline


def land(lake, key: str, body: bytes = b"{}\n") -> str:
    """Its URL."""
    lake.s3.put_object(Bucket=lake.settings.raw_bucket, Key=key, Body=body)
    return f"s3://{lake.settings.raw_bucket}/{key}"


def plan(lake, state: State | None = None, wanted: Any = flatten_plan.new, **days: date) -> Work:
    return flatten_plan.plan(lake.s3, lake.settings, state or State(), RULES, wanted=wanted, **days)


def read(lake, work: Work, run_id: str = "r1", **changes: Any) -> State:
    """The state after a run that read all of this; `changes` to each ledger entry."""
    by_day: dict[str, list[dict[str, Any]]] = {}
    for raw in work.objects:
        entry = {"source_object": raw["url"], "etag": raw["etag"], "rules": RULES[raw["source"]]}
        entry |= {"event_dates": ["2025-01-01"], "quarantined": {}, **changes}
        by_day.setdefault(raw["ingest_date"], []).append(entry)
    for day, entries in by_day.items():
        lake.s3.put_object(
            Bucket=lake.settings.cleaned_bucket,
            Key=f"flatten_ledger/run={run_id}/ingest_date={day}/part-0.json.gz",
            Body=gzip.compress("\n".join(map(json.dumps, entries)).encode()),
        )
    return State(
        run_id=run_id,
        partitions={"flatten_ledger": dict.fromkeys(by_day, run_id)},
        listings=work.listings,
    )


def urls(work: Work) -> list[str]:
    return [raw["url"] for raw in work.objects]


def test_everything_is_new_at_first(lake) -> None:
    first = land(lake, "logs/ingest_date=2025-01-02/b.json.gz", b"12345")
    second = land(lake, "logs/ingest_date=2025-01-01/a.json.gz")
    land(lake, "logs/ingest_date=2025-01-01/_SUCCESS")
    land(lake, "logs/ingest_date=2025-01-01/.hidden/x.json")
    land(lake, "users/ingest_date=2025-01-01/a.json.gz")
    land(lake, "_manifests/x.json")
    work = plan(lake)
    assert urls(work) == [second, first]
    assert work.objects[1] == {
        "url": first,
        "etag": "827ccb0eea8a706c4c34a16891f84e7b",  # md5 of the body
        "size": 5,
        "ingest_date": "2025-01-02",
        "source": "logs",
    }
    assert work.again == {}


def test_what_was_read_is_not_read_again_and_what_came_since_is(lake) -> None:
    land(lake, "logs/ingest_date=2025-01-01/a.json")
    state = read(lake, plan(lake))
    assert urls(plan(lake, state)) == []
    late = land(lake, "logs/ingest_date=2025-01-01/b.json")
    other = land(lake, "logs/ingest_date=2025-01-02/c.json")
    assert urls(plan(lake, state)) == [late, other]
    assert urls(plan(lake, state, first=date(2025, 1, 2))) == [other]
    assert urls(plan(lake, state, last=date(2025, 1, 1))) == [late]


def test_the_ledger_decides_when_a_listing_is_not_known(lake) -> None:
    land(lake, "logs/ingest_date=2025-01-01/a.json")
    state = read(lake, plan(lake))
    assert urls(plan(lake, State(partitions=state.partitions))) == []


def test_an_object_with_other_content_is_read_again(lake) -> None:
    url = land(lake, "logs/ingest_date=2025-01-01/a.json")
    land(lake, "logs/ingest_date=2025-01-01/b.json")
    state = read(lake, plan(lake))
    land(lake, "logs/ingest_date=2025-01-01/a.json", b'{"other": 1}\n')
    work = plan(lake, state)
    assert urls(work) == [url]
    assert work.again == {url: ["2025-01-01"]}


def test_a_backfill_reads_what_was_read(lake) -> None:
    first = land(lake, "logs/ingest_date=2025-01-01/a.json")
    second = land(lake, "logs/ingest_date=2025-01-02/a.json")
    state = read(lake, plan(lake))
    assert urls(plan(lake, state, flatten_plan.every)) == [first, second]
    work = plan(lake, state, flatten_plan.every, first=date(2025, 1, 2))
    assert urls(work) == [second]
    assert work.again == {second: ["2025-01-01"]}


def test_a_replay_reads_what_other_rules_quarantined(lake) -> None:
    url = land(lake, "logs/ingest_date=2025-01-01/a.json")
    work = plan(lake)
    land(lake, "logs/ingest_date=2025-01-01/not-read-yet.json")

    def replayed(state: State, *reasons: str, force: bool = False) -> list[str]:
        wanted = flatten_plan.quarantined(reasons, RULES, force)
        return urls(plan(lake, state, wanted))

    clean = read(lake, work, rules="rules-0")
    assert replayed(clean, force=True) == []
    same_rules = read(lake, work, quarantined={"bad_type": 3})
    assert replayed(same_rules) == []
    assert replayed(same_rules, force=True) == [url]
    other_rules = read(lake, work, quarantined={"bad_type": 3}, rules="rules-0")
    assert replayed(other_rules) == [url]
    assert replayed(other_rules, "bad_type", "missing_field") == [url]
    assert replayed(other_rules, "missing_field") == []


def test_a_replay_leaves_new_objects_to_the_next_flatten(lake) -> None:
    land(lake, "logs/ingest_date=2025-01-01/a.json")
    state = read(lake, plan(lake), rules="rules-0", quarantined={"bad_type": 1})
    new = land(lake, "logs/ingest_date=2025-01-01/new.json")
    replay = plan(lake, state, flatten_plan.quarantined((), RULES, force=False))
    assert replay.listings == {}
    assert urls(plan(lake, state)) == [new]


@pytest.mark.parametrize(
    "key", ["logs/loose.json", "logs/ingest_date=2025-13-01/a.json", "logs/2025/01/a.json"]
)
def test_an_object_in_no_day_is_refused_and_not_passed_over(lake, key: str) -> None:
    land(lake, key)
    with pytest.raises(click.ClickException, match="ingest_date=YYYY-MM-DD"):
        plan(lake)


def test_sources_are_logs_and_those_with_a_mapping(lake) -> None:
    def register(text: str) -> None:
        bucket = lake.settings.artifacts_bucket
        lake.s3.put_object(Bucket=bucket, Key="mappings/shop.toml", Body=text.encode())

    assert list(flatten_plan.sources(lake.s3, lake.settings).rules) == ["logs"]
    mapping = """
        source = "shop"
        [fields]
        event_id = "id"
        user_id = "{user}"
        action = "type"
        timestamp = "at"
        "metadata.device" = {{ constant = "mobile" }}
        "metadata.location" = {{ constant = "EU" }}
    """
    register(mapping.format(user="uid"))
    before = flatten_plan.sources(lake.s3, lake.settings)
    assert set(before.rules) == {"logs", "shop"}
    register(mapping.format(user="account"))
    after = flatten_plan.sources(lake.s3, lake.settings)
    assert after.rules["logs"] == before.rules["logs"]
    assert after.rules["shop"] != before.rules["shop"]
    register("source = 'shop'")
    with pytest.raises(click.ClickException, match=r"mappings/shop\.toml"):
        flatten_plan.sources(lake.s3, lake.settings)
