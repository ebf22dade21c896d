"""SQL that makes a nested value anew, part by part. NULL stays NULL at every level."""

from collections.abc import Callable

from localaws.sql.quoting import quoted, text_literal

# SQL of a part -> SQL of what it becomes.
Convert = Callable[[str], str]


def converted_list(value: str, element: Convert, depth: int) -> str:
    """`depth` tells the lambdas of lists in lists apart."""
    item = f"x{depth}"
    return f"list_transform({value}, lambda {item}: {element(item)})"


def converted_map(value: str, key: Convert, item: Convert, depth: int) -> str:
    entry = f"x{depth}"
    pair = f"struct_pack(k := {key(f'{entry}.key')}, v := {item(f'{entry}.value')})"
    entries = f"list_transform(map_entries({value}), lambda {entry}: {pair})"
    return f"map_from_entries({entries})"


def field(value: str, name: str) -> str:
    return f"struct_extract({value}, {text_literal(name)})"


def packed(value: str, fields: list[tuple[str, str]]) -> str:
    """A row of fields (name, SQL), where `value` is one."""
    parts = ", ".join(f"{quoted(name)} := {sql}" for name, sql in fields)
    return f"CASE WHEN {value} IS NOT NULL THEN struct_pack({parts}) END"
