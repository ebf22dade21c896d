"""Matching of tokens against the rules of a grammar, and where they first fit none.

A recogniser by recursive descent: each part of a rule becomes a function from a place among the
tokens to the place behind what it matches. What cannot begin with the token at hand is not tried.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from localaws.sql.grammar.lexer import END, NAMES, RESERVED, WORD, Token
from localaws.sql.grammar.notation import Part, first, firsts, parsed, tokens

# What a token was read as.
KEYWORD, TYPE, NAME = 0, 1, 2
_NONE = -1
_ROLES = {"<type>": TYPE, "<name>": NAME}
# Rules that several alternatives try at one place: matched there once.
_REMEMBERED = ("query_body", "primary", "relation", "match_recognize")


@dataclass
class _Reading:
    """One statement while it is read."""

    kinds: list[str]
    roles: bytearray
    furthest: int = 0
    open: int = 0
    remembered: dict[tuple[str, int], tuple[int, bytes]] = field(default_factory=dict)


_Match = Callable[[_Reading, int], int]


class Grammar:
    """Rules that are ready to match. The first is what a whole text must be."""

    def __init__(self, text: str) -> None:
        rules = parsed(text)
        named = set().union(*(tokens(part) for part in rules.values()))
        self._words = RESERVED | {kind for kind in named if kind[0].isalpha()}
        self._names = frozenset(NAMES) | (self._words - RESERVED)
        self._firsts = firsts(rules)
        self._rules: dict[str, _Match] = {}
        for name, part in rules.items():
            match = self._compiled(part)
            self._rules[name] = _remembering(name, match) if name in _REMEMBERED else match
        self._start = self._rules[next(iter(rules))]

    def read(self, statement: list[Token]) -> tuple[int | None, bytearray]:
        """The index of the token that fits no rule (the number of tokens: the end does not), None
        if all fit; and the role of each token."""
        kinds = [
            token.kind if token.kind in self._words or not _is_word(token) else WORD
            for token in statement
        ]
        reading = _Reading([*kinds, END], bytearray(len(kinds) + 1))
        fits = self._start(reading, 0) != _NONE
        return (None if fits else reading.furthest), reading.roles

    def _can_begin(self, part: Part) -> Callable[[str], bool]:
        kinds, empty = first(part, self._firsts)
        if empty:
            return lambda kind: True
        if kinds & _ROLES.keys():
            kinds |= self._names
        return kinds.__contains__

    def _compiled(self, part: Part) -> _Match:
        kind, inner = part
        match kind:
            case "token":
                if inner in _ROLES:
                    return _named(self._names, _ROLES[inner])
                return _token(inner)
            case "rule":
                rules = self._rules
                return lambda reading, at: rules[inner](reading, at)
            case "sequence":
                return _sequence([self._compiled(each) for each in inner])
            case "choice":
                return _choice([(self._can_begin(each), self._compiled(each)) for each in inner])
            case "maybe":
                return _maybe(self._can_begin(inner), self._compiled(inner))
            case "many":
                return _many(self._can_begin(inner), self._compiled(inner))
            case "begins":
                return _begins(self._can_begin(inner))
            case "weak":
                return _weak(self._compiled(inner))
            case "open":
                return _open(self._compiled(inner))
        return _lookahead(self._compiled(inner), kind == "is")


def _is_word(token: Token) -> bool:
    return token.kind[0].isalpha() or token.kind[0] == "_"


def _token(kind: str) -> _Match:
    def match(reading: _Reading, at: int) -> int:
        if reading.kinds[at] == kind:
            reading.roles[at] = KEYWORD
            return at + 1
        reading.furthest = max(reading.furthest, at)
        return _NONE

    return match


def _named(names: frozenset[str], role: int) -> _Match:
    def match(reading: _Reading, at: int) -> int:
        if reading.kinds[at] in names:
            reading.roles[at] = role
            return at + 1
        reading.furthest = max(reading.furthest, at)
        return _NONE

    return match


def _sequence(parts: list[_Match]) -> _Match:
    def match(reading: _Reading, at: int) -> int:
        for part in parts:
            at = part(reading, at)
            if at == _NONE:
                return _NONE
        return at

    return match


def _choice(parts: list[tuple[Callable[[str], bool], _Match]]) -> _Match:
    by_first: dict[str, list[_Match]] = {}

    def match(reading: _Reading, at: int) -> int:
        kind = reading.kinds[at]
        fitting = by_first.get(kind)
        if fitting is None:
            fitting = by_first[kind] = [part for can_begin, part in parts if can_begin(kind)]
        for part in fitting:
            end = part(reading, at)
            if end != _NONE:
                return end
        reading.furthest = max(reading.furthest, at)
        return _NONE

    return match


def _maybe(can_begin: Callable[[str], bool], part: _Match) -> _Match:
    def match(reading: _Reading, at: int) -> int:
        if can_begin(reading.kinds[at]):
            end = part(reading, at)
            return at if end == _NONE else end
        reading.furthest = max(reading.furthest, at)
        return at

    return match


def _many(can_begin: Callable[[str], bool], part: _Match) -> _Match:
    def match(reading: _Reading, at: int) -> int:
        while can_begin(reading.kinds[at]):
            end = part(reading, at)
            if end == _NONE:
                return at
            at = end
        reading.furthest = max(reading.furthest, at)
        return at

    return match


def _lookahead(part: _Match, wanted: bool) -> _Match:
    def match(reading: _Reading, at: int) -> int:
        return at if (part(reading, at) != _NONE) == wanted else _NONE

    return match


def _begins(can_begin: Callable[[str], bool]) -> _Match:
    def match(reading: _Reading, at: int) -> int:
        if can_begin(reading.kinds[at]):
            return at
        reading.furthest = max(reading.furthest, at)
        return _NONE

    return match


def _weak(part: _Match) -> _Match:
    def match(reading: _Reading, at: int) -> int:
        furthest = reading.furthest
        end = part(reading, at)
        if end == _NONE and not reading.open:
            reading.furthest = max(furthest, at)
        return end

    return match


def _open(part: _Match) -> _Match:
    def match(reading: _Reading, at: int) -> int:
        reading.open += 1
        end = part(reading, at)
        reading.open -= 1
        return end

    return match


def _remembering(name: str, part: _Match) -> _Match:
    def match(reading: _Reading, at: int) -> int:
        key = (name, at)
        if key in reading.remembered:
            end, roles = reading.remembered[key]
            if end != _NONE:
                reading.roles[at:end] = roles
            return end
        end = part(reading, at)
        reading.remembered[key] = (end, bytes(reading.roles[at:end]) if end != _NONE else b"")
        return end

    return match
