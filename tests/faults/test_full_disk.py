"""The disk of the data directory is full: clients hear of it, nothing half-done is kept, and with
space again the same commands give the exact answer."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from localaws import process
from tests.faults import exact
from tests.faults.full_disk import Disk, Unavailable, small_disk
from tests.faults.lake import Lake, client


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    mount = tmp_path / "disk"
    mount.mkdir()
    try:
        with small_disk(mount, 64 << 20) as disk:
            yield disk
    except Unavailable as reason:
        pytest.skip(str(reason))


def test_what_a_full_disk_refuses_is_not_there(disk: Disk) -> None:
    """What clients see of it while the disk is full is what they see after a kill."""
    endpoint = disk.start_endpoint()
    s3, glue = (client(endpoint.url, name, attempts=1) for name in ("s3", "glue"))
    s3.create_bucket(Bucket="bucket")
    glue.create_database(DatabaseInput={"Name": "database"})
    acknowledged = {"overwritten": b"before"}
    s3.put_object(Bucket="bucket", Key="overwritten", Body=b"before")
    s3.put_object(Bucket="bucket", Key="deleted", Body=b"before")

    disk.leave(400_000)
    refused = 0
    for number in range(40):
        key, body = f"{number}", str(number).encode() * 10_000
        try:
            s3.put_object(Bucket="bucket", Key=key, Body=body)
            acknowledged[key] = body
        except ClientError as error:
            assert error.response["Error"]["Code"] == "InsufficientStorage"
            assert "directory is full" in error.response["Error"]["Message"]
            refused += 1
    assert refused
    disk.leave(0)
    calls = [
        lambda: s3.put_object(Bucket="bucket", Key="overwritten", Body=b"after"),
        lambda: s3.delete_object(Bucket="bucket", Key="deleted"),
        lambda: s3.create_bucket(Bucket="another"),
        lambda: s3.put_bucket_tagging(Bucket="bucket", Tagging=TAGS),
        lambda: s3.create_multipart_upload(Bucket="bucket", Key="parts"),
        lambda: glue.create_database(DatabaseInput={"Name": "another"}),
        lambda: glue.create_table(DatabaseName="database", TableInput={"Name": "table"}),
        lambda: glue.create_job(Name="job", Role="role", Command={"Name": "glueetl"}),
    ]
    done = []
    for number, call in enumerate(calls):
        try:
            call()
            done.append(number)
        except ClientError as error:
            assert "directory is full" in error.response["Error"]["Message"]
    assert len(done) < len(calls)

    def visible() -> dict[str, object]:
        keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="bucket")["Contents"]]
        return {
            "objects": {
                key: s3.get_object(Bucket="bucket", Key=key)["Body"].read() for key in keys
            },
            "buckets": [each["Name"] for each in s3.list_buckets()["Buckets"]],
            "uploads": s3.list_multipart_uploads(Bucket="bucket").get("Uploads"),
            "tags": tags(s3),
            "databases": [each["Name"] for each in glue.get_databases()["DatabaseList"]],
            "tables": [
                each["Name"] for each in glue.get_tables(DatabaseName="database")["TableList"]
            ],
            "jobs": glue.list_jobs()["JobNames"],
        }

    before = visible()
    os.kill(endpoint.pid, signal.SIGKILL)
    process.wait_until_free(endpoint.data_dir)
    disk.free()
    endpoint = disk.start_endpoint()
    s3, glue = (client(endpoint.url, name, attempts=1) for name in ("s3", "glue"))
    assert visible() == before
    assert acknowledged.items() <= before["objects"].items() | (
        {("overwritten", b"before")} if 0 in done else set()
    )


TAGS = {"TagSet": [{"Key": "team", "Value": "a"}]}


def tags(s3) -> object:
    try:
        return s3.get_bucket_tagging(Bucket="bucket")["TagSet"]
    except ClientError as error:
        return error.response["Error"]["Code"]


@pytest.mark.slow
def test_queries_on_a_full_disk_end(disk: Disk) -> None:
    endpoint = disk.start_endpoint()
    s3, athena = (client(endpoint.url, name, attempts=2) for name in ("s3", "athena"))
    s3.create_bucket(Bucket="results")

    def start(sql: str) -> str:
        return athena.start_query_execution(
            QueryString=sql,
            ClientRequestToken=f"the same one each time: {sql}",
            ResultConfiguration={"OutputLocation": "s3://results/"},
        )["QueryExecutionId"]

    def end(id_: str) -> str:
        while True:
            status = athena.get_query_execution(QueryExecutionId=id_)["QueryExecution"]["Status"]
            if status["State"] not in ("QUEUED", "RUNNING"):
                return status["State"]

    assert end(start("select 1")) == "SUCCEEDED"
    disk.leave(0)
    with pytest.raises(ClientError, match="directory is full"):
        start("select 2")
    disk.leave(300_000)
    rows = "select x, y from unnest(sequence(1, 1000)) as t (x), unnest(sequence(1, 1000)) as u (y)"
    assert end(start(rows)) == "FAILED"
    disk.free()
    # The token of what was refused is free; that of what failed stands for the failure.
    assert end(start("select 2")) == "SUCCEEDED"
    assert end(start(rows)) == "FAILED"
    assert end(start(f"{rows} -- again")) == "SUCCEEDED"


@pytest.mark.slow
def test_an_upload_to_a_full_disk(disk: Disk, start_lake: Callable[..., Lake]) -> None:
    endpoint = disk.start_endpoint()
    lake = start_lake(1000, 100, endpoint)
    disk.leave(100_000)
    error = lake.fail("upload")
    assert "directory is full" in error
    assert "run the same command again to continue" in error

    survived = lake.objects("raw")
    exact.raw_zone(lake, {exact.plain(key) for key in survived if not key.startswith("_")})
    os.kill(endpoint.pid, signal.SIGKILL)
    process.wait_until_free(endpoint.data_dir)
    disk.free()
    lake = start_lake(1000, 100, disk.start_endpoint())
    assert lake.objects("raw") == survived
    lake.succeed("upload")
    exact.raw_zone(lake)
    assert survived.items() <= lake.objects("raw").items()


@pytest.mark.slow
def test_a_flatten_on_a_full_disk(disk: Disk, start_lake: Callable[..., Lake]) -> None:
    """It ends before the job can start, and in the middle of it."""
    endpoint = disk.start_endpoint()
    lake = start_lake(1000, 100, endpoint)
    first, *rest = [f"data/{path}" for path in sorted(lake.truth()["files"])]
    lake.succeed("upload", first)
    lake.succeed("flatten")
    lake.succeed("upload", *rest)
    ends = []
    for space in (20_000, 1_000_000):
        disk.leave(space)
        lake.fail("flatten")
        ends.append(lake.job_runs()[0]["JobRunState"])
        disk.free()
        exact.cleaned_zone(lake, [first.removeprefix("data/")])
    assert ends == ["SUCCEEDED", "FAILED"]  # the newest is still the one before; the job itself
    lake.succeed("flatten")
    exact.cleaned_zone(lake)
