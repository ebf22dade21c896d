"""The main job, from generated documents to the marts, against the ground truth."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.pipeline.conftest import Project

pytestmark = pytest.mark.slow


def dropped(truth: dict[str, Any]) -> int:
    rows = truth["by_location_action"]
    return sum(row["events"] for row in rows if row["action"] == "logout")


@pytest.mark.parametrize("key", ["by_location_action", "by_day_location_action"])
def test_a_mart_is_the_ground_truth(built: Project, key: str) -> None:
    assert built.mart(key) == built.kept(key)


def test_the_cleaned_events_are_the_ground_truth(built: Project) -> None:
    rows = built.query(
        "select cast(event_date as varchar), location, action, count(*), count(distinct user_id)"
        " from {cleaned}.user_activity group by 1, 2, 3"
    )
    assert sorted(rows) == built.kept("by_day_location_action")


def test_every_item_of_every_purchase_is_there(built: Project) -> None:
    (counts,) = built.query(
        "select count(*), count(distinct event_id || '/' || cast(item_number as varchar))"
        " from {cleaned}.user_activity_items"
    )
    items = built.truth()["purchase_items"]
    assert items > 0
    assert counts == (items, items)
    assert built.query("select sum(item_count) from {cleaned}.user_activity") == [(items,)]


def test_the_quarantine_holds_each_malformed_line_with_its_reason(built: Project) -> None:
    truth = built.truth()
    reasons = dict(built.query("select reason, count(*) from {cleaned}.quarantine group by 1"))
    assert set(reasons) == {"malformed_json", "missing_field", "bad_type", "bad_timestamp"}
    assert reasons == {reason: n for reason, n in truth["malformed_by_reason"].items() if n}
    assert sum(reasons.values()) == truth["malformed"]
    by_day = built.query(
        "select cast(ingest_date as varchar), count(*) from {cleaned}.quarantine group by 1"
    )
    assert dict(by_day) == {day: n["malformed"] for day, n in truth["by_ingest_date"].items()}


def test_a_quarantined_line_is_found_where_the_quarantine_says(built: Project) -> None:
    rows = built.query("select source_object, line_number, raw_line from {cleaned}.quarantine")
    lines = {
        f"s3://{built.bucket('raw')}/{key}": gzip.decompress(built.body("raw", key)).split(b"\n")
        for key in built.logs()
    }
    found = [lines[source][number - 1].decode(errors="replace") for source, number, _ in rows]
    assert found == [row[2] for row in rows]


def test_every_line_of_every_object_has_its_one_row(built: Project) -> None:
    """The tables and the ledger beside the ground truth, object by object."""
    expected = {}
    for path, counts in built.truth()["files"].items():
        left_out = counts["events"].get("logout", 0)
        expected[f"s3://{built.bucket('raw')}/{path}.gz"] = (
            counts["lines"],
            sum(counts["events"].values()) - left_out,
            left_out,
            counts["duplicates"],
            sum(counts["malformed"].values()),
        )
    ledger = built.query(
        "select source_object, lines, cleaned, dropped, duplicates,"
        " reduce(map_values(quarantined), bigint '0', (total, n) -> total + n, total -> total)"
        " from {cleaned}.flatten_ledger"
    )
    assert {row[0]: row[1:] for row in ledger} == expected
    rows = built.query(
        "select source_object, line_number from {cleaned}.user_activity"
        " union all select source_object, line_number from {cleaned}.user_activity_excluded"
        " union all select source_object, line_number from {cleaned}.quarantine"
    )
    assert len(set(rows)) == len(rows) == sum(counts[0] for counts in expected.values())
    for key in built.logs():
        lines = gzip.decompress(built.body("raw", key)).split(b"\n")
        numbers = [number for number, line in enumerate(lines, 1) if line.strip(b" \t\r")]
        source = f"s3://{built.bucket('raw')}/{key}"
        assert sorted(number for name, number in rows if name == source) == numbers


def test_converted_types_are_counted(built: Project) -> None:
    counted = dict(
        built.query(
            "select field, sum(events) from {cleaned}.flatten_ledger"
            " cross join unnest(conversions) as converted (field, events) group by 1"
        )
    )
    assert counted == {field: n for field, n in built.truth()["conversions"].items() if n} != {}


def state(project: Project) -> dict[str, Any]:
    """All that a run could make anew: job runs, objects, and the snapshot of fct_events."""
    written = ("Key", "ETag", "LastModified")
    glue = project.client("glue")
    fct_events = glue.get_table(DatabaseName=project.database("analytics"), Name="fct_events")
    return {
        "job runs": [run["Id"] for run in project.job_runs()],
        "objects": [
            [entry[name] for name in written]
            for zone in ("raw", "cleaned")
            for entry in project.objects(zone).values()
        ],
        "Iceberg metadata": fct_events["Table"]["Parameters"]["metadata_location"],
        "mart": project.mart("by_location_action"),
    }


def test_a_second_run_rebuilds_nothing_and_says_the_same(
    built: Project, main_job: tuple[str, ...]
) -> None:
    before = state(built)
    said = built.succeed(*main_job)
    assert state(built) == before
    assert built.rows_written()["fct_events"] == 0
    events = sum(count for _, _, count, _ in before["mart"])
    assert f"Equal to the ground truth: {events:,} events, logout left out." in said
