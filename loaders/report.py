"""Print the mart `actions_by_location`, and compare it with a data set's ground truth."""

from collections.abc import Collection, Mapping

import click
from botocore.client import BaseClient
from rich.table import Table

from loaders import athena, console, ground_truth
from loaders.settings import Settings

MART = "actions_by_location"

# {(location, action): events}
Counts = Mapping[tuple[str, str], int]


def read_mart(glue: BaseClient, athena_client: BaseClient, settings: Settings) -> Counts:
    """Raises click.ClickException when dbt has not built the mart."""
    schema = settings.analytics_schema
    try:
        glue.get_table(DatabaseName=schema, Name=MART)
    except glue.exceptions.EntityNotFoundException:
        raise click.ClickException(
            f"there is no mart {schema}.{MART}: `dbt build` builds it"
        ) from None
    rows = athena.run(
        athena_client,
        settings,
        f"select location, action, event_count from {schema}.{MART} order by location, action",
        schema,
    )
    return {(location, action): int(count) for location, action, count in rows}


def as_table(counts: Counts) -> Table:
    """A row a location, a column an action."""
    locations = sorted({location for location, _ in counts})
    actions = sorted({action for _, action in counts})
    table = Table(title="Actions by location", title_justify="left")
    table.add_column("location")
    for action in [*actions, "total"]:
        table.add_column(action, justify="right")
    for location in locations:
        row = [counts.get((location, action), 0) for action in actions]
        table.add_row(location, *(f"{count:,}" for count in [*row, sum(row)]))
    return table


def check(mart: Counts, truth: ground_truth.Truth, dropped_actions: Collection[str]) -> None:
    """Print the mart; raises click.ClickException with every difference from the truth."""
    console.stdout.print(as_table(mart))
    expected = ground_truth.events_by_location_action(truth, dropped_actions)
    if found := differences(mart, expected):
        raise click.ClickException(
            "the mart differs from the ground truth:\n" + "\n".join(f"  {line}" for line in found)
        )
    console.stdout.print(
        f"Equal to the ground truth: {sum(expected.values()):,} events, "
        f"{', '.join(sorted(dropped_actions)) or 'nothing'} left out."
    )


def differences(mart: Counts, truth: Counts) -> list[str]:
    """One line for each location and action whose count is not the true one."""
    return [
        f"{location} {action}: {mart.get((location, action), 0):,} in the mart, "
        f"{truth.get((location, action), 0):,} in truth"
        for location, action in sorted(mart.keys() | truth.keys())
        if mart.get((location, action), 0) != truth.get((location, action), 0)
    ]
