"""CAST to and from JSON.

Source of the rules: Trino documentation, "JSON functions and operators", and Trino's
TestJsonOperators. A JSON value is its text.
"""

from collections.abc import Callable

from localaws.sql.quoting import quoted, text_literal
from localaws.sql.scope import Typed
from localaws.sql.types import BIGINT, BOOLEAN, DOUBLE, VARCHAR, Type

Cast = Callable[[Typed, Type], Typed]

_SCALARS = ("boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "decimal")
_KEYS = (*_SCALARS, "varchar")


def can_be_json(type_: Type) -> bool:
    match type_.base:
        case "array":
            return can_be_json(type_.element)
        case "map":
            return type_.args[0].base in (*_KEYS, "unknown") and can_be_json(type_.args[1])
        case "row":
            return all(can_be_json(each) for _, each in type_.args)
        case "decimal":
            # Java writes smaller numbers than 0.000001 with an exponent.
            return type_.args[1] <= 6
    return type_.base in (*_KEYS, "json", "date", "timestamp", "unknown")


def can_come_from_json(type_: Type) -> bool:
    match type_.base:
        case "array":
            return _fits_inside(type_.element)
        case "map":
            return type_.args[0].base in _KEYS and _fits_inside(type_.args[1])
        case "row":
            return all(_fits_inside(each) for _, each in type_.args)
    return type_.base in (*_KEYS, "json")


def _fits_inside(type_: Type) -> bool:
    """The engine reads the parts of a document as doubles: no more digits than those keep."""
    if type_.base == "decimal" and type_.args[1] and type_.args[0] > 15:
        return False
    return can_come_from_json(type_)


def to_text(sql: str, type_: Type, cast: Cast, depth: int = 0) -> str:
    """The JSON text of a value; NULL for NULL, which is `null` only inside of others."""
    match type_.base:
        case "varchar":
            return f"tr_json_string({sql})"
        case "decimal":
            return decimal_text(sql, type_)
        case "real" | "double":
            return f"tr_json_float({sql})"
        case "date" | "timestamp":
            return f"('\"' || {cast(Typed(sql, type_), VARCHAR).sql} || '\"')"
        case "array":
            item = f"a{depth}"
            element = _inside(item, type_.element, cast, depth)
            items = f"list_transform({sql}, lambda {item}: {element})"
            return f"('[' || array_to_string({items}, ',') || ']')"
        case "map":
            return _map_text(sql, type_, cast, depth)
        case "row":
            fields = []
            for i, (name, field) in enumerate(type_.args):
                key = text_literal(f'{"" if i == 0 else ","}"{_escaped(name or "")}":')
                part = f"struct_extract({sql}, {text_literal(name or f'field{i}')})"
                fields.append(f"{key} || {_inside(part, field, cast, depth)}")
            return f"CASE WHEN {sql} IS NOT NULL THEN '{{' || {' || '.join(fields)} || '}}' END"
    return f"CAST({sql} AS VARCHAR)"


def decimal_text(sql: str, type_: Type) -> str:
    """With a zero before the point, which the engine leaves out where all digits are behind it."""
    precision, scale = type_.args
    text = f"CAST({sql} AS VARCHAR)"
    return f"replace({text}, '.', '0.')" if precision == scale else text


def _inside(sql: str, type_: Type, cast: Cast, depth: int) -> str:
    return f"coalesce({to_text(sql, type_, cast, depth + 1)}, 'null')"


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')


def _map_text(sql: str, type_: Type, cast: Cast, depth: int) -> str:
    """Keys come in order."""
    key_type, value_type = type_.args
    entry, pair = f"e{depth}", f"p{depth}"
    key = f"{entry}.key"
    if key_type.base in ("real", "double"):
        key = f"tr_java_float({key})"
    pairs = (
        f"list_sort(list_transform(map_entries({sql}), lambda {entry}: "
        f"struct_pack(k := CAST({key} AS VARCHAR), v := {entry}.value)))"
    )
    value = _inside(f"{pair}.v", value_type, cast, depth)
    written = f"tr_json_string({pair}.k) || ':' || {value}"
    items = f"list_transform({pairs}, lambda {pair}: {written})"
    return f"('{{' || array_to_string({items}, ',') || '}}')"


def from_json(sql: str, target: Type, cast: Cast, depth: int = 0) -> str:
    """`sql`, a JSON value, as `target`; fails with INVALID_CAST_ARGUMENT where it does not fit."""
    if target.base == "json":
        return sql
    it = f"j{depth}"
    misfit = f"tr_json_misfit({it}, {text_literal(str(target))})"
    branches = "WHEN 'null' THEN NULL "
    match target.base:
        case "array":
            items = _array_items(it, target.element, cast, depth)
            branches += f"WHEN 'array' THEN {items} ELSE [{misfit}::{_bare(target.element)}]"
        case "map":
            branches += f"WHEN 'object' THEN {_map_items(it, target, cast, depth)} "
            branches += f"ELSE MAP([{misfit}::{_bare(target.args[0])}], [NULL])"
        case "row":
            branches += _row_branches(it, target, cast, depth)
            branches += f"ELSE CAST({misfit}::VARCHAR AS {target.duckdb()})"
        case _:
            branches += _scalar_branches(it, target, cast)
            branches += f"ELSE CAST({misfit} AS {target.duckdb()})"
    # The lambda lets the document be computed only once.
    body = f"CASE tr_json_kind({it}) {branches} END"
    return f"list_transform([{sql}], lambda {it}: {body})[1]"


def _bare(type_: Type) -> str:
    """A cast through text that holds for every type: it is of a value that never comes."""
    return f"VARCHAR::{type_.duckdb()}"


def _scalar_branches(it: str, target: Type, cast: Cast) -> str:
    text = Typed(f"json_extract_string({it}, '$')", VARCHAR)
    plain = f"CAST({it} AS VARCHAR)"
    double = Typed(f"CAST({plain} AS DOUBLE)", DOUBLE)
    if target.base == "varchar":
        # Unlike that of a varchar, this cast does not cut.
        size = target.args[0] if target.args else None
        text, whole, broken = (
            Typed(f"tr_fitting({each.sql}, {size}, 'json')" if size else each.sql, target)
            for each in (text, Typed(plain, VARCHAR), cast(double, VARCHAR))
        )
    elif target.base == "decimal":
        whole = broken = cast(Typed(plain, VARCHAR), target)
    elif target == BOOLEAN:
        whole, broken = cast(cast(Typed(plain, VARCHAR), BIGINT), BOOLEAN), cast(double, BOOLEAN)
    else:
        whole, broken = cast(Typed(plain, VARCHAR), target), cast(double, target)
    truth = cast(Typed(f"CAST({plain} AS BOOLEAN)", BOOLEAN), target)
    return (
        f"WHEN 'string' THEN {cast(text, target).sql} WHEN 'boolean' THEN {truth.sql} "
        f"WHEN 'integer' THEN {whole.sql} WHEN 'float' THEN {broken.sql} "
    )


def _array_items(it: str, element: Type, cast: Cast, depth: int) -> str:
    item = f"i{depth}"
    value = from_json(item, element, cast, depth + 1)
    return f"list_transform(json_extract({it}, '$[*]'), lambda {item}: {value})"


def _map_items(it: str, target: Type, cast: Cast, depth: int) -> str:
    key_type, value_type = target.args
    key, item = f"k{depth}", f"i{depth}"
    keys = (
        f"list_transform(json_keys({it}), lambda {key}: {cast(Typed(key, VARCHAR), key_type).sql})"
    )
    value = from_json(item, value_type, cast, depth + 1)
    values = f"list_transform(json_extract({it}, '$.*'), lambda {item}: {value})"
    return f"MAP({keys}, {values})"


def _row_branches(it: str, target: Type, cast: Cast, depth: int) -> str:
    """Objects by the names of the fields, without regard to case; arrays by their places."""
    name = f"n{depth}"
    keys = f"[lower({name}) FOR {name} IN json_keys({it})]"
    misfit = (
        f"CAST(tr_json_misfit({it}, {text_literal(str(target))})::VARCHAR AS {target.duckdb()})"
    )

    def row(part: Callable[[int, str | None], str]) -> str:
        fields = (
            f"{quoted(field or f'field{i}')} := {from_json(part(i, field), type_, cast, depth + 1)}"
            for i, (field, type_) in enumerate(target.args)
        )
        return f"struct_pack({', '.join(fields)})"

    by_place = row(lambda i, _: f"json_extract({it}, '$[{i}]')")
    whole = f"json_array_length({it}) = {len(target.args)}"
    branches = f"WHEN 'array' THEN CASE WHEN {whole} THEN {by_place} ELSE {misfit} END "
    if all(field for field, _ in target.args):
        by_name = row(
            lambda _, field: (
                f"json_extract({it}, '$.*')"
                f"[list_position({keys}, {text_literal((field or '').lower())})]"
            )
        )
        single = f"len(list_distinct({keys})) = len({keys})"
        branches += f"WHEN 'object' THEN CASE WHEN {single} THEN {by_name} ELSE {misfit} END "
    return branches
