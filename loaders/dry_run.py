"""What the flatten job would make of documents, without landing them."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from glue.event_document import OVERSIZED_LINE, Number, Rejected, parse_event
from glue.mapping import Mapping
from loaders import documents
from loaders.settings import USERS
from loaders.sources import Source

COUNTED = 1000
SHOWN = 3
# Bytes of a line: longer ones are quarantined.
LONGEST_LINE = 16 << 20
LONGEST_TEXT = 2000  # characters of a document that are shown
EVENT = "event"


@dataclass(frozen=True)
class DryRun:
    """`outcomes`: {event or a reason code: lines}, of the first COUNTED lines that are not blank;
    `table`: the first SHOWN documents as they were received and as they are mapped."""

    outcomes: Counter[str]
    table: Table

    def in_words(self) -> str:
        lines = self.outcomes.total()
        reasons = [
            f"{count:,} {reason}"
            for reason, count in sorted(self.outcomes.items())
            if reason != EVENT
        ]
        return (
            f"Of the first {lines:,} lines {self.outcomes[EVENT]:,} are events, "
            f"{lines - self.outcomes[EVENT]:,} would be quarantined"
            + (f" ({', '.join(reasons)})." if reasons else ".")
        )


def dry_run(sources: Sequence[Source], mapping: Mapping | None) -> DryRun:
    """Raises click.ClickException when a file cannot be read, and for profiles of users."""
    if any(source.zone == USERS for source in sources):
        raise click.ClickException(f"{USERS} are no events: a dry run shows what events become")
    outcomes = Counter[str]()
    table = Table("as received", "mapped", "outcome", show_lines=True)
    for number, line in enumerate(islice(lines_of(sources), COUNTED)):
        outcome = _outcome(line, mapping)
        outcomes[outcome] += 1
        if number < SHOWN:
            received = _document(line)
            shown = received if mapping is None or received is None else mapping.apply(received)
            table.add_row(_as_text(received, line), _as_text(shown, b""), Text(outcome))
    return DryRun(outcomes, table)


def lines_of(sources: Sequence[Source]) -> Iterator[bytes]:
    """As they would be landed, but for blank ones; of too long ones the beginning."""
    for source in sources:
        line = b""
        for chunk in documents.chunks(source.path):
            *whole, rest = chunk.split(b"\n")
            if whole:
                whole[0] = line + whole[0]
                line = b""
                yield from (each for each in whole if each.strip(b" \t\r"))
            line = (line + rest)[: LONGEST_LINE + 1]
        if line.strip(b" \t\r"):
            yield line


def _outcome(line: bytes, mapping: Mapping | None) -> str:
    if len(line) > LONGEST_LINE:
        return OVERSIZED_LINE
    try:
        parse_event(line, mapping)
    except Rejected as rejected:
        return rejected.reason
    return EVENT


def _document(line: bytes) -> dict[str, Any] | None:
    """None for what is no JSON object."""
    try:
        document = json.loads(line[:LONGEST_LINE], parse_float=Number)
    except (ValueError, RecursionError, ArithmeticError):
        return None
    return document if type(document) is dict else None


def _as_text(document: dict[str, Any] | None, line: bytes) -> Text:
    if document is None:
        text = line[:LONGEST_TEXT].decode(errors="replace")
    else:
        # Numbers as they were written, which json.dumps knows of floats only.
        text = json.dumps(
            document, indent=1, ensure_ascii=False, default=lambda n: "\0" + str(n) + "\0"
        )
        text = re.sub(r'"\\u0000(.*?)\\u0000"', r"\1", text)
    text = text.encode(errors="replace").decode()  # half a surrogate pair cannot be printed
    return Text(text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]} …")
