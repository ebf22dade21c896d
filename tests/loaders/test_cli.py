"""The commands as a person types them."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from botocore.client import BaseClient
from click.testing import CliRunner, Result

from loaders import aws, demo, local
from loaders.cli import main
from loaders.settings import Settings


def uap(*arguments: str) -> Result:
    result = CliRunner().invoke(main, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.mark.parametrize("command", [[], *([name] for name in main.commands if name != "local")])
def test_every_command_has_help(command: list[str]) -> None:
    result = uap(*command, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: ")


def test_generate_says_what_it_did_and_that_it_has_nothing_to_do(in_tmp: Path) -> None:
    first = uap("generate", "--events", "1000")
    assert "1,015 lines in 3 files; 1,000 events (10 late), 10 duplicates, 5 malformed" in (
        first.stdout
    )
    assert "nothing to do" in uap("generate", "--events", "1000").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["generate", "--events", "0"], "--events must be at least 1"),
        (["generate", "--late", "-1"], "--late is a share of the events, from 0 to 1"),
        (["generate", "--out", "file"], "is not a folder"),
        (["generate", "--out", "file/data"], "Not a directory"),
        (["upload"], "data/logs does not exist: `uap generate` writes data/logs"),
        (["report", "--check", "none.json"], "none.json is missing"),
    ],
)
def test_mistakes_are_one_line(
    in_tmp: Path, endpoint: str, arguments: list[str], words: str
) -> None:
    (in_tmp / "file").write_text("")
    result = uap(*arguments)
    assert result.exit_code == 1
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


def test_upload_counts_what_it_landed_and_what_was_there(in_tmp: Path, settings: Settings) -> None:
    uap("generate", "--events", "300")
    assert "3 objects landed" in uap("upload").stdout
    assert "0 objects landed" in (again := uap("upload").stdout)
    assert "3 were there already" in again
    (in_tmp / "mine.ndjson").write_text('{"a": 1}\n')
    uap("upload", "mine.ndjson", "--ingest-date", "2025-02-03")
    s3 = aws.client("s3", settings)
    keys = [entry["Key"] for entry in aws.objects(s3, settings.raw_bucket, "")]
    assert "logs/ingest_date=2025-02-03/mine.json.gz" in keys


def test_flatten_and_report_name_the_step_before_them(endpoint: str) -> None:
    assert "`uap upload` lands some" in uap("flatten").stderr
    assert "`dbt build` builds it" in uap("report").stderr


def test_local_passes_arguments_and_exit_code_on(in_tmp: Path) -> None:
    uap_command = Path(sys.executable).parent / "uap"
    done = subprocess.run(
        [uap_command, "local", "status", "--data-dir", "here"], capture_output=True, text=True
    )
    direct = subprocess.run(
        [local.beside_python("localaws"), "status", "--data-dir", "here"],
        capture_output=True,
        text=True,
    )
    assert "here" in done.stdout
    assert (done.returncode, done.stdout) == (direct.returncode, direct.stdout)
    assert done.returncode != 0


def test_the_demo_clears_this_machine_only(
    s3: BaseClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.ensure_buckets(s3, settings)
    for key in (
        "logs/ingest_date=2025-01-01/a.json.gz",
        "logs/b.json.gz",
        "users/c.json.gz",
        "_manifests/d.json",
    ):
        s3.put_object(Bucket=settings.raw_bucket, Key=key, Body=b"")
    keep = ["logs/b.json.gz"]
    with monkeypatch.context() as patch:
        patch.setattr(aws, "is_local", lambda _: False)
        with pytest.raises(click.ClickException, match="on this machine only"):
            demo._remove_others(s3, settings, keep)
    assert len(list(aws.objects(s3, settings.raw_bucket, ""))) == 4
    assert demo._remove_others(s3, settings, keep) == 2
    left = [entry["Key"] for entry in aws.objects(s3, settings.raw_bucket, "")]
    assert left == ["_manifests/d.json", "logs/b.json.gz"]


@pytest.mark.parametrize(
    ("url", "is_local"),
    [
        ("http://127.0.0.1:4577", True),
        ("http://localhost:1", True),
        ("http://[::1]:1", True),
        ("https://127.0.0.1.example.com", False),
        ("", False),
    ],
)
def test_what_counts_as_this_machine(
    endpoint: str, monkeypatch: pytest.MonkeyPatch, url: str, is_local: bool
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    assert aws.is_local(aws.client("s3", Settings.load())) == is_local
