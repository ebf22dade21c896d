"""S3 as one job run sees it: the buckets as folders, which Spark knows as s3://.

The objects are copied in before the run and what has changed is taken back when it ends, whatever
its end: a failed job leaves what it had written, as it does on S3. Hadoop's overloaded view file
system makes `s3://bucket/key` mean `<folder>/bucket/key`, so scripts run unchanged and no S3
client stands between Spark and the disk. Two things differ from AWS: other clients see a run's
objects only when it ends, and a script's own boto3 calls see the store as it was at the start.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from localaws.objects import ObjectStore

_VIEW = "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme"
_RAW = "org.apache.hadoop.fs.RawLocalFileSystem"


@dataclass(frozen=True)
class Workspace:
    """`staged`: (bucket, key) -> (size in bytes, modification time in ns) when it was copied in."""

    folder: Path
    staged: dict[tuple[str, str], tuple[int, int]]

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
                if not _is_file_name(stored.key):
                    left_out.append(f"s3://{bucket}/{stored.key}")
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                # A copy: a script that writes a file in place must not reach the store's own.
                shutil.copyfile(stored.path, target)
                staged[bucket, stored.key] = _state(target)
    return Workspace(folder, staged), left_out


def take_back(workspace: Workspace, store: ObjectStore) -> int:
    """Put new and changed files into the store, delete what is gone; the number of changes."""
    found = {
        (bucket.name, path.relative_to(bucket).as_posix()): path
        for bucket in workspace.folder.iterdir()
        for path in bucket.rglob("*")
        if path.is_file() and not _is_passing(path.relative_to(bucket))
    }
    changed = {
        place: path for place, path in found.items() if workspace.staged.get(place) != _state(path)
    }
    for (bucket, key), path in changed.items():
        store.put_file(bucket, key, path)
    gone = [place for place in workspace.staged if place not in found]
    for bucket in {bucket for bucket, _ in gone}:
        store.delete(bucket, [key for other, key in gone if other == bucket])
    return len(changed) + len(gone)


def _state(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _is_file_name(key: str) -> bool:
    parts = key.split("/")
    return all(part not in ("", ".", "..") and len(part.encode()) <= 255 for part in parts)


def _is_passing(path: Path) -> bool:
    """What Hadoop keeps beside the data while it writes."""
    return "_temporary" in path.parts or path.name.endswith(".crc")
