"""Functions that take a lambda.

Source of the rules: Trino documentation, "Lambda expressions", "Array functions and operators",
"Map functions and operators", "Regular expression functions", and where they are silent Trino's
implementation.
"""

from collections.abc import Callable

from sqlglot import exp

from localaws.sql.casts import coerce
from localaws.sql.coercions import can_coerce, common_type
from localaws.sql.functions.checks import distinguishable
from localaws.sql.functions.registry import BadArgument
from localaws.sql.scope import Field, Relation, Scope, Typed
from localaws.sql.types import BOOLEAN, INTEGER, VARCHAR, Type, array, row

Compile = Callable[[exp.Expression, Scope], Typed]
Handler = Callable[[exp.Anonymous, Scope, Compile], Typed]


def _value(node: exp.Anonymous, place: int, base: str, scope: Scope, compile_: Compile) -> Typed:
    """Argument `place`, which must be an array or a map."""
    value = compile_(node.expressions[place], scope)
    if value.type.base == "unknown":
        empty = Type(base, (value.type,) * (1 if base == "array" else 2))
        return coerce(value, empty)
    if value.type.base != base:
        name = node.name.lower()
        message = f"Unexpected parameters ({value.type}) for function {name}. Expected: {base}"
        scope.error("FUNCTION_NOT_FOUND", message, node)
    return value


def _body(node: exp.Expression, parameters: list[Typed], scope: Scope, compile_: Compile) -> Typed:
    """A lambda's body, its parameters standing for `parameters`."""
    if not isinstance(node, exp.Lambda) or len(node.expressions) != len(parameters):
        message = f"Expected a lambda that takes {len(parameters)} arguments"
        scope.error("TYPE_MISMATCH", message, node)
    if node.this.find(exp.Query):
        scope.error("NOT_SUPPORTED", "Lambda expression cannot contain subqueries", node)
    if node.this.find(exp.Window):
        message = (
            "Lambda expression cannot contain aggregations, window functions or grouping operations"
        )
        scope.error("EXPRESSION_NOT_SCALAR", message, node)
    fields = tuple(
        Field(name.name.lower(), value.type, value.sql)
        for name, value in zip(node.expressions, parameters, strict=True)
    )
    return compile_(node.this, scope.child([Relation(None, fields)]))


def _body_as(
    node: exp.Expression, parameters: list[Typed], result: Type, scope: Scope, compile_: Compile
) -> str:
    body = _body(node, parameters, scope, compile_)
    if not can_coerce(body.type, result):
        message = f"the lambda must evaluate to {result} (actual: {body.type})"
        scope.error("TYPE_MISMATCH", message, node)
    return coerce(body, result).sql


def _transform(node: exp.Anonymous, scope: Scope, compile_: Compile) -> Typed:
    value = _value(node, 0, "array", scope, compile_)
    x = scope.analysis.alias()
    body = _body(node.expressions[1], [Typed(x, value.type.element)], scope, compile_)
    return Typed(f"list_transform({value.sql}, lambda {x}: {body.sql})", array(body.type))


def _predicate(template: str, result: Type | None = None) -> Handler:
    def handler(node: exp.Anonymous, scope: Scope, compile_: Compile) -> Typed:
        value = _value(node, 0, "array", scope, compile_)
        x = scope.analysis.alias()
        parameters = [Typed(x, value.type.element)]
        test = _body_as(node.expressions[1], parameters, BOOLEAN, scope, compile_)
        sql = template.format(array=value.sql, test=f"lambda {x}: {test}")
        return Typed(sql, result or value.type)

    return handler


def _reduce(node: exp.Anonymous, scope: Scope, compile_: Compile) -> Typed:
    value = _value(node, 0, "array", scope, compile_)
    initial = compile_(node.expressions[1], scope)
    folded = _fold(value, initial, node.expressions[2], scope, compile_)
    s = scope.analysis.alias()
    result = _body(node.expressions[3], [Typed(s, folded.type)], scope, compile_)
    return Typed(f"list_transform([{folded.sql}], lambda {s}: {result.sql})[1]", result.type)


def _fold(
    values: Typed, state: Typed, step: exp.Expression, scope: Scope, compile_: Compile
) -> Typed:
    """`step` of the state and each of the values in turn.

    The state's type is what the initial state and the lambda's result have in common; as Trino
    does, it is looked for in four rounds.
    """
    s, x = scope.analysis.alias(), scope.analysis.alias()
    type_ = state.type
    for _ in range(4):
        body = _body(step, [Typed(s, type_), Typed(x, values.type.element)], scope, compile_)
        common = common_type(type_, body.type)
        if common == type_:
            next_ = coerce(body, type_).sql
            initial = coerce(state, type_).sql
            return Typed(f"list_reduce({values.sql}, lambda {s}, {x}: {next_}, {initial})", type_)
        if common is None:
            break
        type_ = common
    message = f"the input function must return {state.type} (actual: {body.type})"
    scope.error("TYPE_MISMATCH", message, step)


def _zip_with(node: exp.Anonymous, scope: Scope, compile_: Compile) -> Typed:
    left, right = (_value(node, place, "array", scope, compile_) for place in (0, 1))
    pair = scope.analysis.alias()
    parameters = [
        Typed(f"{pair}['x']", left.type.element),
        Typed(f"{pair}['y']", right.type.element),
    ]
    body = _body(node.expressions[2], parameters, scope, compile_)
    held = row(("x", left.type.element), ("y", right.type.element)).duckdb()
    pairs = f"CAST(tr_zip({left.sql}, {right.sql}) AS {held}[])"
    return Typed(f"list_transform({pairs}, lambda {pair}: {body.sql})", array(body.type))


def _array_sort(node: exp.Anonymous, scope: Scope, compile_: Compile) -> Typed:
    """The comparator's answers for all pairs give each element's rank. One that contradicts
    itself is refused: Trino's result then depends on its sort algorithm."""
    value = _value(node, 0, "array", scope, compile_)
    a, i, j = (scope.analysis.alias() for _ in range(3))
    one, other = (Typed(f"{a}[{place}]", value.type.element) for place in (i, j))
    answer = _body_as(node.expressions[1], [one, other], INTEGER, scope, compile_)
    same = f"{one.sql} IS NOT DISTINCT FROM {other.sql}"
    answer = f"CASE WHEN {same} THEN 0 ELSE tr_compared({answer}) END"
    places = f"range(1, len({a}) + 1)"
    answers = (
        f"list_transform({places}, lambda {i}: list_transform({places}, lambda {j}: {answer}))"
    )
    sorted_ = f"tr_sorted_by({a}, {answers})"
    return Typed(f"list_transform([{value.sql}], lambda {a}: {sorted_})[1]", value.type)


def _entries(node: exp.Anonymous, scope: Scope, compile_: Compile) -> tuple[Typed, str, Typed]:
    """A map, the name of its entry in the engine, and the lambda's body over key and value."""
    entries = _value(node, 0, "map", scope, compile_)
    entry = scope.analysis.alias()
    key, value = entries.type.args
    parameters = [Typed(f"{entry}['key']", key), Typed(f"{entry}['value']", value)]
    return entries, entry, _body(node.expressions[1], parameters, scope, compile_)


def _map_filter(node: exp.Anonymous, scope: Scope, compile_: Compile) -> Typed:
    entries, entry, body = _entries(node, scope, compile_)
    if not can_coerce(body.type, BOOLEAN):
        message = f"the lambda must evaluate to boolean (actual: {body.type})"
        scope.error("TYPE_MISMATCH", message, node)
    test = coerce(body, BOOLEAN).sql
    kept = f"list_filter(map_entries({entries.sql}), lambda {entry}: {test})"
    return Typed(f"map_from_entries({kept})", entries.type)


def _transform_values(node: exp.Anonymous, scope: Scope, compile_: Compile) -> Typed:
    entries, entry, body = _entries(node, scope, compile_)
    pair = f"struct_pack(key := {entry}['key'], value := {body.sql})"
    changed = f"list_transform(map_entries({entries.sql}), lambda {entry}: {pair})"
    type_ = Type("map", (entries.type.args[0], body.type))
    return Typed(f"map_from_entries({changed})", type_)


def _transform_keys(node: exp.Anonymous, scope: Scope, compile_: Compile) -> Typed:
    entries, entry, body = _entries(node, scope, compile_)
    _refuse_key(body.type, node, scope)
    pair = f"struct_pack(key := {body.sql}, value := {entry}['value'])"
    changed = f"list_transform(map_entries({entries.sql}), lambda {entry}: {pair})"
    type_ = Type("map", (body.type, entries.type.args[1]))
    return Typed(f"tr_map_of_entries({changed})", type_)


def _map_zip_with(node: exp.Anonymous, scope: Scope, compile_: Compile) -> Typed:
    left, right = (_value(node, place, "map", scope, compile_) for place in (0, 1))
    key = common_type(left.type.args[0], right.type.args[0])
    if key is None:
        message = f"Unexpected parameters ({left.type}, {right.type}) for function map_zip_with"
        scope.error("FUNCTION_NOT_FOUND", message, node)
    _refuse_key(key, node, scope)
    left, right = (coerce(each, Type("map", (key, each.type.args[1]))) for each in (left, right))
    entry = scope.analysis.alias()
    parameters = [
        Typed(f"{entry}['key']", key),
        Typed(f"{entry}['v']", left.type.args[1]),
        Typed(f"{entry}['w']", right.type.args[1]),
    ]
    body = _body(node.expressions[2], parameters, scope, compile_)
    pair = f"struct_pack(key := {entry}['key'], value := {body.sql})"
    pairs = f"list_transform(tr_map_zip({left.sql}, {right.sql}), lambda {entry}: {pair})"
    return Typed(f"map_from_entries({pairs})", Type("map", (key, body.type)))


def _regexp_replace(node: exp.Anonymous, scope: Scope, compile_: Compile) -> Typed:
    """The lambda takes the captured groups of each match; NULL from one makes NULL of the whole."""
    given = [compile_(each, scope) for each in node.expressions[:2]]
    if not all(each.type.is_string or each.type.base == "unknown" for each in given):
        types = ", ".join(str(each.type) for each in given)
        message = f"Unexpected parameters ({types}, function) for function regexp_replace"
        scope.error("FUNCTION_NOT_FOUND", message, node)
    text, pattern = (coerce(each, VARCHAR).sql for each in given)
    both, groups = scope.analysis.alias(), scope.analysis.alias()
    parameters = [Typed(groups, array(VARCHAR))]
    if _body(node.expressions[2], parameters, scope, compile_).type.base == "unknown":
        message = "Unexpected parameters (a function of NULL) for function regexp_replace"
        scope.error("FUNCTION_NOT_FOUND", message, node)
    body = _body_as(node.expressions[2], parameters, VARCHAR, scope, compile_)
    arguments = f"{both}['text'], {both}['pattern']"
    replaced = f"list_transform(py_regexp_groups({arguments}), lambda {groups}: {body})"
    joined = f"py_regexp_joined(py_regexp_between({arguments}), {replaced})"
    once = f"struct_pack(text := {text}, pattern := {pattern})"
    return Typed(f"list_transform([{once}], lambda {both}: {joined})[1]", VARCHAR)


def _refuse_key(type_: Type, node: exp.Expression, scope: Scope) -> None:
    try:
        distinguishable(type_)
    except BadArgument as error:
        scope.error("NOT_SUPPORTED", str(error), node)


# By name and number of arguments.
HIGHER_ORDER: dict[tuple[str, int], Handler] = {
    ("transform", 2): _transform,
    ("filter", 2): _predicate("list_filter({array}, {test})"),
    ("any_match", 2): _predicate("tr_any(list_transform({array}, {test}))", BOOLEAN),
    ("all_match", 2): _predicate("tr_all(list_transform({array}, {test}))", BOOLEAN),
    ("none_match", 2): _predicate("(NOT tr_any(list_transform({array}, {test})))", BOOLEAN),
    ("reduce", 4): _reduce,
    ("zip_with", 3): _zip_with,
    ("array_sort", 2): _array_sort,
    ("map_filter", 2): _map_filter,
    ("transform_keys", 2): _transform_keys,
    ("transform_values", 2): _transform_values,
    ("map_zip_with", 3): _map_zip_with,
    ("regexp_replace", 3): _regexp_replace,
}
