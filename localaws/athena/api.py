"""What the Athena actions share: their errors and their pages."""

from typing import Any, TypeVar

from localaws.routes import AwsError

T = TypeVar("T")


def invalid(message: str, code: str = "INVALID_INPUT") -> AwsError:
    """Athena's InvalidRequestException, whose `AthenaErrorCode` tells more."""
    return AwsError("InvalidRequestException", message, AthenaErrorCode=code, ErrorCode=code)


def page(items: list[T], payload: dict[str, Any], size: int = 50) -> tuple[list[T], dict[str, str]]:
    """One page of `items`, and the NextToken member where more are left.

    The token counts the items that are left, so that what is put in front of them between two
    requests neither repeats nor hides one.
    """
    token = payload.get("NextToken")
    if token is not None and not (token.isascii() and token.isdigit()):
        raise invalid(f"The nextPageToken is malformed: {token}")
    start = 0 if token is None else max(0, len(items) - int(token))
    end = start + min(payload.get("MaxResults") or size, size)
    left = len(items) - end
    return items[start:end], {"NextToken": str(left)} if left > 0 else {}
