"""StopQueryExecution in the middle of a query and of writes: cancelled at once, nothing left.

Source: Athena API reference, StopQueryExecution.
"""

from __future__ import annotations

import time

import pytest

# Long before its first row, and long while its rows come.
COUNTING = (
    "SELECT count(*) AS n FROM UNNEST(sequence(1, 9000)) AS a(x) CROSS JOIN "
    "UNNEST(sequence(1, 9000)) AS b(y) CROSS JOIN UNNEST(sequence(1, 9000)) AS c(z) "
    "WHERE x % 7 = y % 11 AND z % 3 = x % 5"
)
ROWS = (
    "SELECT x * y AS n, z % 3 AS p FROM UNNEST(sequence(1, 9000)) AS a(x) CROSS JOIN "
    "UNNEST(sequence(1, 9000)) AS b(y) CROSS JOIN UNNEST(sequence(1, 9000)) AS c(z)"
)
NEW = "external_location = 's3://{bucket}/data/new/'"


@pytest.mark.parametrize(
    "sql",
    [
        COUNTING,
        ROWS,
        f"CREATE TABLE new WITH ({NEW}) AS {COUNTING}",
        f"CREATE TABLE new WITH ({NEW}) AS {ROWS}",
        f"CREATE TABLE new WITH ({NEW}, format = 'JSON') AS {ROWS}",
        f"CREATE TABLE new WITH ({NEW}, partitioned_by = ARRAY['p']) AS {ROWS}",
        "CREATE TABLE new WITH (table_type = 'ICEBERG', is_external = false, "
        f"location = 's3://{{bucket}}/data/new/') AS {ROWS}",
        f"INSERT INTO hive {ROWS}",
        f"INSERT INTO ice {ROWS}",
        f"UPDATE ice SET n = 2 WHERE n IN ({COUNTING})",
        f"UNLOAD ({ROWS}) TO 's3://{{bucket}}/data/new/' WITH (format = 'PARQUET')",
    ],
)
def test_what_is_stopped_leaves_nothing(athena, sql) -> None:
    location = f"s3://{athena.bucket}/data"
    if "INTO hive" in sql:
        athena(f"CREATE TABLE hive WITH (external_location = '{location}/hive/') AS "
               "SELECT 1 AS n, 1 AS p")  # fmt: skip
    if " ice " in sql:
        athena(f"CREATE TABLE ice (n bigint, p int) LOCATION '{location}/ice/' "
               "TBLPROPERTIES ('table_type' = 'ICEBERG')")  # fmt: skip
        athena("INSERT INTO ice VALUES (1, 1)")

    def objects() -> list[str]:
        listed = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix="data/")
        return [each["Key"] for each in listed.get("Contents", [])]

    tables, before = athena("SHOW TABLES"), objects()
    id_ = athena.start(sql.format(bucket=athena.bucket))
    # Queries that run this long have to be stopped in the middle of something.
    time.sleep(0.5)
    # Unlike GetQueryExecution this does not wait for the end.
    (execution,) = athena.client.batch_get_query_execution(QueryExecutionIds=[id_])[
        "QueryExecutions"
    ]
    assert execution["Status"]["State"] == "RUNNING", execution["Status"]
    athena.client.stop_query_execution(QueryExecutionId=id_)
    status = athena.execution(id_)["Status"]
    assert (status["State"], status["StateChangeReason"]) == (
        "CANCELLED",
        "Query cancelled by user",
    )
    assert (athena("SHOW TABLES"), objects()) == (tables, before)
    for (table,) in tables:
        assert athena(f"SELECT n, p FROM {table}") == [("1", "1")]
