"""Run the Glue job that turns the raw zone into the cleaned tables, when there is anything new."""

import hashlib
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from botocore.client import BaseClient

from loaders import athena, aws, console
from loaders.settings import RAW_PREFIX, Settings

SCRIPTS = Path(__file__).parents[1] / "glue"
MAIN_SCRIPT = "flatten_job.py"
DDL = Path(__file__).parent / "ddl"
# What the last successful run had read, with what: written last, so that a run which failed
# anywhere is done again.
MANIFEST = "_state/flatten.json"
FINISHED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"}
DROPPED_BY_DEFAULT = ("logout",)
KEEP_ALL = "none"
# By SerDe, for the table that exists in two formats.
FORMATS = {
    "parquet": ("user_activity.sql", "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"),
    "json": ("user_activity_json.sql", "org.openx.data.jsonserde.JsonSerDe"),
}


def flatten(
    s3: BaseClient,
    glue: BaseClient,
    athena_client: BaseClient,
    settings: Settings,
    drop_actions: Collection[str] = DROPPED_BY_DEFAULT,
    output_format: str = "parquet",
    force: bool = False,
) -> str | None:
    """Run the job on all of the raw zone, then declare its tables; returns the job run's id.

    None when neither the raw objects nor the parameters nor the scripts changed since the last
    success and it is not forced.
    Raises click.ClickException when there is nothing to read or the job fails.
    """
    scripts = _scripts()
    inputs = {
        "raw": {
            entry["Key"]: [entry["ETag"].strip('"'), entry["Size"]]
            for entry in aws.objects(s3, settings.raw_bucket, RAW_PREFIX)
        },
        "parameters": {
            "--raw_path": settings.raw_url,
            "--cleaned_path": settings.cleaned_url,
            "--drop_actions": ",".join(sorted(drop_actions)) or KEEP_ALL,
            "--output_format": output_format,
        },
        "scripts": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in scripts},
    }
    if not inputs["raw"]:
        raise click.ClickException(f"{settings.raw_url} holds no objects: `uap upload` lands some")
    last = aws.read_json(s3, settings.cleaned_bucket, MANIFEST) or {}
    if not force and inputs.items() <= last.items():
        return None
    _put_job(s3, glue, settings, scripts)
    run_id = _run_job(glue, settings.job, inputs["parameters"])
    _declare_tables(glue, athena_client, settings, output_format)
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    manifest = {**inputs, "job_run": run_id, "finished_at": finished}
    aws.write_json(s3, settings.cleaned_bucket, MANIFEST, manifest)
    return run_id


def parse_actions(text: str) -> set[str]:
    """A comma list of actions, `none` for no action. Raises click.ClickException."""
    actions = {action.strip() for action in text.split(",")}
    if "" in actions or (KEEP_ALL in actions and len(actions) > 1):
        raise click.ClickException(
            f"--drop-actions {text!r}: give actions separated by commas, or `{KEEP_ALL}` alone"
        )
    return actions - {KEEP_ALL}


def _scripts() -> list[Path]:
    """The main script first, then the modules it imports."""
    scripts = sorted(SCRIPTS.glob("*.py"), key=lambda path: (path.name != MAIN_SCRIPT, path.name))
    if not scripts or scripts[0].name != MAIN_SCRIPT:
        raise click.ClickException(
            f"{SCRIPTS / MAIN_SCRIPT} is missing: run `uap` from a checkout of the repository"
        )
    return scripts


def _put_job(s3: BaseClient, glue: BaseClient, settings: Settings, scripts: list[Path]) -> None:
    """Upload the scripts; create the Glue job, or make it what it should be."""
    urls = []
    for path in scripts:
        key = f"glue/{path.name}"
        s3.put_object(Bucket=settings.artifacts_bucket, Key=key, Body=path.read_bytes())
        urls.append(f"s3://{settings.artifacts_bucket}/{key}")
    main, *modules = urls
    job = {
        "Description": "Raw JSON documents to the flat, typed tables of the cleaned zone.",
        "Role": settings.role,
        "Command": {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": main},
        "DefaultArguments": {
            "--job-language": "python",
            "--extra-py-files": ",".join(modules),
        },
        "GlueVersion": "5.1",
        "WorkerType": "G.1X",
        "NumberOfWorkers": 2,
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "MaxRetries": 0,
        "Timeout": 120,  # minutes
    }
    try:
        glue.create_job(Name=settings.job, **job)
    except (
        glue.exceptions.AlreadyExistsException,
        glue.exceptions.IdempotentParameterMismatchException,
    ):
        glue.update_job(JobName=settings.job, JobUpdate=job)


def _run_job(glue: BaseClient, name: str, arguments: dict[str, str]) -> str:
    run_id = glue.start_job_run(JobName=name, Arguments=arguments)["JobRunId"]
    with console.waiting(f"Glue job {name}"):
        run = aws.poll(
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
    return run_id


def _declare_tables(
    glue: BaseClient, athena_client: BaseClient, settings: Settings, output_format: str
) -> None:
    """The tables over what the job wrote, and their partitions."""
    database = settings.cleaned_database
    aws.ensure_database(glue, database)
    activity_ddl, serde = FORMATS[output_format]
    if _serde(glue, database, "user_activity") not in (None, serde):
        # External: only the declaration goes, made again below for the other format.
        athena.run(athena_client, settings, f"drop table {database}.user_activity", database)
    ddl = {
        "user_activity": activity_ddl,
        "user_activity_items": "user_activity_items.sql",
        "quarantine": "quarantine.sql",
    }
    for table, file in ddl.items():
        statement = (DDL / file).read_text(encoding="utf-8")
        location = f"{settings.cleaned_url}{table}/"
        athena.run(
            athena_client,
            settings,
            statement.format(database=database, location=location),
            database,
        )
        athena.run(athena_client, settings, f"msck repair table {database}.{table}", database)


def _serde(glue: BaseClient, database: str, table: str) -> str | None:
    try:
        entry: dict[str, Any] = glue.get_table(DatabaseName=database, Name=table)["Table"]
    except glue.exceptions.EntityNotFoundException:
        return None
    return entry["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"]
