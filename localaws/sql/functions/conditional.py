"""GREATEST and LEAST. Source of the rules: Trino documentation, "Comparison functions", and its
AbstractGreatestLeast: NULL as soon as one argument is, NaN only where all are."""

from localaws.sql.functions.checks import is_floating, orderable
from localaws.sql.functions.registry import Rule, signature, table
from localaws.sql.scope import Typed


def _of_all(macro: str) -> Rule:
    def build(arguments: list[Typed]) -> Typed:
        type_ = arguments[0].type
        kind = f"{macro}_float" if is_floating(type_) else macro
        return Typed(f"{kind}([{', '.join(each.sql for each in arguments)}])", type_)

    return build


FUNCTIONS = table(
    signature("greatest(T...) -> T", _of_all("tr_array_max"), T=orderable),
    signature("least(T...) -> T", _of_all("tr_array_min"), T=orderable),
)
