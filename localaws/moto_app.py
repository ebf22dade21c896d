"""moto's own answer to a request, one Flask application a service, each made when first asked."""

from __future__ import annotations

from functools import cache
from typing import Any

from moto.moto_server.werkzeug_app import create_backend_app

from localaws.wire import Response


def ask_moto(service: str, environ: dict[str, Any]) -> Response:
    """Raises whatever moto raises: NotImplementedError for an action that it does not have."""
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        started[:] = int(status.split(maxsplit=1)[0]), headers

    chunks = _application(service)(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        chunks.close()
    return Response(*started, body)


@cache
def _application(service: str) -> Any:
    return create_backend_app(service)
