"""Window functions: those that need an OVER clause.

Source of the rules: Trino documentation, "Window functions", and io.trino.operator.window.
The template's {tail} is IGNORE NULLS or empty, {over} the OVER clause.
"""

from localaws.sql.functions.registry import Rule, signature, table
from localaws.sql.quoting import text_literal
from localaws.sql.scope import Typed
from localaws.sql.types import BIGINT, DOUBLE, Type


def _call(function: str, result: Type | None = None) -> Rule:
    def build(arguments: list[Typed]) -> Typed:
        values = ", ".join(_escaped(each.sql) for each in arguments)
        sql = f"{function}({values}{{tail}}){{over}}"
        return Typed(sql, result or arguments[0].type)

    return build


def _placed(function: str, place: int, lowest: int, message: str) -> Rule:
    """`function`, whose argument number `place` counts rows: at least `lowest`. NULL for NULL,
    which no offset may be."""

    def build(arguments: list[Typed]) -> Typed:
        values = [_escaped(each.sql) for each in arguments]
        rows = values[place]
        failed = f"tr_fail('INVALID_FUNCTION_ARGUMENT', {text_literal(message)})"
        offset = function in OFFSET_FUNCTIONS
        missing = (
            "tr_fail('INVALID_FUNCTION_ARGUMENT', 'Offset must not be null')" if offset else "1"
        )
        found = f"coalesce({rows}, {missing})"
        values[place] = f"CASE WHEN {rows} < {lowest} THEN {failed} ELSE {found} END"
        call = f"{function}({', '.join(values)}{{tail}}){{over}}"
        type_ = BIGINT if function == "ntile" else arguments[0].type
        return Typed(
            call if offset else f"CASE WHEN {rows} IS NULL THEN NULL ELSE {call} END", type_
        )

    return build


def _escaped(sql: str) -> str:
    return sql.replace("{", "{{").replace("}", "}}")


_BEHIND = "Offset must be at least 0"

WINDOWS = table(
    signature("row_number() -> bigint", _call("row_number", BIGINT)),
    signature("rank() -> bigint", _call("rank", BIGINT)),
    signature("dense_rank() -> bigint", _call("dense_rank", BIGINT)),
    signature("percent_rank() -> double", _call("percent_rank", DOUBLE)),
    signature("cume_dist() -> double", _call("cume_dist", DOUBLE)),
    signature("ntile(bigint) -> bigint", _placed("ntile", 0, 1, "Buckets must be greater than 0")),
    signature("first_value(T) -> T", _call("first_value")),
    signature("last_value(T) -> T", _call("last_value")),
    signature("nth_value(T, bigint) -> T", _placed("nth_value", 1, 1, "Offset must be at least 1")),
    signature("lag(T) -> T", _call("lag")),
    signature("lag(T, bigint) -> T", _placed("lag", 1, 0, _BEHIND)),
    signature("lag(T, bigint, T) -> T", _placed("lag", 1, 0, _BEHIND)),
    signature("lead(T) -> T", _call("lead")),
    signature("lead(T, bigint) -> T", _placed("lead", 1, 0, _BEHIND)),
    signature("lead(T, bigint, T) -> T", _placed("lead", 1, 0, _BEHIND)),
)
# Those that may IGNORE NULLS, and those that look at rows, not at the frame.
VALUE_FUNCTIONS = ("first_value", "last_value", "nth_value", "lag", "lead")
OFFSET_FUNCTIONS = ("lag", "lead")
