"""Real crawlers of a real endpoint: documents in, tables and what changed in them out."""

import gzip
import json
from typing import Any

import click
import pytest
from click.testing import CliRunner

from loaders import athena, aws, catalog, crawl, declare, raw_zone
from loaders.cli import main

EVENT = {"event_id": "e", "user_id": 7, "metadata": {"device": "mobile"}}


@pytest.fixture
def lake(pipeline: Any) -> Any:
    aws.ensure_buckets(pipeline.s3, pipeline.settings)
    return pipeline


def put(lake: Any, key: str, *documents: Any) -> None:
    lines = [line if isinstance(line, str) else json.dumps(line) for line in documents]
    body = gzip.compress("\n".join(lines).encode())
    lake.s3.put_object(Bucket=lake.settings.raw_bucket, Key=key, Body=body)


def news(lake: Any, *sources: str) -> dict[str, list[str]]:
    """{table: what changed} of a crawl."""
    wanted = sources or raw_zone.sources(lake.s3, lake.settings)
    crawled = crawl.crawl(lake.s3, lake.glue, lake.settings, wanted)
    return {title.removeprefix(f"{lake.settings.raw_database}."): words for title, words in crawled}


def query(lake: Any, statement: str) -> list[list[str | None]]:
    return athena.run(lake.athena, lake.settings, statement, lake.settings.raw_database)


def crawlers(lake: Any) -> list[str]:
    names = lake.glue.list_crawlers()["CrawlerNames"]
    return sorted(name for name in names if name.startswith(lake.settings.prefix))


def test_each_source_is_a_table_however_alike_they_are(lake: Any) -> None:
    put(lake, "logs/ingest_date=2025-01-01/a.json.gz", EVENT, "{broken")
    put(lake, "Web-Clicks/ingest_date=2025-01-01/a.json.gz", EVENT)
    put(lake, "Web-Clicks/ingest_date=2025-01-02/a.json.gz", EVENT)
    put(lake, "_manifests/a.json.gz", {"no": "source"})
    columns = "new table: event_id (string), user_id (int), metadata (nested object)"
    assert news(lake) == {
        "web_clicks": [
            columns,
            "2 new partitions: ingest_date=2025-01-01 to ingest_date=2025-01-02",
        ],
        "logs": [columns, "1 new partition: ingest_date=2025-01-01"],
    }
    assert query(lake, "select count(*), count(event_id) from logs") == [["2", "1"]]
    assert news(lake, "logs") == {"logs": ["nothing changed"]}


def test_drift_between_two_crawls_is_told_and_every_day_can_still_be_read(lake: Any) -> None:
    first, second = (f"logs/ingest_date=2025-01-0{day}/a.json.gz" for day in (1, 2))
    put(lake, first, EVENT | {"page": "/"})
    news(lake)
    put(lake, first, EVENT)
    put(lake, second, EVENT | {"user_id": "8", "metadata": {"device": {"os": "x"}, "beta": True}})
    assert news(lake) == {
        "logs": [
            "user_id was int, is now string",
            # of a text and an object Glue makes a text
            "new field metadata.beta (boolean)",
            "page no longer occurs",
            "1 new partition: ingest_date=2025-01-02",
        ]
    }
    rows = query(lake, "select user_id, metadata.device from logs order by ingest_date")
    assert rows == [["7", "mobile"], ["8", '{"os":"x"}']]


def test_a_failed_crawl_is_told_in_words_and_stops_no_other(lake: Any) -> None:
    put(lake, "logs/ingest_date=2025-01-01/a.json.gz", EVENT)
    put(lake, "apples/ingest_date=2025-01-01/a.json.gz", "no JSON at all")
    result = CliRunner().invoke(main, ["crawl"])
    assert result.exit_code == 1
    assert f"{lake.settings.raw_database}.logs: new table: event_id (string)" in result.stdout
    assert result.stderr.startswith(
        f"Error: the crawler {lake.settings.crawler}-apples ended as FAILED: "
        f"s3://{lake.settings.raw_bucket}/apples/"
    )
    assert "(log: /aws-glue/crawlers, stream" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_crawl_that_runs_already_is_waited_for(lake: Any) -> None:
    put(lake, "logs/ingest_date=2025-01-01/a.json.gz", *[EVENT] * 50_000)
    news(lake)
    put(lake, "logs/ingest_date=2025-01-02/a.json.gz", EVENT)
    lake.glue.start_crawler(Name=crawlers(lake)[0])
    (words,) = news(lake)["logs"]
    # as the other crawl was faster or not than we were to look
    assert words in ("nothing changed", "1 new partition: ingest_date=2025-01-02")
    assert query(lake, "select count(*) from logs") == [["50001"]]


def test_zstd_is_refused_before_anything_runs(lake: Any) -> None:
    put(lake, "logs/ingest_date=2025-01-01/a.json.gz", EVENT)
    put(lake, "users/ingest_date=2025-01-01/a.json.zst", EVENT)
    with pytest.raises(click.ClickException, match=r"users/.*zst is: `uap declare --source users`"):
        news(lake)
    assert crawlers(lake) == []


def test_a_declared_table_is_not_crawled(lake: Any) -> None:
    put(lake, "logs/ingest_date=2025-01-01/a.json.gz", EVENT)
    put(lake, "users/ingest_date=2025-01-01/a.json.gz", EVENT)
    declare.declare(lake.s3, lake.glue, lake.athena, lake.settings, "logs")
    before = catalog.get_table(lake.glue, lake.settings.raw_database, "logs")
    (words,) = news(lake)["logs"]
    assert words.startswith("declared, needs no crawl (`drop table ")
    assert catalog.get_table(lake.glue, lake.settings.raw_database, "logs") == before
    assert crawlers(lake) == [f"{lake.settings.crawler}-users"]
    # the way back that it names
    query(lake, words.split("`")[1])
    assert news(lake, "logs")["logs"][0].startswith("new table")


def test_what_is_no_source_is_named(lake: Any) -> None:
    with pytest.raises(click.ClickException, match="holds no documents: `uap upload`"):
        raw_zone.sources(lake.s3, lake.settings)
    put(lake, "a-b/ingest_date=2025-01-01/a.json.gz", EVENT)
    with pytest.raises(click.ClickException, match="/logs/ holds no documents: there are a-b"):
        raw_zone.sources(lake.s3, lake.settings, ["a-b", "logs"])
    put(lake, "a_b/ingest_date=2025-01-01/a.json.gz", EVENT)
    with pytest.raises(click.ClickException, match="a-b and a_b would both be the table a_b"):
        raw_zone.sources(lake.s3, lake.settings)
