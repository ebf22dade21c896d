"""A predicate of the engine's plan as an Iceberg expression, which manifests are tested with."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pyiceberg.expressions import (
    AlwaysTrue,
    And,
    BooleanExpression,
    EqualTo,
    GreaterThan,
    GreaterThanOrEqual,
    IsNaN,
    IsNull,
    LessThan,
    LessThanOrEqual,
    NotNull,
    Or,
)
from pyiceberg.schema import Schema
from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    IcebergType,
    IntegerType,
    LongType,
    StringType,
    TimestampType,
    TimestamptzType,
)

from localaws.tables.predicates import All, Comparison, Either, Predicate

_COMPARISONS = {
    "=": EqualTo,
    "<": LessThan,
    "<=": LessThanOrEqual,
    ">": GreaterThan,
    ">=": GreaterThanOrEqual,
}
_ENDS = (date.min, date.max, datetime.min, datetime.max)


def iceberg_filter(
    predicate: Predicate, schema: Schema, names: dict[str, int]
) -> BooleanExpression:
    """`names`: the field ids behind the predicate's columns. What has no counterpart is true."""
    match predicate:
        case None:
            return AlwaysTrue()
        case All(parts):
            return And(AlwaysTrue(), *(iceberg_filter(part, schema, names) for part in parts))
        case Either(parts):
            first, *rest = (iceberg_filter(part, schema, names) for part in parts)
            return Or(first, *rest) if rest else first
    return _comparison(predicate, schema, names)


def _comparison(predicate: Comparison, schema: Schema, names: dict[str, int]) -> BooleanExpression:
    field_id = names.get(predicate.column)
    field = next((each for each in schema.fields if each.field_id == field_id), None)
    # A schema of an earlier time may have columns that are gone, or had other types.
    if field is None or not field.field_type.is_primitive:
        return AlwaysTrue()
    if predicate.operator == "null":
        return IsNull(field.name)
    if predicate.operator == "not null":
        return NotNull(field.name)
    if predicate.operator == "not nan":
        return AlwaysTrue()
    value = _literal(predicate.value, field.field_type)
    # PyIceberg looks one step beyond a literal; there is none beyond the ends of time.
    if value is None or value in _ENDS:
        return AlwaysTrue()
    compared = _COMPARISONS[predicate.operator](field.name, value)
    if predicate.nan and isinstance(field.field_type, DoubleType):
        return Or(compared, IsNaN(field.name))
    return compared


def _literal(value: Any, type_: IcebergType) -> Any:
    """The value as the column's type has it; None where it has not."""
    match type_:
        case BooleanType() if isinstance(value, bool):
            return value
        case IntegerType() | LongType() if isinstance(value, int) and not isinstance(value, bool):
            return value
        # A real's shortest text is not its value: such conditions prune nothing.
        case DoubleType() if isinstance(value, int | Decimal):
            return float(value)
        case DecimalType() if isinstance(value, int | Decimal):
            exact = Decimal(value).quantize(Decimal(1).scaleb(-type_.scale))
            return exact if exact == value else None
        case StringType() if isinstance(value, str):
            return value
        case DateType() if isinstance(value, date) and not isinstance(value, datetime):
            return value
        case TimestampType() if isinstance(value, datetime) and value.tzinfo is None:
            return value
        case TimestamptzType() if isinstance(value, datetime) and value.tzinfo is not None:
            return value
    return None
