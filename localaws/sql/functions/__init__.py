"""The allow-list of functions, one module a family of Trino's documentation.

A function that is not here is refused by name. Each entry is a signature in Trino's spelling and
the DuckDB expression that computes exactly that; the `tr_*` macros stand in engine/macros/.
"""

from localaws.sql.functions import (
    aggregates,
    arrays,
    binary,
    conditional,
    dates,
    json,
    maps,
    numbers,
    regexp,
    strings,
    urls,
    windows,
)
from localaws.sql.functions.registry import Overload

SCALARS: dict[str, list[Overload]] = {}
# Some names, like concat and reverse, have overloads in several families.
for _family in (strings, regexp, binary, urls, numbers, dates, json, arrays, maps, conditional):
    for _name, _overloads in _family.FUNCTIONS.items():
        SCALARS.setdefault(_name, []).extend(_overloads)

AGGREGATES: dict[str, list[Overload]] = aggregates.AGGREGATES
WINDOWS: dict[str, list[Overload]] = windows.WINDOWS
