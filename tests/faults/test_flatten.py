"""Flatten runs that are killed, refused and run at once: the cleaned zone is exact afterwards."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from localaws.process import Endpoint
from tests.faults import exact, kills
from tests.faults.kills import nth
from tests.faults.lake import FINAL, HANGS, Lake, error_of, wait_until
from tests.faults.proxy import Proxy, Request, seeded

pytestmark = pytest.mark.slow

# More for a longer check: UAP_KILLS=50, and another UAP_SEED for other moments.
KILLS = int(os.environ.get("UAP_KILLS", "8"))
SEED = int(os.environ.get("UAP_SEED", "1"))


def test_random_kills(mortal: Endpoint, start_lake: Callable[..., Lake]) -> None:
    """Some documents more land and are flattened, killed on the way again and again. Each time
    all zones are exact afterwards, and what a reader saw in between was old or new, by partition.
    """
    lake = start_lake(1000 + KILLS * 100, 100, mortal)
    draw = random.Random(SEED)
    landed, *slices = _slices(lake, 2 + KILLS // 2)
    lake.succeed("upload", *_files(landed))
    started = time.monotonic()
    requests = kills.count_requests(lake, "flatten")
    seconds = time.monotonic() - started
    exact.cleaned_zone(lake, landed)

    killed: list[str] = []
    while len(killed) < KILLS:
        assert slices, f"too few were killed: {killed}"
        known, paths = len(killed), slices.pop(0)
        landed += paths
        killed += _kill_upload(lake, draw, paths)
        lake.succeed("upload", *_files(paths))
        exact.raw_zone(lake, landed)
        views = [readers_view(lake)]
        for _ in range(4):
            killed += _kill_flatten(lake, draw, requests, seconds)
            views.append(readers_view(lake))
            settle(lake)
        lake.succeed("flatten")
        exact.cleaned_zone(lake, landed)
        before, *between, after = [*views, readers_view(lake)]
        for view in between:
            assert all(rows in (before.get(day), after[day]) for day, rows in view.items())
            assert before.keys() <= view.keys()
        print(f"{len(killed)} kills: {'; '.join(killed[known:])}", flush=True)

    rest = [path for paths in slices for path in paths]
    if rest:
        lake.succeed("upload", *_files(rest))
        lake.succeed("flatten")
    exact.raw_zone(lake, lake.truth()["files"])
    exact.cleaned_zone(lake)


def _slices(lake: Lake, number: int) -> list[list[str]]:
    """The files of the data set, in the order of their keys, in so many parts."""
    paths = sorted(lake.truth()["files"])
    return [
        paths[part * len(paths) // number : (part + 1) * len(paths) // number]
        for part in range(number)
    ]


def _files(paths: list[str]) -> list[str]:
    return [f"data/{path}" for path in paths]


def _kill_upload(lake: Lake, draw: random.Random, paths: list[str]) -> list[str]:
    kill = draw.choice([kills.command_at, kills.endpoint_at])
    at, done = nth(draw.randint(1, 8 + 2 * len(paths))), draw.random() < 0.5
    request = kill(lake, at, done, "upload", *_files(paths))
    return [f"upload, {kill.__name__} {'after' if done else 'before'} {request}"] if request else []


def _kill_flatten(lake: Lake, draw: random.Random, requests: int, seconds: float) -> list[str]:
    """What was killed, if anything was: at a random moment of the job, at a random request, or
    about the commit and the switch of the first pointer."""
    kill = draw.choice([kills.job_after, kills.command_at, kills.endpoint_at])
    if kill is kills.job_after:
        after = draw.uniform(0, 0.8 * seconds)
        return [f"job after {after:.1f} s"] if kill(lake, after, "flatten") else []
    at, done = draw.choice([nth(draw.randint(1, requests)), *COMMITS]), draw.random() < 0.5
    request = kill(lake, at, done, "flatten")
    return [f"{kill.__name__} {'after' if done else 'before'} {request}"] if request else []


def is_commit(request: Request) -> bool:
    return request.method == "PUT" and "/_state/flatten.json" in request.path


def is_pointer(request: Request) -> bool:
    return request.action in (
        *("BatchUpdatePartition", "BatchCreatePartition", "UpdatePartition", "CreatePartition"),
        *("UpdateTable", "BatchDeletePartition"),
    )


COMMITS = (is_commit, is_pointer)


def settle(lake: Lake) -> None:
    """Wait for the job that a killed command has left; meanwhile another run is refused."""

    def runs() -> bool:
        return any(run["JobRunState"] not in FINAL for run in lake.job_runs())

    if not runs():
        return
    ended = lake.run("flatten")
    if ended.returncode:
        assert "is running already" in error_of(ended)
    end = time.monotonic() + HANGS
    while runs():
        assert time.monotonic() < end, "the job hangs"
        time.sleep(0.5)


def readers_view(lake: Lake) -> dict[tuple[str, str], Any]:
    """{(table, partition): what it holds}, in so many words."""
    days = {"user_activity": "event_date", "user_activity_excluded": "event_date"}
    return {
        (table, day): rest
        for table, column in days.items()
        for day, *rest in lake.query(
            f"select cast({column} as varchar), count(*), count(distinct source_object),"
            f" min(event_id), max(event_id) from {table} group by 1"
        )
    }


def test_a_flatten_gets_through_what_passes(start_lake: Callable[..., Lake]) -> None:
    lake = start_lake(2000, 100)
    lake.succeed("upload")
    with Proxy(lake.endpoint.url, seeded(SEED, rate=0.25)) as chaos:
        ended = replace(lake, url=chaos.url).run("flatten")
    assert len(chaos.injected) > 3
    if ended.returncode:  # the answer of a request that must not be repeated may be lost
        print(error_of(ended))
        settle(lake)
        lake.succeed("flatten")
    exact.cleaned_zone(lake)


def test_flattens_and_an_upload_at_once(start_lake: Callable[..., Lake]) -> None:
    lake = start_lake(2000, 100)
    paths = sorted(lake.truth()["files"])
    half = len(paths) // 2
    lake.succeed("upload", *_files(paths[:half]))
    with lake.running("flatten") as one, lake.running("flatten") as other:
        lake.succeed("upload", *_files(paths[half:]))
        for process in (one, other):
            _, errors = process.communicate(timeout=300)
            # Either may refuse while the other runs; neither may break anything.
            if process.returncode:
                assert errors.startswith("Error: "), errors
                assert errors.count("\n") == 1, errors
    assert 0 in (one.returncode, other.returncode)
    lake.succeed("flatten")
    exact.cleaned_zone(lake)


def test_a_late_publication_does_not_turn_the_catalog_back(
    start_lake: Callable[..., Lake],
) -> None:
    """A run that has committed is held at its first pointer, until another was published."""
    lake = start_lake(1000, 100)
    paths = sorted(lake.truth()["files"])
    first, second, third = (paths[number::3] for number in range(3))  # of all days
    lake.succeed("upload", *_files(first))
    lake.succeed("flatten")
    lake.succeed("upload", *_files(second))
    held, released = threading.Event(), threading.Event()

    def hold(request: Request) -> None:
        if request.action == "BatchUpdatePartition" and not held.is_set():
            held.set()
            released.wait(HANGS)

    with (
        Proxy(lake.endpoint.url, hold) as proxy,
        replace(lake, url=proxy.url).running("flatten") as late,
    ):
        wait_until(held.is_set, during=late)
        lake.succeed("upload", *_files(third))
        lake.succeed("flatten")
        exact.cleaned_zone(lake)
        released.set()
        output, errors = late.communicate(timeout=HANGS)
    assert late.returncode == 0, output + errors
    exact.cleaned_zone(lake)
