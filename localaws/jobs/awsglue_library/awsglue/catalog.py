"""Tables of the Glue catalog as DataFrames."""

from typing import Any

import boto3
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from . import formats
from .refusals import refuse


def table(database: str, name: str) -> dict[str, Any]:
    return boto3.client("glue").get_table(DatabaseName=database, Name=name)["Table"]


def format_of(found: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The format of a table's files, with its options. Raises NotSupportedLocally."""
    serde = found["StorageDescriptor"].get("SerdeInfo") or {}
    library = serde.get("SerializationLibrary", "").lower()
    for part, format_ in (("json", "json"), ("parquet", "parquet"), ("orc", "orc")):
        if part in library:
            return format_, {}
    if "opencsv" in library or "lazysimple" in library:
        parameters = serde.get("Parameters") or {}
        separator = parameters.get("separatorChar") or parameters.get("field.delim") or ","
        return "csv", {"separator": separator}
    raise refuse(f"table {found['Name']} with the SerDe {library or '(none)'}")


def read(
    spark: SparkSession, database: str, name: str, predicate: str, options: dict[str, Any]
) -> DataFrame:
    """Partition columns are texts behind the others. Raises NotSupportedLocally."""
    found = table(database, name)
    parameters = found.get("Parameters") or {}
    if parameters.get("table_type", "").upper() == "ICEBERG":
        raise refuse(f"the Iceberg table {database}.{name}")
    format_, format_options = format_of(found)
    header = format_ == "csv" and parameters.get("skip.header.line.count", "0") != "0"
    if header:
        format_options["withHeader"] = True
    keys = [key["Name"] for key in found.get("PartitionKeys") or []]
    if not keys:
        frame = _files(
            spark, [found["StorageDescriptor"]["Location"]], format_, options, format_options
        )
        return _named(frame, found, format_)
    if parameters.get("projection.enabled", "").lower() == "true":
        raise refuse(f"partition projection, which Athena alone has, of {database}.{name}")
    kept = _partitions(spark, database, name, keys, predicate)
    frames = []
    for values, location in kept:
        frame = _named(_files(spark, [location], format_, options, format_options), found, format_)
        for key, value in zip(keys, values, strict=True):
            frame = frame.withColumn(key, F.lit(value))
        frames.append(frame)
    if not frames:
        nothing = [StructField(key, StringType()) for key in keys]
        return spark.createDataFrame([], StructType(nothing))
    whole = frames[0]
    for frame in frames[1:]:
        whole = whole.unionByName(frame, allowMissingColumns=True)
    rest = [name for name in whole.columns if name not in keys]
    return whole.select(*(F.col(_quoted(name)) for name in [*rest, *keys]))


def _files(
    spark: SparkSession,
    paths: list[str],
    format_: str,
    options: dict[str, Any],
    format_options: dict[str, Any],
) -> DataFrame:
    return formats.read(spark, paths, format_, {"recurse": True, **options}, format_options)


def _named(frame: DataFrame, found: dict[str, Any], format_: str) -> DataFrame:
    """The columns of a CSV file are the table's by place."""
    if format_ != "csv":
        return frame
    names = [column["Name"] for column in found["StorageDescriptor"].get("Columns") or []]
    if len(names) != len(frame.columns):
        raise refuse(f"a CSV file of {len(frame.columns)} columns under {len(names)} of its table")
    return frame.toDF(*names)


def _partitions(
    spark: SparkSession, database: str, name: str, keys: list[str], predicate: str
) -> list[tuple[list[str], str]]:
    pages = boto3.client("glue").get_paginator("get_partitions")
    found = [
        (partition["Values"], partition["StorageDescriptor"]["Location"])
        for page in pages.paginate(DatabaseName=database, TableName=name)
        for partition in page["Partitions"]
    ]
    if not predicate or not found:
        return found
    schema = StructType([StructField(column, StringType()) for column in ["#", *keys]])
    rows = [[str(number), *values] for number, (values, _) in enumerate(found)]
    kept = spark.createDataFrame(rows, schema).filter(predicate).select("#").collect()
    return [found[int(row[0])] for row in kept]


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
