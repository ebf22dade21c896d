"""Requests and responses as they travel: who signed a request, what an answer looks like.

Error shapes are those of the protocols the AWS SDKs parse: JSON 1.1 (Glue, Athena, LakeFormation),
query (STS, IAM), REST-XML (S3).
"""

from __future__ import annotations

import base64
import io
import json
import re
import uuid
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from localaws.routes import AwsError

CREDENTIAL = re.compile(
    r"(?P<access_key>[^/\s]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request"
)
TARGETS = {"AWSGlue": "glue", "AmazonAthena": "athena"}


class Response(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Credential(NamedTuple):
    """A Signature Version 4 credential scope."""

    access_key: str
    region: str
    service: str


@dataclass(frozen=True)
class Request:
    """One HTTP request whose body has been read."""

    environ: dict[str, Any]
    body: bytes

    @property
    def method(self) -> str:
        return self.environ["REQUEST_METHOD"]

    @cached_property
    def path(self) -> str:
        """Percent-decoded from the path as it arrived."""
        return unquote(urlsplit(f"//{self.environ['RAW_URI']}").path or self.environ["PATH_INFO"])

    @cached_property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(self.environ.get("QUERY_STRING", ""), keep_blank_values=True)

    def header(self, name: str) -> str:
        return self.environ.get("HTTP_" + name.upper().replace("-", "_"), "")

    @cached_property
    def credential(self) -> Credential | None:
        """From the Authorization header or a presigned URL; None when not signed (v4)."""
        signed = self.header("Authorization") or self.query.get("X-Amz-Credential", [""])[0]
        found = CREDENTIAL.search(signed.replace("Credential=", " "))
        return Credential(**found.groupdict()) if found else None

    @cached_property
    def target(self) -> tuple[str, str]:
        """(prefix, action) of X-Amz-Target, e.g. ("AWSGlue", "GetTable")."""
        prefix, _, action = self.header("X-Amz-Target").rpartition(".")
        return prefix, action

    @cached_property
    def service(self) -> str:
        if self.credential:
            return self.credential.service
        return TARGETS.get(self.target[0], "s3")

    @cached_property
    def operation(self) -> str:
        """What the log says about the request."""
        return ".".join(self.target) if self.target[1] else f"{self.method} {self.path}"

    def for_moto(self, body: bytes | None = None) -> dict[str, Any]:
        """The WSGI environment once more, with this or another body to read."""
        body = self.body if body is None else body
        return {
            **self.environ,
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
        }


def json_response(payload: Any, status: int = 200) -> Response:
    """AWS JSON 1.1; times as epoch seconds."""
    body = json.dumps(payload, default=_json_value).encode()
    return Response(status, [("Content-Type", "application/x-amz-json-1.1")], body)


def error_response(error: AwsError, request: Request) -> Response:
    """The error in the shape that the caller's SDK parses."""
    if request.service == "s3":
        xml = (
            f"<Error><Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
            f"<Resource>{escape(request.path)}</Resource><RequestId>{uuid.uuid4()}</RequestId>"
            "</Error>"
        )
    elif request.environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        xml = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{error.code}</Code>"
            f"<Message>{escape(error.message)}</Message></Error>"
            f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
        )
    else:
        payload = {"__type": error.code, **error.members, "Message": error.message}
        response = json_response(payload, error.http_status)
        return response._replace(headers=[*response.headers, ("x-amzn-ErrorType", error.code)])
    body = b"" if request.method == "HEAD" else f'<?xml version="1.0"?>\n{xml}'.encode()
    return Response(error.http_status, [("Content-Type", "application/xml")], body)


def _json_value(value: Any) -> Any:
    match value:
        case datetime():
            return value.timestamp()
        case date() | Decimal():
            return str(value)
        case bytes():
            return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} has no AWS JSON form")
