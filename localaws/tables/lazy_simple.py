"""Reading delimited text as the LazySimple SerDe does: a value that does not fit is NULL.

Source of the rules: Trino's SimpleDeserializer and text encodings, made to read what Hive reads.
"""

import re

from localaws.sql.errors import QueryError
from localaws.sql.quoting import quoted, text_literal
from localaws.sql.types import Type
from localaws.tables.encoders import TextOptions
from localaws.tables.text_lines import FILE

SERDE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"


def scan_sql(
    columns: list[tuple[str, Type]],
    data_columns: tuple[tuple[str, Type], ...],
    source: str,
    properties: dict[str, str],
) -> str:
    """A relation of `columns` and "$file" over `source`, a relation (line, "$file")."""
    reader = _Reader(TextOptions.of(properties))
    places = [name for name, _ in data_columns]
    values = [
        f"{reader.value(f'v[{places.index(name) + 1}]', type_)} AS {quoted(name)}"
        for name, type_ in columns
    ]
    fields = reader.split("line", 0)
    return (
        f"(SELECT {', '.join([*values, quoted(FILE)])} FROM "
        f"(SELECT {fields} AS v, {quoted(FILE)} FROM {source}))"
    )


class _Reader:
    def __init__(self, options: TextOptions) -> None:
        if options.last_takes_rest:
            message = "serialization.last.column.takes.rest is not supported locally"
            raise QueryError("NOT_SUPPORTED", message)
        self._options = options

    def split(self, text: str, depth: int) -> str:
        separator = self._options.separators[depth]
        escape = self._options.escape
        if escape is None:
            return f"string_split({text}, {text_literal(separator)})"
        e, s = re.escape(escape), re.escape(separator)
        one = f"(?s)((?:[^{_class(separator)}{_class(escape)}]|{e}.)*){s}"
        # An escape at the very end stands for itself.
        open_end = text_literal(f"(?s)(?:[^{_class(escape)}]|{e}.)*{e}")
        whole = (
            f"CASE WHEN regexp_full_match({text}, {open_end}) "
            f"THEN {text} || {text_literal(escape)} ELSE {text} END"
        )
        return f"regexp_extract_all(({whole}) || {text_literal(separator)}, {text_literal(one)}, 1)"

    def value(self, text: str, type_: Type, depth: int = 1) -> str:
        """`text` as a value; the null sequence and what is missing are NULL."""
        return self._value(f"nullif({text}, {text_literal(self._options.null)})", type_, depth)

    def _value(self, text: str, type_: Type, depth: int) -> str:
        if depth + (type_.base == "map") >= len(self._options.separators):
            raise QueryError("NOT_SUPPORTED", f"{type_} nests too deep for a text table")
        match type_.base:
            case "varchar":
                plain = self._unescaped(text)
                return f"substr({plain}, 1, {type_.args[0]})" if type_.args else plain
            case "char":
                return f"tr_char({self._unescaped(text)}, {type_.args[0]})"
            case "smallint" | "integer" | "bigint" | "tinyint":
                return f"TRY_CAST(tr_text_integer({text}) AS {type_.duckdb()})"
            case "real" | "double":
                return f"TRY_CAST(tr_text_double({text}) AS {type_.duckdb()})"
            case "decimal":
                return f"TRY_CAST(tr_text_decimal({text}) AS {type_.duckdb()})"
            case "boolean" | "date" | "timestamp":
                return f"tr_text_{type_.base}({text})"
            case "varbinary":
                return f"tr_text_binary({text})"
            case "array":
                item = f"x{depth}"
                element = self.value(item, type_.element, depth + 1)
                parts = self.split(text, depth)
                return (
                    f"CASE WHEN {text} = '' THEN CAST([] AS {type_.duckdb()}) WHEN {text} IS NOT "
                    f"NULL THEN list_transform({parts}, lambda {item}: {element}) END"
                )
            case "map":
                return self._map(text, type_, depth)
            case "row":
                parts = self.split(text, depth)
                fields = ", ".join(
                    f"{quoted(name)} := {self.value(f'f{depth}[{i}]', inner, depth + 1)}"
                    for i, (name, inner) in enumerate(type_.args, 1)
                )
                # A list of one, so that the parts are found once.
                return (
                    f"CASE WHEN {text} IS NOT NULL THEN list_transform([{parts}], "
                    f"lambda f{depth}: struct_pack({fields}))[1] END"
                )
        raise QueryError("NOT_SUPPORTED", f"{type_} in a text table is not supported locally")

    def _map(self, text: str, type_: Type, depth: int) -> str:
        key_type, value_type = type_.args
        separator, entry = self._options.separators[depth + 1], f"e{depth}"
        if self._options.escape is None:
            literal = text_literal(separator)
            at = f"strpos({entry}, {literal})"
            key = f"CASE WHEN {at} > 0 THEN substr({entry}, 1, {at} - 1) ELSE {entry} END"
            value = f"CASE WHEN {at} > 0 THEN substr({entry}, {at} + 1) END"
        else:
            e, s = re.escape(self._options.escape), re.escape(separator)
            plain = f"(?:[^{_class(separator)}{_class(self._options.escape)}]|{e}.)*"
            found = text_literal(f"(?s)^({plain}){s}(.*)$")
            has = f"regexp_matches({entry}, {found})"
            key = f"CASE WHEN {has} THEN regexp_extract({entry}, {found}, 1) ELSE {entry} END"
            value = f"CASE WHEN {has} THEN regexp_extract({entry}, {found}, 2) END"
        pair = (
            f"struct_pack(k := {self.value(f'({key})', key_type, depth + 2)}, "
            f"v := {self.value(f'({value})', value_type, depth + 2)})"
        )
        entries = f"list_transform({self.split(text, depth)}, lambda {entry}: {pair})"
        return (
            f"CASE WHEN {text} = '' THEN CAST(MAP {{}} AS {type_.duckdb()}) "
            f"WHEN {text} IS NOT NULL THEN tr_text_map({entries}) END"
        )

    def _unescaped(self, text: str) -> str:
        if self._options.escape is None:
            return text
        pattern = text_literal(f"(?s){re.escape(self._options.escape)}(.)")
        return f"regexp_replace({text}, {pattern}, '\\1', 'g')"


def _class(character: str) -> str:
    """A character inside [...] of a regular expression."""
    return f"\\x{{{ord(character):02x}}}"
