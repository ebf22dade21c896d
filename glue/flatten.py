"""One run of the flatten job: raw objects in, the days they touch built again.

What is published is a function of the raw objects and the rules, however many runs it took. So a
day is never added to: its published rows and the new ones go through one decision, and the day is
written whole, into folders of the run's own. Nothing that a reader sees is touched; publication
(loaders/publication.py) switches the catalog to the new folders.

Spark deals the work out and carries what must meet: 60 bytes of each event, to find duplicates.
The rows themselves stay in Arrow, in files, from the parser to Parquet. As rows of Spark's they
cost twice as much or more, see docs/decisions.md.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from pyspark import RDD, SparkContext, StorageLevel

from glue import ledger, storage, tables
from glue.copies import days_with_copies, fingerprints_of, losers_by_day, published_copies
from glue.days import Output, Part, build_day, build_quarantine
from glue.plan import Plan, PublishedFile
from glue.raw_objects import Closing, RawObject, Staged, stage
from glue.tables import ACTIVITY, EXCLUDED, ITEMS, LEDGER, QUARANTINE, SEED_DOCUMENTS

# Compressed bytes a task reads, unless one object is larger.
TASK_SIZE = 32 << 20
# Compressed raw bytes whose events are looked through for duplicates together.
BUCKET_SIZE = 16 << 20
# Rows of a file: some 60 MB of Parquet.
PART_ROWS = 2_000_000
PUBLISHED_ROW = 30  # bytes, about


def flatten(context: SparkContext, plan: Plan) -> dict[str, Any]:
    """Write the run's folders. Returns what publishing has to know: `partitions`, table -> the
    values that were built again -> whether any row is in them; and `totals` of the objects read.

    Raises RuntimeError when the lines of an object do not add up.
    """
    staging = f"{plan.cleaned_path}/_staging/run={plan.run_id}"
    history = plan.files(ACTIVITY) + plan.files(EXCLUDED)
    size = sum(raw.size for raw in plan.objects) + sum(file.size for file in history)
    buckets = max(context.defaultParallelism, size // BUCKET_SIZE)

    copies, staged = _stage(context, plan, staging, buckets)
    closings = {closing.url: closing for each in staged for closing in each.closings}
    days = {file.value for file in history} if plan.all_days else set()
    days = days.union(*plan.again.values())
    days = days.union(*(closing.event_dates for closing in closings.values()))
    touched = [file for file in history if file.value in days]
    published, before = _published(context, plan, touched, buckets)
    others = [file for file in history if file.value not in days]
    found = _days_with_copies(context, others, copies.union(published), buckets)
    if found:
        days |= found
        touched_too = [file for file in others if file.value in found]
        published_too, before_too = _published(context, plan, touched_too, buckets)
        touched, published = touched + touched_too, published.union(published_too)
        before.update(before_too)
    duplicates = _duplicates(copies.union(published), staging, buckets)

    output = Output(
        plan.cleaned_path,
        plan.run_id,
        frozenset(plan.again),
        frozenset(plan.drop_actions),
        plan.output_format,
    )
    arrivals = {str(raw.ingest_date) for raw in plan.objects}
    new = [file for each in staged for file in each.events]
    parts = _parts(days, new, touched, duplicates)
    after = _sum(_map(context, partial(build_day, output=output), parts))
    new = [file for each in staged for file in each.rejected]
    parts = _parts(arrivals, new, plan.files(QUARANTINE, arrivals), {})
    after += _sum(_map(context, partial(build_quarantine, output=output), parts))

    entries = _settle(plan, closings, before, after)
    written = _write_ledger(plan, entries, arrivals)
    built = dict.fromkeys((ACTIVITY, EXCLUDED, ITEMS), days)
    built |= {QUARANTINE: arrivals, LEDGER: written}
    # Of another output than the last run's nothing may stay: it would be taken up again later.
    built[SEED_DOCUMENTS] = (
        days if plan.output_format == "json" else plan.published.get(SEED_DOCUMENTS, {})
    )
    return {
        "partitions": {table: _written(plan, table, values) for table, values in built.items()},
        "totals": ledger.totals(entries, {raw.url for raw in plan.objects}),
    }


def _map(context: SparkContext, function: Callable, tasks: list) -> list:
    """The results of one call a task. They are bookkeeping: no documents come to the driver."""
    return context.parallelize(tasks, len(tasks)).map(function).collect() if tasks else []


def _read_once(context: SparkContext, read: Callable, tasks: list) -> tuple[RDD, list]:
    """What `read` yields of each task: the pairs (bucket, bytes), which stay with the workers, and
    the reports (None, report)."""
    pairs = context.parallelize(tasks, len(tasks) or 1).flatMap(read)
    pairs = pairs.persist(StorageLevel.DISK_ONLY)
    reports = pairs.filter(lambda pair: pair[0] is None).values().collect()
    return pairs.filter(lambda pair: pair[0] is not None), reports


def _stage(
    context: SparkContext, plan: Plan, staging: str, buckets: int
) -> tuple[RDD, list[Staged]]:
    """Read the objects; the copies of events by bucket, and what was staged where."""
    tasks = list(enumerate(_tasks(plan.objects, context.defaultParallelism)))

    def read(task: tuple[int, list[RawObject]]) -> Iterator[tuple[int | None, Any]]:
        number, objects = task
        return stage(objects, plan.mappings, f"{staging}/{number:05}", buckets)

    return _read_once(context, read, tasks)


def _tasks(objects: Iterable[RawObject], cores: int) -> list[list[RawObject]]:
    """Objects dealt out to tasks of nearly equal size, the largest first."""
    objects = sorted(objects, key=lambda raw: -raw.size)
    wanted = max(2 * cores, sum(raw.size for raw in objects) // TASK_SIZE)
    tasks: list[list[RawObject]] = [[] for _ in range(min(wanted, len(objects)))]
    # Forth and back, so that the first task does not get the larger one each time.
    order = [*range(len(tasks)), *reversed(range(len(tasks)))]
    for number, raw in enumerate(objects):
        tasks[order[number % len(order)]].append(raw)
    return tasks


def _published(
    context: SparkContext, plan: Plan, files: list[PublishedFile], buckets: int
) -> tuple[RDD, ledger.Counts]:
    """The copies of events by bucket in these files, and their rows."""
    if not files:
        return context.parallelize([], 1), ledger.Counts()
    again = context.broadcast(frozenset(plan.again))

    def read(file: PublishedFile) -> Iterator[tuple[int | None, Any]]:
        return published_copies(file.table, file.value, file.url, again.value, buckets)

    copies, counts = _read_once(context, read, files)
    return copies, _sum(counts)


def _days_with_copies(
    context: SparkContext, files: list[PublishedFile], copies: RDD, buckets: int
) -> set[str]:
    """The days of these files that hold a copy of an event that is new or removed."""
    if not files:
        return set()

    def read(file: PublishedFile) -> Iterator[tuple[int, Any]]:
        return fingerprints_of(file.value, file.url, buckets)

    history = context.parallelize(files, len(files)).flatMap(read)
    together = copies.union(history).partitionBy(buckets, int)
    return set(together.mapPartitions(days_with_copies).collect())


def _duplicates(copies: RDD, staging: str, buckets: int) -> dict[str, list[str]]:
    """Files of losing lines by day."""

    def decide(bucket: int, pairs: Iterable[tuple[int, bytes]]) -> Iterator[tuple[str, str]]:
        return losers_by_day(bucket, (body for _, body in pairs), staging)

    files: dict[str, list[str]] = {}
    for day, url in copies.partitionBy(buckets, int).mapPartitionsWithIndex(decide).collect():
        files.setdefault(day, []).append(url)
    return files


def _parts(
    values: Iterable[str],
    staged: Iterable[tuple[str, str, int]],
    published: Iterable[PublishedFile],
    duplicates: dict[str, list[str]],
) -> list[Part]:
    """The files of each partition, as many as give right-sized ones."""
    new, old, rows = defaultdict(list), defaultdict(list), Counter[str]()
    for value, url, staged_rows in staged:
        new[value].append(url)
        rows[value] += staged_rows
    for file in published:
        old[file.value].append(file.url)
        rows[file.value] += 1 + file.size // PUBLISHED_ROW
    return [
        Part(value, number, new[value][number::count], old[value][number::count], losers)
        for value in sorted(values)
        for losers in [duplicates.get(value, [])]
        for count in [-(-rows[value] // PART_ROWS)]
        for number in range(count)
    ]


def _settle(
    plan: Plan, closings: dict[str, Closing], before: ledger.Counts, after: ledger.Counts
) -> list[ledger.Entry]:
    read = []
    for raw in plan.objects:
        if raw.url not in closings:
            raise RuntimeError(f"{raw.url} was not read to its end: nothing is published")
        closing = closings[raw.url]
        read.append(
            ledger.Entry(
                source_object=raw.url,
                etag=raw.etag,
                size=raw.size,
                lines=closing.documents,
                conversions=closing.conversions,
                event_dates=closing.event_dates,
                rules=plan.rules[raw.source],
                run_id=plan.run_id,
                ingest_date=str(raw.ingest_date),
            )
        )
    changed = ledger.changed(before, after) - {raw.url for raw in plan.objects}
    arrivals = {url.partition("/ingest_date=")[2].partition("/")[0] for url in changed}
    old = _published_ledger(plan, arrivals)
    if lost := sorted(changed - old.keys()):
        raise RuntimeError(f"rows of {lost[0]}, which no run has read: nothing is published")
    return ledger.settle(read, [old[url] for url in sorted(changed)], before, after)


def _published_ledger(plan: Plan, arrivals: Iterable[str]) -> dict[str, ledger.Entry]:
    entries = {}
    for file in plan.files(LEDGER, arrivals):
        for entry in ledger.from_json(storage.read(file.url), file.value):
            entries[entry.source_object] = entry
    return entries


def _write_ledger(plan: Plan, entries: list[ledger.Entry], arrivals: set[str]) -> set[str]:
    """The ledger's days with these entries in place of those of the same objects; the days."""
    arrivals = arrivals | {entry.ingest_date for entry in entries}
    rows = _published_ledger(plan, arrivals) | {entry.source_object: entry for entry in entries}
    for value in arrivals:
        body = ledger.to_json(row for row in rows.values() if row.ingest_date == value)
        folder = tables.folder(plan.cleaned_path, LEDGER, plan.run_id, value)
        storage.write(f"{folder}/part-00000.json.gz", body)
    return arrivals


def _written(plan: Plan, table: str, values: Iterable[str]) -> dict[str, bool]:
    urls = storage.files(f"{plan.cleaned_path}/{table}/run={plan.run_id}")
    there = {url.rpartition("/")[0].rpartition("=")[2] for url in urls}
    return {value: value in there for value in sorted(values)}


def _sum(counts: Iterable[ledger.Counts]) -> ledger.Counts:
    total = ledger.Counts()
    for each in counts:
        total.update(each)
    return total
