"""Expressions: each node of the parse tree type checked and compiled to DuckDB SQL."""

from localaws.sql.expressions import (  # noqa: F401  (imported to register their handlers)
    calls,
    conditionals,
    constructors,
    conversions,
    literals,
    names,
    predicates,
    subqueries,
    windows,
)
from localaws.sql.expressions.aggregates import ordering
from localaws.sql.expressions.core import compile_as, compile_expression, refuse_parts, unify

__all__ = ["compile_as", "compile_expression", "ordering", "refuse_parts", "unify"]
