"""Clients of the standard AWS environment, and their errors in one line."""

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

import boto3
import click
from boto3.exceptions import Boto3Error
from botocore.awsrequest import AWSResponse
from botocore.client import BaseClient
from botocore.config import Config
from botocore.endpoint import Endpoint
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.model import OperationModel

from loaders.settings import Settings

# All that boto3 raises for a failed call.
ERRORS = (Boto3Error, BotoCoreError, ClientError)

DELETE_BATCH = 1000  # keys a call of DeleteObjects takes
ATTEMPTS = 4  # of a call, where what went wrong may pass
LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}

Answer = TypeVar("Answer")


def client(service: str, settings: Settings) -> BaseClient:
    """A boto3 client that gives up on a dead endpoint after a few seconds."""
    config = Config(
        connect_timeout=5,
        read_timeout=120,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=32,
    )
    try:
        # Not boto3.client(): its session would remember the credentials of an earlier call.
        made = boto3.Session(region_name=settings.region).client(service, config=config)
    except ValueError as error:  # an endpoint that is no URL
        raise click.ClickException(f"{error}: set AWS_ENDPOINT_URL to http://host:port") from None
    made.meta.events.register("needs-retry", _retry_half_an_answer)
    return made


def _retry_half_an_answer(
    response: tuple[AWSResponse, dict] | None,
    operation: OperationModel,
    request_dict: dict[str, Any],
    attempts: int,
    endpoint: Endpoint,
    **_: object,
) -> float | None:
    """Seconds to wait for the next attempt, when the connection broke in the middle of the answer.

    botocore does not compare an answer's length with its Content-Length: of half a JSON document
    it makes an empty one. Bodies that are streamed are compared where they are read.
    """
    if response is None or operation.has_streaming_output or request_dict["method"] == "HEAD":
        return None
    answer, _parsed = response
    expected = answer.headers.get("Content-Length")
    if expected is None or len(answer.content) == int(expected):
        return None
    if attempts >= ATTEMPTS:
        raise ConnectionClosedError(endpoint_url=endpoint.host)
    return random.uniform(0, 2 ** (attempts - 1))


def is_local(service: BaseClient) -> bool:
    """Whether the client talks to this machine, where the demo may clear what it replaces."""
    return urlsplit(service.meta.endpoint_url).hostname in LOCAL_HOSTS


def explain(error: Exception) -> str:
    """One line: what failed, and the next step where there is one."""
    match error:
        case NoCredentialsError() | PartialCredentialsError() | CredentialRetrievalError():
            return (
                'no AWS credentials: run `eval "$(uap local env)"` for the local endpoint, '
                "or configure AWS (AWS_PROFILE, aws configure)"
            )
        case ConnectionError() | HTTPClientError() | IncompleteReadError():
            url = getattr(error, "kwargs", {}).get("endpoint_url") or "the AWS endpoint"
            host = urlsplit(url)
            if host.hostname in LOCAL_HOSTS:
                return f"cannot reach {host.scheme}://{host.netloc} - start it with `uap local up`"
            return f"cannot reach {url} - check the network, AWS_ENDPOINT_URL and the region"
        case ClientError():
            return _explain_refusal(error)
        case Boto3Error() if error.__cause__ or error.__context__:
            return explain(error.__cause__ or error.__context__)
        case _:
            return _one_line(str(error))


def _explain_refusal(error: ClientError) -> str:
    code = error.response.get("Error", {}).get("Code", "Unknown")
    message = _one_line(error.response.get("Error", {}).get("Message", ""))
    call = error.operation_name
    match code:
        case "AccessDenied" | "AccessDeniedException" | "403":
            return f"access denied to {call}: the credentials in use lack it. {message}"
        case "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "UnrecognizedClientException":
            return f"AWS does not accept these credentials ({code}): check AWS_PROFILE or the keys"
        case "ExpiredToken" | "ExpiredTokenException":
            return "the AWS session has expired: sign in again"
        case "NoSuchBucket":
            return f"no such bucket ({call}): `uap upload` creates the buckets. {message}"
        case "BucketAlreadyExists":
            return "the bucket name belongs to another account: set UAP_PREFIX to one of your own"
        case _:
            return f"{call} failed: {message or code}" + (f" ({code})" if message else "")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def is_precondition_failed(error: ClientError) -> bool:
    """Whether a conditional put found another object than it named."""
    return code(error) in ("PreconditionFailed", "412")


def ensure_buckets(s3: BaseClient, settings: Settings) -> list[str]:
    """Create the pipeline's buckets that are missing; returns their names."""
    created = []
    for bucket in settings.buckets:
        try:
            s3.head_bucket(Bucket=bucket)
        except ClientError as error:
            if code(error) not in ("404", "NoSuchBucket"):
                raise
            place = {"LocationConstraint": settings.region}
            # us-east-1 is the one region that S3 does not accept by name here.
            extra = {} if settings.region == "us-east-1" else {"CreateBucketConfiguration": place}
            s3.create_bucket(Bucket=bucket, **extra)
            created.append(bucket)
    return created


def ensure_database(glue: BaseClient, name: str) -> None:
    with suppress(glue.exceptions.AlreadyExistsException):
        glue.create_database(DatabaseInput={"Name": name})


def objects(s3: BaseClient, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    """S3's listing entries (`Key`, `ETag`, `Size`), sorted by key."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", [])


def folders(s3: BaseClient, bucket: str, prefix: str) -> list[str]:
    """The folders right below a prefix (`name/`), sorted, without listing what is in them."""
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix, Delimiter="/"
    )
    return [
        entry["Prefix"].removeprefix(prefix)
        for page in pages
        for entry in page.get("CommonPrefixes", [])
    ]


def files(s3: BaseClient, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    """The objects right below a prefix, in no folder; a folder's own marker is none."""
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix, Delimiter="/"
    )
    for page in pages:
        for entry in page.get("Contents", []):
            if not entry["Key"].endswith("/"):
                yield entry


def delete_objects(s3: BaseClient, bucket: str, keys: Sequence[str]) -> None:
    for start in range(0, len(keys), DELETE_BATCH):
        batch = [{"Key": key} for key in keys[start : start + DELETE_BATCH]]
        s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})


def poll(
    ask: Callable[[], Answer], done: Callable[[Answer], bool], first: float, longest: float
) -> Answer:
    """Ask until done, waiting `first` seconds and then ever longer, up to `longest`."""
    wait = first
    while not done(answer := ask()):
        time.sleep(wait)
        wait = min(wait * 1.5, longest)
    return answer


def read_json(s3: BaseClient, bucket: str, key: str) -> dict[str, Any] | None:
    """A small state object; None when it is not there."""
    try:
        return json.load(s3.get_object(Bucket=bucket, Key=key)["Body"])
    except s3.exceptions.NoSuchKey:
        return None


def write_json(s3: BaseClient, bucket: str, key: str, value: dict[str, Any]) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(value, indent=1).encode())
