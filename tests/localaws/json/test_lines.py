"""Lines of JSON tables against what real readers say of them (lines.tsv).

`expected` is what Trino 476's readers gave, with values that do not parse failing the query, as the
Athena user guide says, unless `use.null.for.invalid.data` is among the properties. FAIL: an error.
Where the real readers disagree (equal keys) the table has this project's choice, which is to fail.
The lines were put through io.trino:trino-hive-formats, OpenX's json-serde and hcatalog's SerDe.
"""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    "ts": ['"2025-01-01T10:20:30.123Z"', '"2025-01-01 10:20:30"'],
    "s": ['{"x":1}', '{"y":[{"z":"q"},{}]}', "{}", '{"x":2,"w":[1]}'], "other": ['{"k":"v"}', "5"],
}  # fmt: skip
ODD = ["null", '"5"', "5", "-0", "-0.0", "1.9", "128", "1e400", "NaN", "TRUE", '""', "[]", "{}",
       '{"x":1,"x":2}', "[[1]]", '"2025-02-30"', '"2025-01-01T10:20:30.1234Z"', "99999.999",
       '"\\ud83d"', "{'x':1}", "1}{", '1}{"i":2', "1,", '"$line"', '{"$line":1}']  # fmt: skip
WHOLE = ["", "{}", "[1,2]", "null", "x", '{"i":1} {"i":2}', '{"i":', "1}", '{"I":1,"L":2}',
         '{"$line":0,"i":3}', '{"i":1,"I":2}', '{ "i" : 4 }', '{"\\ud83d":1}', '{"_col0":9}', '{"a":[1,', "2]}"]  # fmt: skip


def member(key: str) -> st.SearchStrategy[str]:
    values = st.sampled_from(USUAL[key]) | st.sampled_from(ODD)
    return values.map(lambda value: f'"{key}":{value}')


USUAL_LINE = st.fixed_dictionaries(
    {}, optional={key: st.sampled_from(values) for key, values in USUAL.items()}
).map(lambda found: "{" + ",".join(f'"{key}":{value}' for key, value in found.items()) + "}")
ODD_LINE = st.sampled_from(WHOLE) | st.lists(
    st.sampled_from(list(USUAL)).flatmap(member), max_size=3
).map(lambda members: "{" + ",".join(members) + "}")


@settings(max_examples=150, deadline=None)
@given(
    serde=st.sampled_from(["openx", "hive"]),
    usual=st.lists(USUAL_LINE, max_size=6),
    odd=st.lists(ODD_LINE, max_size=2),
    lenient=st.booleans(),
)
def test_many_lines_at_a_time_are_read_as_one_by_one(serde, usual, odd, lenient) -> None:
    properties = {"ignore.malformed.json": "true", "use.null.for.invalid.data": "true"}
    found = table(serde, COLUMNS, properties if lenient else {})
    lines = [*usual, *odd, *usual]
    one_by_one = [read(found, [line]) for line in lines]
    _, _, known = read(found, lines)
    rows, faults, _ = read(found, lines, known)
    assert sorted(rows) == sorted(row for found_rows, _, _ in one_by_one for row in found_rows)
    assert faults.keys() == {name for _, each, _ in one_by_one for name in each}


def test_usual_lines_are_read_many_at_a_time() -> None:
    """Else the test above would compare the rule book with itself."""
    found = table("openx", COLUMNS, {})
    columns = list(found.data_columns)
    reader = plain.Plain(columns, JsonOptions.of(found))
    lines = ["{" + ",".join(f'"{key}":{USUAL[key][0]}' for key in USUAL) + "}"] * 2
    reader.learn(read_openx(lines[0]))
    arrays = reader.read(lines)
    assert [len(array) for array in arrays] == [2] * len(columns)
    assert [array.null_count for array in arrays] == [0] * len(columns)
