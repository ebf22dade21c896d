"""`evaluate`: Athena SQL compiled and run, without a catalog."""

from collections.abc import Callable

import pytest

from localaws.athena.render import rendered_rows
from localaws.engine.duckdb_engine import DuckDBEngine
from localaws.sql.dialect import parse_query
from localaws.sql.errors import QueryError
from localaws.sql.queries import analyze


class NoTables:
    account = "123456789012"

    def table(self, database, name, version):
        message = f"Table 'awsdatacatalog.{database}.{name}' does not exist"
        raise QueryError("TABLE_NOT_FOUND", message)


@pytest.fixture(scope="session")
def engine(tmp_path_factory) -> DuckDBEngine:
    folder = tmp_path_factory.mktemp("engine")
    return DuckDBEngine(folder / "objects", folder / "scratch")


@pytest.fixture
def query(engine) -> Callable[[str], tuple[list[str], list[str], list[tuple]]]:
    """SQL -> (column names, Trino types, rows as Athena prints them)."""

    def run(sql: str) -> tuple[list[str], list[str], list[tuple]]:
        output, _ = analyze(parse_query(sql), sql, NoTables(), "default")
        with engine.session() as session:
            rows = list(rendered_rows(session.batches(output.sql, 1000), output.types))
        return list(output.column_names), [str(each) for each in output.types], rows

    return run


@pytest.fixture
def evaluate(query) -> Callable[[str], str | None]:
    """One expression -> its value as Athena prints it."""

    def run(expression: str) -> str | None:
        _, _, ((value,),) = query(f"SELECT {expression}")
        return value

    return run


@pytest.fixture
def failure(query) -> Callable[[str], str]:
    """A statement that must fail -> the error's text."""

    def run(sql: str) -> str:
        with pytest.raises(QueryError) as caught:
            query(sql)
        return str(caught.value)

    return run
