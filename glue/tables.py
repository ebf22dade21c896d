"""The tables of the cleaned zone as selections from lines, and where each of their days lies.

Every line that is not blank has one row in one of user_activity, user_activity_excluded and
quarantine, found by source_object and line_number.
"""

from collections.abc import Collection, Mapping, Sequence

from py4j.java_gateway import JavaObject
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

ACTIVITY = "user_activity"
EXCLUDED = "user_activity_excluded"
ITEMS = "user_activity_items"
SEED_DOCUMENTS = "user_activity_json"
QUARANTINE = "quarantine"
LEDGER = "flatten_ledger"

# user_activity_excluded.reason
DROPPED = "dropped"
DUPLICATE = "duplicate"

EVENT_COLUMNS = {
    "event_id": "string",
    "user_id": "bigint",
    "action": "string",
    "event_at": "timestamp",
    "device": "string",
    "location": "string",
    "app_version": "string",
    "page": "string",
    "order_id": "string",
    "currency": "string",
    "purchase_total": "decimal(12,2)",
    "item_count": "int",
    "items": "array<struct<sku: string, quantity: int, unit_price: decimal(12,2)>>",
    "extra": "string",
    "source_object": "string",
    "line_number": "bigint",
    "ingest_date": "date",
    "event_date": "date",
}
QUARANTINE_COLUMNS = {
    "reason": "string",
    "raw_line": "string",
    "source_object": "string",
    "line_number": "bigint",
    "run_id": "string",
    "ingest_date": "date",
}


def location(root: str, table: str, run_id: str) -> str:
    """The folder of what one run wrote of a table; below it `<partition key>=<value>/`."""
    return f"{root}/{table}/run={run_id}"


def read_days(
    spark: SparkSession,
    root: str,
    table: str,
    runs: Mapping[str, str],
    columns: Mapping[str, str],
    key: str = "event_date",
) -> DataFrame:
    """The published partitions of a table; `runs`: partition value -> the run that wrote it."""
    schema = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    if not runs:
        return spark.createDataFrame([], schema)
    paths = [f"{location(root, table, run)}/{key}={value}" for value, run in runs.items()]
    reader = spark.read.schema(schema).option("basePath", f"{root}/{table}")
    return reader.parquet(*paths).select(*columns)


def read_run(spark: SparkSession, path: str, columns: Mapping[str, str]) -> DataFrame:
    """All that one run wrote of a table; `path` as location() gives it."""
    schema = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    return spark.read.schema(schema).parquet(path)


def activity(events: DataFrame, drop_actions: Collection[str]) -> DataFrame:
    """`events`: EVENT_COLUMNS and is_duplicate."""
    return events.where(~F.col("is_duplicate") & ~_is_dropped(drop_actions)).select(*EVENT_COLUMNS)


def excluded(events: DataFrame, drop_actions: Collection[str]) -> DataFrame:
    """Duplicates first: a second copy of a dropped action is a duplicate."""
    return events.where(F.col("is_duplicate") | _is_dropped(drop_actions)).select(
        F.when(F.col("is_duplicate"), DUPLICATE).otherwise(DROPPED).alias("reason"),
        *EVENT_COLUMNS,
    )


def _is_dropped(drop_actions: Collection[str]) -> Column:
    return F.col("action").isin(sorted(drop_actions))


def items(activity: DataFrame) -> DataFrame:
    """One row per item of a purchase; item_number is its place in the list, from 1."""
    return activity.select("*", F.posexplode("items").alias("index", "item")).select(
        "event_id",
        "order_id",
        (F.col("index") + 1).alias("item_number"),
        "item.sku",
        "item.quantity",
        "item.unit_price",
        "event_at",
        "event_date",
    )


def seed_documents(activity: DataFrame) -> DataFrame:
    """user_activity nested again, for the JSON output: `timestamp` and `metadata`."""
    return activity.select(
        "event_id",
        "user_id",
        "action",
        F.date_format("event_at", "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").alias("timestamp"),
        F.struct("device", "location").alias("metadata"),
        "event_date",
    )


def write(
    frame: DataFrame, path: str, key: str, order: Sequence[str], output_format: str = "parquet"
) -> None:
    """Write the partitions of `frame` below `path`, right-sized files in each.

    Rows are sorted inside the files, so that their statistics let a reader skip.
    """
    codec = {"parquet": "zstd", "json": "gzip"}[output_format]
    # DataFrame.hint() takes no column on Spark 3.5.
    rebalanced = frame.sparkSession.sql(f"select /*+ rebalance({key}) */ * from {{f}}", f=frame)
    (
        rebalanced.sortWithinPartitions(key, *order)
        .write.partitionBy(key)
        .mode("overwrite")
        .format(output_format)
        .save(path, compression=codec)
    )


def partitions(spark: SparkSession, path: str) -> dict[str, bool]:
    """The partition values below the folder of a run, each with True: rows are in it."""
    folder, filesystem = _hadoop(spark, path)
    names = [status.getPath().getName() for status in filesystem.listStatus(folder)]
    return {name.partition("=")[2]: True for name in names if "=" in name}


def remove(spark: SparkSession, path: str) -> None:
    folder, filesystem = _hadoop(spark, path)
    filesystem.delete(folder, True)


def write_text(spark: SparkSession, path: str, text: str) -> None:
    """One object of this text."""
    target, filesystem = _hadoop(spark, path)
    stream = filesystem.create(target, True)
    stream.write(bytearray(text, "utf-8"))
    stream.close()


def _hadoop(spark: SparkSession, path: str) -> tuple[JavaObject, JavaObject]:
    """Hadoop's Path and FileSystem: what Spark's readers and writers leave to do."""
    place = spark._jvm.org.apache.hadoop.fs.Path(path)
    return place, place.getFileSystem(spark._jsc.hadoopConfiguration())
