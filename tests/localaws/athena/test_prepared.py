"""Prepared statements and parameters.

Sources: Athena user guide, "Using parameterized queries"; Trino documentation, "PREPARE" and
"EXECUTE"; Trino's QueryPreparer for the errors.
"""

import pytest

from localaws.athena.prepared import bind
from localaws.sql.errors import QueryError


@pytest.fixture
def numbers(athena) -> None:
    athena("CREATE VIEW numbers AS SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (3, 'it''s')) t(n, s)")


def name(athena) -> str:
    return f"p_{athena.database}"


def test_prepared_executed_and_removed(athena, numbers) -> None:
    prepared = name(athena)
    athena(f"PREPARE {prepared} FROM SELECT n, s FROM numbers WHERE n >= ? AND s <> ? ORDER BY n")
    assert athena(f"EXECUTE {prepared} USING 2, 'x'") == [("2", "b"), ("3", "it's")]
    assert athena(f"execute {prepared} using 1 + 1, 'it''s'") == [("2", "b")]
    assert "ALREADY_EXISTS" in athena.fails(f"PREPARE {prepared} FROM SELECT 1")
    error = athena.fails(f"EXECUTE {prepared} USING 2")
    expected = (
        "INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected 2 but found 1"
    )
    assert error == expected
    athena(f"DEALLOCATE PREPARE {prepared}")
    assert (
        athena.fails(f"EXECUTE {prepared}")
        == f"NOT_FOUND: Prepared statement not found: {prepared}"
    )
    assert athena.fails(f"DEALLOCATE PREPARE {prepared}").startswith("NOT_FOUND")


def test_names_in_double_quotes(athena) -> None:
    quoted = f'"{name(athena)} ""q"""'
    athena(f"PREPARE {quoted} FROM SELECT ?")
    assert athena(f"EXECUTE {quoted} USING 1") == [("1",)]
    athena(f"DEALLOCATE PREPARE {quoted}")
    assert athena.fails(f"EXECUTE {quoted}").startswith("NOT_FOUND")


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("PREPARE p SELECT 1", "1:11: mismatched input 'SELECT'"),
        ("PREPARE p FROM", "1:15: mismatched input '<EOF>'"),
        ("PREPARE order FROM SELECT 1", "1:9: mismatched input 'order'"),
        ("PREPARE p FROM SELECT ['x']", "1:23: mismatched input '['"),
        ("-- x\nEXECUTE p VALUES 1", "2:11: mismatched input 'VALUES'"),
        ("EXECUTE p USING", "1:16: mismatched input '<EOF>'"),
        ("DEALLOCATE PREPARE p q", "1:22: mismatched input 'q'"),
    ],
)
def test_mistakes_are_shown_at_their_place(athena, statement, place) -> None:
    assert athena.fails(statement) == f"SYNTAX_ERROR: line {place}"


def test_insert_and_create_table_as_take_parameters(athena, numbers) -> None:
    prepared = name(athena)
    location = f"s3://{athena.bucket}/t/"
    athena(
        f"PREPARE {prepared} FROM CREATE TABLE t WITH (external_location = '{location}', "
        "format = 'PARQUET') AS SELECT n, s FROM numbers WHERE s = ?"
    )
    athena(f"EXECUTE {prepared} USING 'a'")
    id_ = athena.start(
        "INSERT INTO t SELECT n, s FROM numbers WHERE n = ?", ExecutionParameters=["2"]
    )
    assert athena.execution(id_)["Status"]["State"] == "SUCCEEDED"
    assert athena("SELECT n, s FROM t ORDER BY n") == [("1", "a"), ("2", "b")]


def test_execution_parameters_may_stand_in_for_using(athena, numbers) -> None:
    prepared = name(athena)
    athena(f"PREPARE {prepared} FROM SELECT s FROM numbers WHERE n = ?")
    id_ = athena.start(f"EXECUTE {prepared}", ExecutionParameters=["3"])
    assert athena.execution(id_)["Status"]["State"] == "SUCCEEDED"
    rows = athena.client.get_query_results(QueryExecutionId=id_)["ResultSet"]["Rows"]
    assert [row["Data"][0]["VarCharValue"] for row in rows] == ["s", "it's"]


def test_parameters_have_the_types_of_their_constants(athena) -> None:
    prepared = name(athena)
    athena(f"PREPARE {prepared} FROM SELECT typeof(?), typeof(?), typeof(?), typeof(?)")
    values = "1, 'abc', date '2025-01-02', decimal '1.50'"
    assert athena(f"EXECUTE {prepared} USING {values}") == [
        ("integer", "varchar(3)", "date", "decimal(3,2)")
    ]


def test_a_text_is_not_compared_with_a_number(athena, numbers) -> None:
    prepared = name(athena)
    athena(f"PREPARE {prepared} FROM SELECT s FROM numbers WHERE n = ?")
    assert athena.fails(f"EXECUTE {prepared} USING '1'").startswith("TYPE_MISMATCH")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("'abc'", "abc"),
        ("1 + 1", "2"),
        ("DATE '2020-01-01'", "2020-01-01"),
        ("NULL", None),
        ("abc def", "abc def"),
        ("it's", "it's"),
        ("123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"),
        ("abc", "abc"),
        ("x + 1", "x + 1"),
        ("t.x", "t.x"),
        ("1; DROP TABLE t", "1; DROP TABLE t"),
        ("1, 2", "1, 2"),
    ],
)
def test_execution_parameters_that_are_no_expressions_are_text(athena, value, shown) -> None:
    """Source: measured on Athena by aoyagikouhei/athena-local (docs/parameters.md)."""
    id_ = athena.start("SELECT ? AS v", ExecutionParameters=[value])
    assert athena.execution(id_)["Status"]["State"] == "SUCCEEDED"
    rows = athena.client.get_query_results(QueryExecutionId=id_)["ResultSet"]["Rows"]
    assert rows[1]["Data"][0].get("VarCharValue") == shown


def test_execution_parameters_of_a_statement_without_any(athena) -> None:
    for sql in ("SELECT 1", "SHOW TABLES"):
        id_ = athena.start(sql, ExecutionParameters=["1", "2"])
        assert athena.execution(id_)["Status"]["State"] == "SUCCEEDED"
    id_ = athena.start("SELECT ?", ExecutionParameters=["1", "2"])
    reason = athena.execution(id_)["Status"]["StateChangeReason"]
    assert reason.startswith("INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters")


@pytest.mark.parametrize(
    ("sql", "values", "bound"),
    [
        ("SELECT '?', \"?\" /* ? */ FROM t WHERE a = ? -- ?", ["1"], "SELECT '?', \"?\" /* ? */ FROM t WHERE a = 1 -- ?"),
        ("SELECT 1 LIMIT ?", [" 5 "], "SELECT 1 LIMIT 5"),
        ("SELECT 1 - ?", ["-1"], "SELECT 1 - (-1\n)"),
        ("SELECT ?", ["'a''?b'"], "SELECT 'a''?b'"),
        ("SELECT ? + 1", ["5 -- x"], "SELECT 5 + 1"),
        ("SELECT ? + 1", ["-5 -- x"], "SELECT (-5 -- x\n) + 1"),
        ("SELECT ?, ?", ["'1'", "2"], "SELECT '1', 2"),
        ("SELECT 1", [], "SELECT 1"),
    ],
)  # fmt: skip
def test_only_the_parameters_are_replaced(sql, values, bound) -> None:
    assert bind(sql, values) == bound


@pytest.mark.parametrize(
    ("sql", "values", "error"),
    [
        ("SELECT ?", [], "INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected 1 but found 0"),
        ("SELECT 1", ["2"], "INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected 0 but found 1"),
        ("SELECT ?", ["abc"], "EXPRESSION_NOT_CONSTANT: Constant expression cannot contain column references: abc"),
        ("SELECT ?", ["(SELECT 1)"], "EXPRESSION_NOT_CONSTANT"),
        ("SELECT ?", ["1 FROM t"], "SYNTAX_ERROR"),
        ("SELECT ?", ["1, 2"], "SYNTAX_ERROR"),
        ("SELECT ?", ["1) OR (1 = 1"], "SYNTAX_ERROR"),
        ("SELECT ?", ["1; DROP TABLE t"], "SYNTAX_ERROR"),
        ("SELECT ?", ["1 AS x"], "SYNTAX_ERROR"),
        ("SELECT ?", ["?"], "EXPRESSION_NOT_CONSTANT"),
        ("DROP TABLE ?", ["1"], "NOT_SUPPORTED: Invalid statement type for prepared statement: DROP"),
        ("MERGE INTO t", ["1"], "NOT_SUPPORTED: Invalid statement type for prepared statement: MERGE"),
    ],
)  # fmt: skip
def test_what_is_no_constant_is_refused(sql, values, error) -> None:
    with pytest.raises(QueryError) as caught:
        bind(sql, values)
    assert str(caught.value).startswith(error)


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("PREPARE p FROM EXECUTE q", "NOT_SUPPORTED: Invalid statement type for prepared statement: EXECUTE"),
        ("PREPARE p FROM SHOW TABLES", "NOT_SUPPORTED: Invalid statement type for prepared statement: SHOW"),
        ("PREPARE p FROM SELECT FROM WHERE", "SYNTAX_ERROR"),
        ("PREPARE 1p FROM SELECT 1", "SYNTAX_ERROR"),
        ("EXECUTE IMMEDIATE 'SELECT 1'", "NOT_SUPPORTED: EXECUTE IMMEDIATE"),
        ("SELECT ? + 1", "INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected 1 but found 0"),
    ],
)  # fmt: skip
def test_refused_statements(athena, sql, error) -> None:
    assert athena.fails(sql).startswith(error)
