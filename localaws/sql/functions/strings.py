"""String, regular expression, binary and hash functions.

Source of the rules: Trino documentation, "String functions and operators", "Regular expression
functions", "Binary functions and operators".
"""

import re

from localaws.sql.functions.literals import constant_text
from localaws.sql.functions.registry import BadArgument, Rule, signature, table
from localaws.sql.scope import Typed
from localaws.sql.types import BOOLEAN, VARCHAR, Type

# Where Java's and RE2's expressions mean the same: no look-around, back-reference, possessive
# quantifier, class arithmetic or \p, \Q and their kin.
_SHARED_REGEX = re.compile(
    r"(?:[^\\(\[]|\\[dDwWsSbBtnr.\\^$|?*+(){}\[\]/-]|\((?!\?)|\(\?:"
    r"|\[\^?(?:[^\[\]\\&]|\\[dwsDWS\\\].^$*+-])+\])*"
)


def _pattern(value: Typed) -> str:
    text = constant_text(value, "the regular expression")
    if not _SHARED_REGEX.fullmatch(text) or re.search(r"[*+?}]\+", text):
        raise BadArgument(f"the regular expression {text} is not supported locally")
    return text.replace("'", "''")


def _regexp(template: str, result: Type) -> Rule:
    def build(arguments: list[Typed]) -> Typed:
        values = [arguments[0].sql, _pattern(arguments[1]), *(each.sql for each in arguments[2:])]
        return Typed(template.format(*values), result)

    return build


def _regexp_replace(arguments: list[Typed]) -> Typed:
    with_ = constant_text(arguments[2], "the replacement") if len(arguments) == 3 else ""
    if "\\" in with_ or "${" in with_:
        raise BadArgument(f"the replacement {with_} is not supported locally")
    group = re.sub(r"\$(\d)", r"\\\1", with_).replace("'", "''")
    return Typed(
        f"regexp_replace({arguments[0].sql}, '{_pattern(arguments[1])}', '{group}', 'g')", VARCHAR
    )


FUNCTIONS = table(
    signature("lower(varchar) -> =0", "lower({0})"),
    signature("upper(varchar) -> =0", "tr_upper({0})"),
    signature("length(varchar) -> bigint", "length({0})"),
    signature("length(varbinary) -> bigint", "octet_length({0})"),
    signature("reverse(varchar) -> =0", "reverse({0})"),
    signature("trim(varchar) -> =0", "trim({0})"),
    signature("ltrim(varchar) -> =0", "ltrim({0})"),
    signature("rtrim(varchar) -> =0", "rtrim({0})"),
    signature("concat(varchar, varchar...) -> varchar", "({pipes})"),
    signature("replace(varchar, varchar) -> varchar", "replace({0}, {1}, '')"),
    signature("replace(varchar, varchar, varchar) -> varchar", "tr_replace({0}, {1}, {2})"),
    signature("chr(bigint) -> varchar(1)", "chr(CAST({0} AS INTEGER))"),
    signature("starts_with(varchar, varchar) -> boolean", "starts_with({0}, {1})"),
    signature("strpos(varchar, varchar) -> bigint", "CAST(strpos({0}, {1}) AS BIGINT)"),
    signature("substr(varchar, bigint) -> =0", "tr_substr({0}, {1})"),
    signature("substr(varchar, bigint, bigint) -> =0", "tr_substr({0}, {1}, {2})"),
    signature("substring(varchar, bigint) -> =0", "tr_substr({0}, {1})"),
    signature("substring(varchar, bigint, bigint) -> =0", "tr_substr({0}, {1}, {2})"),
    signature("split(varchar, varchar) -> array(varchar)", "tr_split({0}, {1})"),
    signature("split_part(varchar, varchar, bigint) -> varchar", "tr_split_part({0}, {1}, {2})"),
    signature("lpad(varchar, bigint, varchar) -> varchar", "tr_lpad({0}, {1}, {2})"),
    signature("rpad(varchar, bigint, varchar) -> varchar", "tr_rpad({0}, {1}, {2})"),
    signature(
        "regexp_like(varchar, varchar) -> boolean", _regexp("regexp_matches({0}, '{1}')", BOOLEAN)
    ),
    signature(
        "regexp_extract(varchar, varchar) -> varchar",
        _regexp("tr_regexp_extract({0}, '{1}', 0)", VARCHAR),
    ),
    signature(
        "regexp_extract(varchar, varchar, bigint) -> varchar",
        _regexp("tr_regexp_extract({0}, '{1}', {2})", VARCHAR),
    ),
    signature("regexp_replace(varchar, varchar) -> varchar", _regexp_replace),
    signature("regexp_replace(varchar, varchar, varchar) -> varchar", _regexp_replace),
    signature("md5(varbinary) -> varbinary", "unhex(md5({0}))"),
    signature("sha256(varbinary) -> varbinary", "unhex(sha256({0}))"),
    signature("sha1(varbinary) -> varbinary", "unhex(sha1({0}))"),
    signature("to_hex(varbinary) -> varchar", "hex({0})"),
    signature("from_hex(varchar) -> varbinary", "unhex({0})"),
    signature("to_utf8(varchar) -> varbinary", "encode({0})"),
    signature("to_base64(varbinary) -> varchar", "to_base64({0})"),
)
