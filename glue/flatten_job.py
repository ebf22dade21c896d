"""The Glue job: the objects of a plan in, the partitions they touch out.

Runs as AWS Glue 5.1 starts it (Spark 3.5, Python 3.11) and on Spark 4.1. It needs no part of
`awsglue`: Glue passes its arguments on the command line and takes a plain SparkSession. The
package `glue` travels with it through `--extra-py-files`, msgspec through
`--additional-python-modules`.
"""

import argparse
import json
import sys
from collections.abc import Sequence

from pyspark.sql import SparkSession

from glue import tables
from glue.flatten import Plan, flatten
from glue.raw_objects import open_object

SQL_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # Days before 1582 are valid ISO-8601; Spark's default is to fail the job on them.
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
}
# Compressed raw bytes for which a shuffle gets one more partition; Spark joins small ones.
SHUFFLED = 8 << 20


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The job's own arguments; Glue adds others (`--JOB_RUN_ID`, ...), which are left alone."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--JOB_NAME", default="flatten")
    parser.add_argument("--plan", required=True, help="the plan's URL; result.json goes beside it")
    return parser.parse_known_args(argv)[0]


def configure(spark: SparkSession, plan: Plan) -> None:
    for key, value in SQL_SETTINGS.items():
        spark.conf.set(key, value)
    size = sum(raw.size for raw in plan.objects)
    partitions = max(2 * spark.sparkContext.defaultParallelism, size // SHUFFLED)
    spark.conf.set("spark.sql.shuffle.partitions", min(partitions, 20_000))


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    spark = SparkSession.builder.appName(args.JOB_NAME).getOrCreate()
    try:
        with open_object(args.plan) as file:
            plan = Plan.from_json(json.load(file))
        configure(spark, plan)
        result = flatten(spark, plan)
    except ValueError as error:
        sys.exit(f"flatten: {error}")
    # Last, and by Spark's own way to the files: what it says is there, is there.
    folder = args.plan.rpartition("/")[0]
    tables.write_text(spark, f"{folder}/result.json", json.dumps(result))
    print(f"flatten totals: {json.dumps(result['totals'])}")


if __name__ == "__main__":
    main(sys.argv[1:])
