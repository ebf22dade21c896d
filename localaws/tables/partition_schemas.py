"""Partitions that describe themselves: own column types and SerDe parameters.

A partition is read as it says, and its values are then turned into the table's types. What fits:
Trino's HiveSplitManager and CoercionUtils; where columns are matched by name and where by place:
Athena user guide, "Update tables with partitions".
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from localaws.sql.errors import QueryError
from localaws.sql.type_parser import parse_type
from localaws.sql.types import INTEGERS, Type
from localaws.tables import avro_format, lazy_simple, orc_format, parquet_format
from localaws.tables.hive import HiveTable, Partition
from localaws.tables.locations import partition_folder

MISMATCH = "HIVE_PARTITION_SCHEMA_MISMATCH"
_Columns = list[tuple[str, str]]

# The only SerDe parameters that these formats have.
_PREFIXES = {
    parquet_format.SERDE: ("parquet.",),
    orc_format.SERDE: ("orc.",),
    avro_format.SERDE: ("avro.",),
}
# What Athena would turn into one another, beyond `_widens`.
_NUMBERS = {*INTEGERS, "decimal", "real", "double"}
_COERCED = {
    *((number, "varchar") for number in _NUMBERS - {"real"}),
    *(("varchar", integer) for integer in INTEGERS),
    *(("decimal", number) for number in _NUMBERS),
    *((("double", "real"), ("double", "decimal"), ("real", "decimal"))),
    *((("varchar", "date"), ("varchar", "timestamp"), ("timestamp", "varchar"))),
    *((("varchar", "varchar"), ("char", "char"))),
}


def grouped(
    table: HiveTable, partitions: Iterable[Partition]
) -> list[tuple[HiveTable, list[Partition]]]:
    """The table as its partitions describe it, and which of them do so in that way.

    Raises HIVE_PARTITION_SCHEMA_MISMATCH, and NOT_SUPPORTED for a partition in another format.
    """
    by_text: dict[str, tuple[HiveTable, list[Partition]]] = {}
    groups: dict[tuple, tuple[HiveTable, list[Partition]]] = {}
    for partition in partitions:
        text = _description(partition.storage)
        if text not in by_text:
            described = _described(table, partition)
            key = (described.data_columns, _parameters(described))
            if key == (table.data_columns, _parameters(table)):
                described = table
            by_text[text] = groups.setdefault(key, (described, []))
        by_text[text][1].append(partition)
    return list(groups.values())


def closed_partitions(table: HiveTable) -> dict[tuple[str, ...], QueryError]:
    """Why nothing may be written to a partition, for those of which this is so.

    Source: Trino's HiveWriterFactory, which compares the columns by their places.
    """
    found: dict[tuple[str, ...], QueryError] = {}
    own = _text_columns(table.storage)
    for partition in table.partitions:
        title = _title(table, partition)
        for (_, wanted), (name, type_) in zip(own, _text_columns(partition.storage), strict=False):
            if wanted != type_:
                message = (
                    "You are trying to write into an existing partition in a table. The table "
                    "schema has changed since the creation of the partition. Inserting rows into "
                    f"such partition is not supported. The type of column '{name}' in partition "
                    f"'{title}' is '{type_}', in table '{table.name}' it is '{wanted}'"
                )
                found[partition.values] = QueryError(MISMATCH, message)
                break
        else:
            same_serde = _serde(partition.storage) == _serde(table.storage)
            described = replace(table, glue=_with_storage(table, partition.storage))
            if not same_serde or _parameters(described) != _parameters(table):
                message = f"INSERT into partition {title} with a SerDe of its own"
                error = QueryError("NOT_SUPPORTED", f"{message} is not supported locally")
                found[partition.values] = error
    return found


def _description(storage: dict[str, Any]) -> str:
    parts = [_text_columns(storage), _serde(storage), storage.get("SerdeInfo")]
    return json.dumps(parts, sort_keys=True, default=str)


def _described(table: HiveTable, partition: Partition) -> HiveTable:
    """The table's names with the partition's types, and its SerDe parameters."""
    title = _title(table, partition)
    if _serde(partition.storage) != _serde(table.storage):
        serde = " and ".join(_serde(partition.storage)) or "none"
        message = f"partition {title} of {table.database}.{table.name} has a SerDe of its own"
        raise QueryError("NOT_SUPPORTED", f"{message} ({serde}): not supported locally")
    own = _text_columns(partition.storage)
    by_name = {name: (name, type_) for name, type_ in own}
    columns = []
    for place, (name, type_) in enumerate(table.data_columns):
        found = by_name.get(name) if _by_name(table) else next(iter(own[place : place + 1]), None)
        text = found[1] if found else None
        if text is not None and text != _text_columns(table.storage)[place][1]:
            _check(table, title, name, type_, found)
        else:
            text = table.storage["Columns"][place]["Type"]
        columns.append({"Name": name, "Type": text})
    return replace(table, glue=_with_storage(table, {**partition.storage, "Columns": columns}))


def _with_storage(table: HiveTable, storage: dict[str, Any]) -> dict[str, Any]:
    return {**table.glue, "StorageDescriptor": storage}


def _by_name(table: HiveTable) -> bool:
    if table.serde == orc_format.SERDE:
        return not orc_format.by_place(table)
    return table.serde == parquet_format.SERDE


def _check(table: HiveTable, title: str, name: str, type_: Type, found: tuple[str, str]) -> None:
    wanted = next(t for n, t in _text_columns(table.storage) if n == name)
    try:
        code = _misfit(parse_type(found[1]), type_)
    except ValueError:
        code = MISMATCH
    if code == MISMATCH:
        message = (
            "There is a mismatch between the table and partition schemas. The types are "
            f"incompatible and cannot be coerced. The column '{name}' in table "
            f"'{table.database}.{table.name}' is declared as type '{wanted}', but partition "
            f"'{title}' declared column '{found[0]}' as type '{found[1]}'."
        )
        raise QueryError(MISMATCH, message)
    if code:
        message = (
            f"column '{name}' of {table.database}.{table.name} as type '{wanted}', which partition "
            f"'{title}' declares as '{found[1]}', is not supported locally"
        )
        raise QueryError(code, message)


def _misfit(source: Type, target: Type) -> str | None:
    """The code of the error where a column of `source` cannot be read as one of `target`."""
    if source == target or _widens(source, target):
        return None
    if source.base != target.base or source.base not in ("array", "map", "row"):
        return "NOT_SUPPORTED" if (source.base, target.base) in _COERCED else MISMATCH
    pairs = list(zip(source.args, target.args, strict=False))
    if source.base == "row":
        # Fields come and go at the end only.
        if any(one[0] != other[0] for one, other in pairs):
            return MISMATCH
        pairs = [(one[1], other[1]) for one, other in pairs]
    codes = {_misfit(one, other) for one, other in pairs}
    return next((code for code in (MISMATCH, "NOT_SUPPORTED") if code in codes), None)


def _widens(source: Type, target: Type) -> bool:
    """Whether the engine's own cast takes every value over unchanged."""
    if source.is_integer and target.is_integer:
        return INTEGERS.index(source.base) < INTEGERS.index(target.base)
    if source.base == target.base == "varchar":
        return not target.args or bool(source.args and source.args[0] <= target.args[0])
    return (source.base, target.base) == ("real", "double")


def _parameters(table: HiveTable) -> tuple[tuple[str, str], ...]:
    """The SerDe parameters that tell how to read."""
    prefixes = _PREFIXES.get(table.serde, ("",))
    # The crawler's note of the keys; what only LazySimple reads as a delimiter.
    ignored = ("paths",) if table.serde == lazy_simple.SERDE else ("paths", "serialization.format")
    return tuple(
        sorted(
            (name, value)
            for name, value in table.serde_parameters.items()
            if name.startswith(prefixes) and name not in ignored
        )
    )


def _serde(storage: dict[str, Any]) -> tuple[str, ...]:
    names = (
        (storage.get("SerdeInfo") or {}).get("SerializationLibrary"),
        storage.get("InputFormat"),
    )
    return tuple(filter(None, names))


def _text_columns(storage: dict[str, Any]) -> _Columns:
    return [
        (each["Name"].lower(), each.get("Type", "").lower())
        for each in storage.get("Columns") or []
    ]


def _title(table: HiveTable, partition: Partition) -> str:
    return partition_folder(list(table.partition_keys), list(partition.values))[:-1]
