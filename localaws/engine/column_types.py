"""The types of an engine's columns, where their parts matter: as a tree."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ColumnType:
    """`name`: the whole type as the engine writes it. `parts`: the fields of a STRUCT by name, the
    `child` of a LIST, the `key` and the `value` of a MAP; `kind` is one of these, else ''."""

    name: str
    kind: str = ""
    parts: tuple[tuple[str, "ColumnType"], ...] = ()
