"""Endpoints that answer over HTTP, on free ports of 127.0.0.1: moto, and localaws."""

import json
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from botocore.client import BaseClient
from moto.server import ThreadedMotoServer

from loaders import aws, local
from loaders.settings import Settings


class Pipeline(NamedTuple):
    settings: Settings
    s3: BaseClient
    glue: BaseClient
    athena: BaseClient


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def endpoint(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The environment of an endpoint; the buckets and databases are this test's own."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("UAP_PREFIX", f"t{uuid.uuid4().hex[:12]}")
    return moto_url


@pytest.fixture
def settings(endpoint: str) -> Settings:
    return Settings.load()


@pytest.fixture
def s3(settings: Settings) -> BaseClient:
    return aws.client("s3", settings)


@pytest.fixture
def glue(settings: Settings) -> BaseClient:
    return aws.client("glue", settings)


@pytest.fixture
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def localaws_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A running `localaws`, through its command as a person would have it."""
    command = local.beside_python("localaws")
    place = ["--data-dir", str(tmp_path_factory.mktemp("loaders") / "localaws")]
    subprocess.run([command, "up", "--port", "0", *place], check=True, stdout=subprocess.DEVNULL)
    try:
        env = subprocess.check_output([command, "env", "--format", "json", *place])
        yield json.loads(env)
    finally:
        subprocess.run([command, "down", *place], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture
def pipeline(
    localaws_environment: dict[str, str], endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> Pipeline:
    """Clients of an endpoint that really crawls, queries and runs jobs; names of the test's own."""
    for name, value in localaws_environment.items():
        monkeypatch.setenv(name, value)
    settings = Settings.load()
    clients = (aws.client(service, settings) for service in ("s3", "glue", "athena"))
    return Pipeline(settings, *clients)
