"""GlueContext: where frames come from and go to."""

import logging
from typing import Any

from pyspark import SparkContext
from pyspark.sql import DataFrame, SparkSession

from . import catalog, formats
from .dynamicframe import DynamicFrame, DynamicFrameCollection
from .refusals import only_known, refuse

_Frame = DynamicFrame | DynamicFrameCollection
_Options = dict[str, Any]


class GlueContext:
    def __init__(self, sparkContext: SparkContext, **options: Any) -> None:
        self.spark_session = SparkSession(sparkContext)
        self.create_dynamic_frame = _Source(self, as_dynamic=True)
        self.create_data_frame = _Source(self, as_dynamic=False)
        self.write_dynamic_frame = _Sink(self)
        self.write_data_frame = _Sink(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in ("read", "sql", "table", "createDataFrame", "sparkContext"):
            return getattr(self.spark_session, name)
        raise refuse(f"GlueContext.{name}")

    def get_logger(self) -> logging.Logger:
        return logging.getLogger("glue")

    def create_dynamic_frame_from_catalog(self, *given: Any, **options: Any) -> DynamicFrame:
        return self.create_dynamic_frame.from_catalog(*given, **options)

    def create_dynamic_frame_from_options(self, *given: Any, **options: Any) -> DynamicFrame:
        return self.create_dynamic_frame.from_options(*given, **options)

    def write_dynamic_frame_from_options(self, *given: Any, **options: Any) -> _Frame:
        return self.write_dynamic_frame.from_options(*given, **options)

    def write_dynamic_frame_from_catalog(self, *given: Any, **options: Any) -> _Frame:
        return self.write_dynamic_frame.from_catalog(*given, **options)


class _Source:
    def __init__(self, context: GlueContext, *, as_dynamic: bool) -> None:
        self._context, self._as_dynamic = context, as_dynamic

    def __getattr__(self, name: str) -> Any:
        raise refuse(f"create_dynamic_frame.{name}")

    def from_catalog(
        self,
        database: str | None = None,
        table_name: str | None = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        additional_options: _Options | None = None,
        catalog_id: str | None = None,
        name_space: str | None = None,
        **options: Any,
    ) -> Any:
        only_known("option of from_catalog", options, ())
        spark = self._context.spark_session
        found = catalog.read(
            spark,
            database or name_space or "",
            table_name or "",
            push_down_predicate,
            additional_options or {},
        )
        return self._made(found, transformation_ctx or table_name or "")

    def from_options(
        self,
        connection_type: str,
        connection_options: _Options | None = None,
        format: str | None = None,
        format_options: _Options | None = None,
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        **options: Any,
    ) -> Any:
        only_known("option of from_options", options, ())
        if push_down_predicate:
            raise refuse("push_down_predicate of from_options")
        if connection_type not in ("s3", "file"):
            raise refuse(f"connection type {connection_type}")
        given = dict(connection_options or {})
        paths = given.get("paths") or given.get("path") or []
        paths = [paths] if isinstance(paths, str) else paths
        if not paths:
            raise ValueError("from_options: connection_options name no paths")
        spark = self._context.spark_session
        return self._made(
            formats.read(spark, paths, format, given, format_options), transformation_ctx
        )

    def _made(self, found: DataFrame, name: str) -> Any:
        return DynamicFrame(found, self._context, name) if self._as_dynamic else found


class _Sink:
    def __init__(self, context: GlueContext) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        raise refuse(f"write_dynamic_frame.{name}")

    def from_options(
        self,
        frame: Any,
        connection_type: str,
        connection_options: _Options | None = None,
        format: str | None = None,
        format_options: _Options | None = None,
        transformation_ctx: str = "",
        **options: Any,
    ) -> Any:
        """A collection is written into a folder for each of its frames."""
        only_known("option of from_options", options, ())
        if connection_type not in ("s3", "file"):
            raise refuse(f"connection type {connection_type}")
        given = dict(connection_options or {})
        if isinstance(frame, DynamicFrameCollection):
            for name, each in frame.items():
                place = {**given, "path": f"{given['path'].rstrip('/')}/{name}"}
                formats.write(each.toDF(), format, place, format_options)
            return frame
        df = frame.toDF() if isinstance(frame, DynamicFrame) else frame
        formats.write(df, format, given, format_options)
        return frame

    def from_catalog(
        self,
        frame: Any,
        database: str | None = None,
        table_name: str | None = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        additional_options: _Options | None = None,
        catalog_id: str | None = None,
        name_space: str | None = None,
        **options: Any,
    ) -> Any:
        """Into a table's folder, in its format; partitions are not added to the catalog."""
        only_known("option of from_catalog", options, ())
        given = dict(additional_options or {})
        only_known("option of from_catalog", given, ("partitionKeys",))
        found = catalog.table(database or name_space or "", table_name or "")
        format_, format_options = catalog.format_of(found)
        if format_ == "csv":
            format_options["writeHeader"] = False
        place = {"path": found["StorageDescriptor"]["Location"], **given}
        return self.from_options(frame, "s3", place, format_, format_options)
