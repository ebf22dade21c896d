"""Land documents in the raw zone: `<source>/ingest_date=YYYY-MM-DD/<name>.json.gz`, or `.json.zst`.

Lines are landed as they are: a bad line is evidence, and the flatten job's quarantine says what is
wrong with it. A file of more than 128 MB becomes several objects, `<name>-00001` and so on.
"""

import dataclasses
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import click
from botocore.client import BaseClient

from loaders import aws, console, landing, manifest, parallel
from loaders.parts import PART_BYTES, Part, parts_of
from loaders.settings import Settings
from loaders.sources import Source, find_sources

__all__ = ["Landing", "find_sources", "upload"]

WORKERS = 4
KEY = re.compile(r"(?P<folder>[^/]+/ingest_date=\d{4}-\d\d-\d\d/)(?P<name>[^/]+)\.json\.(?:gz|zst)")
CUT = re.compile(r"(.*)-\d{5,}")


@dataclass(frozen=True)
class Landing:
    """`keys`: the objects of all sources; `landed`: those written now, the others were there;
    `manifest`: the key of the load's manifest."""

    keys: list[str]
    landed: list[str]
    created_buckets: list[str]
    manifest: str


@dataclass(frozen=True)
class _File:
    """A file's parts; `there`: the keys of those that are landed, by number; `others`: objects
    that were landed from this file with other content."""

    parts: list[Part]
    there: dict[int, str]
    others: list[str]

    @property
    def missing(self) -> list[Part]:
        return [part for part in self.parts if part.number not in self.there]


def upload(
    sources: Sequence[Source],
    s3: BaseClient,
    settings: Settings,
    replace: bool = False,
    compression: str = "gzip",
    part_bytes: int = PART_BYTES,
) -> Landing:
    """Land what is not there yet; an interrupted upload continues where it stopped.

    `compression` is gzip or zstd; what was landed with the other one is not landed again.
    Raises click.ClickException for files that are no documents and, unless `replace`, for objects
    that hold other content, both before anything is uploaded; and when the endpoint fails on the
    way, saying how many objects were landed.
    """
    bucket = settings.raw_bucket
    checked = _check(sources, part_bytes)
    created = aws.ensure_buckets(s3, settings)
    files = _compare(checked, s3, bucket)
    if not replace:
        _refuse_others(files, bucket)
    landed = _land(files, s3, bucket, compression, replace)
    keys = {
        part: file.there.get(part.number, part.stem + landing.ENDINGS[compression])
        for file in files
        for part in file.parts
    }
    for key in {key for file in files for key in file.others}.difference(keys.values()):
        s3.delete_object(Bucket=bucket, Key=key)
    objects = sorted(((key, part) for part, key in keys.items()), key=lambda pair: pair[0])
    written = manifest.write(s3, bucket, sources[0].zone, objects)
    return Landing([key for key, _ in objects], sorted(landed), created, written)


def _check(sources: Sequence[Source], part_bytes: int) -> list[list[Part]]:
    """The parts of each file, all of it read."""
    with console.transfer() as progress:
        task = progress.add_task("Checking", total=sum(source.size for source in sources))

        def check(source: Source) -> list[Part]:
            parts = parts_of(source, part_bytes)
            progress.advance(task, source.size)
            return parts

        checked = list(parallel.each(check, sources, os.cpu_count() or 1))
    files: dict[str, Source] = {}
    for part in (part for parts in checked for part in parts):
        other = files.setdefault(part.stem, part.source)
        if other is not part.source:
            raise click.ClickException(
                f"{other.path} and {part.source.path} would both become {part.stem}: "
                "rename one of them"
            )
    return checked


def _compare(checked: list[list[Part]], s3: BaseClient, bucket: str) -> list[_File]:
    """With what the raw zone holds under the same names."""
    names = {name for parts in checked for part in parts for name in (part.source.name, part.name)}
    there: dict[str, dict[str, str]] = defaultdict(dict)  # folder -> key -> name
    with console.waiting("Looking for what is landed"):
        for prefix in _prefixes([parts[0].source for parts in checked]):
            for entry in aws.objects(s3, bucket, prefix):
                key = KEY.fullmatch(entry["Key"])
                if key and (key["name"] in names or _uncut(key["name"]) in names):
                    there[key["folder"]][key[0]] = key["name"]
        keys = [key for found in there.values() for key in found]
        heads = dict(
            parallel.each(lambda key: (key, landing.head(s3, bucket, key)), keys, 4 * WORKERS)
        )
    return [_compare_file(parts, there, heads) for parts in checked]


def _prefixes(sources: Sequence[Source]) -> list[str]:
    """What to list: a file that nobody dated may have been landed on another day."""
    undated = {f"{source.zone}/" for source in sources if not source.is_dated}
    dated = {source.folder for source in sources}
    return sorted(
        undated | {folder for folder in dated if folder.split("/")[0] + "/" not in undated}
    )


def _compare_file(
    parts: list[Part], there: dict[str, dict[str, str]], heads: dict[str, dict[str, str]]
) -> _File:
    source = parts[0].source
    if not source.is_dated:
        for folder in sorted(there, reverse=True):
            file = _in_folder(parts, there[folder], heads)
            if file.there and not file.others:
                day = date.fromisoformat(folder.rstrip("/").rpartition("=")[2])
                dated = dataclasses.replace(source, day=day)
                moved = [dataclasses.replace(part, source=dated) for part in parts]
                return dataclasses.replace(file, parts=moved)
    return _in_folder(parts, there[source.folder], heads)


def _in_folder(parts: list[Part], names: dict[str, str], heads: dict[str, dict[str, str]]) -> _File:
    """`names`: of the folder's objects, by key."""
    file = _File(parts, {}, [])
    by_name = {part.name: part for part in parts}
    for key, name in names.items():
        part = by_name.get(name)
        if part and heads[key].get(landing.DIGEST) == part.sha256:
            file.there[part.number] = key
        elif part or _is_of(parts[0].source, name, heads[key]):
            file.others.append(key)
    return file


def _is_of(source: Source, name: str, metadata: dict[str, str]) -> bool:
    """Whether an object is this file, or a part of it, as it was landed before."""
    return name == source.name or (landing.PART in metadata and _uncut(name) == source.name)


def _uncut(name: str) -> str:
    """The name of the file that an object called like this may be a part of."""
    cut = CUT.fullmatch(name)
    return cut[1] if cut else name


def _refuse_others(files: list[_File], bucket: str) -> None:
    if changed := [file for file in files if file.others]:
        first = min(changed, key=lambda file: min(file.others))
        raise click.ClickException(
            f"s3://{bucket}/{min(first.others)} holds other content than "
            f"{first.parts[0].source.path}"
            + (f" (and {len(changed) - 1} more)" if len(changed) > 1 else "")
            + ": rename the file, or pass --replace to overwrite what was landed"
        )


def _land(
    files: list[_File], s3: BaseClient, bucket: str, compression: str, overwrite: bool
) -> list[str]:
    """The keys that were landed now."""
    pending = [part for file in files for part in file.missing]
    landed: list[str] = []
    with console.transfer() as progress:
        task = progress.add_task("Uploading", total=sum(part.size for part in pending))

        def land(batch: list[Part]) -> None:
            for key in landing.land(
                batch, s3, bucket, compression, overwrite, lambda size: progress.advance(task, size)
            ):
                landed.append(key)

        try:
            for _ in parallel.each(land, _batches(files), WORKERS):
                pass
        except aws.ERRORS as error:
            raise click.ClickException(
                f"{aws.explain(error)}; {len(landed)} of {len(pending)} new objects were landed, "
                "run the same command again to continue"
            ) from None
    return landed


def _batches(files: list[_File]) -> Iterator[list[Part]]:
    """What one thread lands: the parts of a file that can only be read from its beginning stay
    together."""
    for file in files:
        if file.missing and file.missing[0].is_seekable:
            yield from ([part] for part in file.missing)
        elif file.missing:
            yield file.missing
