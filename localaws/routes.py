"""How the endpoint's own services answer AWS actions: handlers, their context, their errors.

A service is an object with `actions`: the action's name -> a handler that takes the request's
payload (the decoded JSON) and a `Context`, and returns the response's payload as the AWS API
defines it (datetimes may stay datetimes). Handlers raise `AwsError` to refuse; they run
concurrently, one thread a request, and may block.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from localaws.catalog import Catalog
    from localaws.objects import ObjectStore
    from localaws.state import State


class AwsError(Exception):
    """An error a client sees: `code` as AWS spells it, one clear sentence, the HTTP status.

    `members`: what else the error's shape has, where its service speaks JSON.
    """

    def __init__(self, code: str, message: str, http_status: int = 400, **members: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.http_status = http_status
        self.members = members

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Context:
    """What a handler works with. `access_key` is the caller's, empty for unsigned requests."""

    region: str
    account: str
    data_dir: Path
    state: State
    store: ObjectStore
    catalog: Catalog
    access_key: str = ""


Handler = Callable[[dict[str, Any], Context], dict[str, Any]]


class Service(Protocol):
    """`close` is called when the endpoint stops: end what runs in the background, keep its state.
    Requests that are still running may need the service until they are answered."""

    actions: Mapping[str, Handler]

    def close(self) -> None: ...
