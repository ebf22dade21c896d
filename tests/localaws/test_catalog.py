from __future__ import annotations

import pytest

from localaws.catalog import AlreadyExists, ConcurrentModification, EntityNotFound
from localaws.routes import AwsError


def a_table(name: str = "events", **parameters: str) -> dict:
    return {
        "Name": name,
        "StorageDescriptor": {
            "Columns": [{"Name": "User_ID", "Type": "struct<Device:string>"}],
            "Location": "s3://b/t/",
        },
        "PartitionKeys": [{"Name": "Event_Date", "Type": "date"}],
        "Parameters": parameters,
    }


@pytest.fixture
def lake(catalog):
    catalog.create_database({"Name": "Lake", "Description": "d"})
    catalog.create_table("lake", a_table())
    return catalog


def test_names_are_lower_case_whatever_was_asked(lake):
    assert [each["Name"] for each in lake.databases()] == ["lake"]
    table = lake.get_table("LAKE", "EVENTS")
    assert (table["DatabaseName"], table["Name"]) == ("lake", "events")
    assert table["PartitionKeys"] == [{"Name": "event_date", "Type": "date"}]
    # The names inside a struct stay as they are.
    column = {"Name": "user_id", "Type": "struct<Device:string>"}
    assert table["StorageDescriptor"]["Columns"] == [column]
    lake.delete_table("Lake", "Events")
    assert lake.tables("lake") == []


def test_what_is_read_and_written_is_a_copy(lake):
    given = a_table("copied")
    lake.create_table("lake", given)
    given["StorageDescriptor"]["Location"] = "changed"
    lake.get_table("lake", "copied")["StorageDescriptor"]["Location"] = "changed"
    lake.tables("lake")[1]["StorageDescriptor"]["Location"] = "changed"
    assert lake.get_table("lake", "copied")["StorageDescriptor"]["Location"] == "s3://b/t/"


def test_a_read_table_can_be_written_back(lake):
    table = lake.get_table("lake", "events")
    table["Parameters"] = {"n": "2"}
    lake.update_table("lake", table, table["VersionId"])
    updated = lake.get_table("lake", "events")
    assert (updated["VersionId"], updated["Parameters"]) == ("2", {"n": "2"})
    assert updated["CreateTime"] == table["CreateTime"]
    assert updated["UpdateTime"] >= table["CreateTime"]


def test_an_update_from_an_old_version_is_refused(lake):
    lake.update_table("lake", a_table(n="2"), "1")
    with pytest.raises(ConcurrentModification, match="at version 2, not 1"):
        lake.update_table("lake", a_table(n="3"), "1")
    assert lake.get_table("lake", "events")["Parameters"] == {"n": "2"}


def test_skip_archive_forgets_the_version_before(lake):
    lake.update_table("lake", a_table(n="2"))
    lake.update_table("lake", a_table(n="3"), skip_archive=True)
    assert list(lake.backend.get_table_versions("lake", "events")) == ["1", "3"]


def test_only_past_versions_can_be_deleted(lake):
    lake.update_table("lake", a_table(n="2"))
    with pytest.raises(AwsError, match="current"):
        lake.delete_table_version("lake", "events", "2")
    lake.delete_table_version("lake", "events", "1")
    with pytest.raises(EntityNotFound):
        lake.delete_table_version("lake", "events", "1")


def test_what_is_missing_or_there_twice_is_refused(lake):
    for ask in (
        lambda: lake.get_database("none"),
        lambda: lake.tables("none"),
        lambda: lake.get_table("lake", "none"),
        lambda: lake.create_table("none", a_table()),
        lambda: lake.update_table("lake", a_table("none")),
        lambda: lake.delete_table("lake", "none"),
        lambda: lake.partitions("lake", "none"),
        lambda: lake.delete_database("none"),
    ):
        with pytest.raises(EntityNotFound) as error:
            ask()
        assert isinstance(error.value, LookupError)
    with pytest.raises(AlreadyExists):
        lake.create_database({"Name": "LAKE"})
    with pytest.raises(AlreadyExists):
        lake.create_table("lake", a_table("EVENTS"))


def test_partitions_all_or_none(lake):
    days = [{"Values": [f"2025-01-0{n}"]} for n in (1, 2)]
    lake.create_partitions("lake", "events", days)
    with pytest.raises(AlreadyExists):
        lake.create_partitions("lake", "events", [{"Values": ["2025-01-03"]}, days[0]])
    with pytest.raises(EntityNotFound):
        lake.delete_partitions("lake", "events", [["2025-01-01"], ["2025-01-03"]])
    assert [p["Values"] for p in lake.partitions("lake", "events")] == [
        ["2025-01-01"],
        ["2025-01-02"],
    ]
    lake.update_partition("lake", "events", ["2025-01-01"], {**days[0], "Parameters": {"n": "1"}})
    lake.delete_partitions("lake", "events", [["2025-01-02"]])
    (left,) = lake.partitions("lake", "events")
    assert (left["Values"], left["Parameters"]) == (["2025-01-01"], {"n": "1"})


def everything(catalog) -> dict:
    return {
        database["Name"]: (
            database,
            [
                (
                    table,
                    catalog.partitions(database["Name"], table["Name"]),
                    catalog.backend.get_table_versions(database["Name"], table["Name"]),
                )
                for table in catalog.tables(database["Name"])
            ],
        )
        for database in catalog.databases()
    }


def test_reopened_it_is_the_same(lake, reopen):
    lake.create_table("lake", a_table("second"))
    lake.create_table("lake", a_table("third"))
    lake.update_table("lake", a_table("events", n="2"))
    lake.update_table("lake", a_table("events", n="3"), skip_archive=True)
    lake.create_partitions("lake", "events", [{"Values": [str(n)]} for n in range(5)])
    lake.delete_partitions("lake", "events", [["2"]])
    lake.update_partition("lake", "events", ["3"], {"Values": ["33"]})
    lake.delete_table("lake", "second")
    lake.update_database("lake", {"Name": "lake", "Description": "changed"})
    with lake.mutation():
        lake.backend.tag_resource("arn:aws:glue:us-east-1:123456789012:job/j", {"team": "a"})
    before = everything(lake)
    assert [p["Values"] for p in before["lake"][1][0][1]] == [["0"], ["1"], ["4"], ["33"]]
    again = reopen().catalog
    assert everything(again) == before
    assert again.backend.get_tags("arn:aws:glue:us-east-1:123456789012:job/j") == {"team": "a"}


def test_a_deleted_database_takes_its_tables_along(lake, reopen):
    lake.create_partitions("lake", "events", [{"Values": ["2025-01-01"]}])
    lake.delete_database("lake")
    lake.create_database({"Name": "lake"})
    assert lake.tables("lake") == []
    assert reopen().catalog.tables("lake") == []


def test_a_commit_to_one_table_writes_that_table_alone(lake, context, monkeypatch):
    """A commit costs the same with one table or with thousands."""
    for n in range(20):
        lake.create_table("lake", a_table(f"t{n}"))
    lake.create_partitions("lake", "t1", [{"Values": [str(n)]} for n in range(50)])
    written = []
    write = context.state.write
    monkeypatch.setattr(
        context.state,
        "write",
        lambda puts, deletes=(): (written.extend(puts), write(puts, deletes)),
    )
    lake.update_table("lake", a_table("t1", n="2"))
    assert sorted(written) == [
        ("glue_table", '["lake", "t1"]'),
        ("glue_table_version", '["lake", "t1", "2"]'),
    ]


def test_crawlers_and_jobs_survive(lake, reopen):
    backend = lake.backend
    with lake.mutation():
        backend.create_crawler(
            "c", "role", "lake", "", {"S3Targets": [{"Path": "s3://b/"}]}, "", [], "", {}, {}, {},
            "", "", {},
        )  # fmt: skip
    again = reopen().catalog.backend
    assert again.get_crawler("c").as_dict()["Targets"] == {"S3Targets": [{"Path": "s3://b/"}]}
    assert again.get_crawler("c").backend is again
