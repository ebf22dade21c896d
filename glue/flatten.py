"""One run of the flatten job: raw objects in, the days they touch built again.

What is published is a function of the raw objects and the rules, however many runs it took. So a
day is never added to: its published rows and the new ones go through one decision, and the day is
written whole, into folders of the run's own. Nothing that a reader sees is touched; publication
(loaders/publication.py) switches the catalog to the new folders.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from glue import ledger, tables
from glue.duplicates import KEPT, NEW, REMOVED, losing_lines
from glue.raw_objects import END_OF_OBJECT, STAGED_DDL, Closing, RawObject, parse_objects
from glue.tables import ACTIVITY, EXCLUDED, ITEMS, LEDGER, QUARANTINE, SEED_DOCUMENTS

# Compressed bytes a task reads, unless one object is larger.
TASK_SIZE = 32 << 20
OBJECT_DDL = "url string, etag string, size bigint, ingest_date date, source string"


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

    def folder(self, table: str) -> str:
        """Where this run writes a table."""
        return tables.location(self.cleaned_path, table, self.run_id)

    def runs(self, table: str, values: Iterable[str]) -> dict[str, str]:
        """Of these partitions those that are published, with their runs."""
        published = self.published.get(table, {})
        return {value: published[value] for value in sorted(values) if value in published}


def flatten(spark: SparkSession, plan: Plan) -> dict[str, Any]:
    """Write the run's folders. Returns what publishing has to know: `partitions`, table -> the
    values that were built again -> whether any row is in them; and `totals` of the objects read.

    Raises RuntimeError when the lines of an object do not add up.
    """
    staging = plan.folder("_staging")
    try:
        staged = _stage(spark, plan, f"{staging}/lines")
        closings = _closings(staged)
        days = _days(spark, plan, staged, closings)
        events = _decide(spark, plan, staged, days, f"{staging}/duplicates")
        _write_days(plan, events)
        arrivals = {str(raw.ingest_date) for raw in plan.objects}
        _write_quarantine(spark, plan, staged, arrivals)

        counted = _count(spark, plan, days)
        entries = _settle(spark, plan, closings, *counted)
        arrivals |= {str(entry.ingest_date) for entry in entries}
        _write_ledger(spark, plan, entries, arrivals)
    finally:
        tables.remove(spark, staging)
    built = dict.fromkeys((ACTIVITY, EXCLUDED, ITEMS), days) | {LEDGER: arrivals}
    built[QUARANTINE] = {str(raw.ingest_date) for raw in plan.objects}
    if plan.output_format == "json":
        built[SEED_DOCUMENTS] = days
    return {
        "partitions": {
            table: dict.fromkeys(sorted(values), False)
            | tables.partitions(spark, plan.folder(table))
            for table, values in built.items()
        },
        "totals": ledger.totals(entries, {raw.url for raw in plan.objects}),
    }


def _stage(spark: SparkSession, plan: Plan, path: str) -> DataFrame:
    """Parsed once, into a folder: cheaper to write and to read than persist(), and not lost with
    an executor."""
    tasks = _tasks(plan.objects, spark.sparkContext.defaultParallelism)
    objects = spark.sparkContext.parallelize(tasks, len(tasks) or 1).flatMap(lambda task: task)
    (
        spark.createDataFrame(objects, OBJECT_DDL)
        .mapInArrow(parse_objects(plan.mappings), STAGED_DDL)
        .write.mode("overwrite")
        .parquet(path)
    )
    return spark.read.schema(STAGED_DDL).parquet(path)


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


def _closings(staged: DataFrame) -> dict[str, Closing]:
    rows = staged.where(F.col("reason") == END_OF_OBJECT).select("source_object", "raw_line")
    return {row.source_object: Closing.from_json(row.raw_line) for row in rows.collect()}


def _days(
    spark: SparkSession, plan: Plan, staged: DataFrame, closings: dict[str, Closing]
) -> set[str]:
    """The event dates to build: those of the new events, those that lose the rows of an object
    read again, and those that hold another copy of any of these events."""
    published = {*plan.published.get(ACTIVITY, {}), *plan.published.get(EXCLUDED, {})}
    if plan.all_days:
        return published.union(*(closing.event_days for closing in closings.values()))
    days = set[str]().union(*(closing.event_days for closing in closings.values()))
    days = days.union(*plan.again.values())
    if not published - days:
        return days
    fingerprint = F.xxhash64("event_id").alias("fingerprint")
    ids = staged.where("event_id is not null").select(fingerprint)
    again = list(plan.again)
    for table in (ACTIVITY, EXCLUDED):
        columns = {name: tables.EVENT_COLUMNS[name] for name in ("event_id", "source_object")}
        rows = tables.read_days(spark, plan.cleaned_path, table, plan.runs(table, days), columns)
        ids = ids.unionByName(rows.where(F.col("source_object").isin(again)).select(fingerprint))
    others = None
    for table in (ACTIVITY, EXCLUDED):
        columns = {name: tables.EVENT_COLUMNS[name] for name in ("event_id", "event_date")}
        runs = plan.runs(table, published - days)
        rows = tables.read_days(spark, plan.cleaned_path, table, runs, columns)
        rows = rows.select(fingerprint, "event_date")
        others = rows if others is None else others.unionByName(rows)
    found = others.join(ids, "fingerprint", "left_semi").select("event_date").distinct().collect()
    return days | {str(row.event_date) for row in found}


def _decide(
    spark: SparkSession, plan: Plan, staged: DataFrame, days: set[str], path: str
) -> DataFrame:
    """All events of the days: EVENT_COLUMNS and is_duplicate."""
    events = (
        staged.where(F.col("reason").isNull())
        .select(*tables.EVENT_COLUMNS)
        .withColumns({"origin": F.lit(NEW), "was_duplicate": F.lit(False)})
    )
    is_again = F.col("source_object").isin(list(plan.again))
    for table in (ACTIVITY, EXCLUDED):
        columns = dict(tables.EVENT_COLUMNS)
        if table == EXCLUDED:
            columns = {"reason": "string", **columns}
        if not (runs := plan.runs(table, days)):
            continue
        rows = tables.read_days(spark, plan.cleaned_path, table, runs, columns)
        was_duplicate = F.col("reason") == tables.DUPLICATE if table == EXCLUDED else F.lit(False)
        rows = rows.withColumns(
            {
                "origin": F.when(is_again, REMOVED).otherwise(KEPT),
                "was_duplicate": was_duplicate,
            }
        )
        events = events.unionByName(rows.select(events.columns))
    losing_lines(events).write.mode("overwrite").parquet(path)
    losers = spark.read.schema("source_object string, line_number bigint").parquet(path)
    return (
        events.where(F.col("origin") != REMOVED)
        .join(
            losers.withColumn("is_duplicate", F.lit(True)), ["source_object", "line_number"], "left"
        )
        .withColumn("is_duplicate", F.col("is_duplicate").isNotNull())
    )


def _write_days(plan: Plan, events: DataFrame) -> None:
    activity = tables.activity(events, plan.drop_actions)
    order = ["action", "location", "event_at", "event_id"]
    tables.write(activity, plan.folder(ACTIVITY), "event_date", order)
    tables.write(
        tables.excluded(events, plan.drop_actions),
        plan.folder(EXCLUDED),
        "event_date",
        ["reason", "event_id"],
    )
    tables.write(
        tables.items(activity),
        plan.folder(ITEMS),
        "event_date",
        ["event_at", "event_id", "item_number"],
    )
    if plan.output_format == "json":
        documents = tables.seed_documents(activity)
        tables.write(documents, plan.folder(SEED_DOCUMENTS), "event_date", ["event_id"], "json")


def _write_quarantine(
    spark: SparkSession, plan: Plan, staged: DataFrame, arrivals: set[str]
) -> None:
    columns = tables.QUARANTINE_COLUMNS
    rows = (
        staged.where(F.col("reason").isNotNull() & (F.col("reason") != END_OF_OBJECT))
        .withColumn("run_id", F.lit(plan.run_id))
        .select(*columns)
    )
    if runs := plan.runs(QUARANTINE, arrivals):
        old = tables.read_days(spark, plan.cleaned_path, QUARANTINE, runs, columns, "ingest_date")
        rows = rows.unionByName(old.where(~F.col("source_object").isin(list(plan.again))))
    order = ["source_object", "line_number"]
    tables.write(rows, plan.folder(QUARANTINE), "ingest_date", order)


def _count(
    spark: SparkSession, plan: Plan, days: set[str]
) -> tuple[ledger.Rows, ledger.Rows, ledger.Rows]:
    """Rows read back from the files: of the days as published, as written now, and those of the
    quarantine."""
    outcome = {"source_object": "string"}
    reason = {"reason": "string", **outcome}
    parts = [
        _labelled(tables.read_run(spark, plan.folder(ACTIVITY), outcome), "after"),
        _labelled(tables.read_run(spark, plan.folder(EXCLUDED), reason), "after"),
        _labelled(tables.read_run(spark, plan.folder(QUARANTINE), reason), "quarantined"),
    ]
    for table, columns in ((ACTIVITY, outcome), (EXCLUDED, reason)):
        if runs := plan.runs(table, days):
            rows = tables.read_days(spark, plan.cleaned_path, table, runs, columns)
            parts.append(_labelled(rows, "before"))
    rows = parts[0]
    for part in parts[1:]:
        rows = rows.unionByName(part)
    counted = {"before": ledger.Rows(), "after": ledger.Rows(), "quarantined": ledger.Rows()}
    for row in rows.groupBy("label", "source_object", "reason").count().collect():
        counted[row.label].add(row.source_object, row.reason, row["count"])
    return counted["before"], counted["after"], counted["quarantined"]


def _labelled(rows: DataFrame, label: str) -> DataFrame:
    reason = F.col("reason") if "reason" in rows.columns else F.lit(ledger.CLEANED)
    return rows.select(F.lit(label).alias("label"), "source_object", reason.alias("reason"))


def _settle(
    spark: SparkSession,
    plan: Plan,
    closings: dict[str, Closing],
    before: ledger.Rows,
    after: ledger.Rows,
    quarantined: ledger.Rows,
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
                event_dates=sorted(closing.event_days),
                rules=plan.rules[raw.source],
                run_id=plan.run_id,
                ingest_date=raw.ingest_date,
            )
        )
    changed = ledger.changed(before, after) - {raw.url for raw in plan.objects}
    arrivals = {url.rpartition("/ingest_date=")[2].partition("/")[0] for url in changed}
    old = _published_ledger(spark, plan, arrivals) if changed else {}
    lost = sorted(changed - old.keys())
    if lost:
        raise RuntimeError(f"rows of {lost[0]}, which no run has read: nothing is published")
    return ledger.settle(read, [old[url] for url in sorted(changed)], before, after, quarantined)


def _published_ledger(
    spark: SparkSession, plan: Plan, arrivals: Iterable[str]
) -> dict[str, ledger.Entry]:
    runs = plan.runs(LEDGER, arrivals)
    if not runs:
        return {}
    paths = [
        f"{tables.location(plan.cleaned_path, LEDGER, run)}/ingest_date={value}"
        for value, run in runs.items()
    ]
    reader = spark.read.schema(ledger.DDL).option("basePath", f"{plan.cleaned_path}/{LEDGER}")
    rows = reader.json(paths).select(*ledger.COLUMNS).collect()
    return {row.source_object: ledger.Entry(**row.asDict()) for row in rows}


def _write_ledger(
    spark: SparkSession, plan: Plan, entries: list[ledger.Entry], arrivals: set[str]
) -> None:
    """The ledger's days with these entries in place of those of the same objects."""
    rows = _published_ledger(spark, plan, arrivals)
    rows |= {entry.source_object: entry for entry in entries}
    frame = spark.createDataFrame([asdict(rows[url]) for url in sorted(rows)], ledger.DDL)
    tables.write(frame, plan.folder(LEDGER), "ingest_date", ["source_object"], "json")
