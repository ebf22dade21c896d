"""Regular expressions of Trino in Python's syntax.

Source of the rules: Trino documentation, "Regular expression functions"; its engine is Joni with
Java's syntax: \\w, \\d and \\s are of ASCII, \\b and (?i) know all of Unicode (Trino 435).
"""

import re
import sys
import unicodedata
from functools import cache, lru_cache

from localaws.engine.functions.errors import FunctionError, invalid

_CLASSES = {"w": "A-Za-z0-9_", "d": "0-9", "s": r"\t-\r "}
_WORD = ("L", "M", "Nd", "Pc")
_CATEGORY = re.compile(
    r"L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?|C[cfon]?"  # no surrogates here
)
_IGNORES_CASE = re.compile(r"\(\?[a-z]*i")
_TOKEN = re.compile(
    r"""
      \\Q(?P<quoted>.*?)(?:\\E|\Z)
    | \\x\{(?P<codepoint>[0-9a-fA-F]+)\}
    | \\(?P<property>[pP])(?:\{(?P<category>\^?\w+)\}|(?P<letter>\w))
    | \\k<(?P<reference>\w+)>
    | \\(?P<escape>x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[1-9]\d*|.)
    | (?P<named>\(\?<(?=[A-Za-z]))
    | \(\?(?P<flags>[imsx-]+)\)
    | (?P<open>\((?:\?(?:[imsx-]*:|<?[=!]|>))?)
    | (?P<close>\))
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
# What stands for itself in both, or means the same.
_SAME_ESCAPES = frozenset("dDtnrfa\\^$.|?*+()[]{}/-\"'#&~@!%,:;<=>_` AB")


class Pattern:
    """A pattern compiled twice: for ASCII text, where the engine's classes are fast and agree, and
    for all other text."""

    def __init__(self, source: str) -> None:
        self.groups = _compiled(source, True).groups
        self._source = source
        self._folded = source.casefold() if _IGNORES_CASE.search(source) else None
        if self._folded is not None and any(len(each.casefold()) > 1 for each in source):
            raise _unsupported(source, "(?i) with a letter that is several in the other case")

    def of(self, text: str) -> re.Pattern[str]:
        if self._folded is not None and not text.isascii():
            # Joni finds ss in a sharp s.
            several = {folded for each in set(text) if len(folded := each.casefold()) > 1}
            if any(folded in self._folded for folded in several):
                message = "(?i) over a letter that is several in the other case"
                raise _unsupported(self._source, message)
        return _compiled(self._source, text.isascii())


@lru_cache(maxsize=256)
def pattern(source: str) -> Pattern:
    """Raises FunctionError: INVALID_FUNCTION_ARGUMENT for what is no pattern, NOT_SUPPORTED for
    what may mean something else here."""
    return Pattern(source)


@lru_cache(maxsize=512)
def _compiled(source: str, ascii_only: bool) -> re.Pattern[str]:
    ascii_only = ascii_only and source.isascii()
    translated = _translated(source, ascii_only)
    try:
        return re.compile(translated, re.ASCII if ascii_only else 0)
    except re.error as error:
        if "look-behind" in str(error):
            raise _unsupported(source, "a look-behind of no fixed length") from None
        invalid(f"{error} in the regular expression '{source}'")


def _translated(source: str, ascii_only: bool) -> str:
    out: list[str] = []
    # A group for each open parenthesis: how many more must close with it.
    closing = [0]
    at = 0
    while at < len(source):
        if source[at] == "[":
            text, at = _character_class(source, at, ascii_only)
            out.append(text)
            continue
        token = _TOKEN.match(source, at)
        at = token.end()
        kind = token.lastgroup
        if kind == "quoted":
            out.append(re.escape(token["quoted"]))
        elif kind == "codepoint":
            out.append(re.escape(chr(int(token["codepoint"], 16))))
        elif kind in ("category", "letter"):
            negated = token["property"] == "P"
            out.append(f"[{'^' if negated else ''}{_category(token[kind], source)}]")
        elif kind == "reference":
            out.append(f"(?P={token['reference']})")
        elif kind == "escape":
            out.append(_escape(token["escape"], source, ascii_only))
        elif kind == "named":
            out.append("(?P<")
            closing.append(0)
        elif kind == "flags":
            if "x" in token["flags"]:
                raise _unsupported(source, "the flag x")
            # The flags hold to the end of the group; with alternatives it is open what they hold.
            if _has_alternative(source, at):
                raise _unsupported(source, f"(?{token['flags']}) before alternatives")
            out.append(f"(?{token['flags']}:")
            closing[-1] += 1
        elif kind == "open":
            if "x" in token["open"]:
                raise _unsupported(source, "the flag x")
            out.append(token["open"])
            closing.append(0)
        elif kind == "close":
            if len(closing) == 1:
                invalid(f"unmatched parenthesis in the regular expression '{source}'")
            out.append(")" * (1 + closing.pop()))
        else:
            out.append(token["other"])
    return "".join(out) + ")" * closing[0]


def _has_alternative(source: str, at: int) -> bool:
    return "|" in source[at:]


def _escape(escape: str, source: str, ascii_only: bool) -> str:
    """An escape outside a character class, given without its backslash."""
    if escape == "z":
        return r"\Z"
    if escape == "Z":
        return r"(?=\n?\Z)"
    if escape == "e":
        return r"\x1b"
    if len(escape) > 1 and escape[0] in "xu":
        return "\\" + escape
    if escape.isdecimal() and escape != "0":
        return f"(?:\\{escape})"
    if ascii_only and escape in "wWdDsSbB":
        return "\\" + escape
    match escape:
        case "w" | "d" | "s":
            # Without (?i), which would add letters that are no ASCII.
            return f"(?-i:[{_CLASSES[escape]}])"
        case "W" | "D" | "S":
            return f"(?-i:[^{_CLASSES[escape.lower()]}])"
        case "b":
            word = f"[{_ranges(_WORD)}]"
            return f"(?:(?<={word})(?!{word})|(?<!{word})(?={word}))"
        case "B":
            word = f"[{_ranges(_WORD)}]"
            return f"(?:(?<={word})(?={word})|(?<!{word})(?!{word}))"
    if escape in _SAME_ESCAPES or not escape.isascii():
        return re.escape(escape) if not escape.isascii() or escape in "\"'/ _" else "\\" + escape
    raise _unsupported(source, f"\\{escape}")


def _character_class(source: str, at: int, ascii_only: bool) -> tuple[str, int]:
    """`[...]` from its bracket on, and where it ends."""
    start, out = at, ["["]
    at += 1
    if source[at : at + 1] == "^":
        out.append("^")
        at += 1
    first = True
    while at < len(source) and (source[at] != "]" or first):
        character = source[at]
        if character == "[" or source.startswith("&&", at):
            raise _unsupported(source, "a character class within another")
        if character == "]":
            raise _unsupported(source, "an unescaped ] at the start of a character class")
        if character == "\\":
            token = _TOKEN.match(source, at)
            at = token.end() if token else at + 2
            out.append(_in_class(token, source, ascii_only))
        else:
            at += 1
            out.append("\\" + character if character in "&~|#" else character)
        first = False
    if at >= len(source):
        invalid(f"premature end of char-class in the regular expression '{source[start:]}'")
    return "".join(out) + "]", at + 1


def _in_class(token: re.Match[str] | None, source: str, ascii_only: bool) -> str:
    if token is None or token.lastgroup in ("quoted", "reference"):
        raise _unsupported(source, "this escape in a character class")
    if token.lastgroup == "codepoint":
        return re.escape(chr(int(token["codepoint"], 16)))
    if token.lastgroup in ("category", "letter"):
        if token["property"] == "P":
            raise _unsupported(source, "\\P in a character class")
        return _category(token[token.lastgroup], source)
    escape = token["escape"]
    if escape[0] in "xu" and len(escape) > 1:
        return "\\" + escape
    if escape in _CLASSES and not ascii_only:
        return _CLASSES[escape]
    if escape in "WDS" and not ascii_only:
        return _complement(_CLASSES[escape.lower()])
    if escape in "wWdDsS" or (escape in _SAME_ESCAPES and escape not in "AB"):
        return re.escape(escape) if escape in "\"'/ _" else "\\" + escape
    raise _unsupported(source, f"\\{escape} in a character class")


def _category(name: str, source: str) -> str:
    if not _CATEGORY.fullmatch(name):
        raise _unsupported(source, f"\\p{{{name}}}")
    return _ranges((name,))


def _complement(inside: str) -> str:
    """All characters but the ASCII ones inside of a character class, as the inside of another."""
    taken = re.compile(f"[{inside}]")
    rest = "".join(f"\\x{code:02x}" for code in range(128) if not taken.match(chr(code)))
    return rest + "\\x80-\\U0010ffff"


@cache
def _ranges(categories: tuple[str, ...]) -> str:
    """The characters of these general categories, as the inside of a character class."""
    ranges: list[list[int]] = []
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)).startswith(categories):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges)


def _unsupported(source: str, what: str) -> FunctionError:
    message = f"{what} in the regular expression '{source}' is not supported locally"
    return FunctionError("NOT_SUPPORTED", message)
