"""The signatures of localaws's functions beside Trino's own: what each takes and what it gives.

Trino's stand in trino_functions.tsv, which trino_functions.py makes.
"""

import csv
from functools import cache
from pathlib import Path

from localaws.sql import functions
from localaws.sql.dialect import parse_query
from localaws.sql.errors import QueryError
from localaws.sql.functions.registry import Overload, signature
from localaws.sql.queries import analyze
from localaws.sql.type_parser import parse_type
from localaws.sql.types import Type
from tests.localaws.sql.conftest import NoTables
from tests.localaws.sql.trino_functions import call, given

OURS = functions.SCALARS | functions.AGGREGATES | functions.WINDOWS
# What Trino has and does not list: AT TIME ZONE calls it; listagg and normalize have their own
# syntax.
HIDDEN = [
    "at_timezone(timestamptz, interval day to second)",
    *("listagg(varchar)", "listagg(varchar, varchar)", "normalize(varchar)"),
]
# What stands in for an argument that does not fit.
OTHERS = [
    *("boolean", "tinyint", "integer", "bigint", "real", "double", "decimal(5,2)", "varchar"),
    *("varbinary", "date", "timestamp(3)", "timestamp(3) with time zone", "json"),
    *("interval day to second", "interval year to month", "array(integer)", "array(varchar)"),
    *("map(varchar, integer)", "row(integer, varchar)"),
]


def _overload(name: str, parameters: str) -> Overload:
    return signature(f"{name}({parameters}) -> unknown", "")[1]


with Path(__file__).with_name("trino_functions.tsv").open() as _lines:
    LISTED = [
        (row["name"], row["kind"], _overload(row["name"], row["parameters"]), row["result"])
        for row in csv.DictReader(_lines, delimiter="\t")
    ]
TRINOS: dict[str, list[Overload]] = {}
for _name, _, _listed, _ in LISTED:
    TRINOS.setdefault(_name, []).append(_listed)
for _name, _, _parameters in (text[:-1].partition("(") for text in HIDDEN):
    TRINOS.setdefault(_name, []).append(_overload(_name, _parameters))


@cache
def _type(spelling: str) -> Type:
    return Type(spelling) if spelling.startswith("interval") else parse_type(spelling)


def _accepts(overloads: list[Overload], spellings: list[str]) -> bool:
    types = [_type(each) for each in spellings]
    return any(each.bind(types) is not None for each in overloads)


def test_a_function_takes_nothing_that_trinos_does_not_take() -> None:
    """Calls by each signature of either, where one argument at a time has another type."""
    wider = []
    for name, overloads in OURS.items():
        for overload in (*overloads, *TRINOS[name]):
            fitting = [given(each) for each in overload.parameters]
            for place in range(len(fitting)):
                for other in (fitting[place], *OTHERS):
                    types = [*fitting[:place], other, *fitting[place + 1 :]]
                    if _accepts(overloads, types) and not _accepts(TRINOS[name], types):
                        wider.append(f"{name}({', '.join(types)})")
    assert wider == []


def test_a_function_gives_what_trinos_gives() -> None:
    """Of the signatures that both have, the type of the result."""
    compared, different = 0, []
    for name, kind, overload, result in LISTED:
        types = [given(each) for each in overload.parameters]
        if name not in OURS or not _accepts(OURS[name], types):
            continue
        sql = call(name, kind, types)
        try:
            output, _ = analyze(parse_query(sql), sql, NoTables(), "default")
        except QueryError as error:
            assert error.code == "NOT_SUPPORTED", f"{sql}: {error}"
            continue
        compared += 1
        if str(output.types[0]).replace(", ", ",") != result.replace(", ", ","):
            different.append(f"{name}({', '.join(types)}): {output.types[0]}, not {result}")
    assert different == []
    assert compared > 400


def test_a_call_that_no_signature_fits_is_refused_with_what_would_fit(failure) -> None:
    assert failure("SELECT bitwise_left_shift(BIGINT '1', BIGINT '3')") == (
        "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters (bigint, bigint) for function "
        "bitwise_left_shift. Expected: bitwise_left_shift(bigint, integer), "
        "bitwise_left_shift(integer, integer), bitwise_left_shift(smallint, integer), "
        "bitwise_left_shift(tinyint, integer)"
    )
