"""The bookkeeping of the conservation law; no Spark."""

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glue import ledger
from glue.flatten import _tasks
from glue.ledger import Counts, Entry
from glue.raw_objects import RawObject

DAY, OTHER_DAY = "2025-03-01", "2025-03-02"
A, B = "s3://raw/logs/ingest_date=2025-03-01/a.json", "s3://raw/logs/ingest_date=2025-03-02/b.json"


def entry(url: str = A, **changes: object) -> Entry:
    blank = Entry(url, "e", 10, 0, {}, [DAY], "r", "run1", DAY)
    return replace(blank, **changes)


def counts(*rows: tuple[str, str, str, str, int]) -> Counts:
    return Counts({row[:-1]: row[-1] for row in rows})


def test_an_object_that_was_read() -> None:
    after = counts(
        ("user_activity", DAY, A, "cleaned", 3),
        ("user_activity", OTHER_DAY, A, "cleaned", 1),
        ("user_activity_excluded", DAY, A, "dropped", 2),
        ("user_activity_excluded", DAY, A, "duplicate", 4),
        ("quarantine", DAY, A, "bad_type", 5),
        ("user_activity", DAY, B, "cleaned", 9),
    )
    [found] = ledger.settle([entry(lines=15)], [], Counts(), after)
    expected = {"cleaned": 4, "dropped": 2, "duplicates": 4, "quarantined": {"bad_type": 5}}
    assert found == entry(lines=15, **expected)
    for lines in (14, 16):
        with pytest.raises(RuntimeError, match=f"nothing is published: {A} has {lines} lines, 15"):
            ledger.settle([entry(lines=lines)], [], Counts(), after)


def test_an_object_of_which_a_copy_came_before() -> None:
    before = counts(
        ("user_activity", DAY, A, "cleaned", 3), ("user_activity_excluded", DAY, B, "duplicate", 1)
    )
    after = counts(
        ("user_activity", DAY, A, "cleaned", 2),
        ("user_activity_excluded", DAY, A, "duplicate", 1),
        ("user_activity_excluded", DAY, B, "duplicate", 1),
    )
    assert ledger.changed(before, after) == {A}
    # Rows of days that were not built again, and quarantined ones, count as they did.
    old = entry(lines=9, cleaned=5, dropped=1, quarantined={"bad_type": 3})
    [found] = ledger.settle([], [old], before, after)
    assert found == replace(old, cleaned=4, duplicates=1)


def test_a_row_that_got_lost_and_one_that_belongs_to_nobody() -> None:
    before = counts(("user_activity", DAY, A, "cleaned", 3))
    with pytest.raises(RuntimeError, match="lost or made up"):
        ledger.settle([], [entry(lines=3, cleaned=3)], before, Counts())
    # The sum is right and the parts are not.
    after = counts(
        ("user_activity_excluded", DAY, A, "dropped", 7),
    )
    old = entry(lines=3, cleaned=-1, dropped=4)
    with pytest.raises(RuntimeError, match="lost or made up"):
        ledger.settle([], [old], after, after)
    assert ledger.changed(before, Counts()) == {A}
    assert ledger.changed(before, before) == set()


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            entry,
            st.text(st.characters(exclude_categories=["Cs"])),
            conversions=st.dictionaries(
                st.text(st.characters(exclude_categories=["Cs"])), st.integers(0)
            ),
            event_dates=st.lists(st.just(DAY), max_size=2),
        ),
        unique_by=lambda each: each.source_object,
    )
)
def test_to_json_and_back(entries: list[Entry]) -> None:
    """Whatever a key is named: a line an entry, also with U+2028 and U+0085 in it."""
    body = ledger.to_json(entries)
    found = ledger.from_json(body, DAY)
    assert found == sorted(entries, key=lambda each: each.source_object)
    assert ledger.to_json(reversed(entries)) == body


def test_totals() -> None:
    read = entry(lines=3, cleaned=1, quarantined={"bad_type": 2}, conversions={"user_id": 1})
    also = entry(B, lines=2, duplicates=1, quarantined={"bad_type": 1})
    assert ledger.totals([read, also, entry("other", lines=7)], {A, B}) == {
        "objects": 2,
        "lines": 5,
        "cleaned": 1,
        "dropped": 0,
        "duplicates": 1,
        "quarantined": {"bad_type": 3},
        "conversions": {"user_id": 1},
    }


@settings(deadline=None)
@given(st.lists(st.integers(0, 200 << 20), max_size=60), st.integers(1, 8))
def test_objects_are_dealt_out_evenly(sizes: list[int], cores: int) -> None:
    objects = [
        RawObject(str(number), "e", size, date(2025, 3, 1), "logs")
        for number, size in enumerate(sizes)
    ]
    tasks = _tasks(objects, cores)
    assert Counter(raw for task in tasks for raw in task) == Counter(objects)
    assert all(tasks)
    assert len(tasks) >= min(len(objects), 2 * cores)
    loads = [sum(raw.size for raw in task) for task in tasks]
    # No task has more than another by more than the largest object.
    assert not loads or max(loads) - min(loads) <= max(sizes)
