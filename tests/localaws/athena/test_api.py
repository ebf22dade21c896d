"""The Athena API: executions, results, paging, idempotency, history."""

import os
import signal
import time

import boto3
import pytest
from botocore.exceptions import ClientError

from localaws import process


def test_results_as_a_csv_object_and_in_pages(athena) -> None:
    id_ = athena.start(
        "SELECT n, IF(n = 1, 'say \"hi\"') AS t FROM UNNEST(sequence(1, 2500)) AS t(n)"
    )
    execution = athena.execution(id_)
    location = f"s3://{athena.bucket}/results/{id_}.csv"
    assert execution["ResultConfiguration"]["OutputLocation"] == location
    body = athena.s3.get_object(Bucket=athena.bucket, Key=f"results/{id_}.csv")["Body"].read()
    assert body.startswith(b'"n","t"\n"1","say ""hi"""\n"2",\n')
    assert body.count(b"\n") == 2501
    pages = list(athena.client.get_paginator("get_query_results").paginate(QueryExecutionId=id_))
    assert [len(page["ResultSet"]["Rows"]) for page in pages] == [1000, 1000, 501]
    first = pages[0]["ResultSet"]["Rows"]
    assert first[0] == {"Data": [{"VarCharValue": "n"}, {"VarCharValue": "t"}]}
    assert first[2] == {"Data": [{"VarCharValue": "2"}, {}]}
    columns = pages[0]["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert [(each["Name"], each["Type"]) for each in columns] == [("n", "bigint"), ("t", "varchar")]


def test_a_failed_query_tells_why_and_has_no_results(athena) -> None:
    id_ = athena.start("SELECT 1 / 0")
    execution = athena.execution(id_)
    assert execution["Status"]["State"] == "FAILED"
    assert execution["Status"]["StateChangeReason"] == "DIVISION_BY_ZERO: Division by zero"
    assert execution["Status"]["AthenaError"]["ErrorCategory"] == 2
    with pytest.raises(ClientError, match="Final query state: FAILED"):
        athena.client.get_query_results(QueryExecutionId=id_)


def test_the_same_token_is_the_same_query(athena) -> None:
    token = "t" * 40
    first = athena.start("SELECT 1", ClientRequestToken=token)
    assert athena.start("SELECT 1", ClientRequestToken=token) == first
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        athena.start("SELECT 2", ClientRequestToken=token)


def test_a_running_query_can_be_stopped(athena) -> None:
    id_ = athena.start(
        "SELECT count(*) FROM UNNEST(sequence(1, 10000)) AS a(x) "
        "CROSS JOIN UNNEST(sequence(1, 10000)) AS b(y) "
        "CROSS JOIN UNNEST(sequence(1, 10000)) AS c(z) WHERE x % 7 = (y + z) % 11"
    )
    athena.client.stop_query_execution(QueryExecutionId=id_)
    assert athena.execution(id_)["Status"]["State"] == "CANCELLED"


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"QueryString": "SELECT 1"}, "No output location provided"),
        ({"QueryString": "SELECT 1", "ResultConfiguration": {"OutputLocation": "file:///tmp/"}}, "outputLocation is not a valid S3 path"),
        ({"QueryString": "SELECT 1", "ResultConfiguration": {"OutputLocation": "s3://no-such-bucket/"}}, "Unable to verify/create output bucket no-such-bucket"),
        ({"QueryString": "SELECT 1", "WorkGroup": "nope"}, "WorkGroup is not found."),
        ({"QueryString": "SELECT 1", "QueryExecutionContext": {"Catalog": "hive"}}, "Catalog 'hive' does not exist"),
        ({"QueryString": " ; "}, "Only one sql statement is allowed"),
    ],
)  # fmt: skip
def test_bad_requests_get_aws_shaped_errors(athena, request_, message) -> None:
    with pytest.raises(ClientError, match=message) as caught:
        athena.client.start_query_execution(**request_)
    assert caught.value.response["Error"]["Code"] == "InvalidRequestException"


def test_what_is_not_there_is_refused_by_name(athena) -> None:
    with pytest.raises(ClientError, match="StartSession") as caught:
        athena.client.start_session(WorkGroup="w", EngineConfiguration={"MaxConcurrentDpus": 2})
    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"
    with pytest.raises(ClientError, match="was not found") as caught:
        athena.client.get_query_execution(QueryExecutionId="00000000-0000-0000-0000-000000000000")
    assert caught.value.response["AthenaErrorCode"] == "QUERY_EXECUTION_NOT_FOUND"


def test_metadata_of_tables(athena) -> None:
    athena(
        "CREATE EXTERNAL TABLE t (a int COMMENT 'first', s struct<b:string>) "
        f"PARTITIONED BY (d string) STORED AS PARQUET LOCATION 's3://{athena.bucket}/t/'"
    )
    metadata = athena.client.get_table_metadata(
        CatalogName="AwsDataCatalog", DatabaseName=athena.database, TableName="t"
    )["TableMetadata"]
    assert metadata["Columns"] == [
        {"Name": "a", "Type": "int", "Comment": "first"},
        {"Name": "s", "Type": "struct<b:string>"},
    ]
    assert metadata["PartitionKeys"] == [{"Name": "d", "Type": "string"}]
    listed = athena.client.list_table_metadata(
        CatalogName="AwsDataCatalog", DatabaseName=athena.database
    )["TableMetadataList"]
    assert [each["Name"] for each in listed] == ["t"]


def _client(endpoint: process.Endpoint, service: str):
    environment = endpoint.environment()
    return boto3.client(
        service,
        endpoint_url=endpoint.url,
        region_name=endpoint.region,
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def test_history_and_tables_survive_a_kill(fresh_endpoint) -> None:
    s3, athena = _client(fresh_endpoint, "s3"), _client(fresh_endpoint, "athena")
    s3.create_bucket(Bucket="lake")

    def run(sql: str, client) -> dict:
        id_ = client.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": "db"},
            ResultConfiguration={"OutputLocation": "s3://lake/results/"},
        )["QueryExecutionId"]
        return client.get_query_execution(QueryExecutionId=id_)["QueryExecution"]

    run("CREATE DATABASE db", athena)
    run(
        "CREATE TABLE t WITH (table_type='iceberg', is_external=false, location='s3://lake/t/') "
        "AS SELECT 1 AS n",
        athena,
    )
    finished = run("INSERT INTO t VALUES (2)", athena)
    assert finished["Status"]["State"] == "SUCCEEDED"
    running = athena.start_query_execution(
        QueryString="SELECT count(*) FROM UNNEST(sequence(1, 10000)) AS a(x) "
        "CROSS JOIN UNNEST(sequence(1, 10000)) AS b(y) "
        "CROSS JOIN UNNEST(sequence(1, 10000)) AS c(z) WHERE x % 7 = (y + z) % 11",
        ResultConfiguration={"OutputLocation": "s3://lake/results/"},
    )["QueryExecutionId"]
    os.kill(fresh_endpoint.pid, signal.SIGKILL)
    while process.find(fresh_endpoint.data_dir):
        time.sleep(0.01)

    again = process.start(fresh_endpoint.data_dir, port=0)
    athena = _client(again, "athena")
    killed = athena.get_query_execution(QueryExecutionId=running)["QueryExecution"]
    assert killed["Status"]["State"] == "FAILED"
    assert "endpoint stopped" in killed["Status"]["StateChangeReason"]
    rows = athena.get_query_results(
        QueryExecutionId=run("SELECT sum(n) FROM t", athena)["QueryExecutionId"]
    )["ResultSet"]["Rows"]
    assert rows[1]["Data"] == [{"VarCharValue": "3"}]
