"""Lines of JSON tables against what real readers say of them (lines.tsv).

`expected` is what Trino 476's readers gave, with values that do not parse failing the query, as the
Athena user guide says, unless `use.null.for.invalid.data` is among the properties. FAIL: an error.
Where the real readers disagree (equal keys) the table has this project's choice, which is to fail.
The lines were put through io.trino:trino-hive-formats, OpenX's json-serde and hcatalog's SerDe.
"""

import csv
import functools
import itertools
import json
from pathlib import Path

import pytest

from localaws.athena.render import rendered_rows
from localaws.sql.errors import QueryError
from localaws.tables.decoded import arrow_schema
from localaws.tables.hive import HiveTable
from localaws.tables.json import plain
from localaws.tables.json.documents import read_openx
from localaws.tables.json.options import HIVE, OPENX, JsonOptions
from localaws.tables.json_format import Rows

CASES = list(
    csv.DictReader(
        Path(__file__).with_name("lines.tsv").read_text().splitlines(),
        delimiter="\t",
        quoting=csv.QUOTE_NONE,
    )
)


def table(serde: str, columns: list[list[str]], properties: dict[str, str]) -> HiveTable:
    storage = {
        "Columns": [{"Name": name, "Type": type_} for name, type_ in columns],
        "SerdeInfo": {
            "SerializationLibrary": {"openx": OPENX, "hive": HIVE}[serde],
            "Parameters": properties,
        },
    }
    return HiveTable({"DatabaseName": "d", "Name": "t", "StorageDescriptor": storage})


def read(
    found: HiveTable, lines: list[str], known: plain.Plain | None = None
) -> tuple[list[str], dict[str, str], plain.Plain]:
    """The rows as a query shows them, column -> its fault, and what is known of the keys then."""
    columns = list(found.data_columns)
    rows = Rows(columns, JsonOptions.of(found), arrow_schema(columns))
    rows.plain = known or rows.plain
    batches = [*rows.add(lines), *rows.rest()]
    faults = {name: code for name, (code, _) in rows.faults.items()}
    shown = rendered_rows(batches, tuple(type_ for _, type_ in columns))
    try:
        texts = [" ; ".join("null" if text is None else text for text in row) for row in shown]
    except QueryError as error:  # a year of five digits
        return [], {"": error.code}, rows.plain
    return texts, faults, rows.plain


@pytest.mark.parametrize("serde", ["openx", "hive"])
def test_lines_are_read_as_the_real_readers_read_them(serde) -> None:
    different = []
    for case in CASES:
        if case["serde"] != serde:
            continue
        found = table(serde, json.loads(case["columns"]), json.loads(case["properties"]))
        rows, faults, _ = read(found, [json.loads(case["line"])])
        shown = "FAIL" if faults else json.dumps(rows[0])
        if shown != case["expected"]:
            different.append((case, shown))
    assert not different


COLUMNS = [
    ["i", "int"], ["l", "bigint"], ["d", "double"], ["f", "float"], ["b", "boolean"],
    ["p", "decimal(5,2)"], ["v", "string"], ["n", "varchar(2)"], ["da", "date"],
    ["ts", "timestamp"], ["a", "array<int>"], ["s", "struct<x:int,y:array<struct<z:string>>>"],
]  # fmt: skip
USUAL = {
    "i": ["1", "-7", "0"], "l": ["9223372036854775807"], "d": ["1.5", "3", "1e3"], "f": ["0.1"],
    "b": ["true", "false"], "p": ["1.5", "12", '"3.25"'], "v": ['"x"', '"\\u00e9"', '""'],
    "n": ['"abc"'], "da": ['"2025-01-01"'], "a": ["[1,2]", "[]", "[null]"],
    "ts": ['"2025-01-01T10:20:30.123Z"'],
    "s": ['{"x":1}', '{"y":[{"z":"q"},{}]}', "{}", '{"x":2,"w":[1]}'], "other": ['{"k":"v"}', "{}"],
}  # fmt: skip
ODD = ["null", '"5"', "5", "-0", "-0.0", "1.9", "128", "1e400", "NaN", "TRUE", '""', "[]", "{}",
       '{"x":1,"x":2}', "[[1]]", '"2025-02-30"', '"2025-01-01T10:20:30.1234Z"', "99999.999", "9999.5",
       '"\\ud83d"', "{'x':1}", "1}{", '1}{"i":2', "1,", '"$line"', '{"$line":1}']  # fmt: skip
WHOLE = ["", "{}", "[1,2]", "null", "x", '{"i":1} {"i":2}', '{"i":', "1}", '{"I":1,"L":2}',
         '{"$line":0,"i":3}', '{"i":1,"I":2}', '{ "i" : 4 }', '{"\\ud83d":1}', '{"_col0":9}', '{"a":[1,', "2]}"]  # fmt: skip


def usual_lines() -> list[str]:
    longest = max(map(len, USUAL.values()))
    return [
        "{" + ",".join(f'"{key}":{texts[at % len(texts)]}' for key, texts in USUAL.items()) + "}"
        for at in range(longest)
    ]


def odd_blocks() -> list[list[str]]:
    """A value of another kind at each key, a line of another kind, two such lines."""
    values = [[f'{{"{key}":{value}}}'] for key in USUAL for value in ODD]
    return [*values, *([line] for line in WHOLE), *map(list, itertools.permutations(WHOLE, 2))]


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize("serde", ["openx", "hive"])
def test_many_lines_at_a_time_are_read_as_one_by_one(serde, lenient) -> None:
    """The keys are learned from usual lines alone: what is odd would make Arrow refuse all."""
    properties = {"ignore.malformed.json": "true", "use.null.for.invalid.data": "true"}
    columns, usual = COLUMNS, usual_lines()
    if serde == "hive":  # which knows no zone, and rounds to real by way of a double
        columns = [column for column in COLUMNS if column[0] != "f"]
        usual = [line.replace("T10:20:30.123Z", " 10:20:30.123") for line in usual]
    found = table(serde, columns, properties if lenient else {})

    @functools.cache
    def one(line: str) -> tuple[list[str], dict[str, str]]:
        return read(found, [line])[:2]

    def learned() -> plain.Plain:
        known = plain.Plain(list(found.data_columns), JsonOptions.of(found))
        for line in usual:
            known.learn(read_openx(line))
        return known

    arrays = learned().read(usual)  # else the rule book would be compared with itself
    assert [len(array) for array in arrays] == [len(usual)] * len(columns)
    different = []
    for odd in odd_blocks():
        known = learned()
        lines = [*usual, *odd, *usual]
        rows, faults, _ = read(found, lines, known)
        expected = [row for line in lines for row in one(line)[0]]
        names = {name for line in lines for name in one(line)[1]}
        if (sorted(rows), faults.keys()) != (sorted(expected), names):
            different.append((odd, sorted(set(rows) ^ set(expected)), faults))
    assert not different
