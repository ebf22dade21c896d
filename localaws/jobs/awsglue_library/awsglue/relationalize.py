"""Nested data as flat tables: structs become columns with dots, arrays tables of their own.

Source: Glue developer guide, "Relationalize class": a table of an array is called after the root
and the array's path, and has the columns `id` (what stands in the array's place), `index`, and
`<path>.val` or `<path>.val.<field>`.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, MapType, StructType

from .refusals import refuse


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def unnested(frame: DataFrame) -> DataFrame:
    """Structs as columns; arrays stay."""
    columns: list[Column] = []
    for field in frame.schema:
        columns += _leaves(F.col(quoted(field.name)), field.name, field.dataType)
    return frame.select(*columns)


def _leaves(column: Column, name: str, type_: DataType) -> list[Column]:
    if not isinstance(type_, StructType):
        return [column.alias(name)]
    return [
        leaf
        for field in type_
        for leaf in _leaves(column.getField(field.name), f"{name}.{field.name}", field.dataType)
    ]


def relationalized(frame: DataFrame, root: str) -> dict[str, DataFrame]:
    """Name -> table, the root first. Raises NotSupportedLocally for a map."""
    flat = unnested(frame)
    for field in flat.schema:
        if isinstance(field.dataType, MapType):
            raise refuse(f"relationalize of the map {field.name}")
    arrays = [field for field in flat.schema if isinstance(field.dataType, ArrayType)]
    if not arrays:
        return {root: flat}
    # Numbered once: root and children are computed one by one.
    numbered = flat.withColumn("#", F.monotonically_increasing_id()).cache()
    array_names = [field.name for field in arrays]
    tables = {
        root: numbered.select(
            *(
                F.when(F.col(quoted(name)).isNotNull(), F.col("#")).alias(name)
                if name in array_names
                else F.col(quoted(name))
                for name in flat.columns
            )
        )
    }
    for name in array_names:
        elements = numbered.select(
            F.col("#").alias("id"),
            F.posexplode(F.col(quoted(name))).alias("index", f"{name}.val"),
        )
        tables |= relationalized(elements, f"{root}_{name}")
    return tables
