"""The endpoint is killed in the middle of a dbt run: it says so, and running it again mends all.

The kills of `uap` are in tests/faults.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from localaws import process
from localaws.process import Endpoint

if TYPE_CHECKING:
    from tests.pipeline.conftest import Project

pytestmark = pytest.mark.slow

HANGS = 120  # seconds after which nobody waits any longer


@pytest.fixture(scope="module")
def flattened(
    start_project: Callable[[Endpoint], Project], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """A cleaned zone, and an endpoint of its own to kill."""
    endpoint = process.start(tmp_path_factory.mktemp("killed") / "localaws", port=0)
    project = start_project(endpoint)
    project.succeed("uap", "generate", "--events", "30000", "--days", "3")
    for command in ("upload", "crawl", "flatten"):
        project.succeed("uap", command)
    yield project
    process.stop(endpoint.data_dir)


@contextmanager
def killed(endpoint: Endpoint) -> Iterator[None]:
    """Dead inside the block, and back after it: the same data directory, the same port."""
    os.kill(process.find(endpoint.data_dir).pid, signal.SIGKILL)
    process.wait_until_free(endpoint.data_dir)
    try:
        yield
    finally:
        process.start(endpoint.data_dir, endpoint.port)


@pytest.mark.parametrize("statement", ["create table", "merge into"], ids=["building", "merging"])
def test_a_dbt_run_is_killed(flattened: Project, statement: str) -> None:
    athena = flattened.client("athena")
    flattened.succeed("dbt", "seed")

    def executions() -> list[dict[str, Any]]:
        newest = athena.list_query_executions(MaxResults=20)["QueryExecutionIds"]
        return athena.batch_get_query_execution(QueryExecutionIds=newest)["QueryExecutions"]

    def fct_events_is_written() -> bool:
        return any(
            execution["Status"]["State"] == "RUNNING"
            and statement in execution["Query"]
            and "fct_events" in execution["Query"]
            for execution in executions()
        )

    if statement == "merge into":
        flattened.succeed("dbt", "run")
        # Rows to merge: these are gone, and their day is published once more.
        flattened.query("delete from {analytics}.fct_events where event_date = date '2025-01-02'")
        flattened.succeed("uap", "flatten", "--again")
    with flattened.running("dbt", "run") as run:
        flattened.wait_until(fct_events_is_written, during=run)
        with killed(flattened.endpoint):
            output, errors = run.communicate(timeout=HANGS)
    # neither the model nor the hook after the last one found an endpoint
    assert run.returncode == 2
    assert "Failure in model fct_events" in output
    assert f'Could not connect to the endpoint URL: "{flattened.endpoint.url}/"' in output
    assert "Traceback" not in output + errors

    assert {each["Status"]["State"] for each in executions()} <= {"SUCCEEDED", "FAILED"}
    flattened.succeed("dbt", "run")
    for key in ("by_location_action", "by_day_location_action"):
        assert flattened.mart(key) == flattened.kept(key)
