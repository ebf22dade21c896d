"""The columns that every table has and none shows: where a row lies.

Source: Trino's Hive connector ("Extra hidden columns"; `$partition` of partitioned tables only) and
Iceberg connector ("Metadata columns"). Athena's guide names `$path` alone; the others are as old in
Trino as Athena's engine version 3, all but the Iceberg connector's later `$partition`.
"""

from collections.abc import Collection

from localaws.objects import StoredObject
from localaws.sql.quoting import text_literal
from localaws.sql.types import BIGINT, VARCHAR, Type, timestamp_tz

_MODIFIED = ("$file_modified_time", timestamp_tz(3, "UTC"))
PARTITION = ("$partition", VARCHAR)
OF_HIVE = (("$path", VARCHAR), ("$file_size", BIGINT), _MODIFIED)
OF_ICEBERG = (("$path", VARCHAR), _MODIFIED)

Columns = list[tuple[str, Type]]


def used(columns: Collection[tuple[str, Type]], names: Collection[str]) -> Columns:
    return [each for each in columns if each[0] in names]


def values(columns: Columns, stored: StoredObject, path: str, partition: str = "") -> list[str]:
    """SQL of an object's values. `partition`: its folder below the table's."""
    own = {
        "$path": lambda: text_literal(path),
        "$file_size": lambda: f"{stored.size}::BIGINT",
        # S3 tells whole seconds.
        "$file_modified_time": lambda: (
            f"TIMESTAMPTZ '{stored.last_modified.replace(microsecond=0).isoformat()}'"
        ),
        "$partition": lambda: text_literal(partition),
    }
    return [own[name]() for name, _ in columns]
