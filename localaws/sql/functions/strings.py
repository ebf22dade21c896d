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


def _groups(pattern: str) -> int:
    """How many groups a pattern of the shared kind captures."""
    return re.findall(r"\\.|\[(?:\\.|[^\]])*\]|\((?!\?)", pattern).count("(")


def _regexp_extract(arguments: list[Typed]) -> Typed:
    place = arguments[2].sql if len(arguments) == 3 else "0"
    pattern = _pattern(arguments[1])
    unsure = len(arguments) == 3 and re.search(r"\||\)(?:[?*]|\{0)", pattern)
    macro = "tr_regexp_extract_unsure" if unsure else "tr_regexp_extract"
    groups = _groups(pattern)
    return Typed(f"{macro}({arguments[0].sql}, '{pattern}', {place}, {groups})", VARCHAR)


def _regexp(template: str, result: Type) -> Rule:
    def build(arguments: list[Typed]) -> Typed:
        values = [arguments[0].sql, _pattern(arguments[1]), *(each.sql for each in arguments[2:])]
        return Typed(template.format(*values), result)

    return build


def _matches_nothing(pattern: str) -> bool:
    try:
        return re.match(pattern, "") is not None
    except re.error:
        return True


def _regexp_replace(arguments: list[Typed]) -> Typed:
    with_ = constant_text(arguments[2], "the replacement") if len(arguments) == 3 else ""
    pattern = _pattern(arguments[1])
    used = re.findall(r"\$(\d*)", with_)
    if "\\" in with_ or any(len(each) != 1 or int(each) > _groups(pattern) for each in used):
        raise BadArgument(f"the replacement {with_} is not supported locally")
    if pattern and _matches_nothing(pattern):
        # Java finds an empty match right behind another one, the engine does not.
        raise BadArgument(f"replacing {pattern}, which matches the empty text, is not supported")
    group = re.sub(r"\$(\d)", r"\\\1", with_).replace("'", "''")
    return Typed(f"regexp_replace({arguments[0].sql}, '{pattern}', '{group}', 'g')", VARCHAR)


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
    signature(
        "regexp_like(varchar, varchar) -> boolean", _regexp("regexp_matches({0}, '{1}')", BOOLEAN)
    ),
    signature("regexp_extract(varchar, varchar) -> varchar", _regexp_extract),
    signature("regexp_extract(varchar, varchar, bigint) -> varchar", _regexp_extract),
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
