"""Reading text as Hive's RegexSerDe does: each group of a Java expression is a column.

A line that does not match whole is a row of NULLs. Source of the rules: Trino's RegexDeserializer.
"""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa

from localaws.sql.errors import QueryError
from localaws.sql.quoting import quoted
from localaws.sql.types import Type
from localaws.tables import decoded
from localaws.tables.csv_format import text_batches
from localaws.tables.hive import HiveTable
from localaws.tables.text_lines import FILE, read_lines

SERDES = (
    "org.apache.hadoop.hive.serde2.RegexSerDe",
    "org.apache.hadoop.hive.contrib.serde2.RegexSerDe",
)
_PROPERTIES = {
    "input.regex",
    "input.regex.case.insensitive",
    "serialization.format",
    "output.format.string",
}
# What means the same in Java's expressions and in Python's (of ASCII); `name` and `end` differ in
# spelling only.
_PART = re.compile(
    r"""\\[dDwWsStnrf1-9] | \\[^A-Za-z0-9] | \(\?(?::|=|!|<=|<!) | \(\?<(?P<name>[A-Za-z]\w*)>
      | \((?!\?) | \) | \[\^?(?:\\[dDwWsStnrf]|\\[^A-Za-z0-9]|(?!&&)[^\\\[\]])+\]
      | [*+?][+?]? | \{\d+(?:,\d*)?\}[?+]? | (?P<end>\$) | [.^|] | [^\\\[\](){}*+?.^$|]""",
    re.VERBOSE | re.ASCII,
)


def java_pattern(text: str, *, ignore_case: bool = False) -> re.Pattern[str]:
    """A Java expression (DOTALL) for Python's `fullmatch`.

    Raises NOT_SUPPORTED for one that may mean something else here.
    """
    if text.startswith("(?i)"):
        text, ignore_case = text[4:], True
    at, written = 0, []
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            message = f"the regular expression {text!r} is not supported locally (at {text[at:]!r})"
            raise QueryError("NOT_SUPPORTED", message)
        if part["name"]:
            written.append(f"(?P<{part['name']}>")
        elif part["end"]:
            # Java's ends before a last line terminator too; lines hold none but these.
            written.append("(?=[\x85\u2028\u2029]?\\Z)")
        else:
            written.append(part[0])
        at = part.end()
    try:
        flags = re.DOTALL | re.ASCII | (re.IGNORECASE if ignore_case else 0)
        return re.compile("".join(written), flags)
    except re.error as error:
        message = f"the regular expression {text!r} is not supported locally: {error}"
        raise QueryError("NOT_SUPPORTED", message) from None


def scan_sql(
    columns: list[tuple[str, Type]],
    files: list[Path],
    codec: str,
    table: HiveTable,
    skip: int,
    scratch: Path,
) -> str:
    """A relation of `columns` and "$file"."""
    properties = table.serde_parameters
    if unknown := set(properties) - _PROPERTIES:
        names = ", ".join(sorted(unknown))
        raise QueryError("NOT_SUPPORTED", f"SerDe property {names} is not supported locally")
    if not properties.get("input.regex"):
        raise QueryError(
            "HIVE_INVALID_METADATA", f"{table.name}: the property input.regex is missing"
        )
    ignore_case = properties.get("input.regex.case.insensitive", "").lower() == "true"
    pattern = java_pattern(properties["input.regex"], ignore_case=ignore_case)
    if pattern.groups != len(table.data_columns):
        message = "Number of matching groups doesn't match the number of columns"
        raise QueryError("HIVE_CURSOR_ERROR", message)
    schema = pa.schema([(name, pa.string()) for name, _ in table.data_columns])
    way = f"regex {codec} {skip} {ignore_case} {pattern.pattern}"
    source = decoded.scan_sql(
        files, way, schema, partial(_decode, codec, skip, schema, pattern), scratch
    )
    values = [f"{_value(quoted(name), type_)} AS {quoted(name)}" for name, type_ in columns]
    return f"(SELECT {', '.join([*values, quoted(FILE)])} FROM {source})"


def _decode(
    codec: str, skip: int, schema: pa.Schema, pattern: re.Pattern[str], file: Path
) -> Iterator[pa.RecordBatch]:
    nothing = [None] * pattern.groups
    matches = map(pattern.fullmatch, read_lines(file, codec, skip))
    rows = (list(match.groups()) if match else nothing for match in matches)
    return text_batches(rows, schema)


def _value(text: str, type_: Type) -> str:
    match type_.base:
        case "varchar":
            return f"substr({text}, 1, {type_.args[0]})" if type_.args else text
        case "char":
            return f"tr_char({text}, {type_.args[0]})"
        case "boolean":
            return f"(lower({text}) = 'true')"
        case "tinyint" | "smallint" | "integer" | "bigint":
            return f"TRY_CAST(tr_text_whole({text}) AS {type_.duckdb()})"
        case "real" | "double":
            return f"TRY_CAST(tr_text_double({text}) AS {type_.duckdb()})"
        case "decimal":
            return f"TRY_CAST(tr_text_decimal({text}) AS {type_.duckdb()})"
        case "date" | "timestamp":
            return f"tr_text_{type_.base}({text})"
    raise QueryError("NOT_SUPPORTED", f"{type_} in a Regex table is not supported locally")
