"""Plain dbt commands in a checkout, on what the main job left."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.pipeline.conftest import Project

pytestmark = pytest.mark.slow

MART = "models/marts/product/actions_by_location.sql"


@pytest.fixture
def broken(built: Project, check_out: Callable[[Path], Path], tmp_path: Path) -> Project:
    """Another checkout on the same tables, to break."""
    return replace(built, folder=check_out(tmp_path))


@pytest.mark.parametrize("command", ["build", "test"])
def test_it_works_alone(built: Project, command: str) -> None:
    said = built.succeed("dbt", command)
    assert "Completed successfully" in said
    assert "WARN=0 ERROR=0 SKIP=0" in said


def test_docs_generate_works_alone(built: Project) -> None:
    built.succeed("dbt", "docs", "generate")
    target = built.folder / "target"
    catalog = json.loads((target / "catalog.json").read_text())
    assert catalog["errors"] is None
    mart = catalog["nodes"]["model.user_activity_lake.actions_by_location"]
    assert list(mart["columns"])[:3] == ["location", "action", "event_count"]
    assert (target / "index.html").exists()


def test_freshness_tells_arrivals_from_loads(built: Project) -> None:
    """The flatten job ran just now; the newest documents came in long ago."""
    failed = built.run("dbt", "source", "freshness")
    assert failed.returncode == 1
    results = json.loads((built.folder / "target" / "sources.json").read_text())["results"]
    assert {each["unique_id"].rpartition(".")[2]: each["status"] for each in results} == {
        "flatten_ledger": "error",
        "published_days": "pass",
    }


def test_a_broken_model_fails_the_build_in_athenas_words(broken: Project) -> None:
    mart = broken.folder / MART
    mart.write_text(mart.read_text().replace("group by location,", "group by place,"))
    before = broken.query("select * from {analytics}.actions_by_location")
    failed = broken.run("dbt", "build", "--select", "actions_by_location")
    assert failed.returncode == 1
    error = r"COLUMN_NOT_FOUND: line \d+:\d+: Column 'place' cannot be resolved"
    assert re.search(error, failed.stdout)
    assert "Traceback" not in failed.stdout + failed.stderr
    # The mart of before still stands.
    assert broken.query("select * from {analytics}.actions_by_location") == before


def test_a_violated_test_fails_the_build(built: Project, broken: Project) -> None:
    violated = broken.folder / "tests/singular/assert_nobody_buys.sql"
    violated.write_text("select * from {{ ref('fct_events') }} where action = 'purchase'\n")
    failed = broken.run("dbt", "build", "--select", "assert_nobody_buys")
    assert failed.returncode == 1
    rows = [row for row in built.kept("by_location_action") if row[1] == "purchase"]
    purchases = sum(events for _, _, events, _ in rows)
    assert f"Got {purchases} results, configured to fail if != 0" in failed.stdout
