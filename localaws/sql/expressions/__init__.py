"""Expressions: each node of the parse tree type checked and compiled to DuckDB SQL."""

from localaws.sql.expressions import (  # noqa: F401  (imported to register their handlers)
    calls,
    conditionals,
    constructors,
    conversions,
    dates,
    formatting,
    literals,
    names,
    predicates,
    subqueries,
    windows,
)
from localaws.sql.expressions.aggregates import ordering
from localaws.sql.expressions.core import (
    compile_as,
    compile_expression,
    refuse_nested,
    refuse_parts,
    unify,
)
from localaws.sql.expressions.placement import refuse_special

__all__ = [
    "compile_as",
    "compile_expression",
    "ordering",
    "refuse_nested",
    "refuse_parts",
    "refuse_special",
    "unify",
]
