"""Result reuse. Source of the rules: Athena user guide, "Reuse query results in Athena"."""

import pytest

REUSE = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 60}}


def run(athena, sql: str, reuse: dict = REUSE, **more) -> tuple[bool, list, dict]:
    """Whether a result was reused, the rows, the execution."""
    id_ = athena.start(sql, ResultReuseConfiguration=reuse, **more)
    execution = athena.execution(id_)
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    rows = athena.client.get_query_results(QueryExecutionId=id_)["ResultSet"]["Rows"]
    information = execution["Statistics"]["ResultReuseInformation"]
    values = [row["Data"][0].get("VarCharValue") for row in rows]
    return information["ReusedPreviousResult"], values, execution


@pytest.fixture
def table(athena):
    place = f"s3://{athena.bucket}/t/"
    athena(f"CREATE TABLE t WITH (external_location = '{place}') AS SELECT 1 AS n")


def test_a_result_is_reused_even_when_the_table_has_changed(athena, table) -> None:
    sql = "SELECT sum(n) FROM t"
    first, _, before = run(athena, sql)
    athena("INSERT INTO t VALUES (2)")
    again, values, execution = run(athena, sql)
    assert (first, again) == (False, True)
    assert values == ["_col0", "1"]
    assert (
        execution["Statistics"]["DataScannedInBytes"]
        == 0
        < (before["Statistics"]["DataScannedInBytes"])
    )
    location = execution["ResultConfiguration"]["OutputLocation"]
    assert location == before["ResultConfiguration"]["OutputLocation"]
    # Only who asks for it gets an old result.
    assert run(athena, sql, {"ResultReuseByAgeConfiguration": {"Enabled": False}})[1][1] == "3"


def test_what_differs_is_computed(athena, table, unique) -> None:
    sql = "SELECT sum(n) AS s FROM t"
    run(athena, sql)
    too_old = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 0}}
    assert not run(athena, sql, too_old)[0]
    assert not run(athena, f"{sql} ")[0]
    athena.client.create_work_group(Name=unique)
    assert not run(athena, sql, WorkGroup=unique)[0]


def test_parameters_are_part_of_the_query(athena) -> None:
    assert not run(athena, "SELECT ?", ExecutionParameters=["1"])[0]
    reused, values, _ = run(athena, "SELECT ?", ExecutionParameters=["2"])
    assert (reused, values[1]) == (False, "2")
    assert run(athena, "SELECT ?", ExecutionParameters=["2"])[0]


@pytest.mark.parametrize("sql", ["SELECT rand()", "SELECT now()", "SELECT n FROM t LIMIT 1"])
def test_what_is_drawn_anew_is_never_reused(athena, table, sql) -> None:
    run(athena, sql)
    assert not run(athena, sql)[0]


def test_an_ordered_limit_is_reused(athena, table) -> None:
    sql = "SELECT n FROM t ORDER BY n LIMIT 1"
    run(athena, sql)
    assert run(athena, sql)[0]


def test_a_deleted_result_is_not_reused(athena, table) -> None:
    sql = "SELECT count(*) FROM t"
    _, _, execution = run(athena, sql)
    location = execution["ResultConfiguration"]["OutputLocation"]
    key = location.removeprefix(f"s3://{athena.bucket}/")
    athena.s3.delete_object(Bucket=athena.bucket, Key=key)
    assert not run(athena, sql)[0]
