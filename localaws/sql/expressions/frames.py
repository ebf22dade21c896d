"""Frames of window functions: ROWS, RANGE and GROUPS with their bounds.

Source of the rules: Trino's ExpressionAnalyzer (analyzeWindow, analyzeFrameRangeOffset).
"""

from sqlglot import exp

from localaws.sql.casts import coerce
from localaws.sql.coercions import can_coerce, common_type
from localaws.sql.expressions.aggregates import order_items, ordering
from localaws.sql.expressions.core import compile_expression, refuse_parts
from localaws.sql.scope import Scope, Typed
from localaws.sql.types import BIGINT, DATE, DAY_TO_SECOND, YEAR_TO_MONTH

# Milliseconds and months.
_INTERVALS = (DAY_TO_SECOND, YEAR_TO_MONTH)
_MOMENTS = ("date", "timestamp", "timestamp with time zone")
_DAY = 86_400_000
_FAIL = "tr_fail('INVALID_WINDOW_FRAME', 'Window frame offset value must not be negative or null')"
_NO_DAYS = "tr_fail('INVALID_FUNCTION_ARGUMENT', 'Cannot add hour, minutes or seconds to a date')"


def frame_clause(frame: exp.WindowSpec, order: exp.Order | None, scope: Scope) -> tuple[str, str]:
    """The window's ORDER BY items, and its frame."""
    refuse_parts(frame, {"kind", "start", "start_side", "end", "end_side"}, scope)
    kind = frame.args["kind"].upper()
    items = order.expressions if order else []
    ends = [_end(frame, end) for end in ("start", "end")]
    _check_ends(frame, ends, scope)
    offsets = [bound for bound, _ in ends if isinstance(bound, exp.Expression)]
    ordered = order_items(items, scope) if items else ""
    if kind != "ROWS" and offsets and not items:
        message = f"Window frame of type {kind} PRECEDING or FOLLOWING requires ORDER BY"
        scope.error("MISSING_ORDER_BY", message, frame)
    key = None
    if kind == "RANGE" and offsets:
        key = _range_key(items, offsets, scope)
        ordered = key.sql + ordering(items[0])
    if kind == "GROUPS" and not items:
        # Without ORDER BY all rows are peers; the engine asks for one.
        ordered = "TRUE"
    bounds = []
    for (bound, side), word in zip(ends, ("start", "end"), strict=True):
        if isinstance(bound, exp.Expression):
            value = _distance(bound, key, scope) if key else _rows(bound, kind, word, scope)
            bounds.append(f"{value} {side}")
        else:
            bounds.append(f"{bound} {side}".strip())
    return ordered, f"{kind} BETWEEN {bounds[0]} AND {bounds[1]}"


def _end(frame: exp.WindowSpec, end: str) -> tuple[exp.Expression | str, str]:
    bound = frame.args.get(end) or "CURRENT ROW"
    return bound, (frame.args.get(f"{end}_side") or "").upper()


def _check_ends(frame: exp.WindowSpec, ends: list, scope: Scope) -> None:
    (start, start_side), (end, end_side) = ends
    message = None
    if (start, start_side) == ("UNBOUNDED", "FOLLOWING"):
        message = "Window frame start cannot be UNBOUNDED FOLLOWING"
    elif (end, end_side) == ("UNBOUNDED", "PRECEDING"):
        message = "Window frame end cannot be UNBOUNDED PRECEDING"
    elif start == "CURRENT ROW" and end_side == "PRECEDING":
        message = "Window frame starting from CURRENT ROW cannot end with PRECEDING"
    elif start_side == "FOLLOWING" and end_side == "PRECEDING":
        message = "Window frame starting from FOLLOWING cannot end with PRECEDING"
    elif start_side == "FOLLOWING" and end == "CURRENT ROW":
        message = "Window frame starting from FOLLOWING cannot end with CURRENT ROW"
    if message:
        scope.error("INVALID_WINDOW_FRAME", message, frame)


def _rows(bound: exp.Expression, kind: str, word: str, scope: Scope) -> str:
    """A number of rows or of groups."""
    value = compile_expression(bound, scope)
    whole = value.type.is_integer or (value.type.base == "decimal" and value.type.args[1] == 0)
    if not whole or not can_coerce(value.type, BIGINT):
        if whole:
            scope.error("NOT_SUPPORTED", f"a frame bound of type {value.type}", bound)
        message = (
            f"Window frame {kind} {word} value type must be exact numeric type with scale 0 "
            f"(actual {value.type})"
        )
        scope.error("TYPE_MISMATCH", message, bound)
    sql = coerce(value, BIGINT).sql
    if isinstance(bound, exp.Literal):
        return sql
    return f"CASE WHEN {sql} IS NULL OR {sql} < 0 THEN {_FAIL} ELSE {sql} END"


def _range_key(items: list, offsets: list[exp.Expression], scope: Scope) -> Typed:
    """The one sort key of a RANGE with offsets, as the type it is compared in."""
    if len(items) != 1:
        message = (
            "Window frame of type RANGE PRECEDING or FOLLOWING requires single sort item in "
            f"ORDER BY (actual: {len(items)})"
        )
        scope.error("INVALID_ORDER_BY", message, items[0])
    key = compile_expression(items[0].this, scope)
    if key.type.base == "time":
        scope.error("NOT_SUPPORTED", "a RANGE over a time is not supported locally", items[0])
    if not (key.type.is_numeric or key.type.base in _MOMENTS):
        message = (
            "Window frame of type RANGE PRECEDING or FOLLOWING requires that sort item type be "
            f"numeric, datetime or interval (actual: {key.type})"
        )
        scope.error("TYPE_MISMATCH", message, items[0])
    if key.type.base == "decimal":
        # Wider decimals hold the same values.
        target = key.type
        for offset in offsets:
            type_ = compile_expression(offset, scope).type
            target = common_type(target, type_) or target
        return coerce(key, target) if target.base == "decimal" else key
    return key


def _distance(bound: exp.Expression, key: Typed, scope: Scope) -> str:
    """How far from the sort key a RANGE reaches, in what the engine adds to the key."""
    value = compile_expression(bound, scope)
    fits = value.type.is_numeric if key.type.is_numeric else value.type in _INTERVALS
    if not fits:
        message = (
            f"Window frame RANGE value type ({value.type}) not compatible with sort item type "
            f"({key.type})"
        )
        scope.error("TYPE_MISMATCH", message, bound)
    if key.type.is_numeric and not can_coerce(value.type, key.type):
        message = f"a RANGE of {value.type} over {key.type} is not supported locally: cast one"
        scope.error("NOT_SUPPORTED", message, bound)
    sql = coerce(value, key.type).sql if key.type.is_numeric else value.sql
    checked = f"CASE WHEN {sql} IS NULL OR {sql} < 0 THEN {_FAIL} ELSE {sql} END"
    if value.type == YEAR_TO_MONTH:
        return f"to_months(CAST({checked} AS INTEGER))"
    if value.type == DAY_TO_SECOND and key.type == DATE:
        whole = f"CASE WHEN {sql} % {_DAY} = 0 THEN {checked} // {_DAY} ELSE {_NO_DAYS} END"
        return f"to_days(CAST({whole} AS INTEGER))"
    if value.type == DAY_TO_SECOND:
        return f"to_microseconds(1000 * ({checked}))"
    return checked
