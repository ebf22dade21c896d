"""Every failure of an AWS call is one line with a next step."""

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from click.testing import CliRunner

from loaders import aws
from loaders.cli import main
from loaders.settings import Settings


def run(*arguments: str) -> str:
    """stderr of a command that fails with one line and no traceback."""
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_no_endpoint(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert "cannot reach http://127.0.0.1:9 - start it with `uap local up`" in run("crawl")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://nowhere.invalid:9")
    assert "cannot reach http://nowhere.invalid:9" in run("crawl")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "127.0.0.1:9")
    assert "set AWS_ENDPOINT_URL to http://host:port" in run("crawl")


def test_no_credentials(endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert 'eval "$(uap local env)"' in run("crawl")
    monkeypatch.setenv("AWS_PROFILE", "absent")
    assert "absent" in run("crawl")


def test_no_bucket(s3: BaseClient, settings: Settings) -> None:
    with pytest.raises(ClientError) as failure:
        s3.list_objects_v2(Bucket=settings.raw_bucket)
    assert "no such bucket" in aws.explain(failure.value)
    assert "`uap upload`" in aws.explain(failure.value)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AccessDenied", "access denied to PutObject"),
        ("ExpiredToken", "sign in again"),
        ("InvalidAccessKeyId", "does not accept these credentials"),
        ("BucketAlreadyExists", "set UAP_PREFIX"),
        ("Throttling", "PutObject failed: two lines (Throttling)"),
    ],
)
def test_refusals_of_aws(code: str, words: str) -> None:
    error = ClientError({"Error": {"Code": code, "Message": "two\n lines"}}, "PutObject")
    assert words in aws.explain(error)
    assert "\n" not in aws.explain(error)


def test_buckets_are_created_once(s3: BaseClient, settings: Settings) -> None:
    assert aws.ensure_buckets(s3, settings) == settings.buckets
    assert aws.ensure_buckets(s3, settings) == []


def test_buckets_of_another_region(mortal, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in mortal.up(region="eu-west-1").items():
        monkeypatch.setenv(name, value)
    try:
        settings = Settings.load()
        s3 = aws.client("s3", settings)
        aws.ensure_buckets(s3, settings)
        place = s3.get_bucket_location(Bucket=settings.raw_bucket)["LocationConstraint"]
        assert place == "eu-west-1"
    finally:
        mortal.down()
