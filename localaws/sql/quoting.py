"""Names and texts as DuckDB and Trino quote them."""


def quoted(identifier: str) -> str:
    """`identifier` as a quoted DuckDB or Trino name."""
    return '"' + identifier.replace('"', '""') + '"'


def text_literal(value: str) -> str:
    """`value` as a DuckDB or Trino string constant."""
    return "'" + value.replace("'", "''") + "'"
