"""A local endpoint for the tests of dbt, by its commands, and clients of it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3


@contextmanager
def running(data: Path) -> Iterator[dict[str, str]]:
    """A local endpoint that keeps its data there, as the environment that leads to it."""

    def localaws(*arguments: str) -> str:
        command = [Path(sys.executable).with_name("localaws"), *arguments, "--data-dir", data]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    localaws("up", "--port", "0")
    try:
        yield json.loads(localaws("env", "--format", "json"))
    finally:
        localaws("down")


def client_of(environment: dict[str, str], service: str) -> Any:
    session = boto3.Session(
        environment["AWS_ACCESS_KEY_ID"],
        environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_REGION"],
    )
    return session.client(service, endpoint_url=environment["AWS_ENDPOINT_URL"])
