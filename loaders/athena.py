"""Run a statement on Athena and read its rows."""

import click
from botocore.client import BaseClient

from loaders import aws
from loaders.settings import Settings

FINISHED = {"SUCCEEDED", "FAILED", "CANCELLED"}


def run(
    athena: BaseClient, settings: Settings, statement: str, database: str
) -> list[list[str | None]]:
    """Rows as Athena sends them: text, None for NULL; no header. Empty for DDL.

    Raises click.ClickException with Athena's StateChangeReason when the statement fails.
    """
    query = athena.start_query_execution(
        QueryString=statement,
        QueryExecutionContext={"Database": database},
        WorkGroup=settings.workgroup,
        ResultConfiguration={"OutputLocation": f"s3://{settings.results_bucket}/"},
    )["QueryExecutionId"]
    execution = aws.poll(
        lambda: athena.get_query_execution(QueryExecutionId=query)["QueryExecution"],
        lambda execution: execution["Status"]["State"] in FINISHED,
        first=0.1,
        longest=2,
    )
    status = execution["Status"]
    if status["State"] != "SUCCEEDED":
        reason = " ".join(status.get("StateChangeReason", "no reason given").split())
        raise click.ClickException(f"Athena query {query} {status['State'].lower()}: {reason}")
    if execution.get("StatementType") != "DML":
        return []
    pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=query)
    rows = [
        [value.get("VarCharValue") for value in row["Data"]]
        for page in pages
        for row in page["ResultSet"]["Rows"]
    ]
    return rows[1:]  # the first row of a query's result is its header
