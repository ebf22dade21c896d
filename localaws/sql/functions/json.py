"""JSON functions: the text is read and written in Python (engine/functions/json.py).

Source of the rules: Trino documentation, "JSON functions and operators".
"""

from localaws.sql.functions.registry import Overload, signature, table

# A value of type JSON is its text to the engine.
_TEXT = "CAST({0} AS VARCHAR)"


def _of_both(name: str, others: str, returns: str, build: str) -> list[tuple[str, Overload]]:
    """The function of a document as text and of one as JSON."""
    sql = build.replace("{0}", _TEXT)
    return [
        signature(f"{name}({type_}{others}) -> {returns}", sql) for type_ in ("varchar", "json")
    ]


FUNCTIONS = table(
    signature("json_parse(varchar) -> json", "CAST(py_json_parse({0}) AS JSON)"),
    signature("json_format(json) -> varchar", _TEXT),
    *_of_both("json_extract", ", varchar", "json", "CAST(py_json_extract({0}, {1}) AS JSON)"),
    # Of a text it is as long as that at most.
    signature("json_extract_scalar(varchar, varchar) -> =0", "py_json_extract_scalar({0}, {1})"),
    signature(
        "json_extract_scalar(json, varchar) -> varchar",
        f"py_json_extract_scalar({_TEXT}, {{1}})",
    ),
    *_of_both("json_size", ", varchar", "bigint", "py_json_size({0}, {1})"),
    *_of_both("json_array_length", "", "bigint", "py_json_array_length({0})"),
    *_of_both("json_array_get", ", bigint", "json", "CAST(py_json_array_get({0}, {1}) AS JSON)"),
    *_of_both("is_json_scalar", "", "boolean", "py_is_json_scalar({0})"),
    *(
        entry
        for type_ in ("varchar", "boolean", "bigint", "double")
        for entry in _of_both(
            "json_array_contains",
            f", {type_}",
            "boolean",
            f"py_json_array_contains_{type_}({{0}}, {{1}})",
        )
    ),
)
