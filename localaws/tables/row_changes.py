"""MERGE, UPDATE and DELETE on Iceberg: only the files that hold a changed row are rewritten.

Athena writes position deletes (merge on read); here the rows that stay are copied into new files
(copy on write). Readers see the same rows either way, and one snapshot a statement.

Bytes are counted as Athena reads them: the source once; of the target the files that the condition
leaves, and of those the columns that the conditions and the new values name. The columns that an
UPDATE does not set are such values. A row's place costs nothing, copying the rest of a file is no
reading of Athena's. Source: Trino's QueryPlanner, which plans all three as a scan of the target,
joined to the source, with the new row and the row's place as its output.
"""

from dataclasses import dataclass

from pyiceberg.table import FileScanTask

from localaws.engine import Session
from localaws.sql.errors import QueryError
from localaws.sql.merge import SOURCE, TARGET, RowChanges
from localaws.sql.quoting import quoted
from localaws.sql.scope import Analysis
from localaws.tables import iceberg
from localaws.tables.readings import Planned, Reading, resolve
from localaws.tables.resolver import Lakehouse

_TARGET_SCAN = "/*the target's files*/"


def change_rows(
    changes: RowChanges, analysis: Analysis, lakehouse: Lakehouse, session: Session
) -> tuple[int, int]:
    """Carry the changes out and commit. (rows changed or inserted, bytes scanned).

    Raises MERGE_TARGET_ROW_MULTIPLE_MATCHES, ICEBERG_COMMIT_ERROR.
    """
    readings = lakehouse.readings(analysis.scans, session)
    try:
        scanned = _source(changes, readings, session)
        scanned += _find_changes(changes, readings, lakehouse, session)
        return _commit(changes, readings, lakehouse, session), scanned
    finally:
        for name in ("merge_source", "merge_rows"):
            session.run(f"DROP TABLE IF EXISTS {name}")


def _source(changes: RowChanges, readings: dict[str, Reading | Planned], session: Session) -> int:
    """The source as a numbered temporary table, read once; the bytes scanned for it."""
    if changes.source is None:
        session.run("CREATE TEMP TABLE merge_source AS SELECT 0 AS number")
        return 0
    sql, scanned = resolve(changes.source.sql, readings, session)
    session.run(
        f"CREATE TEMP TABLE merge_source AS SELECT *, row_number() OVER () AS number FROM ({sql})"
    )
    return scanned


def _find_changes(
    changes: RowChanges,
    readings: dict[str, Reading | Planned],
    lakehouse: Lakehouse,
    session: Session,
) -> int:
    """merge_rows: for each (target row, source row) that match, the clause that applies.

    The target's files are those that the ON condition leaves. The bytes scanned.
    """
    table = changes.table
    used = [name for name, _ in table.columns]
    target = iceberg.read(table, used, lakehouse.lake, "t_", session, place=True)
    clause = _first_clause(changes, matched=True)
    new_values = "".join(f", {value} AS v{i}" for i, value in enumerate(_new_values(changes)))
    # Without a source the condition may hold subqueries, which a join's cannot.
    join, on = ("JOIN", "ON") if changes.source else ("CROSS JOIN", "WHERE")
    sql, scanned = resolve(
        f'SELECT {TARGET}."$file", {TARGET}."$row", {SOURCE}.number, '
        f"{clause} AS clause{new_values} FROM {_TARGET_SCAN} AS {TARGET} "
        f"{join} merge_source AS {SOURCE} {on} {changes.on}",
        {_TARGET_SCAN: target, **readings},
        session,
    )
    places = '"$file", "$row", number, clause'
    session.run(f"CREATE TEMP TABLE merge_rows AS SELECT {places} FROM ({sql})")
    doubled = session.rows(
        "SELECT 1 FROM merge_rows WHERE clause IS NOT NULL "
        'GROUP BY "$file", "$row" HAVING count(*) > 1 LIMIT 1'
    )
    if doubled:
        message = "One MERGE target table row matched more than one source row"
        raise QueryError("MERGE_TARGET_ROW_MULTIPLE_MATCHES", message)
    return scanned


def _new_values(changes: RowChanges) -> list[str]:
    return [value for clause in changes.clauses if clause.matched for value in clause.values or ()]


def _first_clause(changes: RowChanges, *, matched: bool) -> str:
    """The number of the first clause whose condition holds, NULL for none."""
    branches = [
        f"WHEN {clause.condition} THEN {number}"
        for number, clause in enumerate(changes.clauses)
        if clause.matched == matched
    ]
    return f"CASE {' '.join(branches)} END" if branches else "CAST(NULL AS INTEGER)"


@dataclass(frozen=True)
class _Touched:
    """Files that hold a changed row; `rewritten` are those that keep some of their rows."""

    tasks: list[FileScanTask]
    rewritten: list[FileScanTask]
    rows: int


def _touched(changes: RowChanges, lakehouse: Lakehouse, session: Session) -> _Touched:
    deleting = ", ".join(
        str(number)
        for number, clause in enumerate(changes.clauses)
        if clause.matched and clause.values is None
    )
    counts = {
        path: (changed, deleted)
        for path, changed, deleted in session.rows(
            'SELECT "$file", count(*), '
            f"count(*) FILTER ({f'clause IN ({deleting})' if deleting else 'false'}) "
            'FROM merge_rows WHERE clause IS NOT NULL GROUP BY "$file"'
        )
    }
    found = {}
    for task in changes.table.planned.values() if counts else []:
        path = str(lakehouse.lake.stored_file(task.file).path)
        if path in counts:
            found[path] = task
    rewritten = [task for path, task in found.items() if counts[path][1] < task.file.record_count]
    rows = sum(changed for changed, _ in counts.values())
    return _Touched(list(found.values()), rewritten, rows)


def _commit(
    changes: RowChanges,
    readings: dict[str, Reading | Planned],
    lakehouse: Lakehouse,
    session: Session,
) -> int:
    """The number of rows changed or inserted."""
    table = changes.table
    touched = _touched(changes, lakehouse, session)
    inserts, count = _inserts(changes, session)
    parts, readings = [], dict(readings)
    if touched.rewritten:
        names = [name for name, _ in table.columns]
        readings[_TARGET_SCAN] = iceberg.reading_of(
            table, names, touched.rewritten, lakehouse.lake, "t_", place=True
        )
        parts.append(_kept_and_updated(changes))
    if count:
        parts.append(inserts)
    written = []
    if parts:
        sql, _ = resolve(" UNION ALL ".join(parts), readings, session, billed=False)
        names = [name for name, _ in table.columns]
        written = iceberg.write_rows(table.table, sql, names, session)
    iceberg.replace_files(table.table, [task.file for task in touched.tasks], written)
    return touched.rows + count


def _kept_and_updated(changes: RowChanges) -> str:
    """The rows of the touched files as they are to be: kept, updated, without the deleted."""
    columns = []
    for i, (name, type_) in enumerate(changes.table.columns):
        branches = " ".join(
            f"WHEN {number} THEN {clause.values[i]}"
            for number, clause in enumerate(changes.clauses)
            if clause.matched and clause.values is not None
        )
        kept = f"{TARGET}.{quoted(name)}"
        value = f"CASE m.clause {branches} ELSE {kept} END" if branches else kept
        columns.append(f"CAST({value} AS {type_.duckdb()}) AS c{i}")
    deleting = [
        str(number)
        for number, clause in enumerate(changes.clauses)
        if clause.matched and clause.values is None
    ]
    gone = f" WHERE m.clause IS NULL OR m.clause NOT IN ({', '.join(deleting)})" if deleting else ""
    return (
        f"SELECT {', '.join(columns)} FROM {_TARGET_SCAN} AS {TARGET} "
        "LEFT JOIN (SELECT * FROM merge_rows WHERE clause IS NOT NULL) AS m "
        f'ON m."$file" = {TARGET}."$file" AND m."$row" = {TARGET}."$row" '
        f"LEFT JOIN merge_source AS {SOURCE} ON {SOURCE}.number = m.number{gone}"
    )


def _inserts(changes: RowChanges, session: Session) -> tuple[str, int]:
    """The rows for source rows that matched no target row, and how many they are."""
    clause = _first_clause(changes, matched=False)
    unmatched = (
        f"FROM (SELECT {SOURCE}.*, {clause} AS clause FROM merge_source AS {SOURCE} "
        "WHERE number NOT IN (SELECT number FROM merge_rows)) "
        f"AS {SOURCE} WHERE {SOURCE}.clause IS NOT NULL"
    )
    inserting = [
        (number, each.values)
        for number, each in enumerate(changes.clauses)
        if not each.matched and each.values is not None
    ]
    if not inserting:
        return "", 0
    ((count,),) = session.rows(f"SELECT count(*) {unmatched}")
    columns = []
    for i, (_, type_) in enumerate(changes.table.columns):
        branches = " ".join(f"WHEN {number} THEN {values[i]}" for number, values in inserting)
        columns.append(f"CAST(CASE {SOURCE}.clause {branches} END AS {type_.duckdb()}) AS c{i}")
    return f"SELECT {', '.join(columns)} {unmatched}", count
