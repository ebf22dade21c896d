"""S3 as one job run sees it: the buckets as folders, which Spark knows as s3://.

The objects are copied in before the run and what has changed is taken back when it ends, whatever
its end: a failed job leaves what it had written, as it does on S3. Hadoop's overloaded view file
system makes `s3://bucket/key` mean `<folder>/bucket/key`, so scripts run unchanged and no S3
client stands between Spark and the disk. Two things differ from AWS: other clients see a run's
objects only when it ends, and a script's own boto3 calls see the store as it was at the start.
"""

import shutil
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from localaws.objects import NoSuchKey, ObjectStore, StoredObject

_VIEW = "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme"
_RAW = "org.apache.hadoop.fs.RawLocalFileSystem"


@dataclass(frozen=True)
class Workspace:
    """`staged`: (bucket, key) -> the object that was copied in, and its file's `_state` then."""

    folder: Path
    staged: dict[tuple[str, str], tuple[StoredObject, tuple[int, ...]]]

    def spark_settings(self) -> dict[str, str]:
        """What tells Spark about the folders."""
        settings = {"spark.hadoop.fs.file.impl": _RAW}
        for scheme in ("s3", "s3a"):
            settings[f"spark.hadoop.fs.{scheme}.impl"] = _VIEW
            settings[f"spark.hadoop.fs.viewfs.overload.scheme.target.{scheme}.impl"] = _RAW
            settings[f"spark.hadoop.fs.AbstractFileSystem.{scheme}.impl"] = (
                "org.apache.hadoop.fs.viewfs.ViewFs"
            )
        settings["spark.hadoop.fs.viewfs.overload.scheme.target.file.impl"] = _RAW
        for bucket in sorted(path.name for path in self.folder.iterdir()):
            key = f"spark.hadoop.fs.viewfs.mounttable.{bucket}.linkFallback"
            settings[key] = (self.folder / bucket).as_uri()
        return settings


def stage(store: ObjectStore, folder: Path) -> tuple[Workspace, list[str]]:
    """Copy all buckets in; also the keys left out, which no file can be named after."""
    staged, left_out = {}, []
    for bucket in store.buckets():
        (folder / bucket).mkdir(parents=True)
        with store.pinned():
            for stored in store.list(bucket):
                target = folder / bucket / stored.key
                if not _is_file_name(stored.key) or not _makes_room(target):
                    left_out.append(f"s3://{bucket}/{stored.key}")
                    continue
                # A copy: a script that writes a file in place must not reach the store's own.
                shutil.copyfile(stored.path, target)
                staged[bucket, stored.key] = stored, _state(target)
    return Workspace(folder, staged), left_out


def take_back(workspace: Workspace, store: ObjectStore) -> int:
    """Put new and changed files into the store, delete what is gone; the number of changes.

    What was deleted here but written anew in the store meanwhile stays. The files of a bucket
    come all at once. Raises NoSuchBucket.
    """
    found = {
        (bucket.name, path.relative_to(bucket).as_posix()): path
        for bucket in workspace.folder.iterdir()
        for path in bucket.rglob("*")
        if path.is_file()
    }
    states = {place: state for place, (_, state) in workspace.staged.items()}
    changed: dict[str, dict[str, Path]] = defaultdict(dict)
    for (bucket, key), path in found.items():
        if states.get((bucket, key)) != _state(path) and not _is_passing(key):
            changed[bucket][key] = path
    for bucket, files in changed.items():
        store.put_files(bucket, files)
    gone: dict[str, list[str]] = defaultdict(list)
    for place, (stored, _) in workspace.staged.items():
        if place not in found and _is_current(stored, store):
            gone[stored.bucket].append(stored.key)
    for bucket, keys in gone.items():
        store.delete(bucket, keys)
    return sum(map(len, changed.values())) + sum(map(len, gone.values()))


def _is_current(stored: StoredObject, store: ObjectStore) -> bool:
    try:
        return store.get(stored.bucket, stored.key) == stored
    except NoSuchKey:
        return False


def _state(path: Path) -> tuple[int, ...]:
    """Equal as long as nobody writes the file or puts another in its place."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _makes_room(target: Path) -> bool:
    """False where a file stands in the way: S3 may hold `a` and `a/b`, a disk may not."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        return False
    return not target.exists()


def _is_file_name(key: str) -> bool:
    """Hadoop's Path takes no colon; no disk takes an empty or a dotted part."""
    return ":" not in key and all(
        part not in ("", ".", "..") and len(part.encode()) <= 255 for part in key.split("/")
    )


def _is_passing(key: str) -> bool:
    """What Hadoop and Spark keep beside the data while they write."""
    *folders, name = key.split("/")
    unfinished = any(
        folder == "_temporary" or folder.startswith(".spark-staging-") for folder in folders
    )
    return unfinished or (name.startswith(".") and name.endswith(".crc"))
