"""Relations to plan with, in the place of a table that may have thousands of files.

A sketch has the columns that a query uses of a table, under names that the plan shows for no
other scan, and no files to speak of. The engine pushes conditions into it as it would into the
table, whatever views and WITH queries lie between; what it pushed tells what is to be read.
"""

import threading
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from localaws.sql.quoting import quoted, text_literal
from localaws.sql.types import Type
from localaws.tables.text_lines import text_list

_FILE = "sketch.parquet"
_guard = threading.Lock()


def sketch(columns: Iterable[tuple[str, str, Type]], scratch: Path) -> str:
    """A relation of columns (name, name in the plan, type)."""
    columns = list(columns)
    # A schema cannot be empty: count(*) names a column and does not read it.
    described = ", ".join(
        f"{number}: {{name: {text_literal(planned)}, type: {text_literal(type_.duckdb())}, "
        "default_value: NULL}"
        for number, (_, planned, type_) in enumerate(columns, 1)
    )
    described = described or "1: {name: 'nothing', type: 'INTEGER', default_value: NULL}"
    names = ", ".join(f"f.{quoted(planned)} AS {quoted(name)}" for name, planned, _ in columns)
    # A lone file's footer could answer a query; of two the engine does not ask them.
    path = str(_file(scratch))
    return (
        f"(SELECT {names or '1 AS one'} FROM "
        f"read_parquet({text_list([path, path])}, schema = MAP {{{described}}}) AS f)"
    )


def _file(scratch: Path) -> Path:
    """With rows: what is known to be empty would not be planned."""
    path = scratch / _FILE
    with _guard:
        if not path.exists():
            new = path.with_suffix(".new")
            pq.write_table(pa.table({"row": list(range(1000))}), new)
            new.rename(path)
    return path
