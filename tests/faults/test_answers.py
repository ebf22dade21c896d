"""Answers that break off: never taken for whole ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.exceptions import ConnectionClosedError

from glue.raw_objects import open_object
from loaders import aws
from tests.faults.lake import Lake
from tests.faults.proxy import CUT_RESPONSE, Proxy, Request

BODY = bytes(range(256)) * 1000


@pytest.fixture
def lake(start_lake: Callable[..., Lake]) -> Lake:
    lake = start_lake(1000, 100)
    s3, glue = lake.client("s3"), lake.client("glue")
    aws.ensure_buckets(s3, lake.settings)
    aws.ensure_database(glue, lake.settings.cleaned_database)
    s3.put_object(Bucket=lake.settings.raw_bucket, Key="object", Body=BODY)
    return lake


def first(number: int) -> Callable[[Request], str | None]:
    """Cuts so many answers, then none."""
    left = [CUT_RESPONSE] * number
    return lambda request: left.pop() if left else None


def through(proxy: Proxy, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**lake.endpoint.environment(), "AWS_ENDPOINT_URL": proxy.url}.items():
        monkeypatch.setenv(name, value)


def test_half_an_answer_is_asked_for_again(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    with Proxy(lake.endpoint.url) as proxy:
        through(proxy, lake, monkeypatch)
        s3, glue = (aws.client(name, lake.settings) for name in ("s3", "glue"))
        database = lake.settings.cleaned_database
        for cuts in (0, 1):
            proxy.plan = first(cuts)
            assert glue.get_database(Name=database)["Database"]["Name"] == database
        proxy.plan = first(1)
        assert [each["Key"] for each in aws.objects(s3, lake.settings.raw_bucket, "")] == ["object"]
        assert s3.head_object(Bucket=lake.settings.raw_bucket, Key="object")[
            "ContentLength"
        ] == len(BODY)
        proxy.plan = first(aws.ATTEMPTS)
        with pytest.raises(ConnectionClosedError) as failure:
            glue.get_database(Name=database)
        assert "cannot reach" in aws.explain(failure.value)


def test_half_an_object_is_no_object(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the flatten job reads it."""
    url = f"s3://{lake.settings.raw_bucket}/object"
    with Proxy(lake.endpoint.url, first(2)) as proxy:
        through(proxy, lake, monkeypatch)
        with open_object(url) as file:
            assert file.read() == BODY
    assert proxy.injected == {CUT_RESPONSE: 2}
