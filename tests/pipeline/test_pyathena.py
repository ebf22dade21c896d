"""The seed system's own statements through PyAthena, with the environment and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pyathena
import pytest

from localaws.process import Endpoint

if TYPE_CHECKING:
    from tests.pipeline.conftest import Project

pytestmark = pytest.mark.slow

CREATE = """
CREATE EXTERNAL TABLE user_activity_cleaned (
    event_id string,
    user_id int,
    action string,
    `timestamp` string,
    metadata struct<device:string,location:string>
)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
LOCATION 's3://{bucket}/logs/'
"""
COUNT = """
SELECT metadata.location, action, COUNT(*)
FROM user_activity_cleaned
GROUP BY metadata.location, action
"""


def test_the_seed_systems_statements(
    start_project: Callable[[Endpoint], Project],
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project = start_project(endpoint)
    only_good_lines = ("--duplicates", "0", "--malformed", "0", "--drift", "0")
    project.succeed("uap", "generate", "--events", "3000", *only_good_lines)
    project.succeed("uap", "upload")
    for name, value in endpoint.environment().items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    database = project.database("cleaned")
    project.client("glue").create_database(DatabaseInput={"Name": database})
    results = f"s3://{project.bucket('results')}/"
    connection = pyathena.connect(s3_staging_dir=results, schema_name=database)
    with connection, connection.cursor() as cursor:
        cursor.execute(CREATE.format(bucket=project.bucket("raw")))
        rows = cursor.execute(COUNT).fetchall()
        assert [column[0] for column in cursor.description] == ["location", "action", "_col2"]
    # a blank line is a row of nulls
    rows = [row for row in rows if row[0]]
    assert sorted(rows) == sorted(
        (row["location"], row["action"], row["events"])
        for row in project.truth()["by_location_action"]
    )
