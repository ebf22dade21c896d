"""profiles.example.yml: no target can reach an account that was not meant."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import jinja2
import pytest
import yaml

Dbt = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def outputs(root: Path) -> dict[str, dict]:
    profile = yaml.safe_load((root / "profiles.example.yml").read_text())["user_activity_lake"]
    assert profile["target"] == "local"
    return profile["outputs"]


def test_local_needs_an_endpoint(dbt: Dbt) -> None:
    result = dbt("parse", "--target", "local")
    assert result.returncode != 0
    assert "Env var required but not provided: 'AWS_ENDPOINT_URL'" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr


def test_no_target_holds_a_secret(outputs: dict) -> None:
    for settings in outputs.values():
        assert not {"aws_access_key_id", "aws_secret_access_key", "aws_session_token"} & set(
            settings
        )


def test_only_local_has_an_endpoint(outputs: dict) -> None:
    assert [name for name, settings in outputs.items() if "endpoint_url" in settings] == ["local"]


@pytest.mark.parametrize("target", ["local", "dev", "prod"])
def test_names_follow_the_prefix(dbt: Dbt, workspace: Path, target: str) -> None:
    endpoint = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"} if target == "local" else {}
    result = dbt(
        *("parse", "--target", target), UAP_PREFIX="acme-lake", USER="Ada.Lovelace-King", **endpoint
    )
    assert result.returncode == 0, result.stdout
    nodes = json.loads((workspace / "target" / "manifest.json").read_text())
    schema = "acme_lake_analytics" + ("_ada_lovelace_king" if target == "dev" else "")
    assert {node["schema"] for node in nodes["sources"].values()} == {
        "acme_lake_raw",
        "acme_lake_cleaned",
        schema,  # the ledger of runs
    }
    assert nodes["nodes"]["model.user_activity_lake.fct_events"]["schema"] == schema


@pytest.mark.parametrize("target", ["local", "dev", "prod"])
def test_schema_can_be_named(outputs: dict, target: str) -> None:
    def env_var(name: str, default: str = "") -> str:
        return {"UAP_ANALYTICS_SCHEMA": "mine"}.get(name, default)

    template = jinja2.Template(outputs[target]["schema"])
    assert template.render(env_var=env_var) == "mine"


def test_an_account_needs_a_salt(dbt: Dbt, endpoint: dict[str, str]) -> None:
    """A hash without one is no secret. The endpoint stands in for the account."""
    show = ("compile", "--target", "prod", "--select", "stg_raw__users")
    refused = dbt(*show, **endpoint)
    assert refused.returncode != 0
    assert "UAP_PII_SALT is not set" in refused.stdout
    assert "Traceback" not in refused.stdout + refused.stderr
    shown = dbt(*show, UAP_PII_SALT="it's secret", **endpoint)
    assert shown.returncode == 0, shown.stdout
    assert "to_utf8('it''s secret' || lower(trim(email)))" in shown.stdout
