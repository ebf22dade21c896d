"""Regular expression functions; they run in Python (engine/functions/regexp.py).

Source of the rules: Trino documentation, "Regular expression functions".
"""

from localaws.sql.functions.registry import longer, pieces, signature, table

FUNCTIONS = table(
    signature("regexp_like(varchar, varchar) -> boolean", "py_regexp_like({0}, {1})"),
    signature("regexp_count(varchar, varchar) -> bigint", "py_regexp_count({0}, {1})"),
    signature("regexp_extract(varchar, varchar) -> =0", "py_regexp_extract({0}, {1}, 0)"),
    signature("regexp_extract(varchar, varchar, bigint) -> =0", "py_regexp_extract({0}, {1}, {2})"),
    signature(
        "regexp_extract_all(varchar, varchar) -> array(varchar)",
        pieces("py_regexp_extract_all({0}, {1}, 0)"),
    ),
    signature(
        "regexp_extract_all(varchar, varchar, bigint) -> array(varchar)",
        pieces("py_regexp_extract_all({0}, {1}, {2})"),
    ),
    signature(
        "regexp_split(varchar, varchar) -> array(varchar)", pieces("py_regexp_between({0}, {1})")
    ),
    signature("regexp_position(varchar, varchar) -> integer", "py_regexp_position({0}, {1}, 1, 1)"),
    signature(
        "regexp_position(varchar, varchar, integer) -> integer",
        "py_regexp_position({0}, {1}, {2}, 1)",
    ),
    signature(
        "regexp_position(varchar, varchar, integer, integer) -> integer",
        "py_regexp_position({0}, {1}, {2}, {3})",
    ),
    signature("regexp_replace(varchar, varchar) -> =0", "py_regexp_replace({0}, {1}, '')"),
    signature(
        "regexp_replace(varchar, varchar, varchar) -> varchar",
        longer(
            "py_regexp_replace({0}, {1}, {2})",
            lambda x, y: x + max(x * y // 2, y) * (x + 1),
            0,
            2,
        ),
    ),
)
