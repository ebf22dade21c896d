"""The `localaws` command, which is a program of its own: nothing of it is imported."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import click


def use_endpoint() -> str:
    """Start the local endpoint and enter its environment, unless one is set already."""
    if url := os.environ.get("AWS_ENDPOINT_URL"):
        return f"{url}, from AWS_ENDPOINT_URL"
    run_localaws("up", stdout=subprocess.DEVNULL)
    shell_lines = run_localaws("env", stdout=subprocess.PIPE).stdout.splitlines()
    for command, *words in map(shlex.split, shell_lines):
        for word in words:
            if command == "export":
                name, _, value = word.partition("=")
                os.environ[name] = value
            else:
                os.environ.pop(word, None)
    return os.environ["AWS_ENDPOINT_URL"]


def run_localaws(*arguments: str, stdout: int | None = None) -> subprocess.CompletedProcess[str]:
    """Raises click.ClickException when the command is missing; it says itself why it fails."""
    command = beside_python("localaws")
    done = subprocess.run([command, *arguments], stdout=stdout, text=True)
    if done.returncode:
        raise click.exceptions.Exit(done.returncode)
    return done


def beside_python(command: str) -> Path:
    """A console script of this environment, which need not be active."""
    path = Path(sys.executable).parent / command
    if not path.exists():
        raise click.ClickException(f"{path} is missing: `make setup` installs it")
    return path
