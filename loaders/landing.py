"""Put parts of files into the raw zone: each object once, whole, and with what was read."""

import base64
import gzip
import hashlib
import random
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, BinaryIO, TypeVar

import click
import zstandard
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from loaders import aws, documents
from loaders.parts import Part

ENDINGS = {"gzip": ".json.gz", "zstd": ".json.zst"}
CONTENT_TYPES = {"gzip": "application/gzip", "zstd": "application/zstd"}
# Object metadata: of the uncompressed content, so that another zlib changes no object.
DIGEST = "sha256"
# Object metadata of a part of a file: which one, of how many.
PART = "part"
# Compressed bytes in memory an object; the rest waits on the disk.
IN_MEMORY = 32 << 20
# Seconds to wait when S3 asks to slow down, after botocore's own retries.
WAITS = (1, 2, 4, 8, 16, 32, 60, 60)
SLOW_DOWN = {"SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded"}
SLOW_DOWN |= {"TooManyRequests", "TooManyRequestsException", "RequestTimeout"}
# What passes, as botocore has it; 507, a full disk of a local endpoint, does not.
FAILURES = {500, 502, 503, 504}
# Another put of the same key was under way.
CONFLICTS = {"ConditionalRequestConflict", "OperationAborted"}

Answer = TypeVar("Answer")


def patiently(call: Callable[[], Answer]) -> Answer:
    """Call again, ever later, while the service is busy or has failed.

    Waits up to some three minutes in all, then raises the last ClientError.
    """
    for wait in WAITS:
        try:
            return call()
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            if status not in FAILURES and aws.code(error) not in SLOW_DOWN | CONFLICTS:
                raise
        # Not all threads at the same moment.
        time.sleep(wait * random.uniform(0.5, 1))
    return call()


def head(s3: BaseClient, bucket: str, key: str) -> dict[str, str]:
    """The object's metadata."""
    return patiently(lambda: s3.head_object(Bucket=bucket, Key=key))["Metadata"]


def land(
    parts: Sequence[Part],
    s3: BaseClient,
    bucket: str,
    compression: str,
    overwrite: bool,
    advance: Callable[[int], None],
) -> Iterator[str]:
    """Land parts of one file, in their order; yields the keys of those that were not there yet.

    `advance` is told of the bytes of lines that are done. Raises click.ClickException when the
    file has changed since it was checked, when another upload landed other content meanwhile
    (unless `overwrite`), and when S3 does not hold what was sent.
    """
    lines = _Lines(parts[0])
    for part in parts:
        key = part.stem + ENDINGS[compression]
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, prefix="uap-") as file:
            _compress(lines, part, file, compression, advance)
            if _put(part, key, file, s3, bucket, CONTENT_TYPES[compression], overwrite):
                yield key


class _Lines:
    """The lines of a file from one part's first on."""

    def __init__(self, first: Part) -> None:
        self._at = first.start
        self._chunks = documents.chunks(first.source.path, first.start)
        self._rest = b""

    def skip_to(self, start: int) -> None:
        while self._at < start:
            self.read(start - self._at)

    def read(self, most: int) -> bytes:
        """Empty at the end."""
        data = self._rest or next(self._chunks, b"")
        data, self._rest = data[:most], data[most:]
        self._at += len(data)
        return data


def _compress(
    lines: _Lines, part: Part, file: BinaryIO, compression: str, advance: Callable[[int], None]
) -> None:
    digest = hashlib.sha256()
    left = part.size
    lines.skip_to(part.start)
    try:
        with _compressor(file, compression) as compressed:
            while left and (data := lines.read(left)):
                digest.update(data)
                compressed.write(data)
                left -= len(data)
                advance(len(data))
    except OSError as error:
        raise click.ClickException(
            f"cannot write to {tempfile.gettempdir()}: {error.strerror}; name another folder for "
            "temporary files in TMPDIR"
        ) from None
    if digest.hexdigest() != part.sha256:
        raise click.ClickException(f"{part.source.path} was changed while it was read")


def _compressor(file: BinaryIO, compression: str) -> AbstractContextManager[Any]:
    """No name and no time in the header: the same lines give the same bytes."""
    if compression == "gzip":
        return gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0)
    return zstandard.ZstdCompressor(level=3, write_checksum=True).stream_writer(file, closefd=False)


def _put(
    part: Part,
    key: str,
    file: BinaryIO,
    s3: BaseClient,
    bucket: str,
    content_type: str,
    overwrite: bool,
) -> bool:
    """Whether it was not there yet."""
    sha256, md5 = _digests(file)
    metadata = {DIGEST: part.sha256}
    if part.parts > 1:
        metadata[PART] = f"{part.number}/{part.parts}"

    def put() -> dict[str, Any]:
        file.seek(0)
        return s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=file,
            Metadata=metadata,
            ContentType=content_type,
            # S3 stores nothing when the bytes it gets have another checksum.
            ChecksumSHA256=base64.b64encode(sha256).decode(),
            **({} if overwrite else {"IfNoneMatch": "*"}),
        )

    try:
        answer = patiently(put)
    except ClientError as error:
        if not aws.is_precondition_failed(error):
            raise
        # Another upload was faster, or an answer to this one got lost on the way.
        if head(s3, bucket, key).get(DIGEST) == part.sha256:
            return False
        raise click.ClickException(
            f"another upload has landed other content than {part.source.path} as "
            f"s3://{bucket}/{key}: rename the file, or pass --replace to overwrite it"
        ) from None
    if not _is_stored(answer, sha256, md5):
        s3.delete_object(Bucket=bucket, Key=key)
        raise click.ClickException(
            f"s3://{bucket}/{key} was stored with another checksum than {part.source.path} was "
            "sent with, and has been removed"
        )
    return True


def _digests(file: BinaryIO) -> tuple[bytes, bytes]:
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    file.seek(0)
    while data := file.read(documents.CHUNK):
        sha256.update(data)
        md5.update(data)
    return sha256.digest(), md5.digest()


def _is_stored(answer: dict[str, Any], sha256: bytes, md5: bytes) -> bool:
    """An ETag is the MD5 of what is stored, unless a key of KMS encrypts it."""
    checksum = answer.get("ChecksumSHA256")
    if checksum is not None and checksum != base64.b64encode(sha256).decode():
        return False
    etag = answer["ETag"].strip('"')
    if answer.get("ServerSideEncryption", "AES256") == "AES256" and re.fullmatch(
        r"[0-9a-f]{32}", etag
    ):
        return etag == md5.hex()
    return True
