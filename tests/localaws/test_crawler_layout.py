"""Which folders a crawler takes for tables and which for partitions."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from localaws.crawler import layout
from localaws.objects import StoredObject

BUCKET = "lake"
Found = dict[str, tuple[str, tuple[str, ...], list[tuple[str, ...]]]]


def tables(
    keys: list[str],
    prefix: str = "",
    schemas: dict[str, set[str]] | None = None,
    grouping: layout.Grouping = layout.DEFAULT,
) -> Found:
    """Table name -> (its folder, partition keys, values). `schemas`: folder -> column names,
    of the folders the layout has to look into; without it all are alike."""

    def columns(folder: layout.Folder) -> set[str]:
        return schemas[folder.path] if schemas else {"a"}

    objects = [
        StoredObject(BUCKET, key, 1, "etag", Path("/"), datetime.now(UTC)) for key in sorted(keys)
    ]
    found = layout.tables(layout.tree(objects, prefix), columns, BUCKET, grouping)
    assert sum(len(table.files) for table in found) == len(
        {key for table in found for key in keys if key.startswith(table.path)}
    )
    return {
        table.name: (
            table.path,
            table.keys,
            [partition.values for partition in table.partitions],
        )
        for table in found
    }


def test_partition_folders_of_the_target() -> None:
    keys = ["logs/ingest_date=2025-03-01/a.gz", "logs/ingest_date=2025-03-02/b.gz"]
    assert tables(keys, "logs/") == {
        "logs": ("logs/", ("ingest_date",), [("2025-03-01",), ("2025-03-02",)])
    }


def test_partitions_within_partitions() -> None:
    keys = ["t/Year=2025/month=01/a", "t/Year=2025/month=02/a", "t/Year=2026/month=01/a"]
    assert tables(keys, "t/") == {
        "t": ("t/", ("year", "month"), [("2025", "01"), ("2025", "02"), ("2026", "01")])
    }


def test_values_are_unescaped() -> None:
    [(_, _, values)] = tables(["t/name=a%2Fb%3Dc=d/x"], "t/").values()
    assert values == [("a/b=c=d",)]


def test_files_in_the_target() -> None:
    assert tables(["My-Logs 1/a", "My-Logs 1/b"], "My-Logs 1/") == {
        "my_logs_1": ("My-Logs 1/", (), [()])
    }


def test_the_bucket_itself() -> None:
    assert tables(["a.json", "b.json"]) == {"lake": ("", (), [()])}


def test_folders_of_different_documents_are_tables() -> None:
    keys = ["raw/clicks/d=1/a", "raw/orders/a", "raw/orders/b"]
    schemas = {"raw/clicks/": {"a", "b"}, "raw/orders/": {"x", "y"}}
    assert tables(keys, "raw/", schemas) == {
        "clicks": ("raw/clicks/", ("d",), [("1",)]),
        "orders": ("raw/orders/", (), [()]),
    }


def test_folders_of_alike_documents_are_partitions() -> None:
    keys = ["raw/2025/01/a", "raw/2025/02/a", "raw/2026/01/a"]
    schemas = {"raw/2025/": {"a", "b", "c"}, "raw/2026/": {"a", "b", "c"}}
    assert tables(keys, "raw/", schemas) == {
        "raw": (
            "raw/",
            ("partition_0", "partition_1"),
            [("2025", "01"), ("2025", "02"), ("2026", "01")],
        )
    }


COMBINE = layout.Grouping(combine=True)
UNLIKE_YEARS = {"t/year=2017/": {"a", "b"}, "t/year=2018/": {"c", "d"}}


def test_partition_folders_of_different_documents_are_tables() -> None:
    """The example of Glue's guide, "Creating a single schema for each Amazon S3 include path"."""
    keys = ["t/year=2017/m=1/x", "t/year=2018/m=1/x"]
    assert tables(keys, "t/", UNLIKE_YEARS) == {
        "year_2017": ("t/year=2017/", ("m",), [("1",)]),
        "year_2018": ("t/year=2018/", ("m",), [("1",)]),
    }
    years = [("2017", "1"), ("2018", "1")]
    assert tables(keys, "t/", UNLIKE_YEARS, COMBINE) == {"t": ("t/", ("year", "m"), years)}


def test_a_few_other_folders_are_partitions_too() -> None:
    keys = [f"t/day={day}/x" for day in range(3)]
    schemas = {"t/day=0/": {"a", "b"}, "t/day=1/": {"c"}, "t/day=2/": {"a", "b"}}
    assert list(tables(keys, "t/", schemas)) == ["t"]


def test_folders_of_different_documents_combined() -> None:
    schemas = {"raw/clicks/": {"a", "b"}, "raw/orders/": {"x", "y"}}
    assert tables(["raw/clicks/x", "raw/orders/y"], "raw/", schemas, COMBINE) == {
        "raw": ("raw/", ("partition_0",), [("clicks",), ("orders",)])
    }


ALIKE = ["d/2017/01/x", "d/2017/02/x", "d/2018/01/x"]


@pytest.mark.parametrize(
    ("level", "combine", "unlike", "found"),
    [
        (0, False, False, ["d"]),
        (2, False, False, ["d"]),
        (3, False, False, ["2017", "2018"]),
        (3, True, True, ["2017", "2018"]),
        # Where the schemas do not match at that level, there are tables below.
        (2, False, True, ["2017", "2018"]),
        (2, True, True, ["d"]),
        (1, True, True, ["d"]),
        (9, False, False, ["01", "02", "01"]),
    ],
)
def test_the_level_of_tables(level: int, combine: bool, unlike: bool, found: list[str]) -> None:
    schemas = {"d/2017/": {"a"}, "d/2018/": {"b"}, "d/2017/01/": {"a"}, "d/2017/02/": {"a"}}
    objects = [StoredObject(BUCKET, key, 1, "etag", Path("/"), datetime.now(UTC)) for key in ALIKE]
    root = layout.tree(objects, "d/")
    columns = schemas.__getitem__ if unlike else lambda _: {"a"}
    grouping = layout.Grouping(combine, level)
    made = layout.tables(root, lambda folder: columns(folder.path), BUCKET, grouping)
    assert [table.name for table in made] == found


def test_one_folder_in_between() -> None:
    assert tables(["zone/events/d=1/a"], "zone/") == {"events": ("zone/events/", ("d",), [("1",)])}


def test_what_is_hidden_or_a_folder_marker_does_not_count() -> None:
    keys = ["t/d=1/a", "t/d=1/_SUCCESS", "t/_tmp/x", "t/.staging/d=9/x"]
    objects = [
        StoredObject(BUCKET, key, size, "etag", Path("/"), datetime.now(UTC))
        for key, size in [*((key, 1) for key in keys), ("t/d=2/", 0), ("t/d=3/empty", 0)]
    ]
    [table] = layout.tables(layout.tree(objects, "t/"), lambda _: set(), BUCKET)
    assert [file.key for file in table.files] == ["t/d=1/a"]


def test_nothing() -> None:
    assert tables([], "t/") == {}


@pytest.mark.parametrize(
    "keys",
    [
        ["t/d=1/a", "t/e=1/a"],
        ["t/d=1/a", "t/d=1/h=2/a"],
        ["t/d=1/a", "t/a"],
        ["t/d=1/a", "t/other/a"],
    ],
)
def test_folders_that_make_no_table(keys: list[str]) -> None:
    with pytest.raises(layout.LayoutError, match=r"^s3://lake/t/ has folders of different keys: "):
        tables(keys, "t/")
