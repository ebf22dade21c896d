"""Relations that are made of values: UNNEST and TABLE(sequence(...))."""

from sqlglot import exp

from localaws.sql.coercions import can_coerce
from localaws.sql.expressions import compile_expression, refuse_parts
from localaws.sql.scope import Field, Relation, Scope, Typed
from localaws.sql.sources import Source, column_aliases
from localaws.sql.types import BIGINT, INTEGER, UNKNOWN, Type, array

_LONGEST_INLINE = 1000  # characters


def unnest(node: exp.Unnest, scope: Scope) -> Source:
    """Arrays and maps side by side, the shorter padded with NULL; arrays of rows as columns.

    Source: Trino documentation, "SELECT", and its TestUnnest.
    """
    refuse_parts(node, {"expressions", "alias", "offset"}, scope)
    arguments = [_argument(each, scope) for each in node.expressions]
    # Inside unnest() a value keeps the order of its elements; computed by a query below it does
    # not. Only what is long is computed there, once.
    inline = sum(len(each.sql) for each in arguments) <= _LONGEST_INLINE
    parts, columns, lengths = [], [], []
    for i, (argument, value) in enumerate(zip(node.expressions, arguments, strict=True)):
        e = value.sql if inline else f"e{i}"
        match value.type.base:
            case "array":
                parts.append(f"unnest({e}) AS u{i}")
                lengths.append(f"coalesce(len({e}), 0)")
                columns += _element_columns(value.type.element, f"u{i}")
            case "map":
                parts.append(f"unnest(map_keys({e})) AS k{i}")
                parts.append(f"unnest(map_values({e})) AS v{i}")
                lengths.append(f"coalesce(CAST(cardinality({e}) AS BIGINT), 0)")
                key, element = value.type.args
                columns += [(f"k{i}", None, key), (f"v{i}", None, element)]
            case _:
                message = f"Cannot unnest type: {value.type}"
                scope.error("INVALID_FUNCTION_ARGUMENT", message, argument)
    if node.args.get("offset"):
        parts.append(f"unnest(range(1, CAST(greatest({', '.join(lengths)}) AS BIGINT) + 1)) AS n")
        columns.append(("n", None, BIGINT))
    selected = ", ".join(f"{sql} AS c{i}" for i, (sql, _, _) in enumerate(columns))
    values = ", ".join(f"{each.sql} AS e{i}" for i, each in enumerate(arguments))
    source = "" if inline else f" FROM (SELECT {values})"
    return _values(
        f"SELECT {selected} FROM (SELECT {', '.join(parts)}{source})",
        [(name, type_) for _, name, type_ in columns],
        node,
        scope,
    )


def _argument(node: exp.Expression, scope: Scope) -> Typed:
    value = compile_expression(node, scope)
    if value.type == array(UNKNOWN):
        return Typed(f"CAST({value.sql} AS {array(INTEGER).duckdb()})", value.type)
    return value


def _element_columns(element: Type, sql: str) -> list[tuple[str, str | None, Type]]:
    """(SQL, name, type) of the columns that an array's elements become."""
    if element.base != "row":
        return [(sql, None, element)]
    return [
        (f"struct_extract_at({sql}, {place})", name, type_)
        for place, (name, type_) in enumerate(element.args, 1)
    ]


def _values(
    sql: str, columns: list[tuple[str | None, Type]], node: exp.Expression, scope: Scope
) -> Source:
    alias = scope.analysis.alias()
    names = column_aliases(node, len(columns), scope) or [name for name, _ in columns]
    fields = tuple(
        Field(name, type_, f"{alias}.c{i}")
        for i, (name, (_, type_)) in enumerate(zip(names, columns, strict=True))
    )
    return Source(f"({sql}) AS {alias}", (Relation(node.alias.lower() or None, fields),))


def table_function(node: exp.Table, scope: Scope) -> Source:
    """TABLE(sequence(start => 0, stop => n, step => 1)); other table functions are refused.

    Source: Trino documentation, "Table functions", and io.trino.operator.table.Sequence.
    """
    call = node.this.expressions[0] if len(node.this.expressions) == 1 else None
    if isinstance(call, exp.Dot) and call.this.sql().lower() == "system.builtin":
        call = call.expression
    if not isinstance(call, exp.Anonymous) or node.this.name.upper() != "TABLE":
        scope.error("SYNTAX_ERROR", f"mismatched input '{node.this.name}'", node)
    if call.name.lower() != "sequence":
        message = f"the table function {call.name.lower()} is not supported locally"
        scope.error("NOT_SUPPORTED", message, node)
    start, stop, step = _sequence_bounds(call, scope)
    if start < stop and step <= 0:
        message = f"Step must be positive for sequence [{start}, {stop}]"
        scope.error("INVALID_FUNCTION_ARGUMENT", message, node)
    if start > stop and step >= 0:
        message = f"Step must be negative for sequence [{start}, {stop}]"
        scope.error("INVALID_FUNCTION_ARGUMENT", message, node)
    last = start if start == stop else stop - (stop - start) % step
    count = 1 if start == stop else (last - start) // step + 1
    # Counted from 0: the value after the last one may be no BIGINT.
    sql = f"SELECT CAST({start} + i.range::HUGEINT * {step} AS BIGINT) AS c0 FROM range({count}) i"
    return _values(sql, [("sequential_number", BIGINT)], node, scope)


def _sequence_bounds(call: exp.Anonymous, scope: Scope) -> tuple[int, int, int]:
    names = ("start", "stop", "step")
    given: dict[str, exp.Expression] = {}
    for place, argument in enumerate(call.expressions):
        named = isinstance(argument, exp.Kwarg)
        name = argument.this.name.lower() if named else names[min(place, 2)]
        if name not in names or name in given or place > 2:
            message = f"Unexpected argument name: {name.upper()}"
            scope.error("INVALID_FUNCTION_ARGUMENT", message, argument)
        given[name] = argument.expression if named else argument
    if "stop" not in given:
        scope.error("MISSING_ARGUMENT", "Missing argument: STOP", call)
    return tuple(
        _whole_number(given[name], name, scope) if name in given else default
        for name, default in zip(names, (0, 0, 1), strict=True)
    )


def _whole_number(node: exp.Expression, name: str, scope: Scope) -> int:
    value = compile_expression(node, scope)
    if value.type == UNKNOWN:
        scope.error("INVALID_FUNCTION_ARGUMENT", f"{name.capitalize()} is null", node)
    if not can_coerce(value.type, BIGINT):
        message = f"Invalid argument {name.upper()}. Expected type bigint, actual {value.type}"
        scope.error("TYPE_MISMATCH", message, node)
    number = node.this if isinstance(node, exp.Neg) else node
    if not (isinstance(number, exp.Literal) and number.is_int):
        message = "only whole-number constants are supported in table functions locally"
        scope.error("NOT_SUPPORTED", message, node)
    return -int(number.this) if number is not node else int(number.this)
