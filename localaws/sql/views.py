"""Whether a view's stored columns still are what its query gives.

Source: Trino's StatementAnalyzer.checkViewStaleness, its texts included.
"""

from localaws.sql.coercions import can_coerce
from localaws.sql.scope import Output, View


def staleness(view: View, output: Output) -> str | None:
    """Why the view is stale; None where it is not."""
    if len(view.columns) != len(output.types):
        return (
            f"stored view column count ({len(view.columns)}) does not match column count derived "
            f"from the view query analysis ({len(output.types)})"
        )
    for i, ((stored, then), name, now) in enumerate(
        zip(view.columns, output.names, output.types, strict=True)
    ):
        if name is None:
            return f"a column of type {now} projected from query view at position {i} has no name"
        column = f"column [{name.lower()}] of type {now} projected from query view at position {i}"
        kept = f"column [{stored}] of type {then} stored in view definition"
        if name.lower() != stored.lower():
            return f"{column} has a different name from {kept}"
        if not can_coerce(now, then):
            return f"{column} cannot be coerced to {kept}"
    return None
