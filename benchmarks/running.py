"""Commands and endpoints for the benchmarks."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def endpoint(data_dir: Path) -> Iterator[dict[str, str]]:
    """The environment of an endpoint that stops with the block and leaves its data."""
    call("localaws", "up", "--port", "0", "--data-dir", str(data_dir))
    try:
        yield json.loads(call("localaws", "env", "--format", "json", "--data-dir", str(data_dir)))
    finally:
        call("localaws", "down", "--data-dir", str(data_dir))


def call(command: str, *arguments: str, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [beside_python(command), *arguments],
        env=without_foreign(environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{command} {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def beside_python(command: str) -> Path:
    # By the command, not by import: benchmarks/localaws.py would hide the package of its name.
    return Path(sys.executable).with_name(command)


def without_foreign(more: dict[str, str]) -> dict[str, str]:
    """Ours without what would lead to another account or other names."""
    foreign = ("AWS_", "UAP_", "SPARK_", "PYSPARK_")
    return {name: text for name, text in os.environ.items() if not name.startswith(foreign)} | more


def keywords(environment: dict[str, str]) -> dict[str, str]:
    """For a boto3 client."""
    return {
        "endpoint_url": environment["AWS_ENDPOINT_URL"],
        "region_name": environment["AWS_REGION"],
        "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
    }


def query(athena: Any, sql: str) -> dict[str, Any]:
    """A query to its end, as Athena's QueryExecution has it."""
    id_ = athena.start_query_execution(
        QueryString=sql, ResultConfiguration={"OutputLocation": "s3://user-activity-results/"}
    )["QueryExecutionId"]
    while True:
        execution = athena.get_query_execution(QueryExecutionId=id_)["QueryExecution"]
        status = execution["Status"]
        if status["State"] in ("FAILED", "CANCELLED"):
            sys.exit(f"{sql}: {status['StateChangeReason']}")
        if status["State"] == "SUCCEEDED":
            return execution
