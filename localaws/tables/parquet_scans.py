"""The engine's reading of Parquet files."""

from collections.abc import Iterable
from pathlib import Path

from localaws.tables.text_lines import text_list


def parquet_sql(files: Iterable[Path | str], *options: str) -> str:
    """A relation over the files, with `options` of the engine's `read_parquet`.

    Their statistics leave NaN out, as the format's rules for them say (parquet.thrift); without
    being told, the engine would take it from them that there is none and skip its rows.
    """
    arguments = [text_list([str(file) for file in files]), *options, "can_have_nan = true"]
    return f"read_parquet({', '.join(arguments)})"
