"""MERGE, UPDATE and DELETE, compiled to one form: which target rows change, and into what.

Source of the rules: Trino documentation, "MERGE": clauses are tried in order, the first whose
condition holds wins; a target row matched by more than one source row is an error.
"""

from dataclasses import dataclass, replace

from sqlglot import exp

from localaws.sql.casts import coerce
from localaws.sql.coercions import can_store
from localaws.sql.expressions import compile_as, compile_expression, refuse_parts
from localaws.sql.queries import compile_query
from localaws.sql.quoting import quoted
from localaws.sql.relations import compile_from
from localaws.sql.scope import Analysis, Field, Output, Relation, Scope, Tables, Typed
from localaws.sql.types import BOOLEAN, Type
from localaws.tables.iceberg import IcebergTable

TARGET, SOURCE = "target", "source"


@dataclass(frozen=True)
class Clause:
    """One WHEN: `values` are the new row's columns in table order, None for DELETE."""

    matched: bool
    condition: str
    values: tuple[str, ...] | None


@dataclass(frozen=True)
class RowChanges:
    """SQL over two relations, `target` (the table's columns) and `source` (c0, c1, ...).

    `source` is None for UPDATE and DELETE, which speak of the target alone.
    """

    table: IcebergTable
    source: Output | None
    on: str
    clauses: tuple[Clause, ...]


def _analysis(sql: str, tables: Tables, database: str) -> Analysis:
    return Analysis(sql, tables, database, compile_query)


def target_relation(
    node: exp.Table, analysis: Analysis, what: str
) -> tuple[IcebergTable, Relation]:
    """The table that `what` is about, its columns under the alias TARGET."""
    refuse_parts(node, {"this", "alias", "db", "catalog"}, Scope(analysis))
    database = (node.db or analysis.database).lower()
    table = analysis.tables.table(database, node.name.lower(), None)
    if not isinstance(table, IcebergTable):
        message = f"{what} is only supported on Iceberg tables: {database}.{node.name.lower()}"
        analysis.error("NOT_SUPPORTED", message, node)
    fields = tuple(Field(name, type_, f"{TARGET}.{quoted(name)}") for name, type_ in table.columns)
    name = node.alias.lower() if node.alias else table.name
    return table, Relation(name, fields, None if node.alias else table.database)


def delete_as_changes(
    tree: exp.Delete, sql: str, tables: Tables, database: str
) -> tuple[RowChanges, Analysis]:
    analysis = _analysis(sql, tables, database)
    table, relation = target_relation(tree.this, analysis, "DELETE")
    scope = Scope(analysis, [relation])
    refuse_parts(tree, {"this", "where"}, scope)
    condition = _where(tree, scope)
    return RowChanges(table, None, condition, (Clause(True, "TRUE", None),)), analysis


def update_as_changes(
    tree: exp.Update, sql: str, tables: Tables, database: str
) -> tuple[RowChanges, Analysis]:
    analysis = _analysis(sql, tables, database)
    table, relation = target_relation(tree.this, analysis, "UPDATE")
    scope = Scope(analysis, [relation])
    refuse_parts(tree, {"this", "expressions", "where"}, scope)
    values = _assigned(tree.expressions, table, scope)
    return RowChanges(table, None, _where(tree, scope), (Clause(True, "TRUE", values),)), analysis


def _where(tree: exp.Expression, scope: Scope) -> str:
    where = tree.args.get("where")
    return compile_as(where.this, scope, BOOLEAN, "WHERE clause").sql if where else "TRUE"


def merge_as_changes(
    tree: exp.Merge, sql: str, tables: Tables, database: str
) -> tuple[RowChanges, Analysis]:
    analysis = _analysis(sql, tables, database)
    table, target = target_relation(tree.this, analysis, "MERGE")
    outer = Scope(analysis)
    refuse_parts(tree, {"this", "using", "on", "whens"}, outer)
    source_sql, (source,), _ = compile_from(exp.From(this=tree.args["using"]), None, outer)
    output = Output(
        "SELECT "
        + ", ".join(f"{field.use().sql} AS c{i}" for i, field in enumerate(source.visible))
        + f" FROM {source_sql}",
        tuple(field.name for field in source.visible),
        tuple(field.type for field in source.visible),
    )
    scans = len(analysis.scans)
    fields = tuple(
        Field(name, type_, f"{SOURCE}.c{i}")
        for i, (name, type_) in enumerate(zip(output.names, output.types, strict=True))
    )
    source = Relation(source.name, fields, source.database)
    both = Scope(analysis, [target, source])
    on = compile_as(tree.args["on"], both, BOOLEAN, "MERGE ON clause").sql
    clauses = tuple(
        _clause(when, table, both, _unmatched(target, source, analysis))
        for when in tree.args["whens"].expressions
    )
    if len(analysis.scans) > scans:
        message = "subqueries in the conditions and values of MERGE are not supported locally"
        analysis.error("NOT_SUPPORTED", message, tree)
    return RowChanges(table, output, on, clauses), analysis


def _unmatched(target: Relation, source: Relation, analysis: Analysis) -> Scope:
    """The names for WHEN NOT MATCHED: there is no target row, its columns are NULL."""
    fields = (
        replace(each, sql=f"CAST(NULL AS {each.type.duckdb()})", on_use=None)
        for each in target.fields
    )
    return Scope(analysis, [replace(target, fields=tuple(fields)), source])


def _clause(when: exp.When, table: IcebergTable, both: Scope, unmatched: Scope) -> Clause:
    matched, then = bool(when.args["matched"]), when.args["then"]
    scope = both if matched else unmatched
    condition = "TRUE"
    if when.args.get("condition") is not None:
        condition = compile_as(when.args["condition"], scope, BOOLEAN, "MERGE WHEN condition").sql
    match then:
        case exp.Update():
            return Clause(True, condition, _assigned(then.expressions, table, scope))
        case exp.Insert():
            return Clause(False, condition, _inserted(then, table, scope))
    return Clause(True, condition, None)


def _assigned(
    assignments: list[exp.Expression], table: IcebergTable, scope: Scope
) -> tuple[str, ...]:
    new: dict[str, str] = {}
    types = dict(table.columns)
    for assignment in assignments:
        name = assignment.this.name.lower()
        if name not in types:
            message = f"The UPDATE SET target column {name} doesn't exist"
            scope.error("COLUMN_NOT_FOUND", message, assignment)
        if name in new:
            scope.error("SYNTAX_ERROR", f"Multiple assignments for column {name}", assignment)
        new[name] = _stored(assignment.expression, types[name], name, scope)
    return tuple(new.get(name, f"{TARGET}.{quoted(name)}") for name, _ in table.columns)


def _inserted(then: exp.Insert, table: IcebergTable, scope: Scope) -> tuple[str, ...]:
    types = dict(table.columns)
    names = [each.name.lower() for each in then.this.expressions] if then.this else list(types)
    values = then.expression.expressions
    if len(names) != len(values):
        message = f"Insert has {len(names)} columns but {len(values)} values"
        scope.error("TYPE_MISMATCH", message, then)
    new: dict[str, str] = {}
    for name, value in zip(names, values, strict=True):
        if name not in types:
            message = f"Insert column name does not exist in target table: {name}"
            scope.error("COLUMN_NOT_FOUND", message, then)
        new[name] = _stored(value, types[name], name, scope)
    return tuple(new.get(name, f"CAST(NULL AS {type_.duckdb()})") for name, type_ in table.columns)


def _stored(node: exp.Expression, type_: Type, name: str, scope: Scope) -> str:
    value: Typed = compile_expression(node, scope)
    if not can_store(value.type, type_):
        message = f"column {name} is of type {type_} but expression is of type {value.type}"
        scope.error("TYPE_MISMATCH", message, node)
    return coerce(value, type_).sql
