"""What a crawler finds in the files of one table."""

from dataclasses import dataclass


class InferenceError(Exception):
    """Files that make no table; str() is what is wrong with them."""


@dataclass(frozen=True)
class Documents:
    """Columns as (name, Hive type); `documents` counts documents or rows; `classification` and
    `compression` as in the parameters of a crawled table (json, parquet; gzip, none)."""

    columns: list[tuple[str, str]]
    documents: int
    classification: str
    compression: str
