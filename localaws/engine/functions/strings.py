"""String functions. Source of the rules: Trino documentation, "String functions and operators"."""

import unicodedata

from localaws.engine.functions.errors import invalid

_SOUNDEX = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "01230120022455012623010202", strict=True))


def levenshtein_distance(left: str, right: str) -> int:
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


def hamming_distance(left: str, right: str) -> int:
    if len(left) != len(right):
        invalid("The input strings to hamming_distance function must have the same length")
    return sum(a != b for a, b in zip(left, right, strict=True))


def luhn_check(text: str) -> bool:
    if not (text and text.isascii() and text.isdecimal()):
        if text:
            invalid(f"Value is not a number: {text}")
        return False
    total = 0
    for place, digit in enumerate(map(int, reversed(text))):
        doubled = digit * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def soundex(text: str) -> str:
    """H and W do not part letters of the same sound, vowels do."""
    letters = [each.upper() for each in text if each.isalpha()]
    if any(each not in _SOUNDEX for each in letters):
        invalid(f"The character is not mapped: {text}")
    if not letters:
        return ""
    code, last = letters[0], _SOUNDEX[letters[0]]
    for letter in letters[1:]:
        if letter in "HW":
            continue
        sound = _SOUNDEX[letter]
        if sound not in ("0", last):
            code += sound
        last = sound
    return code[:4].ljust(4, "0")


def split(text: str, delimiter: str, limit: int) -> list[str]:
    if limit <= 0 or limit > 2**31 - 1:
        invalid("Limit must be positive" if limit <= 0 else "Limit is too large")
    if delimiter == "":
        invalid("The delimiter may not be the empty string")
    return text.split(delimiter, limit - 1)


def strpos(text: str, part: str, instance: int) -> int:
    """The place of the instance-th occurrence, from the end for a negative one; 0: none."""
    if instance == 0:
        invalid("'instance' must be a positive or negative number.")
    if part == "":
        return 1
    at = -1 if instance > 0 else len(text)
    for _ in range(abs(instance)):
        at = text.find(part, at + 1) if instance > 0 else text.rfind(part, 0, at + len(part) - 1)
        if at < 0:
            return 0
    return at + 1


def split_part(text: str, delimiter: str, place: int) -> str | None:
    """An empty delimiter parts all characters."""
    if place <= 0:
        invalid("Index must be greater than zero")
    parts = text.split(delimiter) if delimiter else text
    return parts[place - 1] if place <= len(parts) else None


def translate(text: str, source: str, target: str) -> str:
    """Characters of `source` that have no partner in `target` go."""
    table: dict[int, str | None] = {}
    for place, character in enumerate(source):
        table.setdefault(ord(character), target[place] if place < len(target) else None)
    return text.translate(table)


def normalize(text: str, form: str) -> str:
    return unicodedata.normalize(form, text)


FUNCTIONS = [
    ("py_levenshtein_distance", levenshtein_distance, ["VARCHAR", "VARCHAR"], "BIGINT"),
    ("py_hamming_distance", hamming_distance, ["VARCHAR", "VARCHAR"], "BIGINT"),
    ("py_luhn_check", luhn_check, ["VARCHAR"], "BOOLEAN"),
    ("py_soundex", soundex, ["VARCHAR"], "VARCHAR"),
    ("py_split", split, ["VARCHAR", "VARCHAR", "BIGINT"], "VARCHAR[]"),
    ("py_split_part", split_part, ["VARCHAR", "VARCHAR", "BIGINT"], "VARCHAR"),
    ("py_strpos", strpos, ["VARCHAR", "VARCHAR", "BIGINT"], "BIGINT"),
    ("py_translate", translate, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR"),
    ("py_normalize", normalize, ["VARCHAR", "VARCHAR"], "VARCHAR"),
]
