"""A job's beginning and end. Bookmarks, which they would keep, are refused when a run starts."""

from typing import Any


class Job:
    def __init__(self, glue_context: Any) -> None:
        self.glue_context = glue_context
        self.name: str | None = None
        self.args: dict[str, Any] = {}

    def init(self, job_name: str, args: dict[str, Any] | None = None) -> None:
        self.name, self.args = job_name, dict(args or {})

    def commit(self) -> None:
        """Nothing is to be kept."""
