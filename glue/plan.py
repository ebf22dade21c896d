"""What a run of the flatten job has to do, and what is published before it."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from glue import storage, tables
from glue.raw_objects import RawObject

LISTINGS = 16  # at a time


class PublishedFile(NamedTuple):
    """One file of a partition; `size` in bytes."""

    table: str
    value: str
    url: str
    size: int


@dataclass(frozen=True)
class Plan:
    """What a run has to do; `uap flatten` writes it.

    `objects`: to read. `again`: url -> event dates of those that an earlier run has read.
    `published`: table -> partition value -> the run that wrote it. `all_days`: build every day
    again. `mappings`: source -> the text of its mapping file; `rules`: source -> a digest of what
    decides how its lines are read.
    """

    run_id: str
    cleaned_path: str
    objects: list[RawObject]
    again: dict[str, list[str]] = field(default_factory=dict)
    published: dict[str, dict[str, str]] = field(default_factory=dict)
    drop_actions: list[str] = field(default_factory=list)
    output_format: str = "parquet"
    all_days: bool = False
    mappings: dict[str, str] = field(default_factory=dict)
    rules: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Plan":
        objects = [
            RawObject(**{**each, "ingest_date": date.fromisoformat(each["ingest_date"])})
            for each in document["objects"]
        ]
        return cls(**{**document, "objects": objects})

    def files(self, table: str, values: Iterable[str] | None = None) -> list[PublishedFile]:
        """The published files of these partitions, or of all.

        Raises ValueError when one has none: its rows would vanish with the next version of it.
        """
        runs = self.published.get(table, {})
        values = sorted(runs if values is None else {*values} & {*runs})

        def listed(value: str) -> list[PublishedFile]:
            folder = tables.folder(self.cleaned_path, table, runs[value], value)
            found = storage.files(folder).items()
            if not found:
                raise ValueError(
                    f"{folder} is published and its files are gone: "
                    "`uap flatten --rebuild` builds the cleaned zone anew from the raw one"
                )
            return [PublishedFile(table, value, url, size) for url, size in found]

        with ThreadPoolExecutor(LISTINGS) as pool:
            return [file for files in pool.map(listed, values) for file in files]
