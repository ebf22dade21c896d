"""Functions that the engine calls in Python, where its own cannot give Trino's answer.

Each module is one family; its FUNCTIONS are (name, function, parameter types, result type) in the
engine's types. An argument that is NULL gives NULL without a call.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import duckdb

from localaws.engine.functions import binary, formatting, json, numbers, regexp, strings, urls

_FAMILIES = (binary, formatting, json, numbers, regexp, strings, urls)


def register(instance: duckdb.DuckDBPyConnection) -> None:
    for family in _FAMILIES:
        for name, function, parameters, result in family.FUNCTIONS:
            # "special": only so may a function give NULL.
            instance.create_function(
                name, _strict(function), list(parameters), result, null_handling="special"
            )


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def called(*arguments: Any) -> Any:
        return None if None in arguments else function(*arguments)

    return called
