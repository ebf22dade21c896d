"""Two ways to look at the dbt project without an Athena: its manifest, and its SQL as text."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest

ROOT = Path(__file__).parents[2]

Dbt = Callable[..., subprocess.CompletedProcess[str]]
Render = Callable[..., tuple[str, dict[str, Any]]]


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


class _Returned(Exception):
    """How dbt's `return` leaves a macro."""


def _return(value: Any) -> None:
    raise _Returned(value)


class _Config(dict):
    """The `config` of a model: calling it sets."""

    def __call__(self, **settings: Any) -> str:
        self.update(settings)
        return ""


@pytest.fixture(scope="session")
def render() -> Render:
    """Render a file of the project as dbt does, every relation under its plain name.

    Gives the SQL and the model's own config. The project's macros are the real ones; `run_query`
    answers their queries with the values of the first column.
    """
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])

    @cache
    def template(file: Path) -> jinja2.Template:
        return environment.from_string(file.read_text())

    def rendered(
        path: Path,
        incremental: bool = False,
        run_query: Callable[[str], list[Any]] = lambda sql: [],
    ) -> tuple[str, dict[str, Any]]:
        def result(sql: str) -> SimpleNamespace:
            values = run_query(sql)
            return SimpleNamespace(columns=[SimpleNamespace(values=lambda: values)])

        config = _Config()
        context: dict[str, Any] = {
            # One column on either side: the model's columns are those of its table.
            "adapter": SimpleNamespace(get_columns_in_relation=lambda _: [{"name": "event_id"}]),
            "model": SimpleNamespace(columns={"event_id": {}}),
            "config": config,
            "execute": True,
            "is_incremental": lambda: incremental,
            "ref": lambda name: name,
            "return": _return,
            "run_query": result,
            "source": lambda _, table: table,
            "this": path.stem,
        }

        def macro(file: Path) -> Callable[..., Any]:
            def call(*arguments: Any) -> Any:
                module = template(file).make_module(context)
                try:
                    return getattr(module, file.stem)(*arguments)
                except _Returned as returned:
                    return returned.args[0]

            return call

        context |= {file.stem: macro(file) for file in (ROOT / "macros").glob("*.sql")}
        return template(path).render(context), dict(config)

    return rendered
