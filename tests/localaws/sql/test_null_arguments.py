"""Functions of NULL are NULL: every signature is called with a NULL of its type, which a column
holds, so that nothing is worked out beforehand.

Source of the rule: Trino developer guide, "Functions": a function is not called for NULL unless
it says so.
"""

import re

import pytest

from localaws.sql import functions
from tests.localaws.sql.trino_functions import CONSTANTS

# Told to be otherwise in Trino's documentation.
CALLED_FOR_NULL = {"concat_ws", "format", "typeof"}
# Refused for every value.
REFUSED = {"from_iso8601_timestamp_nanos", "from_unixtime_nanos"}
VARIABLES = {
    "timestamptz": "timestamp with time zone",
    "T": "integer",
    "U": "integer",
    "V": "integer",
    "K": "varchar",
    "W": "integer",
}


def _typed(parameter: str) -> str:
    plain = parameter.removesuffix("...")
    for name, type_ in VARIABLES.items():
        plain = re.sub(rf"\b{name}\b", type_, plain)
    return plain


SIGNATURES = sorted(
    {
        (name, tuple(_typed(each) for each in overload.parameters))
        for name, overloads in functions.SCALARS.items()
        for overload in overloads
        if overload.parameters and name not in CALLED_FOR_NULL | REFUSED
    }
)


@pytest.mark.parametrize(("name", "types"), SIGNATURES, ids=str)
def test_a_function_of_null_is_null(query, name, types) -> None:
    columns = [f"c{i}" for i in range(len(types))]
    nulls = ", ".join(f"CAST(NULL AS {type_})" for type_ in types)
    constants = CONSTANTS.get(name, {})
    if len(types) > 1:
        constants = CONSTANTS.get((name, 1, types[1]), constants)
    given = ", ".join(constants.get(i, column) for i, column in enumerate(columns))
    _, _, rows = query(
        f"SELECT {name}({given}) IS NULL FROM (VALUES ({nulls})) AS t({', '.join(columns)})"
    )
    assert rows == [("true",)]
