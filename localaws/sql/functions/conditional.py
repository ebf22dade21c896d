"""GREATEST and LEAST. Source of the rules: Trino documentation, "Comparison functions"."""

from localaws.sql.functions.registry import Rule, signature, table
from localaws.sql.scope import Typed


def _null_wins(function: str) -> Rule:
    """DuckDB skips NULLs here, Trino's result is NULL as soon as one argument is."""

    def build(arguments: list[Typed]) -> Typed:
        any_null = " OR ".join(f"{each.sql} IS NULL" for each in arguments)
        values = ", ".join(each.sql for each in arguments)
        return Typed(f"CASE WHEN NOT ({any_null}) THEN {function}({values}) END", arguments[0].type)

    return build


FUNCTIONS = table(
    signature("greatest(T, T...) -> T", _null_wins("greatest")),
    signature("least(T, T...) -> T", _null_wins("least")),
)
