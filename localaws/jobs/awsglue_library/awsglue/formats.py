"""Files on S3 as Spark reads and writes them, by the names of Glue's options.

Source: Glue developer guide, "Data format options" and "Connection types and options for ETL".
"""

from collections.abc import Sequence
from typing import Any

from pyspark.sql import DataFrame, DataFrameReader, DataFrameWriter, SparkSession

from .refusals import only_known, refuse

_CSV = {
    "separator": "sep",
    "quoteChar": "quote",
    "escaper": "escape",
    "withHeader": "header",
    "multiLine": "multiLine",
    "multiline": "multiLine",
}
_READ = {"json": {"multiline": "multiLine"}, "csv": _CSV, "parquet": {}, "orc": {}}
_WRITE = {
    "json": {},
    "csv": {"separator": "sep", "quoteChar": "quote", "writeHeader": "header"},
    "parquet": {},
    "glueparquet": {},
    "orc": {},
}
# How Glue reads them is not what a script's result depends on.
_HARMLESS = (
    "groupFiles",
    "groupSize",
    "inPartition",
    "maxBand",
    "maxFilesInBand",
    "useS3ListImplementation",
)
_HARMLESS_FORMAT = ("optimizePerformance", "useGlueParquetWriter", "blockSize", "pageSize")
_COMPRESSIONS = {"gzip": "gzip", "bzip2": "bzip2", "snappy": "snappy", "lzo": "lzo"}


def _value(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def read(
    spark: SparkSession,
    paths: Sequence[str],
    format_: str | None,
    connection_options: dict[str, Any],
    format_options: dict[str, Any] | None,
) -> DataFrame:
    """Raises NotSupportedLocally for an option or a format."""
    known = {"paths", "path", "recurse", "compressionType", *_HARMLESS}
    only_known("connection option", connection_options, known)
    if format_ not in _READ:
        raise refuse(f"reading format {format_}")
    names = _READ[format_]
    only_known(f"option of format {format_}", format_options, {*names, *_HARMLESS_FORMAT})
    reader: DataFrameReader = spark.read
    if format_ == "json":
        # What is no document is an error record at Glue, and no row.
        reader = reader.option("mode", "DROPMALFORMED")
    if format_ == "csv":
        # Glue's own defaults: fields are texts, a quote in a text is doubled.
        reader = reader.option("escape", '"')
    for name, value in (format_options or {}).items():
        if name in names:
            reader = reader.option(names[name], _value(value))
    if connection_options.get("recurse"):
        reader = reader.option("recursiveFileLookup", "true")
    frame = reader.format(format_).load(list(paths))
    if format_ == "csv" and not (format_options or {}).get("withHeader"):
        frame = frame.toDF(*(f"col{number}" for number in range(len(frame.columns))))
    return frame


def write(
    frame: DataFrame,
    format_: str | None,
    connection_options: dict[str, Any],
    format_options: dict[str, Any] | None,
) -> None:
    """Files are added to what is there. Raises NotSupportedLocally for an option or a format."""
    known = {"path", "partitionKeys", "compression", *_HARMLESS}
    only_known("connection option", connection_options, known)
    if format_ not in _WRITE:
        raise refuse(f"writing format {format_}")
    names = _WRITE[format_]
    known_format = {*names, "compression", *_HARMLESS_FORMAT}
    only_known(f"option of format {format_}", format_options, known_format)
    writer: DataFrameWriter = frame.write.mode("append")
    if format_ == "csv":
        writer = writer.option("header", "true").option("escape", '"')
    for name, value in (format_options or {}).items():
        if name in names:
            # Quotes are turned off by -1 at Glue, by nothing at Spark.
            value = "" if name == "quoteChar" and str(value) == "-1" else value
            writer = writer.option(names[name], _value(value))
    compression = connection_options.get("compression") or (format_options or {}).get("compression")
    if compression:
        writer = writer.option("compression", _COMPRESSIONS.get(compression, compression))
    if keys := connection_options.get("partitionKeys"):
        writer = writer.partitionBy(*keys)
    writer.format("parquet" if format_ == "glueparquet" else format_).save(
        connection_options["path"]
    )
