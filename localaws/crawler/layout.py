"""Which folders below a crawler's target are tables, and which are their partitions.

Source of the rules: Glue developer guide, "How does a crawler determine when to create
partitions?", "Creating a single schema for each Amazon S3 include path" and "Specifying the table
location and partitioning level": folders of one parent are partitions of it (`key=value`, else
`partition_0`) where the schemas of most are alike, tables where not.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from localaws.objects import StoredObject
from localaws.tables.locations import is_hidden, unescape

SIMILAR = 0.7


@dataclass
class Folder:
    """A folder below the target: its path from the bucket's root, with a slash at the end."""

    path: str
    files: list[StoredObject] = field(default_factory=list)
    folders: dict[str, "Folder"] = field(default_factory=dict)

    @property
    def level(self) -> int:
        """As crawlers count them: a bucket is at level 1, its folders at level 2."""
        return 1 + self.path.count("/")

    @property
    def all_files(self) -> list[StoredObject]:
        below = [file for folder in self.folders.values() for file in folder.all_files]
        return [*self.files, *below]


@dataclass(frozen=True)
class PartitionFolder:
    values: tuple[str, ...]
    path: str
    files: tuple[StoredObject, ...]


@dataclass(frozen=True)
class TableFolder:
    """A table to be: `partitions` has one entry with no values where there are no keys."""

    name: str
    path: str
    keys: tuple[str, ...]
    partitions: tuple[PartitionFolder, ...]

    @property
    def files(self) -> list[StoredObject]:
        return [file for partition in self.partitions for file in partition.files]


@dataclass(frozen=True)
class Grouping:
    """A crawler's `Grouping`. combine: folders of one parent are one table, however unlike their
    schemas are; level: where tables begin at the earliest (Folder.level), 0 for anywhere."""

    combine: bool = False
    level: int = 0


DEFAULT = Grouping()


class LayoutError(Exception):
    """Folders that make no table; str() is one sentence for the crawler's user."""


def tree(objects: list[StoredObject], prefix: str) -> Folder:
    """The folders below `prefix`, without hidden and empty objects."""
    root = Folder(prefix)
    for stored in objects:
        if is_hidden(stored.key, prefix) or not stored.size or stored.key.endswith("/"):
            continue
        *parts, _ = stored.key[len(prefix) :].split("/")
        folder = root
        for part in parts:
            folder = folder.folders.setdefault(part, Folder(f"{folder.path}{part}/"))
        folder.files.append(stored)
    return root


def tables(
    root: Folder,
    columns: Callable[[Folder], set[str]],
    bucket: str,
    grouping: Grouping = DEFAULT,
) -> list[TableFolder]:
    """`columns` gives the top-level column names of the documents in a folder.

    Raises LayoutError where partition folders of one table differ in depth or keys.
    """
    if not root.all_files:
        return []
    only_one = len(root.folders) == 1 and not any("=" in name for name in root.folders)
    deeper = root.level < grouping.level if grouping.level else only_one
    if deeper and not root.files:
        below = root.folders.values()
        return [table for each in below for table in tables(each, columns, bucket, grouping)]
    return _split(root, columns, bucket, grouping.combine)


def _split(
    root: Folder, columns: Callable[[Folder], set[str]], bucket: str, combine: bool
) -> list[TableFolder]:
    """`root` as one table, or where its folders are too unlike, as some below it."""
    folders = list(root.folders.values())
    keyed = sum("=" in name for name in root.folders)
    mixed = root.files or 0 < keyed < len(folders)
    if mixed or combine or _alike(folders, columns):
        return [_table(root, bucket)]
    return [table for each in folders for table in _split(each, columns, bucket, combine)]


def _alike(folders: list[Folder], columns: Callable[[Folder], set[str]]) -> bool:
    """Whether more than half of the folders have much the same columns."""
    if len(folders) == 1:
        return True
    schemas = [columns(folder) for folder in folders if folder.all_files]
    return any(
        2 * sum(len(one & each) >= SIMILAR * len(one | each) for each in schemas) > len(schemas)
        for one in schemas
    )


def _table(root: Folder, bucket: str) -> TableFolder:
    partitions = list(_partitions(root, ()))
    keys = {tuple(key for key, _ in pairs) for pairs, _ in partitions}
    if len(keys) > 1:
        spelled = " and ".join(sorted("/".join(each) or "(none)" for each in keys))
        raise LayoutError(f"s3://{bucket}/{root.path} has folders of different keys: {spelled}")
    (names,) = keys
    return TableFolder(
        table_name(root.path, bucket),
        root.path,
        names,
        tuple(
            PartitionFolder(tuple(value for _, value in pairs), folder.path, tuple(folder.files))
            for pairs, folder in partitions
        ),
    )


def _partitions(folder: Folder, pairs: tuple[tuple[str, str], ...]):
    if folder.files:
        yield pairs, folder
    for name, below in folder.folders.items():
        key, equals, value = name.partition("=")
        pair = (
            (unescape(key).lower(), unescape(value))
            if equals
            else (f"partition_{len(pairs)}", name)
        )
        yield from _partitions(below, (*pairs, pair))


def table_name(path: str, bucket: str) -> str:
    """The last folder's name, as Glue makes it a table's: lower case, `_` for what is no word."""
    last = path.rstrip("/").rsplit("/", 1)[-1] or bucket
    return re.sub(r"[^a-z0-9_]", "_", last.lower())
