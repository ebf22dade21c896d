"""Every generated file is read back with Python's json, and the ground truth is counted again."""

import fcntl
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loaders import generate, ground_truth
from loaders.generate import Parameters

SMALL = Parameters(events=3_000, days=4, users=50, max_lines_per_file=700)
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def classify(line: str) -> tuple[str, dict[str, Any] | None]:
    """The design's contract, written down a second time: a quarantine reason, or the document."""
    try:
        document = json.loads(line, parse_float=Decimal)
    except ValueError:
        return "malformed_json", None
    required = {"event_id", "user_id", "action", "timestamp", "metadata"}
    if required - document.keys() or {"device", "location"} - document["metadata"].keys():
        return "missing_field", None
    if type(document["user_id"]) is not int:
        return "bad_type", None
    if not TIMESTAMP.fullmatch(document["timestamp"]):
        return "bad_timestamp", None
    try:
        datetime.fromisoformat(document["timestamp"])
    except ValueError:
        return "bad_timestamp", None
    return "", document


def assert_keeps_contract(document: dict[str, Any], parameters: Parameters) -> None:
    assert UUID(document["event_id"]).variant == "specified in RFC 4122"
    assert 1 <= document["user_id"] <= parameters.users
    assert document["action"] in {"login", "logout", "view", "purchase"}
    assert document.keys() == {"event_id", "user_id", "action", "timestamp", "metadata"}
    metadata = document["metadata"]
    assert metadata["device"] in {"mobile", "desktop", "tablet"}
    assert metadata["location"] in {"US", "EU", "ASIA"}
    assert metadata.keys() <= {"device", "location", "app_version", "page", "purchase"}
    assert None not in metadata.values()
    assert ("page" in metadata) == (document["action"] == "view")
    assert ("purchase" in metadata) == (document["action"] == "purchase")
    if purchase := metadata.get("purchase"):
        assert purchase.keys() == {"order_id", "currency", "total", "items"}
        assert 1 <= len(purchase["items"]) <= 4
        assert all(item.keys() == {"sku", "quantity", "unit_price"} for item in purchase["items"])
        amounts = [item["quantity"] * item["unit_price"] for item in purchase["items"]]
        assert sum(amounts) == purchase["total"]


def count_again(folder: Path, parameters: Parameters) -> dict[str, Any]:
    """The ground truth, from nothing but the lines in the files."""
    window = [parameters.start + timedelta(days=day) for day in range(parameters.days)]
    by_day = {
        day.isoformat(): dict.fromkeys(("lines", "duplicates", "malformed", "late"), 0)
        for day in window
    }
    reasons = Counter(malformed_json=0, missing_field=0, bad_type=0, bad_timestamp=0)
    cells, seen = Counter(), {}
    items = late = 0
    for path in sorted(folder.glob("logs/*/*")):
        ingest_date = path.parent.name.removeprefix("ingest_date=")
        lines = path.read_bytes().decode().split("\n")
        assert lines.pop() == "", "a file ends with a line end"
        assert 0 < len(lines) <= parameters.max_lines_per_file
        for line in lines:
            assert line
            counts = by_day[ingest_date]
            counts["lines"] += 1
            reason, document = classify(line)
            if document is None:
                counts["malformed"] += 1
                reasons[reason] += 1
                continue
            if document["event_id"] in seen:
                counts["duplicates"] += 1
                first_line, first_day = seen[document["event_id"]]
                assert line == first_line
                assert date.fromisoformat(ingest_date) - first_day <= timedelta(days=1)
                seen[document["event_id"]] = ("sent a third time", first_day)
                continue
            seen[document["event_id"]] = (line, date.fromisoformat(ingest_date))
            assert_keeps_contract(document, parameters)
            event_date = document["timestamp"][:10]
            assert date.fromisoformat(event_date) in window
            assert event_date <= ingest_date
            if event_date < ingest_date:
                counts["late"] += 1
                late += 1
            metadata = document["metadata"]
            cells[event_date, metadata["location"], document["action"]] += 1
            items += len(metadata.get("purchase", {}).get("items", []))
    totals = defaultdict(int)
    for (_, location, action), events in cells.items():
        totals[location, action] += events
    return {
        "documents": sum(counts["lines"] for counts in by_day.values()),
        "unique_events": len(seen),
        "duplicates": sum(counts["duplicates"] for counts in by_day.values()),
        "malformed": reasons.total(),
        "late": late,
        "malformed_by_reason": dict(reasons),
        "by_ingest_date": by_day,
        "by_location_action": [
            {"location": location, "action": action, "events": events}
            for (location, action), events in sorted(totals.items())
        ],
        "by_day_location_action": [
            {"event_date": day, "location": location, "action": action, "events": events}
            for (day, location, action), events in sorted(cells.items())
        ],
        "purchase_items": items,
        "files": {
            str(path.relative_to(folder)): path.stat().st_size
            for path in sorted(folder.glob("logs/*/*"))
        },
    }


def assert_true(folder: Path, parameters: Parameters) -> None:
    written = ground_truth.read(folder / "ground_truth.json")
    assert written.pop("parameters")["events"] == parameters.events
    assert written == count_again(folder, parameters)
    assert written["unique_events"] == parameters.events
    for share in ("duplicates", "late", "malformed"):
        assert written[share] == round(getattr(parameters, share) * parameters.events)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("part-*")}


def test_ground_truth_is_true(tmp_path: Path) -> None:
    generate.generate(SMALL, tmp_path / "data")
    assert_true(tmp_path / "data", SMALL)


shares = st.floats(0, 1)


@settings(max_examples=20, deadline=None)
@given(
    st.builds(
        Parameters,
        events=st.integers(1, 200),
        days=st.integers(2, 5),
        users=st.integers(1, 300),
        start=st.dates(date(1970, 1, 1), date(2100, 1, 1)),
        seed=st.integers(-(2**70), 2**70),
        duplicates=shares,
        late=st.floats(0, 0.4),
        malformed=shares,
        max_lines_per_file=st.integers(40, 1000),
    )
)
@example(Parameters(events=1, days=1, late=0, duplicates=1, malformed=1, max_lines_per_file=1))
@example(Parameters(events=2, days=5, late=0, duplicates=1, malformed=1))
@example(Parameters(events=100, days=2, late=0.5))
@example(Parameters(events=100, duplicates=0, late=0, malformed=0))
def test_ground_truth_is_true_for_any_parameters(
    tmp_path_factory: pytest.TempPathFactory, parameters: Parameters
) -> None:
    folder = tmp_path_factory.mktemp("generated") / "data"
    generate.generate(parameters, folder)
    assert_true(folder, parameters)


def test_bytes_depend_on_the_parameters_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate.generate(SMALL, tmp_path / "a")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    generate.generate(SMALL, tmp_path / "b")
    assert content(tmp_path / "a") == content(tmp_path / "b")
    other = Parameters(**{**SMALL.__dict__, "seed": SMALL.seed + 1})
    generate.generate(other, tmp_path / "c")
    lines = {line for text in content(tmp_path / "a").values() for line in text.splitlines()}
    others = {line for text in content(tmp_path / "c").values() for line in text.splitlines()}
    assert not lines & others


def test_bytes_stay_the_same_from_release_to_release(tmp_path: Path) -> None:
    """When this fails on purpose, raise generate.REVISION: data sets of before are then rebuilt."""
    generate.generate(Parameters(events=1_000), tmp_path / "data")
    digest = hashlib.sha256(
        b"".join(text for _, text in sorted(content(tmp_path / "data").items()))
    )
    assert (generate.REVISION, digest.hexdigest()[:16]) == (1, "d3f51a948dd83160")


def test_users_actions_and_locations_are_skewed_and_independent(tmp_path: Path) -> None:
    parameters = Parameters(events=20_000, users=1_000, duplicates=0, malformed=0)
    generate.generate(parameters, tmp_path / "data")
    lines = [
        json.loads(line)
        for text in content(tmp_path / "data").values()
        for line in text.splitlines()
    ]
    users = Counter(line["user_id"] for line in lines)
    most_active = sum(events for _, events in users.most_common(10))
    assert 0.15 < most_active / len(lines) < 0.3
    assert len(users) > 900
    actions = Counter(line["action"] for line in lines)
    locations = Counter(line["metadata"]["location"] for line in lines)
    assert min(actions.values()) > 1_500
    assert actions["view"] > 11_000
    assert min(locations.values()) > 1_500
    together = Counter((line["action"], line["metadata"]["location"]) for line in lines)
    for (action, location), events in together.items():
        expected = actions[action] * locations[location] / len(lines)
        assert abs(events - expected) < 5 * expected**0.5  # draws that depend miss by far more
    hours = Counter(
        datetime.fromisoformat(line["timestamp"]).astimezone(UTC).hour for line in lines
    )
    assert hours[12] > 4 * hours[0]


def test_a_second_run_does_nothing_and_other_parameters_rebuild(tmp_path: Path) -> None:
    out = tmp_path / "data"
    assert generate.generate(SMALL, out)[1]
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    truth, written = generate.generate(SMALL, out)
    assert not written
    assert truth == ground_truth.read(out / "ground_truth.json")
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == times

    fewer = Parameters(events=100, days=1, late=0)
    assert generate.generate(fewer, out)[1]
    assert_true(out, fewer)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_damaged_data_set_is_written_again(tmp_path: Path) -> None:
    out = tmp_path / "data"
    generate.generate(SMALL, out)
    before = content(out)
    victim = out / sorted(before)[0]
    victim.write_bytes(before[sorted(before)[0]][:-10])
    assert generate.generate(SMALL, out)[1]
    assert content(out) == before


@pytest.mark.parametrize("marker", [None, "{}", "not json"])
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, marker: str | None) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    if marker is not None:
        (tmp_path / "ground_truth.json").write_text(marker)
    with pytest.raises(click.ClickException, match=r"ground_truth\.json"):
        generate.generate(SMALL, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_file_that_somebody_put_into_the_data_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "data"
    generate.generate(SMALL, out)
    mine = out / "logs" / "mine.json"
    mine.write_text("{}")
    with pytest.raises(click.ClickException, match=r"mine\.json"):
        generate.generate(Parameters(events=10, late=0), out)
    assert mine.read_text() == "{}"
    assert_true_except_for(out, mine)


def assert_true_except_for(out: Path, foreign: Path) -> None:
    foreign.unlink()
    assert_true(out, SMALL)


def test_a_run_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "data"
    generate.generate(SMALL, out)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(ground_truth, "write", full_disk)
        with pytest.raises(OSError):
            generate.generate(Parameters(events=10, late=0), out)
    assert_true(out, SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_killed_run_leaves_no_half_data_set_and_its_scratch_is_cleared(tmp_path: Path) -> None:
    command = "import sys; from loaders.cli import main; main()"
    child = subprocess.Popen(
        [sys.executable, "-c", command, "generate", "--events", "50000000", "--out", "data"],
        cwd=tmp_path,
    )
    scratch = tmp_path / ".data.generating"
    try:
        while not list(scratch.glob("new/logs/*/part-*")):
            assert child.poll() is None
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert not (tmp_path / "data").exists()
    generate.generate(SMALL, tmp_path / "data")
    assert_true(tmp_path / "data", SMALL)
    assert not scratch.exists()


def test_two_runs_do_not_write_the_same_folder(tmp_path: Path) -> None:
    scratch = tmp_path / ".data.generating"
    scratch.mkdir()
    with (scratch / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(click.ClickException, match="another `uap generate`"):
            generate.generate(SMALL, tmp_path / "data")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("events", 0),
        ("events", 10**9 + 1),
        ("days", 0),
        ("users", -1),
        ("max_lines_per_file", 0),
        ("duplicates", -0.1),
        ("late", 1.5),
        ("malformed", float("nan")),
        ("start", date(9999, 12, 30)),
    ],
)
def test_parameters_that_make_no_sense_are_refused_by_name(option: str, value: object) -> None:
    with pytest.raises(click.ClickException, match=f"--{option.replace('_', '-')}"):
        Parameters(**{option: value})


def test_late_events_need_an_earlier_day() -> None:
    with pytest.raises(click.ClickException, match="raise --days, or lower --late"):
        Parameters(days=1)
    assert Parameters(days=1, late=0).count("late") == 0
