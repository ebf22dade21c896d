"""Clients of dbt-athena's are shared by whoever would get the same, and by nobody else."""

from pathlib import Path

import boto3
import pytest
from dbt.adapters.athena.config import get_boto3_config
from dbt.plugins.manager import PluginManager

import dbt_shared_clients

OURS = get_boto3_config(num_retries=5)


def session(**options: str) -> boto3.Session:
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    return boto3.Session(**{**keys, "region_name": "eu-west-1", **options})


def test_dbt_finds_the_module() -> None:
    assert PluginManager.get_prefixed_modules()["dbt_shared_clients"] is dbt_shared_clients


def test_sessions_that_are_alike_share_a_client() -> None:
    one, other = (session().client("glue", config=OURS) for _ in range(2))
    assert one is other
    assert one.meta.config.max_pool_connections == 100
    assert one.meta.config.user_agent_extra == OURS.user_agent_extra


@pytest.mark.parametrize(
    ("of_session", "of_client"),
    [
        ({"aws_access_key_id": "other"}, {}),
        ({"aws_secret_access_key": "other"}, {}),
        ({"aws_session_token": "other"}, {}),
        ({"region_name": "eu-north-1"}, {}),
        ({}, {"region_name": "eu-north-1"}),
        ({}, {"endpoint_url": "http://127.0.0.1:9"}),
        ({}, {"config": get_boto3_config(num_retries=6)}),
    ],
)
def test_what_differs_is_not_shared(
    of_session: dict[str, str], of_client: dict[str, object]
) -> None:
    other = session(**of_session).client("glue", **{"config": OURS, **of_client})
    assert other is not session().client("glue", config=OURS)


def test_another_endpoint_of_the_environment_is_not_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    one = session().client("s3", config=OURS)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:10")
    other = session().client("s3", config=OURS)
    assert (one.meta.endpoint_url, other.meta.endpoint_url) == (
        "http://127.0.0.1:9",
        "http://127.0.0.1:10",
    )


def test_clients_of_others_are_left_alone() -> None:
    one, other = (session().client("glue", "eu-north-1") for _ in range(2))
    assert one is not other
    assert one.meta.region_name == "eu-north-1"


def test_keys_that_renew_themselves_stay_with_their_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every connection is given others, by a process or a role, and any will do."""
    process, config = tmp_path / "keys.sh", tmp_path / "config"
    process.write_text(
        """#!/bin/sh
echo '{"Version": 1, "AccessKeyId": "'$$'", "SecretAccessKey": "secret",
       "SessionToken": "token", "Expiration": "2999-01-01T00:00:00Z"}'
"""
    )
    process.chmod(0o755)
    config.write_text(f"[profile renewed]\nregion = eu-west-1\ncredential_process = {process}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    sessions = [boto3.Session(profile_name="renewed") for _ in range(2)]
    keys_given = {each.get_credentials().access_key for each in sessions}
    assert len(keys_given) == 2
    one, other = (each.client("glue", config=OURS) for each in sessions)
    assert one is other
