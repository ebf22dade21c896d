"""From raw lines to the cleaned tables, as functions from DataFrame to DataFrame.

    lines -> classify -> user_activity | user_activity_items | quarantine

`lines` has ingest_date date, source_object string, block_start bigint (where in its object the
task that read the line began), position bigint (grows by one a line within a block) and line
string (perhaps not valid UTF-8). Blank lines (spaces, tabs and carriage returns only) are not
documents; no table and no count has them. All other lines have exactly one outcome: `cleaned`,
`dropped`, `duplicate` or one of the reason codes of event_document.

There is no cast here that could fail or turn into null, so Spark 3.5 and 4.1 (ANSI) agree.
"""

from collections.abc import Collection

from event_document import Event, Rejected, parse_event
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

CLEANED = "cleaned"
DROPPED = "dropped"
DUPLICATE = "duplicate"
BLANK = "blank"

# reason and raw_line of a rejected line, then the fields of Event in their order.
PARSED_LINE = """
    reason string, raw_line string,
    event_id string, user_id bigint, action string, event_at bigint, event_day int,
    device string, location string, app_version string, page string,
    order_id string, currency string, purchase_total decimal(12,2), item_count int,
    items array<struct<sku: string, quantity: int, unit_price: decimal(12,2)>>,
    extra string
"""
_NOTHING = (None,) * len(Event._fields)


def parse_line(line: bytes) -> tuple | None:
    """One row of PARSED_LINE; None for a blank line. Bytes that are not UTF-8 show as U+FFFD."""
    if not line.strip(b" \t\r"):
        return None
    try:
        return (None, None, *parse_event(line))
    except Rejected as rejected:
        return (rejected.reason, line.decode(errors="replace"), *_NOTHING)


def is_blank(line: Column) -> Column:
    """The same rule on a string column, for counting lines independently of the parser."""
    return F.btrim(line, F.lit(" \t\r")) == ""


def classify(lines: DataFrame, drop_actions: Collection[str]) -> DataFrame:
    """Every line with its parsed fields and its `outcome` (`blank` for blank ones).

    Quarantine first, then duplicates, then dropped actions: of several lines with one event_id
    the first by ingest_date, source_object and line stays, whatever its action.
    """
    parse = F.udf(parse_line, PARSED_LINE)
    parsed = lines.withColumn("parsed", parse(F.col("line").cast("binary"))).select(
        "ingest_date",
        "source_object",
        "block_start",
        "position",
        F.col("parsed").isNull().alias("is_blank"),
        "parsed.*",
    )
    # Rejected lines have no event_id; raw_line spreads them over the tasks.
    same_event = Window.partitionBy("event_id", "raw_line").orderBy(
        "ingest_date", "source_object", "block_start", "position"
    )
    outcome = (
        F.when(F.col("is_blank"), BLANK)
        .when(F.col("reason").isNotNull(), F.col("reason"))
        .when(F.col("occurrence") > 1, DUPLICATE)
        .when(F.col("action").isin(list(drop_actions)), DROPPED)
        .otherwise(CLEANED)
    )
    return (
        parsed.withColumn("occurrence", F.row_number().over(same_event))
        .withColumn("outcome", outcome)
        .drop("is_blank", "occurrence")
    )


def _cleaned(classified: DataFrame) -> DataFrame:
    return (
        classified.filter(F.col("outcome") == CLEANED)
        .withColumn("event_at", F.timestamp_micros("event_at"))
        .withColumn("event_date", F.date_from_unix_date("event_day"))
    )


def user_activity(classified: DataFrame) -> DataFrame:
    """One row per event, partitioned by event_date (UTC)."""
    return _cleaned(classified).select(
        "event_id",
        "user_id",
        "action",
        "event_at",
        "device",
        "location",
        "app_version",
        "page",
        "order_id",
        "currency",
        "purchase_total",
        "item_count",
        "extra",
        "ingest_date",
        "event_date",
    )


def user_activity_items(classified: DataFrame) -> DataFrame:
    """One row per item of a purchase; item_number is its place in the list, from 1."""
    return (
        _cleaned(classified)
        .select("*", F.posexplode("items").alias("index", "item"))
        .select(
            "event_id",
            "order_id",
            (F.col("index") + 1).alias("item_number"),
            "item.sku",
            "item.quantity",
            "item.unit_price",
            "event_at",
            "event_date",
        )
    )


def quarantine(classified: DataFrame) -> DataFrame:
    """One row per rejected line with its number in its object, from 1, blank lines counted."""
    block = Window.partitionBy("source_object").orderBy("block_start")
    before = block.rowsBetween(Window.unboundedPreceding, -1)
    lines_in_block = F.col("last") - F.col("first") + 1
    blocks = (
        classified.groupBy("source_object", "block_start")
        .agg(F.min("position").alias("first"), F.max("position").alias("last"))
        .withColumn("lines_before", F.coalesce(F.sum(lines_in_block).over(before), F.lit(0)))
    )
    return (
        classified.filter(F.col("reason").isNotNull())
        .join(F.broadcast(blocks), ["source_object", "block_start"])
        .select(
            "reason",
            "raw_line",
            "source_object",
            (F.col("position") - F.col("first") + 1 + F.col("lines_before")).alias("line_number"),
            "ingest_date",
        )
    )


def seed_document(activity: DataFrame) -> DataFrame:
    """user_activity nested again, the shape of the JSON output: `timestamp` and `metadata`."""
    return activity.select(
        "event_id",
        "user_id",
        "action",
        F.date_format("event_at", "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").alias("timestamp"),
        F.struct("device", "location").alias("metadata"),
        "event_date",
    )
