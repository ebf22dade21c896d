"""A line of JSON as a tree of Python values, and a tree as text.

A tree is None, True, False, a text (`str`), a `Literal` for what stands without quotes, a list, or
a dict. Numbers stay as they are written, so nothing that a document may hold needs a mark.

Nearly every line is plain JSON, which Python's own scanner reads in C. OpenX reads a good deal more
(comments, other quotes, none at all); what the scanner refuses is read by those rules.

Equal keys do not fail by themselves: what reads their object decides.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from localaws.tables.json.scalars import BadValue, canonical

Tree = Any


class Literal(str):
    """A number or another word without quotes, as it is written."""

    __slots__ = ()


class Repeated(dict):
    """An object with equal keys. `pairs` are all; the dict has the last of each."""

    pairs: list[tuple[str, Tree]]


class Malformed(Exception):
    """A line that is no document; str() says why."""


def pairs_of(tree: dict[str, Tree]) -> list[tuple[str, Tree]]:
    return tree.pairs if isinstance(tree, Repeated) else list(tree.items())


def _object(pairs: list[tuple[str, Tree]]) -> dict[str, Tree]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeated = Repeated(found)
    repeated.pairs = pairs
    return repeated


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_SCAN = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_float=Literal,
    parse_int=Literal,
    parse_constant=_no_constant,
).scan_once


def read_hive(line: str) -> Tree:
    """The object that a line begins with, by the rules of JSON. Raises Malformed."""
    text = line.lstrip("\ufeff \t\r\n")
    if not text.startswith("{"):
        raise Malformed("start of object expected")
    try:
        return _SCAN(text, 0)[0]
    except StopIteration as end:
        raise Malformed(f"a value is expected at character {end.value}") from None
    except RecursionError:
        raise Malformed("nested too deep") from None
    except ValueError as error:
        raise Malformed(str(error)) from None


def read_openx(line: str) -> Tree:
    """The first value of a line, None for a line that begins with no bracket.

    What follows the value is not looked at. Raises Malformed.
    """
    text = line.strip(_TRIMMED)
    if not text.startswith(("{", "[")):
        return None
    try:
        return _SCAN(text, 0)[0]
    except (ValueError, StopIteration, RecursionError):
        return _Lenient(text).value()


# What Java's String.trim takes away.
_TRIMMED = "".join(map(chr, range(0x21)))
_BLANK = re.compile(r"[\t \n\r]*")
_LITERAL = re.compile(r"[^ \r\n\t\f{}\[\]/\\:,=;#]*")
_PLAIN = {quote: re.compile(rf"[^\\{quote}]*") for quote in "'\""}
_ESCAPES = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "v": "\t"}
_HEX = re.compile(r"[+-]?[0-9a-fA-F]+")


class _Lenient:
    """What OpenX takes for JSON. Without recursion: documents may be nested to any depth."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def value(self) -> Tree:
        opened: list[_Open] = []
        done = self._value()
        while True:
            # A container is filled first; what is whole is put into the one around it.
            if done is _OBJECT or done is _ARRAY:
                key = self._first_key() if done is _OBJECT else ""
                if key is None:
                    done = {}
                else:
                    opened.append(_Open(key if done is _OBJECT else None))
                    done = self._next(opened[-1])
            elif done is _CLOSED:
                done = opened.pop().whole()
            elif not opened:
                return done
            else:
                done = self._put(opened[-1], done)

    def _put(self, around: "_Open", value: Tree) -> Tree:
        """What comes after `value` in its container."""
        around.put(value)
        end = "]" if around.key is None else "}"
        after = self._seek()
        if after == end:
            return _CLOSED
        if after not in (",", ";"):
            raise self._malformed(f"Expected {end}")
        around.separated = True
        if around.key is not None:
            around.key = self._key()
        return self._next(around)

    def _next(self, around: "_Open") -> Tree:
        return self._value() if around.key is not None else self._element(around)

    def _element(self, array: "_Open") -> Tree:
        """A value, or the end of the array. A separator too much stands for a NULL."""
        while True:
            match self._seek():
                case "":
                    raise self._malformed("Unterminated array")
                case "]":
                    if array.separated:
                        array.put(None)
                    return _CLOSED
                case "," | ";":
                    array.put(None)
                    array.separated = True
                case _:
                    self._at -= 1
                    return self._value()

    def _first_key(self) -> str | None:
        """None for an object that ends at once."""
        found = self._seek()
        if found == "}":
            return None
        if found:
            self._at -= 1
        return self._key()

    def _key(self) -> str:
        name = self._value()
        if not isinstance(name, str):
            raise self._malformed("Names must be strings")
        separator = self._seek()
        if separator not in (":", "="):
            raise self._malformed(f"Expected ':' after field {name}")
        if separator == "=" and self._text.startswith(">", self._at):
            self._at += 1
        return str(name)

    def _value(self) -> Tree:
        match self._seek():
            case "":
                raise self._malformed("End of input")
            case "{":
                return _OBJECT
            case "[":
                return _ARRAY
            case "'" | '"' as quote:
                return self._quoted(quote)
        self._at -= 1
        literal = _LITERAL.match(self._text, self._at)[0]
        self._at += len(literal)
        if not literal:
            raise self._malformed("Expected literal value")
        return None if literal.lower() == "null" else Literal(literal)

    def _quoted(self, quote: str) -> str:
        parts = []
        while True:
            plain = _PLAIN[quote].match(self._text, self._at)[0]
            parts.append(plain)
            self._at += len(plain) + 1
            if self._at > len(self._text):
                raise self._malformed("Unterminated string")
            if self._text[self._at - 1] == quote:
                return "".join(parts)
            parts.append(self._escaped())

    def _escaped(self) -> str:
        escaped = self._text[self._at : self._at + 1]
        self._at += 1
        if not escaped:
            raise self._malformed("Unterminated escape sequence")
        if escaped != "u":
            return _ESCAPES.get(escaped, escaped)
        digits = self._text[self._at : self._at + 4]
        self._at += 4
        if len(digits) < 4 or not _HEX.fullmatch(digits):
            raise self._malformed(f"Invalid escape sequence: {digits}")
        return chr(int(digits, 16) & 0xFFFF)

    def _seek(self) -> str:
        """The next character that is neither blank nor comment, "" at the end."""
        text = self._text
        while True:
            self._at = _BLANK.match(text, self._at).end()
            if text.startswith("/*", self._at):
                end = text.find("*/", self._at + 2)
                if end < 0:
                    raise self._malformed("Unterminated c-style comment")
                self._at = end + 2
            elif text.startswith(("#", "//"), self._at):
                self._at = len(text)  # a line has one end
            else:
                self._at += 1
                return text[self._at - 1 : self._at]

    def _malformed(self, why: str) -> Malformed:
        return Malformed(f"{why} at character {min(self._at, len(self._text))}")


class _Open:
    """A container that is being read. `key`: of an object, whose value comes next."""

    def __init__(self, key: str | None) -> None:
        self.key = key
        self.separated = False
        self._values: list[Tree] = []

    def put(self, value: Tree) -> None:
        self._values.append(value if self.key is None else (self.key, value))

    def whole(self) -> Tree:
        return self._values if self.key is None else _object(self._values)


_OBJECT, _ARRAY, _CLOSED = object(), object(), object()

# Source: RFC 8259, and OpenX's writer, which keeps a text from ending an HTML element.
_QUOTED = re.compile(r'["\\\x00-\x1f]|(?<=<)/')
_SHORT = {"\t": "\\t", "\b": "\\b", "\n": "\\n", "\r": "\\r", "\f": "\\f", '"': '\\"'}
_SHORT |= {"\\": "\\\\", "/": "\\/"}


_Pairs = list[tuple[str, Tree]]


def text_of(tree: Tree, distinct: Callable[[_Pairs], _Pairs]) -> str:
    """A value as OpenX writes it into a text column, of each object in it the distinct keys.

    Raises BadValue for what is nested deeper than Python's stack.
    """
    if not isinstance(tree, dict | list):
        return _word(tree) if isinstance(tree, Literal | bool) else tree
    parts: list[str] = []
    try:
        _write(tree, distinct, parts.append)
    except RecursionError:
        raise BadValue("JSON that is nested this deep cannot be read as text locally") from None
    return "".join(parts)


def _write(tree: Tree, distinct: Callable[[_Pairs], _Pairs], put: Callable[[str], None]) -> None:
    if isinstance(tree, dict):
        comma = "{"
        for key, value in distinct(pairs_of(tree)):
            put(comma + _quote(key) + ":")
            _write(value, distinct, put)
            comma = ","
        put("{}" if comma == "{" else "}")
    elif isinstance(tree, list):
        comma = "["
        for value in tree:
            put(comma)
            _write(value, distinct, put)
            comma = ","
        put("[]" if comma == "[" else "]")
    elif tree is None:
        put("null")
    elif isinstance(tree, Literal | bool):
        word = _word(tree)
        put(word if canonical(word) is not None else _quote(word))
    else:
        put(_quote(tree))


def _word(tree: Literal | bool) -> str:
    if isinstance(tree, bool):
        return "true" if tree else "false"
    found = canonical(tree)
    return str(tree) if found is None else found


def _quote(text: str) -> str:
    return '"' + _QUOTED.sub(_escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    return _SHORT.get(match[0]) or f"\\u{ord(match[0]):04x}"
