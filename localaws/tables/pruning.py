"""Which partitions a query reads: those that its conditions on partition columns leave."""

from datetime import UTC, datetime
from typing import NoReturn

import sqlglot
from sqlglot import exp

from localaws.engine import Session
from localaws.objects import NoSuchBucket, ObjectStore
from localaws.sql.casts import CannotCast, cast
from localaws.sql.errors import QueryError
from localaws.sql.quoting import quoted, text_literal
from localaws.sql.scope import Scan, Typed
from localaws.sql.types import VARCHAR, Type
from localaws.tables.bytes_scanned import EngineScan
from localaws.tables.hive import HiveTable, Partition
from localaws.tables.locations import NULL_PARTITION, split_location
from localaws.tables.predicates import plain_condition
from localaws.tables.projection import (
    KeyProjection,
    Projection,
    combinations,
    is_projected,
    load_projection,
)

_BATCH = 50_000


def kept_partitions(
    scan: Scan, table: HiveTable, store: ObjectStore, session: Session
) -> list[Partition]:
    if is_projected(table.glue):
        return _projected(scan, table, store, session)
    partitions = list(table.partitions)
    rows = [partition.values for partition in partitions]
    kept = matching(rows, table.partition_columns, scan.alias, scan.filters, session)
    return [partitions[i] for i in kept]


def partition_value(value: str, type_: Type) -> str:
    """A partition folder's text as a constant of the key's type."""
    if value == NULL_PARTITION:
        return f"CAST(NULL AS {type_.duckdb()})"
    return _as_key(text_literal(value), type_)


def _as_key(text: str, type_: Type) -> str:
    try:
        return f"CAST({cast(Typed(text, VARCHAR), type_).sql} AS {type_.duckdb()})"
    except CannotCast:
        message = f"partition key type {type_} is not supported locally"
        raise QueryError("NOT_SUPPORTED", message) from None


def matching(
    rows: list[tuple[str, ...]],
    columns: tuple[tuple[str, Type], ...],
    alias: str,
    filters: list[str],
    session: Session,
) -> list[int]:
    """The places of the rows for which all `filters` are true, which name `columns` of `alias`."""
    if not filters or not rows:
        return list(range(len(rows)))
    found = []
    keys = [
        f"{_as_key(f'nullif(k{i}, {text_literal(NULL_PARTITION)})', type_)} AS {quoted(name)}"
        for i, (name, type_) in enumerate(columns)
    ]
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        lists = [
            f"unnest([{', '.join(text_literal(row[i]) for row in batch)}]) AS k{i}"
            for i in range(len(columns))
        ]
        # No partition key can be called $number.
        numbered = f"SELECT unnest(range({len(batch)})) AS n, {', '.join(lists)}"
        kept = session.rows(
            f'SELECT {alias}."$number" FROM (SELECT n AS "$number", {", ".join(keys)} '
            f"FROM ({numbered})) AS {alias} WHERE {' AND '.join(filters)} ORDER BY 1"
        )
        found += [start + i for (i,) in kept]
    return found


def matching_scans(
    rows: list[tuple[str, ...]],
    columns: tuple[tuple[str, Type], ...],
    scans: list[EngineScan],
    session: Session,
) -> list[int]:
    """The places of the rows that one of the scans may want, whose plan names `columns`."""
    names = [name for name, _ in columns]
    wanted = [
        [condition for text in scan.conditions if (condition := plain_condition(text, names))]
        for scan in scans
    ]
    if not rows or not wanted or not all(wanted):
        return list(range(len(rows)))
    # Of many files few partitions.
    distinct = list(dict.fromkeys(rows))
    kept = {
        distinct[i]
        for conditions in wanted
        for i in matching(distinct, columns, "p", conditions, session)
    }
    return [i for i, row in enumerate(rows) if row in kept]


# ---- projected partitions


def _projected(
    scan: Scan, table: HiveTable, store: ObjectStore, session: Session
) -> list[Partition]:
    """Projected partitions whose folder holds something: the others have no rows."""
    projection = load_projection(table.glue, table.partition_columns, datetime.now(UTC))
    values = [_values(key, projection, scan, session) for key in projection.keys]
    folders = _folders(projection, store)
    rows = [
        row
        for row in combinations(values)
        if split_location(projection.partition_location(row))[1] in folders
    ]
    kept = matching(rows, table.partition_columns, scan.alias, scan.filters, session)
    return [Partition(rows[i], projection.partition_location(rows[i]), table.storage) for i in kept]


def _folders(projection: Projection, store: ObjectStore) -> set[str]:
    """Every folder below the projection's root that holds an object, at any depth."""
    bucket, prefix = split_location(projection.root)
    try:
        keys = [each.key for each in store.list(bucket, prefix)]
    except NoSuchBucket:
        message = f"The specified bucket does not exist: {bucket}"
        raise QueryError("HIVE_METASTORE_ERROR", message) from None
    found: set[str] = set()
    for key in keys:
        folder = key.rpartition("/")[0]
        while folder and f"{folder}/" not in found:
            found.add(f"{folder}/")
            folder = folder.rpartition("/")[0]
    return found


def _values(key: KeyProjection, projection: Projection, scan: Scan, session: Session) -> list[str]:
    """The key's values that the conditions on it alone leave."""
    others = [each.key for each in projection.keys if each is not key]
    filters = [
        text
        for text in scan.filters
        if _names(text, scan.alias, key.key)
        and not any(_names(text, scan.alias, other) for other in others)
    ]
    if key.values is None:
        return _injected(key.key, filters, scan.alias, session)
    if key.pattern is not None and key.type.is_string:
        for text in filters:
            _check_order(key, text)
    rows = [(value,) for value in key.values]
    kept = matching(rows, ((key.key, key.type),), scan.alias, filters, session)
    return [key.values[i] for i in kept]


def _tree(filter_: str) -> exp.Expression:
    return sqlglot.parse_one(filter_, dialect="duckdb")


def _names(filter_: str, alias: str, column: str) -> bool:
    return f"{alias}.{quoted(column)}" in filter_


def _check_order(key: KeyProjection, filter_: str) -> None:
    """Athena compares dates where the engine compares text: only where both agree is it right.

    Source: Athena user guide, "Amazon Kinesis Data Firehose example".
    """
    for node in _tree(filter_).find_all(exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between):
        sides = [part.unnest() for part in node.iter_expressions()]
        if not any(_is_key(side, key.key) for side in sides):
            continue
        for text in [side.name for side in sides if side.is_string]:
            try:
                key.pattern.read(text)
            except ValueError:
                message = (
                    f"comparing the projected date column {key.key} with '{text}' is not supported "
                    f"locally: it is no date formatted as '{key.pattern.text}'"
                )
                raise QueryError("NOT_SUPPORTED", message) from None
        if not key.sorts:
            message = (
                f"comparing the projected date column {key.key} by order is not supported locally: "
                f"text in the format '{key.pattern.text}' does not sort as the dates do"
            )
            raise QueryError("NOT_SUPPORTED", message)


def _injected(key: str, filters: list[str], alias: str, session: Session) -> list[str]:
    """The values that equality conditions give an injected key."""
    given: list[str] | None = None
    for text in filters:
        found = _equal_to(_tree(text), key, session)
        given = found if given is None else [value for value in given if value in found]
    if given is None:
        _refuse_injected(key)
    return given


def _equal_to(node: exp.Expression, key: str, session: Session) -> list[str]:
    match node:
        case exp.Paren():
            return _equal_to(node.this, key, session)
        case exp.Or():
            return [*_equal_to(node.left, key, session), *_equal_to(node.right, key, session)]
        case exp.In() if _is_key(node.this, key) and node.expressions:
            constants = node.expressions
        case exp.EQ() if _is_key(node.left, key):
            constants = [node.right]
        case exp.EQ() if _is_key(node.right, key):
            constants = [node.left]
        case _:
            _refuse_injected(key)
    if any(each.find(exp.Column, exp.Query) for each in constants):
        _refuse_injected(key)
    selected = ", ".join(f"CAST({each.sql(dialect='duckdb')} AS VARCHAR)" for each in constants)
    ((*values,),) = session.rows(f"SELECT {selected}")
    return [value for value in dict.fromkeys(values) if value is not None]


def _is_key(node: exp.Expression, key: str) -> bool:
    return isinstance(node, exp.Column) and node.name == key


def _refuse_injected(key: str) -> NoReturn:
    message = (
        f"For the injected projected partition column {key}, the WHERE clause must contain only "
        "static equality conditions, and at least one such condition must be present."
    )
    raise QueryError("CONSTRAINT_VIOLATION", message)
