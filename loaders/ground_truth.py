"""What a generated data set holds, counted while it was drawn: `<out>/ground_truth.json`.

Keys: `parameters`; `documents` (lines written), `unique_events`, `duplicates`, `malformed`,
`late`; `malformed_by_reason` {quarantine reason: lines}; `by_ingest_date` {date: {lines,
duplicates, malformed, late}}; `by_location_action` [{location, action, events}] and
`by_day_location_action` [{event_date, location, action, events}] over unique valid events, logout
included; `purchase_items` (basket lines of those events); `files` {path under <out>: bytes}.
All counts are exact.
"""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

FILE = "ground_truth.json"

# What the flatten job's quarantine says of each kind of malformed line that generate writes.
REASONS = {
    "truncated": "malformed_json",
    "not_json": "malformed_json",
    "missing_field": "missing_field",
    "bad_type": "bad_type",
    "bad_timestamp": "bad_timestamp",
}

Truth = dict[str, Any]


class Tally:
    """Adds up the counts of the files as they are written."""

    def __init__(self, start: date, days: int) -> None:
        self.dates = [(start + timedelta(days=day)).isoformat() for day in range(days)]
        self.by_day = defaultdict[int, Counter[str]](Counter)
        self.reasons = Counter(dict.fromkeys(sorted(set(REASONS.values())), 0))
        self.events = Counter[tuple[str, str, str]]()
        self.items = 0
        self.files: dict[str, int] = {}

    def add_file(self, path: str, size: int, day: int, groups: Iterable[tuple]) -> None:
        """`groups`: rows of (kind, is_late, location, action, event_day, lines, items)."""
        self.files[path] = size
        counts = self.by_day[day]
        for kind, is_late, location, action, event_day, lines, items in groups:
            counts["lines"] += lines
            if kind == "event":
                counts["late"] += lines if is_late else 0
                self.events[self.dates[event_day], location, action] += lines
                self.items += items
            elif kind == "duplicate":
                counts["duplicates"] += lines
            else:
                counts["malformed"] += lines
                self.reasons[REASONS[kind]] += lines

    def truth(self, parameters: dict[str, Any]) -> Truth:
        """The finished ground truth, in one fixed order."""
        total = sum(self.by_day.values(), Counter())
        by_location_action = Counter[tuple[str, str]]()
        for (_, location, action), events in self.events.items():
            by_location_action[location, action] += events
        return {
            "parameters": parameters,
            "documents": total["lines"],
            "unique_events": self.events.total(),
            "duplicates": total["duplicates"],
            "malformed": total["malformed"],
            "late": total["late"],
            "malformed_by_reason": dict(self.reasons),
            "by_ingest_date": {
                day: {
                    key: self.by_day[number][key]
                    for key in ("lines", "duplicates", "malformed", "late")
                }
                for number, day in enumerate(self.dates)
            },
            "by_location_action": [
                {"location": location, "action": action, "events": events}
                for (location, action), events in sorted(by_location_action.items())
            ],
            "by_day_location_action": [
                {"event_date": day, "location": location, "action": action, "events": events}
                for (day, location, action), events in sorted(self.events.items())
            ],
            "purchase_items": self.items,
            "files": dict(sorted(self.files.items())),
        }


def write(truth: Truth, folder: Path) -> None:
    """Appears whole or not at all."""
    partial = folder / f".{FILE}.partial"
    with partial.open("w", encoding="utf-8") as file:
        json.dump(truth, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / FILE)


def read(path: Path) -> Truth:
    """Raises click.ClickException when the file is missing or is not a ground truth."""
    try:
        truth = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(truth, dict) and truth.keys() >= {"parameters", "by_location_action"}:
            return truth
    except FileNotFoundError:
        raise click.ClickException(f"{path} is missing: `uap generate` writes it") from None
    except ValueError:
        pass
    raise click.ClickException(f"{path} is not a ground truth written by `uap generate`")


def events_by_location_action(
    truth: Truth, dropped_actions: Collection[str]
) -> dict[tuple[str, str], int]:
    """{(location, action): events} of what the flatten job keeps."""
    return {
        (row["location"], row["action"]): row["events"]
        for row in truth["by_location_action"]
        if row["action"] not in dropped_actions
    }
