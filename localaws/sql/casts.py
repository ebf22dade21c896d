"""CAST, TRY_CAST and implicit coercion, by Trino's conversion rules.

The `tr_*` macros stand in engine/macros/. A pair of types that is not listed is refused.
"""

from localaws.sql.json_casts import (
    can_be_json,
    can_come_from_json,
    decimal_text,
    from_json,
    to_text,
)
from localaws.sql.quoting import quoted, text_literal
from localaws.sql.scope import DataZone, Typed
from localaws.sql.time_zones import local_sql
from localaws.sql.types import VARCHAR, Type, timestamp

LONGEST_CHAR = 255  # as in the catalog


class CannotCast(Exception):
    """Trino, or the local engine, has no such conversion; str() tells which of the two."""


def coerce(value: Typed, target: Type) -> Typed:
    """`value` as `target`, where `can_coerce` allows it, or on its way into a column.

    A column of type varchar(n) takes a longer text only where spaces are all that is cut off.
    """
    if value.type.is_string and target.is_string and _shortens(value.type, target):
        stored = Typed(f"tr_stored_text({value.sql}, {target.args[0]})", VARCHAR)
        return cast(stored, target) if target.base == "char" else Typed(stored.sql, target)
    return value if value.type == target else cast(value, target)


def cast(value: Typed, target: Type) -> Typed:
    """`value` converted as CAST does: fails at run time where Trino fails.

    Raises CannotCast for a pair of types without a conversion.
    """
    source = value.type
    if source == target:
        return value
    if source.base == "unknown":
        return Typed(f"CAST({value.sql} AS {target.duckdb()})", target)
    if value.data_zone and target.base in ("timestamp", "date"):
        return cast(local_timestamp(value), target)
    if source.is_string and target.base == "timestamp with time zone":
        return zoned_text(value, target)
    sql = _cast_sql(value.sql, source, target)
    return Typed(sql, target)


def _cast_sql(sql: str, source: Type, target: Type) -> str:
    plain = f"CAST({sql} AS {target.duckdb()})"
    match source.base, target.base:
        case ("decimal", ("real" | "double")):
            return _decimal_to_float(sql, source, target)
        case (("tinyint" | "smallint" | "integer" | "bigint" | "decimal"), _) if target.is_numeric:
            return plain
        case ("double", "real"):
            return f"tr_double_to_real({sql})"
        case ("real", "double"):
            return plain
        case (("real" | "double"), "decimal"):
            # Trino rounds the shortest decimal text of the value, DuckDB its binary value.
            return f"CAST(CAST({sql} AS VARCHAR) AS {target.duckdb()})"
        case (("real" | "double"), _) if target.is_integer:
            # Trino rounds half away from zero, DuckDB half to even.
            return f"CAST(round({sql}) AS {target.duckdb()})"
        case ("boolean", "decimal"):
            return f"CAST(CAST({sql} AS INTEGER) AS {target.duckdb()})"
        case ("decimal", "boolean"):
            return f"({sql} <> 0)"
        case ("boolean", _) if target.is_numeric:
            return plain
        case (_, "boolean") if source.is_numeric:
            return plain
        case ("varchar", ("varchar")):
            return f"substr({sql}, 1, {target.args[0]})" if _shortens(source, target) else sql
        case ("char", "varchar"):
            return f"substr({sql}, 1, {target.args[0]})" if _shortens(source, target) else sql
        case (("varchar" | "char"), "char"):
            if target.args[0] > LONGEST_CHAR:
                message = "char values of unknown length are not supported locally: use varchar"
                raise CannotCast(message)
            return f"tr_char({sql}, {target.args[0]})"
        case ("varchar", "boolean"):
            return f"tr_varchar_to_boolean({sql})"
        case ("varchar", _) if target.is_integer:
            return f"CAST(tr_integer_text({sql}, '{target}') AS {target.duckdb()})"
        case ("varchar", "decimal"):
            return f"CAST(tr_decimal_text({sql}, '{str(target).upper()}') AS {target.duckdb()})"
        case ("varchar", ("real" | "double")):
            return f"CAST(tr_float_text({sql}, '{target}') AS {target.duckdb()})"
        case ("varchar", "date"):
            return f"tr_varchar_to_date({sql})"
        case ("varchar", "timestamp"):
            return _round_timestamp(f"tr_varchar_to_timestamp({sql})", 6, target.args[0])
        case ("varchar", "varbinary"):
            return f"encode({sql})"
        case ("varchar", "uuid"):
            return f"CAST(tr_uuid_text({sql}) AS UUID)"
        case ("varchar", "time"):
            return f"CAST(tr_time_text({sql}, {target.args[0]}) AS TIME)"
        case ("time" | "timestamp", "time") if source.args[0] <= target.args[0]:
            return plain
        case (_, "json") if can_be_json(source):
            return f"CAST({to_text(sql, source, cast)} AS JSON)"
        case ("json", _) if can_come_from_json(target):
            _refuse_fields_of_one_name(target)
            return from_json(sql, target, cast)
        case ("date", "timestamp"):
            return plain
        case ("date", "timestamp with time zone"):
            return f"timezone('UTC', CAST({sql} AS TIMESTAMP))"
        case ("timestamp", "date"):
            return plain
        case ("timestamp", "timestamp"):
            return _round_timestamp(sql, source.args[0], target.args[0])
        case ("timestamp", "timestamp with time zone"):
            # On its way it is rounded to milliseconds, if to less than those.
            in_millis = _round_timestamp(sql, source.args[0], max(3, target.args[0]))
            rounded = _round_timestamp(in_millis, min(source.args[0], 3), target.args[0])
            return f"timezone('UTC', {rounded})"
        case ("timestamp with time zone", ("timestamp" | "date")):
            local = local_timestamp(Typed(sql, source))
            return _cast_sql(local.sql, local.type, target) if local.type != target else local.sql
        case ("timestamp with time zone", "timestamp with time zone"):
            return _round_timestamp(sql, source.args[0], target.args[0])
        case (_, "varchar"):
            text = _text_sql(sql, source)
            return f"tr_fitting({text}, {target.args[0]}, '{source}')" if target.args else text
        case ("array", "array"):
            element = cast(Typed("x", source.element), target.element).sql
            return sql if element == "x" else f"list_transform({sql}, lambda x: {element})"
        case ("map", "map"):
            return _cast_map(sql, source, target)
        case ("row", "row") if len(source.args) == len(target.args):
            return _cast_row(sql, source, target)
    raise CannotCast(f"Cannot cast {source} to {target}")


def _shortens(source: Type, target: Type) -> bool:
    return bool(target.args) and not (source.args and source.args[0] <= target.args[0])


def _decimal_to_float(sql: str, source: Type, target: Type) -> str:
    """As Java does it: up to 18 digits are divided as doubles (or floats), more are read as text.
    What the float holds without loss comes out the same either way."""
    precision, scale = source.args
    exact = 15 if target.base == "double" else 7
    name = target.duckdb()
    if precision <= exact:
        return f"CAST({sql} AS {name})"
    if precision > 18:
        return f"CAST(CAST({sql} AS VARCHAR) AS {name})"
    digits = f"CAST(replace(CAST({sql} AS VARCHAR), '.', '') AS BIGINT)"
    return f"(CAST({digits} AS {name}) / CAST({10**scale} AS {name}))"


def _cast_map(sql: str, source: Type, target: Type) -> str:
    (key, value), (new_key, new_value) = source.args, target.args
    keys, values = cast(Typed("e.key", key), new_key).sql, cast(Typed("e.value", value), new_value)
    if (keys, values.sql) == ("e.key", "e.value"):
        return sql
    pair = f"struct_pack(k := {keys}, v := {values.sql})"
    return f"map_from_entries(list_transform(map_entries({sql}), lambda e: {pair}))"


def _refuse_fields_of_one_name(target: Type) -> None:
    """Trino has such rows, also inside of arrays and maps; the engine's structs cannot be so."""
    match target.base:
        case "array":
            _refuse_fields_of_one_name(target.element)
        case "map":
            _refuse_fields_of_one_name(target.args[1])
        case "row":
            names = [name.lower() for name, _ in target.args if name]
            if len(set(names)) < len(names):
                message = f"fields of one name, in any case, are not supported locally: {target}"
                raise CannotCast(message)
            for _, each in target.args:
                _refuse_fields_of_one_name(each)


def _cast_row(sql: str, source: Type, target: Type) -> str:
    _refuse_fields_of_one_name(target)
    fields = []
    for i, ((name, type_), (new_name, new_type)) in enumerate(
        zip(source.args, target.args, strict=True)
    ):
        part = Typed(f"struct_extract({sql}, {text_literal(name or f'field{i}')})", type_)
        fields.append(f"{quoted(new_name or f'field{i}')} := {cast(part, new_type).sql}")
    return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({', '.join(fields)}) END"


def local_timestamp(value: Typed) -> Typed:
    """The local time of a timestamp with time zone, where its zone is known."""
    type_ = Type("timestamp", value.type.args)
    if value.data_zone:
        return Typed(f"tr_local_at({value.data_zone.instant}, {value.data_zone.zone})", type_)
    if value.type.zone is None:
        raise CannotCast(
            "the local time of a timestamp with time zone whose zone comes from the data is not "
            "supported locally: say which zone, e.g. x AT TIME ZONE 'UTC'"
        )
    return Typed(local_sql(value.sql, value.type.zone), type_)


def zoned_text(value: Typed, target: Type) -> Typed:
    """CAST(text AS timestamp with time zone): the text may name UTC or an offset; a region that
    only the data tells is refused at run time."""
    local = cast(Typed(f"tr_zoned_text_local({value.sql})", VARCHAR), timestamp(target.args[0]))
    zone = f"tr_zoned_text_zone({value.sql})"
    return DataZone(f"tr_instant_at({local.sql}, {zone})", zone).typed(target)


def _round_timestamp(sql: str, precision: int, target: int) -> str:
    """Trino rounds half up when it shortens a fraction of a second."""
    if target >= precision or precision == 0:
        return sql
    return f"tr_round_timestamp({sql}, {10 ** (6 - min(target, 6))})"


def _text_sql(sql: str, source: Type) -> str:
    """`sql` as the text that Trino's CAST(... AS VARCHAR) gives."""
    match source.base:
        case "decimal":
            return decimal_text(sql, source)
        case "tinyint" | "smallint" | "integer" | "bigint" | "boolean" | "date":
            return f"CAST({sql} AS VARCHAR)"
        case "real":
            return f"py_real_text({sql})"
        case "double":
            return f"tr_float_to_varchar({sql})"
        case "timestamp":
            match source.args[0]:
                case 0:
                    return f"strftime({sql}, '%Y-%m-%d %H:%M:%S')"
                case 3:
                    return f"strftime({sql}, '%Y-%m-%d %H:%M:%S.%g')"
                case precision if precision <= 6:
                    return f"strftime({sql}, '%Y-%m-%d %H:%M:%S.%f')[:{20 + precision}]"
        case "timestamp with time zone" if source.zone:
            local = local_timestamp(Typed(sql, source))
            return f"({_text_sql(local.sql, local.type)} || ' {source.zone}')"
        case "interval day to second":
            return f"tr_day_to_second_text({sql})"
        case "interval year to month":
            return f"tr_year_to_month_text({sql})"
        case "time":
            length = 9 + source.args[0] if source.args[0] else 8
            return f"strftime(DATE '2000-01-01' + {sql}, '%H:%M:%S.%f')[:{length}]"
        case "uuid":
            return f"CAST({sql} AS VARCHAR)"
        case "varchar" | "char":
            return sql
    raise CannotCast(f"Cannot cast {source} to {VARCHAR}")
