"""The allow-list of functions, one module a family of Trino's documentation.

A function that is not here is refused by name. Each entry is a signature in Trino's spelling and
the DuckDB expression that computes exactly that; the `tr_*` macros stand in engine/macros/.
"""

from localaws.sql.functions import aggregates, arrays, conditional, dates, json, numbers, strings
from localaws.sql.functions.registry import Overload

SCALARS: dict[str, list[Overload]] = {
    **strings.FUNCTIONS,
    **numbers.FUNCTIONS,
    **dates.FUNCTIONS,
    **json.FUNCTIONS,
    **arrays.FUNCTIONS,
    **conditional.FUNCTIONS,
}
AGGREGATES: dict[str, list[Overload]] = aggregates.AGGREGATES
WINDOWS: dict[str, list[Overload]] = aggregates.WINDOWS
