"""Patterns of java.time's DateTimeFormatter with digits only: what partition projection uses.

Source: java.time.format.DateTimeFormatter. Letters with another text (names of months, am and pm,
weeks, zones) are refused.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from localaws.sql.errors import QueryError

_PART = re.compile(r"(?P<letter>[A-Za-z])(?P=letter)*|'(?:[^']|'')*'|[^A-Za-z'\[\]{}#]")
_FIELDS = {"y": "year", "u": "year", "M": "month", "L": "month", "d": "day"}
_FIELDS |= {"H": "hour", "m": "minute", "s": "second", "S": "microsecond"}
# From the coarse to the fine.
PRECISIONS = ("year", "month", "day", "hour", "minute", "second", "microsecond")


@dataclass(frozen=True)
class DatePattern:
    """`parts`: (field, number of letters), or ("", text) for text that stands for itself."""

    text: str
    parts: tuple[tuple[str, int | str], ...]

    @classmethod
    def parse(cls, text: str, what: str) -> Self:
        """Raises NOT_SUPPORTED, naming `what`."""
        parts: list[tuple[str, int | str]] = []
        at = 0
        while at < len(text):
            match = _PART.match(text, at)
            part = _part(match) if match else None
            if part is None:
                message = f"the date format '{text}' of {what} is not supported locally"
                raise QueryError("NOT_SUPPORTED", message)
            parts.append(part)
            at = match.end()
        found = [name for name, _ in parts if name]
        if "year" not in found or len(set(found)) != len(found):
            message = f"the date format '{text}' of {what} is not supported locally"
            raise QueryError("NOT_SUPPORTED", message)
        return cls(text, tuple(parts))

    @property
    def precision(self) -> str:
        """The finest field that the pattern writes."""
        return max((name for name, _ in self.parts if name), key=PRECISIONS.index)

    def write(self, moment: datetime) -> str:
        return "".join(
            _digits(getattr(moment, name), name, size) if name else size
            for name, size in self.parts
        )

    def read(self, text: str) -> datetime:
        """Fields that the pattern lacks are at their first value. Raises ValueError."""
        pattern = "".join(
            f"(?P<{name}>{_expression(name, size)})" if name else re.escape(size)
            for name, size in self.parts
        )
        match = re.fullmatch(pattern, text, re.ASCII)
        if match is None:
            raise ValueError(text)
        sizes = dict(self.parts)
        fields = {"month": 1, "day": 1}
        for name, digits in match.groupdict().items():
            fields[name] = int(digits)
            if name == "microsecond":
                fields[name] *= 10 ** (6 - sizes[name])
            if name == "year" and sizes[name] == 2:
                fields[name] += 2000
        return datetime(**fields)


def _part(match: re.Match[str]) -> tuple[str, int | str] | None:
    text = match[0]
    if text.startswith("'"):
        return "", text[1:-1].replace("''", "'") or "'"
    if not match["letter"]:
        return "", text
    name = _FIELDS.get(match["letter"])
    sizes = {"year": (1, 2, 4), "microsecond": (1, 2, 3, 4, 5, 6)}.get(name, (1, 2))
    return (name, len(text)) if name and len(text) in sizes else None


def _expression(name: str, size: int) -> str:
    if name == "year" and size == 1:
        return r"\d{1,4}"
    return r"\d\d?" if size == 1 and name != "microsecond" else rf"\d{{{size}}}"


def _digits(value: int, name: str, size: int) -> str:
    if name == "microsecond":
        return f"{value:06d}"[:size]
    if name == "year" and size == 2:
        value %= 100
    return f"{value:0{size}d}"
