"""The result files that Athena leaves in the output location."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """`head` opens the file, `line` gives each row."""

    head: str
    line: Callable[[tuple[str | None, ...]], str]


def csv_lines(names: list[str]) -> Format:
    """Every value in double quotes, NULL as nothing between the commas; a header row."""
    return Format(_csv_line(tuple(names)), _csv_line)


def _csv_line(row: tuple[str | None, ...]) -> str:
    fields = ("" if value is None else '"' + value.replace('"', '""') + '"' for value in row)
    return ",".join(fields) + "\n"


def text_lines() -> Format:
    """What DDL and SHOW leave: values apart by tabs, no header."""
    return Format("", lambda row: "\t".join(value or "" for value in row) + "\n")
