"""One lake under test: its `uap` commands as processes, its documents, what it must hold."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.client import BaseClient
from botocore.config import Config

from loaders import athena, local
from loaders.settings import Settings
from localaws.process import Endpoint

HANGS = 600  # seconds after which nobody waits any longer
FINAL = ("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT")  # of a job run
UAP = str(local.beside_python("uap"))


@dataclass(frozen=True)
class Lake:
    """`folder`: the documents and the ground truth. `url`: where its commands find the endpoint,
    perhaps a proxy; what the tests look at, they ask the endpoint itself for."""

    folder: Path
    endpoint: Endpoint
    prefix: str
    url: str

    @property
    def settings(self) -> Settings:
        return Settings.load(self.environment)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{name: text for name, text in os.environ.items() if not name.startswith("AWS_")},
            **self.endpoint.environment(),
            "AWS_ENDPOINT_URL": self.url,
            "UAP_PREFIX": self.prefix,
        }

    # ---- commands

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """`uap …` in the background, leading a process group; it does not outlive the block."""
        with subprocess.Popen(
            [UAP, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                kill_group(process.pid)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        with self.running(*arguments) as process:
            output, errors = process.communicate(timeout=HANGS)
        return subprocess.CompletedProcess(arguments, process.returncode, output, errors)

    def succeed(self, *arguments: str) -> str:
        """What it says."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def fail(self, *arguments: str) -> str:
        """The one line that it fails with."""
        return error_of(self.run(*arguments))

    # ---- what is there

    def client(self, service: str) -> BaseClient:
        return client(self.endpoint.url, service)

    def objects(self, zone: str, prefix: str = "") -> dict[str, dict[str, Any]]:
        """{key: S3's listing entry}, empty when there is no bucket yet."""
        s3 = self.client("s3")
        pages = s3.get_paginator("list_objects_v2")
        try:
            return {
                entry["Key"]: entry
                for page in pages.paginate(Bucket=f"{self.prefix}-{zone}", Prefix=prefix)
                for entry in page.get("Contents", [])
            }
        except s3.exceptions.NoSuchBucket:
            return {}

    def body(self, zone: str, key: str) -> bytes:
        s3 = self.client("s3")
        return s3.get_object(Bucket=f"{self.prefix}-{zone}", Key=key)["Body"].read()

    def query(self, sql: str) -> list[list[str | None]]:
        """Rows as Athena sends them: text."""
        database = self.settings.cleaned_database
        return athena.run(self.client("athena"), self.settings, sql, database)

    def job_runs(self) -> list[dict[str, Any]]:
        """Newest first."""
        glue = self.client("glue")
        try:
            return glue.get_job_runs(JobName=self.settings.job)["JobRuns"]
        except glue.exceptions.EntityNotFoundException:
            return []

    def truth(self) -> dict[str, Any]:
        return json.loads((self.folder / "data" / "ground_truth.json").read_text())


@cache
def client(url: str, service: str, attempts: int = 4) -> BaseClient:
    session = boto3.Session("localaws", "localaws", region_name="us-east-1")
    config = Config(retries={"mode": "standard", "total_max_attempts": attempts})
    return session.client(service, endpoint_url=url, config=config)


def error_of(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that a command failed with."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.startswith("Error: "), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def kill_group(leader: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def wait_until(happens: Callable[[], object], during: subprocess.Popen[str]) -> bool:
    """Whether it happened before the command ended."""
    end = time.monotonic() + HANGS
    while not happens():
        if during.poll() is not None:
            return bool(happens())
        assert time.monotonic() < end, "it neither happened nor ended"
        time.sleep(0.005)
    return True


def job_processes(endpoint: Endpoint) -> list[tuple[int, str]]:
    """(process group, name) of what runs inside the endpoint's job runs."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # over, or another user's
            if (entry / "cwd").readlink().is_relative_to(endpoint.data_dir / "job-runs"):
                found.append((os.getpgid(int(entry.name)), (entry / "comm").read_text().strip()))
    return found
