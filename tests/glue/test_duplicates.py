"""Which lines of one event lose, held to the rule in plain Python; no Spark."""

from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from glue.duplicates import (
    COPY_SCHEMA,
    KEPT,
    NEW,
    REMOVED,
    by_bucket,
    fingerprints,
    losing_lines,
)


class Copy(NamedTuple):
    event_id: str
    event_date: date
    ingest_date: date
    source_object: str
    line_number: int
    origin: int
    was_duplicate: bool


ids = st.integers(0, 5).map(lambda number: str(UUID(int=number)))
days = st.integers(0, 2).map(lambda number: date(2025, 3, 1) + timedelta(number))


@st.composite
def copies(draw: st.DrawFn) -> list[Copy]:
    """Lines at places of their own, but for those that were read again."""
    places = draw(
        st.sets(st.tuples(days, st.sampled_from(["a", "é", "\U0001f600"]), st.integers(1, 9)))
    )
    lines = []
    for day, name, number in sorted(places):
        place = (day, f"{day}/{name}", number)
        origin = draw(st.sampled_from([NEW, KEPT, REMOVED]))
        was_duplicate = origin != NEW and draw(st.booleans())
        lines.append(Copy(draw(ids), draw(days), *place, origin, was_duplicate))
        if origin == REMOVED and draw(st.booleans()):
            lines.append(Copy(draw(ids), draw(days), *place, NEW, False))
    return draw(st.permutations(lines))


def losers(lines: list[Copy]) -> set[tuple[date, str, int]]:
    decided_anew = {line.event_id for line in lines if line.origin != KEPT}
    lost, seen = set(), set()
    for line in sorted(lines, key=lambda line: line[2:5]):
        if line.origin == REMOVED:
            continue
        loses = line.event_id in seen if line.event_id in decided_anew else line.was_duplicate
        seen.add(line.event_id)
        if loses:
            lost.add((line.event_date, line.source_object, line.line_number))
    return lost


def table(lines: list[Copy]) -> pa.Table:
    return pa.Table.from_pylist([line._asdict() for line in lines], schema=COPY_SCHEMA)


@settings(deadline=None)
@given(copies(), st.integers(1, 4), st.data())
def test_losing_lines(lines: list[Copy], buckets: int, data: st.DataObject) -> None:
    """However the lines are cut into tables and dealt out to buckets."""
    cut = data.draw(st.integers(0, len(lines)))
    whole = table(lines)
    dealt: dict[int, list[pa.Table]] = {}
    for part in (whole.slice(0, cut), whole.slice(cut)):
        for bucket, found in by_bucket(part, fingerprints(part["event_id"]), buckets):
            dealt.setdefault(bucket, []).append(found)
    assert sum(part.num_rows for parts in dealt.values() for part in parts) == len(lines)
    found = [row for parts in dealt.values() for row in losing_lines(parts).to_pylist()]
    places = [(row["event_date"], row["source_object"], row["line_number"]) for row in found]
    assert sorted(places) == sorted(losers(lines))


def test_no_line_loses_among_none() -> None:
    assert losing_lines([]).num_rows == 0
    assert losing_lines([table([])]).num_rows == 0


@settings(deadline=None)
@given(st.lists(st.uuids().map(str), max_size=20), st.integers(0, 20), st.integers(0, 20))
def test_a_fingerprint_is_of_the_text_wherever_it_lies(
    texts: list[str], start: int, cut: int
) -> None:
    whole = fingerprints(pa.array(texts, pa.string()))
    assert whole.dtype == np.uint64
    assert len(set(whole.tolist())) == len(set(texts))
    part = pa.array(texts, pa.string())[start:]
    chunked = pa.chunked_array([part[:cut], part[cut:]], pa.string())
    assert fingerprints(chunked).tolist() == whole[start:].tolist()
    # A text of another length before it shifts where the characters begin.
    shifted = pa.array(["x", *texts], pa.string())[1:]
    assert fingerprints(shifted).tolist() == whole.tolist()
