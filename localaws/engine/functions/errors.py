"""The error of a function in Python; the engine turns it into a QueryError."""

from typing import NoReturn


class FunctionError(Exception):
    """`code` is Trino's error name, such as INVALID_FUNCTION_ARGUMENT."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"@{code}@{message}@")


def invalid(message: str) -> NoReturn:
    """Raises INVALID_FUNCTION_ARGUMENT, without the Python error that it may stand for."""
    raise FunctionError("INVALID_FUNCTION_ARGUMENT", message) from None
