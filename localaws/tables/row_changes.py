"""MERGE, UPDATE and DELETE on Iceberg: only the files that hold a changed row are rewritten.

Athena writes position deletes (merge on read); here the rows that stay are copied into new files
(copy on write). Readers see the same rows either way, and one snapshot a statement.
"""

from localaws.engine import Session
from localaws.sql.errors import QueryError
from localaws.sql.merge import SOURCE, TARGET, RowChanges
from localaws.sql.scope import Analysis
from localaws.sql.types import quoted
from localaws.tables import iceberg
from localaws.tables.resolver import Lakehouse, parquet_bytes


def change_rows(
    changes: RowChanges, analysis: Analysis, lakehouse: Lakehouse, session: Session
) -> tuple[int, int]:
    """Carry the changes out and commit. (rows changed or inserted, bytes scanned).

    Raises MERGE_TARGET_ROW_MULTIPLE_MATCHES, ICEBERG_COMMIT_ERROR.
    """
    table = changes.table
    files = {
        str(stored.path): (data_file, stored)
        for data_file in table.data_files()
        for stored in (lakehouse.lake.stored_file(data_file),)
    }
    scanned = _source(changes, analysis, lakehouse, session)
    target = parquet_bytes(
        [stored.path for _, stored in files.values()],
        [name for name, _ in table.columns],
        session,
    )
    session.charge(target)
    scanned += target
    everything = iceberg.files_sql(table, list(table.columns), list(files.values()))
    _find_changes(changes, everything, session)
    try:
        return _commit(changes, files, session), scanned
    finally:
        for name in ("merge_source", "merge_rows"):
            session.run(f"DROP TABLE IF EXISTS {name}")


def _source(changes: RowChanges, analysis: Analysis, lakehouse: Lakehouse, session: Session) -> int:
    """The source as a numbered temporary table, read once; the bytes scanned for it."""
    if changes.source is None:
        session.run("CREATE TEMP TABLE merge_source AS SELECT 0 AS number")
        # Subqueries of UPDATE and DELETE conditions scan tables of their own.
        if analysis.scans:
            message = "subqueries in UPDATE and DELETE are not supported locally"
            raise QueryError("NOT_SUPPORTED", message)
        return 0
    plan = lakehouse.finish(changes.source, analysis, session)
    session.run(
        "CREATE TEMP TABLE merge_source AS "
        f"SELECT *, row_number() OVER () AS number FROM ({plan.sql})"
    )
    return plan.scanned


def _find_changes(changes: RowChanges, everything: str, session: Session) -> None:
    """merge_rows: for each (target row, source row) that match, the clause that applies."""
    clause = _first_clause(changes, matched=True)
    session.run(
        "CREATE TEMP TABLE merge_rows AS "
        f'SELECT {TARGET}."$file", {TARGET}."$row", {SOURCE}.number, {clause} AS clause '
        f"FROM {everything} AS {TARGET} JOIN merge_source AS {SOURCE} ON {changes.on}"
    )
    doubled = session.rows(
        "SELECT 1 FROM merge_rows WHERE clause IS NOT NULL "
        'GROUP BY "$file", "$row" HAVING count(*) > 1 LIMIT 1'
    )
    if doubled:
        message = "One MERGE target table row matched more than one source row"
        raise QueryError("MERGE_TARGET_ROW_MULTIPLE_MATCHES", message)


def _first_clause(changes: RowChanges, *, matched: bool) -> str:
    """The number of the first clause whose condition holds, NULL for none."""
    branches = [
        f"WHEN {clause.condition} THEN {number}"
        for number, clause in enumerate(changes.clauses)
        if clause.matched == matched
    ]
    return f"CASE {' '.join(branches)} END" if branches else "CAST(NULL AS INTEGER)"


def _commit(changes: RowChanges, files: dict, session: Session) -> int:
    table = changes.table
    touched = [
        path
        for (path,) in session.rows(
            'SELECT DISTINCT "$file" FROM merge_rows WHERE clause IS NOT NULL'
        )
    ]
    ((changed,),) = session.rows("SELECT count(*) FROM merge_rows WHERE clause IS NOT NULL")
    parts = []
    if touched:
        parts.append(_kept_and_updated(changes, [files[path] for path in touched]))
    inserts, count = _inserts(changes, session)
    if count:
        parts.append(inserts)
    if not parts:
        return 0
    names = [name for name, _ in table.columns]
    sql = iceberg.named_columns(" UNION ALL ".join(parts), names)
    written = list(iceberg.data_files(table.table, session.batches(sql, iceberg.BATCH_ROWS)))
    iceberg.replace_files(table.table, [files[path][0] for path in touched], written)
    return changed + count


def _kept_and_updated(changes: RowChanges, files: list) -> str:
    """The rows of the touched files as they are to be: kept, updated, without the deleted."""
    table = changes.table
    columns = []
    for i, (name, type_) in enumerate(table.columns):
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
        f"SELECT {', '.join(columns)} "
        f"FROM {iceberg.files_sql(table, list(table.columns), files)} AS {TARGET} "
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
