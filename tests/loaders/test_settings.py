import click
import pytest

from loaders.settings import Settings


def test_names_follow_from_the_prefix() -> None:
    settings = Settings.load({"UAP_PREFIX": "my-lake", "AWS_DEFAULT_REGION": "eu-west-1"})
    assert settings.buckets == [
        "my-lake-raw",
        "my-lake-cleaned",
        "my-lake-analytics",
        "my-lake-results",
        "my-lake-artifacts",
    ]
    assert settings.raw_url == "s3://my-lake-raw/logs/"
    assert settings.raw_database == "my_lake_raw"
    assert settings.cleaned_database == "my_lake_cleaned"
    assert settings.analytics_schema == "my_lake_analytics"
    assert (settings.crawler, settings.job) == ("my-lake-raw", "my-lake-flatten")
    assert settings.region == "eu-west-1"


def test_the_defaults_are_those_of_the_default_prefix() -> None:
    assert Settings.load({}) == Settings()
    assert Settings.load({"UAP_PREFIX": "user-activity"}) == Settings()


@pytest.mark.parametrize("prefix", ["Lake", "a_b", "x" * 51, "-a", "a--b", "1a", "a'; drop"])
def test_a_prefix_that_aws_refuses_is_refused_here(prefix: str) -> None:
    with pytest.raises(click.ClickException, match="UAP_PREFIX"):
        Settings.load({"UAP_PREFIX": prefix})


def test_a_schema_stands_in_statements_so_it_is_checked() -> None:
    with pytest.raises(click.ClickException, match="UAP_ANALYTICS_SCHEMA"):
        Settings.load({"UAP_ANALYTICS_SCHEMA": "a; drop table b"})
