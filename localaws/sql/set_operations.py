"""UNION, INTERSECT, EXCEPT, and VALUES.

Source of the rules: Trino's StatementAnalyzer (visitSetOperation, visitValues).
"""

from sqlglot import exp

from localaws.sql.coercions import common_type
from localaws.sql.expressions import compile_expression, refuse_parts, unify
from localaws.sql.expressions.placement import refuse_map
from localaws.sql.scope import Output, Scope, Typed
from localaws.sql.sources import coerced_output

_WORDS = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}
_CLAUSES = ("with_", "order", "limit", "offset")


def set_operation(node: exp.SetOperation, scope: Scope) -> Output:
    """Chains nest deeply to the left: they are followed in a loop, and stay flat in the SQL while
    the operation and the types are the same."""
    chain = [node]
    while isinstance(chain[-1].this, exp.SetOperation) and not any(
        chain[-1].this.args.get(clause) for clause in _CLAUSES
    ):
        chain.append(chain[-1].this)
    output = scope.analysis.compile_query(chain[-1].this, scope)
    sql, before = f"({output.sql})", None
    for operation in reversed(chain):
        refuse_parts(operation, {"this", "expression", "distinct", *_CLAUSES}, scope)
        right = scope.analysis.compile_query(operation.expression, scope)
        types = _common_types(output, right, operation, scope)
        word = _WORDS[type(operation)] + ("" if operation.args.get("distinct") else " ALL")
        if list(output.types) != types:
            output = coerced_output(Output(sql, output.names, output.types), types, scope)
            sql, before = f"({output.sql})", None
        if before not in (None, word):
            sql = f"({sql})"
        sql = f"{sql} {word} ({coerced_output(right, types, scope).sql})"
        output, before = Output(sql, output.names, tuple(types)), word
    return output


def _common_types(left: Output, right: Output, node: exp.SetOperation, scope: Scope) -> list:
    word = _WORDS[type(node)]
    if len(left.types) != len(right.types):
        message = (
            f"{word} query has different number of fields: {len(left.types)}, {len(right.types)}"
        )
        scope.error("TYPE_MISMATCH", message, node)
    types = []
    for i, (a, b) in enumerate(zip(left.types, right.types, strict=True), 1):
        common = common_type(a, b)
        if common is None:
            message = f"column {i} in {word} query has incompatible types: {a}, {b}"
            scope.error("TYPE_MISMATCH", message, node)
        if node.args.get("distinct") or not isinstance(node, exp.Union):
            refuse_map(common, word, scope, node)
        types.append(common)
    return types


def values(node: exp.Values, scope: Scope) -> Output:
    """Each item of VALUES is a row, or a value that makes a row of one column."""
    rows = [_row(each, scope) for each in node.expressions]
    width = len(rows[0])
    if any(len(each) != width for each in rows):
        message = "Values rows have mismatched sizes"
        scope.error("TYPE_MISMATCH", message, node)
    columns = [
        unify([each[i] for each in rows], scope, node, "Values rows have mismatched types")
        for i in range(width)
    ]
    lines = ", ".join(
        "(" + ", ".join(column[i].sql for column in columns) + ")" for i in range(len(rows))
    )
    alias = scope.analysis.alias()
    names = ", ".join(f"c{i}" for i in range(width))
    sql = f"SELECT * FROM (VALUES {lines}) AS {alias}({names})"
    return Output(sql, (None,) * width, tuple(column[0].type for column in columns))


def _row(node: exp.Expression, scope: Scope) -> list[Typed]:
    nodes = node.expressions if isinstance(node, exp.Tuple) else [node]
    # sqlglot wraps a single value in a tuple; ROW(1, 2) and (1, 2) are the same row.
    if len(nodes) == 1:
        single = nodes[0].unnest()
        if isinstance(single, exp.Tuple) or (
            isinstance(single, exp.Anonymous) and single.name.lower() == "row"
        ):
            nodes = single.expressions
        else:
            value = compile_expression(single, scope)
            if value.type.base != "row":
                return [value]
            return [
                Typed(f"struct_extract_at({value.sql}, {place})", type_)
                for place, (_, type_) in enumerate(value.type.args, 1)
            ]
    return [compile_expression(each, scope) for each in nodes]
