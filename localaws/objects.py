"""The S3 store seen from inside the process: the same durable state that moto serves over HTTP.

Bodies are immutable files, everything else about a key is one row of `State`. What a mutation
changed is written through before the mutation returns, and a body is removed only after the row
that named it is gone: a killed process loses no acknowledged object and shows no half of one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Any

from moto.s3.models import S3Backend, s3_backends
from moto.utilities.utils import get_partition

from localaws.moto_s3 import Bodies, Body, StoredBucket, StoredKey
from localaws.routes import AwsError
from localaws.settings import ACCOUNT, DEFAULT_REGION, objects_dir
from localaws.state import Row, State


class NoSuchBucket(AwsError, LookupError):
    def __init__(self, bucket: str) -> None:
        super().__init__("NoSuchBucket", f"The specified bucket does not exist: {bucket}", 404)


class NoSuchKey(AwsError, LookupError):
    def __init__(self, bucket: str, key: str) -> None:
        message = f"The specified key does not exist: s3://{bucket}/{key}"
        super().__init__("NoSuchKey", message, 404)


@dataclass(frozen=True)
class StoredObject:
    """One object's current version; `path` is an immutable local file with its bytes.

    size: bytes; etag: without quotes; last_modified: UTC, aware. The file may be removed once the
    object is overwritten or deleted: read it inside `ObjectStore.pinned()`.
    """

    bucket: str
    key: str
    size: int
    etag: str
    path: Path
    last_modified: datetime


class ObjectStore:
    """All buckets and objects below one data directory. One instance a process (moto is global)."""

    def __init__(self, data_dir: Path, state: State, region: str = DEFAULT_REGION) -> None:
        self._state = state
        self._region = region
        self._lock = RLock()
        self._bodies = StoredKey.bodies = Bodies(objects_dir(data_dir))
        partition = get_partition(region)
        self._backend = S3Backend(partition, ACCOUNT)
        s3_backends[ACCOUNT][partition] = self._backend
        # The bodies that each row on disk names: kind -> row's name -> bodies.
        self._files: dict[str, dict[str, set[str]]] = {}
        self._load()
        # What a killed process wrote and never committed.
        named = itertools.chain(*(rows.values() for rows in self._files.values()))
        self._bodies.discard(set(self._bodies.names()).difference(*named))

    def buckets(self) -> list[str]:
        return sorted(self._backend.buckets)

    def create_bucket(self, bucket: str) -> None:
        """Nothing happens when it exists."""
        with self.mutation(bucket):
            if bucket not in self._backend.buckets:
                self._backend.create_bucket(bucket, self._region)

    def list(self, bucket: str, prefix: str = "") -> list[StoredObject]:
        """The objects whose key starts with `prefix`, sorted by key. Raises NoSuchBucket."""
        keys = self._bucket(bucket).keys
        found = [self._current(bucket, key) for key in sorted(keys) if key.startswith(prefix)]
        return [stored for stored in found if stored]

    def get(self, bucket: str, key: str) -> StoredObject:
        """Raises NoSuchBucket, NoSuchKey."""
        stored = self._current(bucket, key)
        if not stored:
            raise NoSuchKey(bucket, key)
        return stored

    def put_bytes(self, bucket: str, key: str, data: bytes) -> StoredObject:
        """Raises NoSuchBucket."""
        self._bucket(bucket)
        return self._put(bucket, key, self._bodies.write(data))

    def put_file(self, bucket: str, key: str, path: Path) -> StoredObject:
        """Move a file into the store; it is renamed, not copied, when it lies under the data
        directory. Raises NoSuchBucket, and then leaves the file alone."""
        self._bucket(bucket)
        return self._put(bucket, key, self._bodies.adopt(path))

    def put_files(self, bucket: str, files: Mapping[str, Path]) -> None:
        """As `put_file` for each key: all of them at once, or none."""
        self._bucket(bucket)
        bodies = {key: self._bodies.adopt(path) for key, path in files.items()}
        with self.mutation(bucket):
            for key, body in bodies.items():
                version = self._backend.put_object(bucket, key, body)
                self._backend.tagger.delete_all_tags_for_resource(version.arn)

    def delete(self, bucket: str, keys: Iterable[str]) -> None:
        """Keys that do not exist are no error, as in DeleteObjects. Raises NoSuchBucket."""
        self._bucket(bucket)
        with self.mutation(bucket):
            for key in keys:
                self._backend.delete_object(bucket, key)

    def has_upload(self, bucket: str, upload: str) -> bool:
        """Whether a multipart upload is in progress."""
        stored = self._backend.buckets.get(bucket)
        return stored is not None and upload in stored.multiparts

    def pinned(self) -> AbstractContextManager[None]:
        """Object files seen inside the block stay on disk until it ends."""
        return self._bodies.pinned()

    @contextmanager
    def mutation(
        self, bucket: str | None = None, key: str | None = None, upload: str | None = None
    ) -> Iterator[None]:
        """Hold the store while moto changes S3 state; the change is on disk when the block ends.

        Keys set or removed are noticed. What is changed in place is not: name the bucket, key or
        multipart upload that the request is about.
        """
        with self._lock:
            try:
                yield
            finally:
                self._save(bucket, key, upload)

    def _bucket(self, bucket: str) -> StoredBucket:
        try:
            return self._backend.buckets[bucket]
        except KeyError:
            raise NoSuchBucket(bucket) from None

    def _current(self, bucket: str, key: str) -> StoredObject | None:
        version = self._bucket(bucket).keys.get(key)
        return self._stored(version) if isinstance(version, StoredKey) else None

    def _stored(self, version: StoredKey) -> StoredObject:
        return StoredObject(
            bucket=version.bucket_name,
            key=version.name,
            size=version.size,
            etag=version.etag.strip('"'),
            path=self._bodies.path(version.body),
            last_modified=version.last_modified.replace(tzinfo=UTC),
        )

    def _put(self, bucket: str, key: str, body: Body) -> StoredObject:
        with self.mutation(bucket, key):
            version = self._backend.put_object(bucket, key, body)
            self._backend.tagger.delete_all_tags_for_resource(version.arn)
            return self._stored(version)

    def _load(self) -> None:
        """Make memory what the disk holds. Readers, who hold no lock, see the one or the other."""
        buckets: dict[str, StoredBucket] = {}
        all_tags: dict[str, dict[str, str]] = {}
        files: dict[str, dict[str, set[str]]] = {"object": {}, "upload": {}}
        for name, (bucket, tags) in self._state.items("bucket"):
            buckets[name] = bucket
            all_tags.update(tags)
        for name, (versions, tags) in self._state.items("object"):
            bucket, key = name.split("/", 1)
            buckets[bucket].keys.restore(key, versions)
            all_tags.update(tags)
            files["object"][name] = _bodies_of(versions)
        for name, upload in self._state.items("upload"):
            bucket, upload_id = name.split("/", 1)
            buckets[bucket].multiparts[upload_id] = upload
            files["upload"][name] = _bodies_of(upload.parts.values())
        self._backend.buckets, self._backend.tagger.tags, self._files = buckets, all_tags, files
        s3_backends.bucket_accounts = dict.fromkeys(buckets, (self._backend.partition, ACCOUNT))

    def _save(self, bucket: str | None, key: str | None, upload: str | None) -> None:
        rows = {
            Row("object", f"{name}/{changed}")
            for name, each in list(self._backend.buckets.items())
            for changed in each.keys.take_changed()
        }
        if bucket:
            rows |= {Row("bucket", bucket), *self._uploads_in_doubt(bucket)}
        if key:
            rows.add(Row("object", f"{bucket}/{key}"))
        if upload:
            rows.add(Row("upload", f"{bucket}/{upload}"))
        if bucket and bucket not in self._backend.buckets:
            rows |= self._rows_on_disk("object", bucket)

        values = {row: self._value(row) for row in rows}
        try:
            self._state.write(
                {row: value for row, value in values.items() if value is not None},
                [row for row, value in values.items() if value is None],
            )
        except BaseException:  # a full disk: nobody may see what a restart would not find
            self._take_back(values)
            raise
        for row, value in values.items():
            if row.kind in self._files:
                self._replace_bodies(row, value)

    def _take_back(self, values: Mapping[Row, Any]) -> None:
        """Undo in memory what could not be written."""
        written = {body for row, value in values.items() for body in _bodies_of_row(row, value)}
        self._load()
        named = (self._files.get(row.kind, {}).get(row.name, set()) for row in values)
        self._bodies.discard(written.difference(*named))

    def _replace_bodies(self, row: Row, value: Any) -> None:
        """A row is on disk: the bodies that only its predecessor named may go."""
        files = self._files[row.kind]
        before = files.pop(row.name, set())
        now = _bodies_of_row(row, value)
        if value is not None:
            files[row.name] = now
        self._bodies.discard(before - now)

    def _rows_on_disk(self, kind: str, bucket: str) -> set[Row]:
        return {Row(kind, name) for name in self._files[kind] if name.startswith(f"{bucket}/")}

    def _uploads_in_doubt(self, bucket: str) -> set[Row]:
        """Multipart uploads that began or ended since the last save."""
        stored = self._backend.buckets.get(bucket)
        uploads = stored.multiparts if stored else ()
        return self._rows_on_disk("upload", bucket) ^ {
            Row("upload", f"{bucket}/{upload_id}") for upload_id in uploads
        }

    def _value(self, row: Row) -> Any:
        """What a row must hold now; None when it must go."""
        name, _, rest = row.name.partition("/")
        bucket = self._backend.buckets.get(name)
        if bucket is None:
            return None
        if row.kind == "bucket":
            return bucket, self._tags([bucket.arn])
        if row.kind == "upload":
            return bucket.multiparts.get(rest)
        versions = bucket.keys.getlist(rest)
        if not versions:
            return None
        arns = [version.arn for version in versions if isinstance(version, StoredKey)]
        return versions, self._tags(arns)

    def _tags(self, arns: Iterable[str]) -> dict[str, dict[str, str]]:
        tags = self._backend.tagger.tags
        return {arn: tags[arn] for arn in arns if arn in tags}


def _bodies_of(versions: Iterable[Any]) -> set[str]:
    return {version.body for version in versions if isinstance(version, StoredKey)}


def _bodies_of_row(row: Row, value: Any) -> set[str]:
    """Of what the row holds; `value` as from `ObjectStore._value`."""
    if value is None or row.kind not in ("object", "upload"):
        return set()
    return _bodies_of(value.parts.values() if row.kind == "upload" else value[0])
