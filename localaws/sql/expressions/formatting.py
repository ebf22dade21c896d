"""format(text, ...): values of any type go to Python as text with their kind."""

from sqlglot import exp

from localaws.sql.casts import CannotCast, cast
from localaws.sql.expressions.core import compile_expression, syntax
from localaws.sql.quoting import text_literal
from localaws.sql.scope import Scope, Typed
from localaws.sql.types import VARCHAR

_KINDS = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), "integer"),
    "double": "double",
    "decimal": "decimal",
    "boolean": "boolean",
    **dict.fromkeys(("varchar", "char", "date", "json", "unknown"), "text"),
}


@syntax("format")
def _format(node: exp.Anonymous, scope: Scope) -> Typed:
    arguments = [compile_expression(each, scope) for each in node.expressions]
    if len(arguments) < 2 or not arguments[0].type.is_string:
        message = "Unexpected parameters for function format. Expected: format(varchar, T, ...)"
        scope.error("FUNCTION_NOT_FOUND", message, node)
    pattern, *values = arguments
    for each in values:
        if each.type.base not in _KINDS:
            message = f"format() of a value of type {each.type} is not supported locally"
            scope.error("NOT_SUPPORTED", message, node)
    kinds = ", ".join(text_literal(_KINDS[each.type.base]) for each in values)
    texts = ", ".join(f"CAST({_text(each)} AS VARCHAR)" for each in values)
    return Typed(f"py_format({pattern.sql}, [{kinds}], [{texts}])", VARCHAR)


def _text(value: Typed) -> str:
    if value.type.base == "double":
        return f"py_java_double({value.sql})"
    if value.type.base in ("json", "unknown"):
        return value.sql
    try:
        return cast(value, VARCHAR).sql
    except CannotCast:
        return value.sql
