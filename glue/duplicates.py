"""Which of the lines with one event_id stays: the first by ingest_date, source_object and line.

The rule looks at lines only, not at runs: however many runs it took to read them, in whatever
order, the same line stays.
"""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

NEW = "new"  # read in this run
KEPT = "kept"  # published by an earlier run
REMOVED = "removed"  # published by an earlier run, and read again in this one


def losing_lines(pool: DataFrame) -> DataFrame:
    """The lines of `pool` that are duplicates: (source_object, line_number).

    `pool`: event_id, ingest_date, source_object, line_number, origin, was_duplicate. It holds
    all copies of an event_id that is among the new or the removed lines. Of other ids it may miss
    copies, so their kept lines stay what they were.
    """
    # Nearly all ids occur once. Eight bytes a line find the others; only these lines are then
    # compared by their whole id and place.
    fingerprint = F.xxhash64("event_id").alias("fingerprint")
    suspicious = (
        pool.groupBy(fingerprint)
        .agg(F.count("*").alias("lines"), F.max("was_duplicate").alias("was_duplicate"))
        .where("lines > 1 or was_duplicate")
        .select("fingerprint")
    )
    same_event = Window.partitionBy("event_id")
    in_order = same_event.orderBy(
        F.col("origin") == REMOVED, "ingest_date", "source_object", "line_number"
    )
    return (
        pool.withColumn("fingerprint", fingerprint)
        .join(suspicious, "fingerprint", "left_semi")
        .withColumn("is_decided_anew", F.max(F.col("origin") != KEPT).over(same_event))
        .withColumn("place", F.row_number().over(in_order))
        .where(F.col("origin") != REMOVED)
        .where(
            F.when(F.col("is_decided_anew"), F.col("place") > 1).otherwise(F.col("was_duplicate"))
        )
        .select("source_object", "line_number")
    )
