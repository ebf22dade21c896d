"""Pages of a list that may change between two requests: a token names the last item given."""

from __future__ import annotations

import base64
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def page(
    items: list[T],
    place: Callable[[T], Any],
    token: str | None,
    size: int,
    descending: bool = False,
) -> tuple[list[T], str | None]:
    """Up to `size` items from behind the one that `token` names, and the next token.

    `items` are in ascending order of `place`, a text or a tuple that JSON can hold; descending:
    pages go from the last to the first. Raises ValueError for a token that was not made here.
    """
    last = _decoded(token) if token else None
    if descending:
        end = bisect_left(items, last, key=place) if token else len(items)
        found, more = items[max(0, end - size) : end][::-1], end > size
    else:
        start = bisect_right(items, last, key=place) if token else 0
        found, more = items[start : start + size], start + size < len(items)
    return found, _encoded(place(found[-1])) if more and found else None


def _encoded(place: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _decoded(token: str) -> Any:
    place = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    return tuple(place) if isinstance(place, list) else place
