"""What a random history does not meet, through the whole job."""

import gzip
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pyarrow.compute
import pyarrow.parquet
import pytest

from glue import tables
from loaders import publication
from tests.glue.reference import Event, Line
from tests.glue.zones import Zones, read_folder

pytestmark = pytest.mark.slow

DAY_1, DAY_2, DAY_3 = date(2025, 3, 1), date(2025, 3, 2), date(2025, 3, 3)


def event_id(number: int) -> str:
    return str(UUID(int=number))


def line(number: int, **changes: object) -> Line:
    event = Event(event_id(number), **changes)
    document = {
        "event_id": event.event_id,
        "user_id": event.user_id,
        "action": event.action,
        "timestamp": event.event_at.isoformat(),
        "metadata": {"device": event.device, "location": event.location},
    }
    return Line(json.dumps(document).encode(), (event,))


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def files(zones: Zones, table: str) -> list[Path]:
    return sorted(
        path
        for value, run_id in zones.state.partitions[table].items()
        for path in (zones.cleaned / publication.folder(table, run_id, value)).iterdir()
        if not path.name.startswith((".", "_"))
    )


def test_columns_and_types_are_those_the_catalog_declares(zones: Zones) -> None:
    purchase = {"order_id": "o", "items": [{"sku": "a", "quantity": 1, "unit_price": 2.5}]}
    document = json.loads(line(1).text)
    document["metadata"]["purchase"] = purchase
    event = Event(event_id(1), order_id="o", items=(("a", 1, Decimal("2.50")),))
    bought = Line(json.dumps(document).encode(), (event,))
    zones.land(DAY_1, "a.json.gz", [bought, bought, Line(b"?", ("malformed_json",))])
    zones.run()
    for name in publication.TABLES:
        if name == "flatten_ledger":
            continue
        [path] = files(zones, name)
        statement = (publication.DDL / f"{name}.sql").read_text()
        declared = statement[statement.index("(") + 1 : statement.index("partitioned by")]
        schema = pyarrow.parquet.read_schema(path)
        types = {
            "string": "string",
            "bigint": "int64",
            "int": "int32",
            "date": "date32[day]",
            "timestamp": "timestamp[us, tz=UTC]",
            "decimal(12,2)": "decimal128(12, 2)",
        }
        columns = [
            column.strip().strip(")").split(" ", 1) if "(12,2" not in column else column.split()
            for column in declared.strip().removesuffix(")").split(",\n")
        ]
        for (column, kind), field in zip(columns, schema, strict=True):
            assert column == field.name
            if column != "items":
                assert types[kind] == str(field.type), column
        assert pyarrow.parquet.ParquetFile(path).metadata.row_group(0).column(0).compression == (
            "ZSTD"
        )


def test_objects_without_lines_and_days_far_away(zones: Zones) -> None:
    """The ledger has a row for an object of nothing; the first and the last day there are."""
    zones.land(DAY_1, "empty.json.gz", [])
    zones.land(DAY_1, "nothing.json", [])
    zones.land(DAY_1, "blank.json", [Line(b" \t", (None,)), Line(b"\r", (None,))])
    zones.run()
    first = datetime(1, 1, 1, tzinfo=UTC)
    last = datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
    far = [line(1, event_at=first), line(2, event_at=last), line(3, action="logout")]
    # In UTC neither is in a year that there is.
    for text in ("0001-01-01T00:00:00+01:00", "9999-12-31T23:30:00-01:00"):
        document = {**json.loads(line(4).text), "timestamp": text}
        far.append(Line(json.dumps(document).encode(), ("bad_timestamp",)))
    zones.land(DAY_2, "far.json", far)
    zones.run(output_format="json", all_days=True)
    assert set(zones.state.partitions["user_activity"]) == {"0001-01-01", "9999-12-31"}
    # The days of far away are found again for a copy that comes before.
    zones.land(DAY_1, "copies.json", [line(1), line(2), line(3)])
    zones.run()
    assert set(zones.state.partitions["user_activity"]) == {"2025-03-01"}


def test_damaged_archives_leave_the_rest_of_the_load_alone(zones: Zones) -> None:
    good = [line(1), line(2)]
    zones.land(DAY_1, "good.json.gz", good)
    for name in ("no.json.gz", "no.json.zst"):
        url = zones.land(DAY_1, name, [])
        Path(url).write_bytes(b"this is no archive\n")
    for name, make in (("cut.json.gz", gzip.compress), ("checksum.json.gz", gzip.compress)):
        url = zones.land(DAY_2, name, [line(3), line(4)])
        body = make(b"\n".join(each.text for each in (line(3), line(4))) + b"\n")
        Path(url).write_bytes(body[:-8] if name.startswith("cut") else body[:-8] + b"\0" * 8)
    plan = zones.plan(list(zones.landed))
    result = zones.start(plan)
    zones.publish(plan, result)
    assert result["totals"]["quarantined"] == {"unreadable_object": 4}
    assert result["totals"]["lines"] == 2 + 4 + 4
    rows = zones.table("quarantine")
    assert {(Path(row["source_object"]).name, row["line_number"]) for row in rows} == {
        ("no.json.gz", 1),
        ("no.json.zst", 1),
        ("cut.json.gz", 3),
        ("checksum.json.gz", 3),
    }
    assert {row["event_id"] for row in zones.table("user_activity")} == set(
        map(event_id, (1, 2, 3, 4))
    )


def test_all_days_again_without_an_object(zones: Zones) -> None:
    """Other rules for what is dropped: days become empty, and come back. Times that an older
    version of the project wrote are cut to milliseconds on the way."""
    zones.land(DAY_1, "a.json", [line(1, event_at=noon(DAY_1)), line(1, event_at=noon(DAY_2))])
    zones.land(DAY_1, "b.json", [line(2, action="logout", event_at=noon(DAY_3))])
    zones.run()
    assert set(zones.state.partitions["user_activity"]) == {"2025-03-01"}
    for path in (*files(zones, tables.ACTIVITY), *files(zones, tables.EXCLUDED)):
        rows = pyarrow.parquet.read_table(path, partitioning=None)
        place = rows.schema.get_field_index("event_at")
        finer = pyarrow.compute.add(rows["event_at"], timedelta(microseconds=999))
        rows = rows.set_column(place, rows.schema.field(place), finer)
        pyarrow.parquet.write_table(rows, path)
    result = zones.run([], drop_actions=["view"], all_days=True)
    assert set(zones.state.partitions["user_activity"]) == {"2025-03-03"}
    assert result["totals"]["objects"] == 0
    assert zones.run([], drop_actions=["view"], all_days=True)["totals"]["lines"] == 0
    zones.run([], drop_actions=[], all_days=True)


def test_json_of_an_earlier_output_does_not_come_back(zones: Zones) -> None:
    zones.land(DAY_1, "a.json", [line(1, event_at=noon(DAY_1)), line(2, event_at=noon(DAY_2))])
    zones.run(output_format="json", all_days=True)
    [document, _] = sorted(zones.table("user_activity_json"), key=lambda row: row["event_id"])
    assert list(document)[:5] == ["event_id", "user_id", "action", "timestamp", "metadata"]
    zones.run([], output_format="parquet", all_days=True)
    zones.land(DAY_1, "a.json", [line(2, event_at=noon(DAY_2))])
    zones.run()
    zones.run([], output_format="json", all_days=True)


def test_the_events_of_an_object_move_to_other_days(zones: Zones) -> None:
    """The object holds other documents than when it was read; copies elsewhere step in."""
    zones.land(DAY_1, "a.json", [line(1, event_at=noon(DAY_1)), line(2, event_at=noon(DAY_1))])
    zones.land(DAY_2, "b.json", [line(1, event_at=noon(DAY_3)), line(3, event_at=noon(DAY_3))])
    zones.run()
    assert set(zones.state.partitions["user_activity_excluded"]) == {"2025-03-03"}
    zones.land(DAY_1, "a.json", [line(4, event_at=noon(DAY_2))])
    zones.run()
    assert set(zones.state.partitions["user_activity"]) == {"2025-03-02", "2025-03-03"}
    assert zones.state.partitions["user_activity_excluded"] == {}
    zones.land(DAY_1, "a.json", [])
    zones.run()


def test_odd_keys(zones: Zones) -> None:
    """A folder that looks like a day within a day's; one name in two sources; rows of an object
    change that the run does not read."""
    zones.mappings.append(
        'source = "shop"\n[fields]\nevent_id = "event_id"\nuser_id = "user_id"\n'
        'action = "action"\ntimestamp = "timestamp"\nmetadata.device = "metadata.device"\n'
        'metadata.location = "metadata.location"\n'
    )
    inner = "again/ingest_date=2025-03-03/a b+%41=?#ü.json.gz"
    zones.land(DAY_2, inner, [line(1), line(2)])
    zones.land(DAY_2, inner, [line(1), line(3)], source="shop")
    zones.run()
    zones.land(DAY_1, "first.json", [line(1), line(2), line(3)])
    zones.run()
    rows = {row["source_object"]: row for row in zones.table("flatten_ledger")}
    assert sorted(row["duplicates"] for row in rows.values()) == [0, 2, 2]


def test_many_objects_at_once_and_again(zones: Zones) -> None:
    for number in range(300):
        zones.land(DAY_1, f"{number:04}.json", [line(number % 200)])
    zones.run()
    result = zones.run(list(zones.landed))
    assert result["totals"]["duplicates"] == 100


def test_files_hold_no_partition_key(zones: Zones) -> None:
    """Athena takes it from the partition; a column of that name would be in its way."""
    zones.land(DAY_1, "a.json", [line(1)])
    zones.run()
    [path] = files(zones, tables.ACTIVITY)
    assert "event_date" not in pyarrow.parquet.read_schema(path).names
    assert read_folder(path.parent)[0]["event_id"] == event_id(1)
