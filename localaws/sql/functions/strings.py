"""String, binary and hash functions.

Source of the rules: Trino documentation, "String functions and operators", "Binary functions
and operators".
"""

import re

from localaws.sql.functions.registry import signature, table
from localaws.sql.scope import Typed


def _substring(arguments: list[Typed]) -> Typed:
    """With constants the engine's own function does, and the text is compiled only once: nested
    calls would double and double again."""
    text, *numbers = arguments
    digits = [re.fullmatch(r"CAST\((\d+)::INTEGER AS BIGINT\)", each.sql) for each in numbers]
    if all(digits) and int(digits[0][1]) > 0:
        places = ", ".join(each[1] for each in digits)
        return Typed(f"substring({text.sql}, {places})", text.type)
    return Typed(f"tr_substr({', '.join(each.sql for each in arguments)})", text.type)


FUNCTIONS = table(
    signature("lower(varchar) -> =0", "lower({0})"),
    signature("upper(varchar) -> =0", "tr_upper({0})"),
    signature("length(varchar) -> bigint", "length({0})"),
    signature("length(varbinary) -> bigint", "octet_length({0})"),
    signature("reverse(varchar) -> =0", "tr_reverse({0})"),
    signature("trim(varchar) -> =0", "trim({0}, tr_spaces())"),
    signature("ltrim(varchar) -> =0", "ltrim({0}, tr_spaces())"),
    signature("rtrim(varchar) -> =0", "rtrim({0}, tr_spaces())"),
    signature("concat(varchar, varchar...) -> varchar", "({pipes})"),
    signature("replace(varchar, varchar) -> varchar", "replace({0}, {1}, '')"),
    signature("replace(varchar, varchar, varchar) -> varchar", "tr_replace({0}, {1}, {2})"),
    signature("chr(bigint) -> varchar(1)", "chr(CAST({0} AS INTEGER))"),
    signature("starts_with(varchar, varchar) -> boolean", "starts_with({0}, {1})"),
    signature("strpos(varchar, varchar) -> bigint", "CAST(strpos({0}, {1}) AS BIGINT)"),
    signature("substr(varchar, bigint) -> =0", _substring),
    signature("substr(varchar, bigint, bigint) -> =0", _substring),
    signature("substring(varchar, bigint) -> =0", _substring),
    signature("substring(varchar, bigint, bigint) -> =0", _substring),
    signature("split(varchar, varchar) -> array(varchar)", "tr_split({0}, {1})"),
    signature("split_part(varchar, varchar, bigint) -> varchar", "tr_split_part({0}, {1}, {2})"),
    signature("lpad(varchar, bigint, varchar) -> varchar", "tr_lpad({0}, {1}, {2})"),
    signature("rpad(varchar, bigint, varchar) -> varchar", "tr_rpad({0}, {1}, {2})"),
    signature("md5(varbinary) -> varbinary", "unhex(md5({0}))"),
    signature("sha256(varbinary) -> varbinary", "unhex(sha256({0}))"),
    signature("sha1(varbinary) -> varbinary", "unhex(sha1({0}))"),
    signature("to_hex(varbinary) -> varchar", "hex({0})"),
    signature("from_hex(varchar) -> varbinary", "unhex({0})"),
    signature("to_utf8(varchar) -> varbinary", "encode({0})"),
    signature("to_base64(varbinary) -> varchar", "to_base64({0})"),
)
