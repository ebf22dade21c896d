"""Reading CSV files as the OpenCSV SerDe does: every column is text, an empty field is '', a field
that a line does not have is NULL."""

import gzip
from functools import lru_cache
from pathlib import Path

from localaws.sql.errors import QueryError
from localaws.sql.types import Type, quoted, text_literal
from localaws.tables.hive import HiveTable
from localaws.tables.json_format import FILE, text_list

SERDE = "org.apache.hadoop.hive.serde2.OpenCSVSerde"


def scan_sql(
    columns: list[tuple[str, Type]], paths: list[Path], compression: str, table: HiveTable
) -> str:
    """A relation of `columns` and "$file".

    Raises NOT_SUPPORTED for a backslash in the data, since OpenCSV's escapes are not DuckDB's, and
    for a blank line, which DuckDB passes over.
    """
    parameters = table.serde_parameters
    if set(parameters) - {"serialization.format", "separatorChar", "quoteChar"}:
        raise QueryError("NOT_SUPPORTED", f"SerDe properties {sorted(parameters)} of {table.name}")
    if any(type_.base != "varchar" for _, type_ in table.data_columns):
        message = f"{table.name}: only string columns are supported in CSV tables locally"
        raise QueryError("NOT_SUPPORTED", message)
    if any(_has_backslash_or_blank_line(path, compression) for path in paths):
        message = (
            f"{table.name}: backslashes and blank lines in CSV files are not supported locally"
        )
        raise QueryError("NOT_SUPPORTED", message)
    header = int(table.parameters.get("skip.header.line.count", "0"))
    names = [name for name, _ in table.data_columns]
    described = ", ".join(f"{text_literal(name)}: 'VARCHAR'" for name in names)
    source = (
        f"read_csv({text_list([str(path) for path in paths])}, columns = {{{described}}}, "
        f"delim = {text_literal(parameters.get('separatorChar', ','))}, "
        f"quote = {text_literal(parameters.get('quoteChar', chr(34)))}, escape = '\"', "
        f"skip = {header}, header = false, auto_detect = false, nullstr = '\x02', "
        f"null_padding = true, compression = '{compression}', filename = '{FILE}')"
    )
    values = [quoted(name) for name, _ in columns]
    return f"(SELECT {', '.join([*values, quoted(FILE)])} FROM {source})"


@lru_cache(maxsize=10_000)
def _has_backslash_or_blank_line(path: Path, compression: str) -> bool:
    """Looked up once per (immutable) file."""
    with gzip.open(path) if compression == "gzip" else path.open("rb") as file:
        return any(b"\\" in line or not line.strip(b"\r\n") for line in file)
