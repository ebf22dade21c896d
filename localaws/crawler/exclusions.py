"""A crawler target's exclusions.

Source of the rules: Glue developer guide, "Include and exclude patterns": `*` and `?` stay within
a folder, `**` crosses folders, `[abc]` `[a-z]` `[!a]` are sets, `{a,b}` alternatives, a backslash
takes the next character as it is. A pattern is for the whole path below the target.
"""

import re
from collections.abc import Iterator


def excluded(path: str, patterns: list[str]) -> bool:
    """`path`: a key without the target's prefix."""
    return any(re.fullmatch(_regex(pattern), path, re.DOTALL) for pattern in patterns)


def _regex(pattern: str) -> str:
    return "".join(_translated(iter(re.findall(r"\*\*|\\.|\[[^]]+\]|.", pattern, re.DOTALL))))


def _translated(tokens: Iterator[str]) -> Iterator[str]:
    depth = 0
    for token in tokens:
        if token == "**":
            yield ".*"
        elif token == "*":
            yield "[^/]*"
        elif token == "?":
            yield "[^/]"
        elif token == "{":
            depth += 1
            yield "(?:"
        elif token == "}" and depth:
            depth -= 1
            yield ")"
        elif token == "," and depth:
            yield "|"
        elif token.startswith("[") and len(token) > 2:
            inside = token[1:-1].replace("\\", "\\\\").replace("[", "\\[")
            yield f"[^{inside[1:]}]" if inside.startswith("!") else f"[{inside}]"
        else:
            yield re.escape(token.removeprefix("\\") if len(token) == 2 else token)
    yield ")" * depth
