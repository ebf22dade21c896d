"""JSON functions. Source of the rules: Trino documentation, "JSON functions and operators"."""

import re

from localaws.sql.functions.literals import constant_text
from localaws.sql.functions.registry import BadArgument, signature, table
from localaws.sql.scope import Typed
from localaws.sql.types import JSON, VARCHAR

_PATH = re.compile(r"\$(\.[A-Za-z_][A-Za-z0-9_]*|\[\d+\]|\[\"[^\"\\]+\"\])*")


def _path(value: Typed) -> str:
    text = constant_text(value, "the JSON path")
    if not _PATH.fullmatch(text):
        raise BadArgument(f"the JSON path {text} is not supported locally")
    return re.sub(r"\[\"([^\"]+)\"\]", r'."\1"', text).replace("'", "''")


def _extract_scalar(arguments: list[Typed]) -> Typed:
    return Typed(f"tr_json_scalar({arguments[0].sql}, '{_path(arguments[1])}')", VARCHAR)


def _extract(arguments: list[Typed]) -> Typed:
    # The keys of a part keep their order, unless the whole was parsed before.
    macro = "tr_json_extract" if arguments[0].type.base == "varchar" else "tr_json_extract_parsed"
    return Typed(f"{macro}({arguments[0].sql}, '{_path(arguments[1])}')", JSON)


def _format(arguments: list[Typed]) -> Typed:
    if arguments[0].sql.startswith("tr_json_extract("):
        return Typed(f"CAST({arguments[0].sql} AS VARCHAR)", VARCHAR)
    return Typed(f"tr_json_format({arguments[0].sql})", VARCHAR)


FUNCTIONS = table(
    signature("json_extract_scalar(varchar, varchar) -> varchar", _extract_scalar),
    signature("json_extract_scalar(json, varchar) -> varchar", _extract_scalar),
    signature("json_extract(varchar, varchar) -> json", _extract),
    signature("json_extract(json, varchar) -> json", _extract),
    signature("json_parse(varchar) -> json", "tr_json_parse({0})"),
    signature("json_format(json) -> varchar", _format),
    signature("json_array_length(varchar) -> bigint", "tr_json_array_length({0})"),
    signature("json_array_length(json) -> bigint", "tr_json_array_length({0})"),
)
