"""The pipeline as a person has it: a checkout, an endpoint, and commands typed into a shell."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pyathena
import pytest
from botocore.client import BaseClient
from pyathena.cursor import Cursor

from localaws import process
from localaws.process import Endpoint

ROOT = Path(__file__).parents[2]
# Without localaws/, which is no part of the pipeline: it is met over HTTP alone.
CHECKOUT = [
    *("dbt_project.yml", "profiles.example.yml"),
    *("loaders", "glue", "models", "macros", "seeds", "analyses"),
    *("tests/generic", "tests/singular"),
]
COMMANDS = {
    # Not the console script: that runs the repository's own loaders, which write beside themselves.
    "uap": [sys.executable, "-c", "from loaders.cli import main; main(prog_name='uap')"],
    "dbt": [str(Path(sys.executable).with_name("dbt"))],
}

# The marts, under the names that the ground truth has for what they answer.
MARTS = {
    "by_location_action": """
        select location, action, event_count, user_count from {analytics}.actions_by_location
    """,
    "by_day_location_action": """
        select cast(event_date as varchar), location, action, event_count, user_count
        from {analytics}.actions_by_location_daily
    """,
}

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Project:
    """A checkout, an endpoint, and a shell in the one whose environment points at the other."""

    folder: Path
    endpoint: Endpoint
    prefix: str = field(default_factory=lambda: f"test-{uuid.uuid4().hex[:8]}")

    @property
    def environment(self) -> dict[str, str]:
        theirs = ("AWS_", "UAP_", "DBT_")
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(theirs)},
            **self.endpoint.environment(),
            "UAP_PREFIX": self.prefix,
            "DBT_USE_COLORS": "false",
        }

    def run(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command to its end, whichever it is."""
        with self.running(command, *arguments) as started:
            output, errors = started.communicate()
        return subprocess.CompletedProcess(started.args, started.returncode, output, errors)

    def succeed(self, command: str, *arguments: str) -> str:
        """What a command says, which must succeed."""
        done = self.run(command, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def running(self, command: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A command in the background; it does not outlive the block."""
        with subprocess.Popen(
            [*COMMANDS[command], *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as started:
            try:
                yield started
            finally:
                started.kill()

    def wait_until(self, happens: Callable[[], object], during: subprocess.Popen[str]) -> None:
        """Fails when the command ends first."""
        while not happens():
            assert during.poll() is None, f"it ended too early: {during.communicate()}"
            time.sleep(0.01)

    def client(self, service: str) -> BaseClient:
        return _client(self.endpoint, service)

    def bucket(self, zone: str) -> str:
        return f"{self.prefix}-{zone}"

    def database(self, zone: str) -> str:
        return f"{self.prefix}-{zone}".replace("-", "_")

    def query(self, sql: str) -> list[Row]:
        """The rows of a query, whose text may speak of {raw}, {cleaned} and {analytics}."""
        names = {zone: self.database(zone) for zone in ("raw", "cleaned", "analytics")}
        return self.cursor().execute(sql.format(**names)).fetchall()

    def cursor(self) -> Cursor:
        """PyAthena's."""
        return pyathena.connect(
            session=_session(self.endpoint),
            endpoint_url=self.endpoint.url,
            s3_staging_dir=f"s3://{self.prefix}-results/tests/",
            poll_interval=0.05,
        ).cursor()

    def mart(self, key: str) -> list[Row]:
        """The rows, sorted, of the mart that answers the ground truth's table `key`."""
        return sorted(self.query(MARTS[key]))

    def objects(self, zone: str) -> dict[str, dict[str, Any]]:
        """{key: S3's listing entry} of a zone's bucket."""
        pages = self.client("s3").get_paginator("list_objects_v2")
        pages = pages.paginate(Bucket=self.bucket(zone))
        return {entry["Key"]: entry for page in pages for entry in page.get("Contents", [])}

    def logs(self) -> list[str]:
        """Keys of the raw zone's events."""
        return [key for key in self.objects("raw") if key.startswith("logs/")]

    def body(self, zone: str, key: str) -> bytes:
        answer = self.client("s3").get_object(Bucket=self.bucket(zone), Key=key)
        return answer["Body"].read()

    def job_runs(self) -> list[dict[str, Any]]:
        return self.client("glue").get_job_runs(JobName=f"{self.prefix}-flatten")["JobRuns"]

    def rows_written(self) -> dict[str, int | None]:
        """By the last dbt command, {model: rows}."""
        results = json.loads((self.folder / "target" / "run_results.json").read_text())["results"]
        return {
            result["unique_id"].rpartition(".")[2]: result["adapter_response"].get("rows_affected")
            for result in results
            if result["unique_id"].startswith("model.")
        }

    def truth(self) -> dict[str, Any]:
        """What `uap generate` counted."""
        return json.loads((self.folder / "data" / "ground_truth.json").read_text())

    def kept(self, key: str) -> list[Row]:
        """Rows of the ground truth's table `key`, sorted, without what the flatten job drops."""
        return sorted(tuple(row.values()) for row in self.truth()[key] if row["action"] != "logout")


@cache
def _session(endpoint: Endpoint) -> boto3.Session:
    environment = endpoint.environment()
    return boto3.Session(
        environment["AWS_ACCESS_KEY_ID"],
        environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_REGION"],
    )


@cache
def _client(endpoint: Endpoint, service: str) -> BaseClient:
    return _session(endpoint).client(service, endpoint_url=endpoint.url)


def _check_out(folder: Path) -> Path:
    for name in CHECKOUT:
        source, copy = ROOT / name, folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, copy) if source.is_dir() else shutil.copy(source, copy)
    shutil.copy(folder / "profiles.example.yml", folder / "profiles.yml")
    return folder


@pytest.fixture(scope="session")
def check_out() -> Callable[[Path], Path]:
    """Copies the repository to a folder, with a profiles.yml as `make setup` leaves it."""
    return _check_out


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """Running, and shared by the tests that do not kill it."""
    running = process.start(tmp_path_factory.mktemp("endpoint") / "localaws", port=0)
    yield running
    process.stop(running.data_dir)


@pytest.fixture(scope="session")
def start_project(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Endpoint], Project]:
    """A new checkout and a prefix of its own on an endpoint."""
    return lambda endpoint: Project(_check_out(tmp_path_factory.mktemp("checkout")), endpoint)


@pytest.fixture(scope="session")
def main_job() -> tuple[str, ...]:
    """The command that runs everything, on a small data set with all that can be wrong in it."""
    shares = ("--duplicates", "0.02", "--late", "0.02", "--malformed", "0.02")
    return ("uap", "demo", "--events", "3000", "--days", "3", *shares)


@pytest.fixture(scope="session")
def built(
    start_project: Callable[[Endpoint], Project], endpoint: Endpoint, main_job: tuple[str, ...]
) -> Project:
    """What the main job leaves; shared, because Spark is slow."""
    project = start_project(endpoint)
    project.succeed(*main_job)
    return project


# The data set that docs/analysts.md shows the answers of.
MONTHS = ("uap", "demo", "--events", "5000", "--days", "40", "--users", "400")


@pytest.fixture(scope="session")
def months_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the main job leaves of 40 days: a checkout and a stopped endpoint's data, to copy.

    Made once for all workers of a test run.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    made = shared / "months"
    with (shared / "months.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            making = Path(tempfile.mkdtemp(dir=shared))
            running = process.start(making / "localaws", port=0)
            try:
                folder = _check_out(making / "checkout")
                Project(folder, running, prefix="user-activity").succeed(*MONTHS)
            finally:
                process.stop(making / "localaws")
            making.rename(made)
    return made


@pytest.fixture
def months_copy(months_before: Path, tmp_path: Path) -> Iterator[Project]:
    """A lake of 40 days under the names it has on anybody's machine, to change."""
    with _copied(months_before, tmp_path / "copy") as project:
        yield project


@pytest.fixture(scope="session")
def months(months_before: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The same lake, to read."""
    with _copied(months_before, tmp_path_factory.mktemp("months") / "copy") as project:
        yield project


@contextmanager
def _copied(made: Path, copy: Path) -> Iterator[Project]:
    shutil.copytree(made, copy)
    running = process.start(copy / "localaws", port=0)
    try:
        yield Project(copy / "checkout", running, prefix="user-activity")
    finally:
        process.stop(running.data_dir)
