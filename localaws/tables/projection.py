"""Partition projection: a table's partitions worked out from its properties, not from Glue.

Sources: Athena user guide, "Partition projection" and "Supported types for partition projection";
Trino's io.trino.plugin.hive.projection where the guide is silent. What both leave open (formats
with names of months, steps of months from the 31st, ...) is refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from math import prod
from typing import Any

from localaws.sql.errors import QueryError
from localaws.sql.types import Type
from localaws.tables.date_patterns import DatePattern
from localaws.tables.locations import partition_folder

# Each value costs a look into the bucket's list of keys.
MOST_VALUES = 1_000_000
_NOW = re.compile(
    r"\s*NOW\s*(?:(?P<sign>[+-])\s*(?P<count>[0-9]+)\s*"
    r"(?P<unit>YEAR|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)S?\s*)?"
)
_STEPS = {
    "WEEKS": timedelta(weeks=1),
    "DAYS": timedelta(days=1),
    "HOURS": timedelta(hours=1),
    "MINUTES": timedelta(minutes=1),
    "SECONDS": timedelta(seconds=1),
    "MILLISECONDS": timedelta(milliseconds=1),
}
_MONTHS = {"YEARS": 12, "MONTHS": 1}
# The formats whose texts are values of the column's type as well, as Hive reads a partition's.
_READ_AS = {
    "date": ("yyyy-MM-dd",),
    "timestamp": (
        "yyyy-MM-dd",
        "yyyy-MM-dd HH:mm",
        "yyyy-MM-dd HH:mm:ss",
        "yyyy-MM-dd HH:mm:ss.SSS",
    ),
}
_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True)
class KeyProjection:
    """`values`: every value of the key, in the projection's order; None for an injected key.
    `pattern`: how a date key writes its dates."""

    key: str
    type: Type
    values: tuple[str, ...] | None
    pattern: DatePattern | None = None

    @property
    def sorts(self) -> bool:
        """Whether comparing the values as text orders them as the dates they stand for."""
        return self.type.base == "date" or list(self.values or ()) == sorted(self.values or ())


@dataclass(frozen=True)
class Projection:
    """`template` is the location of a partition with `${key}` for each value; without one, the
    folders are named `key=value`."""

    keys: tuple[KeyProjection, ...]
    location: str
    template: str | None = field(default=None)

    def partition_location(self, values: tuple[str, ...]) -> str:
        names = [each.key for each in self.keys]
        if self.template is None:
            return f"{self.location.rstrip('/')}/{partition_folder(names, list(values))}"
        by_name = dict(zip(names, values, strict=True))
        return _PLACEHOLDER.sub(lambda match: by_name[match[1]], self.template)

    @property
    def root(self) -> str:
        """The folder that all partitions lie below."""
        if self.template is None:
            return self.location
        return self.template[: self.template.index("${")].rpartition("/")[0] + "/"


def is_projected(glue: dict[str, Any]) -> bool:
    enabled = (glue.get("Parameters") or {}).get("projection.enabled", "false")
    return bool(glue.get("PartitionKeys")) and enabled.strip().lower() == "true"


def refuse_insert(glue: dict[str, Any]) -> None:
    """Raises NOT_SUPPORTED where rows written into `key=value` folders would not be found again."""
    if not is_projected(glue):
        return
    odd = [key for key in glue["Parameters"] if key.endswith(".digits")]
    odd += [key for key in glue["Parameters"] if key == "storage.location.template"]
    if odd:
        title = f"{glue['DatabaseName']}.{glue['Name']}"
        message = f"INSERT into {title}, whose partitions are projected with {odd[0]}"
        raise QueryError("NOT_SUPPORTED", f"{message}, is not supported locally")


def load_projection(
    glue: dict[str, Any], keys: tuple[tuple[str, Type], ...], now: datetime
) -> Projection:
    """Raises QueryError for properties that are missing or make no sense.

    keys: the partition columns. now: in UTC; what NOW in a range means.
    """
    parameters = glue["Parameters"]
    missing = [name for name, _ in keys if f"projection.{name}.type" not in parameters]
    if missing:
        title = f"{glue['DatabaseName']}.{glue['Name']}"
        message = (
            f"Table {title} is configured for partition projection, but the following partition "
            f"columns are missing projection configuration: [{', '.join(missing)}] (table {title})"
        )
        raise QueryError("HIVE_METASTORE_ERROR", message)
    projected = tuple(_key(name, type_, parameters, now) for name, type_ in keys)
    template = parameters.get("storage.location.template")
    if template is not None:
        _check_template(template, [name for name, _ in keys])
    return Projection(projected, glue["StorageDescriptor"]["Location"], template)


def combinations(values: list[list[str]]) -> Iterator[tuple[str, ...]]:
    """Raises NOT_SUPPORTED for too many of them."""
    _check_number(prod(len(each) for each in values))
    return product(*values)


def _check_template(template: str, keys: list[str]) -> None:
    named = set(_PLACEHOLDER.findall(template))
    if named != set(keys) or "${" in template.split("/", 3)[2]:
        message = (
            f"storage.location.template '{template}' must have a placeholder for each of the "
            f"partition columns [{', '.join(keys)}] and no other, below its bucket"
        )
        raise QueryError("HIVE_METASTORE_ERROR", message)


def _invalid(key: str, message: str) -> QueryError:
    text = f"Column projection for column '{key}' failed. {message}"
    return QueryError("INVALID_COLUMN_PROPERTY", text)


def _check_number(count: int) -> None:
    if count > MOST_VALUES:
        message = f"{count} projected partitions are not supported locally: narrow the WHERE clause"
        raise QueryError("NOT_SUPPORTED", message)


# ---- the four types


def _key(name: str, type_: Type, parameters: dict[str, str], now: datetime) -> KeyProjection:
    properties = {
        property_[len(f"projection.{name}.") :]: value
        for property_, value in parameters.items()
        if property_.startswith(f"projection.{name}.")
    }
    kind = properties["type"].strip().lower()
    if kind == "enum":
        values = _required(name, properties, "values").split(",")
        return KeyProjection(name, type_, tuple(dict.fromkeys(values)))
    if kind == "integer":
        if not (type_.is_integer or type_.is_string):
            raise _unsupported(name, kind, type_)
        return KeyProjection(name, type_, _integers(name, properties))
    if kind == "date":
        pattern = DatePattern.parse(_required(name, properties, "format"), name)
        if not (type_.is_string or pattern.text in _READ_AS.get(type_.base, ())):
            raise _unsupported(name, f"date with format {pattern.text}", type_)
        return KeyProjection(name, type_, _dates(name, properties, pattern, now), pattern)
    if kind == "injected":
        if not type_.is_string:
            raise _unsupported(name, kind, type_)
        return KeyProjection(name, type_, None)
    raise _invalid(name, f"Property: 'type' value '{properties['type']}' is invalid")


def _unsupported(key: str, kind: str, type_: Type) -> QueryError:
    message = f"projection type {kind} of the {type_} column {key} is not supported locally"
    return QueryError("NOT_SUPPORTED", message)


def _required(key: str, properties: dict[str, str], name: str) -> str:
    if name not in properties:
        raise _invalid(key, f"Property: '{name}' needs to be set")
    return properties[name]


def _positive(key: str, properties: dict[str, str], name: str) -> int | None:
    if name not in properties:
        return None
    text = properties[name].strip()
    if not text.isdecimal() or int(text) == 0:
        raise _invalid(key, f"Property: '{name}' value '{text}' is no positive integer")
    return int(text)


def _range(key: str, properties: dict[str, str]) -> tuple[str, str]:
    bounds = _required(key, properties, "range").split(",")
    if len(bounds) != 2:
        raise _invalid(key, "Property: 'range' needs to be a list of 2 values")
    return bounds[0], bounds[1]


def _integers(key: str, properties: dict[str, str]) -> tuple[str, ...]:
    try:
        first, last = (int(bound) for bound in _range(key, properties))
    except ValueError:
        raise _invalid(key, "Property: 'range' needs to be list of 2 integers") from None
    if not -(2**63) <= first <= last < 2**63:
        raise _invalid(key, f"Property: 'range' is empty or out of bounds: {first},{last}")
    step = _positive(key, properties, "interval") or 1
    digits = _positive(key, properties, "digits") or 0
    _check_number((last - first) // step + 1)
    # Java's %0nd counts the sign as one of the n, as Python does.
    return tuple(f"{number:0{digits}d}" for number in range(first, last + 1, step))


def _dates(
    key: str, properties: dict[str, str], pattern: DatePattern, now: datetime
) -> tuple[str, ...]:
    bounds = [_bound(key, bound, pattern, now) for bound in _range(key, properties)]
    # As precise as the format: the day of NOW, for one of days.
    first, last = (pattern.read(pattern.write(bound)) for bound in bounds)
    if first > last:
        raise _invalid(key, "Property: 'range' ends before it begins")
    step = _positive(key, properties, "interval")
    unit = properties.get("interval.unit", "").strip().upper()
    if not unit:
        unit = {"day": "DAYS", "month": "MONTHS"}.get(pattern.precision, "")
    if not unit or (step is None and pattern.precision not in ("day", "month")):
        message = f"'interval' and 'interval.unit' need to be set for the format '{pattern.text}'"
        raise _invalid(key, f"Property: {message}")
    moments = _moments(key, first, last, step or 1, unit)
    return tuple(dict.fromkeys(pattern.write(moment) for moment in moments))


def _moments(key: str, first: datetime, last: datetime, step: int, unit: str) -> Iterator[datetime]:
    if unit in _MONTHS:
        if first.day > 28:
            message = f"steps of {unit} from day {first.day} of a month are not supported locally"
            raise QueryError("NOT_SUPPORTED", f"projection of {key}: {message}")
        moment = first
        while moment <= last:
            yield moment
            moment = _plus_months(moment, step * _MONTHS[unit])
        return
    if unit not in _STEPS:
        raise _invalid(key, f"Property: 'interval.unit' value '{unit}' is invalid")
    size = _STEPS[unit] * step
    _check_number((last - first) // size + 1)
    for i in range((last - first) // size + 1):
        yield first + i * size


def _plus_months(moment: datetime, months: int) -> datetime:
    """The last day of a shorter month where it lacks the day, as java.time has it."""
    place = moment.year * 12 + moment.month - 1 + months
    for day in range(moment.day, 27, -1):
        try:
            return moment.replace(year=place // 12, month=place % 12 + 1, day=day)
        except ValueError:
            continue
    return moment.replace(year=place // 12, month=place % 12 + 1)


def _bound(key: str, text: str, pattern: DatePattern, now: datetime) -> datetime:
    match = _NOW.fullmatch(text)
    if match is None:
        try:
            return pattern.read(text)
        except ValueError:
            message = f"Property: 'range' value '{text}' is no date formatted as '{pattern.text}'"
            raise _invalid(key, message) from None
    moment = now.astimezone(UTC).replace(tzinfo=None)
    if not match["unit"]:
        return moment
    count = int(match["count"]) * (1 if match["sign"] == "+" else -1)
    unit = f"{match['unit']}S"
    try:
        if unit in _MONTHS:
            return _plus_months(moment, count * _MONTHS[unit])
        return moment + count * _STEPS[unit]
    except (ValueError, OverflowError):
        raise _invalid(key, f"Property: 'range' value '{text}' is out of bounds") from None
