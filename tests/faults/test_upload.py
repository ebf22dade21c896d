"""Uploads that are refused, cut off and killed: nothing is lost, nothing is landed twice."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace

from tests.faults import exact, kills, proxy
from tests.faults.kills import nth
from tests.faults.proxy import Proxy, Request, seeded


def documents_of(keys: Iterable[str]) -> set[str]:
    """The files that became objects."""
    return {exact.plain(key) for key in keys if not key.startswith("_")}


def is_document(request: Request) -> bool:
    return request.method == "PUT" and "-raw/logs/" in request.path


def test_an_upload_gets_through_what_passes(start_lake) -> None:
    lake = start_lake(1000, 100)
    with Proxy(lake.endpoint.url, seeded(1, rate=0.2)) as chaos:
        replace(lake, url=chaos.url).succeed("upload")
    assert len(chaos.injected) > 2
    exact.raw_zone(lake)
    before = lake.objects("raw")
    assert "0 objects landed" in lake.succeed("upload")
    assert lake.objects("raw") == before


def test_an_upload_that_cannot_go_on_says_so_and_continues(start_lake) -> None:
    """After some documents the connection of every request is cut."""
    lake = start_lake(1000, 100)
    cuts = (proxy.CUT_BEFORE, proxy.CUT_REQUEST, proxy.CUT_RESPONSE)
    always = seeded(1, rate=1, kinds=cuts, in_a_row=99)
    puts: list[str] = []

    def plan(request: Request) -> str | None:
        if is_document(request):
            puts.append(request.path)
        return always(request) if len(puts) > 5 else None

    with Proxy(lake.endpoint.url, plan) as chaos:
        error = replace(lake, url=chaos.url).fail("upload")
    assert "run the same command again to continue" in error
    survived = lake.objects("raw")
    assert survived
    lake.succeed("upload")
    exact.raw_zone(lake)
    assert survived.items() <= lake.objects("raw").items()  # what was there is left alone


def test_a_killed_upload_continues(start_lake) -> None:
    """SIGKILL at some request, again and again, before or after the endpoint did it."""
    lake = start_lake(1000, 100)
    draw = random.Random(1)
    killed = [
        kills.command_at(lake, nth(draw.randrange(3, 25)), done, "upload")
        for done in (False, True, False)
    ]
    assert any(killed)
    survived = lake.objects("raw")
    exact.raw_zone(lake, documents_of(survived))  # whole objects only
    lake.succeed("upload")
    exact.raw_zone(lake)
    assert survived.items() <= lake.objects("raw").items()


def test_two_uploads_at_once(start_lake) -> None:
    lake = start_lake(1000, 100)
    with lake.running("upload") as one, lake.running("upload") as other:
        said = [process.communicate(timeout=120) for process in (one, other)]
    assert [one.returncode, other.returncode] == [0, 0], said
    exact.raw_zone(lake)
    assert "0 objects landed" in lake.succeed("upload")
