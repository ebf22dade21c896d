"""Arrays, maps and rows: made, and read by subscript."""

from sqlglot import exp

from localaws.sql.expressions.core import compile_as, compile_expression, compiles, syntax, unify
from localaws.sql.scope import Scope, Typed
from localaws.sql.types import BIGINT, UNKNOWN, Type, array, quoted, row


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
    if len(node.expressions) != 1:
        scope.error("SYNTAX_ERROR", "mismatched input: a subscript takes one index", node)
    index = node.expressions[0]
    match value.type.base:
        case "array":
            place = compile_as(index, scope, BIGINT, "Array subscript")
            return Typed(f"tr_subscript({value.sql}, {place.sql})", value.type.element)
        case "map":
            key = compile_as(index, scope, value.type.args[0], "Map subscript")
            return Typed(f"tr_map_subscript({value.sql}, {key.sql})", value.type.args[1])
    scope.error("TYPE_MISMATCH", f"Cannot use subscript operator on {value.type}", node)


@compiles(exp.Tuple)
def _tuple(node: exp.Tuple, scope: Scope) -> Typed:
    return make_row([compile_expression(each, scope) for each in node.expressions])


def make_row(values: list[Typed]) -> Typed:
    fields = ", ".join(f"{quoted(f'field{i}')} := {each.sql}" for i, each in enumerate(values))
    return Typed(f"struct_pack({fields})", row(*((None, each.type) for each in values)))


@syntax("row")
def _row(node: exp.Anonymous, scope: Scope) -> Typed:
    return make_row([compile_expression(each, scope) for each in node.expressions])


@syntax("map")
def _map(node: exp.Anonymous, scope: Scope) -> Typed:
    parts = [compile_expression(each, scope) for each in node.expressions]
    if not parts:
        return Typed("MAP {}", Type("map", (UNKNOWN, UNKNOWN)))
    if len(parts) != 2 or any(part.type.base != "array" for part in parts):
        message = "Unexpected parameters for function map. Expected: map(array(K), array(V))"
        scope.error("FUNCTION_NOT_FOUND", message, node)
    keys, values = parts
    return Typed(
        f"map({keys.sql}, {values.sql})", Type("map", (keys.type.element, values.type.element))
    )
