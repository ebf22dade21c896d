"""CAST, TRY_CAST, TRY and what else is about types."""

import re

from sqlglot import exp

from localaws.sql import functions
from localaws.sql.casts import CannotCast, cast
from localaws.sql.dialect import EXPLICIT, SPELLING
from localaws.sql.expressions.core import compile_expression, compiles, syntax
from localaws.sql.expressions.literals import binary_literal, constant, typed_literal
from localaws.sql.quoting import text_literal
from localaws.sql.scope import DataZone, Scope, Typed
from localaws.sql.type_parser import UnsupportedType, parse_trino_type
from localaws.sql.types import Type, zoned

# They refuse at run time what the engine cannot do; TRY would make NULL of it.
_REFUSING = re.compile(
    r"\btr_(in_utc|on_weekday|zoned_text_zone)\(|\bpy_(from_utf8|json_array_get)\("
)


def target_type(spelling: str, scope: Scope, node: exp.Expression) -> Type:
    try:
        return parse_trino_type(spelling)
    except UnsupportedType as error:
        scope.error("NOT_SUPPORTED", str(error), node)
    except ValueError as error:
        scope.error("TYPE_NOT_FOUND", str(error), node)


@compiles(exp.Cast, parts={"this", "to"})
@compiles(exp.TryCast, parts={"this", "to", "safe", "requires_string"})
def _cast(node: exp.Cast, scope: Scope) -> Typed:
    if SPELLING not in node.meta:
        message = "what follows the text of a typed literal is not supported locally"
        scope.error("NOT_SUPPORTED", message, node)
    written = EXPLICIT in node.meta
    if not written and node.meta[SPELLING].lower() == "x":
        return binary_literal(node.this.this, scope, node)
    target = target_type(node.meta[SPELLING], scope, node)
    if not written and (literal := typed_literal(node, target, scope)):
        return literal
    if value := constant(node.this, target):
        return value
    value = compile_expression(node.this, scope)
    try:
        result = cast(value, zoned(target, value.type))
    except CannotCast as error:
        scope.error("TYPE_MISMATCH", str(error), node)
    return tried(result, node.this, scope) if isinstance(node, exp.TryCast) else result


def tried(value: Typed, node: exp.Expression, scope: Scope) -> Typed:
    """`value`, or NULL where it fails."""
    for part in node.walk():
        name = part.name.lower() if isinstance(part, exp.Anonymous) else ""
        if (
            isinstance(part, exp.Query | exp.Window)
            or name in functions.AGGREGATES
            or name in ("random", "rand", "uuid")
        ):
            message = (
                "TRY and TRY_CAST of an aggregate, a window function, a subquery or random() are "
                "not supported locally: compute it in a subquery in FROM first"
            )
            scope.error("NOT_SUPPORTED", message, node)
    parts = [value.data_zone.instant, value.data_zone.zone] if value.data_zone else [value.sql]
    if any(_REFUSING.search(part) for part in parts):
        message = (
            "TRY of what the engine may refuse for its data (a time zone or weekday that only the "
            "data tells, from_utf8, json_array_get) is not supported locally"
        )
        scope.error("NOT_SUPPORTED", message, node)
    if value.data_zone:
        return DataZone(*(f"TRY({part})" for part in parts)).typed(value.type)
    return Typed(f"TRY({value.sql})", value.type)


@syntax("try")
def _try(node: exp.Anonymous, scope: Scope) -> Typed:
    if len(node.expressions) != 1:
        message = "The 'try' function must have exactly one argument"
        scope.error("INVALID_FUNCTION_ARGUMENT", message, node)
    value = compile_expression(node.expressions[0], scope)
    return tried(value, node.expressions[0], scope)


@syntax("typeof")
def _typeof(node: exp.Anonymous, scope: Scope) -> Typed:
    if len(node.expressions) != 1:
        scope.error("FUNCTION_NOT_FOUND", "Unexpected parameters for function typeof", node)
    type_ = compile_expression(node.expressions[0], scope).type
    return Typed(text_literal(str(type_)), Type("varchar"))
