"""Read the ledger that the flatten job writes: a line of JSON a raw object."""

import gzip
import json
from typing import Any

from botocore.client import BaseClient

from loaders import aws
from loaders.cleaned_state import State
from loaders.settings import Settings

TABLE = "flatten_ledger"

# The fields of glue.ledger.Entry.
Entry = dict[str, Any]


def read(s3: BaseClient, settings: Settings, state: State, ingest_date: str) -> dict[str, Entry]:
    """The published entries of one day of arrival, by source object."""
    run = state.partitions.get(TABLE, {}).get(ingest_date)
    if run is None:
        return {}
    folder = f"{TABLE}/run={run}/ingest_date={ingest_date}/"
    entries = {}
    for listed in aws.objects(s3, settings.cleaned_bucket, folder):
        body = s3.get_object(Bucket=settings.cleaned_bucket, Key=listed["Key"])["Body"].read()
        for line in gzip.decompress(body).splitlines():
            entry = json.loads(line)
            entries[entry["source_object"]] = entry
    return entries


def in_words(totals: dict[str, Any]) -> str:
    """One line of what became of the lines of some objects."""
    quarantined = sum(totals["quarantined"].values())
    words = (
        f"{totals['lines']:,} lines in {totals['objects']:,} objects: "
        f"{totals['cleaned']:,} cleaned, {totals['dropped']:,} dropped, "
        f"{totals['duplicates']:,} duplicates, {quarantined:,} quarantined"
    )
    if quarantined:
        words += f" ({_counts(totals['quarantined'])})"
    if totals["conversions"]:
        words += f"; types converted: {_counts(totals['conversions'])}"
    return words


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())
