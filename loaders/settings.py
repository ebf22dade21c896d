"""The pipeline's names in AWS. All follow from one prefix, `UAP_PREFIX`, as they do in dbt."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

import click

# What is left of S3's and Glue's naming rules when a name must do for both, with hyphens as
# underscores; it stands in URLs and statements as it is.
PREFIX = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_PREFIX = 50

# Sources of the raw zone, by their folder: events in our own shape, and profiles of users.
LOGS = "logs"
USERS = "users"


@dataclass(frozen=True)
class Settings:
    prefix: str = "user-activity"
    region: str = "us-east-1"
    # An IAM role of the account; a local endpoint takes any.
    role: str = "user-activity-glue"
    workgroup: str = "primary"
    # Where dbt builds the marts; a developer's own target builds them elsewhere.
    analytics_schema: str = "user_activity_analytics"

    @classmethod
    def load(cls, env: Mapping[str, str] = os.environ) -> "Settings":
        """From UAP_PREFIX, UAP_GLUE_ROLE, UAP_WORKGROUP, UAP_ANALYTICS_SCHEMA and AWS's region.

        Raises click.ClickException when AWS would refuse the names.
        """
        prefix = env.get("UAP_PREFIX") or cls.prefix
        if not PREFIX.fullmatch(prefix) or len(prefix) > LONGEST_PREFIX:
            raise click.ClickException(
                f"UAP_PREFIX={prefix!r} cannot name buckets and databases: use up to "
                f"{LONGEST_PREFIX} lower-case letters, digits and single hyphens"
            )
        schema = env.get("UAP_ANALYTICS_SCHEMA") or f"{prefix.replace('-', '_')}_analytics"
        if not re.fullmatch(r"[a-z0-9_]+", schema):
            raise click.ClickException(
                f"UAP_ANALYTICS_SCHEMA={schema!r} is no schema name: use lower-case letters, "
                "digits and underscores"
            )
        return cls(
            prefix=prefix,
            region=env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or cls.region,
            role=env.get("UAP_GLUE_ROLE") or f"{prefix}-glue",
            workgroup=env.get("UAP_WORKGROUP") or cls.workgroup,
            analytics_schema=schema,
        )

    @property
    def raw_bucket(self) -> str:
        return f"{self.prefix}-raw"

    @property
    def cleaned_bucket(self) -> str:
        return f"{self.prefix}-cleaned"

    @property
    def results_bucket(self) -> str:
        return f"{self.prefix}-results"

    @property
    def artifacts_bucket(self) -> str:
        """Job scripts."""
        return f"{self.prefix}-artifacts"

    @property
    def buckets(self) -> list[str]:
        zones = ("raw", "cleaned", "analytics", "results", "artifacts")
        return [f"{self.prefix}-{zone}" for zone in zones]

    @property
    def raw_url(self) -> str:
        return f"s3://{self.raw_bucket}/{LOGS}/"

    @property
    def cleaned_url(self) -> str:
        return f"s3://{self.cleaned_bucket}/"

    @property
    def raw_database(self) -> str:
        return f"{self.prefix.replace('-', '_')}_raw"

    @property
    def cleaned_database(self) -> str:
        return f"{self.prefix.replace('-', '_')}_cleaned"

    @property
    def crawler(self) -> str:
        return f"{self.prefix}-raw"

    @property
    def job(self) -> str:
        return f"{self.prefix}-flatten"
