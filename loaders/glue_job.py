"""The Glue job itself: its script and package in the artifacts bucket, its definition, its runs."""

import io
import zipfile
from pathlib import Path
from typing import Any

import click
from botocore.client import BaseClient

from loaders import aws, console
from loaders.settings import Settings

SCRIPTS = Path(__file__).parents[1] / "glue"
MAIN_SCRIPT = "flatten_job.py"
# Not on Glue's own list of modules; the version of requirements.lock.
MODULES = "msgspec==0.22.0"
FINISHED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"}
TIMEOUT = 120  # minutes


def put(s3: BaseClient, glue: BaseClient, settings: Settings) -> None:
    """Upload the script and its package; create the job, or make it what it should be."""
    if not (SCRIPTS / MAIN_SCRIPT).exists():
        raise click.ClickException(
            f"{SCRIPTS / MAIN_SCRIPT} is missing: run `uap` from a checkout of the repository"
        )
    urls = {}
    files = {MAIN_SCRIPT: (SCRIPTS / MAIN_SCRIPT).read_bytes(), "glue.zip": _package()}
    for name, body in files.items():
        s3.put_object(Bucket=settings.artifacts_bucket, Key=f"glue/{name}", Body=body)
        urls[name] = f"s3://{settings.artifacts_bucket}/glue/{name}"
    job = {
        "Description": "Raw JSON documents to the flat, typed tables of the cleaned zone.",
        "Role": settings.role,
        "Command": {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": urls[MAIN_SCRIPT]},
        "DefaultArguments": {
            "--job-language": "python",
            "--extra-py-files": urls["glue.zip"],
            "--additional-python-modules": MODULES,
        },
        "GlueVersion": "5.1",
        "WorkerType": "G.1X",
        "NumberOfWorkers": 2,
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "MaxRetries": 0,
        "Timeout": TIMEOUT,
    }
    try:
        glue.create_job(Name=settings.job, **job)
    except (
        glue.exceptions.AlreadyExistsException,
        glue.exceptions.IdempotentParameterMismatchException,
    ):
        glue.update_job(JobName=settings.job, JobUpdate=job)


def _package() -> bytes:
    """The package `glue` as a zip; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(SCRIPTS.glob("*.py")):
            archive.writestr(zipfile.ZipInfo(f"glue/{path.name}"), path.read_bytes())
    return buffer.getvalue()


def run(glue: BaseClient, name: str, arguments: dict[str, str]) -> None:
    """Start the job and wait for it. Raises click.ClickException when it fails, or is running."""
    try:
        run_id = glue.start_job_run(JobName=name, Arguments=arguments)["JobRunId"]
    except glue.exceptions.ConcurrentRunsExceededException:
        raise click.ClickException(
            f"the Glue job {name} is running already: wait for it and run the same command again"
        ) from None
    with console.waiting(f"Glue job {name}"):
        run: dict[str, Any] = aws.poll(
            lambda: glue.get_job_run(JobName=name, RunId=run_id)["JobRun"],
            lambda run: run["JobRunState"] in FINISHED,
            first=0.5,
            longest=10,
        )
    if run["JobRunState"] != "SUCCEEDED":
        reason = " ".join(run.get("ErrorMessage", "Glue gives no reason").split())
        log = run.get("LogGroupName", "/aws-glue/jobs")
        raise click.ClickException(
            f"the Glue job {name} ended as {run['JobRunState']}: {reason} "
            f"(log: {log}, run {run_id})"
        )
