"""Declare raw tables by DDL with partition projection, the alternative to a crawl.

Athena works the days out from the table's properties: a day is there to be read as soon as its
first object is, nothing has to run for it, and no query asks Glue for partitions.
https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html

Every column is text, nested objects are the text of their JSON: a SerDe that is told a type fails
the whole query (HIVE_BAD_DATA) at the first line that holds another, and raw lines hold anything.
"""

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import click
from botocore.client import BaseClient

from loaders import athena, aws, catalog, raw_zone
from loaders.drift import drift
from loaders.settings import Settings

DDL = Path(__file__).parent / "ddl"
# What is known of the documents of these; the lines of any other source are one column, `line`.
STATEMENTS = {"logs": "raw_logs.sql", "users": "raw_users.sql"}
LINES = "raw_lines.sql"
# A table property: of the statement the table was declared with.
DIGEST = "uap.declaration"


class Declared(NamedTuple):
    """`title`: database.table; `first`: the first day it reads; `news`: what changed, in words."""

    title: str
    first: date
    news: list[str]


def declare(
    s3: BaseClient,
    glue: BaseClient,
    athena_client: BaseClient,
    settings: Settings,
    source: str,
) -> Declared:
    """Declare the table of a source, from the first day that it has objects on.

    Takes the place of a crawled table; one that is declared like this already is left alone.
    Raises click.ClickException for a source without objects, and for days to come: the table
    would hide them.
    """
    first = _first_day(s3, settings, source)
    database, name = settings.raw_database, raw_zone.table_name(source)
    statement, digest = _statement(settings, source, first)
    title = f"{database}.{name}"
    aws.ensure_database(glue, database)
    table = catalog.get_table(glue, database, name)
    if table and table.get("Parameters", {}).get(DIGEST) == digest:
        return Declared(title, first, ["nothing changed"])
    old = catalog.snapshot(glue, database, name)
    if table:
        # External: only the declaration goes. A run that dies here is mended by the next.
        athena.run(athena_client, settings, f"drop table `{database}`.`{name}`", database)
    athena.run(athena_client, settings, statement, database)
    new = catalog.snapshot(glue, database, name)
    if table is None:
        return Declared(title, first, catalog.news(None, new))
    replaced = "declared anew" if catalog.is_projected(table) else "takes the crawled table's place"
    return Declared(title, first, [replaced, *drift(old.columns, new.columns)])


def _first_day(s3: BaseClient, settings: Settings, source: str) -> date:
    days = raw_zone.ingest_dates(s3, settings, source)
    if not days:
        raise click.ClickException(
            f"{raw_zone.url(settings, source)} holds no documents: `uap upload` lands some"
        )
    today = datetime.now(UTC).date()
    if days[-1] > today:
        raise click.ClickException(
            f"{raw_zone.url(settings, source)}ingest_date={days[-1]}/ lies in the future, and the "
            f"table would read up to today, {today} (UTC): land it under the day it came in, or "
            f"`uap crawl --source {source}`"
        )
    return days[0]


def _statement(settings: Settings, source: str, first: date) -> tuple[str, str]:
    """The DDL, and the digest of it that it leaves in the table."""
    ddl = (DDL / STATEMENTS.get(source, LINES)).read_text(encoding="utf-8")
    values = {
        "database": settings.raw_database,
        "table": raw_zone.table_name(source),
        "location": raw_zone.url(settings, source),
        "first": first,
    }
    digest = hashlib.sha256(ddl.format(**values, digest="").encode()).hexdigest()
    return ddl.format(**values, digest=digest), digest
