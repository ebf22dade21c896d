"""The notation that rules.py is written in, read into parts, and what a part can begin with.

A part is a tuple: ("token", kind), ("rule", name), ("sequence", parts), ("choice", parts),
("maybe", part), ("many", part), ("is", part), ("not", part), ("weak", part), ("open", part),
("begins", part).
"""

import re

_PIECE = re.compile(r"\s*('[^']+'|<[\w ]+>|\w+(?:\s*=(?!\S))?|[\[\]{}()|!&])")
_CLOSING = {"[": ("maybe", "]"), "{": ("many", "}")}
_LOOKAHEAD = {"&": "is", "!": "not"}

Part = tuple
# The kinds of token a part can begin with, and whether it can be nothing at all.
First = tuple[frozenset[str], bool]


def parsed(text: str) -> dict[str, Part]:
    """The rules of `text` by their names, in their order."""
    pieces = _PIECE.findall(text)
    starts = [i for i, piece in enumerate(pieces) if piece.endswith("=")]
    rules = {}
    for start, end in zip(starts, [*starts[1:], len(pieces)], strict=True):
        body = pieces[start + 1 : end]
        rules[pieces[start].removesuffix("=").strip()] = _choice(body)
        if body:
            raise ValueError(f"cannot read the rule {pieces[start]} at {body[0]}")
    return rules


def _choice(pieces: list[str]) -> Part:
    found = [_sequence(pieces)]
    while pieces and pieces[0] == "|":
        pieces.pop(0)
        found.append(_sequence(pieces))
    return found[0] if len(found) == 1 else ("choice", tuple(found))


def _sequence(pieces: list[str]) -> Part:
    found = []
    while pieces and pieces[0] not in "|)]}":
        found.append(_item(pieces))
    return found[0] if len(found) == 1 else ("sequence", tuple(found))


def _item(pieces: list[str]) -> Part:
    piece = pieces.pop(0)
    if piece in _LOOKAHEAD:
        return (_LOOKAHEAD[piece], _item(pieces))
    if piece == "list":
        item = _item(pieces)
        return ("sequence", (item, ("many", ("sequence", (("token", ","), item)))))
    if piece in ("weak", "open", "begins"):
        return (piece, _item(pieces))
    if piece in _CLOSING or piece == "(":
        inner = _choice(pieces)
        kind, closing = _CLOSING.get(piece, ("", ")"))
        if pieces.pop(0) != closing:
            raise ValueError(f"{closing} is missing")
        return (kind, inner) if kind else inner
    if piece[0] == "'":
        return ("token", piece[1:-1])
    return ("token" if piece[0] == "<" or piece.isupper() else "rule", piece)


def tokens(part: Part) -> set[str]:
    """The kinds of token that `part` names, without its rules'."""
    kind, inner = part
    if kind == "token":
        return {inner}
    if kind in ("choice", "sequence"):
        return set().union(*(tokens(each) for each in inner))
    return set() if kind == "rule" else tokens(inner)


def firsts(rules: dict[str, Part]) -> dict[str, First]:
    """What each rule can begin with."""
    found: dict[str, First] = dict.fromkeys(rules, (frozenset(), False))
    while True:
        new = {name: first(part, found) for name, part in rules.items()}
        if new == found:
            return found
        found = new


def first(part: Part, rules: dict[str, First]) -> First:
    """What `part` can begin with; `rules` says it of the rules."""
    kind, inner = part
    match kind:
        case "token":
            return frozenset({inner}), False
        case "rule":
            return rules[inner]
        case "choice":
            found = [first(each, rules) for each in inner]
            return frozenset().union(*(kinds for kinds, _ in found)), any(e for _, e in found)
        case "sequence":
            kinds: frozenset[str] = frozenset()
            for each in inner:
                more, empty = first(each, rules)
                kinds |= more
                if not empty:
                    return kinds, False
            return kinds, True
        case "maybe" | "many":
            return first(inner, rules)[0], True
        case "weak" | "open":
            return first(inner, rules)
    return frozenset(), True
