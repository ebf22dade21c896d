"""What the Athena API has acknowledged survives a kill; many clients poll at once."""

import os
import signal
import threading
import time
from functools import partial

import pytest

from localaws import process

SLOW = (
    "SELECT count(*) FROM UNNEST(sequence(1, 9000)) AS a(x) CROSS JOIN UNNEST(sequence(1, 9000)) "
    "AS b(y) CROSS JOIN UNNEST(sequence(1, 9000)) AS c(z) WHERE x % 7 = y % 11 AND z % 3 = x % 5"
)


def kill(endpoint: process.Endpoint) -> process.Endpoint:
    """SIGKILL, then the same data directory served anew."""
    os.kill(endpoint.pid, signal.SIGKILL)
    while process.find(endpoint.data_dir):
        time.sleep(0.01)
    return process.start(endpoint.data_dir, port=0)


def test_what_was_acknowledged_is_there_after_a_kill(fresh_endpoint, connect) -> None:
    athena, s3 = connect(fresh_endpoint, "athena"), connect(fresh_endpoint, "s3")
    glue, formation = connect(fresh_endpoint, "glue"), connect(fresh_endpoint, "lakeformation")
    s3.create_bucket(Bucket="lake")
    results = {"ResultConfiguration": {"OutputLocation": "s3://lake/results/"}}
    athena.create_work_group(
        Name="mine",
        Configuration={**results, "BytesScannedCutoffPerQuery": 20_000_000},
        Tags=[{"Key": "k", "Value": "v"}],
    )
    athena.update_work_group(WorkGroup="mine", Description="d", State="ENABLED")
    named = athena.create_named_query(Name="q", Database="d", QueryString="SELECT 1")
    athena.create_prepared_statement(
        StatementName="p_1", WorkGroup="mine", QueryStatement="SELECT ?"
    )
    token = "t" * 40
    start = {
        "QueryString": "SELECT n FROM UNNEST(sequence(1, 1500)) AS t(n)",
        "WorkGroup": "mine",
        "ClientRequestToken": token,
    }
    id_ = athena.start_query_execution(**start)["QueryExecutionId"]
    while athena.get_query_execution(QueryExecutionId=id_)["QueryExecution"]["Status"]["State"] in (
        "QUEUED", "RUNNING",
    ):  # fmt: skip
        pass
    first = athena.get_query_results(QueryExecutionId=id_)
    glue.create_table(
        DatabaseName="default",
        TableInput={"Name": "t", "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}]}},
    )
    formation.create_lf_tag(TagKey="x", TagValues=["1"])
    formation.add_lf_tags_to_resource(
        Resource={"Table": {"DatabaseName": "default", "Name": "t"}},
        LFTags=[{"TagKey": "x", "TagValues": ["1"]}],
    )
    before = athena.get_work_group(WorkGroup="mine")["WorkGroup"]

    again = kill(fresh_endpoint)
    athena, formation = connect(again, "athena"), connect(again, "lakeformation")
    assert athena.get_work_group(WorkGroup="mine")["WorkGroup"] == before
    arn = f"arn:aws:athena:{again.region}:123456789012:workgroup/mine"
    tags = athena.list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert tags == [{"Key": "k", "Value": "v"}]
    query = athena.get_named_query(NamedQueryId=named["NamedQueryId"])["NamedQuery"]
    assert query["QueryString"] == "SELECT 1"
    statement = athena.get_prepared_statement(StatementName="p_1", WorkGroup="mine")
    assert statement["PreparedStatement"]["QueryStatement"] == "SELECT ?"
    # The token still means the same query, and its second page follows the first.
    assert athena.start_query_execution(**start)["QueryExecutionId"] == id_
    assert athena.list_query_executions(WorkGroup="mine")["QueryExecutionIds"] == [id_]
    rest = athena.get_query_results(QueryExecutionId=id_, NextToken=first["NextToken"])
    assert rest["ResultSet"]["Rows"][0]["Data"] == [{"VarCharValue": "1000"}]
    assert len(rest["ResultSet"]["Rows"]) == 501
    found = formation.get_resource_lf_tags(
        Resource={"Table": {"DatabaseName": "default", "Name": "t"}}
    )
    assert [each["TagKey"] for each in found["LFTagsOnTable"]] == ["x"]


def test_a_query_that_was_killed_says_so(fresh_endpoint, connect) -> None:
    athena, s3 = connect(fresh_endpoint, "athena"), connect(fresh_endpoint, "s3")
    s3.create_bucket(Bucket="lake")
    id_ = athena.start_query_execution(
        QueryString=SLOW, ResultConfiguration={"OutputLocation": "s3://lake/results/"}
    )["QueryExecutionId"]
    again = kill(fresh_endpoint)
    status = connect(again, "athena").get_query_execution(QueryExecutionId=id_)
    status = status["QueryExecution"]["Status"]
    assert status["State"] == "FAILED"
    assert status["AthenaError"]["ErrorCategory"] == 1
    assert status["AthenaError"]["Retryable"] is True


def test_waiting_clients_do_not_hold_up_the_others(athena, endpoint, connect) -> None:
    ids = [athena.start(SLOW) for _ in range(4)]
    waited: list[str] = []

    def wait(id_: str) -> None:
        client = connect(endpoint, "athena")
        while True:
            execution = client.get_query_execution(QueryExecutionId=id_)["QueryExecution"]
            if execution["Status"]["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
                waited.append(execution["Status"]["State"])
                return

    clients = [threading.Thread(target=partial(wait, ids[n % 4])) for n in range(16)]
    for client in clients:
        client.start()
    try:
        # Sixteen requests are held; a seventeenth client is served all the same.
        assert athena("SELECT 42") == [("42",)]
        assert not waited
    finally:
        for id_ in ids:
            athena.client.stop_query_execution(QueryExecutionId=id_)
        for client in clients:
            client.join(60)
    assert waited == ["CANCELLED"] * 16
    for id_ in ids:
        execution = athena.execution(id_)
        assert execution["Status"]["StateChangeReason"] == "Query cancelled by user"
        assert "AthenaError" not in execution["Status"]
    with pytest.raises(athena.client.exceptions.InvalidRequestException) as error:
        athena.client.get_query_results(QueryExecutionId=ids[0])
    assert error.value.response["AthenaErrorCode"] == "RESULT_NOT_FOUND"
