"""A job that touches what jobs commonly use, so that its classes come into the archive.

python class_training.py FOLDER JVM_OPTION
"""

import sys
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F


def main(folder: Path, jvm_option: str) -> None:
    settings = {
        "spark.master": "local[*]",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": f"-XX:TieredStopAtLevel=1 -XX:+UseParallelGC {jvm_option}",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.warehouse.dir": (folder / "warehouse").as_uri(),
        "spark.ui.enabled": "false",
    }
    spark = SparkSession.builder.config(map=settings).getOrCreate()
    _write_lines(spark, f"{folder}/raw")
    rows = _deduplicate(_parse(spark.read.text(f"{folder}/raw")))
    rows = rows.mapInArrow(lambda batches: batches, rows.schema)
    rows = rows.repartition("day").sortWithinPartitions("id")
    rows.write.partitionBy("day").parquet(f"{folder}/cleaned", compression="zstd")
    cleaned = spark.read.parquet(f"{folder}/cleaned")
    days = cleaned.groupBy("day").agg(F.count("*"), F.max("n"))
    cleaned.join(F.broadcast(days), "day").collect()
    spark.stop()


def _write_lines(spark: SparkSession, path: str) -> None:
    document = F.to_json(F.struct("id", F.struct(F.lit("a").alias("b")).alias("c")))
    spark.range(1000).select(document).write.text(path, compression="gzip")


def _parse(lines: DataFrame) -> DataFrame:
    document = F.from_json("value", "id string, c struct<b: string>").alias("document")
    same = F.udf(lambda text: text, "string")
    return (
        lines.select(F.col("_metadata.file_path").alias("path"), document)
        .select("path", "document.id", same("document.c.b").alias("b"))
        .withColumn("n", F.expr("try_cast(id as bigint)"))
        .withColumn("day", F.expr("date_add(date'2025-01-01', cast(n % 3 as int))"))
    )


def _deduplicate(rows: DataFrame) -> DataFrame:
    place = F.row_number().over(Window.partitionBy("id").orderBy("path"))
    return rows.withColumn("place", place).filter("place = 1").drop("place")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
