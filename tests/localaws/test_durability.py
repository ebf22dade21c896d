"""What was acknowledged survives a restart and a killed process; nothing half-done is visible."""

from __future__ import annotations

import hashlib
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from localaws import process
from localaws.settings import objects_dir


@pytest.fixture
def endpoint(fresh_endpoint):
    return fresh_endpoint


@pytest.fixture
def restart(endpoint):
    """Stop the endpoint (or what is left of it) and serve the same data directory again."""

    def again() -> process.Endpoint:
        process.stop(endpoint.data_dir)
        return process.start(endpoint.data_dir, port=0)

    return again


@pytest.fixture
def kill(endpoint):
    def now() -> None:
        os.kill(endpoint.pid, signal.SIGKILL)
        process.wait_until_free(endpoint.data_dir)

    return now


def test_objects_survive_with_all_that_belongs_to_them(client, restart, connect):
    s3 = client("s3")
    s3.create_bucket(Bucket="logs")
    s3.create_bucket(Bucket="versioned")
    enabled = {"Status": "Enabled"}
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration=enabled)
    s3.put_bucket_tagging(Bucket="logs", Tagging={"TagSet": [{"Key": "team", "Value": "a"}]})
    s3.put_object(
        Bucket="logs",
        Key="k",
        Body=b"body",
        ContentType="application/json",
        ContentEncoding="gzip",
        Metadata={"lines": "7"},
        Tagging="zone=raw",
    )
    tags = {"TagSet": [{"Key": "zone", "Value": "changed in place"}]}
    s3.put_object_tagging(Bucket="logs", Key="k", Tagging=tags)
    s3.copy_object(Bucket="logs", Key="copy", CopySource="logs/k")
    ids = [
        s3.put_object(Bucket="versioned", Key="v", Body=body)["VersionId"] for body in (b"1", b"2")
    ]
    s3.delete_object(Bucket="versioned", Key="v")
    before = s3.head_object(Bucket="logs", Key="k")

    s3 = connect(restart(), "s3")

    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == ["logs", "versioned"]
    assert s3.get_bucket_tagging(Bucket="logs")["TagSet"] == [{"Key": "team", "Value": "a"}]
    after = s3.get_object(Bucket="logs", Key="k")
    for field in ("ETag", "LastModified", "ContentType", "ContentEncoding", "Metadata"):
        assert after[field] == before[field]
    assert after["Body"].read() == b"body"
    assert s3.get_object_tagging(Bucket="logs", Key="k")["TagSet"] == tags["TagSet"]
    assert s3.get_object(Bucket="logs", Key="copy")["Body"].read() == b"body"
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="versioned", Key="v")
    for version, body in zip(ids, (b"1", b"2"), strict=True):
        read = s3.get_object(Bucket="versioned", Key="v", VersionId=version)["Body"].read()
        assert read == body
    listed = s3.list_object_versions(Bucket="versioned")
    assert (len(listed["Versions"]), len(listed["DeleteMarkers"])) == (2, 1)


def test_a_multipart_upload_continues_after_a_kill(client, kill, restart, connect):
    s3 = client("s3")
    s3.create_bucket(Bucket="logs")
    parts = [os.urandom(5 << 20), os.urandom(1000)]
    upload = s3.create_multipart_upload(Bucket="logs", Key="big")["UploadId"]
    which = {"Bucket": "logs", "Key": "big", "UploadId": upload}
    etags = [s3.upload_part(**which, PartNumber=1, Body=parts[0])["ETag"]]
    kill()
    endpoint = restart()
    s3 = connect(endpoint, "s3")
    assert "Contents" not in s3.list_objects_v2(Bucket="logs")
    etags.append(s3.upload_part(**which, PartNumber=2, Body=parts[1])["ETag"])
    numbered = [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(etags, 1)]
    s3.complete_multipart_upload(**which, MultipartUpload={"Parts": numbered})

    s3 = connect(restart(), "s3")
    read = s3.get_object(Bucket="logs", Key="big")
    assert read["Body"].read() == b"".join(parts)
    digests = b"".join(hashlib.md5(part).digest() for part in parts)
    assert read["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-2"'
    files = [path for path in objects_dir(endpoint.data_dir).rglob("*") if path.is_file()]
    assert [path.stat().st_size for path in files] == [sum(map(len, parts))]  # no part is left
    with pytest.raises(s3.exceptions.NoSuchUpload):
        s3.upload_part(**which, PartNumber=3, Body=b"late")


def test_glue_survives(client, restart, connect):
    glue = client("glue")
    glue.create_database(DatabaseInput={"Name": "lake", "Description": "d"})
    columns = {"Columns": [{"Name": "user_id", "Type": "bigint"}]}
    for n in range(3):
        table = {
            "Name": "t",
            "StorageDescriptor": columns,
            "PartitionKeys": [{"Name": "day", "Type": "date"}],
            "Parameters": {"n": str(n)},
        }
        if n == 0:
            glue.create_table(DatabaseName="lake", TableInput=table)
        else:
            glue.update_table(DatabaseName="lake", TableInput=table)
    inputs = [{"Values": [f"2025-01-0{n}"]} for n in range(1, 4)]
    glue.batch_create_partition(DatabaseName="lake", TableName="t", PartitionInputList=inputs)
    glue.delete_partition(DatabaseName="lake", TableName="t", PartitionValues=["2025-01-02"])
    glue.create_crawler(Name="c", Role="r", Targets={"S3Targets": [{"Path": "s3://b/logs/"}]})
    before = glue.get_table(DatabaseName="lake", Name="t")["Table"]

    glue = connect(restart(), "glue")

    assert glue.get_database(Name="lake")["Database"]["Description"] == "d"
    assert glue.get_table(DatabaseName="lake", Name="t")["Table"] == before
    assert (before["VersionId"], before["Parameters"]) == ("3", {"n": "2"})
    versions = glue.get_table_versions(DatabaseName="lake", TableName="t")["TableVersions"]
    assert [each["Table"]["Parameters"]["n"] for each in versions] == ["2", "1", "0"]
    partitions = glue.get_partitions(DatabaseName="lake", TableName="t")["Partitions"]
    assert [each["Values"] for each in partitions] == [["2025-01-01"], ["2025-01-03"]]
    targets = glue.get_crawler(Name="c")["Crawler"]["Targets"]["S3Targets"]
    assert targets[0]["Path"] == "s3://b/logs/"


def body(writer: int, n: int) -> bytes:
    return f"{writer}/{n};".encode() * (1 + 997 * n % 40_000)


def test_killed_amid_puts_it_keeps_what_it_acknowledged(endpoint, client, kill, restart, connect):
    """Four writers add objects and overwrite one key each; the process is killed when enough has
    been acknowledged, with requests in flight."""
    client("s3").create_bucket(Bucket="logs")
    acknowledged: list[tuple[int, int]] = []

    def write(writer: int) -> int:
        """The number of the put that got no answer."""
        s3 = client("s3")
        for n in range(10_000):
            try:
                s3.put_object(Bucket="logs", Key=f"new/{writer}/{n}", Body=body(writer, n))
                s3.put_object(Bucket="logs", Key=f"same/{writer}", Body=body(writer, n))
            except (ClientError, BotoCoreError):
                return n
            acknowledged.append((writer, n))
            if len(acknowledged) == 100:
                kill()
        raise AssertionError("the endpoint was never killed")

    with ThreadPoolExecutor(4) as pool:
        unanswered = list(pool.map(write, range(4)))

    s3 = connect(restart(), "s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="logs")
    found = {each["Key"]: each for page in pages for each in page["Contents"]}
    assert {f"new/{writer}/{n}" for writer, n in acknowledged} <= found.keys()
    for key, listed in found.items():
        read = s3.get_object(Bucket="logs", Key=key)["Body"].read()
        kind, writer, *rest = key.split("/")
        writer = int(writer)
        if kind == "new":
            assert read == body(writer, int(rest[0]))
        else:
            last = max(n for who, n in acknowledged if who == writer)
            assert read in {body(writer, last), body(writer, unanswered[writer])}
        assert listed["Size"] == len(read)
        assert listed["ETag"] == f'"{hashlib.md5(read).hexdigest()}"'
    files = [path for path in objects_dir(endpoint.data_dir).rglob("*") if path.is_file()]
    assert len(files) == len(found)


def test_killed_amid_table_updates_it_keeps_the_last(client, kill, restart, connect):
    glue = client("glue")
    glue.create_database(DatabaseInput={"Name": "lake"})
    glue.create_table(DatabaseName="lake", TableInput={"Name": "t"})
    last = 0

    def update() -> int:
        nonlocal last
        for n in range(1, 10_000):
            table = {"Name": "t", "Parameters": {"n": str(n)}}
            try:
                glue.update_table(DatabaseName="lake", TableInput=table, VersionId=str(n))
            except (ClientError, BotoCoreError):
                return n
            last = n
        raise AssertionError("the endpoint was never killed")

    with ThreadPoolExecutor(1) as pool:
        updating = pool.submit(update)
        while last < 50 and not updating.done():
            client("glue").get_databases()
        kill()
        unanswered = updating.result()

    table = connect(restart(), "glue").get_table(DatabaseName="lake", Name="t")["Table"]
    n = int(table["Parameters"]["n"])
    assert n in {last, unanswered}
    assert table["VersionId"] == str(n + 1)
    assert table["UpdateTime"] <= datetime.now(UTC)
