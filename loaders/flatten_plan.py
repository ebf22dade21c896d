"""What a flatten run has to read: the raw objects beside the ledger of those that were read."""

import hashlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import click
from botocore.client import BaseClient

from glue import mapping
from loaders import aws, conservation, glue_job, mapping_files, parallel, raw_zone
from loaders.cleaned_state import State
from loaders.conservation import Entry
from loaders.settings import LOGS, Settings

WORKERS = 16


@dataclass(frozen=True)
class Sources:
    """`mappings`: source -> the text of its mapping file. `rules`: source -> a digest of all that
    decides how its lines are read."""

    mappings: dict[str, str]
    rules: dict[str, str]


@dataclass
class Work:
    """`objects`: to read, see glue.raw_objects.RawObject. `again`: url -> event dates of those
    that were read before. `listings`: see State; of what was looked at."""

    objects: list[dict[str, Any]] = field(default_factory=list)
    again: dict[str, list[str]] = field(default_factory=dict)
    listings: dict[str, str] = field(default_factory=dict)

    def add(self, raw: dict[str, Any], entry: Entry | None) -> None:
        self.objects.append(raw)
        if entry:
            self.again[raw["url"]] = entry.get("event_dates", [])


# Of an object and its ledger entry, if it was read before: whether to read it.
Wanted = Callable[[dict[str, Any], Entry | None], bool]


def new(raw: dict[str, Any], entry: Entry | None) -> bool:
    """Not read yet, or replaced by other content since."""
    return entry is None or entry["etag"] != raw["etag"]


def every(_raw: dict[str, Any], _entry: Entry | None) -> bool:
    return True


def quarantined(reasons: Collection[str], rules: dict[str, str], force: bool) -> Wanted:
    """Read before with lines in the quarantine (for one of the reasons, if any is named), and by
    other rules than now unless forced."""

    def wanted(raw: dict[str, Any], entry: Entry | None) -> bool:
        if entry is None or not set(reasons or entry.get("quarantined", {})).intersection(
            entry.get("quarantined", {})
        ):
            return False
        return force or entry["rules"] != rules[raw["source"]] or entry["etag"] != raw["etag"]

    return wanted


def sources(s3: BaseClient, settings: Settings) -> Sources:
    """The sources of events: `logs`, and those with a mapping file.

    Raises click.ClickException for a mapping file that is none.
    """
    mappings = {}
    for entry in aws.objects(s3, settings.artifacts_bucket, mapping_files.FOLDER):
        name = Path(entry["Key"]).stem
        body = s3.get_object(Bucket=settings.artifacts_bucket, Key=entry["Key"])["Body"].read()
        try:
            mapping.parse(text := body.decode())
        except ValueError as error:
            raise click.ClickException(
                f"s3://{settings.artifacts_bucket}/{entry['Key']}: {error}; "
                "`uap upload --mapping` replaces it"
            ) from None
        mappings[name] = text
    code = hashlib.sha256()
    for path in sorted(glue_job.SCRIPTS.glob("*.py")):
        if path.name.startswith(("event_", "fast_", "mapping", "raw_")):
            code.update(path.read_bytes())
    rules = {
        source: hashlib.sha256(code.digest() + mappings.get(source, "").encode()).hexdigest()[:16]
        for source in (LOGS, *mappings)
    }
    return Sources(mappings, rules)


def plan(
    s3: BaseClient,
    settings: Settings,
    state: State,
    rules: dict[str, str],
    wanted: Wanted = new,
    first: date = date.min,
    last: date = date.max,
) -> Work:
    """The objects to read, arrived from `first` to `last`.

    Day by day, so that memory holds one day's listing; a day whose listing is the one that was
    read is done with one call. Raises click.ClickException for objects outside of a day's folder.
    """
    days = [
        (source, day)
        for source in sorted(rules)
        for day in _days(s3, settings, source)
        if first <= day <= last
    ]
    work = Work()

    def look(place: tuple[str, date]) -> tuple[str, str, list[tuple[dict, Entry | None]]]:
        source, day = place
        listed = list(_objects(s3, settings, source, day))
        digest = _digest(listed)
        name = f"{source}/{day}"
        if wanted is new and state.listings.get(name) == digest:
            return name, digest, []
        ledger = conservation.read(s3, settings, state, str(day))
        entries = ((raw, ledger.get(raw["url"])) for raw in listed)
        return name, digest, [(raw, entry) for raw, entry in entries if wanted(raw, entry)]

    for name, digest, found in parallel.each(look, days, WORKERS):
        for raw, entry in found:
            work.add(raw, entry)
        if wanted in (new, every):
            work.listings[name] = digest
    work.objects.sort(key=lambda raw: raw["url"])
    return work


def _days(s3: BaseClient, settings: Settings, source: str) -> list[date]:
    loose = next(aws.files(s3, settings.raw_bucket, f"{source}/"), None)
    if loose:
        raise click.ClickException(
            f"s3://{settings.raw_bucket}/{loose['Key']} is in no folder ingest_date=YYYY-MM-DD: "
            "move it into the folder of the day it arrived"
        )
    return raw_zone.ingest_dates(s3, settings, source)


def _objects(
    s3: BaseClient, settings: Settings, source: str, day: date
) -> Iterator[dict[str, Any]]:
    folder = f"{source}/ingest_date={day}/"
    for entry in aws.objects(s3, settings.raw_bucket, folder):
        # As Athena and Spark have it, what begins like this is no data.
        parts = entry["Key"].removeprefix(folder).split("/")
        if parts[-1] and not any(part.startswith(("_", ".")) for part in parts):
            yield {
                "url": f"s3://{settings.raw_bucket}/{entry['Key']}",
                "etag": entry["ETag"].strip('"'),
                "size": entry["Size"],
                "ingest_date": str(day),
                "source": source,
            }


def _digest(listed: list[dict[str, Any]]) -> str:
    digest = hashlib.sha256()
    for raw in listed:
        digest.update(f"{raw['url']}\0{raw['etag']}\0".encode())
    return digest.hexdigest()[:16]
