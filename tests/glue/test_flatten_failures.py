"""Runs that must fail, and then leave no result to publish."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from glue import flatten
from glue.ledger import Counts
from glue.raw_objects import Staged
from tests.glue.reference import Line
from tests.glue.test_flatten_cases import line
from tests.glue.zones import Zones

pytestmark = pytest.mark.slow

DAY = date(2025, 3, 1)


def fails(zones: Zones, plan: dict[str, Any], message: str) -> None:
    with pytest.raises((RuntimeError, SystemExit), match=message):
        zones.start(plan)
    assert not list(zones.cleaned.glob(f"_runs/run={plan['run_id']}/result.json"))


@pytest.mark.parametrize("table", ["user_activity", "user_activity_excluded", "quarantine"])
def test_a_row_that_gets_lost_on_its_way_to_the_file(
    zones: Zones, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    lines = [line(1), line(2), line(2), Line(b"?", ("malformed_json",))]
    url = zones.land(DAY, "a.json", lines)
    name = "build_quarantine" if table == "quarantine" else "build_day"
    monkeypatch.setattr(flatten, name, losing_a_row(table, getattr(flatten, name)))
    fails(zones, zones.plan([url]), "lost or made up, nothing is published: .*a.json has 4 lines")
    monkeypatch.undo()
    zones.run()


def losing_a_row(table: str, build: Callable[..., Counts]) -> Callable[..., Counts]:
    """`build` in a worker whose writer drops the first row of a table."""

    def lossy(part: Any, output: Any) -> Counts:
        from glue import days

        write = days._Writers.write
        days._Writers.write = lambda self, name, rows: write(
            self, name, rows.slice(1) if name == table else rows
        )
        try:
            return build(part, output)
        finally:
            days._Writers.write = write

    return lossy


def test_an_object_that_was_not_read_to_its_end(
    zones: Zones, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = [zones.land(DAY, name, [line(1)]) for name in ("a.json", "b.json")]
    stage = flatten._stage

    def forgetful(*arguments: Any) -> tuple[Any, list[Staged]]:
        copies, staged = stage(*arguments)
        for each in staged:
            each.closings = [closing for closing in each.closings if closing.url != urls[1]]
        return copies, staged

    monkeypatch.setattr(flatten, "_stage", forgetful)
    fails(zones, zones.plan(urls), "b.json was not read to its end: nothing is published")


def test_published_files_that_are_gone(zones: Zones) -> None:
    """The rows of a.json would be lost with the day that b.json has built again."""
    zones.land(DAY, "a.json", [line(1)])
    zones.run()
    for path in zones.cleaned.glob("user_activity/run=*/event_date=*/*.parquet"):
        path.unlink()
    url = zones.land(DAY, "b.json", [line(1)])
    fails(zones, zones.plan([url]), "is published and its files are gone: `uap flatten --rebuild`")


def test_an_object_that_is_gone(zones: Zones) -> None:
    url = zones.land(DAY, "a.json", [line(1)])
    Path(url).unlink()
    fails(zones, zones.plan([url]), "No such file")
