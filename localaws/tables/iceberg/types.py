"""Column types, schemas and partition specs: between Trino's spelling, Iceberg's and Glue's."""

import re
from typing import Any

from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import parse_transform
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
)

from localaws.sql import types
from localaws.sql.errors import QueryError
from localaws.sql.types import Type

_SIMPLE: dict[str, type[IcebergType]] = {
    "boolean": BooleanType,
    "integer": IntegerType,
    "bigint": LongType,
    "real": FloatType,
    "double": DoubleType,
    "varchar": StringType,
    "varbinary": BinaryType,
    "date": DateType,
}


def trino_type(type_: IcebergType) -> Type:
    """Raises NOT_SUPPORTED for a type that the engine does not hold."""
    match type_:
        case BooleanType():
            return types.BOOLEAN
        case IntegerType():
            return types.INTEGER
        case LongType():
            return types.BIGINT
        case FloatType():
            return types.REAL
        case DoubleType():
            return types.DOUBLE
        case StringType():
            return types.VARCHAR
        case BinaryType():
            return types.VARBINARY
        case DateType():
            return types.DATE
        case DecimalType():
            return types.decimal(type_.precision, type_.scale)
        case TimestampType():
            return types.timestamp(6)
        case TimestamptzType():
            return types.timestamp_tz(6, "UTC")
        case ListType():
            return types.array(trino_type(type_.element_type))
        case MapType():
            return Type("map", (trino_type(type_.key_type), trino_type(type_.value_type)))
        case StructType():
            return types.row(*((f.name, trino_type(f.field_type)) for f in type_.fields))
    raise QueryError("NOT_SUPPORTED", f"Iceberg type {type_} is not supported locally")


def iceberg_schema(columns: list[tuple[str, Type, str | None]]) -> Schema:
    ids = iter(range(1, 100_000))

    def convert(name: str, type_: Type) -> IcebergType:
        if simple := _SIMPLE.get(type_.base):
            return simple()
        match type_.base:
            case "decimal":
                return DecimalType(*type_.args)
            case "timestamp" | "timestamp with time zone":
                if type_.args[0] != 6:
                    message = (
                        f"Timestamp precision ({type_.args[0]}) not supported for Iceberg. "
                        'Use "timestamp(6)" instead.'
                    )
                    raise QueryError("NOT_SUPPORTED", message)
                return TimestampType() if type_.base == "timestamp" else TimestamptzType()
            case "array":
                return ListType(
                    element_id=next(ids),
                    element_type=convert(name, type_.element),
                    element_required=False,
                )
            case "map":
                key, value = type_.args
                return MapType(
                    key_id=next(ids),
                    key_type=convert(name, key),
                    value_id=next(ids),
                    value_type=convert(name, value),
                    value_required=False,
                )
            case "row":
                if not all(field for field, _ in type_.args):
                    message = f"Row type field does not have a name: {type_}"
                    raise QueryError("NOT_SUPPORTED", message)
                return StructType(
                    *(
                        NestedField(next(ids), field, convert(name, inner), required=False)
                        for field, inner in type_.args
                    )
                )
        raise QueryError("NOT_SUPPORTED", f"Type not supported for Iceberg: {type_}")

    return Schema(
        *(
            NestedField(next(ids), name, convert(name, type_), required=False, doc=comment)
            for name, type_, comment in columns
        )
    )


def partition_spec(partitioning: list[str], schema: Schema) -> PartitionSpec:
    """From Athena's spellings: `day(event_at)`, `bucket(event_id, 16)`, `location`."""
    fields = []
    for number, spelling in enumerate(partitioning):
        name, transform = _transform(spelling)
        try:
            source = schema.find_field(name, case_sensitive=False)
        except ValueError:
            message = f"Invalid partition field declaration: {spelling}"
            raise QueryError("COLUMN_NOT_FOUND", message) from None
        kind = transform.split("[")[0]
        suffix = {"identity": "", "truncate": "_trunc"}.get(kind, f"_{kind}")
        fields.append(
            PartitionField(
                source_id=source.field_id,
                field_id=1000 + number,
                transform=parse_transform(transform),
                name=f"{source.name}{suffix}",
            )
        )
    return PartitionSpec(*fields)


def _transform(spelling: str) -> tuple[str, str]:
    spelling = spelling.strip().strip('"`')
    if re.fullmatch(r"\w+", spelling):
        return spelling.lower(), "identity"
    if match := re.fullmatch(r"(year|month|day|hour)s?\(\s*[\"`]?(\w+)[\"`]?\s*\)", spelling, re.I):
        return match[2].lower(), match[1].lower()
    if match := re.fullmatch(
        r"(bucket|truncate)\(\s*(?:(\d+)\s*,\s*)?[\"`]?([A-Za-z_]\w*)[\"`]?\s*(?:,\s*(\d+))?\s*\)",
        spelling,
        re.I,
    ):
        number = match[2] or match[4]
        if number:
            return match[3].lower(), f"{match[1].lower()}[{number}]"
    raise QueryError("INVALID_TABLE_PROPERTY", f"Invalid partition field declaration: {spelling}")


def glue_columns(
    schema: Schema, comments: dict[str, str | None] | None = None
) -> list[dict[str, Any]]:
    columns = []
    for field in schema.fields:
        column = {
            "Name": field.name.lower(),
            "Type": trino_type(field.field_type).hive()
            if not isinstance(field.field_type, TimestamptzType)
            else "timestamp",
            "Parameters": {
                "iceberg.field.id": str(field.field_id),
                "iceberg.field.optional": str(field.optional).lower(),
                "iceberg.field.current": "true",
            },
        }
        comment = field.doc or (comments or {}).get(column["Name"])
        if comment:
            column["Comment"] = comment
        columns.append(column)
    return columns
