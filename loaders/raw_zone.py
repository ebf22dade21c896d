"""What the raw zone holds: `s3://<raw>/<source>/ingest_date=YYYY-MM-DD/<object>`."""

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import date

import click
from botocore.client import BaseClient

from loaders import aws
from loaders.settings import Settings

DAY_FOLDER = re.compile(r"ingest_date=(\d{4}-\d\d-\d\d)/")


def url(settings: Settings, source: str) -> str:
    return f"s3://{settings.raw_bucket}/{source}/"


def table_name(source: str) -> str:
    """The raw table of a source: its folder's name as a Glue crawler spells it."""
    return re.sub(r"[^a-z0-9_]", "_", source.lower())


def sources(s3: BaseClient, settings: Settings, wanted: Sequence[str] = ()) -> list[str]:
    """Names of the sources that have objects, sorted; folders that begin with `_` are none.

    Only the wanted ones, if any are named. Raises click.ClickException when there is no source or
    not a wanted one, and when two would have one table.
    """
    try:
        folders = [
            folder.rstrip("/")
            for folder in aws.folders(s3, settings.raw_bucket, "")
            if not folder.startswith(("_", "."))
        ]
    except s3.exceptions.NoSuchBucket:
        folders = []
    if not folders:
        raise click.ClickException(
            f"s3://{settings.raw_bucket}/ holds no documents: `uap upload` lands some"
        )
    tables = defaultdict(list)
    for folder in folders:
        tables[table_name(folder)].append(folder)
    for name, rivals in tables.items():
        if len(rivals) > 1:
            raise click.ClickException(
                f"the sources {' and '.join(rivals)} would both be the table {name}: land one of "
                "them under another name"
            )
    if missing := set(wanted).difference(folders):
        raise click.ClickException(
            f"{url(settings, min(missing))} holds no documents: there are {', '.join(folders)}"
        )
    return sorted(set(wanted)) or folders


def ingest_dates(s3: BaseClient, settings: Settings, source: str) -> list[date]:
    """The days on which a source has objects, sorted.

    Raises click.ClickException for a folder that is no day: no table would read it.
    """
    days = []
    for folder in aws.folders(s3, settings.raw_bucket, f"{source}/"):
        day = DAY_FOLDER.fullmatch(folder)
        try:
            days.append(date.fromisoformat(day[1]))
        except (TypeError, ValueError):
            raise click.ClickException(
                f"{url(settings, source)}{folder} is no folder ingest_date=YYYY-MM-DD: move it away"
            ) from None
    return days
