"""The partitions that an Expression of Glue's GetPartitions selects.

Sources: API reference, GetPartitions: comparisons of a partition key with a literal by = <> > < >=
<= LIKE IN BETWEEN IS NULL, joined by AND, OR, NOT and brackets; keys of the types below, each
compared as its type. The texts of the errors, and that a literal is read as the key's type,
whichever way it is quoted, are from moto (moto/glue/utils.py), where they were compared with AWS.

A key that is not text is NULL where its partition is `__HIVE_DEFAULT_PARTITION__`, and then no
comparison is true. A text key is compared as it stands, this name too: that is how Trino asks Glue
for the partitions without a value.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from localaws.routes import AwsError
from localaws.tables.locations import NULL_PARTITION

# Values of a partition, in the order of the keys -> whether it matches; None: not known.
Predicate = Callable[[Sequence[str]], bool | None]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>[-+]?\d+(?:\.\d+)?(?![\w.]))"
    r"|(?P<word>[\w.]+)|\"(?P<quoted>[^\"]+)\"|`(?P<ticked>[^`]+)`|(?P<sign><>|!=|<=|>=|[=<>(),]))"
)
_COMPARISONS = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_INTEGERS = ("tinyint", "smallint", "int", "integer", "bigint", "long")
_TEXTS = ("string", "char", "varchar")


class _Token(NamedTuple):
    kind: str  # text, number, word, quoted, sign, end
    value: str


class _Key(NamedTuple):
    place: int
    type: str

    def of(self, values: Sequence[str]) -> Any:
        """The key's value as its type; None for NULL."""
        value = values[self.place]
        if value == NULL_PARTITION:
            return value if self.type in _TEXTS else None
        try:
            return _read(value, self.type)
        except ValueError as error:
            raise AwsError(
                "InvalidStateException", f'For input string: "{value}" {error}'
            ) from None

    def literal(self, text: str) -> Any:
        try:
            return _read(text, self.type)
        except ValueError as error:
            raise _invalid(f'For input string: "{text}" {error}') from None


def partition_filter(expression: str, keys: list[dict[str, str]]) -> Predicate:
    """`keys`: the table's PartitionKeys. Raises AwsError (InvalidInputException) for what cannot be
    read; the predicate raises it (InvalidStateException) for a value that is not of its key's type.
    """
    if not expression.strip():
        return lambda _: True
    return _Parser(expression, keys).parsed()


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidInputException", message)


def _read(text: str, type_: str) -> Any:
    """Raises ValueError, which says what the text is not."""
    if type_ in _TEXTS:
        return text
    try:
        if type_ in _INTEGERS:
            return int(text)
        if type_ == "decimal":
            return Decimal(text)
        # A date is the midnight it begins with.
        return datetime.fromisoformat(text)
    except (ValueError, InvalidOperation):
        article = "an integer" if type_ in _INTEGERS else f"a {type_}"
        raise ValueError(f"is not {article}.") from None


class _Parser:
    """Recursive descent: or, and, not, condition."""

    def __init__(self, expression: str, keys: list[dict[str, str]]) -> None:
        self._expression = expression
        self._keys = {
            key["Name"].lower(): _Key(place, re.split(r"\W", key["Type"].lower())[0])
            for place, key in enumerate(keys)
        }
        self._tokens = list(self._split())
        self._at = 0

    def parsed(self) -> Predicate:
        predicate = self._or()
        if self._peek().kind != "end":
            raise self._unsupported()
        return predicate

    def _split(self) -> list[_Token]:
        found, at, end = [], 0, len(self._expression.rstrip())
        while at < end:
            match = _TOKEN.match(self._expression, at)
            if match is None:
                raise self._unsupported()
            kind, value = match.lastgroup, match[match.lastgroup]
            if kind == "text":
                value = value[1:-1].replace("''", "'")
            found.append(_Token("quoted" if kind == "ticked" else kind, value))
            at = match.end()
        return [*found, _Token("end", "")]

    def _unsupported(self) -> AwsError:
        return _invalid(f"Unsupported expression '{self._expression}'")

    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        token = self._peek()
        self._at += 1
        return token

    def _accept(self, *words: str) -> bool:
        """Take `words` (keywords and signs, in lower case) when they come next."""
        coming = self._tokens[self._at : self._at + len(words)]
        if [t.value.lower() for t in coming if t.kind in ("word", "sign")] != list(words):
            return False
        self._at += len(words)
        return True

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise self._unsupported()

    def _or(self) -> Predicate:
        parts = [self._and()]
        while self._accept("or"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else lambda values: _any(p(values) for p in parts)

    def _and(self) -> Predicate:
        parts = [self._not()]
        while self._accept("and"):
            parts.append(self._not())
        if len(parts) == 1:
            return parts[0]
        return lambda values: _negated(_any(_negated(part(values)) for part in parts))

    def _not(self) -> Predicate:
        if self._accept("not"):
            inner = self._not()
            return lambda values: _negated(inner(values))
        if self._accept("("):
            inner = self._or()
            self._expect(")")
            return inner
        return self._condition()

    def _condition(self) -> Predicate:
        key = self._key()
        if self._accept("is", "null"):
            return lambda values: _is_null(key, values)
        if self._accept("is", "not", "null"):
            return lambda values: not _is_null(key, values)
        negate = self._accept("not")
        condition = self._comparison(key, negate)
        return (lambda values: _negated(condition(values))) if negate else condition

    def _comparison(self, key: _Key, negate: bool) -> Predicate:
        if self._accept("in"):
            self._expect("(")
            choices = [self._literal(key)]
            while self._accept(","):
                choices.append(self._literal(key))
            self._expect(")")
            return _compared(key, lambda value: value in choices)
        if self._accept("between"):
            least = self._literal(key)
            self._expect("and")
            most = self._literal(key)
            return _compared(key, lambda value: least <= value <= most)
        if self._accept("like"):
            return self._like(key)
        sign = self._next()
        if negate or sign.kind != "sign" or sign.value not in _COMPARISONS:
            raise self._unsupported()
        literal, compare = self._literal(key), _COMPARISONS[sign.value]
        return _compared(key, lambda value: compare(value, literal))

    def _like(self, key: _Key) -> Predicate:
        if key.type not in _TEXTS:
            kind = "Integral" if key.type in _INTEGERS else key.type.capitalize()
            raise _invalid(f"{kind} data type doesn't support operation 'LIKE'")
        token = self._next()
        if token.kind != "text":
            raise self._unsupported()
        wild = {"%": ".*", "_": "."}
        pattern = "".join(wild.get(each) or re.escape(each) for each in token.value)
        matches = re.compile(pattern, re.DOTALL).fullmatch
        return _compared(key, lambda value: matches(value) is not None)

    def _key(self) -> _Key:
        token = self._next()
        if token.kind not in ("word", "quoted"):
            raise self._unsupported()
        try:
            return self._keys[token.value.lower()]
        except KeyError:
            raise _invalid("Invalid partition expression!") from None

    def _literal(self, key: _Key) -> Any:
        if self._accept("("):
            literal = self._literal(key)
            self._expect(")")
            return literal
        if not self._accept("date"):
            self._accept("timestamp")
        token = self._next()
        if token.kind not in ("text", "number"):
            # What is neither is a column, and there is nothing but keys and literals to compare.
            raise (
                _invalid("Invalid partition expression!")
                if token.kind == "word"
                else (self._unsupported())
            )
        return key.literal(token.value)


def _compared(key: _Key, test: Callable[[Any], bool]) -> Predicate:
    def predicate(values: Sequence[str]) -> bool | None:
        value = key.of(values)
        return None if value is None else test(value)

    return predicate


def _is_null(key: _Key, values: Sequence[str]) -> bool:
    return values[key.place] == NULL_PARTITION


def _negated(known: bool | None) -> bool | None:
    return None if known is None else not known


def _any(answers: Any) -> bool | None:
    """SQL's OR over all of them: every one is computed, so that none hides another's error."""
    found = list(answers)
    if True in found:
        return True
    return None if None in found else False
