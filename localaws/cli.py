"""`localaws up | down | status | env`."""

from __future__ import annotations

import json
import shlex
import sys
import time
import urllib.request
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from localaws import process
from localaws.settings import DEFAULT_DATA_DIR, DEFAULT_PORT, DEFAULT_REGION

NOT_RUNNING = 3  # exit code of `status`, as LSB init scripts have it

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=DEFAULT_DATA_DIR,
    show_default=True,
    help="Where the endpoint keeps everything.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """S3, Glue and Athena on this machine, for pipelines that speak the AWS API."""


@cli.command()
@click.option("--port", type=click.IntRange(0, 65535), help=f"0: any.  [default: {DEFAULT_PORT}]")
@data_dir_option
@click.option("--region", help=f"[default: the data directory's, else {DEFAULT_REGION}]")
@click.option("--foreground", is_flag=True, help="Serve in this process, log to stderr.")
@click.option("--ready-fd", type=int, hidden=True)
def up(
    port: int | None, data_dir: Path, region: str | None, foreground: bool, ready_fd: int | None
) -> None:
    """Start the endpoint in the background."""
    if foreground:
        from localaws import server

        server.main(data_dir, DEFAULT_PORT if port is None else port, region, ready_fd)
        return
    was = process.find(data_dir)
    endpoint = process.start(data_dir, port, region)
    click.echo("Already running." if was == endpoint else "Started.")
    _describe(endpoint)
    click.echo(f'Next:      eval "$(localaws env{_data_dir_argument(data_dir)})"')


@cli.command()
@data_dir_option
@click.option("--wipe", is_flag=True, help="Also delete everything in the data directory.")
def down(data_dir: Path, wipe: bool) -> None:
    """Stop the endpoint; it finishes its running requests first."""
    stopped = process.wipe(data_dir) if wipe else process.stop(data_dir)
    click.echo(f"Stopped (pid {stopped.pid})." if stopped else "Nothing was running.")
    if wipe:
        click.echo(f"{data_dir} is empty.")


@cli.command()
@data_dir_option
def status(data_dir: Path) -> None:
    """Say whether the endpoint runs, and what it holds. Exit code 0: running, 3: not."""
    endpoint = process.find(data_dir)
    if not endpoint:
        click.echo(f"Not running ({data_dir}). Start it: localaws up{_data_dir_argument(data_dir)}")
        sys.exit(NOT_RUNNING)
    health = _health(endpoint)
    click.echo("Running.")
    _describe(endpoint)
    click.echo(f"Region:    {endpoint.region}")
    click.echo(f"Process:   {endpoint.pid}, up {timedelta(seconds=round(_uptime(endpoint)))}")
    click.echo(f"S3:        {health['buckets']} buckets, {health['objects']} objects")
    click.echo(f"Catalog:   {health['databases']} databases, {health['tables']} tables")


@cli.command()
@data_dir_option
@click.option("--format", "form", type=click.Choice(["sh", "json"]), default="sh")
def env(data_dir: Path, form: str) -> None:
    """Print the environment of the running endpoint, for eval in a POSIX shell."""
    endpoint = process.find(data_dir)
    if not endpoint:
        start = f"localaws up{_data_dir_argument(data_dir)}"
        raise process.UserError(f"No endpoint runs for {data_dir}. Start it: {start}")
    variables = endpoint.environment()
    if form == "json":
        click.echo(json.dumps(variables, indent=2))
        return
    # Both would win over the keys below.
    click.echo("unset AWS_PROFILE AWS_SESSION_TOKEN")
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")


def main() -> None:
    try:
        cli.main(prog_name="localaws", standalone_mode=True)
    except process.UserError as error:
        click.echo(f"localaws: {error}", err=True)
        sys.exit(1)


def _describe(endpoint: process.Endpoint) -> None:
    click.echo(f"Endpoint:  {endpoint.url}")
    click.echo(f"Data:      {endpoint.data_dir}")
    click.echo(f"Log:       {endpoint.log}")


def _health(endpoint: process.Endpoint) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"{endpoint.url}/_localaws/health", timeout=30) as response:
            return json.load(response)
    except OSError as error:
        raise process.UserError(
            f"The endpoint (pid {endpoint.pid}) does not answer: {error}. See {endpoint.log}"
        ) from None


def _uptime(endpoint: process.Endpoint) -> float:
    return time.time() - endpoint.started_at


def _data_dir_argument(data_dir: Path) -> str:
    return "" if data_dir == DEFAULT_DATA_DIR else f" --data-dir {shlex.quote(str(data_dir))}"
