"""The libraries people use: PyAthena's cursors and awswrangler, with the environment alone.

Each example is what their documentation shows; the endpoint is all that differs.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import awswrangler as wr
import boto3
import pandas as pd
import pyarrow as pa
import pyarrow.fs
import pyathena
import pytest
from pyathena.arrow.cursor import ArrowCursor
from pyathena.pandas.cursor import PandasCursor

EVENTS = pd.DataFrame(
    {
        "event_id": ["a", "b", "c", "d"],
        "user_id": [1, 2, 2, 3],
        "total": [Decimal("1.50"), None, Decimal("2.25"), Decimal("-0.01")],
        "at": pd.to_datetime(
            ["2026-01-01 10:00", "2026-01-01 11:00", "2026-01-02 00:00", "2026-01-03 00:00"]
        ),
        "location": ["US", "EU", "US", "ASIA"],
    }
)


@dataclass(frozen=True)
class Place:
    bucket: str
    database: str

    def url(self, folder: str) -> str:
        return f"s3://{self.bucket}/{folder}/"


@pytest.fixture
def place(endpoint, unique, monkeypatch) -> Iterator[Place]:
    for name, value in endpoint.environment().items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    # Its default session remembers the environment of its first use.
    boto3.DEFAULT_SESSION = None
    place = Place(unique, unique.replace("-", "_"))
    boto3.client("s3").create_bucket(Bucket=place.bucket)
    wr.catalog.create_database(place.database)
    yield place
    boto3.DEFAULT_SESSION = None


@pytest.fixture
def events(place) -> Place:
    """A Hive table `events`, written by awswrangler."""
    wr.s3.to_parquet(
        EVENTS,
        path=place.url("events"),
        dataset=True,
        database=place.database,
        table="events",
        partition_cols=["location"],
        dtype={"total": "decimal(12,2)"},
    )
    return place


def pyathena_connection(place: Place, **options: Any) -> Any:
    return pyathena.connect(
        s3_staging_dir=place.url("results"), schema_name=place.database, **options
    )


def test_pyathena(events):
    with pyathena_connection(events) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select event_id, user_id, total, at, location from events "
            "where user_id > %(least)d order by event_id",
            {"least": 1},
        )
        assert [each[0] for each in cursor.description] == [
            "event_id", "user_id", "total", "at", "location",
        ]  # fmt: skip
        assert cursor.fetchall() == [
            ("b", 2, None, dt.datetime(2026, 1, 1, 11), "EU"),
            ("c", 2, Decimal("2.25"), dt.datetime(2026, 1, 2), "US"),
            ("d", 3, Decimal("-0.01"), dt.datetime(2026, 1, 3), "ASIA"),
        ]


def test_pyathena_binds_parameters_on_the_server(events):
    with pyathena_connection(events) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from events where user_id = ? and location = ?",
            ["2", "'US'"],
            paramstyle="qmark",
        )
        assert cursor.fetchone() == (1,)


def test_pyathena_pandas(events):
    with pyathena_connection(events, cursor_class=PandasCursor) as connection:
        frame = connection.cursor().execute("select * from events order by event_id").as_pandas()
    assert list(frame.columns) == ["event_id", "user_id", "total", "at", "location"]
    assert frame["user_id"].tolist() == [1, 2, 2, 3]
    assert frame["total"].tolist()[2] == Decimal("2.25")
    assert frame["at"].tolist() == EVENTS["at"].tolist()


@pytest.mark.parametrize("unload", [False, True])
def test_pyathena_arrow(events, endpoint, unload, monkeypatch):
    # This cursor reads results through Arrow's own S3 client, which knows no AWS_ENDPOINT_URL.
    local = functools.partial(pa.fs.S3FileSystem, endpoint_override=endpoint.url)
    monkeypatch.setattr("pyarrow.fs.S3FileSystem", local)
    with pyathena_connection(events, cursor_class=ArrowCursor) as connection:
        cursor = connection.cursor(unload=unload)
        table = cursor.execute("select event_id, user_id from events order by event_id").as_arrow()
    assert isinstance(table, pa.Table)
    assert table.sort_by("event_id").to_pydict() == {
        "event_id": ["a", "b", "c", "d"],
        "user_id": [1, 2, 2, 3],
    }


@pytest.mark.parametrize(
    "how", [{"ctas_approach": True}, {"ctas_approach": False}, {"unload": True}]
)
def test_awswrangler_reads(events, how):
    unload = how.pop("unload", False)
    if unload:
        how = {"ctas_approach": False, "unload_approach": True, "s3_output": events.url("unloaded")}
    frame = wr.athena.read_sql_query(
        "select * from events order by event_id", database=events.database, **how
    )
    assert sorted(frame["event_id"]) == ["a", "b", "c", "d"]
    assert sorted(frame["user_id"]) == [1, 2, 2, 3]
    assert {each for each in frame["total"] if not pd.isna(each)} == {
        Decimal("1.50"),
        Decimal("2.25"),
        Decimal("-0.01"),
    }
    # The table that ctas_approach made is gone again.
    assert [each["Name"] for each in wr.catalog.get_tables(database=events.database)] == ["events"]


def test_results_without_rows_have_their_columns(events, endpoint, monkeypatch):
    nothing = "select event_id, user_id, total from events where user_id = 99"
    for ctas in (True, False):
        frame = wr.athena.read_sql_query(nothing, database=events.database, ctas_approach=ctas)
        assert (list(frame.columns), len(frame)) == (["event_id", "user_id", "total"], 0)
    # An empty manifest is all that UNLOAD leaves, so awswrangler itself cannot tell the columns.
    options = {"ctas_approach": False, "unload_approach": True, "s3_output": events.url("unloaded")}
    with pytest.raises(wr.exceptions.EmptyDataFrame):
        wr.athena.read_sql_query(nothing, database=events.database, **options)
    local = functools.partial(pa.fs.S3FileSystem, endpoint_override=endpoint.url)
    monkeypatch.setattr("pyarrow.fs.S3FileSystem", local)
    with pyathena_connection(events) as connection:
        for kind in (ArrowCursor, PandasCursor):
            cursor = connection.cursor(kind, unload=True).execute(nothing)
            assert cursor.data_manifest_location.endswith("-manifest.csv")
            assert cursor.fetchall() == []


def test_awswrangler_reads_in_chunks(events):
    chunks = wr.athena.read_sql_query(
        "select * from events", database=events.database, chunksize=2, ctas_approach=False
    )
    assert sum(len(each) for each in chunks) == 4


def test_awswrangler_reads_with_parameters(events):
    frame = wr.athena.read_sql_query(
        "select event_id from events where user_id = :user",
        params={"user": 3},
        database=events.database,
        ctas_approach=False,
    )
    assert frame["event_id"].tolist() == ["d"]


def test_awswrangler_appends_and_overwrites_partitions(events):
    more = EVENTS.assign(event_id=["e", "f", "g", "h"])
    options = {
        "path": events.url("events"),
        "dataset": True,
        "database": events.database,
        "table": "events",
        "partition_cols": ["location"],
        "dtype": {"total": "decimal(12,2)"},
    }
    wr.s3.to_parquet(more, mode="append", **options)
    assert _count(events, "events") == 8
    only_us = EVENTS[EVENTS["location"] == "US"]
    wr.s3.to_parquet(only_us, mode="overwrite_partitions", **options)
    assert _count(events, "events") == 6


def test_awswrangler_iceberg(place):
    options = {
        "database": place.database,
        "table": "ice",
        "table_location": place.url("ice"),
        "temp_path": place.url("temp"),
        "keep_files": False,
        "partition_cols": ["day(at)"],
        "dtype": {"total": "decimal(12,2)"},
    }
    wr.athena.to_iceberg(EVENTS, **options)
    assert _count(place, "ice") == 4
    changed = EVENTS[:2].assign(location=["JP", "JP"])
    wr.athena.to_iceberg(changed, merge_cols=["event_id"], **options)
    frame = wr.athena.read_sql_query(
        "select event_id, location from ice order by event_id",
        database=place.database,
        ctas_approach=False,
    )
    assert frame["location"].tolist()[:3] == ["JP", "JP", "US"]
    wr.athena.delete_from_iceberg_table(
        EVENTS[:1],
        database=place.database,
        table="ice",
        merge_cols=["event_id"],
        temp_path=place.url("temp"),
    )
    assert _count(place, "ice") == 3


def test_awswrangler_iceberg_keeps_null_of_rows_in_arrays_and_maps(place):
    """It writes Parquet of its own, and INSERT or MERGE by Athena from there."""
    frame = pd.DataFrame({"id": [1, 2], "a": [None, [{"x": 1}]], "m": [None, [("k", {"x": 1})]]})
    options = {
        "database": place.database,
        "table": "ice",
        "table_location": place.url("ice"),
        "temp_path": place.url("temp"),
        "keep_files": False,
        "dtype": {"a": "array<struct<x:int>>", "m": "map<string,struct<x:int>>"},
    }
    wr.athena.to_iceberg(frame, **options)
    wr.athena.to_iceberg(frame[1:], merge_cols=["id"], **options)
    found = wr.athena.read_sql_query(
        "select id, a is null as a, m is null as m from ice order by id",
        database=place.database,
        ctas_approach=False,
    )
    assert found.values.tolist() == [[1, True, True], [2, False, False]]


def test_awswrangler_takes_over_files_that_are_there(place):
    wr.s3.to_parquet(EVENTS, path=place.url("plain"), dataset=True, partition_cols=["user_id"])
    columns, partitions, _ = wr.s3.store_parquet_metadata(
        path=place.url("plain"), database=place.database, table="plain", dataset=True
    )
    assert partitions == {"user_id": "string"}
    assert set(columns) == {"event_id", "total", "at", "location"}
    assert _count(place, "plain") == 4
    assert wr.athena.show_create_table(table="plain", database=place.database).startswith(
        "CREATE EXTERNAL TABLE"
    )


def test_boto3(events):
    athena = boto3.client("athena")
    id_ = athena.start_query_execution(
        QueryString="select location, count(*) as events from events group by 1 order by 1",
        QueryExecutionContext={"Database": events.database, "Catalog": "AwsDataCatalog"},
        ResultConfiguration={"OutputLocation": events.url("results")},
    )["QueryExecutionId"]
    while True:
        execution = athena.get_query_execution(QueryExecutionId=id_)["QueryExecution"]
        if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
            break
    assert execution["Status"]["State"] == "SUCCEEDED"
    rows = athena.get_query_results(QueryExecutionId=id_)["ResultSet"]["Rows"]
    assert [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows] == [
        ["location", "events"], ["ASIA", "1"], ["EU", "1"], ["US", "2"],
    ]  # fmt: skip
    result = boto3.client("s3").get_object(Bucket=events.bucket, Key=f"results/{id_}.csv")
    assert result["Body"].read() == b'"location","events"\n"ASIA","1"\n"EU","1"\n"US","2"\n'


def _count(place: Place, table: str) -> int:
    frame = wr.athena.read_sql_query(
        f"select count(*) as n from {table}", database=place.database, ctas_approach=False
    )
    return int(frame["n"][0])
