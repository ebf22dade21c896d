"""The endpoint as one WSGI application: our own services in front, moto behind them.

What nobody here really does is refused in AWS's own error shapes, never answered by a fake.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from localaws import disk, glue_corrections, lakeformation, validation
from localaws.moto_app import ask_moto
from localaws.routes import AwsError, Context, Handler
from localaws.settings import HOST
from localaws.wire import Request, Response, error_response, json_response

SERVICES = ("athena", "glue", "iam", "lakeformation", "s3", "sts")
GLOBAL_SERVICES = ("iam", "sts")  # SDKs sign these for us-east-1 whatever the region
HEALTH_PATH = "/_localaws/health"
READS = ("Get", "BatchGet", "List", "Search", "Query", "Check")

log = logging.getLogger("localaws")


class App:
    """`handlers`: X-Amz-Target ("AWSGlue.StartCrawler") -> handler."""

    def __init__(self, context: Context, handlers: Mapping[str, Handler]) -> None:
        self._context = context
        ours = {f"AWSGlue.{name}": each for name, each in glue_corrections.ACTIONS.items()}
        self._handlers = {**ours, **handlers}
        self._moto_lock = threading.Lock()
        self._services: dict[str, Callable[[Request], Response]] = {
            "s3": self._s3,
            "glue": self._glue,
            "athena": self._athena,
            "lakeformation": self._lakeformation,
        }

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        started = time.perf_counter()
        request = Request(environ, environ["wsgi.input"].read())
        status, headers, body = self._respond(request)
        if request.path != HEALTH_PATH:
            milliseconds = 1000 * (time.perf_counter() - started)
            log.info("%s %s %.1f ms", request.operation, status, milliseconds)
        if request.method != "HEAD":
            headers = [each for each in headers if each[0].lower() != "content-length"]
            if status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
                headers.append(("Content-Length", str(len(body))))
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [body]

    def _respond(self, request: Request) -> Response:
        try:
            return self._route(request)
        except AwsError as error:
            return error_response(error, request)
        except NotImplementedError:
            return error_response(_unknown(request), request)
        except Exception as failure:
            log.exception("%s failed", request.operation)
            code = "InternalError" if request.service == "s3" else "InternalFailure"
            message = f"localaws failed on {request.operation}: {failure!r}; see localaws.log."
            error = AwsError(code, message, 500)
            if disk.is_full(failure):
                # Not a status that SDKs try again; AWS has no such error, other S3 servers do.
                error = AwsError("InsufficientStorage", f"localaws: {disk.FULL}.", 507)
            return error_response(error, request)

    def _route(self, request: Request) -> Response:
        _check_caller(request)
        if request.path == HEALTH_PATH:
            return self._health()
        if request.service not in SERVICES or request.path.startswith("/v20180820/"):
            service = "s3control" if request.service == "s3" else request.service
            offered = ", ".join(SERVICES)
            message = f"localaws does not serve {service}; it serves {offered}."
            raise AwsError("NotImplemented", message, 501)
        self._check_scope(request)
        return self._services.get(request.service, self._moto)(request)

    def _check_scope(self, request: Request) -> None:
        if not request.credential:
            if request.service != "s3":
                message = "The request is not signed. Any credentials will do."
                raise AwsError("MissingAuthenticationTokenException", message, 403)
            return
        asked, region = request.credential.region, self._context.region
        if asked == region or request.service in GLOBAL_SERVICES:
            return
        s3 = request.service == "s3"
        raise AwsError(
            "AuthorizationHeaderMalformed" if s3 else "InvalidSignatureException",
            f"This endpoint serves {region}, the request is signed for {asked}."
            f" Set AWS_REGION={region}, or start localaws with --region {asked}.",
        )

    def _s3(self, request: Request) -> Response:
        store = self._context.store
        _, bucket, *key = request.path.split("/", 2)
        key = key[0] if key else ""
        if "select" in request.query:
            message = "localaws does not support S3 Select (SelectObjectContent): ask Athena."
            raise AwsError("MethodNotAllowed", message, 405)
        if request.method in ("GET", "HEAD", "OPTIONS"):
            with store.pinned():
                return ask_moto("s3", request.for_moto())
        upload = request.query.get("uploadId", [""])[0]
        with store.mutation(bucket, key, upload):
            if upload and not store.has_upload(bucket, upload):
                message = f"The specified multipart upload does not exist: {upload}"
                raise AwsError("NoSuchUpload", message, 404)
            return ask_moto("s3", request.for_moto())

    def _athena(self, request: Request) -> Response:
        handler = self._handlers.get(".".join(request.target))
        if not handler:
            raise _unknown(request)
        return self._handle(handler, request)

    def _glue(self, request: Request) -> Response:
        handler = self._handlers.get(".".join(request.target))
        if handler:
            return self._handle(handler, request)
        action = request.target[1]
        glue_corrections.refuse_pretence(action)
        payload = glue_corrections.normalised(action, _payload(request))
        glue_corrections.require_own_catalog(payload, self._context.account)
        environ = request.for_moto(json.dumps(payload).encode())
        if action.startswith(READS):
            with self._context.catalog.reading():
                return ask_moto("glue", environ)
        with self._context.catalog.mutation(*glue_corrections.touched(action, payload)):
            return ask_moto("glue", environ)

    def _lakeformation(self, request: Request) -> Response:
        """Its protocol names the action in the path."""
        action = request.path.strip("/")
        handler = lakeformation.ACTIONS.get(action)
        if not handler:
            return self._moto(request)
        payload = validation.checked("lakeformation", action, _json(request))
        with self._moto_lock:
            return json_response(handler(payload, self._context))

    def _moto(self, request: Request) -> Response:
        with self._moto_lock:
            return ask_moto(request.service, request.for_moto())

    def _handle(self, handler: Handler, request: Request) -> Response:
        context = replace(self._context, access_key=request.credential.access_key)
        return json_response(handler(_payload(request), context))

    def _health(self) -> Response:
        store, catalog = self._context.store, self._context.catalog
        databases = [database["Name"] for database in catalog.databases()]
        health = {
            "pid": os.getpid(),
            "region": self._context.region,
            "buckets": len(store.buckets()),
            "objects": sum(len(store.list(bucket)) for bucket in store.buckets()),
            "databases": len(databases),
            "tables": sum(len(catalog.tables(database)) for database in databases),
        }
        return json_response(health)


def _check_caller(request: Request) -> None:
    """Only programs on this machine that mean this endpoint: a web page that a browser shows must
    not reach it, neither under a name that resolves to 127.0.0.1 nor by a cross-site request."""
    names = [request.header("Host").partition(":")[0]]
    if origin := request.header("Origin"):
        names.append(urlsplit(origin).hostname or "")
    if not set(names) <= {HOST, "localhost"}:
        message = f"This endpoint answers only to {HOST} and localhost, with path-style addressing."
        raise AwsError("AccessDenied", message, 403)


def _payload(request: Request) -> dict[str, Any]:
    return validation.checked(request.service, request.target[1], _json(request))


def _json(request: Request) -> Any:
    try:
        return json.loads(request.body or b"{}")
    except ValueError as error:
        raise AwsError("SerializationException", f"The request is not JSON: {error}") from None


def _unknown(request: Request) -> AwsError:
    message = f"localaws does not support {request.service} {request.operation}."
    if request.service == "s3":
        return AwsError("NotImplemented", message, 501)
    return AwsError("UnknownOperationException", message)
