"""WITH and WITH RECURSIVE.

Source of the rules: Trino's StatementAnalyzer (analyzeWith, tryProcessRecursiveQuery) and
RelationPlanner (planExpand), which repeats the step ten times and fails if there is more.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from sqlglot import exp

from localaws.sql.coercions import can_coerce
from localaws.sql.expressions import refuse_parts
from localaws.sql.scope import Output, Scope, WithQuery
from localaws.sql.sources import coerced_output

_DEPTH = 10
_TOO_DEEP = (
    f"Recursion depth limit exceeded ({_DEPTH}). "
    "Use ''max_recursion_depth'' session property to modify the limit."
)


# (alias, how it is kept and SQL) of each
Queries = list[tuple[str, str]]


def with_queries(node: exp.Expression, scope: Scope) -> Queries:
    """The clause's queries; they become known to `scope` one by one, so that each sees those
    before it."""
    clause = node.args.get("with_")
    if clause is None:
        return []
    refuse_parts(clause, {"expressions", "recursive"}, scope)
    parts, seen = [], set()
    for cte in clause.expressions:
        name = cte.alias.lower()
        if name in seen:
            message = f"WITH query name '{cte.alias}' specified more than once"
            scope.error("DUPLICATE_NAMED_QUERY", message, cte)
        seen.add(name)
        refuse_parts(cte, {"this", "alias"}, scope)
        step = _step(cte, scope) if clause.args.get("recursive") else None
        if step is not None:
            parts += _recursive(cte, step, scope)
            continue
        again = partial(_compiled, cte, Scope(scope.analysis, [], scope.parent, dict(scope.ctes)))
        output, alias = again(), scope.analysis.alias()
        parts.append((alias, f"({output.sql})"))
        scope.ctes[name] = WithQuery(alias, output, again)
    return parts


def with_clause(queries: Queries, sql: str) -> str:
    """`sql` after those of the queries that it uses: the others are not read."""
    used: list[str] = []
    for alias, query in reversed(queries):
        text = f"{alias} AS {query}"
        if re.search(rf"\b{alias}\b", " ".join([sql, *used])):
            used.insert(0, text)
    return f"WITH {', '.join(used)} {sql}" if used else sql


def _compiled(cte: exp.CTE, scope: Scope) -> Output:
    return _named(scope.analysis.compile_query(cte.this, scope), cte, scope)


def _named(output: Output, cte: exp.CTE, scope: Scope) -> Output:
    names = [each.name for each in cte.args["alias"].columns]
    if not names:
        return output
    if len(names) != len(output.names):
        message = (
            f"Column alias list has {len(names)} entries "
            f"but relation has {len(output.names)} columns"
        )
        scope.error("MISMATCHED_COLUMN_ALIASES", message, cte)
    return replace(output, names=tuple(names))


# ---- WITH RECURSIVE


def _step(cte: exp.CTE, scope: Scope) -> exp.Query | None:
    """The part of a recursive query that refers to itself; None where it does not.

    Raises QueryError for a query that Trino cannot expand.
    """
    name, query = cte.alias.lower(), cte.this
    if not cte.args["alias"].columns:
        message = "missing column aliases in recursive WITH query"
        scope.error("MISSING_COLUMN_ALIASES", message, cte)
    for each in query.find_all(exp.With):
        if each.args.get("recursive"):
            scope.error("NESTED_RECURSIVE", "nested recursive WITH query", each)
    everywhere = list(_references(query, name))
    if not everywhere:
        return None
    if type(query) is not exp.Union or type(query.this) is exp.Union:
        message = "recursive reference not allowed in this context"
        scope.error("INVALID_RECURSIVE_REFERENCE", message, everywhere[0])
    for reference in _references(query.this, name):
        message = "WITH table name is referenced in the base relation of recursion"
        scope.error("INVALID_RECURSIVE_REFERENCE", message, reference)
    if len(everywhere) > 1:
        message = "multiple recursive references in the step relation of recursion"
        scope.error("INVALID_RECURSIVE_REFERENCE", message, everywhere[1])
    for clause in ("with_", "order", "offset", "limit"):
        if query.args.get(clause):
            word = clause.strip("_").upper()
            message = f"immediate {word} clause in recursive query"
            code = "INVALID_LIMIT_CLAUSE" if word == "LIMIT" else "NOT_SUPPORTED"
            scope.error(code, message, query.args[clause])
    _check_step(query.expression, name, everywhere[0], scope)
    return query.expression


def _check_step(step: exp.Expression, name: str, reference: exp.Expression, scope: Scope) -> None:
    select = step
    while isinstance(select, exp.Subquery):
        select = select.this
    for each in (step, select):
        if each.args.get("limit"):
            message = "FETCH FIRST / LIMIT clause in the step relation of recursion"
            scope.error("INVALID_LIMIT_CLAUSE", message, each)
    parts = [select.args.get("from_"), *(select.args.get("joins") or [])]
    if not isinstance(select, exp.Select) or not _refers(parts, name):
        message = "recursive reference outside of FROM clause of the step relation of recursion"
        scope.error("INVALID_RECURSIVE_REFERENCE", message, reference)
    for join in select.find_all(exp.Join):
        before = [join.parent.args.get("from_") or join.parent.this]
        before += join.parent.args["joins"][: join.index]
        for word, sides, nodes in (
            ("left", ("RIGHT", "FULL"), before),
            ("right", ("LEFT", "FULL"), [join.this]),
        ):
            if join.side in sides and _refers(nodes, name):
                message = f"recursive reference in {word} source of {join.side} join"
                scope.error("INVALID_RECURSIVE_REFERENCE", message, reference)
    for operation in select.find_all(exp.Intersect, exp.Except):
        word = type(operation).__name__.upper()
        if not operation.args.get("distinct") and _refers([operation], name):
            message = f"recursive reference in {word} ALL"
            scope.error("INVALID_RECURSIVE_REFERENCE", message, reference)
        if word == "EXCEPT" and _refers([operation.expression], name):
            message = "recursive reference in right relation of EXCEPT DISTINCT"
            scope.error("INVALID_RECURSIVE_REFERENCE", message, reference)


def _refers(nodes: list[exp.Expression | None], name: str) -> bool:
    return any(True for node in nodes if node is not None for _ in _references(node, name))


def _references(node: exp.Expression, name: str) -> Iterator[exp.Expression]:
    """The tables called `name` in `node`, but for queries that give the name another meaning."""
    if isinstance(node, exp.Table) and not node.db and node.name.lower() == name:
        yield node
    clause = node.args.get("with_")
    if clause and any(each.alias.lower() == name for each in clause.expressions):
        return
    for each in node.iter_expressions():
        yield from _references(each, name)


def _recursive(cte: exp.CTE, step: exp.Query, scope: Scope) -> Queries:
    """The base relation, ten steps and one that must be empty, then all of them together."""
    analysis, name = scope.analysis, cte.alias.lower()
    base = _named(analysis.compile_query(cte.this.this, scope), cte, scope)
    aliases = [analysis.alias()]
    parts = [(aliases[0], f"MATERIALIZED ({base.sql})")]
    for _ in range(_DEPTH + 1):
        inner = Scope(analysis, [], scope, dict(scope.ctes))
        inner.ctes[name] = WithQuery(aliases[-1], base)
        output = _as_base(analysis.compile_query(step, inner), base, step, scope)
        aliases.append(analysis.alias())
        parts.append((aliases[-1], f"MATERIALIZED ({output.sql})"))
    last = aliases.pop()
    rows = [f"SELECT * FROM {alias}" for alias in aliases]
    # Must not stand alone: the engine would compute a constant before it knows there are rows.
    failed = f"CAST(tr_fail('NOT_SUPPORTED', '{_TOO_DEEP}') AS BOOLEAN)"
    rows.append(
        f"SELECT * FROM {last} "
        f"WHERE CASE WHEN (SELECT count(*) FROM {last}) > 0 THEN {failed} ELSE TRUE END"
    )
    union = " UNION ALL ".join(rows)
    if cte.this.args.get("distinct"):
        union = f"SELECT DISTINCT * FROM ({union})"
    alias = analysis.alias()
    scope.ctes[name] = WithQuery(alias, base)
    return [*parts, (alias, f"({union})")]


def _as_base(output: Output, base: Output, step: exp.Query, scope: Scope) -> Output:
    if len(output.types) != len(base.types):
        message = (
            "base and step relations of recursion have different number of fields: "
            f"{len(base.types)}, {len(output.types)}"
        )
        scope.error("TYPE_MISMATCH", message, step)
    for i, (given, wanted) in enumerate(zip(output.types, base.types, strict=True), 1):
        if not can_coerce(given, wanted):
            message = (
                f"recursion step relation output type ({given}) is not coercible to recursion "
                f"base relation output type ({wanted}) at column {i}"
            )
            scope.error("TYPE_MISMATCH", message, step)
    return coerced_output(output, list(base.types), scope)
