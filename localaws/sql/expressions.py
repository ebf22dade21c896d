"""Expressions: each node of the parse tree type checked and compiled to DuckDB SQL.

A node that is not handled here is refused: nothing passes through unchecked.
"""

import re
from collections.abc import Callable
from datetime import date, datetime

from sqlglot import exp

from localaws.sql import functions, operators
from localaws.sql.casts import CannotCast, cast, coerce
from localaws.sql.dialect import EXPLICIT
from localaws.sql.functions.dates import EXTRACT
from localaws.sql.functions.literals import constant_text
from localaws.sql.functions.registry import BadArgument, choose
from localaws.sql.lambdas import HIGHER_ORDER
from localaws.sql.scope import Scope, Typed
from localaws.sql.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DAY_TO_SECOND,
    DOUBLE,
    INTEGER,
    JSON,
    UNKNOWN,
    VARBINARY,
    YEAR_TO_MONTH,
    Type,
    array,
    can_coerce,
    common_type,
    decimal,
    parse_type,
    quoted,
    row,
    text_literal,
    timestamp,
    timestamp_tz,
)


def compile_expression(node: exp.Expression, scope: Scope) -> Typed:
    """Raises QueryError in Trino's words where names, types or functions do not fit."""
    handler = _HANDLERS.get(type(node))
    if handler is None:
        scope.error("NOT_SUPPORTED", f"{_describe(node)} is not supported locally", node)
    refuse_parts(node, _PARTS.get(type(node), _PLAIN_PARTS), scope)
    return handler(node, scope)


def refuse_parts(node: exp.Expression, known: set[str], scope: Scope) -> None:
    """Raises NOT_SUPPORTED for a part of `node` that its handler does not look at: what is not
    understood must not be dropped."""
    for part, value in node.args.items():
        if value and part not in known:
            message = f"{part.strip('_').upper()} in {_describe(node)} is not supported locally"
            scope.error("NOT_SUPPORTED", message, node)


def compile_as(node: exp.Expression, scope: Scope, target: Type, what: str) -> Typed:
    """An expression that must have, or be coercible to, `target`."""
    value = compile_expression(node, scope)
    if not can_coerce(value.type, target):
        scope.error(
            "TYPE_MISMATCH", f"{what} must evaluate to a {target} (actual: {value.type})", node
        )
    return coerce(value, target)


def unify(values: list[Typed], scope: Scope, node: exp.Expression, what: str) -> list[Typed]:
    """All values as their common type. Raises TYPE_MISMATCH where there is none."""
    target = values[0].type
    for value in values[1:]:
        common = common_type(target, value.type)
        if common is None:
            scope.error("TYPE_MISMATCH", f"{what}: {target} vs {value.type}", node)
        target = common
    return [coerce(value, target) for value in values]


def unify_comparable(
    values: list[Typed], scope: Scope, node: exp.Expression, what: str
) -> list[Typed]:
    """As `unify`, for values that are compared: NULLs inside arrays and rows follow other rules
    in the engine. Raises NOT_SUPPORTED for those."""
    values = unify(values, scope, node, what)
    _refuse_nested(values[0].type, scope, node)
    return values


def _refuse_nested(type_: Type, scope: Scope, node: exp.Expression) -> None:
    if type_.base in ("array", "map", "row", "json"):
        message = f"comparing values of type {type_} is not supported locally"
        scope.error("NOT_SUPPORTED", message, node)


def _describe(node: exp.Expression) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", " ", type(node).__name__).upper()


# ---- literals and names


def _literal(node: exp.Literal, scope: Scope) -> Typed:
    if node.is_string:
        return Typed(text_literal(node.this), Type("varchar", (len(node.this),)))
    return number(node.this, scope, node)


def number(text: str, scope: Scope, node: exp.Expression) -> Typed:
    if re.fullmatch(r"\d+", text):
        value = int(text)
        if value > 2**63 - 1:
            scope.error("NUMERIC_VALUE_OUT_OF_RANGE", f"Invalid numeric literal: {text}", node)
        type_ = INTEGER if value < 2**31 else BIGINT
        return Typed(f"{value}::{type_.duckdb()}", type_)
    if re.fullmatch(r"\d*\.\d*", text):
        return _decimal_literal(text, scope, node)
    return Typed(f"{text}::DOUBLE", DOUBLE)


def _decimal_literal(text: str, scope: Scope, node: exp.Expression) -> Typed:
    match = re.fullmatch(r"([+-]?)0*(\d*)\.?(\d*)", text.strip())
    if not match or not (match[2] or match[3] or "0" in text):
        scope.error("INVALID_LITERAL", f"'{text}' is not a valid DECIMAL literal", node)
    scale = len(match[3])
    type_ = decimal(max(1, len(match[2]) + scale), scale) if len(match[2]) + scale <= 38 else None
    if type_ is None:
        scope.error("INVALID_LITERAL", f"Invalid DECIMAL literal: {text}", node)
    return Typed(f"CAST('{text.strip()}' AS {type_.duckdb()})", type_)


def _column(node: exp.Column, scope: Scope) -> Typed:
    """`a`, `t.a`, `db.t.a`, and fields of a row: the longest prefix that names a column wins."""
    if isinstance(node.this, exp.Star):
        scope.error("NOT_SUPPORTED", "all columns are not allowed here", node)
    parts = [part.name.lower() for part in node.parts]
    if len(parts) == 1 and parts[0] in scope.aliases:
        alias = scope.aliases[parts[0]]
        if alias is None:
            scope.error("AMBIGUOUS_NAME", f"Column '{parts[0]}' is ambiguous", node)
        return alias
    query: Scope | None = scope
    while query is not None:
        for qualifiers in range(min(len(parts) - 1, 3), -1, -1):
            found = query.find(tuple(parts[:qualifiers]), parts[qualifiers], node)
            if found is not None:
                value = found.use()
                for name in parts[qualifiers + 1 :]:
                    value = _dereference(value, name, scope, node)
                return value
        query = query.parent
    scope.error("COLUMN_NOT_FOUND", f"Column '{'.'.join(parts)}' cannot be resolved", node)


def _dereference(value: Typed, name: str, scope: Scope, node: exp.Expression) -> Typed:
    if value.type.base != "row":
        scope.error("TYPE_MISMATCH", f"Expression is not of type ROW: {value.type}", node)
    for i, (field_name, type_) in enumerate(value.type.args):
        if field_name and field_name.lower() == name:
            stored = text_literal(field_name or f"field{i}")
            return Typed(f"struct_extract({value.sql}, {stored})", type_)
    scope.error("COLUMN_NOT_FOUND", f"Column '{name}' cannot be resolved", node)


def _dot(node: exp.Dot, scope: Scope) -> Typed:
    return _dereference(compile_expression(node.this, scope), node.name.lower(), scope, node)


def _identifier(node: exp.Identifier, scope: Scope) -> Typed:
    """A bare identifier: a parameter inside a lambda, or a column there."""
    return _column(exp.Column(this=node.copy()), scope)


def _null(_: exp.Null, __: Scope) -> Typed:
    return Typed("NULL", UNKNOWN)


def _boolean(node: exp.Boolean, _: Scope) -> Typed:
    return Typed("TRUE" if node.this else "FALSE", BOOLEAN)


def _hex(node: exp.HexString, scope: Scope) -> Typed:
    digits = re.sub(r"\s", "", node.name)
    if not re.fullmatch(r"(?:[0-9a-fA-F]{2})*", digits):
        scope.error("INVALID_LITERAL", "Binary literal must contain an even number of digits", node)
    return Typed(f"unhex('{digits}')", VARBINARY)


def _paren(node: exp.Paren, scope: Scope) -> Typed:
    inner = compile_expression(node.this, scope)
    return Typed(f"({inner.sql})", inner.type)


def _concatenated_literals(node: exp.Concat, scope: Scope) -> Typed:
    scope.error("SYNTAX_ERROR", "mismatched input: two string literals in a row", node)


# ---- operators


def _binary(node: exp.Binary, scope: Scope) -> Typed:
    left, right = compile_expression(node.this, scope), compile_expression(node.expression, scope)
    try:
        return operators.binary(type(node), left, right)
    except operators.TypeMismatch as error:
        scope.error("TYPE_MISMATCH", str(error), node)
    except BadArgument as error:
        scope.error("NOT_SUPPORTED", str(error), node)


def _logical(node: exp.Connector, scope: Scope) -> Typed:
    word = "AND" if isinstance(node, exp.And) else "OR"
    # Long chains nest deeply to the left: flatten them, so that recursion stays shallow.
    parts = [
        compile_as(part, scope, BOOLEAN, f"Logical expression term: {word}").sql
        for part in node.flatten(unnest=False)
    ]
    return Typed("(" + f" {word} ".join(parts) + ")", BOOLEAN)


def _not(node: exp.Not, scope: Scope) -> Typed:
    value = compile_as(node.this, scope, BOOLEAN, "Value of logical NOT expression")
    return Typed(f"(NOT {value.sql})", BOOLEAN)


def _negative(node: exp.Neg, scope: Scope) -> Typed:
    if isinstance(node.this, exp.Literal) and node.this.this == str(2**63):
        return Typed(f"(-{2**63})::BIGINT", BIGINT)
    value = compile_expression(node.this, scope)
    if not (value.type.is_numeric or value.type in (DAY_TO_SECOND, YEAR_TO_MONTH)):
        scope.error("TYPE_MISMATCH", f"Cannot negate {value.type}", node)
    if value.type.is_integer:
        return Typed(f"CAST(-{value.sql} AS {value.type.duckdb()})", value.type)
    return Typed(f"(-{value.sql})", value.type)


def _is(node: exp.Is, scope: Scope) -> Typed:
    if not isinstance(node.expression, exp.Null):
        scope.error("SYNTAX_ERROR", "mismatched input: IS takes NULL or DISTINCT FROM", node)
    return Typed(f"({compile_expression(node.this, scope).sql} IS NULL)", BOOLEAN)


def _between(node: exp.Between, scope: Scope) -> Typed:
    value, low, high = (
        compile_expression(node.args[key], scope) for key in ("this", "low", "high")
    )
    if any(common_type(value.type, bound.type) is None for bound in (low, high)):
        message = f"Cannot check if {value.type} is BETWEEN {low.type} and {high.type}"
        scope.error("TYPE_MISMATCH", message, node)
    value, low, high = unify_comparable([value, low, high], scope, node, "BETWEEN")
    return Typed(f"({value.sql} BETWEEN {low.sql} AND {high.sql})", BOOLEAN)


def _in(node: exp.In, scope: Scope) -> Typed:
    value = compile_expression(node.this, scope)
    if query := node.args.get("query"):
        output = scope.analysis.compile_query(query.this, scope)
        if len(output.types) != 1:
            message = "Multiple columns returned by subquery are not yet supported."
            scope.error("NOT_SUPPORTED", message, node)
        target = common_type(value.type, output.types[0])
        if target is None:
            message = (
                "value and result of subquery must be of the same type for IN expression: "
                f"{value.type} vs {output.types[0]}"
            )
            scope.error("TYPE_MISMATCH", message, node)
        _refuse_nested(target, scope, node)
        member = coerce(Typed("q.c0", output.types[0]), target).sql
        return Typed(
            f"({coerce(value, target).sql} IN (SELECT {member} FROM ({output.sql}) AS q))", BOOLEAN
        )
    members = [compile_expression(each, scope) for each in node.expressions]
    value, *members = unify_comparable(
        [value, *members],
        scope,
        node,
        "IN value and list items must be the same type or coercible to a common type",
    )
    return Typed(f"({value.sql} IN ({', '.join(each.sql for each in members)}))", BOOLEAN)


def _like(node: exp.Like, scope: Scope, escape: str = "") -> Typed:
    word = "NOT LIKE" if node.args.get("negate") else "LIKE"
    parts = [compile_expression(each, scope) for each in (node.this, node.expression)]
    for part in parts:
        if not (part.type.is_string or part.type == UNKNOWN):
            message = (
                f"Left side of LIKE expression must evaluate to a varchar (actual: {part.type})"
            )
            scope.error("TYPE_MISMATCH", message, node)
    return Typed(f"({parts[0].sql} {word} {parts[1].sql}{escape})", BOOLEAN)


def _escape(node: exp.Escape, scope: Scope) -> Typed:
    if not isinstance(node.this, exp.Like):
        scope.error("NOT_SUPPORTED", "ESCAPE is only supported after LIKE", node)
    escape, pattern = node.expression, node.this.expression
    if not (isinstance(escape, exp.Literal) and isinstance(pattern, exp.Literal)):
        scope.error("NOT_SUPPORTED", "ESCAPE is only supported with constants locally", node)
    if len(escape.name) != 1:
        message = "Escape string must be a single character"
        scope.error("INVALID_FUNCTION_ARGUMENT", message, node)
    character = re.escape(escape.name)
    if not re.fullmatch(f"(?s)(?:{character}[%_{character}]|(?!{character}).)*", pattern.name):
        message = "Escape character must be followed by '%', '_' or the escape character itself"
        scope.error("INVALID_FUNCTION_ARGUMENT", message, node)
    return _like(node.this, scope, f" ESCAPE {text_literal(escape.name)}")


def _case(node: exp.Case, scope: Scope) -> Typed:
    operand = compile_expression(node.this, scope) if node.this else None
    conditions, results = [], []
    for branch in node.args["ifs"]:
        if operand is None:
            conditions.append(compile_as(branch.this, scope, BOOLEAN, "CASE WHEN clause").sql)
        else:
            value = compile_expression(branch.this, scope)
            left, right = unify_comparable(
                [operand, value], scope, branch, "CASE operand type does not match WHEN clause"
            )
            conditions.append(f"{left.sql} = {right.sql}")
        results.append(compile_expression(branch.args["true"], scope))
    default = node.args.get("default")
    results.append(compile_expression(default, scope) if default else Typed("NULL", UNKNOWN))
    results = unify(
        results, scope, node, "All CASE results must be the same type or coercible to a common type"
    )
    branches = " ".join(
        f"WHEN {condition} THEN {result.sql}"
        for condition, result in zip(conditions, results, strict=False)
    )
    return Typed(f"CASE {branches} ELSE {results[-1].sql} END", results[-1].type)


def _if(node: exp.If, scope: Scope) -> Typed:
    condition = compile_as(node.this, scope, BOOLEAN, "IF condition")
    otherwise = node.args.get("false")
    results = unify(
        [
            compile_expression(node.args["true"], scope),
            compile_expression(otherwise, scope) if otherwise else Typed("NULL", UNKNOWN),
        ],
        scope,
        node,
        "Result types for IF must be the same",
    )
    yes, no = results
    return Typed(f"CASE WHEN {condition.sql} THEN {yes.sql} ELSE {no.sql} END", yes.type)


# ---- casts, dates, collections


def target_type(node: exp.DataType, scope: Scope) -> Type:
    spelling = node.sql("trino").lower()
    spelling = re.sub(
        r"timestamp(\(\d+\))? with time zone", r"timestamp\1 with time zone", spelling
    )
    # Unlike Hive's, Trino's bare DECIMAL has all 38 digits.
    spelling = re.sub(r"\bdecimal\b(?!\()", "decimal(38,0)", spelling)
    try:
        return parse_type(spelling)
    except ValueError as error:
        scope.error("TYPE_NOT_FOUND", str(error), node)


def _typed_literal(node: exp.Cast, target: Type, scope: Scope) -> Typed | None:
    """`DATE '...'`, `TIMESTAMP '...'` and `DECIMAL '...'`; None where the node is a real CAST.

    sqlglot gives both the same node. For a DATE they mean the same; the precision of a timestamp
    literal is that of its text, and its node carries precision 0.
    """
    literal = node.this
    if EXPLICIT in node.meta or not (isinstance(literal, exp.Literal) and literal.is_string):
        return None
    if target.base == "decimal" and not node.args["to"].expressions:
        return _decimal_literal(literal.this, scope, node)
    text = literal.this.strip()
    if target.base == "timestamp" and target.args == (0,):
        fraction = re.search(r"\.(\d+)$", text)
        precision = len(fraction[1]) if fraction else 0
        if precision > 6:
            scope.error(
                "NOT_SUPPORTED", f"the precision of '{text}' is not supported locally", node
            )
        if constant := _constant(literal, timestamp(precision)):
            return constant
        scope.error("INVALID_LITERAL", f"'{text}' is not a valid TIMESTAMP literal", node)
    if target.base == "timestamp with time zone" and target.args == (0,):
        return _zoned_literal(text, scope, node)
    return None


def _constant(node: exp.Expression, target: Type) -> Typed | None:
    """A date or timestamp written as text, as a constant that the engine can compare with file
    statistics; None for everything else, which is converted (or fails) at run time."""
    if not (isinstance(node, exp.Literal) and node.is_string):
        return None
    text = node.this.strip()
    try:
        if target == DATE and re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return Typed(f"DATE '{date.fromisoformat(text)}'", DATE)
        if target.base == "timestamp" and re.fullmatch(
            r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?", text
        ):
            fraction = text.partition(".")[2]
            if len(fraction) <= target.args[0]:
                datetime.fromisoformat(text.partition(".")[0])
                return Typed(f"TIMESTAMP '{text}'", target)
    except ValueError:
        return None
    return None


def _zoned_literal(text: str, scope: Scope, node: exp.Expression) -> Typed:
    match = re.fullmatch(
        r"(\d{4}-\d{2}-\d{2}(?: \d{2}:\d{2}(?::\d{2}(?:\.(\d+))?)?)?) ?(\S+)", text
    )
    if not match:
        scope.error("INVALID_LITERAL", f"'{text}' is not a valid TIMESTAMP literal", node)
    zone = match[3]
    if zone.upper() in ("UTC", "Z", "GMT"):
        zone = "UTC"
    elif not re.fullmatch(r"[A-Za-z_]+/[A-Za-z_/]+", zone):
        scope.error("NOT_SUPPORTED", f"the time zone {zone} is not supported locally", node)
    instant = f"timezone({text_literal(zone)}, CAST({text_literal(match[1])} AS TIMESTAMP))"
    return Typed(instant, timestamp_tz(len(match[2] or ""), zone))


def _cast(node: exp.Cast, scope: Scope) -> Typed:
    target = target_type(node.args["to"], scope)
    if literal := _typed_literal(node, target, scope):
        return literal
    if constant := _constant(node.this, target):
        return constant
    value = compile_expression(node.this, scope)
    try:
        result = cast(value, target)
    except CannotCast as error:
        scope.error("TYPE_MISMATCH", str(error), node)
    return _tried(result, node.this, scope) if isinstance(node, exp.TryCast) else result


def _tried(value: Typed, node: exp.Expression, scope: Scope) -> Typed:
    """`value`, or NULL where it fails."""
    for part in node.walk():
        name = part.name.lower() if isinstance(part, exp.Anonymous) else ""
        if (
            isinstance(part, exp.Query | exp.Window)
            or name in functions.AGGREGATES
            or name in ("random", "rand")
        ):
            message = (
                "TRY and TRY_CAST of an aggregate, a window function, a subquery or random() are "
                "not supported locally: compute it in a subquery in FROM first"
            )
            scope.error("NOT_SUPPORTED", message, node)
    if "tr_json_format(" in value.sql or "tr_regexp_extract_unsure(" in value.sql:
        # They may refuse at run time, and TRY would make NULL of it.
        message = "TRY of json_format, or of a regular expression with optional groups,"
        scope.error("NOT_SUPPORTED", f"{message} is not supported locally", node)
    return Typed(f"TRY({value.sql})", value.type)


def _extract(node: exp.Extract, scope: Scope) -> Typed:
    unit = node.name.lower()
    if unit not in EXTRACT:
        scope.error("SYNTAX_ERROR", f"Invalid EXTRACT field: {unit}", node)
    value = compile_expression(node.expression, scope)
    return _apply("extract", EXTRACT[unit], [value], scope, node)


def _interval(node: exp.Interval, scope: Scope) -> Typed:
    if not (isinstance(node.this, exp.Literal) and re.fullmatch(r"-?\d+", node.this.this)):
        scope.error("NOT_SUPPORTED", "only whole-number interval literals are supported", node)
    unit = node.args["unit"].name.lower().removesuffix("s")
    if unit not in ("second", "minute", "hour", "day", "month", "year"):
        scope.error("SYNTAX_ERROR", f"Invalid interval field: {unit}", node)
    type_ = YEAR_TO_MONTH if unit in ("month", "year") else DAY_TO_SECOND
    return Typed(f"INTERVAL ({node.this.this}) {unit}", type_)


def _at_time_zone(node: exp.AtTimeZone, scope: Scope) -> Typed:
    value = compile_expression(node.this, scope)
    zone = node.args["zone"]
    if not (isinstance(zone, exp.Literal) and zone.is_string):
        scope.error("NOT_SUPPORTED", "only a constant time zone is supported locally", node)
    if value.type.base == "timestamp":
        value = coerce(value, timestamp_tz(value.type.args[0], "UTC"))
    if value.type.base != "timestamp with time zone":
        message = (
            "Type of value must be a time or timestamp with or without time zone "
            f"(actual {value.type})"
        )
        scope.error("TYPE_MISMATCH", message, node)
    name = "UTC" if zone.this.upper() in ("UTC", "Z", "GMT", "ETC/UTC") else zone.this
    if name != "UTC" and not re.fullmatch(r"[A-Za-z_]+/[A-Za-z_/]+", name):
        scope.error("NOT_SUPPORTED", f"the time zone {name} is not supported locally", node)
    return Typed(value.sql, timestamp_tz(value.type.args[0], name))


def _array(node: exp.Array, scope: Scope) -> Typed:
    values = [compile_expression(each, scope) for each in node.expressions]
    if not values:
        return Typed("[]", array(UNKNOWN))
    values = unify(values, scope, node, "All ARRAY elements must be the same type")
    return Typed(f"[{', '.join(each.sql for each in values)}]", array(values[0].type))


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


def _tuple(node: exp.Tuple, scope: Scope) -> Typed:
    return make_row([compile_expression(each, scope) for each in node.expressions])


def make_row(values: list[Typed]) -> Typed:
    fields = ", ".join(f"{quoted(f'field{i}')} := {each.sql}" for i, each in enumerate(values))
    return Typed(f"struct_pack({fields})", row(*((None, each.type) for each in values)))


# ---- subqueries


def _scalar_subquery(node: exp.Subquery, scope: Scope) -> Typed:
    output = scope.analysis.compile_query(node.this, scope)
    if len(output.types) != 1:
        message = "Multiple columns returned by subquery are not yet supported."
        scope.error("NOT_SUPPORTED", message, node)
    return Typed(f"({output.sql})", output.types[0])


def _exists(node: exp.Exists, scope: Scope) -> Typed:
    output = scope.analysis.compile_query(node.this, scope)
    return Typed(f"(EXISTS ({output.sql}))", BOOLEAN)


# ---- functions


def _apply(
    name: str, overloads: list, arguments: list[Typed], scope: Scope, node: exp.Expression
) -> Typed:
    try:
        result = choose(overloads, arguments)
    except BadArgument as error:
        scope.error("NOT_SUPPORTED", f"{name}: {error}", node)
    except CannotCast as error:
        scope.error("TYPE_MISMATCH", str(error), node)
    if result is None:
        given = ", ".join(str(each.type) for each in arguments)
        expected = ", ".join(f"{name}{each}" for each in overloads)
        message = f"Unexpected parameters ({given}) for function {name}. Expected: {expected}"
        scope.error("FUNCTION_NOT_FOUND", message, node)
    return result


def _call(node: exp.Anonymous, scope: Scope) -> Typed:
    name = node.name.lower()
    if handler := _SYNTAX.get(name):
        return handler(node, scope)
    if handler := HIGHER_ORDER.get(name):
        return handler(node, scope, compile_expression)
    if name in functions.AGGREGATES:
        return aggregate(node, scope)
    if name in functions.WINDOWS:
        message = f"Window function {name} requires an OVER clause"
        scope.error("MISSING_OVER", message, node)
    if name not in functions.SCALARS:
        message = f"Function '{name}' not registered, or not supported locally"
        scope.error("FUNCTION_NOT_FOUND", message, node)
    arguments = [compile_expression(each, scope) for each in node.expressions]
    return _apply(name, functions.SCALARS[name], arguments, scope, node)


def aggregate(node: exp.Anonymous, scope: Scope, over: str = "", *, window: bool = False) -> Typed:
    """An aggregate or window function; `over` is the FILTER and OVER clauses compiled."""
    name = node.name.lower()
    known = functions.AGGREGATES | (functions.WINDOWS if window else {})
    if name not in known:
        message = f"Function '{name}' not registered, or not supported locally"
        scope.error("FUNCTION_NOT_FOUND", message, node)
    if not window and not scope.allow_aggregates:
        message = f"Aggregate function '{name}' is not allowed here"
        scope.error("EXPRESSION_NOT_SCALAR", message, node)
    inside = scope if window else _without_aggregates(scope)
    distinct, tail, nodes = "", "", list(node.expressions)
    if len(nodes) == 1 and isinstance(nodes[0], exp.Star):
        nodes = []
    if nodes and isinstance(nodes[0], exp.Distinct):
        distinct, nodes = "DISTINCT ", list(nodes[0].expressions)
    if nodes and isinstance(nodes[-1], exp.Order):
        order = nodes[-1]
        nodes[-1] = order.this
        if isinstance(order.this, exp.Distinct):
            distinct, nodes = "DISTINCT ", list(order.this.expressions)
        tail = f" ORDER BY {order_items(order.expressions, inside)}"
    if name == "count" and not nodes and node.expressions == []:
        nodes = []
    if window and distinct:
        message = "DISTINCT in window function parameters not yet supported"
        scope.error("NOT_SUPPORTED", message, node)
    arguments = [compile_expression(each, inside) for each in nodes]
    result = _apply(name, known[name], arguments, scope, node)
    return Typed(result.sql.format(distinct=distinct, tail=tail, over=over), result.type)


def _without_aggregates(scope: Scope) -> Scope:
    inside = Scope(**vars(scope))
    inside.allow_aggregates = False
    inside.aliases = {}
    return inside


def order_items(items: list[exp.Expression], scope: Scope) -> str:
    return ", ".join(compile_expression(item.this, scope).sql + ordering(item) for item in items)


def ordering(item: exp.Ordered) -> str:
    """Trino sorts NULLs last, ascending or descending, unless told otherwise."""
    direction = " DESC" if item.args.get("desc") else " ASC"
    return direction + (" NULLS FIRST" if item.args.get("nulls_first") else " NULLS LAST")


def _filter(node: exp.Filter, scope: Scope, over: str = "", *, window: bool = False) -> Typed:
    inside = scope if window else _without_aggregates(scope)
    condition = compile_as(node.expression.this, inside, BOOLEAN, "FILTER expression")
    return aggregate(node.this, scope, f" FILTER (WHERE {condition.sql}){over}", window=window)


def _window(node: exp.Window, scope: Scope) -> Typed:
    over = f" OVER ({window_clause(node, scope)})"
    function, nulls = node.this, ""
    if isinstance(function, exp.IgnoreNulls | exp.RespectNulls):
        nulls = " IGNORE NULLS" if isinstance(function, exp.IgnoreNulls) else ""
        function = function.this
    if isinstance(function, exp.Filter):
        return _filter(function, scope, over, window=True)
    if not isinstance(function, exp.Anonymous):
        scope.error("NOT_SUPPORTED", f"{_describe(function)} is not supported as a window", node)
    if nulls:
        scope.error("NOT_SUPPORTED", "IGNORE NULLS is not supported locally", node)
    return aggregate(function, scope, over, window=True)


def window_clause(node: exp.Window, scope: Scope) -> str:
    if named := node.args.get("alias"):
        known = scope.windows.get(named.name.lower())
        if known is None:
            scope.error(
                "INVALID_WINDOW_REFERENCE", f"Cannot resolve WINDOW name {named.name}", node
            )
        return window_clause(known, scope)
    parts = []
    if partition := node.args.get("partition_by"):
        keys = ", ".join(compile_expression(each, scope).sql for each in partition)
        parts.append(f"PARTITION BY {keys}")
    if order := node.args.get("order"):
        parts.append(f"ORDER BY {order_items(order.expressions, scope)}")
    if frame := node.args.get("spec"):
        parts.append(_frame(frame, scope))
    return " ".join(parts)


def _frame(frame: exp.WindowSpec, scope: Scope) -> str:
    refuse_parts(frame, {"kind", "start", "start_side", "end", "end_side"}, scope)
    bounds = []
    for end in ("start", "end"):
        bound, side = frame.args.get(end), frame.args.get(f"{end}_side") or ""
        if isinstance(bound, exp.Expression):
            if not (isinstance(bound, exp.Literal) and bound.is_int):
                message = "only whole-number window frame bounds are supported locally"
                scope.error("NOT_SUPPORTED", message, bound)
            bound = bound.this
        bounds.append(f"{bound or 'CURRENT ROW'} {side}".strip())
    return f"{frame.args['kind']} BETWEEN {bounds[0]} AND {bounds[1]}"


# ---- calls with rules of their own


def _coalesce(node: exp.Anonymous, scope: Scope) -> Typed:
    if len(node.expressions) < 2:
        message = "The 'coalesce' function must have at least two arguments"
        scope.error("INVALID_FUNCTION_ARGUMENT", message, node)
    values = [compile_expression(each, scope) for each in node.expressions]
    values = unify(values, scope, node, "All COALESCE operands must be the same type")
    return Typed(f"coalesce({', '.join(each.sql for each in values)})", values[0].type)


def _nullif(node: exp.Anonymous, scope: Scope) -> Typed:
    if len(node.expressions) != 2:
        message = "Invalid number of arguments for 'nullif' function"
        scope.error("INVALID_FUNCTION_ARGUMENT", message, node)
    first, second = (compile_expression(each, scope) for each in node.expressions)
    what = "Types are not comparable with NULLIF"
    left, right = unify_comparable([first, second], scope, node, what)
    return Typed(f"CASE WHEN {left.sql} = {right.sql} THEN NULL ELSE {first.sql} END", first.type)


def _try(node: exp.Anonymous, scope: Scope) -> Typed:
    if len(node.expressions) != 1:
        message = "The 'try' function must have exactly one argument"
        scope.error("INVALID_FUNCTION_ARGUMENT", message, node)
    value = compile_expression(node.expressions[0], scope)
    return _tried(value, node.expressions[0], scope)


def _row(node: exp.Anonymous, scope: Scope) -> Typed:
    return make_row([compile_expression(each, scope) for each in node.expressions])


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


def _typeof(node: exp.Anonymous, scope: Scope) -> Typed:
    if len(node.expressions) != 1:
        scope.error("FUNCTION_NOT_FOUND", "Unexpected parameters for function typeof", node)
    type_ = compile_expression(node.expressions[0], scope).type
    return Typed(text_literal(str(type_)), Type("varchar"))


def _date(node: exp.Anonymous, scope: Scope) -> Typed:
    """date(x) is CAST(x AS date)."""
    if len(node.expressions) != 1:
        scope.error("FUNCTION_NOT_FOUND", "Unexpected parameters for function date", node)
    try:
        return cast(compile_expression(node.expressions[0], scope), DATE)
    except CannotCast as error:
        scope.error("TYPE_MISMATCH", str(error), node)


def _grouping(node: exp.Anonymous, scope: Scope) -> Typed:
    keys = [compile_expression(each, scope).sql for each in node.expressions]
    return Typed(f"CAST(grouping({', '.join(keys)}) AS BIGINT)", BIGINT)


_SYNTAX: dict[str, Callable[[exp.Anonymous, Scope], Typed]] = {
    "coalesce": _coalesce,
    "nullif": _nullif,
    "try": _try,
    "row": _row,
    "map": _map,
    "typeof": _typeof,
    "date": _date,
    "grouping": _grouping,
}


def _as_call(name: str, *keys: str) -> Callable[[exp.Expression, Scope], Typed]:
    """A call with syntax of its own that means the plain call `name(keys...)`."""

    def handler(node: exp.Expression, scope: Scope) -> Typed:
        nodes = [node.args[key] for key in keys if node.args.get(key) is not None]
        arguments = [compile_expression(each, scope) for each in nodes]
        return _apply(name, functions.SCALARS[name], arguments, scope, node)

    return handler


def _trim(node: exp.Trim, scope: Scope) -> Typed:
    value = compile_expression(node.this, scope)
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get((node.args.get("position") or "").upper())
    characters = node.args.get("expression")
    if characters is None:
        return _apply(name or "trim", functions.SCALARS[name or "trim"], [value], scope, node)
    if not value.type.is_string:
        scope.error("TYPE_MISMATCH", f"Cannot trim {value.type}", node)
    try:
        text = constant_text(compile_expression(characters, scope), "the characters to trim")
    except BadArgument as error:
        scope.error("NOT_SUPPORTED", str(error), node)
    return Typed(f"{name or 'trim'}({value.sql}, {text_literal(text)})", value.type)


def _current_date(_: exp.CurrentDate, __: Scope) -> Typed:
    return Typed("CAST(timezone('UTC', tr_now()) AS DATE)", DATE)


def _local_now(_: exp.Localtimestamp, __: Scope) -> Typed:
    return Typed("timezone('UTC', tr_now())", timestamp(3))


def _json_literal(node: exp.ParseJSON, scope: Scope) -> Typed:
    return Typed(f"tr_json_parse({compile_expression(node.this, scope).sql})", JSON)


_BINARY = (
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.Div,
    exp.Mod,
    exp.EQ,
    exp.NEQ,
    exp.LT,
    exp.LTE,
    exp.GT,
    exp.GTE,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
    exp.DPipe,
)

# The parts of a node that its handler reads, where they are more than the usual ones.
_PLAIN_PARTS = {"this", "expression", "expressions"}
_PARTS: dict[type, set[str]] = {
    exp.Literal: {"this", "is_string"},
    exp.Column: {"this", "table", "db", "catalog"},
    exp.Identifier: {"this", "quoted"},
    exp.Like: {"this", "expression", "negate"},
    exp.Between: {"this", "low", "high"},
    exp.In: {"this", "expressions", "query"},
    exp.Case: {"this", "ifs", "default"},
    exp.If: {"this", "true", "false"},
    exp.Cast: {"this", "to"},
    exp.TryCast: {"this", "to", "safe", "requires_string"},
    exp.Interval: {"this", "unit"},
    exp.AtTimeZone: {"this", "zone"},
    exp.Array: {"expressions", "bracket_notation"},
    exp.Bracket: {"this", "expressions", "offset", "safe"},
    exp.Div: {"this", "expression", "typed", "safe"},
    exp.Mod: {"this", "expression"},
    exp.DPipe: {"this", "expression", "safe"},
    exp.Subquery: {"this"},
    exp.Window: {"this", "partition_by", "order", "spec", "alias", "over"},
    exp.Substring: {"this", "start", "length"},
    exp.StrPosition: {"this", "substr"},
    exp.Trim: {"this", "expression", "position"},
    exp.ParseJSON: {"this", "is_literal"},
}

_HANDLERS: dict[type, Callable] = {
    exp.Literal: _literal,
    exp.Column: _column,
    exp.Dot: _dot,
    exp.Identifier: _identifier,
    exp.Null: _null,
    exp.Boolean: _boolean,
    exp.HexString: _hex,
    exp.Paren: _paren,
    exp.Concat: _concatenated_literals,
    **dict.fromkeys(_BINARY, _binary),
    exp.And: _logical,
    exp.Or: _logical,
    exp.Not: _not,
    exp.Neg: _negative,
    exp.Is: _is,
    exp.Between: _between,
    exp.In: _in,
    exp.Like: _like,
    exp.Escape: _escape,
    exp.Case: _case,
    exp.If: _if,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Extract: _extract,
    exp.Interval: _interval,
    exp.AtTimeZone: _at_time_zone,
    exp.Array: _array,
    exp.Bracket: _subscript,
    exp.Tuple: _tuple,
    exp.Subquery: _scalar_subquery,
    exp.Exists: _exists,
    exp.Anonymous: _call,
    exp.Filter: _filter,
    exp.Window: _window,
    exp.Substring: _as_call("substring", "this", "start", "length"),
    exp.StrPosition: _as_call("strpos", "this", "substr"),
    exp.Trim: _trim,
    exp.CurrentTimestamp: _as_call("now"),
    exp.CurrentDate: _current_date,
    exp.Localtimestamp: _local_now,
    exp.ParseJSON: _json_literal,
}
