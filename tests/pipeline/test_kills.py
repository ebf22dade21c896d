"""The endpoint is killed in the middle of a command: it says so, and running it again mends all."""

from __future__ import annotations

import gzip
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from localaws import process
from localaws.process import Endpoint

if TYPE_CHECKING:
    from tests.pipeline.conftest import Project

pytestmark = pytest.mark.slow

NEXT_STEP = r"cannot reach http://127\.0\.0\.1:\d+ - start it with `uap local up`"
HANGS = 120  # seconds after which nobody waits any longer
# Enough files that some have landed and some have not.
DOCUMENTS = ("--events", "30000", "--days", "3", "--max-lines-per-file", "500")


@pytest.fixture(scope="module")
def project(
    start_project: Callable[[Endpoint], Project], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """Documents, and an endpoint of their own to kill."""
    endpoint = process.start(tmp_path_factory.mktemp("killed") / "localaws", port=0)
    project = start_project(endpoint)
    project.succeed("uap", "generate", *DOCUMENTS)
    yield project
    process.stop(endpoint.data_dir)


@pytest.fixture(scope="module")
def landed(project: Project) -> Project:
    project.succeed("uap", "upload")
    return project


@pytest.fixture(scope="module")
def flattened(landed: Project) -> Project:
    landed.succeed("uap", "crawl")
    landed.succeed("uap", "flatten")
    return landed


@contextmanager
def killed(endpoint: Endpoint) -> Iterator[None]:
    """Dead inside the block, and back after it: the same data directory, the same port."""
    os.kill(process.find(endpoint.data_dir).pid, signal.SIGKILL)
    process.wait_until_free(endpoint.data_dir)
    try:
        yield
    finally:
        process.start(endpoint.data_dir, endpoint.port)


def error_of(command: subprocess.Popen[str]) -> str:
    """The one line that a `uap` command fails with."""
    output, errors = command.communicate(timeout=HANGS)
    assert (command.returncode, output) == (1, "")
    assert errors.count("\n") == 1, errors
    return errors


def processes(folder: Path) -> dict[int, str]:
    """{pid: name} of what runs inside a folder."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink().is_relative_to(folder):
                found[int(entry.name)] = (entry / "comm").read_text().strip()
        except OSError:  # over, or another user's
            continue
    return found


def ends(pid: int) -> bool:
    """Waits for the end of a process that is not a child."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], HANGS)[0])
    finally:
        os.close(handle)


def test_an_upload_is_killed(project: Project) -> None:
    project = replace(project, prefix=f"{project.prefix}-upload")
    s3 = project.client("s3")
    sources = {
        f"{path.relative_to(project.folder / 'data')}.gz": path.read_bytes()
        for path in (project.folder / "data/logs").rglob("*.json")
    }

    def something_has_landed() -> bool:
        try:
            return "Contents" in s3.list_objects_v2(Bucket=project.bucket("raw"))
        except s3.exceptions.NoSuchBucket:
            return False

    with project.running("uap", "upload") as upload:
        project.wait_until(something_has_landed, during=upload)
        with killed(project.endpoint):
            error = error_of(upload)
    counts = rf"(\d+) of {len(sources)} new objects were landed"
    said = re.fullmatch(
        f"Error: {NEXT_STEP}; {counts}, run the same command again to continue\n", error
    )
    assert said, error

    survived = project.objects("raw")
    assert 0 < len(survived) < len(sources)
    assert len(survived) >= int(said[1])  # what was acknowledged is there
    said = project.succeed("uap", "upload")
    assert f"{len(sources) - len(survived)} objects landed" in said
    assert f"{len(survived)} were there already" in said
    objects = project.objects("raw")
    assert {key: gzip.decompress(project.body("raw", key)) for key in objects} == sources
    assert survived.items() <= objects.items()  # none was written again


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_flatten_job_is_killed(landed: Project) -> None:
    runs = landed.endpoint.data_dir / "job-runs"

    def spark_is_at_work() -> bool:
        """The script, its JVM, and the workers that the JVM starts for Python functions."""
        names = [name.rstrip("0123456789.") for name in processes(runs).values()]
        return "java" in names and names.count("python") > 2

    before = landed.objects("cleaned")
    with landed.running("uap", "flatten", "--force") as flatten:
        landed.wait_until(spark_is_at_work, during=flatten)
        alive = processes(runs)
        with killed(landed.endpoint):
            error = error_of(flatten)
            assert all(ends(pid) for pid in alive)
    assert re.fullmatch(f"Error: {NEXT_STEP}\n", error), error

    assert not processes(runs)
    last = landed.job_runs()[0]
    assert last["JobRunState"] == "FAILED"
    assert last["ErrorMessage"].startswith("The endpoint stopped while the job ran")
    log = Path(last["LogGroupName"]).read_text()
    assert "flatten summary" not in log  # its processes ended, not its work
    assert landed.objects("cleaned") == before  # nothing half-published

    landed.succeed("uap", "flatten", "--force")
    assert [run["JobRunState"] for run in landed.job_runs()[:2]] == ["SUCCEEDED", "FAILED"]
    rows = landed.query(
        "select location, action, count(*) from {cleaned}.user_activity group by 1, 2"
    )
    assert sorted(rows) == landed.kept("by_location_action")


@pytest.mark.parametrize("statement", ["create table", "merge into"], ids=["building", "merging"])
def test_a_dbt_run_is_killed(flattened: Project, statement: str) -> None:
    athena = flattened.client("athena")

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
        flattened.query("delete from {analytics}.fct_events where event_date = date '2025-01-02'")
    with flattened.running("dbt", "run") as run:
        flattened.wait_until(fct_events_is_written, during=run)
        with killed(flattened.endpoint):
            output, errors = run.communicate(timeout=HANGS)
    assert run.returncode == 1
    assert "Failure in model fct_events" in output
    assert f'Could not connect to the endpoint URL: "{flattened.endpoint.url}/"' in output
    assert "Traceback" not in output + errors

    assert {each["Status"]["State"] for each in executions()} <= {"SUCCEEDED", "FAILED"}
    flattened.succeed("dbt", "run")
    for key in ("by_location_action", "by_day_location_action"):
        assert flattened.mart(key) == flattened.kept(key)
