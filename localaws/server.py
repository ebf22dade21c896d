"""The process that serves: HTTP/1.1 with keep-alive on 127.0.0.1, a thread a connection.

werkzeug's server closes every connection after one request, because an application may leave a
request's body unread. Here the body is always read first, so connections stay open.
"""

from __future__ import annotations

import errno
import io
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localaws import process
from localaws.settings import ACCOUNT, DEFAULT_REGION, HOST, state_file, tmp_dir

if TYPE_CHECKING:
    from localaws.app import App
    from localaws.routes import Context, Service

GRACE = 30.0  # seconds that running requests get to finish when the endpoint stops

log = logging.getLogger("localaws")


def serve(
    data_dir: Path, port: int, region: str | None, ready: Callable[[process.Endpoint], None]
) -> None:
    """Serve until SIGTERM or SIGINT; `ready` is called when the port answers.

    region: None means the data directory's own. Raises process.UserError.
    """
    data_dir = data_dir.absolute()
    _require_region(region)
    with process.holding(data_dir, region) as region, _listening(port) as listener:
        _stay_inside(data_dir)
        context = _context(data_dir, region)
        services = _services(context)
        server = _server(_app(context, services), listener)
        endpoint = process.Endpoint.of_this_process(data_dir, listener.getsockname()[1], region)
        _on_signal(server.shutdown)
        endpoint.publish()
        try:
            ready(endpoint)
            log.info("serving %s on %s", data_dir, endpoint.url)
            server.serve_forever(poll_interval=0.1)
            log.info("stopping")
            server.draining = True
            for _, service in services:
                service.close()
            server.drain(GRACE)
        finally:
            endpoint.withdraw()
            context.state.close()
        log.info("stopped")


def _on_signal(shut_down: Callable[[], None]) -> None:
    """SIGTERM and SIGINT shut down; a second one kills."""

    def handle(number: int, _: Any) -> None:
        signal.signal(number, signal.SIG_DFL)
        threading.Thread(target=shut_down).start()  # it waits for the loop this interrupted

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def _require_region(region: str | None) -> None:
    if region is None:
        return
    from boto3 import Session

    if region not in Session().get_available_regions("glue"):
        raise process.UserError(f"AWS has no region {region}. Use one such as {DEFAULT_REGION}.")


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except (OSError, OverflowError) as error:
            if getattr(error, "errno", None) == errno.EADDRINUSE:
                raise process.UserError(
                    f"Port {port} is taken by another program."
                    f" Stop it, or choose another port: localaws up --port {port + 1}"
                ) from None
            raise process.UserError(f"Cannot listen on {HOST}:{port}: {error}") from None
        listener.listen(128)
        yield listener


def _stay_inside(data_dir: Path) -> None:
    """Whatever writes without saying where writes into the data directory."""
    scratch = tmp_dir(data_dir)
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    tempfile.tempdir = os.environ["TMPDIR"] = str(scratch)
    os.chdir(data_dir)


def _context(data_dir: Path, region: str) -> Context:
    os.environ["MOTO_ACCOUNT_ID"] = ACCOUNT  # whoever signs, there is one account
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"  # no web page is to read our answers
    # After the environment, which moto reads when it is imported.
    from localaws.catalog import Catalog
    from localaws.objects import ObjectStore
    from localaws.routes import Context
    from localaws.state import State

    state = State(state_file(data_dir))
    return Context(
        region=region,
        account=ACCOUNT,
        data_dir=data_dir,
        state=state,
        store=ObjectStore(data_dir, state, region),
        catalog=Catalog(state, region),
    )


def _services(context: Context) -> list[tuple[str, Service]]:
    """(X-Amz-Target prefix, service) of what executes here."""
    from localaws.athena.service import AthenaService
    from localaws.crawler import CrawlerService
    from localaws.jobs import JobService

    return [
        ("AmazonAthena", AthenaService(context)),
        ("AWSGlue", CrawlerService(context)),
        ("AWSGlue", JobService(context)),
    ]


def _app(context: Context, services: list[tuple[str, Service]]) -> App:
    from localaws.app import App

    handlers = {
        f"{prefix}.{action}": handler
        for prefix, service in services
        for action, handler in service.actions.items()
    }
    return App(context, handlers)


def _server(app: App, listener: socket.socket) -> Any:
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import ThreadedWSGIServer

    class Handler(MotoRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 1 << 16  # head and small body leave in one packet

        def handle_expect_100(self) -> bool:
            proceed = super().handle_expect_100()
            self.wfile.flush()
            return proceed

        def run_wsgi(self) -> None:
            if self.server.draining:
                self.close_connection = True
                return
            with self.server.request():
                environ = self.make_environ()
                body = self._read_body(environ)
                if body is None:
                    self.close_connection = True
                    return
                environ["wsgi.input"] = io.BytesIO(body)
                for chunk in self.server.app(environ, self._start_response):
                    self.wfile.write(chunk)
                self.wfile.flush()

        def _read_body(self, environ: dict[str, Any]) -> bytes | None:
            """None when the client went away before it had sent all of it."""
            if environ.pop("wsgi.input_terminated", False):
                environ.pop("HTTP_TRANSFER_ENCODING")
                try:
                    return environ["wsgi.input"].read()
                except OSError:
                    return None
            length = int(environ.get("CONTENT_LENGTH") or 0)
            body = self.rfile.read(length)
            return body if len(body) == length else None

        def _start_response(self, status: str, headers: list[tuple[str, str]]) -> None:
            code, phrase = status.split(maxsplit=1)
            self.send_response(int(code), phrase)
            for name, value in headers:
                self.send_header(name, value)
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()

        def log_request(self, code: Any = "-", size: Any = "-") -> None:
            """The application logs."""

    class Server(ThreadedWSGIServer):
        draining = False  # set: take no more requests

        def __init__(self) -> None:
            super().__init__(HOST, 0, app, Handler, fd=listener.fileno())
            self._running = 0
            self._finished = threading.Condition()

        @contextmanager
        def request(self) -> Iterator[None]:
            with self._finished:
                self._running += 1
            try:
                yield
            finally:
                with self._finished:
                    self._running -= 1
                    self._finished.notify_all()

        def drain(self, seconds: float) -> None:
            """Wait until the running requests have been answered."""
            with self._finished:
                self._finished.wait_for(lambda: not self._running, seconds)

    return Server()


def main(data_dir: Path, port: int, region: str | None, ready_fd: int | None) -> None:
    """`localaws up --foreground`: log to stderr; tell the parent through `ready_fd`."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    if ready_fd is None:
        serve(data_dir, port, region, lambda endpoint: print(endpoint.url, flush=True))
        return
    with os.fdopen(ready_fd, "w") as parent:

        def ready(_: process.Endpoint) -> None:
            parent.write(process.READY)
            parent.close()

        try:
            serve(data_dir, port, region, ready)
        except process.UserError as error:
            parent.write(str(error))
            raise
