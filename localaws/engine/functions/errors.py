"""The error of a function in Python; the engine turns it into a QueryError."""


class FunctionError(Exception):
    """`code` is Trino's error name, such as INVALID_FUNCTION_ARGUMENT."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"@{code}@{message}@")
