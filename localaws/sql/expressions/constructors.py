"""Arrays, maps and rows: made, and read by subscript."""

from sqlglot import exp

from localaws.sql.casts import CannotCast, cast, coerce
from localaws.sql.coercions import common_type
from localaws.sql.expressions.core import compile_as, compile_expression, compiles, syntax, unify
from localaws.sql.functions.checks import distinguishable
from localaws.sql.functions.registry import BadArgument
from localaws.sql.quoting import quoted, text_literal
from localaws.sql.scope import Scope, Typed
from localaws.sql.types import BIGINT, UNKNOWN, VARCHAR, Type, array, row


@compiles(exp.Array, parts={"expressions", "bracket_notation"})
def _array(node: exp.Array, scope: Scope) -> Typed:
    values = [compile_expression(each, scope) for each in node.expressions]
    if not values:
        return Typed("[]", array(UNKNOWN))
    values = unify(values, scope, node, "All ARRAY elements must be the same type")
    return Typed(f"[{', '.join(each.sql for each in values)}]", array(values[0].type))


@compiles(exp.Bracket, parts={"this", "expressions", "offset", "safe"})
def _subscript(node: exp.Bracket, scope: Scope) -> Typed:
    value = compile_expression(node.this, scope)
    index = node.expressions[0]
    match value.type.base:
        case "array":
            place = compile_as(index, scope, BIGINT, "Array subscript")
            return Typed(f"tr_subscript({value.sql}, {place.sql})", value.type.element)
        case "map":
            return _map_value(value, compile_expression(index, scope), scope, node)
        case "row":
            return _row_field(value, index, scope)
    scope.error("TYPE_MISMATCH", f"Cannot use subscript operator on {value.type}", node)


def _map_value(entries: Typed, key: Typed, scope: Scope, node: exp.Bracket) -> Typed:
    key_type, value_type = entries.type.args
    common = common_type(key_type, key.type)
    if common is None:
        message = f"Cannot use {key.type} for subscript of {entries.type}"
        scope.error("TYPE_MISMATCH", message, node)
    try:
        distinguishable(common)
        entries, key = coerce(entries, Type("map", (common, value_type))), coerce(key, common)
    except (BadArgument, CannotCast) as error:
        scope.error("NOT_SUPPORTED", str(error), node)
    try:
        described = f"': ' || {cast(key, VARCHAR).sql}"
    except CannotCast:
        described = "''"
    return Typed(f"tr_map_subscript({entries.sql}, {key.sql}, {described})", value_type)


def _row_field(value: Typed, index: exp.Expression, scope: Scope) -> Typed:
    """row[n]: n counts from 1 and is written out."""
    if not (isinstance(index, exp.Literal) and index.is_int):
        message = "Subscript expression on ROW requires a constant index"
        scope.error("EXPRESSION_NOT_CONSTANT", message, index)
    place = int(index.this)
    if place < 1:
        message = f"Invalid subscript index: {place}. ROW indices start at 1"
        scope.error("INVALID_FUNCTION_ARGUMENT", message, index)
    if place > len(value.type.args):
        message = f"Subscript index out of bounds: {place}: max value is {len(value.type.args)}"
        scope.error("INVALID_FUNCTION_ARGUMENT", message, index)
    name, type_ = value.type.args[place - 1]
    stored = text_literal(name or f"field{place - 1}")
    return Typed(f"struct_extract({value.sql}, {stored})", type_)


@compiles(exp.Tuple)
def _tuple(node: exp.Tuple, scope: Scope) -> Typed:
    return make_row([compile_expression(each, scope) for each in node.expressions])


def make_row(values: list[Typed]) -> Typed:
    fields = ", ".join(f"{quoted(f'field{i}')} := {each.sql}" for i, each in enumerate(values))
    return Typed(f"struct_pack({fields})", row(*((None, each.type) for each in values)))


@syntax("row")
def _row(node: exp.Anonymous, scope: Scope) -> Typed:
    return make_row([compile_expression(each, scope) for each in node.expressions])
