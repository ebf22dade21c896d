"""Prints trino_functions.tsv: the functions of a running Trino.

    python tests/localaws/sql/trino_functions.py http://127.0.0.1:8080 > tests/localaws/sql/trino_functions.tsv

One line a signature of SHOW FUNCTIONS, in the spelling of localaws/sql/functions/, and the type
that Trino gives to a call with `given` arguments. Left out is what takes or gives a value that
localaws has no type for (sketches, geometries, lambdas, times ...). The table that is checked in
was made from Trino 476.
"""

import json
import re
import sys
import urllib.request
from collections.abc import Iterator

_FOREIGN = re.compile(
    r"geometry|geography|bingtile|kdbtree|digest|hyperloglog|sketch|color|function\(|time\(|^unknown"
)
_SPELLINGS = [
    (r"joniregexp|jsonpath|codepoints", "varchar"),
    (r"\b(varchar|char)\([a-z]\)", r"\1"),
    (r"decimal\(\w+,\w+\)", "decimal"),
    (r"timestamp\(p\) with time zone", "timestamptz"),
    (r"timestamp\(p\)", "timestamp"),
    (r",\s*", ", "),
]
# What SHOW FUNCTIONS does not tell: whose last argument repeats, and how many there must be.
_VARIADIC = {
    **{("concat", each): f"{each}, {each}..." for each in ("varchar", "varbinary", "array(T)")},
    ("concat_ws", "varchar, varchar"): "varchar, varchar...",
    ("greatest", "T"): "T...",
    ("least", "T"): "T...",
    ("map_concat", "map(T, U)"): "map(T, U), map(T, U)...",
}
# Of each type with a free part one that has it.
_GIVEN = {
    "decimal": "decimal(5,2)",
    "varchar": "varchar(5)",
    "char": "char(4)",
    "timestamp": "timestamp(6)",
    "timestamptz": "timestamp(6) with time zone",
    "T": "integer",
    "U": "varchar(3)",
    "K": "date",
    "V": "double",
    "W": "boolean",
}
# The places of what must be a constant in localaws: units, formats, zones, offsets, digits.
CONSTANTS = {
    **{key: {0: "'day'"} for key in ("date_add", "date_diff", "date_trunc")},
    **{key: {1: "'%Y'"} for key in ("date_format", "date_parse")},
    **{key: {1: "'yyyy'"} for key in ("format_datetime", "parse_datetime")},
    **{key: {1: "'UTC'"} for key in ("with_timezone", "at_timezone", "from_unixtime")},
    "round": {1: "1"},
    "trim": {1: "'x'"},
    ("at_timezone", 1, "interval day to second"): {1: "interval '1' hour"},
    ("from_unixtime", 1, "bigint"): {1: "1", 2: "1"},
}


def given(parameter: str) -> str:
    """`array(T)` -> `array(integer)`: a type for a parameter."""
    plain = parameter.removesuffix("...")
    return re.sub(r"\w+(?![\w(])", lambda word: _GIVEN.get(word[0], word[0]), plain)


def call(name: str, kind: str, types: list[str]) -> str:
    """A query of one call, whose arguments are NULLs of these types in a column each."""
    constants = CONSTANTS.get(name, {})
    if len(types) > 1:
        constants = CONSTANTS.get((name, 1, types[1]), constants)
    columns = [f"c{i}" for i in range(max(1, len(types)))]
    arguments = ", ".join(constants.get(i, columns[i]) for i in range(len(types)))
    nulls = ", ".join(f"CAST(NULL AS {each})" for each in types) or "NULL"
    over = " OVER (ORDER BY c0)" if kind == "window" else ""
    return f"SELECT {name}({arguments}){over} FROM (VALUES ({nulls})) AS t({', '.join(columns)})"


def _spelled(types: str) -> str:
    variables: dict[str, str] = {}

    def renamed(variable: re.Match[str]) -> str:
        return variables.setdefault(variable[0], "TUKVW"[len(variables)])

    for pattern, spelling in _SPELLINGS:
        types = re.sub(pattern, spelling, types)
    return re.sub(r"\b[A-Za-z]\d?\b", renamed, types)


def _answer(url: str, sql: str) -> Iterator[dict]:
    """The pages of Trino's answer."""
    headers = {"X-Trino-User": "test", "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME"}
    request = urllib.request.Request(f"{url}/v1/statement", sql.encode(), headers)
    while True:
        with urllib.request.urlopen(request) as response:
            page = json.load(response)
        yield page
        if "nextUri" not in page:
            return
        request = urllib.request.Request(page["nextUri"], headers=headers)


def _result(url: str, sql: str) -> str | None:
    """The type of the only column; None where a function has a syntax of its own."""
    pages = list(_answer(url, sql))
    if error := pages[-1].get("error"):
        if error["errorName"] == "SYNTAX_ERROR":
            return None
        raise SystemExit(f"{sql}: {error['message']}")
    columns = next(page["columns"] for page in pages if page.get("columns"))
    return columns[0]["type"].lower()


def main(url: str) -> None:
    listed = {
        (name, kind, _VARIADIC.get((name, _spelled(parameters)), _spelled(parameters)))
        for page in _answer(url, "SHOW FUNCTIONS")
        for name, returns, parameters, kind, *_ in page.get("data", ())
        if kind != "table" and not _FOREIGN.search(f"{parameters} {returns}".lower())
    }
    print("name", "kind", "parameters", "result", sep="\t")
    for name, kind, parameters in sorted(listed):
        types = [given(each) for each in re.split(r", (?![^(]*\))", parameters) if each]
        if result := _result(url, f"{call(name, kind, types)} WHERE false"):
            print(name, kind, parameters, result, sep="\t", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
