"""What the Athena actions share: their errors and their pages."""

from collections.abc import Callable, Mapping
from threading import RLock
from typing import Any, TypeVar

from localaws import pages
from localaws.routes import AwsError, Context, Handler

T = TypeVar("T")


def invalid(message: str, code: str = "INVALID_INPUT") -> AwsError:
    """Athena's InvalidRequestException, whose `AthenaErrorCode` tells more."""
    return AwsError("InvalidRequestException", message, AthenaErrorCode=code, ErrorCode=code)


def one_at_a_time(actions: Mapping[str, Handler]) -> dict[str, Handler]:
    """Actions that look before they write: none runs while another does."""
    lock = RLock()

    def locked(handler: Handler) -> Handler:
        def handle(payload: dict[str, Any], context: Context) -> dict[str, Any]:
            with lock:
                return handler(payload, context)

        return handle

    return {name: locked(handler) for name, handler in actions.items()}


def page(
    items: list[T], place: Callable[[T], Any], payload: dict[str, Any], size: int = 50
) -> tuple[list[T], dict[str, str]]:
    """One page of `items`, in ascending order of `place`, and the NextToken member where more are
    left."""
    token = payload.get("NextToken")
    try:
        found, following = pages.page(
            items, place, token, min(payload.get("MaxResults") or size, size)
        )
    except (ValueError, TypeError):
        raise invalid(f"The nextPageToken is malformed: {token}") from None
    return found, {"NextToken": following} if following else {}
