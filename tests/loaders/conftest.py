"""Real endpoints on free ports of 127.0.0.1, names of each test's own."""

import json
import os
import signal
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from botocore.client import BaseClient

from loaders import aws, local
from loaders.settings import Settings


class Pipeline(NamedTuple):
    settings: Settings
    s3: BaseClient
    glue: BaseClient
    athena: BaseClient


class Localaws:
    """An endpoint, started and stopped through its command as a person would."""

    def __init__(self, data_dir: Path) -> None:
        self._place = ["--data-dir", str(data_dir)]
        self._data_dir = data_dir

    def run(self, command: str, *options: str) -> str:
        program = local.beside_python("localaws")
        return subprocess.check_output([program, command, *self._place, *options], text=True)

    def up(self, port: int = 0, region: str = "us-east-1") -> dict[str, str]:
        """Start it; the environment that points at it."""
        self.run("up", "--port", str(port), "--region", region)
        return json.loads(self.run("env", "--format", "json"))

    def down(self) -> None:
        self.run("down")

    def kill(self) -> None:
        """SIGKILL, and wait until nothing answers at its port."""
        endpoint = json.loads((self._data_dir / "endpoint.json").read_text())
        os.kill(endpoint["pid"], signal.SIGKILL)
        while True:
            try:
                socket.create_connection(("127.0.0.1", endpoint["port"])).close()
            except ConnectionRefusedError:
                return


@pytest.fixture(scope="session")
def localaws_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """One running `localaws` for all tests, with an empty data directory at first."""
    endpoint = Localaws(tmp_path_factory.mktemp("loaders") / "localaws")
    yield endpoint.up()
    endpoint.down()


@pytest.fixture
def mortal(tmp_path: Path) -> Localaws:
    """An endpoint of the test's own, not started yet, to be killed."""
    return Localaws(tmp_path / "localaws")


@pytest.fixture
def endpoint(localaws_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The environment of an endpoint; the buckets and databases are this test's own."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in localaws_environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("UAP_PREFIX", f"t{uuid.uuid4().hex[:12]}")
    return localaws_environment["AWS_ENDPOINT_URL"]


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


@pytest.fixture
def pipeline(settings: Settings) -> Pipeline:
    """Clients of the endpoint, for what takes more than S3."""
    clients = (aws.client(service, settings) for service in ("s3", "glue", "athena"))
    return Pipeline(settings, *clients)
