import json
from pathlib import Path

import click
import pytest

from loaders import ground_truth, report
from loaders.flatten import DROPPED_BY_DEFAULT, parse_actions

MART = {("US", "view"): 3, ("US", "login"): 1, ("EU", "view"): 2}


def truth(*rows: tuple[str, str, int]) -> dict:
    keys = ("location", "action", "events")
    return {"by_location_action": [dict(zip(keys, row, strict=True)) for row in rows]}


def test_no_difference(capsys: pytest.CaptureFixture[str]) -> None:
    data = truth(("US", "view", 3), ("US", "login", 1), ("EU", "view", 2), ("EU", "logout", 9))
    report.check(MART, data, DROPPED_BY_DEFAULT)
    assert "6 events" in capsys.readouterr().out


def test_every_difference_is_listed() -> None:
    """A wrong count, a row too few, a row too many; and logout only as far as it is kept."""
    data = truth(("US", "view", 4), ("EU", "view", 2), ("ASIA", "view", 1), ("EU", "logout", 9))
    with pytest.raises(click.ClickException) as failure:
        report.check(MART, data, DROPPED_BY_DEFAULT)
    assert failure.value.message.splitlines()[1:] == [
        "  ASIA view: 0 in the mart, 1 in truth",
        "  US login: 1 in the mart, 0 in truth",
        "  US view: 3 in the mart, 4 in truth",
    ]
    with pytest.raises(click.ClickException, match="EU logout: 0 in the mart, 9 in truth"):
        report.check(MART, data, dropped_actions=())


@pytest.mark.parametrize(
    ("text", "problem"),
    [(None, "is missing"), ("[1]", "is not"), ("{", "is not"), ("{}", "is not")],
)
def test_a_ground_truth_that_is_none(tmp_path: Path, text: str | None, problem: str) -> None:
    path = tmp_path / "truth.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(click.ClickException, match=problem):
        ground_truth.read(path)


def test_a_ground_truth_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    ground_truth.write({"a": 1}, tmp_path)
    with pytest.raises(TypeError):
        ground_truth.write({"a": object()}, tmp_path)
    assert json.loads((tmp_path / ground_truth.FILE).read_text()) == {"a": 1}


@pytest.mark.parametrize(
    ("text", "actions"),
    [("logout", {"logout"}), (" logout , view", {"logout", "view"}), ("none", set())],
)
def test_dropped_actions_are_a_comma_list(text: str, actions: set[str]) -> None:
    assert parse_actions(text) == actions


@pytest.mark.parametrize("text", ["", "logout,", "none,logout"])
def test_dropped_actions_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(click.ClickException, match="--drop-actions"):
        parse_actions(text)
