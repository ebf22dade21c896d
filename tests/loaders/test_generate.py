"""Every generated file is read back slowly, and the ground truth is counted again."""

import hashlib
import os
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import click
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loaders import breakages, generate, vocabulary
from loaders.generate import Parameters
from tests.loaders.recount import assert_true, content, events_of, lines_of

SMALL = Parameters(events=3_000, days=4, users=50, max_lines_per_file=700)
# All that can go wrong goes wrong often.
WILD = Parameters(
    events=2_000,
    days=5,
    users=300,
    duplicates=0.5,
    late=0.3,
    malformed=0.3,
    skew=0.5,
    drift=0.6,
    max_lines_per_file=150,
)


@pytest.mark.parametrize("seed", [42, 7, -1])
@pytest.mark.parametrize("parameters", [SMALL, WILD])
def test_ground_truth_is_true(tmp_path: Path, parameters: Parameters, seed: int) -> None:
    parameters = replace(parameters, seed=seed)
    generate.generate(parameters, tmp_path / "data")
    assert_true(tmp_path / "data", parameters)


shares = st.sampled_from([0, 1]) | st.floats(0, 1)


@settings(max_examples=15, deadline=None)
@given(
    st.builds(
        Parameters,
        events=st.integers(1, 200),
        days=st.integers(2, 5),
        users=st.integers(1, 300),
        start=st.dates(date(1970, 1, 1), date(2100, 1, 1)),
        seed=st.integers(-(2**70), 2**70),
        duplicates=shares,
        # half of one event is rounded to the even 0
        late=st.floats(0, 0.25),
        malformed=shares,
        skew=shares,
        drift=shares,
        max_lines_per_file=st.integers(60, 1000),
    )
)
@example(
    Parameters(events=1, days=1, users=2, late=0, duplicates=1, malformed=1, max_lines_per_file=1)
)
@example(Parameters(events=1, days=1, users=1, late=0, duplicates=0, malformed=0, skew=0, drift=0))
@example(Parameters(events=2, days=5, users=1, late=0, duplicates=1, malformed=1))
@example(Parameters(events=100, days=2, users=9, late=0.5, duplicates=1, max_lines_per_file=9))
@example(Parameters(events=100, users=1000, duplicates=0, late=0, malformed=0, skew=0, drift=0))
@example(Parameters(events=100, days=3, users=9, duplicates=1, malformed=1, skew=1, drift=1))
# so many days have more milliseconds than 32 bits can count
@example(Parameters(events=300, days=60, users=99, drift=1))
def test_ground_truth_is_true_for_any_parameters(
    tmp_path_factory: pytest.TempPathFactory, parameters: Parameters
) -> None:
    folder = tmp_path_factory.mktemp("generated") / "data"
    generate.generate(parameters, folder)
    assert_true(folder, parameters)


def test_lines_break_in_every_way_for_the_reason_that_is_said(tmp_path: Path) -> None:
    """The reasons themselves are compared, line by line, where the truth is counted again."""
    truth, _ = generate.generate(WILD, tmp_path / "data")
    assert truth["malformed_by_kind"].keys() == {breakage.name for breakage in breakages.ALL}
    assert len({breakage.name for breakage in breakages.ALL}) == len(breakages.ALL) > 60
    by_reason = Counter[str]()
    for breakage in breakages.ALL:
        by_reason[breakage.reason] += truth["malformed_by_kind"][breakage.name]
    assert by_reason == truth["malformed_by_reason"]

    broken = [line.text for line in lines_of(tmp_path / "data", 150) if line.reason]
    huge = [text for text in broken if len(text) > 1 << 20]
    assert len(huge) == breakages.HUGE_LINES
    assert max(map(len, huge)) < (2 << 20) + 1000
    assert any(b"\xff" in text for text in broken)
    assert any(b"\0" in text for text in broken)
    assert any("\ufeff".encode() in text for text in broken)


def test_odd_lines_are_among_the_good_ones(tmp_path: Path) -> None:
    parameters = Parameters(events=20_000, malformed=0)
    generate.generate(parameters, tmp_path / "data")
    texts = [line for text in content(tmp_path / "data").values() for line in text.split(b"\n")]
    assert any(text.endswith(b"}\r") for text in texts)
    assert any(text == b"" for text in texts[:-3])
    assert any(text == b" \t\r" for text in texts)
    assert any(text.startswith(b"  {") and text.endswith(b"}\t") for text in texts)
    assert any(b'"app_version":null' in text for text in texts)
    assert any("straßenfest".encode() in text for text in texts)
    assert any(b"\\ud83d\\ude00" in text for text in texts)


def test_second_copies_come_before_and_after_the_first(tmp_path: Path) -> None:
    parameters = replace(WILD, malformed=0)
    generate.generate(parameters, tmp_path / "data")
    lines = lines_of(tmp_path / "data", 150)
    places: dict[str, list[tuple[str, str]]] = {}
    for line in lines:
        places.setdefault(line.document["event_id"], []).append((line.ingest_date, line.path))
    pairs = [found for found in places.values() if len(found) > 1]
    assert len(pairs) == 1_000
    assert all(len(pair) == 2 for pair in pairs)
    days = [
        (date.fromisoformat(second) - date.fromisoformat(first)).days
        for (first, _), (second, _) in pairs
    ]
    assert Counter(days).keys() == {0, 1, 2}
    # An event on time and its second copy on that day: either may be in the earlier file.
    assert len({pair[0][1] for pair in pairs if pair[0][0] == pair[1][0]}) > 10


def test_a_clock_that_is_wrong_shows_in_the_timestamp(tmp_path: Path) -> None:
    def hours_off(skew: float) -> list[float]:
        parameters = replace(SMALL, skew=skew, duplicates=0, malformed=0, late=0)
        generate.generate(parameters, tmp_path / "data")
        events = events_of(lines_of(tmp_path / "data", 700))
        # Lines stand in the order in which they arrived, at once: with right clocks, in time.
        off, latest = [], {}
        for event in events:
            at = event.document["at"]
            latest[event.path] = max(latest.get(event.path, at), at)
            off.append((latest[event.path] - at).total_seconds() / 3600)
        return off

    assert max(hours_off(0)) == 0
    assert max(hours_off(0.3)) > 1
    assert max(hours_off(1)) < 12.1


def test_the_vocabulary_counts_its_sessions() -> None:
    words = vocabulary.build(1)
    first = [code >> 4 & 255 == 0 for code in words.step]
    assert sum(first) == vocabulary.SESSIONS
    for events in (0, 1, 2, len(first) - 1, len(first), 3 * len(first) + 17):
        assert words.sessions(events) == sum(first[n % len(first)] for n in range(events))


def test_bytes_depend_on_the_parameters_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate.generate(SMALL, tmp_path / "a")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    generate.generate(SMALL, tmp_path / "b")
    assert content(tmp_path / "a") == content(tmp_path / "b")
    other = replace(SMALL, seed=SMALL.seed + 1)
    generate.generate(other, tmp_path / "c")
    lines = {line.document["event_id"] for line in events_of(lines_of(tmp_path / "a", 700))}
    others = {line.document["event_id"] for line in events_of(lines_of(tmp_path / "c", 700))}
    assert not lines & others


def test_bytes_stay_the_same_from_release_to_release(tmp_path: Path) -> None:
    """When this fails on purpose, raise generate.REVISION: data sets of before are then rebuilt."""
    generate.generate(Parameters(events=1_000), tmp_path / "data")
    digest = hashlib.sha256(
        b"".join(text for _, text in sorted(content(tmp_path / "data").items()))
    )
    assert (generate.REVISION, digest.hexdigest()[:16]) == (3, "07d7efea821b2abb")


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
        ("skew", -1),
        ("drift", 2),
        ("start", date(9999, 12, 30)),
    ],
)
def test_parameters_that_make_no_sense_are_refused_by_name(option: str, value: object) -> None:
    with pytest.raises(click.ClickException, match=f"--{option.replace('_', '-')}"):
        Parameters(**{option: value})


def test_late_events_need_a_later_day() -> None:
    with pytest.raises(click.ClickException, match="raise --days, or lower --late"):
        Parameters(days=1)
    assert Parameters(days=1, late=0).count("late") == 0
