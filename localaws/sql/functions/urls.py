"""URL functions; they run in Python (engine/functions/urls.py).

Source of the rules: Trino documentation, "URL functions".
"""

from localaws.sql.functions.registry import longer, signature, table

FUNCTIONS = table(
    *(
        signature(f"url_extract_{part}(varchar) -> =0", f"py_url_extract_{part}({{0}})")
        for part in ("protocol", "host", "path", "query", "fragment")
    ),
    signature("url_extract_port(varchar) -> bigint", "py_url_extract_port({0})"),
    signature(
        "url_extract_parameter(varchar, varchar) -> =0", "py_url_extract_parameter({0}, {1})"
    ),
    signature("url_encode(varchar) -> varchar", longer("py_url_encode({0})", lambda x: 12 * x, 0)),
    signature("url_decode(varchar) -> =0", "py_url_decode({0})"),
)
