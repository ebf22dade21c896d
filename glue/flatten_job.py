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

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from glue import storage
from glue.flatten import flatten
from glue.plan import Plan


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The job's own arguments; Glue adds others (`--JOB_RUN_ID`, ...), which are left alone."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--JOB_NAME", default="flatten")
    parser.add_argument("--plan", required=True, help="the plan's URL; result.json goes beside it")
    return parser.parse_known_args(argv)[0]


def reason(error: Py4JJavaError) -> str:
    """What a worker raised: the line that ends its traceback, before Java's own begins."""
    text = str(error.java_exception).partition("\n\tat ")[0]
    return [line for line in text.splitlines() if line.strip()][-1].strip()


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    spark = SparkSession.builder.appName(args.JOB_NAME).getOrCreate()
    try:
        result = flatten(spark.sparkContext, Plan.from_json(json.loads(storage.read(args.plan))))
    except ValueError as error:
        sys.exit(f"flatten: {error}")
    except Py4JJavaError as error:
        print(error, file=sys.stderr)
        sys.exit(f"flatten: {reason(error)}")
    # Last: what it says is there, is there.
    folder = args.plan.rpartition("/")[0]
    storage.write(f"{folder}/result.json", json.dumps(result).encode())
    print(f"flatten totals: {json.dumps(result['totals'])}")


if __name__ == "__main__":
    main(sys.argv[1:])
