"""A file as the objects it becomes: cut at line ends, each with the digest of its content."""

import codecs
import hashlib
import re
from dataclasses import dataclass, replace
from operator import methodcaller

import click

from loaders import documents
from loaders.sources import Source

# Bytes of lines an object holds: a compressed object is read by one task of the flatten job.
PART_BYTES = 128_000_000
# One JSON object over several lines.
WHOLE_JSON = re.compile(rb'\s*\{\s*\n\s+"')
DOCUMENT = re.compile(rb'(?:\xef\xbb\xbf)?[ \t]*\{[ \t]*"[^\0]*')
_without_blanks = methodcaller("strip", b" \t\r")


@dataclass(frozen=True)
class Part:
    """The bytes [start, start + size) of a file's lines; `number` counts from 1, of `parts`.

    `sha256`: of these bytes, uncompressed; `lines`: those that are not blank.
    """

    source: Source
    start: int
    size: int
    sha256: str
    lines: int
    is_seekable: bool
    number: int = 1
    parts: int = 1

    @property
    def name(self) -> str:
        """A file that is not cut gives its object its own name."""
        return self.source.name + (f"-{self.number:05}" if self.parts > 1 else "")

    @property
    def stem(self) -> str:
        """The object's key without its endings."""
        return self.source.folder + self.name


def parts_of(source: Source, part_bytes: int = PART_BYTES) -> list[Part]:
    """Read the file once; the same content gives the same parts.

    Raises click.ClickException for a file that is damaged, empty or no text of lines.
    """
    evidence = _Evidence()
    parts: list[Part] = []
    part = _Open(start=0)
    is_seekable = documents.is_seekable(source.path)
    for chunk in documents.chunks(source.path):
        evidence.add(chunk)
        while chunk:
            end = part.end_in(chunk, part_bytes)
            part.add(chunk[:end])
            chunk = chunk[end:]
            if chunk or part.is_full(part_bytes):
                parts.append(part.closed(source, is_seekable))
                part = _Open(part.start + part.size)
    if part.size:
        parts.append(part.closed(source, is_seekable))
    if problem := evidence.problem():
        raise click.ClickException(f"{source.path} {problem}")
    return [replace(part, number=number, parts=len(parts)) for number, part in enumerate(parts, 1)]


class _Open:
    """A part that is still being read."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.size = 0
        self._digest = hashlib.sha256()
        self._lines = 0
        self._line_has_text = False
        self._ends_in_line_end = False

    def end_in(self, chunk: bytes, limit: int) -> int:
        """How much of the chunk belongs to this part: up to the first line end at the limit."""
        if self.size + len(chunk) < limit:
            return len(chunk)
        return chunk.find(b"\n", max(0, limit - self.size - 1)) + 1 or len(chunk)

    def is_full(self, limit: int) -> bool:
        return self.size >= limit and self._ends_in_line_end

    def add(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        self.size += len(chunk)
        first, *others = chunk.split(b"\n")
        self._line_has_text |= bool(_without_blanks(first))
        if others:
            *whole, last = others
            self._lines += self._line_has_text + sum(map(bool, map(_without_blanks, whole)))
            self._line_has_text = bool(_without_blanks(last))
        self._ends_in_line_end = chunk.endswith(b"\n")

    def closed(self, source: Source, is_seekable: bool) -> Part:
        return Part(
            source=source,
            start=self.start,
            size=self.size,
            sha256=self._digest.hexdigest(),
            lines=self._lines + self._line_has_text,
            is_seekable=is_seekable,
        )


class _Evidence:
    """Whether a file is text of lines at all. A broken line, or most of them, is no reason to
    refuse it: one line that begins like a document is enough, or else that all of it is UTF-8."""

    def __init__(self) -> None:
        self._found_document = False
        self._is_utf8 = True
        self._is_blank = True
        self._is_empty = True
        self._is_one_value = False
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def add(self, chunk: bytes) -> None:
        if self._is_empty:
            self._is_empty = False
            self._is_one_value = WHOLE_JSON.match(chunk) is not None
        if self._found_document:
            return
        self._is_blank = self._is_blank and not chunk.strip()
        if self._is_utf8:
            try:
                self._decoder.decode(chunk)
                self._is_utf8 = b"\0" not in chunk
            except UnicodeDecodeError:
                self._is_utf8 = False
        self._found_document = any(map(DOCUMENT.fullmatch, chunk.split(b"\n")))

    def problem(self) -> str | None:
        if self._is_empty:
            return "is empty: remove it"
        if self._is_one_value:
            return (
                "is one JSON value over all its lines: convert it to NDJSON (`jq -c`), one a line"
            )
        if self._found_document:
            return None
        if self._is_blank:
            return "is blank: remove it"
        if not self._is_utf8:
            return "is not UTF-8 text: convert it to NDJSON, one JSON document a line"
        return None
