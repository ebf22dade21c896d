"""EXPLAIN. The answers' rows: measured on Athena by aoyagikouhei/athena-local
(docs/dev/measurements/statements.md, "EXPLAIN"); options: Athena user guide, "Using EXPLAIN and
EXPLAIN ANALYZE"."""

import json

import pytest


@pytest.fixture
def lake(athena):
    athena(
        "CREATE TABLE parts WITH (external_location = "
        f"'s3://{athena.bucket}/parts/', format = 'PARQUET', partitioned_by = ARRAY['day']) AS "
        "SELECT n, n * 2 AS twice, CAST(n % 4 AS varchar) AS day FROM UNNEST(sequence(1, 40)) t(n)"
    )
    athena(
        "CREATE TABLE ice WITH (table_type = 'ICEBERG', is_external = false, "
        f"location = 's3://{athena.bucket}/ice/') AS SELECT n, 'x' AS s FROM UNNEST(sequence(1, 5)) t(n)"
    )
    return athena


def lines(athena, sql: str) -> list[str]:
    return [value or "" for (value,) in athena(sql)]


def test_the_first_row_is_the_columns_name(athena) -> None:
    id_ = athena.start("EXPLAIN SELECT 1")
    execution = athena.execution(id_)
    assert (execution["StatementType"], execution["SubstatementType"]) == ("DML", "EXPLAIN")
    results = athena.client.get_query_results(QueryExecutionId=id_)["ResultSet"]
    rows = [row["Data"][0].get("VarCharValue", "") for row in results["Rows"]]
    assert rows[:2] == ["Query Plan", "- Output[_col0]"]
    assert rows[-3:] == ["", "", ""]
    (column,) = results["ResultSetMetadata"]["ColumnInfo"]
    assert (column["Name"], column["Type"]) == ("Query Plan", "varchar")
    assert column["Precision"] == len("\n".join(rows[1:]))
    body = athena.s3.get_object(Bucket=athena.bucket, Key=f"results/{id_}.txt")["Body"].read()
    assert body.decode() == "\n".join(rows)


def test_the_plan_is_of_what_runs(lake) -> None:
    sql = (
        "SELECT p.day, count(*), sum(i.n) FROM parts p JOIN ice i ON p.n = i.n "
        "WHERE p.day IN ('1', '2') AND p.twice > 4 AND i.s = 'x' GROUP BY p.day ORDER BY 2 DESC LIMIT 3"
    )
    plan = lines(lake, f"EXPLAIN {sql}")
    text = "\n".join(plan)
    for operator in (
        "- Output[day, _col1, _col2]",
        "- TopN",
        "- Aggregate",
        "- InnerJoin",
        "- TableScan",
    ):
        assert operator in text
    (parts,) = [line for line in plan if line.startswith(f"- awsdatacatalog.{lake.database}.parts")]
    assert parts.split(" where ")[0].startswith(
        f"- awsdatacatalog.{lake.database}.parts[day, n, twice] 2 of 4 partitions, 2 files, "
    )
    (ice,) = [line for line in plan if line.startswith(f"- awsdatacatalog.{lake.database}.ice")]
    assert ice.startswith(f"- awsdatacatalog.{lake.database}.ice[n, s] 1 files, ")
    # The engine's own names of columns are not shown.
    assert "s='x'" in text.replace('"', "").replace(" ", "")
    every = lines(lake, "EXPLAIN SELECT n FROM parts")
    assert any("4 of 4 partitions, 4 files" in line for line in every)


def test_partitions_that_a_condition_on_a_view_leaves(lake) -> None:
    lake("CREATE VIEW v AS SELECT n, day FROM parts")
    plan = lines(lake, "EXPLAIN SELECT n FROM v WHERE day IN ('1', '3')")
    assert any("2 of 4 partitions, 2 files" in line for line in plan)


def test_explaining_reads_nothing_and_analyzing_does(lake) -> None:
    sql = "SELECT sum(twice) FROM parts WHERE day = '1'"
    assert lake.scanned(f"EXPLAIN {sql}") == 0
    assert lake.scanned(f"EXPLAIN ANALYZE {sql}") == lake.scanned(sql) > 0
    plan = lines(lake, f"EXPLAIN ANALYZE {sql}")
    assert plan[1] == "Fragment 0 [SINGLE]"
    scans = [i for i, line in enumerate(plan) if "TableScan" in line]
    assert any("Output: 10 rows" in line for line in plan[scans[0] :])
    before = lake("SELECT count(*) FROM ice")
    assert lake("SELECT count(*) FROM ice") == before


def test_json(lake) -> None:
    plan = json.loads(
        "\n".join(lines(lake, "EXPLAIN (FORMAT JSON) SELECT n FROM parts WHERE day = '1'")[1:])
    )
    assert plan["name"] == "Output"
    assert plan["children"]
    (relation,) = plan["relations"]
    assert (relation["partitions"], relation["partitionsKnown"], relation["files"]) == (1, 4, 1)
    measured = json.loads(
        "\n".join(lines(lake, "EXPLAIN ANALYZE (FORMAT JSON) SELECT n FROM ice")[1:])
    )
    assert measured["children"][0]["outputRows"] == 5


def test_validate_and_distributed(lake) -> None:
    assert lines(lake, "EXPLAIN (TYPE VALIDATE) SELECT n FROM ice") == ["Valid", "true", ""]
    error = lake.fails("EXPLAIN (TYPE VALIDATE) SELECT nope FROM ice")
    assert error.startswith("COLUMN_NOT_FOUND")
    assert (
        lines(lake, "EXPLAIN (TYPE DISTRIBUTED, FORMAT TEXT) SELECT 1")[1] == "Fragment 0 [SINGLE]"
    )
    assert lines(lake, "EXPLAIN(SELECT 1)")[1] == "- Output[_col0]"


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("EXPLAIN (TYPE IO) SELECT 1", "NOT_SUPPORTED: EXPLAIN with TYPE IO"),
        ("EXPLAIN (FORMAT GRAPHVIZ) SELECT 1", "NOT_SUPPORTED: EXPLAIN with FORMAT GRAPHVIZ"),
        ("EXPLAIN ANALYZE VERBOSE SELECT 1", "NOT_SUPPORTED: EXPLAIN with VERBOSE"),
        ("EXPLAIN ANALYZE (TYPE LOGICAL) SELECT 1", "SYNTAX_ERROR"),
        ("EXPLAIN (FORMAT XML) SELECT 1", "SYNTAX_ERROR"),
        ("EXPLAIN (FORMAT TEXT, FORMAT JSON) SELECT 1", "SYNTAX_ERROR"),
        ("EXPLAIN DROP TABLE t", "NOT_SUPPORTED: EXPLAIN of DROP"),
        ("EXPLAIN SELECT * FROM missing", "TABLE_NOT_FOUND"),
    ],
)
def test_what_fails(athena, sql, error) -> None:
    assert athena.fails(sql).startswith(error)
