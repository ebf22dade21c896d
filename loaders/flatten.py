"""Bring the cleaned zone up to date with the raw one: plan, run the Glue job, publish.

The cleaned zone is a function of the raw objects and the rules, so every step may be repeated. A
run that dies before its state is committed leaves nothing that a reader sees; one that dies after
is finished by the next.
"""

import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import click
from botocore.client import BaseClient

from loaders import aws, cleaned_state, flatten_plan, glue_job, publication
from loaders.cleaned_state import State
from loaders.flatten_plan import Sources, Work
from loaders.settings import Settings

DROPPED_BY_DEFAULT = ("logout",)
KEEP_ALL = "none"
FORMATS = ("parquet", "json")


@dataclass(frozen=True)
class Scope:
    """Which of the raw objects to read: those that arrived from `first` to `last` and are `new`,
    or `every` one, or (`replay`) those with lines in the quarantine, for one of `reasons` if any
    is named, unless the same rules put them there and it is not `forced`.

    `rebuild` forgets what is published and builds the cleaned zone from the raw one alone.
    """

    first: date = date.min
    last: date = date.max
    every: bool = False
    replay: bool = False
    reasons: Collection[str] = ()
    forced: bool = False
    rebuild: bool = False

    def wanted(self, sources: Sources) -> flatten_plan.Wanted:
        if self.replay:
            return flatten_plan.quarantined(self.reasons, sources.rules, self.forced)
        return flatten_plan.every if self.every else flatten_plan.new


@dataclass(frozen=True)
class Run:
    """What a run did: `totals` as glue.ledger.totals gives them, `days` how many days of events
    were built."""

    run_id: str
    totals: dict[str, Any]
    days: int


def flatten(
    s3: BaseClient,
    glue: BaseClient,
    athena_client: BaseClient,
    settings: Settings,
    drop_actions: Collection[str] | None = None,
    output_format: str | None = None,
    scope: Scope = Scope(),
) -> Run | None:
    """Run the job for what is new and publish what it wrote; None when there is nothing to do.

    Without `drop_actions` and `output_format` they stay what they were. With others every day is
    built again, as it is once after an older version of the project.
    Raises click.ClickException when there is nothing to read, the job fails, or another run was
    published in the meantime.
    """
    published, etag = cleaned_state.read(s3, settings, any_version=scope.rebuild)
    if scope.rebuild:
        published = publication.forget(published, datetime.now(UTC))
    elif etag:  # a killed run may have left this undone
        published, etag = publication.follow(s3, glue, athena_client, settings)
    sources = flatten_plan.sources(s3, settings)
    work = flatten_plan.plan(
        s3, settings, published, sources.rules, scope.wanted(sources), scope.first, scope.last
    )
    before = {"drop_actions": published.drop_actions, "output_format": published.output_format}
    parameters = dict(before)
    if drop_actions is not None:
        parameters["drop_actions"] = sorted(drop_actions)
    if output_format is not None:
        parameters["output_format"] = output_format
    all_days = bool(published.partitions) and (parameters != before or published.outdated)
    if not work.objects and not all_days:
        if not etag:
            raise click.ClickException(
                f"{settings.raw_url} holds no objects: `uap upload` lands some"
            )
        return None

    now = datetime.now(UTC)
    run_id = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    folder = f"_runs/run={run_id}/"
    plan = _plan(run_id, settings, published, sources, work, all_days, parameters)
    body = json.dumps(plan).encode()
    s3.put_object(Bucket=settings.cleaned_bucket, Key=f"{folder}plan.json", Body=body)
    glue_job.put(s3, glue, settings)
    plan_url = f"{settings.cleaned_url}{folder}plan.json"
    glue_job.run(glue, settings.job, {"--plan": plan_url})
    result = aws.read_json(s3, settings.cleaned_bucket, f"{folder}result.json")
    if result is None:
        raise click.ClickException(
            f"the Glue job succeeded but left no {settings.cleaned_url}{folder}result.json: "
            "nothing is published, run it again"
        )
    _publish(s3, glue, athena_client, settings, published, etag, plan, work, result["partitions"])
    return Run(run_id, result["totals"], len(result["partitions"]["user_activity"]))


def _plan(
    run_id: str,
    settings: Settings,
    published: State,
    sources: Sources,
    work: Work,
    all_days: bool,
    parameters: dict[str, Any],
) -> dict[str, Any]:
    """glue.plan.Plan as JSON."""
    return {
        "run_id": run_id,
        "cleaned_path": settings.cleaned_url.rstrip("/"),
        "objects": work.objects,
        "again": work.again,
        "published": published.partitions,
        "all_days": all_days,
        "mappings": sources.mappings,
        "rules": sources.rules,
        **parameters,
    }


def _publish(
    s3: BaseClient,
    glue: BaseClient,
    athena_client: BaseClient,
    settings: Settings,
    published: State,
    etag: str | None,
    plan: dict[str, Any],
    work: Work,
    built: dict[str, dict[str, bool]],
) -> None:
    publication.check_files(s3, settings, plan["run_id"], built)
    published = publication.counted_on(glue, settings, published)
    now = datetime.now(UTC)
    state = State(
        run_id=plan["run_id"],
        drop_actions=plan["drop_actions"],
        output_format=plan["output_format"],
        listings={**published.listings, **work.listings},
        **publication.supersede(published, plan["run_id"], built, now),
    )
    for folder in publication.expired(state, now):
        publication.remove(s3, settings, folder)
        del state.superseded[folder]
    cleaned_state.commit(s3, settings, state, etag)
    publication.remove(s3, settings, f"_staging/run={state.run_id}/")
    publication.follow(s3, glue, athena_client, settings)
    publication.remove_leftovers(s3, settings, state, now)


def parse_actions(text: str) -> set[str]:
    """A comma list of actions, `none` for no action. Raises click.ClickException."""
    actions = {action.strip() for action in text.split(",")}
    if "" in actions or (KEEP_ALL in actions and len(actions) > 1):
        raise click.ClickException(
            f"--drop-actions {text!r}: give actions separated by commas, or `{KEEP_ALL}` alone"
        )
    return actions - {KEEP_ALL}
