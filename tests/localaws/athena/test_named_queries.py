"""Named queries and prepared statements. Source of the shapes: Athena API reference."""

import pytest
from botocore.exceptions import ClientError

MISSING = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def group(athena, unique):
    athena.client.create_work_group(Name=unique)
    return unique


def test_named_queries(athena, group) -> None:
    client = athena.client
    make = {"Database": "default", "QueryString": "SELECT 1", "WorkGroup": group}
    ids = [client.create_named_query(Name=f"q{n}", **make)["NamedQueryId"] for n in range(3)]
    query = client.get_named_query(NamedQueryId=ids[0])["NamedQuery"]
    assert query == {**make, "Name": "q0", "NamedQueryId": ids[0]}

    client.update_named_query(
        NamedQueryId=ids[0], Name="new", QueryString="SELECT 2", Description="d"
    )
    query = client.get_named_query(NamedQueryId=ids[0])["NamedQuery"]
    assert (query["Name"], query["QueryString"], query["Description"]) == ("new", "SELECT 2", "d")

    paginator = client.get_paginator("list_named_queries")
    pages = list(paginator.paginate(WorkGroup=group, PaginationConfig={"PageSize": 2}))
    assert [len(page["NamedQueryIds"]) for page in pages] == [2, 1]
    assert {id_ for page in pages for id_ in page["NamedQueryIds"]} == set(ids)

    batch = client.batch_get_named_query(NamedQueryIds=[ids[1], MISSING])
    assert [each["NamedQueryId"] for each in batch["NamedQueries"]] == [ids[1]]
    assert [each["NamedQueryId"] for each in batch["UnprocessedNamedQueryIds"]] == [MISSING]

    client.delete_named_query(NamedQueryId=ids[1])
    with pytest.raises(ClientError, match="was not found"):
        client.get_named_query(NamedQueryId=ids[1])


def test_the_same_token_is_the_same_named_query(athena, group) -> None:
    make = {
        "Name": "q", "Database": "default", "WorkGroup": group, "ClientRequestToken": group * 2,
    }  # fmt: skip
    create = athena.client.create_named_query
    first = create(QueryString="SELECT 1", **make)["NamedQueryId"]
    assert create(QueryString="SELECT 1", **make)["NamedQueryId"] == first
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        create(QueryString="SELECT 2", **make)


def test_named_queries_go_with_their_workgroup(athena, group) -> None:
    id_ = athena.client.create_named_query(
        Name="q", Database="d", QueryString="SELECT 1", WorkGroup=group
    )["NamedQueryId"]
    with pytest.raises(ClientError, match="is not empty"):
        athena.client.delete_work_group(WorkGroup=group)
    athena.client.delete_work_group(WorkGroup=group, RecursiveDeleteOption=True)
    with pytest.raises(ClientError, match="was not found"):
        athena.client.get_named_query(NamedQueryId=id_)
    with pytest.raises(ClientError, match="WorkGroup is not found"):
        athena.client.list_named_queries(WorkGroup=group)


def test_prepared_statements_over_the_api_and_in_sql(athena, group) -> None:
    client = athena.client
    client.create_prepared_statement(
        StatementName="twice", WorkGroup=group, QueryStatement="SELECT ? * 2", Description="d"
    )
    statement = client.get_prepared_statement(StatementName="twice", WorkGroup=group)
    statement = statement["PreparedStatement"]
    assert (statement["QueryStatement"], statement["Description"]) == ("SELECT ? * 2", "d")
    with pytest.raises(ClientError, match="already exists"):
        client.create_prepared_statement(
            StatementName="twice", WorkGroup=group, QueryStatement="SELECT 1"
        )

    id_ = athena.start("EXECUTE twice USING 21", WorkGroup=group)
    assert athena.execution(id_)["Status"]["State"] == "SUCCEEDED"
    rows = client.get_query_results(QueryExecutionId=id_)["ResultSet"]["Rows"]
    assert rows[1]["Data"] == [{"VarCharValue": "42"}]
    athena.execution(athena.start("PREPARE once FROM SELECT ?", WorkGroup=group))
    listed = client.list_prepared_statements(WorkGroup=group)["PreparedStatements"]
    assert [each["StatementName"] for each in listed] == ["once", "twice"]

    client.update_prepared_statement(
        StatementName="once", WorkGroup=group, QueryStatement="SELECT ? + 1"
    )
    batch = client.batch_get_prepared_statement(
        PreparedStatementNames=["once", "never"], WorkGroup=group
    )
    assert [each["QueryStatement"] for each in batch["PreparedStatements"]] == ["SELECT ? + 1"]
    (unprocessed,) = batch["UnprocessedPreparedStatementNames"]
    assert unprocessed["StatementName"] == "never"

    client.delete_prepared_statement(StatementName="once", WorkGroup=group)
    with pytest.raises(ClientError) as error:
        client.delete_prepared_statement(StatementName="once", WorkGroup=group)
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"
