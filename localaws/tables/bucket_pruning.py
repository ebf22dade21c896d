"""Which buckets of a Hive table a query reads: those that its conditions on the bucketing columns
leave, told by the names of the files.

Only what every writer agrees on narrows: whole numbers from zero on, ASCII texts, dates from 1970
on. awswrangler hashes other numbers and texts differently from Hive.
"""

import itertools
import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from localaws.sql.types import Type
from localaws.tables.bucketing import bucket_of
from localaws.tables.bytes_scanned import EngineScan
from localaws.tables.hive import HiveTable, Partition, Split
from localaws.tables.predicates import All, Comparison, Either, Predicate

_MOST_VALUES = 256
# A bucket's files as awswrangler calls them, `…_bucket-00003.csv`, and as Hive and Trino do:
# `000003_0`, `000003_0_…`.
_NUMBERS = (re.compile(r"_bucket-(\d{5})\."), re.compile(r"^(\d{6})_\d+(?:_|\.|$)"))


def bucket_columns(table: HiveTable) -> tuple[tuple[str, Type], ...]:
    """The columns that tell a row's bucket; none where they do not narrow anything."""
    names = [name.lower() for name in table.storage.get("BucketColumns") or []]
    types = dict(table.data_columns)
    version = table.parameters.get("bucketing_version", "1")
    if version != "1" or table.storage.get("NumberOfBuckets", 0) < 2:
        return ()
    if not all(name in types and _is_told(types[name]) for name in names):
        return ()
    return tuple((name, types[name]) for name in names)


def wanted_buckets(
    table: HiveTable,
    partitions: list[Partition],
    scans: list[EngineScan],
    planned: dict[str, str],
) -> frozenset[int] | None:
    """The buckets that one of the scans may want; None: all, also where one of the `partitions`
    has buckets of its own. `planned`: the columns' names in the plan."""
    columns = bucket_columns(table)
    if not columns or not scans or not all(name in planned for name, _ in columns):
        return None
    own = _description(table.storage)
    if any(_description(partition.storage) != own for partition in partitions):
        return None
    bucket = bucket_of([type_ for _, type_ in columns], table.storage["NumberOfBuckets"])
    found: set[int] = set()
    for scan in scans:
        values = [_equal_to(scan.predicate, planned[name], type_) for name, type_ in columns]
        if None in values:
            return None
        rows = list(itertools.islice(itertools.product(*values), _MOST_VALUES + 1))
        if len(rows) > _MOST_VALUES:
            return None
        found.update(map(bucket, rows))
    return frozenset(found)


def in_buckets(
    splits: Iterable[Split], table: HiveTable, wanted: frozenset[int] | None
) -> list[Split]:
    """The files of the `wanted` buckets; all of a partition where a file's name tells none."""
    splits = list(splits)
    if wanted is None:
        return splits
    by_folder: dict[str, list[Split]] = {}
    for split in splits:
        by_folder.setdefault(split.stored.key.rpartition("/")[0], []).append(split)
    kept = []
    for folder in by_folder.values():
        numbers = [_number(split, table.storage["NumberOfBuckets"]) for split in folder]
        if None in numbers:
            kept += folder
        else:
            kept += [each for each, n in zip(folder, numbers, strict=True) if n in wanted]
    return kept


def _description(storage: dict[str, Any]) -> tuple[Any, ...]:
    names = storage.get("BucketColumns") or []
    types = {each["Name"]: each.get("Type") for each in storage.get("Columns") or []}
    return storage.get("NumberOfBuckets"), [(name, types.get(name)) for name in names]


def _number(split: Split, buckets: int) -> int | None:
    name = split.stored.key.rpartition("/")[2]
    match = next((found for each in _NUMBERS if (found := each.search(name))), None)
    return int(match[1]) if match and int(match[1]) < buckets else None


def _is_told(type_: Type) -> bool:
    return type_.is_integer or type_.base == "date" or (type_.base == "varchar" and not type_.args)


def _equal_to(predicate: Predicate, column: str, type_: Type) -> list[Any] | None:
    """The values that a predicate leaves to a column; None: any."""
    match predicate:
        case Comparison(name, "=", value) if name == column:
            return [value] if _is_sure(value, type_) else None
        case Either(parts):
            found = [_equal_to(part, column, type_) for part in parts]
            return None if None in found else [value for each in found for value in each]
        case All(parts):
            found = [_equal_to(part, column, type_) for part in parts]
            return min((each for each in found if each is not None), key=len, default=None)
    return None


def _is_sure(value: Any, type_: Type) -> bool:
    if type_.is_integer:
        return type(value) is int and 0 <= value < 1 << 63
    if type_.base == "date":
        return type(value) is date and value >= date(1970, 1, 1)
    return isinstance(value, str) and value.isascii()
