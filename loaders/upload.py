"""Land NDJSON files in the raw zone: `logs/ingest_date=YYYY-MM-DD/<name>.json.gz`.

Lines are landed as they are: a bad line is evidence, and the flatten job's quarantine says what is
wrong with it. A file that is no text of lines at all is refused before anything is uploaded.
"""

import gzip
import hashlib
import os
import re
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

import click
from boto3.s3.transfer import TransferConfig
from botocore.client import BaseClient

from loaders import aws, console, ground_truth, parallel
from loaders.settings import RAW_PREFIX, Settings

KINDS = (".json", ".ndjson", ".jsonl")
INGEST_DATE = re.compile(r"ingest_date=(.*)")
# A JSON array of documents, or one document over several lines.
WHOLE_JSON = re.compile(rb'\s*\[\s*\{|\s*\{\s*\n\s+"')
# Object metadata: of the uncompressed content, so that another zlib changes no object.
DIGEST = "sha256"
CHUNK = 1 << 20
WORKERS = 4
# The pool uploads objects side by side already.
TRANSFER = TransferConfig(use_threads=False, multipart_threshold=64 << 20)


@dataclass(frozen=True)
class Source:
    path: Path
    key: str

    @property
    def size(self) -> int:
        return self.path.stat().st_size


@dataclass(frozen=True)
class Landing:
    """`keys`: the objects of all sources; `landed`: those written now, the others were there."""

    keys: list[str]
    landed: list[str]
    created_buckets: list[str]


def find_sources(paths: Sequence[Path], ingest_date: date) -> list[Source]:
    """The NDJSON files in files and folders, each with its key in the raw bucket, sorted by key.

    A folder `ingest_date=YYYY-MM-DD` on the way to a file dates it, otherwise `ingest_date` does.
    Raises click.ClickException for a path that is missing or of another kind, and when two files
    would become one object.
    """
    sources: dict[str, Source] = {}
    for path in paths:
        for file in _files(path):
            source = Source(file, _key(file, path, ingest_date))
            other = sources.setdefault(source.key, source)
            if not other.path.samefile(file):
                raise click.ClickException(
                    f"{other.path} and {file} would both become {source.key}: rename one of them"
                )
    if not sources:
        raise click.ClickException(
            f"no {', '.join(KINDS)} file (or .gz of one) in {', '.join(map(str, paths))}: "
            "`uap generate` writes some to data/logs"
        )
    return [sources[key] for key in sorted(sources)]


def upload(
    sources: Sequence[Source], s3: BaseClient, settings: Settings, replace: bool = False
) -> Landing:
    """Land what is not there yet; an interrupted upload continues where it stopped.

    Raises click.ClickException for files that are no NDJSON and, unless `replace`, for objects
    that hold other content, both before anything is uploaded; and when the endpoint fails on the
    way, saying how many objects were landed.
    """
    digests = _check(sources)
    created = aws.ensure_buckets(s3, settings)
    pending = _pending(sources, digests, s3, settings.raw_bucket, replace)
    landed: list[str] = []
    with console.progress() as progress:
        task = progress.add_task("Uploading", total=sum(source.size for source in pending))

        def land(source: Source) -> None:
            _land(source, s3, settings.raw_bucket)
            landed.append(source.key)
            progress.advance(task, source.size)

        try:
            for _ in parallel.each(land, pending, WORKERS):
                pass
        except aws.ERRORS as error:
            raise click.ClickException(
                f"{aws.explain(error)}; {len(landed)} of {len(pending)} new objects were landed, "
                "run the same command again to continue"
            ) from None
    return Landing([source.key for source in sources], sorted(landed), created)


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if _is_hidden(file.relative_to(path)) or file.name == ground_truth.FILE:
                continue
            if _name(file) and file.is_file():
                yield file
    elif not path.exists():
        raise click.ClickException(f"{path} does not exist: `uap generate` writes data/logs")
    elif not _name(path):
        raise click.ClickException(
            f"{path} is not one of {', '.join(KINDS)}, nor a .gz of one: convert it to NDJSON, "
            "one JSON document a line"
        )
    elif _is_hidden(Path(path.name)):
        raise click.ClickException(
            f"Athena does not read objects called {path.name[0]}…: rename {path}"
        )
    else:
        yield path


def _is_hidden(path: Path) -> bool:
    """As Athena and Spark have it."""
    return any(part.startswith(("_", ".")) for part in path.parts)


def _name(file: Path) -> str:
    """The file's name without its endings; empty when it is of another kind."""
    name = file.name.removesuffix(".gz")
    return Path(name).stem if name.endswith(KINDS) else ""


def _key(file: Path, root: Path, ingest_date: date) -> str:
    """Folders between the ingest date (or else the root) and the file become part of the name:
    a crawler would take a folder for a partition."""
    folders = file.absolute().parts[:-1]
    dated = [index for index, part in enumerate(folders) if INGEST_DATE.match(part)]
    if dated:
        text = INGEST_DATE.match(folders[dated[-1]])[1]
        try:
            ingest_date = date.fromisoformat(text)
        except ValueError:
            raise click.ClickException(
                f"{file}: ingest_date={text} is no date, use ingest_date=YYYY-MM-DD"
            ) from None
        folders = folders[dated[-1] + 1 :]
    else:
        folders = file.relative_to(root).parts[:-1]
    name = "__".join([*folders, _name(file)])
    return f"{RAW_PREFIX}ingest_date={ingest_date.isoformat()}/{name}.json.gz"


def _check(sources: Sequence[Source]) -> dict[Source, str]:
    """The digest of each source's content, all of it read."""
    with console.progress() as progress:
        task = progress.add_task("Checking", total=sum(source.size for source in sources))

        def check(source: Source) -> tuple[Source, str]:
            digest = hashlib.sha256()
            for number, chunk in enumerate(_chunks(source.path)):
                if number == 0 and (problem := _problem(chunk)):
                    raise click.ClickException(f"{source.path} {problem}")
                digest.update(chunk)
            if digest.digest() == hashlib.sha256().digest():
                raise click.ClickException(f"{source.path} is empty: remove it")
            progress.advance(task, source.size)
            return source, digest.hexdigest()

        return dict(parallel.each(check, sources, os.cpu_count() or 1))


def _chunks(path: Path) -> Iterator[bytes]:
    """The uncompressed content. Raises click.ClickException when the file cannot be read."""
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise click.ClickException(f"{path} is not a whole gzip file: {error}") from None
    except OSError as error:
        raise click.ClickException(f"cannot read {path}: {error.strerror}") from None


def _problem(head: bytes) -> str | None:
    """What makes a file that begins like this no text of lines."""
    if not head.strip():
        return "is blank: remove it"
    if b"\0" in head or not any(map(_is_utf8, head.split(b"\n"))):
        return "is not UTF-8 text: convert it to NDJSON, one JSON document a line"
    if WHOLE_JSON.match(head):
        return "is one JSON value over all its lines: convert it to NDJSON (`jq -c`), one a line"
    return None


def _is_utf8(line: bytes) -> bool:
    try:
        return bool(line.decode().strip())
    except UnicodeDecodeError:
        return False


def _pending(
    sources: Sequence[Source],
    digests: dict[Source, str],
    s3: BaseClient,
    bucket: str,
    replace: bool,
) -> list[Source]:
    """The sources whose object is missing or holds other content."""
    folders = sorted({source.key.rpartition("/")[0] + "/" for source in sources})
    there = {entry["Key"] for folder in folders for entry in aws.objects(s3, bucket, folder)}

    def differs(source: Source) -> tuple[Source, bool]:
        metadata = s3.head_object(Bucket=bucket, Key=source.key)["Metadata"]
        return source, metadata.get(DIGEST) != digests[source]

    known = [source for source in sources if source.key in there]
    changed = {source for source, differ in parallel.each(differs, known, WORKERS) if differ}
    if changed and not replace:
        first = min(changed, key=lambda source: source.key)
        raise click.ClickException(
            f"s3://{bucket}/{first.key} holds other content than {first.path}"
            + (f" (and {len(changed) - 1} more)" if len(changed) > 1 else "")
            + ": rename the file, or pass --replace to overwrite what was landed"
        )
    return [source for source in sources if source.key not in there or source in changed]


def _land(source: Source, s3: BaseClient, bucket: str) -> None:
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(prefix="uap-", suffix=".gz") as file:
        with _gzip(file) as compressed:
            for chunk in _chunks(source.path):
                digest.update(chunk)
                compressed.write(chunk)
        file.flush()
        s3.upload_file(
            file.name,
            bucket,
            source.key,
            ExtraArgs={
                "Metadata": {DIGEST: digest.hexdigest()},
                "ContentType": "application/gzip",
            },
            Config=TRANSFER,
        )


def _gzip(file: BinaryIO) -> gzip.GzipFile:
    """No name and no time in the header: the same lines give the same bytes."""
    return gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0)
