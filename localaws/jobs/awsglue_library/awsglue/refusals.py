"""One error for what the real library does and this one does not."""

from collections.abc import Iterable, Mapping
from typing import Any


class NotSupportedLocally(NotImplementedError):
    pass


def refuse(what: str) -> NotSupportedLocally:
    return NotSupportedLocally(f"awsglue: {what} is not supported locally")


def only_known(what: str, options: Mapping[str, Any] | None, known: Iterable[str]) -> None:
    """Raises NotSupportedLocally for an option that is not among `known`."""
    for name in options or {}:
        if name not in known:
            raise refuse(f"{what} {name}")
