"""LISTAGG's own syntax: its order is written behind the call, as WITHIN GROUP."""

from sqlglot import exp

# The mark of a call whose ORDER BY was written as WITHIN GROUP.
WITHIN_GROUP = "within group"


def fold_within_group(tree: exp.Expression) -> None:
    """listagg(x, s) WITHIN GROUP (ORDER BY y) becomes a call with the ORDER BY inside, as other
    aggregates have it. Any other WITHIN GROUP stays, and is refused."""
    for node in list(tree.find_all(exp.WithinGroup)):
        call, order = node.this, node.expression
        if isinstance(call, exp.Anonymous) and call.name.lower() == "listagg" and call.expressions:
            *others, last = call.expressions
            ordered = exp.Order(this=last, expressions=order.expressions)
            call.set("expressions", [*others, ordered])
            call.meta[WITHIN_GROUP] = True
            node.replace(call)
