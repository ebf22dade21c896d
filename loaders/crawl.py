"""Crawl the raw zone: Glue infers the schema of a source's JSON documents into a table.

A crawler a source: two sources of like shape can never become one table, one that fails stops no
other, and Glue runs them side by side.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import click
from botocore.client import BaseClient

from loaders import aws, catalog, console, raw_zone
from loaders.settings import Settings

CONFIGURATION = {
    "Version": 1.0,
    # Partitions take the table's schema, or Athena refuses those of before a change.
    "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}},
    # One table a source however much its days differ; else Glue makes a table of each unlike day.
    # https://docs.aws.amazon.com/glue/latest/dg/crawler-grouping-policy.html
    "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas"},
}


class Crawled(NamedTuple):
    """`title`: database.table; `news`: what the crawl has changed in it, in words."""

    title: str
    news: list[str]


def crawl(
    s3: BaseClient, glue: BaseClient, settings: Settings, sources: Sequence[str]
) -> Iterator[Crawled]:
    """Create or update the crawlers, run them side by side and wait; a result for each source.

    A table that is declared with partition projection (declare.py) is left as it is.
    Raises click.ClickException before anything runs when a source holds what no crawler reads,
    and after the last one when crawlers failed or found no documents.
    """
    for source in sources:
        _check(s3, settings, source)
    aws.ensure_database(glue, settings.raw_database)
    before = {}
    for source in sources:
        name = raw_zone.table_name(source)
        table = catalog.get_table(glue, settings.raw_database, name)
        if table and catalog.is_projected(table):
            yield Crawled(_title(table), [f"declared, needs no crawl ({_way_back(table)})"])
            continue
        # Before the crawl that a killed run may have left running.
        before[source] = catalog.snapshot(glue, settings.raw_database, name)
        _put_crawler(glue, settings, source)
        glue.start_crawler(Name=_name(settings, source))
    problems = []
    for source, old in before.items():
        problem = _problem(_wait(glue, _name(settings, source)))
        table = catalog.get_table(glue, settings.raw_database, raw_zone.table_name(source))
        if problem:
            problems.append(problem)
        elif not table:
            problems.append(
                f"the crawler found no documents in {raw_zone.url(settings, source)}: "
                "`uap upload` lands some"
            )
        else:
            catalog.skip_malformed_lines(glue, table)
            new = catalog.snapshot(glue, settings.raw_database, table["Name"])
            yield Crawled(_title(table), catalog.news(old, new))
    if problems:
        raise click.ClickException("; ".join(problems))


def _check(s3: BaseClient, settings: Settings, source: str) -> None:
    objects = aws.objects(s3, settings.raw_bucket, f"{source}/")
    # https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html lists the compressions.
    if foreign := next((each["Key"] for each in objects if each["Key"].endswith(".zst")), None):
        raise click.ClickException(
            f"Glue's crawlers read no zstd, and {settings.raw_bucket}/{foreign} is: "
            f"`uap declare --source {source}` makes a table without a crawl"
        )


def _put_crawler(glue: BaseClient, settings: Settings, source: str) -> None:
    crawler = {
        "Name": _name(settings, source),
        "Role": settings.role,
        "DatabaseName": settings.raw_database,
        "Targets": {"S3Targets": [{"Path": raw_zone.url(settings, source)}]},
        "SchemaChangePolicy": {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"},
        "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
        "Configuration": json.dumps(CONFIGURATION),
    }
    try:
        glue.create_crawler(**crawler)
    except glue.exceptions.AlreadyExistsException:
        _wait(glue, crawler["Name"])  # a running crawler cannot be updated
        glue.update_crawler(**crawler)


def _name(settings: Settings, source: str) -> str:
    return f"{settings.crawler}-{source}"


def _wait(glue: BaseClient, name: str) -> dict[str, Any]:
    """Until the crawler is at rest; returns Glue's `Crawler`."""
    with console.progress() as progress:
        task = progress.add_task(f"Crawler {name}", total=None)

        def ask() -> dict[str, Any]:
            crawler = glue.get_crawler(Name=name)["Crawler"]
            seconds = crawler.get("CrawlElapsedTime", 0) // 1000
            state = crawler["State"].lower()
            progress.update(task, description=f"Crawler {name}: {state}, {seconds} s")
            return crawler

        return aws.poll(ask, lambda crawler: crawler["State"] == "READY", first=0.2, longest=5)


def _problem(crawler: dict[str, Any]) -> str | None:
    last = crawler.get("LastCrawl", {})
    if last.get("Status") == "SUCCEEDED":
        return None
    reason = " ".join(last.get("ErrorMessage", "Glue gives no reason").split())
    log = f"{last.get('LogGroup', '/aws-glue/crawlers')}, stream {last.get('LogStream')}"
    return (
        f"the crawler {crawler['Name']} ended as {last.get('Status', 'unknown')}: {reason} "
        f"(log: {log})"
    )


def _title(table: dict[str, Any]) -> str:
    return f"{table['DatabaseName']}.{table['Name']}"


def _way_back(table: dict[str, Any]) -> str:
    return f"`drop table {_title(table)}` in Athena to have it crawled again"
