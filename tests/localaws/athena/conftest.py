"""`athena`: statements sent to a real endpoint through plain boto3, in a database of one's own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from localaws.process import Endpoint


@dataclass(frozen=True)
class Athena:
    """`bucket` holds the results below results/ and is free for data."""

    client: Any
    s3: Any
    glue: Any
    database: str
    bucket: str

    def start(self, sql: str, **more: Any) -> str:
        return self.client.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": self.database},
            ResultConfiguration={"OutputLocation": f"s3://{self.bucket}/results/"},
            **more,
        )["QueryExecutionId"]

    def execution(self, id_: str) -> dict[str, Any]:
        while True:
            execution = self.client.get_query_execution(QueryExecutionId=id_)["QueryExecution"]
            if execution["Status"]["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
                return execution

    def __call__(self, sql: str) -> list[tuple[str | None, ...]]:
        """The rows of a statement that must succeed, without the header."""
        id_ = self.start(sql)
        execution = self.execution(id_)
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
        rows = []
        for page in self.client.get_paginator("get_query_results").paginate(QueryExecutionId=id_):
            rows += [
                tuple(value.get("VarCharValue") for value in row["Data"])
                for row in page["ResultSet"]["Rows"]
            ]
        return rows[1:] if execution["SubstatementType"] == "SELECT" else rows

    def fails(self, sql: str) -> str:
        """Why a statement that must fail did."""
        status = self.execution(self.start(sql))["Status"]
        assert status["State"] == "FAILED", status
        return status["StateChangeReason"]

    def scanned(self, sql: str) -> int:
        return self.execution(self.start(sql))["Statistics"]["DataScannedInBytes"]

    def iceberg(self, name: str) -> Any:
        """A table as PyIceberg sees it through its own Glue catalog, over HTTP."""
        from pyiceberg.catalog.glue import GlueCatalog

        endpoint = self.glue.meta.endpoint_url
        settings = {"glue.endpoint": endpoint, "s3.endpoint": endpoint}
        for service in ("glue", "s3"):
            settings |= {
                f"{service}.region": self.glue.meta.region_name,
                f"{service}.access-key-id": "test",
                f"{service}.secret-access-key": "test",
            }
        return GlueCatalog("outside", **settings).load_table((self.database, name))

    def put(self, key: str, text: str | bytes) -> None:
        body = text.encode() if isinstance(text, str) else text
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)


@pytest.fixture(scope="session")
def clients(endpoint: Endpoint, connect: Callable[..., Any]) -> dict[str, Any]:
    """boto3 takes longer to make a client than the endpoint to answer it."""
    return {name: connect(endpoint, name) for name in ("athena", "s3", "glue")}


def _in_database_of_its_own(clients: dict[str, Any], name: str) -> Athena:
    bucket, database = name, name.replace("-", "_")
    clients["s3"].create_bucket(Bucket=bucket)
    clients["glue"].create_database(DatabaseInput={"Name": database})
    return Athena(clients["athena"], clients["s3"], clients["glue"], database, bucket)


@pytest.fixture
def athena(clients: dict[str, Any], unique: str) -> Athena:
    return _in_database_of_its_own(clients, unique)


@pytest.fixture
def athena_of(connect: Callable[..., Any], unique: str) -> Callable[[Endpoint], Athena]:
    """`athena`, of another endpoint."""

    def make(endpoint: Endpoint) -> Athena:
        clients = {name: connect(endpoint, name) for name in ("athena", "s3", "glue")}
        return _in_database_of_its_own(clients, unique)

    return make
