"""The engine's aggregate call in the template of an aggregate function's rule."""

from localaws.sql.functions.registry import Rule
from localaws.sql.scope import Typed
from localaws.sql.types import Type


def call(function: str, *values: str) -> str:
    """`function` over SQL expressions, with the places for DISTINCT, ORDER BY, FILTER and OVER."""
    escaped = ", ".join(value.replace("{", "{{").replace("}", "}}") for value in values)
    return f"{function}({{distinct}}{escaped}{{tail}}){{over}}"


def plain(function: str, result: Type | None = None) -> Rule:
    """The engine's aggregate is Trino's; typed as its first argument unless told otherwise."""

    def build(arguments: list[Typed]) -> Typed:
        sql = call(function, *(each.sql for each in arguments))
        return Typed(sql, result or arguments[0].type)

    return build


def collected(finish: str, function: str, result: Type, prepare: str = "{0}") -> Rule:
    """`finish` of what `function` collects of each argument prepared: templates of one value."""

    def build(arguments: list[Typed]) -> Typed:
        values = (prepare.format(each.sql) for each in arguments)
        return Typed(finish.format(call(function, *values)), result)

    return build
