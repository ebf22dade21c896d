"""From files to cleaned tables against localaws, which runs the real Glue job on Spark."""

from datetime import date
from pathlib import Path

import click
import pytest

from loaders import athena, aws, crawl, flatten, generate, ground_truth, upload


@pytest.mark.slow
def test_cleaned_tables_are_the_ground_truth_in_both_formats(tmp_path: Path, pipeline) -> None:
    settings, s3, glue, athena_client = pipeline
    truth, _ = generate.generate(generate.Parameters(events=2_000), tmp_path / "data")
    sources = upload.find_sources([tmp_path / "data" / "logs"], date(2025, 1, 1))
    upload.upload(sources, s3, settings)

    def query(statement: str) -> list[list[str | None]]:
        return athena.run(athena_client, settings, statement, settings.cleaned_database)

    # crawled: malformed lines do not fail a query of the raw table, before and after a re-crawl
    for _ in range(2):
        ((_, news),) = crawl.crawl(s3, glue, settings, ["logs"])
        count = "select ingest_date, count(*) from {}.logs group by 1 order by 1"
        assert query(count.format(settings.raw_database)) == [
            [day, str(counts["lines"])] for day, counts in truth["by_ingest_date"].items()
        ]
    assert news == ["nothing changed"]

    # the default: parquet, logout left out
    assert flatten.flatten(s3, glue, athena_client, settings)
    by_location_action = (
        "select {}, action, count(*) from user_activity group by 1, 2 order by 1, 2"
    )
    expected = ground_truth.events_by_location_action(truth, {"logout"})
    rows = query(by_location_action.format("location"))
    assert rows == [[*key, str(events)] for key, events in expected.items()]
    assert query("select count(*) from user_activity_items") == [[str(truth["purchase_items"])]]
    reasons = "select reason, count(*) from quarantine group by 1 order by 1"
    assert query(reasons) == [[r, str(n)] for r, n in truth["malformed_by_reason"].items()]

    # nothing new: nothing runs
    runs = glue.get_job_runs(JobName=settings.job)["JobRuns"]
    assert flatten.flatten(s3, glue, athena_client, settings) is None
    assert len(glue.get_job_runs(JobName=settings.job)["JobRuns"]) == len(runs) == 1

    # other parameters run again, over the same tables: the seed's nested JSON, logout kept
    assert flatten.flatten(s3, glue, athena_client, settings, drop_actions=(), output_format="json")
    expected = ground_truth.events_by_location_action(truth, ())
    rows = query(by_location_action.format("metadata.location"))
    assert rows == [[*key, str(events)] for key, events in expected.items()]


@pytest.mark.slow
def test_a_failed_job_is_one_line_and_is_not_taken_for_done(tmp_path: Path, pipeline) -> None:
    settings, s3, glue, athena_client = pipeline
    aws.ensure_buckets(s3, settings)
    s3.put_object(Bucket=settings.raw_bucket, Key="logs/undated.json", Body=b"{}\n")
    with pytest.raises(click.ClickException) as failure:
        flatten.flatten(s3, glue, athena_client, settings)
    message = failure.value.message
    assert "ended as FAILED" in message
    assert "ingest_date=YYYY-MM-DD" in message
    assert "log: " in message
    assert "\n" not in message
    assert aws.read_json(s3, settings.cleaned_bucket, flatten.MANIFEST) is None
