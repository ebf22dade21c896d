"""Ways to look at the dbt project: its manifest, its SQL as text, and what a model answers."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.asking import Inputs, Project, rows_of
from tests.dbt.local_endpoint import client_of, running

ROOT = Path(__file__).parents[2]

Dbt = Callable[..., subprocess.CompletedProcess[str]]
Render = Callable[..., str]
Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A local endpoint, as the environment that leads to it."""
    with running(tmp_path_factory.mktemp("localaws")) as environment:
        yield environment


@pytest.fixture(scope="session")
def connect(endpoint: dict[str, str]) -> Callable[[str], Any]:
    """A boto3 client of the endpoint's, by the name of the service; results go to s3://asked/."""
    client_of(endpoint, "s3").create_bucket(Bucket="asked")
    return partial(client_of, endpoint)


@pytest.fixture(scope="session")
def ask(connect: Callable[[str], Any]) -> Ask:
    """ask("a_model", {"its_parent": rows}): what a full build of the model would hold.

    Rows are dicts; columns that are left out are null. `variables` stand in for those of
    dbt_project.yml.
    """
    athena, project = connect("athena"), Project(ROOT)

    def asked(model: str, inputs: Inputs, **variables: Any) -> list[dict[str, Any]]:
        return rows_of(athena, project.sql(model, inputs, variables))

    return asked


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository, which is the dbt project."""
    return ROOT


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dbt finds its profile, a copy of profiles.example.yml, and writes target and logs."""
    folder = tmp_path_factory.mktemp("dbt")
    (folder / "profiles.yml").write_text((ROOT / "profiles.example.yml").read_text())
    return folder


@pytest.fixture(scope="session")
def dbt(workspace: Path) -> Dbt:
    """Run dbt on the project or on a copy of it.

    Of AWS's, our and dbt's own environment variables it sees those in `env` and no others.
    """
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "UAP_", "DBT_"))}

    def run(*arguments: str, project: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                *(Path(sys.executable).with_name("dbt"), "--no-use-colors", *arguments),
                *("--project-dir", project, "--profiles-dir", workspace),
                *("--target-path", workspace / "target", "--log-path", workspace / "logs"),
            ],
            env=inherited | env,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def manifest(dbt: Dbt, workspace: Path) -> dict[str, Any]:
    """What dbt understood of the project: the manifest that `dbt parse` writes."""
    # Parsing connects to nothing; port 9 makes sure of it.
    result = dbt("parse", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert result.returncode == 0, result.stdout
    return json.loads((workspace / "target" / "manifest.json").read_text())


@pytest.fixture(scope="session")
def render() -> Render:
    """The SQL of a model's file, every relation under its plain name.

    An incremental run's is that for two days.
    """
    project = Project(ROOT)

    def rendered(path: Path, incremental: bool = False) -> str:
        days = ["2025-01-01", "2025-01-05"] if incremental else None
        return project.render(path.stem, lambda name: name, days)

    return rendered
