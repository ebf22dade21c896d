"""The objects that Athena leaves in the output location, and the rows that the API pages through.

Names and contents as measured on Athena by aoyagikouhei/athena-local
(docs/dev/measurements/result-files.md): queries leave `<id>.csv`, other statements `<id>.txt`,
writes only a `.metadata` object beside the name that their result would have.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localaws.athena.outcome import Outcome
from localaws.athena.result_metadata import column_infos, metadata
from localaws.objects import NoSuchBucket, ObjectStore
from localaws.sql.errors import QueryError

_CSV = ("SELECT", "WITH", "VALUES", "TABLE", "UPDATE", "DELETE", "MERGE")
_BARE = ("INSERT", "UNLOAD")
_CREATED = "CREATE_TABLE_AS_SELECT"
# The name of what a write did, where it is not the statement's own.
_UPDATES = {_CREATED: "CREATE TABLE"}


@dataclass(frozen=True)
class Published:
    """What a statement left. `size`: bytes of its result; `rows` without the header."""

    location: str
    infos: list[dict[str, Any]]
    header: bool
    rows: int
    size: int
    manifest: str | None


def location(output: str, id_: str, statement: str) -> str:
    """Where the result of a statement lies. `statement`: its verb or its SubstatementType."""
    folder = output if output.endswith("/") else f"{output}/"
    if statement in _CSV:
        return f"{folder}{id_}.csv"
    if statement in _BARE:
        return f"{folder}{id_}"
    return f"{folder}tables/{id_}" if statement == _CREATED else f"{folder}{id_}.txt"


def publish(
    outcome: Outcome, output: str, id_: str, rows_file: Path, scratch: Path, store: ObjectStore
) -> Published:
    """Read the outcome's rows into `rows_file`, as JSON lines, and leave its objects; none where
    `output` is empty, as Athena then keeps the rows itself.

    Raises QueryError, also where a row cannot be computed.
    """
    infos = column_infos(outcome)
    header = bool(outcome.columns) and outcome.statement_type == "DML"
    draft = scratch / id_
    rows = _spool(outcome, header, rows_file, draft)
    size = draft.stat().st_size
    if not output:
        draft.unlink()
        return Published("", infos, header, rows, size, None)
    place = location(output, id_, outcome.substatement_type)
    bucket, key = _key(place)
    update = None
    if outcome.update_count is not None and not outcome.columns:
        did = _UPDATES.get(outcome.substatement_type, outcome.substatement_type)
        update = (did, outcome.update_count)
        draft.unlink()
    manifest = f"{place}-manifest.csv" if outcome.written is not None else None
    try:
        if update is None:
            store.put_file(bucket, key, draft)
        if infos:
            store.put_bytes(bucket, f"{key}.metadata", metadata(id_, infos, update))
        if manifest is not None:
            listed = "".join(f"{each}\n" for each in outcome.written)
            store.put_bytes(*_key(manifest), listed.encode())
    except NoSuchBucket as error:
        draft.unlink(missing_ok=True)
        raise QueryError("GENERIC_USER_ERROR", error.message) from None
    return Published(place, infos, header, rows, size, manifest)


def _key(place: str) -> tuple[str, str]:
    bucket, _, key = place.removeprefix("s3://").partition("/")
    return bucket, key


def _spool(outcome: Outcome, header: bool, rows_file: Path, result_file: Path) -> int:
    """The rows into both files; their number."""
    partial = rows_file.with_suffix(".partial")
    line, end = (_csv, "") if outcome.is_query else (_text, "\n")
    count = 0
    try:
        with partial.open("w") as rows, result_file.open("w", newline="") as result:
            before = ""
            if header:
                result.write(line(tuple(name for name, _ in outcome.columns)))
                before = end
            for row in outcome.rows:
                rows.write(json.dumps(row) + "\n")
                result.write(before + line(row))
                before = end
                count += 1
        partial.rename(rows_file)
    finally:
        partial.unlink(missing_ok=True)  # of a query that failed meanwhile
    return count


def _csv(row: tuple[str | None, ...]) -> str:
    """Every value in double quotes, NULL as nothing between the commas."""
    fields = ("" if value is None else '"' + value.replace('"', '""') + '"' for value in row)
    return ",".join(fields) + "\n"


def _text(row: tuple[str | None, ...]) -> str:
    """Values apart by tabs; a line feed stands between rows, none after the last."""
    return "\t".join(value or "" for value in row)


def page(rows_file: Path, offset: int, limit: int) -> tuple[list[list[str | None]], int]:
    """Up to `limit` rows from byte `offset` of `publish`'s rows, and the offset behind them.

    Raises ValueError for an offset where no row begins.
    """
    found: list[list[str | None]] = []
    with rows_file.open("rb") as lines:
        if offset:
            lines.seek(offset - 1)
            if lines.read(1) != b"\n":
                raise ValueError(offset)
        while len(found) < limit and (line := lines.readline()):
            found.append(json.loads(line))
        return found, lines.tell()
