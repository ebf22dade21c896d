"""What is published in the cleaned zone: `_state/flatten.json`, the one object that decides.

A run's files are complete before the state names them, and the state is written in one
conditional put: of two runs that began from the same state one is published, the other refused.
The Glue catalog follows the state (publication.py).
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

import click
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from loaders import aws
from loaders.settings import Settings

KEY = "_state/flatten.json"
# Raised with every change of what stands in the state or in the files it names.
FORMAT = 4
# What this version can go on from. Format 2 had no `publication` and no `days`; the files of 3 have
# times finer than milliseconds.
FORMATS = (2, 3, 4)


@dataclass(frozen=True)
class State:
    """`partitions`: table -> partition value -> the run that wrote it. `superseded`: folders
    (below the bucket) that were published before -> since when they are not, ISO-8601 UTC.
    `listings`: source/day -> a digest of the raw objects that were read of it. `publication`: how
    many runs were published. `days`: each event date that ever was -> number and time of its last
    publication, None when the next one has to give it these; see published_days.py. `outdated`:
    an older version wrote the files, so that every day has to be built again."""

    run_id: str | None = None
    drop_actions: list[str] = field(default_factory=lambda: ["logout"])
    output_format: str = "parquet"
    partitions: dict[str, dict[str, str]] = field(default_factory=dict)
    superseded: dict[str, str] = field(default_factory=dict)
    listings: dict[str, str] = field(default_factory=dict)
    publication: int = 0
    days: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    outdated: bool = False

    def runs(self) -> set[str]:
        """All whose files may still be read."""
        published = {run for values in self.partitions.values() for run in values.values()}
        return published | {folder.split("/")[1].removeprefix("run=") for folder in self.superseded}


def read(s3: BaseClient, settings: Settings, any_version: bool = False) -> tuple[State, str | None]:
    """The state and its ETag; an empty state and None when nothing was published yet.

    Raises click.ClickException when another version of the project wrote it, unless `any_version`
    will do: then it is an empty one that counts on.
    """
    try:
        answer = s3.get_object(Bucket=settings.cleaned_bucket, Key=KEY)
    except s3.exceptions.NoSuchKey:
        return State(), None
    document = json.load(answer["Body"])
    written_by = document.pop("format", None)
    if written_by not in FORMATS:
        if any_version:
            kept = {name: document[name] for name in ("publication", "days") if name in document}
            return State(**kept), answer["ETag"]
        raise click.ClickException(
            f"another version of uap wrote {settings.cleaned_url}{KEY}: "
            "`uap flatten --rebuild` builds the cleaned zone anew from the raw one"
        )
    if written_by < FORMAT:
        document["outdated"] = True
    return State(**document), answer["ETag"]


class Outdated(click.ClickException):
    """Another run was published in the meantime."""

    def __init__(self) -> None:
        super().__init__(
            "another flatten was published while this one ran: nothing of this one is "
            "published, run it again"
        )


def commit(s3: BaseClient, settings: Settings, state: State, replaced: str | None) -> None:
    """Put `state` in the place of the one with the ETag `replaced` (None: of none).

    Raises Outdated when that is not there any more.
    """
    condition = {"IfMatch": replaced} if replaced else {"IfNoneMatch": "*"}
    document = {"format": FORMAT, **asdict(state)}
    body = json.dumps(document, indent=1)
    try:
        s3.put_object(Bucket=settings.cleaned_bucket, Key=KEY, Body=body.encode(), **condition)
    except ClientError as error:
        if not (
            aws.is_precondition_failed(error) or aws.code(error) == "ConditionalRequestConflict"
        ):
            raise
        # The answer to a put that came through may have been lost, and the put repeated.
        if aws.read_json(s3, settings.cleaned_bucket, KEY) != document:
            raise Outdated from None
