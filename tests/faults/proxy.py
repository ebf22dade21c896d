"""A proxy in front of an endpoint that refuses, cuts and delays requests as its plan says.

A plan is a function from a request to a fault or None. `seeded` draws faults at random, the same
ones again for the same seed, however the client's threads take turns.
"""

from __future__ import annotations

import http.client
import json
import random
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import urlsplit

# Answered by the proxy, the endpoint never hears of the request.
THROTTLE, FAIL = "throttle", "fail"
# The connection is closed before the request is read; in the middle of its body, of which the
# endpoint gets that half; when the endpoint has done it all and half of its answer is sent.
CUT_BEFORE, CUT_REQUEST, CUT_RESPONSE = "cut before", "cut request", "cut response"
DELAY = "delay"
ALL = (THROTTLE, FAIL, CUT_BEFORE, CUT_REQUEST, CUT_RESPONSE, DELAY)

SECONDS_OF_DELAY = 0.2
HOP_BY_HOP = ("connection", "expect", "keep-alive")


class Request(NamedTuple):
    """`action`: what of X-Amz-Target follows the service, empty for S3."""

    method: str
    path: str
    action: str
    body: bytes

    def __str__(self) -> str:
        return self.action or f"{self.method} {self.path}"


@dataclass(frozen=True)
class Kill:
    """Call `victim` when the request arrives, or when the endpoint has done it; then cut."""

    victim: Callable[[], None]
    done: bool


Plan = Callable[[Request], str | Kill | None]


def seeded(seed: int, rate: float, kinds: Sequence[str] = ALL, in_a_row: int = 2) -> Plan:
    """A share `rate` of the requests fails, the same request at most `in_a_row` times running."""
    seen, running = Counter[str](), Counter[Request]()
    lock = threading.Lock()

    def plan(request: Request) -> str | None:
        with lock:
            name = str(request)
            seen[name] += 1
            draw = random.Random(f"{seed} {name} {seen[name]}")
            if running[request] >= in_a_row or draw.random() >= rate:
                running[request] = 0
                return None
            running[request] += 1
            return draw.choice(kinds)

    return plan


class Proxy:
    """Serves inside a `with`; `seen` are the requests in their order, `injected` the faults."""

    def __init__(self, upstream: str, plan: Plan = lambda request: None) -> None:
        self.plan = plan
        self.seen: list[Request] = []
        self.injected = Counter[str]()
        self.killed_at: Request | None = None
        self._lock = threading.Lock()

        class Handler(_Handler):
            proxy = self
            upstream_address = urlsplit(upstream).netloc

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def decide(self, request: Request) -> str | Kill | None:
        fault = self.plan(request)
        with self._lock:
            self.seen.append(request)
            if isinstance(fault, Kill):
                self.killed_at = request
            elif fault:
                self.injected[fault] += 1
        return fault

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that was killed broke its connection."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(*_)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    proxy: Proxy
    upstream_address: str

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # the client was killed
            self.close_connection = True
            return
        target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        request = Request(self.command, self.path, target, body)
        match self.proxy.decide(request):
            case "throttle" | "fail" as kind:
                self._refuse(request, kind)
            case "cut before":
                self._cut()
            case "cut request":
                self._forward_half(body)
                self._cut()
            case "cut response":
                self._answer(request, share=0.5)
            case Kill(victim, done=False):
                victim()
                self._cut()
            case Kill(victim, done=True):
                with suppress(OSError, http.client.HTTPException):
                    self._forward(body)
                victim()
                self._cut()
            case fault:
                if fault == "delay":
                    time.sleep(SECONDS_OF_DELAY)
                self._answer(request)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve

    def handle_expect_100(self) -> bool:
        proceed = super().handle_expect_100()
        self.wfile.flush()
        return proceed

    def _headers(self) -> list[tuple[str, str]]:
        """Host too: the signature covers it, and the endpoint answers to any port in it."""
        return [each for each in self.headers.items() if each[0].lower() not in HOP_BY_HOP]

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(self.upstream_address)
        try:
            connection.putrequest(
                self.command, self.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in self._headers():
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()

    def _forward_half(self, body: bytes) -> None:
        host, port = self.upstream_address.split(":")
        head = f"{self.command} {self.path} HTTP/1.1\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in self._headers())
        with suppress(OSError), socket.create_connection((host, int(port))) as upstream:
            upstream.sendall(head.encode() + b"\r\n" + body[: len(body) // 2])

    def _answer(self, request: Request, share: float = 1.0) -> None:
        try:
            status, headers, body = self._forward(request.body)
        except (OSError, http.client.HTTPException):  # the endpoint is dead
            self._cut()
            return
        if share < 1 and not body:
            self._cut()
            return
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: int(share * len(body))])
        if share < 1:
            self._cut()

    def _refuse(self, request: Request, kind: str) -> None:
        """As S3 says it, or the services that speak JSON."""
        throttled = kind == THROTTLE
        if request.action:
            code = "ThrottlingException" if throttled else "InternalServiceException"
            status, type_ = 400 if throttled else 500, "application/x-amz-json-1.1"
            body = json.dumps({"__type": code, "message": "by the test"})
        else:
            code = "SlowDown" if throttled else "InternalError"
            status, type_ = 503 if throttled else 500, "application/xml"
            body = f"<Error><Code>{code}</Code><Message>by the test</Message></Error>"
        self.send_response_only(status)
        self.send_header("Content-Type", type_)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body.encode())

    def _cut(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.wfile.flush()
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: Any) -> None:
        """The test says what went wrong."""
