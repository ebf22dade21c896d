"""An S3 and Glue that answer over HTTP (moto), on a free port of 127.0.0.1."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.client import BaseClient
from moto.server import ThreadedMotoServer

from loaders import aws
from loaders.settings import Settings


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
