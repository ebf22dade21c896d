"""The local files that an upload takes, and where each belongs in the raw zone."""

import glob
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import click

from loaders import ground_truth
from loaders.settings import LOGS

KINDS = (".json", ".ndjson", ".jsonl")
COMPRESSED = (".gz", ".zst")
IN_WORDS = f"{', '.join(KINDS)}, plain or as {' or '.join(COMPRESSED)}"
INGEST_DATE = re.compile(r"ingest_date=(.*)")


@dataclass(frozen=True)
class Source:
    """A local file; its objects are called `<zone>/ingest_date=<day>/<name>…`.

    `is_dated`: the day was said by a folder or by the user; otherwise it is today's.
    """

    path: Path
    zone: str
    day: date
    name: str
    is_dated: bool

    @property
    def folder(self) -> str:
        return f"{self.zone}/ingest_date={self.day.isoformat()}/"

    @property
    def size(self) -> int:
        return self.path.stat().st_size


def find_sources(
    paths: Sequence[Path], ingest_date: date | None = None, zone: str = LOGS
) -> list[Source]:
    """The documents in files, folders and globs, sorted by the names of their objects.

    A folder `ingest_date=YYYY-MM-DD` on the way to a file dates it, otherwise `ingest_date` does,
    or today (UTC). Raises click.ClickException for a path that is missing or of another kind, and
    when two files would become one object.
    """
    sources: dict[str, Source] = {}
    for path in paths:
        for file, root in _files(path):
            source = _source(file, root, ingest_date, zone)
            key = source.folder + source.name
            other = sources.setdefault(key, source)
            if not other.path.samefile(file):
                raise click.ClickException(
                    f"{other.path} and {file} would both become {key}: rename one of them"
                )
    if not sources:
        raise click.ClickException(
            f"no {IN_WORDS} in {', '.join(map(str, paths))}: "
            "`uap generate` writes some to data/logs"
        )
    return [sources[key] for key in sorted(sources)]


def _files(path: Path) -> Iterator[tuple[Path, Path]]:
    """Files, each with the folder that its name is relative to."""
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if _is_hidden(file.relative_to(path)) or file.name == ground_truth.FILE:
                continue
            if _name(file) and file.is_file():
                yield file, path
    elif path.exists():
        yield _named(path), path.parent
    elif glob.has_magic(str(path)):
        yield from _matches(path)
    else:
        raise click.ClickException(f"{path} does not exist: `uap generate` writes data/logs")


def _matches(pattern: Path) -> Iterator[tuple[Path, Path]]:
    """As if the shell had named them; a file's name begins where the pattern's magic does."""
    base = next(parent for parent in pattern.parents if not glob.has_magic(str(parent)))
    found = sorted(base.glob(str(pattern.relative_to(base))))
    if not found:
        raise click.ClickException(f"nothing matches {pattern}")
    for path in found:
        if path.is_dir():
            # `**` names the files below it too.
            if "**" not in pattern.parts:
                yield from _files(path)
        elif _name(path) and not _is_hidden(path.relative_to(base)):
            yield path, base


def _named(path: Path) -> Path:
    if not _name(path):
        raise click.ClickException(
            f"{path} is not one of {IN_WORDS}: convert it to NDJSON, one JSON document a line"
        )
    if _is_hidden(Path(path.name)):
        raise click.ClickException(
            f"Athena does not read objects called {path.name[0]}…: rename {path}"
        )
    return path


def _is_hidden(path: Path) -> bool:
    """As Athena and Spark have it."""
    return any(part.startswith(("_", ".")) for part in path.parts)


def _name(file: Path) -> str:
    """The file's name without its endings; empty when it is of another kind."""
    name = file.name
    for ending in COMPRESSED:
        name = name.removesuffix(ending)
    return Path(name).stem if name.endswith(KINDS) else ""


def _source(file: Path, root: Path, ingest_date: date | None, zone: str) -> Source:
    """Folders between the ingest date (or else the root) and the file become part of the name:
    a crawler would take a folder for a partition."""
    folders = file.absolute().parts[:-1]
    dated = [index for index, part in enumerate(folders) if INGEST_DATE.match(part)]
    day = ingest_date or datetime.now(UTC).date()
    if dated:
        text = INGEST_DATE.match(folders[dated[-1]])[1]
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise click.ClickException(
                f"{file}: ingest_date={text} is no date, use ingest_date=YYYY-MM-DD"
            ) from None
        folders = folders[dated[-1] + 1 :]
    else:
        folders = file.relative_to(root).parts[:-1]
    name = "__".join([*folders, _name(file)])
    return Source(file, zone, day, name, is_dated=bool(dated or ingest_date))
