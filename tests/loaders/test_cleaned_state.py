"""The object that decides what is published: written once by one run, however they race."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import click
import pytest

from loaders import aws, cleaned_state
from loaders.cleaned_state import State


@pytest.fixture
def lake(pipeline):
    aws.ensure_buckets(pipeline.s3, pipeline.settings)
    return pipeline


def test_nothing_is_published_at_first(lake) -> None:
    assert cleaned_state.read(lake.s3, lake.settings) == (State(), None)


def test_what_was_committed_is_read(lake) -> None:
    state = State(
        run_id="r1",
        drop_actions=[],
        output_format="json",
        partitions={"user_activity": {"2025-01-01": "r1"}},
        superseded={"user_activity/run=r0/event_date=2025-01-01/": "2025-01-01T00:00:00+00:00"},
        listings={"logs/2025-01-01": "abc"},
    )
    cleaned_state.commit(lake.s3, lake.settings, state, None)
    read, _ = cleaned_state.read(lake.s3, lake.settings)
    assert read == state
    assert read.runs() == {"r0", "r1"}


def test_a_run_that_began_before_another_was_published_is_refused(lake) -> None:
    cleaned_state.commit(lake.s3, lake.settings, State("r1"), None)
    _, etag = cleaned_state.read(lake.s3, lake.settings)
    cleaned_state.commit(lake.s3, lake.settings, State("r2"), etag)
    for began_from in (etag, None):
        with pytest.raises(click.ClickException, match="another flatten was published"):
            cleaned_state.commit(lake.s3, lake.settings, State("r3"), began_from)
    assert cleaned_state.read(lake.s3, lake.settings)[0].run_id == "r2"


def test_a_put_whose_answer_was_lost_may_be_repeated(lake) -> None:
    cleaned_state.commit(lake.s3, lake.settings, State("r1"), None)
    cleaned_state.commit(lake.s3, lake.settings, State("r1"), None)
    assert cleaned_state.read(lake.s3, lake.settings)[0].run_id == "r1"


@pytest.mark.parametrize("first", [True, False])
def test_of_many_at_once_one_is_published(lake, first: bool) -> None:
    etag = None
    if not first:
        cleaned_state.commit(lake.s3, lake.settings, State("r0"), None)
        _, etag = cleaned_state.read(lake.s3, lake.settings)

    def commit(number: int) -> bool:
        s3 = aws.client("s3", lake.settings)
        try:
            cleaned_state.commit(s3, lake.settings, State(f"run{number}"), etag)
        except click.ClickException:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(commit, range(16)))
    assert won.count(True) == 1
    assert cleaned_state.read(lake.s3, lake.settings)[0].run_id == f"run{won.index(True)}"


def test_files_of_an_older_version_are_known_until_they_are_built_again(lake) -> None:
    old = {"format": 3, "run_id": "r1", "partitions": {"user_activity": {"2025-01-01": "r1"}}}
    aws.write_json(lake.s3, lake.settings.cleaned_bucket, cleaned_state.KEY, old)
    state, etag = cleaned_state.read(lake.s3, lake.settings)
    assert state.outdated
    # as the next command that finds days astray does
    cleaned_state.commit(lake.s3, lake.settings, replace(state, publication=1), etag)
    state, etag = cleaned_state.read(lake.s3, lake.settings)
    assert state.outdated
    cleaned_state.commit(lake.s3, lake.settings, State("r2"), etag)
    assert not cleaned_state.read(lake.s3, lake.settings)[0].outdated


def test_a_state_of_another_version_names_the_way_out(lake) -> None:
    aws.write_json(lake.s3, lake.settings.cleaned_bucket, cleaned_state.KEY, {"raw": {}})
    with pytest.raises(click.ClickException, match="uap flatten --rebuild"):
        cleaned_state.read(lake.s3, lake.settings)
    state, etag = cleaned_state.read(lake.s3, lake.settings, any_version=True)
    assert (state, bool(etag)) == (State(), True)
