"""Mapping files: read from disk, and registered where the flatten job looks for them.

`s3://<artifacts>/mappings/<source>.toml`. The job applies them when it reads; what is landed is
the document as it was received.
"""

from pathlib import Path

import click
from botocore.client import BaseClient

from glue.mapping import RESERVED, SOURCE, Mapping, MappingError, parse
from loaders.settings import LOGS, Settings

FOLDER = "mappings/"  # of the artifacts bucket


def read(path: Path) -> tuple[Mapping, str]:
    """The mapping and the text of its file. Raises click.ClickException for one that is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise click.ClickException(f"{path} is no TOML: it is not UTF-8 text") from None
    except OSError as error:
        raise click.ClickException(f"cannot read {path}: {error.strerror}") from None
    try:
        return parse(text), text
    except MappingError as error:
        raise click.ClickException(f"{path}: {' '.join(str(error).split())}") from None


def registered(s3: BaseClient, settings: Settings, source: str) -> str | None:
    """The text of a source's mapping file, None when there is none."""
    try:
        answer = s3.get_object(Bucket=settings.artifacts_bucket, Key=_key(source))
    except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket):
        return None
    return answer["Body"].read().decode()


def register(s3: BaseClient, settings: Settings, source: str, text: str) -> str:
    """Put the file where the job finds it; says in words what that changed."""
    before = registered(s3, settings, source)
    url = f"s3://{settings.artifacts_bucket}/{_key(source)}"
    if before == text:
        return f"The mapping {url} is as it was."
    s3.put_object(Bucket=settings.artifacts_bucket, Key=_key(source), Body=text.encode())
    if before is None:
        return f"The mapping is registered as {url}."
    return (
        f"The mapping {url} is replaced: `uap flatten` reads new objects with it, `uap replay` "
        "reads again what was quarantined."
    )


def of_source(s3: BaseClient, settings: Settings, source: str) -> Mapping | None:
    """What the job will apply to a source; None for documents that need no mapping."""
    text = None if source in RESERVED else registered(s3, settings, source)
    return parse(text) if text is not None else None


def check_source(
    s3: BaseClient, settings: Settings, source: str | None, mapping: Mapping | None
) -> str:
    """The source to land in, which the user or else the mapping names.

    Raises click.ClickException when the two differ, and for a source that the flatten job could
    not read: one without a mapping, here or registered.
    """
    if mapping:
        if source not in (None, mapping.name):
            raise click.ClickException(
                f"--source {source} and the mapping's source {mapping.name} differ: leave out "
                "--source"
            )
        return mapping.name
    if source is None or source in RESERVED:
        return source or LOGS
    if not SOURCE.fullmatch(source):
        raise click.ClickException(
            f"--source {source!r} names no folder: use lower-case letters, digits and "
            "underscores, a letter first"
        )
    if registered(s3, settings, source) is None:
        raise click.ClickException(
            f"no mapping is registered for the source {source}: pass --mapping, or leave out "
            "--source for documents in our shape"
        )
    return source


def _key(source: str) -> str:
    return f"{FOLDER}{source}.toml"
