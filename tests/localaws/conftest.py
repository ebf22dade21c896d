"""Fixtures for localaws: its parts in this process, and a real endpoint in its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from localaws import process
from localaws.catalog import Catalog
from localaws.objects import ObjectStore
from localaws.process import Endpoint
from localaws.routes import Context
from localaws.settings import ACCOUNT, DEFAULT_REGION, state_file
from localaws.state import State


def open_context(data_dir: Path) -> Context:
    """All of a data directory's state in this process; opened again it is what a restart finds."""
    state = State(state_file(data_dir))
    return Context(
        region=DEFAULT_REGION,
        account=ACCOUNT,
        data_dir=data_dir,
        state=state,
        store=ObjectStore(data_dir, state),
        catalog=Catalog(state),
    )


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    context = open_context(tmp_path)
    yield context
    context.state.close()


@pytest.fixture
def store(context: Context) -> ObjectStore:
    return context.store


@pytest.fixture
def catalog(context: Context) -> Catalog:
    return context.catalog


@pytest.fixture
def reopen(context: Context) -> Iterator[Callable[[], Context]]:
    """The same data directory as a new process would find it."""
    reopened = []

    def again() -> Context:
        reopened.append(open_context(context.data_dir))
        return reopened[-1]

    yield again
    for each in reopened:
        each.state.close()


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """One running endpoint for all tests; take names from `unique` for what you make in it."""
    running = process.start(tmp_path_factory.mktemp("endpoint") / "localaws", port=0)
    yield running
    process.stop(running.data_dir)


@pytest.fixture
def fresh_endpoint(tmp_path: Path) -> Iterator[Endpoint]:
    """An endpoint of one's own, with an empty data directory; it may be stopped and killed."""
    running = process.start(tmp_path / "localaws", port=0)
    yield running
    process.stop(running.data_dir)


@pytest.fixture
def unique() -> str:
    """A name for a bucket or a database that nobody else has."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def connect() -> Callable[..., Any]:
    """`connect(endpoint, "s3")`: a boto3 client that knows nothing of this machine's AWS
    configuration and never retries."""

    def client(endpoint: Endpoint, service: str, **options: Any) -> Any:
        settings = {
            "endpoint_url": endpoint.url,
            "region_name": endpoint.region,
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
            "config": Config(retries={"max_attempts": 0}),
        }
        return boto3.Session().client(service, **(settings | options))

    return client


@pytest.fixture
def client(endpoint: Endpoint, connect: Callable[..., Any]) -> Callable[..., Any]:
    """`client("s3")`: a boto3 client of the shared endpoint."""
    return partial(connect, endpoint)
