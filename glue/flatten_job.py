"""The Glue job: all of the raw zone in, the partitions of the cleaned zone out.

Runs as AWS Glue 5.1 starts it (Spark 3.5, Python 3.11) and on Spark 4.1. It needs no part of
`awsglue`: Glue passes its arguments on the command line and takes a plain SparkSession.
flatten.py and event_document.py travel with it through `--extra-py-files`.

Everything is computed and counted before the first table is touched. Then each table's
partitions are replaced, and partitions of earlier runs that no longer come out are removed, so
a second run changes nothing and a failing one leaves what was there.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import date

from flatten import (
    BLANK,
    CLEANED,
    DROPPED,
    DUPLICATE,
    classify,
    is_blank,
    quarantine,
    seed_document,
    user_activity,
    user_activity_items,
)
from py4j.java_gateway import JavaObject
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

SQL_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # Days before 1582 are valid ISO-8601; Spark's default is to fail the job on them.
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.sources.partitionOverwriteMode": "dynamic",
}


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The job's own arguments; Glue adds others (`--JOB_RUN_ID`, …), which are left alone."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--JOB_NAME", default="flatten")
    parser.add_argument("--raw_path", required=True)
    parser.add_argument("--cleaned_path", required=True)
    parser.add_argument("--drop_actions", default="logout", help="comma list; `none` keeps all")
    parser.add_argument("--output_format", choices=["parquet", "json"], default="parquet")
    return parser.parse_known_args(argv)[0]


def read_lines(spark: SparkSession, raw_path: str) -> DataFrame:
    """Every line under raw_path, see flatten.py; the day of arrival comes from the path.

    Raises ValueError when raw_path does not exist.
    """
    path = F.col("_metadata.file_path")
    # Percent-encoded, except that a plus sign stands for itself.
    decoded = F.url_decode(F.replace(path, F.lit("+"), F.lit("%2B")))
    folder = F.substring_index(F.substring_index("source_object", "/ingest_date=", -1), "/", 1)
    try:
        text = spark.read.text(raw_path, lineSep="\n", recursiveFileLookup=True)
    except AnalysisException as error:
        if error.getErrorClass() != "PATH_NOT_FOUND":
            raise
        raise ValueError(f"there is nothing at --raw_path {raw_path}") from None
    return (
        text.withColumn("source_object", F.when(path.contains("%"), decoded).otherwise(path))
        .withColumn("folder", folder)
        .select(
            F.expr("try_cast(folder as date)").alias("ingest_date"),
            "source_object",
            F.col("_metadata.file_block_start").alias("block_start"),
            F.monotonically_increasing_id().alias("position"),
            F.col("value").alias("line"),
        )
    )


def count_received(lines: DataFrame) -> int:
    """How many lines arrived, blank ones not counted. Raises ValueError when there is nothing
    to do or an object lies outside the folders of the raw zone."""
    for url in lines.inputFiles():
        if not _in_day_folder(url):
            raise ValueError(
                f"{url} is not in a folder ingest_date=YYYY-MM-DD;"
                " move it into the folder of the day it arrived"
            )
    received = lines.filter(~is_blank(F.col("line"))).count()
    if not received:
        raise ValueError("there is no document under --raw_path; the cleaned zone is left as it is")
    return received


def _in_day_folder(url: str) -> bool:
    _, found, below = url.rpartition("/ingest_date=")
    try:
        return bool(found) and str(date.fromisoformat(below.partition("/")[0])) == below[:10]
    except ValueError:
        return False


def summarise(received: int, outcomes: Counter) -> dict:
    """Where the received lines went. Raises RuntimeError when they do not add up."""
    reasons = Counter(outcomes)
    summary = {
        "lines": received,
        "cleaned": reasons.pop(CLEANED, 0),
        "dropped": reasons.pop(DROPPED, 0),
        "duplicates": reasons.pop(DUPLICATE, 0),
        "quarantined": dict(sorted(reasons.items())),
    }
    if outcomes.total() != received:
        raise RuntimeError(f"lines were lost or made up, nothing was written: {summary}")
    return summary


def hadoop_folder(spark: SparkSession, path: str) -> tuple[JavaObject, JavaObject]:
    """Hadoop's Path and FileSystem for a folder: Spark can replace partitions, not remove them."""
    folder = spark._jvm.org.apache.hadoop.fs.Path(path)
    return folder, folder.getFileSystem(spark._jsc.hadoopConfiguration())


def replace_table(
    frame: DataFrame, path: str, partition: str, order: Sequence[str], output_format: str
) -> None:
    """Make `frame` the whole content of the table at `path`, few files a partition.

    Rows are sorted inside the files, so that their statistics let a reader skip and two runs
    write the same. Stale partitions go last: readers see old or new rows, never none.
    """
    produced = {f"{partition}={row[0]}" for row in frame.select(partition).distinct().collect()}
    codec = {"parquet": "zstd", "json": "gzip"}[output_format]
    rebalanced = frame.sparkSession.sql(
        f"select /*+ rebalance({partition}) */ * from {{frame}}", frame=frame
    )
    (
        rebalanced.sortWithinPartitions(partition, *order)
        .write.partitionBy(partition)
        .mode("overwrite")
        .format(output_format)
        .save(path, compression=codec)
    )
    table, filesystem = hadoop_folder(frame.sparkSession, path)
    for status in filesystem.listStatus(table):
        name = status.getPath().getName()
        if name.startswith(f"{partition}=") and name not in produced:
            filesystem.delete(status.getPath(), True)


def run(
    spark: SparkSession,
    raw_path: str,
    cleaned_path: str,
    drop_actions: Sequence[str] = ("logout",),
    output_format: str = "parquet",
) -> dict:
    """Rebuild the cleaned zone from the raw zone; returns the counts (see summarise)."""
    for key, value in SQL_SETTINGS.items():
        spark.conf.set(key, value)
    lines = read_lines(spark, raw_path)
    received = count_received(lines)

    # Parsed once, into a folder of its own: cheaper to write and to read than persist(), and not
    # lost with an executor.
    root = cleaned_path.rstrip("/")
    staging = f"{root}/staging"
    try:
        classify(lines, drop_actions).write.mode("overwrite").parquet(staging)
        classified = spark.read.parquet(staging)
        counted = classified.filter(F.col("outcome") != BLANK).groupBy("outcome").count().collect()
        summary = summarise(received, Counter({row.outcome: row["count"] for row in counted}))

        replace_table(
            quarantine(classified),
            f"{root}/quarantine",
            "ingest_date",
            ["source_object", "line_number"],
            "parquet",
        )
        replace_table(
            user_activity_items(classified),
            f"{root}/user_activity_items",
            "event_date",
            ["event_at", "event_id", "item_number"],
            "parquet",
        )
        activity, order = user_activity(classified), ["action", "location", "event_at", "event_id"]
        if output_format == "json":
            activity, order = seed_document(activity), ["event_id"]
        replace_table(activity, f"{root}/user_activity", "event_date", order, output_format)
    finally:
        folder, filesystem = hadoop_folder(spark, staging)
        filesystem.delete(folder, True)
    return summary


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    drop_actions = [name.strip() for name in args.drop_actions.split(",") if name.strip()]
    spark = SparkSession.builder.appName(args.JOB_NAME).getOrCreate()
    try:
        summary = run(
            spark,
            args.raw_path,
            args.cleaned_path,
            drop_actions=[] if drop_actions == ["none"] else drop_actions,
            output_format=args.output_format,
        )
    except ValueError as error:
        sys.exit(f"flatten: {error}")
    print(f"flatten summary: {json.dumps(summary)}")


if __name__ == "__main__":
    main(sys.argv[1:])
