import click
import pytest

from loaders import athena, aws


def test_rows_are_text_and_null_is_none(pipeline) -> None:
    aws.ensure_buckets(pipeline.s3, pipeline.settings)
    rows = athena.run(
        pipeline.athena,
        pipeline.settings,
        "select 1 as a, cast(null as varchar) as b, '' as c union all select 2, 'x', 'y' order by 1",
        "default",
    )
    assert rows == [["1", None, ""], ["2", "x", "y"]]


def test_all_pages_are_read(pipeline) -> None:
    aws.ensure_buckets(pipeline.s3, pipeline.settings)
    query = "select n from unnest(sequence(1, 2500)) as t (n) order by n"
    rows = athena.run(pipeline.athena, pipeline.settings, query, "default")
    assert rows == [[str(n)] for n in range(1, 2501)]


def test_a_failed_query_is_one_line_with_the_reason(pipeline) -> None:
    aws.ensure_buckets(pipeline.s3, pipeline.settings)
    with pytest.raises(click.ClickException) as failure:
        athena.run(pipeline.athena, pipeline.settings, "select *\nfrom nowhere.nothing", "default")
    assert "failed: " in failure.value.message
    assert "nowhere" in failure.value.message
    assert "\n" not in failure.value.message
