"""A raw and a cleaned zone on the local disk, and runs of the job between them.

Published as `uap flatten` publishes, read back with pyarrow and not with Spark.
"""

import gzip
import hashlib
import json
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from glue import flatten_job
from glue.raw_objects import RawObject
from loaders import publication
from loaders.cleaned_state import State
from tests.glue import reference
from tests.glue.reference import Line, Read, Row, Tables

TABLES = (*publication.TABLES, publication.JSON_TABLE)


class Zones:
    """`landed`: url -> the object and its lines. `read`: url -> the object as the last published
    run has read it. `mappings`: the versions of the file of the source shop."""

    def __init__(self, folder: Path) -> None:
        self.raw = folder / "raw"
        self.cleaned = folder / "cleaned"
        self.state = State()
        self.read: dict[str, Read] = {}
        self.landed: dict[str, tuple[RawObject, tuple[Line, ...]]] = {}
        self.mappings: list[str] = []
        self._numbers = count()

    def land(
        self, day: date, name: str, lines: Sequence[Line], source: str = "logs", tail: bytes = b""
    ) -> str:
        """Put an object there, or another in its place; `tail` follows the compressed lines."""
        path = self.raw / source / f"ingest_date={day}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = b"\n".join(line.text for line in lines)
        if name.endswith(".gz"):
            content = gzip.compress(content, mtime=0)
        elif name.endswith(".zst"):
            content = pa.compress(content, codec="zstd", asbytes=True)
        path.write_bytes(content + tail)
        etag = hashlib.md5(content + tail, usedforsecurity=False).hexdigest()
        raw = RawObject(str(path), etag, path.stat().st_size, day, source)
        self.landed[raw.url] = raw, tuple(lines)
        return raw.url

    def plan(self, urls: Collection[str], **options: Any) -> dict[str, Any]:
        """Of a run that reads these objects, as `uap flatten` writes it; drop_actions and
        output_format as published."""
        ledger = {row["source_object"]: row for row in self.table("flatten_ledger")}
        version = len(self.mappings)
        objects = [self.landed[url][0] for url in urls]
        plan = {
            "run_id": f"20250301T000000Z-{next(self._numbers):08x}",
            "cleaned_path": str(self.cleaned),
            "objects": [{**raw._asdict(), "ingest_date": str(raw.ingest_date)} for raw in objects],
            "again": {url: ledger[url]["event_dates"] for url in urls if url in ledger},
            "published": self.state.partitions,
            "drop_actions": self.state.drop_actions,
            "output_format": self.state.output_format,
            "all_days": False,
            "mappings": {"shop": self.mappings[-1]} if self.mappings else {},
            "rules": {"logs": "r0", "shop": f"r{version}"},
        }
        return {**plan, **options}

    def start(self, plan: dict[str, Any]) -> dict[str, Any]:
        """Run the job; its result."""
        folder = self.cleaned / "_runs" / f"run={plan['run_id']}"
        folder.mkdir(parents=True)
        (folder / "plan.json").write_text(json.dumps(plan))
        flatten_job.main(["--JOB_NAME", "flatten", "--plan", f"{folder}/plan.json"])
        return json.loads((folder / "result.json").read_text())

    def run(self, urls: Collection[str] | None = None, **options: Any) -> dict[str, Any]:
        """Read these objects (all that are new or replaced), publish, check. Returns the result."""
        if urls is None:
            urls = [url for url in self.landed if self.is_new(url)]
        plan = self.plan(urls, **options)
        result = self.start(plan)
        self.publish(plan, result)
        before, self.read = self.read, dict(self.read)
        for url in urls:
            self.read[url] = self._read(plan, url)
        self.check(plan, before, result)
        return result

    def is_new(self, url: str) -> bool:
        return url not in self.read or self.read[url].etag != self.landed[url][0].etag

    def publish(self, plan: dict[str, Any], result: dict[str, Any]) -> None:
        switched = publication.supersede(
            self.state, plan["run_id"], result["partitions"], datetime.now(UTC)
        )
        names = ("run_id", "drop_actions", "output_format")
        self.state = State(**{name: plan[name] for name in names}, **switched)

    def _read(self, plan: dict[str, Any], url: str) -> Read:
        raw, lines = self.landed[url]
        version = len(self.mappings) if raw.source == "shop" else 0
        rules = plan["rules"][raw.source]
        return Read(url, raw.etag, raw.size, raw.ingest_date, lines, version, rules, plan["run_id"])

    def check(self, plan: dict[str, Any], before: dict[str, Read], result: dict[str, Any]) -> None:
        """All that is published, row by row, and what the run says of itself."""
        expected = reference.cleaned_zone(self.read.values(), plan["drop_actions"])
        if plan["output_format"] == "parquet":
            expected["user_activity_json"] = []
        published = self.tables()
        for name in TABLES:
            wrong = differences(published[name], expected[name])
            assert not wrong, (plan["run_id"], name, wrong)
        urls = {raw["url"] for raw in plan["objects"]}
        assert result["totals"] == reference.totals(expected["flatten_ledger"], urls)
        if not plan["all_days"]:
            days = reference.days_to_build(before, [self.read[url] for url in urls])
            assert set(result["partitions"]["user_activity"]) == days

    def tables(self) -> Tables:
        return {name: self.table(name) for name in TABLES}

    def table(self, name: str) -> list[Row]:
        """The published rows; every published partition has some."""
        rows = []
        for value, run_id in self.state.partitions.get(name, {}).items():
            found = read_folder(self.cleaned / publication.folder(name, run_id, value))
            assert found, (name, value)
            key = publication.TABLES.get(name, "event_date")
            rows += [{**row, key: date.fromisoformat(value)} for row in found]
        return rows


def read_folder(folder: Path) -> list[Row]:
    rows = []
    for path in sorted(folder.iterdir()):
        if path.suffix == ".parquet":
            rows += pa.parquet.ParquetFile(path).read().to_pylist()
        elif path.suffix == ".gz":
            rows += map(json.loads, gzip.decompress(path.read_bytes()).splitlines())
    return rows


def differences(found: list[Row], expected: list[Row]) -> dict[str, list[Row]]:
    """Rows that are there once too often, and rows that are missing; empty when all is right."""
    missing = list(expected)
    surplus = []
    for row in found:
        if row in missing:
            missing.remove(row)
        else:
            surplus.append(row)
    return {name: rows for name, rows in (("surplus", surplus), ("missing", missing)) if rows}
