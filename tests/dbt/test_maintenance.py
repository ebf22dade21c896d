"""The ledger of runs, what it costs and the upkeep of tables: the real dbt on a lake of its own."""

import json
import random
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.asking import rows_of
from tests.dbt.batches import Batch, CleanedZone
from tests.dbt.test_any_order import batches

pytestmark = pytest.mark.slow

PREFIX = "upkeep"
SCHEMA = "upkeep_analytics"
MEGABYTE = 1024**2
LANDINGS = 5
# A merge over days, a view, and a test; the ledger goes with every run.
SELECTED = ["stg_cleaned__events", "stg_cleaned__excluded_events", "int_events__deduplicated"]


class Lake:
    """A cleaned zone and dbt, apart from those of other tests."""

    def __init__(
        self,
        connect: Callable[[str], Any],
        endpoint: dict[str, str],
        dbt: Callable[..., subprocess.CompletedProcess[str]],
        target: Path,
        root: Path,
    ) -> None:
        self.athena, self.target = connect("athena"), target
        self.environment = endpoint | {"UAP_PREFIX": PREFIX}
        self.dbt = dbt
        s3, glue = connect("s3"), connect("glue")
        for zone in ("cleaned", "analytics", "results"):
            s3.create_bucket(Bucket=f"{PREFIX}-{zone}")
        glue.create_database(DatabaseInput={"Name": f"{PREFIX}_cleaned"})
        self.zone = CleanedZone(s3, self.query, root, PREFIX)

    def query(self, sql: str) -> list[dict[str, Any]]:
        return rows_of(self.athena, sql)

    def run(self, *arguments: str) -> str:
        """Run dbt, which must succeed; what it says."""
        result = self.dbt(*arguments, **self.environment)
        assert result.returncode == 0, result.stdout
        return result.stdout

    def results(self) -> list[dict[str, Any]]:
        """Of the last invocation, its hooks aside."""
        found = json.loads((self.target / "run_results.json").read_text())["results"]
        return [each for each in found if not each["unique_id"].startswith("operation.")]

    def asked(self, keyword: str) -> list[str]:
        """The statements that begin so."""
        queries = (each["Query"] for each in self.statements())
        return [query for query in queries if query.startswith(keyword)]

    def statements(self) -> list[dict[str, Any]]:
        """All that Athena was ever asked, the newest first."""
        pages = self.athena.get_paginator("list_query_executions").paginate()
        return [
            self.athena.get_query_execution(QueryExecutionId=each)["QueryExecution"]
            for page in pages
            for each in page["QueryExecutionIds"]
        ]


@pytest.fixture(scope="module")
def lake(
    connect: Callable[[str], Any],
    endpoint: dict[str, str],
    dbt: Callable[..., subprocess.CompletedProcess[str]],
    workspace: Path,
    root: Path,
) -> Lake:
    """A lake that was built and then changed by merges."""
    made = Lake(connect, endpoint, dbt, workspace / "target", root)
    landed = batches(random.Random("maintenance"))
    for batch in landed[:LANDINGS]:
        made.zone.take([batch])
        made.run("run", "--select", *SELECTED)
    made.run("build", "--select", "int_events__deduplicated", "query_costs")
    return made


def test_the_ledger_has_every_node_and_all_that_it_scanned(lake: Lake) -> None:
    invocation = json.loads((lake.target / "run_results.json").read_text())["metadata"]
    rows = lake.query(
        f"select * from {SCHEMA}.model_runs where invocation_id = '{invocation['invocation_id']}'"
    )
    assert sorted((row["node_id"], row["status"]) for row in rows) == sorted(
        (each["unique_id"], each["status"]) for each in lake.results()
    )
    assert {row["command"] for row in rows} == {"build"}
    assert {row["resource_type"] for row in rows} >= {"model", "test"}

    # Athena's own history, which has the node in a comment
    scanned = defaultdict(int)
    for statement in lake.statements():
        node = re.search(r'"node_id": "((?:model|test|unit_test)\.[^"]*)"', statement["Query"])
        if node and PREFIX in statement["Query"]:
            scanned[node[1]] += statement["Statistics"]["DataScannedInBytes"]
    noted = lake.query(
        f"select node_id, sum(bytes_scanned) as bytes from {SCHEMA}.query_costs group by 1"
    )
    assert {row["node_id"]: row["bytes"] for row in noted} == dict(scanned)
    assert scanned["model.user_activity_lake.int_events__deduplicated"] > 0


def test_a_query_is_billed_ten_megabytes_at_least(lake: Lake) -> None:
    """Of a small lake every query is below them, and a merge takes four."""
    costs = lake.query(f"select * from {SCHEMA}.query_costs")
    for row in costs:
        assert row["bytes_billed"] == 10 * MEGABYTE * row["query_count"]
        assert row["cost_usd"] == pytest.approx(row["bytes_billed"] / MEGABYTE**2 * 5, rel=1e-12)
    merges = [
        row["query_count"]
        for row in costs
        if row["node_name"] == "int_events__deduplicated" and not row["is_full_refresh"]
    ]
    # the touched days, what is merged, the merge, and the adapter's report of it
    assert max(merges) == 4
    assert {row["query_count"] for row in costs if row["node_name"] == "query_costs"} == {0}


def test_the_ledger_takes_one_statement_a_run(lake: Lake) -> None:
    before = len(lake.statements())
    lake.run("compile", "--select", "stg_cleaned__events")
    lake.run("ls", "--select", "stg_cleaned__events")
    assert not written(lake, before)
    lake.run("run", "--select", "stg_cleaned__events")
    assert len(written(lake, before)) == 1


def written(lake: Lake, before: int) -> list[str]:
    """Statements that create or fill the ledger, of those after the first `before`."""
    statements = [each["Query"] for each in lake.statements()]
    newer = statements[: len(statements) - before]
    return [each for each in newer if re.search(r"(create table|insert into).*model_runs", each)]


TRIED = """
{% macro try_the_ledger() %}
    {%- set rows = [] -%}
    {%- for number in range(900) -%}
        {%- do rows.append(model_run_values({
            'node': {'unique_id': number ~ ' é' * 100, 'name': "it's", 'resource_type': 'test'},
            'status': 'pass', 'adapter_response': {}, 'timing': [], 'execution_time': 0.5,
        })) -%}
    {%- endfor -%}
    {%- for batch in batches_of(rows, 260000) -%}
        {%- do run_query(insert_model_runs(batch)) -%}
    {%- endfor -%}
    {%- do print(batches_of(['1234', '1234', '1234', 'é'], 12)) -%}
{% endmacro %}
"""


def test_a_run_of_any_length_fits_into_statements(lake: Lake, root: Path, tmp_path: Path) -> None:
    for name in ("dbt_project.yml", "models", "macros", "seeds", "tests/generic"):
        source, copy = root / name, tmp_path / name
        shutil.copytree(source, copy) if source.is_dir() else shutil.copy(source, copy)
    (tmp_path / "macros/try_the_ledger.sql").write_text(TRIED)
    arguments = ("--quiet", "run-operation", "try_the_ledger")
    result = lake.dbt(*arguments, project=tmp_path, **lake.environment)
    assert result.returncode == 0, result.stdout
    assert result.stdout.strip() == "[['1234', '1234'], ['1234', 'é']]"
    tried = f"from {SCHEMA}.model_runs where node_name = 'it''s'"
    assert lake.query(f"select count(distinct node_id) as n {tried}") == [{"n": 900}]
    lake.query(f"delete {tried}")


def test_costs_are_shown_and_add_up(lake: Lake) -> None:
    said = lake.run("--quiet", "run-operation", "show_costs", "--args", "{days: 1}")
    lines = [line.split() for line in said.splitlines()]
    (total,) = lake.query(
        f"select sum(bytes_scanned) as scanned, sum(bytes_billed) as billed"
        f" from {SCHEMA}.query_costs"
    )
    assert lines[-1][:3] == ["all", str(total["scanned"]), str(total["billed"])]
    shown = {line[0]: line[1:] for line in lines[1:-1]}
    assert shown["int_events__deduplicated"][0] == str(LANDINGS + 1)
    assert sum(int(line[1]) for line in shown.values()) == total["scanned"]
    dollars = [float(line[-1]) for line in shown.values()]
    assert dollars == sorted(dollars, reverse=True)


def test_maintenance_changes_files_and_no_row(lake: Lake) -> None:
    ledger = f"{SCHEMA}.model_runs"
    events = f"{SCHEMA}.int_events__deduplicated"
    before = [lake.query(f"select * from {table} order by 1, 2") for table in (ledger, events)]
    said = lake.run("--quiet", "run-operation", "maintain")
    (line,) = [each for each in said.splitlines() if each.startswith("model_runs: ")]
    files, now = re.search(r"files: (\d+), now (\d+)", line).groups()
    assert int(files) >= LANDINGS
    assert int(now) == 1
    assert before == [lake.query(f"select * from {t} order by 1, 2") for t in (ledger, events)]

    assert "fct_events: not built yet" in said
    assert f"optimize {ledger} rewrite data using bin_pack" in lake.asked("optimize")
    assert f"vacuum {events}" in lake.asked("vacuum")
    (optimize,) = [each for each in lake.asked("optimize") if events in each]
    days = sorted(lake.zone.days)
    first, last = re.search(r"event_date between date '(.*?)' and date '(.*?)'", optimize).groups()
    assert first < str(days[0])
    assert last > str(days[-1])


def test_only_the_days_published_lately_are_rewritten(lake: Lake) -> None:
    newest = max(
        (each for batch in lake.zone.batches for each in batch.documents),
        key=lambda each: each.event_at,
    )
    lake.zone.publication += 60  # a publication a day
    late = newest._replace(event_id="late", event_at=newest.event_at + timedelta(days=100))
    lake.zone.take([Batch(late.event_at.date(), "late", (late,))])
    arguments = ("--args", "{models: [int_events__deduplicated]}")
    said = lake.run("--quiet", "run-operation", "maintain", *arguments)
    assert [line.partition(":")[0] for line in said.splitlines()] == ["int_events__deduplicated"]
    day = late.event_at.date()
    days = f"between date '{day - timedelta(days=1)}' and date '{day + timedelta(days=30)}'"
    assert f"optimized where (event_date {days})" in said


def test_maintenance_of_what_has_no_policy_is_refused(lake: Lake) -> None:
    arguments = ("run-operation", "maintain", "--args", "{models: [query_costs]}")
    result = lake.dbt(*arguments, **lake.environment)
    assert result.returncode != 0
    assert "query_costs has no maintenance in its meta, or is no Iceberg table." in result.stdout
    assert "Traceback" not in result.stdout + result.stderr


def test_a_name_that_needs_quotes_is_refused(lake: Lake) -> None:
    environment = lake.environment | {"UAP_ANALYTICS_SCHEMA": "upkeep-analytics"}
    result = lake.dbt("run-operation", "maintain", **environment)
    assert result.returncode != 0
    assert re.search(r"upkeep-analytics\.\w+ cannot be maintained", result.stdout)
    assert "Traceback" not in result.stdout + result.stderr
