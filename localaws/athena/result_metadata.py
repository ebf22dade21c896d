"""The columns of a result: ColumnInfo as the API gives it, and the `.metadata` object.

Athena's `.metadata` objects are Protocol Buffers without a published schema. The field numbers
are those that burtcorp/athena-jdbc reads (AthenaMetaDataParser); which of them a type has, and
the precisions, were measured on Athena by aoyagikouhei/athena-local
(docs/dev/measurements/metadata.md, query-results.md). Two differences: the first field holds the
query execution's id also where Athena puts its engine's own, and the objects that Athena leaves
beside most SHOW statements, which nobody can read, are plain here.
"""

from typing import Any

from localaws.athena.outcome import Outcome
from localaws.sql.types import Type

_PRECISION = {
    "tinyint": 3,
    "smallint": 5,
    "integer": 10,
    "bigint": 19,
    "real": 17,
    "double": 17,
    "timestamp": 3,
    "timestamp with time zone": 3,
    "time": 3,
    "time with time zone": 3,
    "varbinary": 1_073_741_824,
}
_UNBOUNDED = 2_147_483_647
# What answers through Trino's own statements says varchar, what answers through Hive's string.
_TRINO_UTILITIES = ("SHOW_VIEWS", "SHOW_CREATE_VIEW", "DESC_VIEW")
_ROWS = ("rows", Type("bigint"))
# Types of a ColumnInfo -> whether precision, scale and case sensitivity are written for it.
_WITHOUT_PRECISION = {
    "boolean": (False, False, True),
    "interval day to second": (False, False, True),
    "interval year to month": (False, False, True),
    "date": (False, True, True),
    **dict.fromkeys(
        ("array", "map", "row", "json", "uuid", "ipaddress", "string"), (False, False, False)
    ),
}
_NULLABLE_UNKNOWN = 3


def column_infos(outcome: Outcome) -> list[dict[str, Any]]:
    """ColumnInfo of each column; writes have the one column `rows`, other DDL has none."""
    if outcome.statement_type == "UTILITY":
        type_ = "varchar" if outcome.substatement_type in _TRINO_UTILITIES else "string"
        return [_column_info(name, type_, 0, 0, False) for name, _ in outcome.columns]
    columns = outcome.columns
    if not columns and outcome.update_count is not None:
        columns = [_ROWS]
    return [_typed(name, type_) for name, type_ in columns]


def _typed(name: str, type_: Type) -> dict[str, Any]:
    precision, scale = _PRECISION.get(type_.base, 0), 0
    if type_.base == "decimal":
        precision, scale = type_.args
    elif type_.base in ("varchar", "char"):
        precision = type_.args[0] if type_.args else _UNBOUNDED
    shown = "float" if type_.base == "real" else type_.base
    return _column_info(name, shown, precision, scale, type_.base in ("varchar", "char"))


def _column_info(
    name: str, type_: str, precision: int, scale: int, case_sensitive: bool
) -> dict[str, Any]:
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": type_,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": case_sensitive,
    }


def metadata(
    id_: str, columns: list[dict[str, Any]], update: tuple[str, int] | None = None
) -> bytes:
    """The `.metadata` object. update: what a write did and the number of its rows."""
    message = _text(1, id_)
    if update:
        message += _text(2, update[0]) + _number(3, update[1])
    return message + b"".join(_bytes(4, _column(each)) for each in columns)


def _column(info: dict[str, Any]) -> bytes:
    precision, scale, case_sensitive = _WITHOUT_PRECISION.get(info["Type"], (True, True, True))
    # SHOW's varchar columns have no precision either.
    measured = info["Precision"] or info["Type"] != "varchar"
    message = _text(1, info["CatalogName"])
    message += _text(4, info["Name"]) + _text(5, info["Label"]) + _text(6, info["Type"])
    if precision and measured:
        message += _number(7, info["Precision"])
    if scale and measured:
        message += _number(8, info["Scale"])
    message += _number(9, _NULLABLE_UNKNOWN)
    if case_sensitive and measured:
        message += _number(10, int(info["CaseSensitive"]))
    return message


def _varint(value: int) -> bytes:
    """Base 128, least significant group first."""
    groups = []
    while value >= 0x80:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())
