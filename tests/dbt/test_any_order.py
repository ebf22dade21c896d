"""Incremental runs against a full refresh, row for row, whatever order the documents came in.

The real dbt, adapter and endpoint. Batches arrive shuffled and late, with copies, with copies that
contradict the first, and some are withdrawn again; after each arrival dbt runs. In the end every
table must hold what a full refresh makes of the same batches.

`UAP_ORDERS=30 python -m pytest tests/dbt/test_any_order.py` tries 30 orders, `UAP_SEED` others.
"""

import os
import random
import shutil
from collections.abc import Callable, Iterator
from copy import copy
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.asking import rows_of
from tests.dbt.batches import BUCKET, Batch, CleanedZone, Document, shifted

pytestmark = pytest.mark.slow

# Of a data set one full refresh serves all its orders.
ORDERS_PER_SET = 10
ORDERS = int(os.environ.get("UAP_ORDERS", "2"))
SEED = int(os.environ.get("UAP_SEED", "1"))
START = datetime(2025, 1, 1)
DAYS = 5
ACTIONS = ["view"] * 6 + ["login", "purchase", "purchase", "logout"]
PAGES = ["/home", "/search", "/cart", None]
INCREMENTAL = "config.materialized:incremental"
EVENTS = "int_events__deduplicated int_events__sessionized fct_events fct_purchase*"
TABLES = f"{INCREMENTAL} config.materialized:table"
SCHEMA = "user_activity_analytics"


def documents(draw: random.Random) -> list[Document]:
    """What some users did on five days; one of them goes on for two days without a break."""
    found = []
    for user in range(6):
        at = START + timedelta(minutes=draw.randrange(DAYS * 24 * 60))
        for number in range(draw.randrange(1, 14)):
            found.append(document(f"{user}-{number:03}", user, draw.choice(ACTIONS), at, draw))
            pauses = [0, 5, 30, 31, 600, 1500]
            at += timedelta(minutes=draw.choice(pauses))
    at = START + timedelta(minutes=draw.randrange(24 * 60))
    for number in range(110):
        found.append(document(f"m-{number:03}", 9, "view", at, draw))
        at += timedelta(minutes=draw.choice([20, 29]))
    return found


def document(event_id: str, user: int, action: str, at: datetime, draw: random.Random) -> Document:
    items = tuple(
        (f"sku-{draw.randrange(5)}", draw.randrange(1, 4), draw.randrange(100, 9999))
        for _ in range(draw.randrange(3) if action == "purchase" else 0)
    )
    return Document(
        event_id=event_id,
        user_id=user,
        action=action,
        event_at=at,
        device=draw.choice(["mobile", "desktop", None]),
        location=draw.choice(["US", "EU", "ASIA"]),
        page=draw.choice(PAGES) if action == "view" else None,
        items=items,
        extra=draw.choice([None, None, '{"beta": true}', '{"beta": 1, "ref": "x"}']),
    )


def batches(draw: random.Random) -> list[Batch]:
    """The documents in six objects: about on time, late, again, and contradicting."""
    dealt: list[list[Document]] = [[] for _ in range(6)]
    for each in documents(draw):
        day = (each.event_at - START).days
        dealt[min(5, max(0, day + draw.choice([0, 0, 0, 1, 3])))].append(each)
        if draw.random() < 0.15:
            dealt[draw.randrange(6)].append(each)
        if draw.random() < 0.08:
            other = shifted(each, timedelta(minutes=draw.choice([-1500, -20, 45, 3000])))
            dealt[draw.randrange(6)].append(other)
    names = [f"{draw.randrange(100):02}-{number}" for number in range(6)]
    return [
        Batch(date(2025, 1, 1) + timedelta(days=number), name, tuple(found))
        for number, (name, found) in enumerate(zip(names, dealt, strict=True))
        if found
    ]


def data_set(number: int) -> list[Batch]:
    """Batches, and one of a sender whose clock is as far off as it can be."""
    draw = random.Random(f"{SEED}/{number}")
    ends = (datetime.min, datetime(9999, 12, 31, 23, 59))
    far = tuple(document(f"far-{at:%m}", 10, "view", at, draw) for at in ends)
    return [*batches(draw), Batch(date(2025, 1, 3), "far", far)]


class Warehouse:
    """dbt on a cleaned zone, in this process: it starts a hundred times."""

    def __init__(self, connect: Callable[[str], Any], root: Path, profiles: Path) -> None:
        self.s3, self.glue, self.athena = (connect(name) for name in ("s3", "glue", "athena"))
        self.profiles = profiles
        self.parse(root, profiles / "any_order")
        self.invoke("seed")
        # There is no raw zone here.
        self.invoke("run", "--select", "config.materialized:view", "--exclude", "staging.raw")

    def parse(self, root: Path, target: Path) -> None:
        from dbt.cli.main import dbtRunner

        self.options = ["--project-dir", str(root), "--profiles-dir", str(self.profiles)]
        self.options += ["--target-path", str(target), "--quiet"]
        self.options += ["--log-path", str(target), "--vars", "{user_profiles: false}"]
        parsed = dbtRunner().invoke(["parse", *self.options])
        assert parsed.success, parsed.exception
        self.runner = dbtRunner(manifest=parsed.result)
        self.models = {
            node.name: list(node.columns)
            for node in parsed.result.nodes.values()
            if node.resource_type == "model" and node.config.materialized != "view"
        }

    def of_checkout(self, root: Path) -> "Warehouse":
        """The same warehouse, worked on from another checkout."""
        other = copy(self)
        other.parse(root, root / "target")
        return other

    def run(self, *arguments: str, select: str = INCREMENTAL) -> dict[str, int | None]:
        """Run these models; how many rows each wrote."""
        done = self.invoke("run", "--select", *select.split(), *arguments)
        return {each.node.name: each.adapter_response.get("rows_affected") for each in done}

    def build_anew(self) -> None:
        self.run("--full-refresh", select=TABLES)

    def invoke(self, command: str, *arguments: str) -> list[Any]:
        done = self.runner.invoke([command, *self.options, *arguments])
        assert done.success, done.exception or [
            (each.node.name, each.message) for each in done.result if each.status != "success"
        ]
        return list(done.result)

    def refuse(self, *arguments: str) -> str:
        """Run dbt, which must not succeed; what it says."""
        done = self.runner.invoke([*arguments, *self.options])
        assert not done.success
        return str(done.exception or [each.message for each in done.result])

    def rows(self) -> dict[str, list[tuple[str, ...]]]:
        """What every table holds that is there."""
        pages = self.glue.get_paginator("get_tables").paginate(DatabaseName=SCHEMA)
        there = {table["Name"] for page in pages for table in page["TableList"]}
        found = {}
        for model in self.models.keys() & there:
            columns = self.models[model]
            rows = rows_of(self.athena, f"select {', '.join(columns)} from {SCHEMA}.{model}")
            found[model] = sorted(tuple(map(str, row.values())) for row in rows)
        return found

    def drop_all(self) -> None:
        """Leave no table of the models."""
        pages = self.glue.get_paginator("get_tables").paginate(DatabaseName=SCHEMA)
        names = [table["Name"] for page in pages for table in page["TableList"]]
        for name in self.models.keys() & set(names):
            self.glue.delete_table(DatabaseName=SCHEMA, Name=name)


@pytest.fixture(scope="module")
def zones(connect: Callable[[str], Any]) -> Callable[[Path], CleanedZone]:
    """Makes an empty cleaned zone, in the place of the one before."""
    s3, glue, athena = (connect(name) for name in ("s3", "glue", "athena"))
    for zone in ("raw", "cleaned", "analytics", "results"):
        s3.create_bucket(Bucket=f"user-activity-{zone}")
    for database in ("user_activity_raw", "user_activity_cleaned"):
        glue.create_database(DatabaseInput={"Name": database})

    def query(sql: str) -> None:
        rows_of(athena, sql)

    def emptied(root: Path) -> CleanedZone:
        pages = glue.get_paginator("get_tables").paginate(DatabaseName="user_activity_cleaned")
        for table in [table["Name"] for page in pages for table in page["TableList"]]:
            glue.delete_table(DatabaseName="user_activity_cleaned", Name=table)
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
            for found in page.get("Contents", []):
                s3.delete_object(Bucket=BUCKET, Key=found["Key"])
        return CleanedZone(s3, query, root)

    return emptied


@pytest.fixture(scope="module")
def warehouse(
    zones: Callable[[Path], CleanedZone],
    connect: Callable[[str], Any],
    endpoint: dict[str, str],
    root: Path,
    workspace: Path,
) -> Iterator[Warehouse]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_", "UAP_", "DBT_"))]:
            patch.delenv(name)
        for name, value in endpoint.items():
            patch.setenv(name, value)
        zones(root)
        yield Warehouse(connect, root, workspace)


@pytest.fixture(scope="module")
def refreshed(warehouse: Warehouse, zones: Callable[[Path], CleanedZone], root: Path) -> Callable:
    """What every table holds after a full refresh on a data set, by its number."""

    @cache
    def rows(number: int) -> dict[str, list[tuple[str, ...]]]:
        zones(root).take(data_set(number))
        warehouse.drop_all()
        warehouse.build_anew()
        return warehouse.rows()

    return rows


@pytest.mark.parametrize("order", range(ORDERS))
def test_a_run_equals_a_full_refresh(
    warehouse: Warehouse,
    zones: Callable[[Path], CleanedZone],
    refreshed: Callable[[int], dict[str, list[tuple[str, ...]]]],
    root: Path,
    order: int,
) -> None:
    number = order // ORDERS_PER_SET
    landed = data_set(number)
    expected = refreshed(number)
    assert all(expected.values()), "a table without rows shows nothing"
    draw = random.Random(f"{SEED}/{number}/{order}")
    zone = zones(root)
    warehouse.drop_all()

    waiting = draw.sample(landed, len(landed))
    while waiting:
        arrived = [waiting.pop() for _ in range(min(len(waiting), draw.choice([1, 2, 3])))]
        zone.take(arrived)
        if draw.random() < 0.3:
            # withdrawn, perhaps before dbt has seen it, and back later
            if draw.random() < 0.5:
                warehouse.run()
            zone.withdraw([arrived[0].name])
            waiting.insert(0, arrived[0])
        warehouse.run()
        if draw.random() < 0.2:
            backfill = "{backfill_from: 2025-01-01, backfill_to: 2025-01-03, user_profiles: false}"
            warehouse.run("--vars", backfill)
    if order % ORDERS_PER_SET == 0:
        # what is built anew each time, from incremental models
        warehouse.run(select="config.materialized:table")
    for model, rows in warehouse.rows().items():
        assert rows == expected[model], model


def test_a_run_with_nothing_new_writes_nothing(
    warehouse: Warehouse, zones: Callable[[Path], CleanedZone], root: Path
) -> None:
    zones(root).take(batches(random.Random("nothing new")))
    warehouse.drop_all()
    warehouse.run()
    assert set(warehouse.run().values()) <= {0, None}


def test_a_model_that_ran_alone_catches_up(
    warehouse: Warehouse, zones: Callable[[Path], CleanedZone], root: Path
) -> None:
    """What its parents had not seen then, it sees with them."""
    landed = batches(random.Random("alone"))
    zone = zones(root)
    warehouse.drop_all()
    zone.take(landed[:3])
    warehouse.run(select=TABLES)
    zone.take(landed[3:])
    warehouse.run(select="fct_sessions fct_user_days")
    warehouse.run(select=TABLES)
    incremental = warehouse.rows()
    warehouse.build_anew()
    assert incremental == warehouse.rows()


def test_a_late_event_joins_two_sessions(
    warehouse: Warehouse, zones: Callable[[Path], CleanedZone], root: Path
) -> None:
    """The second session's row goes, and its events move to the first, across midnight too."""

    def view(event_id: str, at: datetime) -> Document:
        return Document(event_id, 1, "view", at, "mobile", "EU", "/home")

    before, between, after = (
        datetime(2025, 1, 1, 23, 40),
        datetime(2025, 1, 1, 23, 59),
        datetime(2025, 1, 2, 0, 20),
    )
    zone = zones(root)
    warehouse.drop_all()
    zone.take([Batch(date(2025, 1, 2), "1", (view("a", before), view("c", after)))])
    warehouse.run()
    sessions = f"select session_id, event_count from {SCHEMA}.fct_sessions order by 1"
    assert [tuple(row.values()) for row in rows_of(warehouse.athena, sessions)] == [
        ("a", 1),
        ("c", 1),
    ]
    touched = zone.take([Batch(date(2025, 1, 5), "2", (view("b", between),))])
    assert touched == {between.date()}
    warehouse.run()
    assert [tuple(row.values()) for row in rows_of(warehouse.athena, sessions)] == [("a", 3)]
    placed = f"select event_id, session_event_number from {SCHEMA}.fct_events order by 1"
    assert [tuple(row.values()) for row in rows_of(warehouse.athena, placed)] == [
        ("a", 1),
        ("b", 2),
        ("c", 3),
    ]


def test_an_event_that_was_read_on_two_days_heals(
    warehouse: Warehouse, zones: Callable[[Path], CleanedZone], root: Path
) -> None:
    """It moves while a run reads: the run sees it where it is and misses that it left."""
    moved = Document("a", 1, "view", datetime(2025, 1, 3), "mobile", "EU", "/home")
    stays = Document("b", 1, "view", datetime(2025, 1, 1), "mobile", "EU", "/home")
    zone = zones(root)
    warehouse.drop_all()
    zone.take([Batch(date(2025, 1, 4), "1", (shifted(moved, timedelta(days=-2)), stays))])
    warehouse.run()
    # the copy that is first from now on
    zone.take([Batch(date(2025, 1, 2), "2", (moved,))])
    only = "{backfill_from: 2025-01-03, backfill_to: 2025-01-03, user_profiles: false}"
    warehouse.run("--vars", only, select="int_events__deduplicated")
    days = (
        f"select cast(event_date as varchar) as day from {SCHEMA}.fct_events where event_id = 'a'"
    )
    twice = days.replace("fct_events", "int_events__deduplicated")
    assert len(rows_of(warehouse.athena, twice)) == 2
    warehouse.run()
    assert [row["day"] for row in rows_of(warehouse.athena, twice)] == ["2025-01-03"]
    assert [row["day"] for row in rows_of(warehouse.athena, days)] == ["2025-01-03"]


def test_an_event_that_moved_before_a_backfill_is_there_once(
    warehouse: Warehouse, zones: Callable[[Path], CleanedZone], root: Path
) -> None:
    """The backfill of the day it moved to meets the row of the day that it left."""
    items = (("sku-1", 2, 500), ("sku-2", 1, 250))
    moved = Document("a", 1, "purchase", datetime(2025, 1, 3), "mobile", "EU", None, items)
    stays = Document("b", 1, "view", datetime(2025, 1, 1), "mobile", "EU", "/home")
    zone = zones(root)
    warehouse.drop_all()
    zone.take([Batch(date(2025, 1, 6), "1", (shifted(moved, timedelta(days=2)), stays))])
    warehouse.run(select=EVENTS)
    zone.take([Batch(date(2025, 1, 2), "2", (moved,))])
    only = "{backfill_from: 2025-01-03, backfill_to: 2025-01-03, user_profiles: false}"
    warehouse.run("--vars", only, select=EVENTS)
    warehouse.run(select=EVENTS)
    healed = warehouse.rows()
    warehouse.run("--full-refresh", select=EVENTS)
    assert healed == warehouse.rows()


@pytest.fixture
def checkout(root: Path, tmp_path: Path) -> Path:
    """Another checkout, whose runs end before their last hook when they are told to."""
    for name in ("models", "macros", "seeds", "tests"):
        shutil.copytree(root / name, tmp_path / name)
    settings = (root / "dbt_project.yml").read_text()
    hook = "record_model_state(results)"
    assert hook in settings
    settings = settings.replace(hook, f"{hook} if not var('killed', false)")
    (tmp_path / "dbt_project.yml").write_text(settings)
    return tmp_path


def test_what_changed_is_loaded_before_anything_is_built_from_it(
    warehouse: Warehouse, zones: Callable[[Path], CleanedZone], root: Path, checkout: Path
) -> None:
    """Else the old seed's rows would pass for the new one's, and never be built again."""
    built = "int_events__deduplicated int_events__sessionized fct_events conversions"
    files = ["conversion_definitions", "stg_cleaned__events"]
    load = ["--select", *files, "--exclude", "test_type:data"]
    zones(root).take(batches(random.Random("changed")))
    warehouse.drop_all()
    warehouse.run(select=built)

    with (checkout / "seeds/conversion_definitions.csv").open("a") as seed:
        seed.write("visit,view,,false\n")
    view = checkout / "models/staging/cleaned/stg_cleaned__events.sql"
    view.write_text(view.read_text().replace("    location,\n", "    'MOON' as location,\n"))
    changed = warehouse.of_checkout(checkout)
    missing = ": conversion_definitions, stg_cleaned__events. "
    assert missing in changed.refuse("run", "--select", *built.split())
    assert ": stg_cleaned__events. " in changed.refuse("run", "--select", "fct_events")

    # it was loaded, and who loaded it had no time to say so
    changed.invoke("build", *load, "--vars", "{killed: true, user_profiles: false}")
    assert missing in changed.refuse("run", "--select", "conversions")
    assert missing in warehouse.refuse("run", "--select", "conversions")

    changed.invoke("build", *load)
    changed.run(select=built)
    visits, views = (
        rows_of(warehouse.athena, f"select distinct event_id, location from {SCHEMA}.{rows}")
        for rows in ("conversions where conversion = 'visit'", "fct_events where action = 'view'")
    )
    assert sorted(map(str, visits)) == sorted(map(str, views)) != []
    assert {row["location"] for row in views} == {"MOON"}
    warehouse.invoke("build", *load)


def test_what_is_gone_or_was_built_empty_is_not_taken_as_complete(
    warehouse: Warehouse, zones: Callable[[Path], CleanedZone], root: Path
) -> None:
    built = "int_events__deduplicated int_events__daily"
    zones(root).take(batches(random.Random("gone")))
    warehouse.drop_all()
    warehouse.run(select=built)
    warehouse.run("--empty", select="stg_cleaned__events")
    assert "stg_cleaned__events. " in warehouse.refuse("run", "--select", *built.split())
    warehouse.run(select="stg_cleaned__events")
    assert set(warehouse.run(select=built).values()) <= {0, None}

    for name in built.split():
        warehouse.glue.delete_table(DatabaseName=SCHEMA, Name=name)
    assert "TABLE_NOT_FOUND" in warehouse.refuse("run", "--select", "int_events__daily")
    state = rows_of(warehouse.athena, f"select model from {SCHEMA}.model_state")
    assert "int_events__daily" not in {row["model"] for row in state}
