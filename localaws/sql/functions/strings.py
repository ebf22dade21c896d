"""String functions. Source of the rules: Trino documentation, "String functions and operators"."""

import re

from localaws.sql.functions.registry import longer, pieces, signature, table
from localaws.sql.scope import Typed
from localaws.sql.types import VARCHAR


def _substring(arguments: list[Typed]) -> Typed:
    """With constants the engine's own function does, and the text is compiled only once: nested
    calls would double and double again."""
    text, *numbers = arguments
    digits = [re.fullmatch(r"CAST\((\d+)::INTEGER AS BIGINT\)", each.sql) for each in numbers]
    if all(digits) and int(digits[0][1]) > 0:
        places = ", ".join(each[1] for each in digits)
        return Typed(f"substring({text.sql}, {places})", text.type)
    return Typed(f"tr_substr({', '.join(each.sql for each in arguments)})", text.type)


def _concat_ws(arguments: list[Typed]) -> Typed:
    return Typed(f"concat_ws({', '.join(each.sql for each in arguments)})", VARCHAR)


FUNCTIONS = table(
    signature("chr(bigint) -> varchar(1)", "chr(CAST({0} AS INTEGER))"),
    signature("codepoint(varchar(1)) -> integer", "tr_codepoint({0})"),
    signature("concat(varchar, varchar...) -> varchar", "({pipes})"),
    signature("concat_ws(varchar, array(varchar)) -> varchar", "tr_concat_ws({0}, {1})"),
    signature("concat_ws(varchar, varchar...) -> varchar", _concat_ws),
    signature("hamming_distance(varchar, varchar) -> bigint", "py_hamming_distance({0}, {1})"),
    signature("length(varchar) -> bigint", "length({0})"),
    signature(
        "levenshtein_distance(varchar, varchar) -> bigint", "py_levenshtein_distance({0}, {1})"
    ),
    signature("lower(varchar) -> =0", "lower({0})"),
    signature("lpad(varchar, bigint, varchar) -> varchar", "tr_lpad({0}, {1}, {2})"),
    signature("ltrim(varchar) -> =0", "ltrim({0}, tr_spaces())"),
    signature("ltrim(varchar, varchar) -> =0", "ltrim({0}, {1})"),
    signature("luhn_check(varchar) -> boolean", "py_luhn_check({0})"),
    signature("normalize(varchar) -> varchar", "py_normalize({0}, 'NFC')"),
    signature("replace(varchar, varchar) -> =0", "replace({0}, {1}, '')"),
    signature(
        "replace(varchar, varchar, varchar) -> varchar",
        longer("tr_replace({0}, {1}, {2})", lambda x, z: x + z * (x + 1), 0, 2),
    ),
    signature("reverse(varchar) -> =0", "tr_reverse({0})"),
    signature("rpad(varchar, bigint, varchar) -> varchar", "tr_rpad({0}, {1}, {2})"),
    signature("rtrim(varchar) -> =0", "rtrim({0}, tr_spaces())"),
    signature("rtrim(varchar, varchar) -> =0", "rtrim({0}, {1})"),
    signature("soundex(varchar) -> varchar(4)", "py_soundex({0})"),
    signature("split(varchar, varchar) -> array(varchar)", pieces("tr_split({0}, {1})")),
    signature(
        "split(varchar, varchar, bigint) -> array(varchar)", pieces("py_split({0}, {1}, {2})")
    ),
    signature("split_part(varchar, varchar, bigint) -> =0", "py_split_part({0}, {1}, {2})"),
    signature("starts_with(varchar, varchar) -> boolean", "starts_with({0}, {1})"),
    signature("strpos(varchar, varchar) -> bigint", "CAST(strpos({0}, {1}) AS BIGINT)"),
    signature("strpos(varchar, varchar, bigint) -> bigint", "py_strpos({0}, {1}, {2})"),
    signature("substr(varchar, bigint) -> =0", _substring),
    signature("substr(varchar, bigint, bigint) -> =0", _substring),
    signature("substring(varchar, bigint) -> =0", _substring),
    signature("substring(varchar, bigint, bigint) -> =0", _substring),
    signature("translate(varchar, varchar, varchar) -> varchar", "py_translate({0}, {1}, {2})"),
    signature("trim(varchar) -> =0", "trim({0}, tr_spaces())"),
    signature("trim(varchar, varchar) -> =0", "trim({0}, {1})"),
    signature("upper(varchar) -> =0", "tr_upper({0})"),
)
