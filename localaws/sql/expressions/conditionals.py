"""CASE, IF, COALESCE, NULLIF."""

from sqlglot import exp

from localaws.sql.expressions.core import (
    comparison,
    compile_as,
    compile_expression,
    compiles,
    syntax,
    unify,
)
from localaws.sql.scope import Scope, Typed
from localaws.sql.types import BOOLEAN, UNKNOWN


@compiles(exp.Case, parts={"this", "ifs", "default"})
def _case(node: exp.Case, scope: Scope) -> Typed:
    operand = compile_expression(node.this, scope) if node.this else None
    conditions, results = [], []
    for branch in node.args["ifs"]:
        if operand is None:
            conditions.append(compile_as(branch.this, scope, BOOLEAN, "CASE WHEN clause").sql)
        else:
            value = compile_expression(branch.this, scope)
            what = "CASE operand type does not match WHEN clause"
            left, right = unify([operand, value], scope, branch, what)
            conditions.append(comparison("=", left, right, scope, branch))
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


@syntax("if")
def _if(node: exp.Anonymous, scope: Scope) -> Typed:
    if len(node.expressions) not in (2, 3):
        message = "Invalid number of arguments for 'if' function"
        scope.error("INVALID_FUNCTION_ARGUMENT", message, node)
    condition = compile_as(node.expressions[0], scope, BOOLEAN, "IF condition")
    results = [compile_expression(each, scope) for each in node.expressions[1:]]
    if len(results) == 1:
        results.append(Typed("NULL", UNKNOWN))
    yes, no = unify(results, scope, node, "Result types for IF must be the same")
    return Typed(f"CASE WHEN {condition.sql} THEN {yes.sql} ELSE {no.sql} END", yes.type)


@syntax("coalesce")
def _coalesce(node: exp.Anonymous, scope: Scope) -> Typed:
    if len(node.expressions) < 2:
        message = "The 'coalesce' function must have at least two arguments"
        scope.error("INVALID_FUNCTION_ARGUMENT", message, node)
    values = [compile_expression(each, scope) for each in node.expressions]
    values = unify(values, scope, node, "All COALESCE operands must be the same type")
    return Typed(f"coalesce({', '.join(each.sql for each in values)})", values[0].type)


@syntax("nullif")
def _nullif(node: exp.Anonymous, scope: Scope) -> Typed:
    if len(node.expressions) != 2:
        message = "Invalid number of arguments for 'nullif' function"
        scope.error("INVALID_FUNCTION_ARGUMENT", message, node)
    first, second = (compile_expression(each, scope) for each in node.expressions)
    what = "Types are not comparable with NULLIF"
    left, right = unify([first, second], scope, node, what)
    same = comparison("=", left, right, scope, node)
    return Typed(f"CASE WHEN {same} THEN NULL ELSE {first.sql} END", first.type)
