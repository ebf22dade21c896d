"""Regular expression functions. Source of the rules: Trino documentation, its tests
AbstractTestRegexpFunctions."""

import re
from itertools import chain

from localaws.engine.functions.errors import invalid
from localaws.engine.functions.java_patterns import Pattern, pattern

_REFERENCE = re.compile(r"\\(.?)|\$(?:(\d)|\{(.*?)\}|)", re.DOTALL)


def like(text: str, source: str) -> bool:
    return pattern(source).of(text).search(text) is not None


def count(text: str, source: str) -> int:
    return sum(1 for _ in pattern(source).of(text).finditer(text))


def extract(text: str, source: str, group: int) -> str | None:
    _check_group(pattern(source), group)
    found = pattern(source).of(text).search(text)
    return found[group] if found else None


def extract_all(text: str, source: str, group: int) -> list[str | None]:
    _check_group(pattern(source), group)
    return [found[group] for found in pattern(source).of(text).finditer(text)]


def between(text: str, source: str) -> list[str]:
    """What stands before, between and after the matches."""
    parts, last = [], 0
    for found in pattern(source).of(text).finditer(text):
        parts.append(text[last : found.start()])
        last = found.end()
    return [*parts, text[last:]]


def groups(text: str, source: str) -> list[list[str | None]]:
    """The captured groups of each match."""
    return [list(found.groups()) for found in pattern(source).of(text).finditer(text)]


def joined(parts: list[str], replaced: list[str | None]) -> str | None:
    """The text that `between` took apart, with what replaces its matches."""
    if None in replaced:
        return None
    return "".join(chain.from_iterable(zip(parts, [*replaced, ""], strict=True)))


def position(text: str, source: str, start: int, occurrence: int) -> int:
    """Where the match begins, counted from 1; -1 where there are not so many."""
    if start < 1:
        invalid("start position cannot be smaller than 1")
    if occurrence < 1:
        invalid("occurrence cannot be smaller than 1")
    compiled = pattern(source).of(text)
    if start > len(text):
        return -1
    for number, found in enumerate(compiled.finditer(text, start - 1), 1):
        if number == occurrence:
            return found.start() + 1
    return -1


def replace(text: str, source: str, replacement: str) -> str:
    compiled = pattern(source).of(text)
    parts = _references(replacement, compiled)
    return compiled.sub(
        lambda found: "".join(
            part if isinstance(part, str) else found[part[0]] or "" for part in parts
        ),
        text,
    )


def _references(replacement: str, compiled: re.Pattern[str]) -> list[str | tuple[int | str]]:
    """Text, and groups as one-tuples: `$1`, `${name}`; a backslash makes the next one plain."""
    parts: list[str | tuple[int | str]] = []
    at = 0
    while at < len(replacement):
        found = _REFERENCE.search(replacement, at)
        if found is None:
            parts.append(replacement[at:])
            break
        parts.append(replacement[at : found.start()])
        at = found.end()
        escaped, digit, name = found.groups()
        if digit is not None:
            number = int(digit)
            if number > compiled.groups:
                invalid(f"Illegal replacement sequence: unknown group {number}")
            # As many more digits as still name a group.
            while at < len(replacement) and replacement[at] in "0123456789":
                longer = 10 * number + int(replacement[at])
                if longer > compiled.groups:
                    break
                number, at = longer, at + 1
            parts.append((number,))
        elif name is not None:
            if name not in compiled.groupindex:
                invalid(f"Illegal replacement sequence: unknown group {{ {name} }}")
            parts.append((name,))
        elif escaped:
            parts.append(escaped)
        else:
            invalid(f"Illegal replacement sequence: {replacement}")
    return parts


def _check_group(compiled: Pattern, group: int) -> None:
    if group < 0:
        invalid("Group cannot be negative")
    if group > compiled.groups:
        invalid(f"Pattern has {compiled.groups} groups. Cannot access group {group}")


FUNCTIONS = [
    ("py_regexp_like", like, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    ("py_regexp_count", count, ["VARCHAR", "VARCHAR"], "BIGINT"),
    ("py_regexp_extract", extract, ["VARCHAR", "VARCHAR", "BIGINT"], "VARCHAR"),
    ("py_regexp_extract_all", extract_all, ["VARCHAR", "VARCHAR", "BIGINT"], "VARCHAR[]"),
    ("py_regexp_between", between, ["VARCHAR", "VARCHAR"], "VARCHAR[]"),
    ("py_regexp_groups", groups, ["VARCHAR", "VARCHAR"], "VARCHAR[][]"),
    ("py_regexp_joined", joined, ["VARCHAR[]", "VARCHAR[]"], "VARCHAR"),
    ("py_regexp_position", position, ["VARCHAR", "VARCHAR", "BIGINT", "BIGINT"], "INTEGER"),
    ("py_regexp_replace", replace, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR"),
]
