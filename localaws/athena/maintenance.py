"""OPTIMIZE and VACUUM of Iceberg tables.

Source: Athena user guide, "OPTIMIZE" and "VACUUM".
"""

import re
from datetime import UTC, datetime

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table import FileScanTask, Table
from sqlglot import exp

from localaws.athena.outcome import Outcome
from localaws.engine import Session
from localaws.sql.dialect import parse_query
from localaws.sql.errors import QueryError, blanked, offset_position
from localaws.sql.expressions import compile_as
from localaws.sql.merge import TARGET, target_relation
from localaws.sql.queries import compile_query
from localaws.sql.quoting import quoted
from localaws.sql.scope import Analysis, Scope
from localaws.sql.types import BOOLEAN
from localaws.tables import iceberg
from localaws.tables.iceberg import IcebergTable
from localaws.tables.iceberg.compaction import bins, limits, write_like
from localaws.tables.iceberg.expiry import expired, files_of, retention, without
from localaws.tables.iceberg.writing import compact_files
from localaws.tables.locations import split_location
from localaws.tables.readings import resolve
from localaws.tables.resolver import Lakehouse

_NAME = r'(?P<name>(?:"(?:[^"]|"")+"|`[^`]+`|[\w$]+)(?:\s*\.\s*(?:"(?:[^"]|"")+"|`[^`]+`|[\w$]+))*)'
_OPTIMIZE = re.compile(
    rf"\s*optimize\s+{_NAME}\s+rewrite\s+data\s+using\s+bin_pack(?P<where>\s+where\b.*)?\s*",
    re.IGNORECASE | re.DOTALL,
)
# Of VACUUM the guide says: no backticks around the database, no double quotes in their place.
_VACUUM = re.compile(
    r"\s*vacuum\s+(?P<name>(?:[\w$]+\s*\.\s*)*(?:`[^`]+`|[\w$]+))\s*", re.IGNORECASE
)
_SCAN = "/*the target's files*/"


def optimize(sql: str, database: str, lakehouse: Lakehouse, session: Session) -> Outcome:
    """Small files together, files with deletes without them, large files apart."""
    match = _OPTIMIZE.fullmatch(sql)
    if match is None:
        raise QueryError("SYNTAX_ERROR", "mismatched input: expecting OPTIMIZE table REWRITE DATA "
                         "USING BIN_PACK [WHERE predicate]", offset_position(sql, 0))  # fmt: skip
    analysis = Analysis(sql, lakehouse, database, compile_query)
    name = _table_node(match)
    with lakehouse.writing((name.db or database).lower(), name.name.lower()):
        table, relation = target_relation(name, analysis, "OPTIMIZE")
        tasks, scanned = table.tasks(), 0
        if match["where"]:
            condition = _condition(match, Scope(analysis, [relation]), table)
            tasks, scanned = _selected(table, tasks, condition, lakehouse, session)
        removed, added = [], []
        for each in bins(tasks, limits(table.table.properties)):
            files, size = _rewritten(table, each, lakehouse, session)
            removed += [task.file for task in each]
            added += files
            scanned += size
        if removed:
            compact_files(table.table, removed, added)
    return Outcome("DML", "OPTIMIZE", scanned=scanned)


def _table_node(match: re.Match[str]) -> exp.Table:
    head = "SELECT 1 FROM "
    query = parse_query(head + match["name"].replace("`", '"'))
    node = query.args["from_"].this
    for part in node.walk():
        if "start" in part.meta:
            part.meta["start"] += match.start("name") - len(head)
    return node


def _condition(match: re.Match[str], scope: Scope, table: IcebergTable) -> str:
    """The WHERE clause; it may name columns that the table is partitioned by, and no others."""
    start = match.start("where")
    # Padded, so that errors name the place in the statement.
    head = blanked(match.string, start)[: start - len("SELECT 1")]
    query = parse_query(f"{head}SELECT 1{match.string[start:]}")
    where = query.args["where"].this
    sources = {field.source_id for field in table.table.spec().fields}
    names = {each.name.lower() for each in where.find_all(exp.Column)}
    if any(table.field_ids.get(name, -1) not in sources for name in names & set(table.field_ids)):
        message = (
            "Unexpected FilterNode found in plan; probably connector was not able to handle "
            "provided WHERE expression"
        )
        scope.error("NOT_SUPPORTED", message, where)
    if where.find(exp.Query):
        scope.error("NOT_SUPPORTED", "subqueries in OPTIMIZE are not supported", where)
    return compile_as(where, scope, BOOLEAN, "WHERE clause").sql


def _selected(
    table: IcebergTable,
    tasks: list[FileScanTask],
    condition: str,
    lakehouse: Lakehouse,
    session: Session,
) -> tuple[list[FileScanTask], int]:
    """The files that hold a row for the condition; the bytes scanned."""
    used = [name for name, _ in table.columns]
    reading = iceberg.read(table, used, lakehouse.lake, "t_", session, place=True)
    sql, scanned = resolve(
        f'SELECT DISTINCT {TARGET}."$file" FROM {_SCAN} AS {TARGET} WHERE {condition}',
        {_SCAN: reading},
        session,
    )
    paths = {path for (path,) in session.rows(sql)}
    kept = [task for task in tasks if str(lakehouse.lake.stored_file(task.file).path) in paths]
    return kept, scanned


def _rewritten(
    table: IcebergTable, tasks: list[FileScanTask], lakehouse: Lakehouse, session: Session
) -> tuple[list, int]:
    """The rows of `tasks` in new files; the bytes scanned."""
    columns = list(table.columns)
    names = [name for name, _ in columns]
    reading = iceberg.reading_of(table, names, tasks, lakehouse.lake, "w_")
    selected = ", ".join(f"{TARGET}.{quoted(name)}" for name in names)
    order = _order(table.table, names)
    sql, scanned = resolve(
        f"SELECT {selected} FROM {_SCAN} AS {TARGET}{order}", {_SCAN: reading}, session
    )
    batches = session.batches(sql, iceberg.BATCH_ROWS)
    if tasks[0].file.spec_id == table.table.spec().spec_id:
        target = limits(table.table.properties).target
        return write_like(table.table, batches, tasks[0].file, target), scanned
    return iceberg.data_files(table.table, batches), scanned


def _order(table: Table, names: list[str]) -> str:
    """ORDER BY what the table is sorted by. Raises NOT_SUPPORTED for transforms there."""
    keys = []
    for field in table.sort_order().fields:
        if str(field.transform) != "identity":
            message = f"the sort order {field} is not supported locally"
            raise QueryError("NOT_SUPPORTED", message)
        name = table.schema().find_column_name(field.source_id)
        nulls = "NULLS FIRST" if "FIRST" in field.null_order.name else "NULLS LAST"
        keys.append(f"{TARGET}.{quoted(name.lower())} {field.direction.name} {nulls}")
    return f" ORDER BY {', '.join(keys)}" if keys else ""


def vacuum(sql: str, database: str, lakehouse: Lakehouse, _: Session) -> Outcome:
    """Expire old snapshots; remove their files, old metadata and old files of nobody."""
    match = _VACUUM.fullmatch(sql)
    if match is None:
        message = "mismatched input: expecting VACUUM [database.]table, quoted no way but `table`"
        raise QueryError("SYNTAX_ERROR", message, offset_position(sql, 0))
    analysis = Analysis(sql, lakehouse, database, compile_query)
    name = _table_node(match)
    with lakehouse.writing((name.db or database).lower(), name.name.lower()):
        table, _relation = target_relation(name, analysis, "VACUUM")
        _vacuum(table.table, lakehouse)
    return Outcome("DML", "VACUUM")


def _vacuum(table: Table, lakehouse: Lakehouse) -> None:
    bucket, prefix = split_location(table.metadata.location)
    if not prefix:
        message = f"Path missing in file system location: s3://{bucket}"
        raise QueryError("GENERIC_INTERNAL_ERROR", message)
    now, keep = datetime.now(UTC), retention(table.properties)
    gone = expired(table.metadata, keep, int(now.timestamp() * 1000))
    metadata, current = without(table, gone, keep), table.metadata_location
    before = {current, *(entry.metadata_file for entry in table.metadata.metadata_log)}
    before |= files_of([each for each in table.snapshots() if each.snapshot_id in gone], table)
    if metadata is not None:
        try:
            current = lakehouse.lake.commit_metadata(table, metadata)
        except CommitFailedException as error:
            raise QueryError("ICEBERG_COMMIT_ERROR", f"Failed to commit: {error}") from error
    metadata = metadata or table.metadata
    after = {current, *(entry.metadata_file for entry in metadata.metadata_log)}
    after |= files_of(metadata.snapshots, table)
    removed = before - after
    for stored in lakehouse.store.list(bucket, prefix):
        # Younger ones may belong to a statement that has not committed yet.
        if stored.last_modified < now - keep.age:
            removed.add(f"s3://{bucket}/{stored.key}")
    for location in sorted(removed - after):
        table.io.delete(location)
