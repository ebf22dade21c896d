"""The endpoint over HTTP: what moto answers, what is put right before it, what is refused."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::123456789012:role/glue"
SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=k/20250101/us-east-1/{}/aws4_request,"
    " SignedHeaders=host, Signature=0"
}


@pytest.fixture
def bucket(client, unique) -> str:
    client("s3").create_bucket(Bucket=unique)
    return unique


@pytest.fixture
def s3(client):
    return client("s3")


@pytest.fixture
def glue(client):
    return client("glue")


@pytest.fixture
def lake(glue, unique) -> str:
    glue.create_database(DatabaseInput={"Name": unique})
    return unique


@pytest.fixture
def raw(endpoint):
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=30)
    yield connection
    connection.close()


def refused(call, **arguments) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    answer = error.value.response["Error"]
    return answer["Code"], answer["Message"]


def test_ranges_and_listings(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a/1", Body=b"0123456789")
    s3.put_object(Bucket=bucket, Key="a/2", Body=b"")
    read = s3.get_object(Bucket=bucket, Key="a/1", Range="bytes=2-4")
    assert (read["ResponseMetadata"]["HTTPStatusCode"], read["Body"].read()) == (206, b"234")
    assert s3.get_object(Bucket=bucket, Key="a/1", Range="bytes=-3")["Body"].read() == b"789"
    assert s3.get_object(Bucket=bucket, Key="a/2")["Body"].read() == b""
    assert s3.head_object(Bucket=bucket, Key="a/1")["ContentLength"] == 10
    listed = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [each["Prefix"] for each in listed["CommonPrefixes"]] == ["a/"]


@pytest.mark.parametrize("key", ["a b+c%20d", "ünïcode/日本", "a//b", "a/../b", "k?x=1&y=2#z"])
def test_keys_of_every_kind(s3, bucket, key):
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]


def test_s3_select_is_refused(s3, bucket) -> None:
    s3.put_object(Bucket=bucket, Key="a.parquet", Body=b"PAR1")
    code, message = refused(
        s3.select_object_content,
        Bucket=bucket,
        Key="a.parquet",
        ExpressionType="SQL",
        Expression="SELECT * FROM s3object",
        InputSerialization={"Parquet": {}},
        OutputSerialization={"JSON": {}},
    )
    assert code == "MethodNotAllowed"
    assert "S3 Select" in message


def test_presigned_urls_and_anonymous_requests(s3, bucket, raw):
    s3.put_object(Bucket=bucket, Key="k", Body=b"data")
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"})
    raw.request("GET", url.removeprefix(f"http://127.0.0.1:{raw.port}"))
    assert raw.getresponse().read() == b"data"
    raw.request("GET", f"/{bucket}/k")
    answer = raw.getresponse()
    assert (answer.status, answer.read()) == (403, b"")


def test_one_connection_serves_many_requests(raw):
    sockets = set()
    for _ in range(3):
        raw.request("PUT", "/a-bucket", headers={"Authorization": SIGNED["Authorization"]})
        raw.getresponse().read()
        sockets.add(raw.sock)
        raw.request("GET", "/_localaws/health")
        assert json.loads(raw.getresponse().read())["region"] == "us-east-1"
        sockets.add(raw.sock)
    assert len(sockets) == 1
    assert None not in sockets


def test_a_body_that_breaks_off_changes_nothing(s3, bucket, endpoint):
    cut = http.client.HTTPConnection("127.0.0.1", endpoint.port)
    cut.putrequest("PUT", f"/{bucket}/half")
    cut.putheader("Authorization", SIGNED["Authorization"].format("s3"))
    cut.putheader("Content-Length", "1000")
    cut.endheaders(b"x" * 500)
    cut.sock.shutdown(1)  # no more will come
    assert cut.sock.recv(1000) == b""  # closed without an answer
    cut.close()
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example:4577"},
        {"Host": "logs.localhost:4577"},
        {"Host": "localhost:4577", "Origin": "http://evil.example"},
    ],
)
def test_other_hosts_and_web_pages_are_refused(raw, headers):
    raw.request("GET", "/_localaws/health", headers=headers)
    answer = raw.getresponse()
    assert answer.status == 403
    assert b"answers only to 127.0.0.1 and localhost" in answer.read()


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("sqs", "list_queues"),
        ("dynamodb", "list_tables"),
        ("lambda", "list_functions"),
        ("cloudformation", "list_stacks"),
    ],
)
def test_other_services_are_refused(client, service, call):
    code, message = refused(getattr(client(service), call))
    assert code == "NotImplemented"
    assert f"does not serve {service}" in message


@pytest.mark.parametrize(
    ("service", "call", "arguments"),
    [
        ("athena", "list_application_dpu_sizes", {}),
        ("glue", "list_blueprints", {}),
        ("glue", "start_workflow_run", {"Name": "w"}),
        ("glue", "create_session", {"Id": "s", "Role": ROLE, "Command": {"Name": "glueetl"}}),
    ],
)
def test_what_nothing_here_does_is_an_unknown_operation(client, service, call, arguments):
    code, message = refused(getattr(client(service), call), **arguments)
    assert code == "UnknownOperationException"
    assert call.replace("_", "") in message.lower()


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("s3", "list_buckets", "AuthorizationHeaderMalformed"),
        ("glue", "get_databases", "InvalidSignatureException"),
        ("athena", "list_work_groups", "InvalidSignatureException"),
    ],
)
def test_another_region_is_refused(client, service, call, code):
    answer = refused(getattr(client(service, region_name="eu-west-1"), call))
    assert answer[0] == code
    assert "serves us-east-1, the request is signed for eu-west-1" in answer[1]


def test_global_services_answer_whatever_the_region(client):
    identity = client("sts", region_name="eu-west-1").get_caller_identity()
    assert identity["Account"] == "123456789012"
    assert client("iam").list_roles()["Roles"] == []


def test_an_unsigned_call_is_refused(raw):
    raw.request("POST", "/", b"{}", {"X-Amz-Target": "AWSGlue.GetDatabases"})
    answer = raw.getresponse()
    assert answer.status == 403
    assert json.loads(answer.read())["__type"] == "MissingAuthenticationTokenException"


def test_what_is_not_json_is_refused(raw):
    headers = {"Authorization": SIGNED["Authorization"].format("glue")}
    headers["X-Amz-Target"] = "AWSGlue.GetDatabases"
    raw.request("POST", "/", b"{", headers)
    answer = raw.getresponse()
    assert answer.status == 400
    assert json.loads(answer.read())["__type"] == "SerializationException"


def test_glue_names_are_lower_case(glue, unique):
    upper = unique.upper()
    glue.create_database(DatabaseInput={"Name": upper})
    glue.create_table(
        DatabaseName=upper,
        TableInput={
            "Name": "Events",
            "StorageDescriptor": {"Columns": [{"Name": "User_ID", "Type": "int"}]},
            "PartitionKeys": [{"Name": "Day", "Type": "date"}],
        },
    )
    glue.batch_create_partition(
        DatabaseName=upper, TableName="EVENTS", PartitionInputList=[{"Values": ["2025-01-01"]}]
    )
    table = glue.get_table(DatabaseName=unique, Name="EVENTS")["Table"]
    assert (table["DatabaseName"], table["Name"]) == (unique, "events")
    assert table["StorageDescriptor"]["Columns"] == [{"Name": "user_id", "Type": "int"}]
    partitions = glue.get_partitions(DatabaseName=unique, TableName="events")["Partitions"]
    assert [each["Values"] for each in partitions] == [["2025-01-01"]]
    assert not glue.batch_delete_table(DatabaseName=upper, TablesToDelete=["EVENTS"]).get("Errors")
    assert glue.get_tables(DatabaseName=unique)["TableList"] == []


def test_glue_versions(glue, lake):
    glue.create_table(DatabaseName=lake, TableInput={"Name": "t"})
    glue.update_table(DatabaseName=lake, TableInput={"Name": "t"}, VersionId="1")
    stale = {"DatabaseName": lake, "TableInput": {"Name": "t"}, "VersionId": "1"}
    assert refused(glue.update_table, **stale)[0] == "ConcurrentModificationException"
    versions = glue.get_table_versions(DatabaseName=lake, TableName="t")["TableVersions"]
    assert [each["VersionId"] for each in versions] == ["2", "1"]
    missing = {"DatabaseName": lake, "TableName": "t", "VersionId": "9"}
    assert refused(glue.delete_table_version, **missing)[0] == "EntityNotFoundException"


def test_of_eight_updates_from_one_version_one_wins(client, glue, lake):
    glue.create_table(DatabaseName=lake, TableInput={"Name": "t"})

    def update(n: int) -> str:
        table = {"Name": "t", "Parameters": {"writer": str(n)}}
        try:
            client("glue").update_table(DatabaseName=lake, TableInput=table, VersionId="1")
        except ClientError as error:
            return error.response["Error"]["Code"]
        return f"won by {n}"

    with ThreadPoolExecutor(8) as pool:
        outcomes = Counter(pool.map(update, range(8)))
    assert outcomes.pop("ConcurrentModificationException") == 7
    (winner,) = outcomes
    table = glue.get_table(DatabaseName=lake, Name="t")["Table"]
    assert (table["VersionId"], f"won by {table['Parameters']['writer']}") == ("2", winner)


def test_readers_never_see_an_object_disappear_under_them(s3, bucket):
    """GET reads a file that an overwrite removes: it answers one whole version, never an error."""
    versions = [bytes([n]) * 200_000 for n in range(40)]
    s3.put_object(Bucket=bucket, Key="k", Body=versions[0])

    def write() -> None:
        for version in versions:
            s3.put_object(Bucket=bucket, Key="k", Body=version)

    def read(_: int) -> bytes:
        return s3.get_object(Bucket=bucket, Key="k")["Body"].read()

    with ThreadPoolExecutor(4) as pool:
        writing = pool.submit(write)
        seen = set(pool.map(read, range(200)))
        writing.result()
    assert seen <= set(versions)
