"""Raw tables by DDL with partition projection, read through Athena without any crawl."""

import gzip
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import pytest
import zstandard
from click.testing import CliRunner

from loaders import athena, aws, crawl, declare, raw_zone
from loaders.cli import main

# What a sender may put on a line of logs: each of these, and only these, is a row.
LINES = [
    '{"event_id":"a","user_id":7,"metadata":{"device":"mobile"},"new":1}',
    '{"event_id":"b","user_id":"8","metadata":"none"}',
    '{"event_id":"c","user_id":[9],"metadata":[1]}',
    '{"event_id":"d","user_id":1.5,"action":null}',
    '{"event_id":"e"}{"event_id":"f"}',
    '{"event_id":"f","Event_Id":"h","event_id":"i"}',
    '{"event_id":"g',
    "\\N",
    "plain\x01text, with; all | delimiters\t",
]


@pytest.fixture
def lake(pipeline: Any) -> Any:
    aws.ensure_buckets(pipeline.s3, pipeline.settings)
    return pipeline


def put(lake: Any, key: str, *lines: str) -> None:
    text = "\n".join(lines).encode()
    body = zstandard.compress(text) if key.endswith(".zst") else gzip.compress(text)
    lake.s3.put_object(Bucket=lake.settings.raw_bucket, Key=key, Body=body)


def run(lake: Any, source: str) -> declare.Declared:
    return declare.declare(lake.s3, lake.glue, lake.athena, lake.settings, source)


def query(lake: Any, statement: str) -> list[list[str | None]]:
    return athena.run(lake.athena, lake.settings, statement, lake.settings.raw_database)


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_a_new_day_is_read_at_once(lake: Any, ending: str) -> None:
    put(lake, f"logs/ingest_date=2025-01-30/a.json.{ending}", LINES[0])
    assert run(lake, "logs").first.isoformat() == "2025-01-30"
    days = "select ingest_date, count(*) from logs group by 1 order by 1"
    assert query(lake, days) == [["2025-01-30", "1"]]
    put(lake, f"logs/ingest_date=2025-02-01/a.json.{ending}", *LINES)
    today = datetime.now(UTC).date().isoformat()
    put(lake, f"logs/ingest_date={today}/a.json.{ending}", *LINES[:2])
    assert query(lake, days) == [["2025-01-30", "1"], ["2025-02-01", "9"], [today, "2"]]
    assert query(lake, "select count(*) from logs where ingest_date = '2025-02-01'") == [["9"]]


def test_no_line_of_logs_fails_a_query(lake: Any) -> None:
    put(lake, "logs/ingest_date=2025-01-01/a.json.gz", *LINES)
    run(lake, "logs")
    rows = query(lake, "select event_id, user_id, metadata from logs order by event_id")
    assert rows == [
        ["a", "7", '{"device":"mobile"}'],
        ["b", "8", "none"],
        ["c", "[9]", "[1]"],
        ["d", "1.5", None],
        ["e", None, None],  # what follows the first object is not read
        ["i", None, None],  # of equal keys the last counts
        *[[None, None, None]] * 3,
    ]


def test_profiles_have_columns(lake: Any) -> None:
    profile = {
        "user_id": 7,
        "name": "A",
        "email": "a@example.com",
        "country": "SE",
        "plan": "free",
        "signed_up_at": "2024-12-01T00:00:00Z",
        "updated_at": "2025-01-01T00:00:00Z",
    }
    put(lake, "users/ingest_date=2025-01-01/a.json.gz", json.dumps(profile))
    run(lake, "users")
    columns = ", ".join(profile)
    assert query(lake, f"select {columns} from users") == [list(map(str, profile.values()))]


def test_a_source_of_another_shape_is_its_lines(lake: Any) -> None:
    put(lake, "web-clicks/ingest_date=2025-01-01/a.json.gz", *LINES)
    title, _, news = run(lake, "web-clicks")
    assert title.endswith(".web_clicks")
    assert news == ["new table: line (string)"]
    rows = query(lake, "select line from web_clicks where ingest_date = '2025-01-01'")
    assert Counter(line for (line,) in rows) == Counter(LINES)
    parsed = "select json_extract_scalar(line, '$.metadata.device') from web_clicks order by 1"
    assert query(lake, parsed)[0] == ["mobile"]


def test_it_takes_a_crawled_tables_place_and_then_does_nothing(lake: Any) -> None:
    put(lake, "logs/ingest_date=2025-01-02/a.json.gz", LINES[0])
    list(crawl.crawl(lake.s3, lake.glue, lake.settings, ["logs"]))
    assert run(lake, "logs").news == [
        "takes the crawled table's place",
        "user_id was int, is now string",
        "new field action (string)",
        "new field timestamp (string)",
        "metadata was struct<device:string>, is now string",
        "new no longer occurs",
    ]

    statements = Counter()
    lake.athena.meta.events.register(
        "before-call.athena.StartQueryExecution",
        lambda model, **_: statements.update([model.name]),
    )
    assert run(lake, "logs").news == ["nothing changed"]
    assert not statements

    # an older day was out of its range
    put(lake, "logs/ingest_date=2025-01-01/a.json.gz", LINES[0])
    assert query(lake, "select count(*) from logs") == [["1"]]
    assert run(lake, "logs").news == ["declared anew"]
    assert query(lake, "select count(*) from logs") == [["2"]]


def test_what_the_table_would_not_read_is_refused(lake: Any) -> None:
    with pytest.raises(click.ClickException, match=r"/logs/ holds no documents"):
        run(lake, "logs")
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    put(lake, f"logs/ingest_date={tomorrow}/a.json.gz", LINES[0])
    with pytest.raises(click.ClickException, match=f"ingest_date={tomorrow}/ lies in the future"):
        run(lake, "logs")
    for folder in ("ingest_date=2025-1-1", "ingest_date=20250101", "ingest_date=2025-02-30", "x"):
        key = f"logs/{folder}/a.json.gz"
        put(lake, key, LINES[0])
        with pytest.raises(click.ClickException, match=f"{folder}/ is no folder ingest_date="):
            run(lake, "logs")
        lake.s3.delete_object(Bucket=lake.settings.raw_bucket, Key=key)
    assert raw_zone.ingest_dates(lake.s3, lake.settings, "logs") == [tomorrow]
    with pytest.raises(lake.glue.exceptions.EntityNotFoundException):
        lake.glue.get_table(DatabaseName=lake.settings.raw_database, Name="logs")


def test_the_command_says_from_when_on_each_table_reads(lake: Any) -> None:
    put(lake, "logs/ingest_date=2025-01-01/a.json.gz", LINES[0])
    put(lake, "clicks/ingest_date=2025-01-02/a.json.gz", LINES[0])
    result = CliRunner().invoke(main, ["declare"])
    assert result.exit_code == 0, result.output
    database = lake.settings.raw_database
    clicks, logs = result.stdout.splitlines()
    assert clicks.startswith(
        f"{database}.clicks: new table: line (string). Reads what was landed from 2025-01-02 on: "
    )
    assert logs.startswith(f"{database}.logs: new table: event_id (string), user_id (string), ")
