"""DynamicFrame over a Spark DataFrame, and collections of them."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import NullType, StringType, StructType

from . import catalog
from .refusals import only_known, refuse
from .relationalize import quoted, relationalized, unnested

Record = dict[str, Any]
# What a method's result does not depend on: names for logs, limits of records that fail (none do).
_HARMLESS = ("transformation_ctx", "info", "stageThreshold", "totalThreshold", "callSite")
# Glue's names of types that are not Spark's.
_TYPES = {"long": "bigint", "short": "smallint", "byte": "tinyint"}


class DynamicFrame:
    def __init__(self, df: DataFrame, glue_ctx: Any, name: str = "") -> None:
        self._df, self.glue_ctx, self.name = df, glue_ctx, name

    @classmethod
    def fromDF(cls, dataframe: DataFrame, glue_ctx: Any, name: str) -> "DynamicFrame":
        return cls(dataframe, glue_ctx, name)

    def toDF(self, options: Any = None) -> DataFrame:
        if options:
            raise refuse("toDF with options")
        return self._df

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise refuse(f"DynamicFrame.{name}")

    def _with(self, df: DataFrame) -> "DynamicFrame":
        return DynamicFrame(df, self.glue_ctx, self.name)

    # ---- looking

    def count(self) -> int:
        return self._df.count()

    def schema(self) -> StructType:
        return self._df.schema

    def printSchema(self) -> None:
        self._df.printSchema()

    def show(self, num_rows: int = 20) -> None:
        """A document a line."""
        for document in self._df.toJSON().take(num_rows):
            print(document)

    def getNumPartitions(self) -> int:
        return self._df.rdd.getNumPartitions()

    def repartition(self, num_partitions: int, **options: Any) -> "DynamicFrame":
        only_known("option", options, _HARMLESS)
        return self._with(self._df.repartition(num_partitions))

    def coalesce(self, num_partitions: int, **options: Any) -> "DynamicFrame":
        only_known("option", options, _HARMLESS)
        return self._with(self._df.coalesce(num_partitions))

    # ---- fields

    def select_fields(self, paths: Iterable[str], **options: Any) -> "DynamicFrame":
        """Paths that are not there are passed over."""
        only_known("option", options, _HARMLESS)
        found: dict[str, Column] = {}
        for path in paths:
            top, _, below = _parts(self._df, path)
            if top is not None:
                found[path if below else quoted(top)] = _column(self._df, path)
        return self._with(self._df.select(*_nested(found)))

    def drop_fields(self, paths: Iterable[str], **options: Any) -> "DynamicFrame":
        only_known("option", options, _HARMLESS)
        df = self._df
        for path in paths:
            top, _, below = _parts(df, path)
            if top is None:
                continue
            if below:
                df = df.withColumn(top, F.col(quoted(top)).dropFields(below))
            else:
                df = df.drop(F.col(quoted(top)))
        return self._with(df)

    def rename_field(self, oldName: str, newName: str, **options: Any) -> "DynamicFrame":
        only_known("option", options, _HARMLESS)
        top, _, below = _parts(self._df, oldName)
        if below:
            raise refuse(f"rename_field of the nested field {oldName}")
        return self if top is None else self._with(self._df.withColumnRenamed(top, _bare(newName)))

    def apply_mapping(
        self,
        mappings: Iterable[tuple[str, ...]],
        case_sensitive: bool = False,
        **options: Any,
    ) -> "DynamicFrame":
        """(source, its type, target, its type) or (source, target, type); what has no source is
        left out."""
        only_known("option", options, _HARMLESS)
        found: dict[str, Column] = {}
        for mapping in mappings:
            source, target, type_ = mapping[0], mapping[-2], mapping[-1]
            column = _column(self._df, source)
            if column is not None:
                found[target] = column.cast(_TYPES.get(type_.lower(), type_))
        return self._with(self._df.select(*_nested(found)))

    def resolveChoice(
        self,
        specs: Iterable[tuple[str, str]] | None = None,
        choice: str = "",
        database: str | None = None,
        table_name: str | None = None,
        **options: Any,
    ) -> "DynamicFrame":
        """A field of several types is a string here: it can be cast, not taken apart."""
        only_known("option", options, _HARMLESS)
        if choice == "match_catalog":
            columns = catalog.table(database, table_name)["StorageDescriptor"]["Columns"]
            specs = [(column["Name"], f"cast:{column['Type']}") for column in columns]
        elif choice.startswith("cast:"):
            specs = [(name, choice) for name in self._df.columns]
        elif choice:
            raise refuse(f"resolveChoice {choice}")
        df = self._df
        for path, action in specs or []:
            kind, _, type_ = action.partition(":")
            if kind not in ("cast", "project") or not type_:
                raise refuse(f"resolveChoice {action}")
            top, _, below = _parts(df, path)
            if top is None:
                continue
            cast = _column(df, path).cast(_TYPES.get(type_.lower(), type_))
            column = F.col(quoted(top)).withField(below, cast) if below else cast
            df = df.withColumn(top, column)
        return self._with(df)

    def drop_nulls(self, **options: Any) -> "DynamicFrame":
        """Without the fields that are nowhere filled, as the transform DropNullFields has it."""
        only_known("option", options, _HARMLESS)
        df = self._df
        doubtful = [
            field.name for field in df.schema if isinstance(field.dataType, StringType | NullType)
        ]
        if doubtful:
            counts = df.select(*(F.count(F.col(quoted(name))) for name in doubtful)).first()
            for name, count in zip(doubtful, counts, strict=True):
                df = df if count else df.drop(F.col(quoted(name)))
        return self._with(df)

    def unnest(self, **options: Any) -> "DynamicFrame":
        only_known("option", options, _HARMLESS)
        return self._with(unnested(self._df))

    def relationalize(
        self, root_table_name: str, staging_path: str | None = None, **options: Any
    ) -> "DynamicFrameCollection":
        only_known("option", options, _HARMLESS)
        tables = relationalized(self._df, root_table_name)
        return DynamicFrameCollection(
            {name: DynamicFrame(df, self.glue_ctx, name) for name, df in tables.items()},
            self.glue_ctx,
        )

    def split_fields(
        self, paths: Iterable[str], name1: str, name2: str, **options: Any
    ) -> "DynamicFrameCollection":
        only_known("option", options, _HARMLESS)
        paths = list(paths)
        frames = {name1: self.select_fields(paths), name2: self.drop_fields(paths)}
        return DynamicFrameCollection(frames, self.glue_ctx)

    # ---- records

    def filter(self, f: Callable[[Record], bool], **options: Any) -> "DynamicFrame":
        only_known("option", options, _HARMLESS)
        kept = self._df.rdd.filter(lambda row: f(row.asDict(recursive=True)))
        return self._with(self._df.sparkSession.createDataFrame(kept, self._df.schema))

    def map(self, f: Callable[[Record], Record], **options: Any) -> "DynamicFrame":
        only_known("option", options, _HARMLESS)
        spark = self._df.sparkSession
        records = self._df.rdd.map(lambda row: f(row.asDict(recursive=True)))
        setting = "spark.sql.pyspark.inferNestedDictAsStruct.enabled"
        before = spark.conf.get(setting)
        spark.conf.set(setting, "true")
        try:
            schema = spark.createDataFrame(records, samplingRatio=1.0).schema
        finally:
            spark.conf.set(setting, before)
        # By the schema: what Spark infers it does not convert where an array is NULL.
        return self._with(spark.createDataFrame(records, schema, verifySchema=False))

    def join(
        self,
        paths1: Iterable[str],
        paths2: Iterable[str],
        frame2: "DynamicFrame",
        **options: Any,
    ) -> "DynamicFrame":
        """Fields of `frame2` whose names are taken begin with a dot."""
        only_known("option", options, _HARMLESS)
        left, right = self._df, frame2.toDF()
        names = {name: f".{name}" if name in left.columns else name for name in right.columns}
        right = right.select(*(F.col(quoted(old)).alias(new) for old, new in names.items()))
        condition = F.lit(True)
        for one, other in zip(paths1, paths2, strict=True):
            condition &= left[quoted(_bare(one))] == right[quoted(names[_bare(other)])]
        return self._with(left.join(right, condition))


class DynamicFrameCollection:
    def __init__(self, dynamic_frames: dict[str, DynamicFrame], glue_ctx: Any) -> None:
        self._frames, self.glue_ctx = dynamic_frames, glue_ctx

    def __getitem__(self, key: str) -> DynamicFrame:
        return self._frames[key]

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[str]:
        return iter(self._frames)

    def keys(self) -> Iterable[str]:
        return self._frames.keys()

    def values(self) -> Iterable[DynamicFrame]:
        return self._frames.values()

    def items(self) -> Iterable[tuple[str, DynamicFrame]]:
        return self._frames.items()

    def select(self, key: str, **options: Any) -> DynamicFrame:
        only_known("option", options, _HARMLESS)
        return self._frames[key]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise refuse(f"DynamicFrameCollection.{name}")


def _bare(path: str) -> str:
    """A name without the backticks that keep its dots from meaning anything."""
    return path[1:-1] if len(path) > 1 and path[0] == path[-1] == "`" else path


def _parts(df: DataFrame, path: str) -> tuple[str | None, str, str]:
    """(column, ".", path below it); (None, "", "") for what is not there."""
    if _bare(path) in df.columns:
        return _bare(path), "", ""
    top, dot, below = path.partition(".")
    if _bare(top) not in df.columns or not dot:
        return None, "", ""
    type_ = df.schema[_bare(top)].dataType
    for name in below.split("."):
        if not isinstance(type_, StructType) or name not in type_.names:
            return None, "", ""
        type_ = type_[name].dataType
    return _bare(top), dot, below


def _column(df: DataFrame, path: str) -> Column | None:
    top, _, below = _parts(df, path)
    if top is None:
        return None
    column = F.col(quoted(top))
    for name in below.split(".") if below else []:
        column = column.getField(name)
    return column


def _nested(columns: dict[str, Column]) -> list[Column]:
    """Columns by their paths: dots make structs, unless the path stands in backticks."""
    tree: dict[str, Any] = {}
    for path, column in columns.items():
        parts = [_bare(path)] if path.startswith("`") else path.split(".")
        place = tree
        for part in parts[:-1]:
            place = place.setdefault(part, {})
        place[parts[-1]] = column
    return [_struct(name, each) for name, each in tree.items()]


def _struct(name: str, each: Any) -> Column:
    if isinstance(each, dict):
        return F.struct(*(_struct(below, column) for below, column in each.items())).alias(name)
    return each.alias(name)
