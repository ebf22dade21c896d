"""The incremental scheme of fct_events, on histories that hypothesis makes up.

The SQL is the project's own, of the model and of touched_days; DuckDB stands in for Athena, and the
merge is written out as dbt-athena's iceberg_merge builds it from the model's config. That the
adapter really builds it so is for the tests against the endpoint to show.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    import duckdb

COLUMNS = {
    "event_id": "varchar",
    "order_id": "varchar",
    "user_id": "bigint",
    "action": "varchar",
    "device": "varchar",
    "location": "varchar",
    "app_version": "varchar",
    "page": "varchar",
    "currency": "varchar",
    "extra": "varchar",
    "purchase_total": "decimal(12,2)",
    "item_count": "integer",
    "event_at": "timestamp",
    "ingest_date": "date",
    "event_date": "date",
}
FIRST_DAY = date(2025, 1, 1)

EXAMPLES = settings(max_examples=50, deadline=None)


class Line(NamedTuple):
    """One line of a raw object. Copies of an event have one event_id."""

    event_id: int
    day: int
    device: str


class RawObject(NamedTuple):
    ingest_day: int
    name: int
    lines: tuple[Line, ...]


def an_event(event_id: int) -> Line:
    """The one content of an event whose copies are all alike."""
    return Line(event_id, event_id % 3, "desktop")


EVENT_IDS = st.integers(0, 7)
COPIES = EVENT_IDS.map(an_event)
CONFLICTING_COPIES = st.builds(
    Line, EVENT_IDS, st.integers(0, 2), st.sampled_from(["desktop", "mobile"])
)


def raw_objects(lines: st.SearchStrategy[Line]) -> st.SearchStrategy[list[RawObject]]:
    return st.lists(
        st.builds(
            RawObject,
            st.integers(0, 3),
            st.integers(0, 99),
            st.lists(lines, min_size=1, max_size=5).map(tuple),
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda landed: (landed.ingest_day, landed.name),
    )


def cleaned(landed: Iterable[RawObject]) -> list[tuple[Any, ...]]:
    """What the flatten job makes of the raw zone: of copies, the first line by ingest date and
    object name stays."""
    first: dict[int, tuple[Line, int]] = {}
    for raw_object in sorted(landed):
        for line in raw_object.lines:
            first.setdefault(line.event_id, (line, raw_object.ingest_day))
    rows = []
    for line, ingest_day in first.values():
        happened = FIRST_DAY + timedelta(days=line.day)
        row = dict.fromkeys(COLUMNS) | {
            "event_id": f"event-{line.event_id}",
            "user_id": 7,
            "device": line.device,
            "event_at": happened,
            "ingest_date": FIRST_DAY + timedelta(days=ingest_day),
            "event_date": happened,
        }
        rows.append(tuple(row.values()))
    return rows


class Warehouse:
    """A DuckDB that holds the cleaned events and fct_events."""

    def __init__(self, connection: "duckdb.DuckDBPyConnection", render: Callable, model: Path):
        self.connection, self.render, self.model = connection, render, model
        columns = ", ".join(f"{name} {type_}" for name, type_ in COLUMNS.items())
        connection.execute(f"create table stg_cleaned__events ({columns})")

    def load_cleaned(self, rows: list[tuple[Any, ...]]) -> None:
        self.connection.execute("delete from stg_cleaned__events")
        if rows:
            marks = ", ".join("?" * len(COLUMNS))
            self.connection.executemany(f"insert into stg_cleaned__events values ({marks})", rows)

    def full_refresh(self, table: str = "fct_events") -> None:
        sql, _ = self.render(self.model)
        self.connection.execute(f"create or replace table {table} as {sql}")

    def incremental_run(self) -> int:
        """Returns the number of rows the merge was given."""

        def run_query(sql: str) -> list[Any]:
            return [row[0] for row in self.connection.execute(sql).fetchall()]

        sql, config = self.render(self.model, incremental=True, run_query=run_query)
        self.connection.execute(f"create or replace temp table tmp as {sql}")
        key = config["unique_key"]
        (predicate,) = config["incremental_predicates"]
        assignments = ", ".join(f"{name} = src.{name}" for name in COLUMNS if name != key)
        self.connection.execute(f"""
            merge into fct_events as target using tmp as src
            on (target.{key} = src.{key} and ({predicate}))
            when matched and ({config["delete_condition"]}) then delete
            when matched then update set {assignments}
            when not matched and {config["insert_condition"]}
                then insert ({", ".join(COLUMNS)})
                values ({", ".join(f"src.{name}" for name in COLUMNS)})
        """)
        return self.connection.execute("select count(*) from tmp").fetchall()[0][0]

    def assert_equals_full_refresh(self) -> None:
        self.full_refresh("expected")
        rows = "select * from {} order by all"
        loaded, expected = (
            self.connection.execute(rows.format(table)).fetchall()
            for table in ("fct_events", "expected")
        )
        assert loaded == expected


NewWarehouse = Callable[[], AbstractContextManager[Warehouse]]


@pytest.fixture(scope="session")
def new_warehouse(render: Callable, root: Path) -> NewWarehouse:
    """Opens a warehouse with no cleaned event."""
    # Not among this module's globals: hypothesis holds those until the interpreter exits, where
    # DuckDB would print that it leaks.
    import duckdb

    @contextmanager
    def opened() -> Iterator[Warehouse]:
        with duckdb.connect(config={"threads": 1}) as connection:
            yield Warehouse(connection, render, root / "models/marts/core/fct_events.sql")

    return opened


@EXAMPLES
@given(landings=raw_objects(COPIES))
def test_objects_may_land_in_any_order(
    new_warehouse: NewWarehouse, landings: list[RawObject]
) -> None:
    with new_warehouse() as lake:
        lake.full_refresh()
        for landed in range(1, len(landings) + 1):
            lake.load_cleaned(cleaned(landings[:landed]))
            lake.incremental_run()
            lake.assert_equals_full_refresh()


@EXAMPLES
@given(landings=raw_objects(CONFLICTING_COPIES))
def test_copies_may_conflict_while_their_ingest_date_is_open(
    new_warehouse: NewWarehouse, landings: list[RawObject]
) -> None:
    """Object names are in no order, so a later object can take an event over."""
    landings.sort(key=lambda landed: landed.ingest_day)
    with new_warehouse() as lake:
        lake.full_refresh()
        for landed in range(1, len(landings) + 1):
            lake.load_cleaned(cleaned(landings[:landed]))
            lake.incremental_run()
            lake.assert_equals_full_refresh()


@EXAMPLES
@given(landings=raw_objects(COPIES), kept=st.sets(EVENT_IDS))
def test_events_that_left_the_cleaned_zone_are_removed(
    new_warehouse: NewWarehouse, landings: list[RawObject], kept: set[int]
) -> None:
    rows = cleaned(landings)
    with new_warehouse() as lake:
        lake.load_cleaned(rows)
        lake.full_refresh()
        lake.load_cleaned([row for row in rows if row[0] in {f"event-{event}" for event in kept}])
        lake.incremental_run()
        lake.assert_equals_full_refresh()


@EXAMPLES
@given(landings=raw_objects(COPIES))
def test_a_run_with_nothing_new_merges_nothing(
    new_warehouse: NewWarehouse, landings: list[RawObject]
) -> None:
    with new_warehouse() as lake:
        lake.load_cleaned(cleaned(landings))
        lake.full_refresh()
        assert lake.incremental_run() == 0
        lake.assert_equals_full_refresh()


def test_a_late_event_is_the_only_row_merged(new_warehouse: NewWarehouse) -> None:
    day = RawObject(0, 1, (an_event(0), an_event(3)))
    next_day = RawObject(1, 1, (an_event(1),))
    late = RawObject(2, 1, (an_event(6), an_event(0)))  # event 6 is of the first day; 0 is a copy
    with new_warehouse() as lake:
        lake.load_cleaned(cleaned([day, next_day]))
        lake.full_refresh()
        lake.load_cleaned(cleaned([day, next_day, late]))
        assert lake.incremental_run() == 1
        lake.assert_equals_full_refresh()
